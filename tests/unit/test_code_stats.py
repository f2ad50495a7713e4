"""CONTRIBUTING.md has the figures of `make stats`; exceptions to rules only become fewer."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import asdict

import pytest

import code_stats

TOLERANCE = 0.1
"""Share by which the lines of a room may differ before the page has to be written anew."""

AGAIN = "run `make stats WRITE=1` and look at the difference"


@pytest.fixture(scope="module")
def measured() -> dict[str, code_stats.Figures]:
    """Figures as they are now."""
    return code_stats.measure()


@pytest.fixture(scope="module")
def stated() -> dict[str, code_stats.Figures]:
    """Figures as the page has them."""
    return code_stats.read(code_stats.PAGE.read_text(encoding="utf-8"))


def test_the_page_has_every_room_with_about_as_many_lines(measured, stated) -> None:
    """Rooms that are empty or missing would be as good as unmeasured."""
    assert stated.keys() == measured.keys(), AGAIN
    for room, figures in measured.items():
        assert figures.lines == pytest.approx(stated[room].lines, rel=TOLERANCE), f"{room}: {AGAIN}"


@pytest.mark.parametrize("figure", ["noqa", "ignores", "any", "complex", "most"])
def test_there_are_not_more_exceptions_than_the_page_says(measured, stated, figure) -> None:
    """Whoever adds one has to say so in the page."""
    now, before = (asdict(each[code_stats.TOTAL])[figure] for each in (measured, stated))

    assert now <= before, AGAIN


def test_one_row_goes_through_no_more_functions_and_modules_than_the_page_says() -> None:
    """A process that has processed nothing goes the whole way, and nothing but the way."""
    done = subprocess.run(
        [sys.executable, code_stats.__file__, "--trace"], capture_output=True, text=True, check=True
    )
    traced = dict(line.split(maxsplit=1)[1].split(": ") for line in done.stdout.splitlines())
    functions = {name: names.split(", ") for name, names in traced.items()}

    assert functions["handlers/processor"] == ["handler"]
    assert "Ingest.run" in functions["domain/ingest"]
    assert "DynamoDbItems.write" in functions["adapters/dynamodb_items"]
    assert "domain/withdrawal" not in functions
    page = code_stats.PAGE.read_text(encoding="utf-8")
    of_functions, of_modules = re.findall(r"(\d+) functions in (\d+) modules", page)[0]
    assert sum(map(len, functions.values())) <= int(of_functions), AGAIN
    assert len(functions) <= int(of_modules), AGAIN


def test_each_figure_is_counted(tmp_path, monkeypatch) -> None:
    """A room with two lines of code, one exception to each rule, and a function with a branch."""
    monkeypatch.setattr(code_stats, "ROOT", tmp_path)
    (tmp_path / "main.py").write_text(
        "from typing import Any\n"
        "x: Any = 1  # noqa: F401  a test\n"
        "y = 2  # type: ignore[misc]  # a test\n"
        "def f(z):\n"
        "    if z:\n"
        "        return 1\n"
        "    return 2\n"
    )

    figures = code_stats.measure()

    assert figures["main.py"] == code_stats.Figures(
        lines=7, noqa=1, ignores=1, any=1, complex=0, most=2
    )
    assert code_stats.read(code_stats.BEGIN + code_stats.table(figures) + code_stats.END) == figures
