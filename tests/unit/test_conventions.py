"""Conventions that no linter knows: no dead code, reasons for exceptions, no absent documents."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VULTURE = Path(sys.executable).with_name("vulture")

FOLDERS = ("cli", "constructs_lib", "dev", "docs", "fastsynth", "functions", "policy", "tests")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [
        *ROOT.glob("*.*"),
        ROOT / "Makefile",
        ROOT / "Pipfile",
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")),
    ]
    if path.is_file()
    and path.suffix in {"", ".md", ".py", ".toml", ".yml"}
    and path != Path(__file__)
}

EXCEPTION = re.compile(r"#\s*(?:ruff: |flake8: )?noqa\b(.*)|#\s*type:\s*ignore\b(.*)")
REASONED = re.compile(r"(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*|\[[\w, -]+\])(?:\s+[-#]+)?\s+\w")
CITATION = re.compile(r"\b[A-Z][A-Z_]+\.md\b|\bFACTS\b|\bG\d{1,2}\b(?! ?[a-z-]*/)")


# Source: https://docs.aws.amazon.com/botocore/latest/ and the guides of boto3.
DOCUMENTED = {"botocore.config", "botocore.exceptions", "botocore.session"}


def test_functions_use_documented_modules_of_the_sdk_alone() -> None:
    """The runtime brings whatever version of botocore it has that day."""
    imported = {
        each.module
        for name, text in TEXTS.items()
        if name.startswith("functions/")
        for statement in ast.parse(text).body
        if not isinstance(statement, ast.If)  # for type checkers alone
        for each in ast.walk(statement)
        if isinstance(each, ast.ImportFrom) and str(each.module).startswith(("boto3", "botocore"))
    }

    assert imported == DOCUMENTED


def vulture(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Look for dead code with the project's own settings."""
    return subprocess.run(
        [VULTURE, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def unreasoned(line: str) -> bool:
    """Tell whether a line makes an exception to a rule and does not say why."""
    found = EXCEPTION.search(line)
    return found is not None and not REASONED.match((found[1] or found[2] or "").lstrip(" "))


def test_there_is_no_dead_code() -> None:
    """What is used by names that vulture cannot see stands in pyproject.toml, with the reason."""
    found = vulture()

    assert (found.returncode, found.stdout) == (0, "")


def test_dead_code_would_be_found(tmp_path) -> None:
    """A function that nothing calls, and the method of a class that is used."""
    (tmp_path / "dead.py").write_text(
        "class Alive:\n    def left(self):\n        return 1\ndef lonely():\n    return Alive()\n"
    )

    found = vulture(tmp_path)

    assert "unused function 'lonely'" in found.stdout
    assert "unused method 'left'" in found.stdout


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("x = 1  # noqa", True),
        ("x = 1  # noqa: S101", True),
        ("x = 1  # noqa: S101, S102", True),
        ("x = 1  # noqa: S101  no password", False),
        ("x = 1  # noqa: S101, S102  # no password", False),
        ("x = 1  # noqa: S101 - no password", False),
        ("x = 1  # type: ignore[misc]", True),
        ("x = 1  # type: ignore[misc]  # untyped", False),
        ("# ruff: noqa: S101", True),
        ("x = 1", False),
    ],
)
def test_an_exception_without_a_reason_is_found(line: str, refused: bool) -> None:
    """In each way in which one can be written."""
    assert unreasoned(line) is refused


def test_every_exception_to_a_rule_says_why() -> None:
    """On its line, where the next one who reads it looks."""
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in TEXTS.items()
        if path.endswith(".py")
        for number, line in enumerate(text.splitlines(), 1)
        if unreasoned(line)
    ]

    assert found == []


def test_only_documents_of_the_repository_are_cited() -> None:
    """A reader can open what a comment or a page refers to."""
    names = {Path(path).name for path in TEXTS}
    found = [
        f"{path}: {citation}"
        for path, text in TEXTS.items()
        for citation in CITATION.findall(text)
        if citation not in names
    ]

    assert found == []


def test_the_map_has_every_module_of_the_domain_and_no_other() -> None:
    """The page is where a reader of the ingest begins."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| module of `domain` |")[2].partition("\n\n")[0]
    listed = [
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    domain = (ROOT / "functions" / "inventory" / "domain").iterdir()

    assert sorted(listed) == sorted(each.stem for each in domain if not each.name.startswith("_"))
