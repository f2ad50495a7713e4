"""`python main.py` works from anywhere, says what is wrong in a line, and repeats itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PARTS = ("main.py", "cdktf.json", "Pipfile.lock", "constructs_lib", "fastsynth", "functions")

A_YEAR_AHEAD = """
import datetime, os, time
real = time.time
time.time = lambda: real() + 366 * 86_400
time.time_ns = lambda: int(time.time() * 1e9)
assert time.time() > real() + 365 * 86_400
if os.environ.pop("TELL_THE_TIME", None):
    print("a year ahead", flush=True)
"""


def synthesise(project: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run main.py with a folder as the current one and next to nothing in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(project / "main.py")],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def output(folder: Path) -> dict[str, bytes]:
    """Give the bytes of everything that was written, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def copy(tmp_path) -> Path:
    """Give a checkout of the project in another folder."""
    project = tmp_path / "other checkout"
    project.mkdir()
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, project / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, project / part)
    return project


def test_main_writes_into_the_project_from_any_folder(copy, tmp_path) -> None:
    """The stack, its zip and the manifest, and nothing in the current folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    result = synthesise(copy, elsewhere)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not list(elsewhere.iterdir())
    assert set(output(copy / "cdktf.out")) == {
        "manifest.json",
        *(
            f"stacks/inventory-dev/assets/{function}.zip"
            for function in ("chunk-processor", "processor", "reconcile", "summary")
        ),
        "stacks/inventory-dev/.terraform.lock.hcl",
        "stacks/inventory-dev/cdk.tf.json",
        "stacks/inventory-dev/versions.tf.json",
    }


def test_two_checkouts_give_the_same_bytes(copy, tmp_path) -> None:
    """Other folder, time zone, locale, user, home, umask, README: same JSON, manifest, zips."""
    second = tmp_path / "second"
    shutil.copytree(copy, second)

    synthesise(copy, copy, TZ="Asia/Tokyo", LC_ALL="C", USER="somebody")
    home = tmp_path / "another home"
    home.mkdir()
    before = os.umask(0o077)
    try:
        (second / "README.md").write_text("A comment changes nothing.\n")
        (second / "main.py").touch()
        synthesise(
            second,
            tmp_path,
            TZ="America/Lima",
            LC_ALL="C.UTF-8",
            USER="else",
            HOME=str(home),
            # What jsii unpacks under a home; a new one would take it half a minute.
            JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(Path.home() / ".cache" / "aws" / "jsii"),
        )
    finally:
        os.umask(before)

    first = output(copy / "cdktf.out")
    assert len(first) == 8
    assert output(second / "cdktf.out") == first
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_the_clock_plays_no_part(copy, tmp_path) -> None:
    """Whatever Python asks a clock for is a year ahead, and the bytes are the same."""
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(A_YEAR_AHEAD)

    synthesise(copy, copy, CDKTF_OUTDIR=str(tmp_path / "now"))
    result = synthesise(
        copy, copy, CDKTF_OUTDIR=str(tmp_path / "later"), PYTHONPATH=str(shim), TELL_THE_TIME="1"
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("a year ahead")
    assert output(tmp_path / "later") == output(tmp_path / "now")


def test_one_changed_byte_changes_one_function(copy, tmp_path) -> None:
    """Exactly its zip, its hash and its file's line in the stack; all else stays."""
    synthesise(copy, copy, CDKTF_OUTDIR=str(tmp_path / "before"))
    handler = copy / "functions" / "inventory" / "handlers" / "summary.py"
    handler.write_bytes(handler.read_bytes() + b"\n")
    synthesise(copy, copy, CDKTF_OUTDIR=str(tmp_path / "after"))

    before, after = output(tmp_path / "before"), output(tmp_path / "after")
    stack = "stacks/inventory-dev/cdk.tf.json"
    assert {name for name in before if before[name] != after[name]} == {
        stack,
        "stacks/inventory-dev/assets/summary.zip",
    }
    old, new = (text[stack].decode().splitlines() for text in (before, after))
    differing = [
        line.split(":")[0].strip() for line, other in zip(old, new, strict=True) if line != other
    ]
    assert differing == ['"inventory/handlers/summary.py"', '"source_code_hash"']


def test_the_environment_is_chosen_by_its_suffix(tmp_path) -> None:
    """cdktf.json's prod becomes the stack inventory-prod."""
    result = synthesise(
        PROJECT, tmp_path, ENVIRONMENT_SUFFIX="prod", CDKTF_OUTDIR=str(tmp_path / "out")
    )

    assert result.returncode == 0, result.stderr
    stack = tmp_path / "out" / "stacks" / "inventory-prod" / "cdk.tf.json"
    groups = json.loads(stack.read_text())["resource"]["aws_cloudwatch_log_group"]
    assert {group["retention_in_days"] for group in groups.values()} == {365}


def test_fails_in_lines_and_without_a_traceback(tmp_path) -> None:
    """What is wrong, what was got, what is allowed; nothing is written."""
    result = synthesise(
        PROJECT,
        tmp_path,
        LOG_RETENTION_DAYS="8",
        BACKEND="s3",
        CDKTF_OUTDIR=str(tmp_path / "out"),
    )

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("log_retention_days (LOG_RETENTION_DAYS): got '8', allowed: 1,")
    assert not (tmp_path / "out").exists()


def test_fails_for_feed_profiles_that_the_reader_refuses(tmp_path) -> None:
    """A deployment that would refuse every file is refused itself."""
    result = synthesise(
        PROJECT,
        tmp_path,
        FEED_PROFILES='{"pins": {"acme/": "acme"}}',
        CDKTF_OUTDIR=str(tmp_path / "out"),
    )

    assert result.returncode == 1
    assert result.stderr == (
        "feed_profiles (FEED_PROFILES): pins: 'acme/' names 'acme', which is no profile\n"
    )
