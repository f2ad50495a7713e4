"""`python main.py` works from anywhere and says what is wrong in a line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from main_process import output, run_main

PROJECT = Path(__file__).parents[2]
PARTS = ("main.py", "cdktf.json", "Pipfile.lock", "constructs_lib", "fastsynth", "functions")


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


def test_main_writes_into_the_project_from_any_folder_what_the_sources_say(copy, tmp_path) -> None:
    """The stack, its zips and the manifest, and nothing in the current folder.

    After a change of one byte exactly one zip, its hash and its file's line in the stack differ.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    result = run_main(copy, elsewhere)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not list(elsewhere.iterdir())
    assert set(output(copy / "cdktf.out")) == {
        "manifest.json",
        *(
            f"environments/inventory-dev/assets/{function}.zip"
            for function in ("chunk-processor", "processor", "reconcile", "summary")
        ),
        "environments/inventory-dev/.terraform.lock.hcl",
        "environments/inventory-dev/cdk.tf.json",
        "environments/inventory-dev/versions.tf.json",
    }

    handler = copy / "functions" / "inventory" / "handlers" / "summary.py"
    handler.write_bytes(handler.read_bytes() + b"\n")
    run_main(copy, copy, CDKTF_OUTDIR=str(tmp_path / "after"))

    before, after = output(copy / "cdktf.out"), output(tmp_path / "after")
    stack = "environments/inventory-dev/cdk.tf.json"
    assert {name for name in before if before[name] != after[name]} == {
        stack,
        "environments/inventory-dev/assets/summary.zip",
    }
    old, new = (text[stack].decode().splitlines() for text in (before, after))
    differing = [
        line.split(":")[0].strip() for line, other in zip(old, new, strict=True) if line != other
    ]
    assert differing == ['"inventory/handlers/summary.py"', '"source_code_hash"']


@pytest.fixture
def deprecation(tmp_path) -> str:
    """Give Node's options that have it warn, as newer ones do of what archived packages call."""
    script = tmp_path / "warn.cjs"
    script.write_text('process.emitWarning("old", "DeprecationWarning");\n')
    return f"--require={script}"


def test_the_environment_is_chosen_by_its_suffix_without_a_word(tmp_path, deprecation) -> None:
    """cdktf.json's prod becomes the stack inventory-prod.

    Nobody who synthesises can change what Node deprecates, and many shells set AWS_REGION, here to
    what cdktf.json says.
    """
    result = run_main(
        PROJECT,
        tmp_path,
        ENVIRONMENT_SUFFIX="prod",
        AWS_REGION="us-east-1",
        NODE_OPTIONS=deprecation,
        CDKTF_OUTDIR=str(tmp_path / "out"),
    )

    assert (result.returncode, result.stderr) == (0, "")
    stack = tmp_path / "out" / "stacks" / "inventory-prod" / "cdk.tf.json"
    groups = json.loads(stack.read_text())["resource"]["aws_cloudwatch_log_group"]
    assert {group["retention_in_days"] for group in groups.values()} == {365}


def test_another_region_is_told_and_so_are_warnings_that_were_asked_for(
    tmp_path, deprecation
) -> None:
    """AWS_REGION in the shell is a line, and NODE_NO_WARNINGS=0 is Node's own switch."""
    result = run_main(
        PROJECT,
        tmp_path,
        AWS_REGION="eu-west-1",
        NODE_OPTIONS=deprecation,
        NODE_NO_WARNINGS="0",
        CDKTF_OUTDIR=str(tmp_path / "out"),
    )

    assert result.returncode == 0
    told, _, warned = result.stderr.partition("\n")
    assert told == (
        "AWS_REGION overrules cdktf.json: inventory-dev is for eu-west-1, and not for us-east-1"
    )
    assert "DeprecationWarning: old" in warned


def test_fails_in_lines_and_without_a_traceback(tmp_path) -> None:
    """The setting, the value got, the values allowed; nothing is written."""
    result = run_main(
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


def test_fails_for_feeds_that_the_functions_could_not_use(tmp_path) -> None:
    """A deployment that would refuse every file is refused itself."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text('[feeds."acme/"]\nprofile = "acme"\n')
    result = run_main(
        PROJECT,
        tmp_path,
        FEEDS_FILE=str(feeds),
        CDKTF_OUTDIR=str(tmp_path / "out"),
    )

    assert result.returncode == 1
    assert result.stderr == f"{feeds}: feeds.'acme/'.profile: there is no profile 'acme'\n"
