"""`python main.py` works from anywhere and says what is wrong in a line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

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


def test_main_writes_into_the_project_from_any_folder(copy, tmp_path) -> None:
    """The stack, its zip and the manifest, and nothing in the current folder."""
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


def test_what_node_deprecates_is_not_told(tmp_path) -> None:
    """Newer ones warn of what archived packages call, and nobody who synthesises can change it."""
    script = tmp_path / "warn.cjs"
    script.write_text('process.emitWarning("old", "DeprecationWarning");\n')
    variables: dict[str, Any] = {
        "CDKTF_OUTDIR": str(tmp_path / "out"),
        "NODE_OPTIONS": f"--require={script}",
    }

    assert run_main(PROJECT, tmp_path, **variables).stderr == ""
    assert "old" in run_main(PROJECT, tmp_path, NODE_NO_WARNINGS="0", **variables).stderr


def test_one_changed_byte_changes_one_function(copy, tmp_path) -> None:
    """Exactly its zip, its hash and its file's line in the stack; all else stays."""
    run_main(copy, copy, CDKTF_OUTDIR=str(tmp_path / "before"))
    handler = copy / "functions" / "inventory" / "handlers" / "summary.py"
    handler.write_bytes(handler.read_bytes() + b"\n")
    run_main(copy, copy, CDKTF_OUTDIR=str(tmp_path / "after"))

    before, after = output(tmp_path / "before"), output(tmp_path / "after")
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


def test_the_environment_is_chosen_by_its_suffix(tmp_path) -> None:
    """cdktf.json's prod becomes the stack inventory-prod."""
    result = run_main(
        PROJECT, tmp_path, ENVIRONMENT_SUFFIX="prod", CDKTF_OUTDIR=str(tmp_path / "out")
    )

    assert result.returncode == 0, result.stderr
    stack = tmp_path / "out" / "stacks" / "inventory-prod" / "cdk.tf.json"
    groups = json.loads(stack.read_text())["resource"]["aws_cloudwatch_log_group"]
    assert {group["retention_in_days"] for group in groups.values()} == {365}


def test_a_region_of_the_shell_is_told(tmp_path) -> None:
    """AWS_REGION is set in many shells; where it says what cdktf.json says, there is no word."""
    told = [
        run_main(PROJECT, tmp_path, CDKTF_OUTDIR=str(tmp_path / region), AWS_REGION=region)
        for region in ("us-east-1", "eu-west-1")
    ]

    assert [each.returncode for each in told] == [0, 0]
    assert [each.stderr for each in told] == [
        "",
        "AWS_REGION overrules cdktf.json: inventory-dev is for eu-west-1, and not for us-east-1\n",
    ]


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
