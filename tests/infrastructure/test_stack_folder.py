"""A stack's folder is out of the CDKTF CLI's reach, and its state never beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from constructs_lib.stack_folder import make_stack_folder
from constructs_lib.terraform import PROJECT_FROM_STACK_FOLDER
from terraform_runner.__main__ import cdktf_environment
from terraform_runner.paths import NODE_MODULES, ROOT


def synthesise_other(output: Path) -> None:
    """Have the CDKTF CLI synthesise an app that writes another stack."""
    stack = output / "stacks" / "inventory-dev"
    stack.mkdir(parents=True)
    text: dict[str, dict[str, object]] = {
        "//": {"metadata": {}},
        "terraform": {"required_providers": {}},
    }
    (stack / "cdk.tf.json").write_text(json.dumps(text))
    manifest = {
        "name": stack.name,
        "workingDirectory": f"stacks/{stack.name}",
        "synthesizedStackPath": f"stacks/{stack.name}/cdk.tf.json",
        "annotations": [],
        "dependencies": [],
    }
    (output / "manifest.json").write_text(json.dumps({"stacks": {stack.name: manifest}}))
    cli = str(NODE_MODULES / ".bin" / "cdktf")
    subprocess.run(
        [cli, "synth", "--app", "true", "--output", str(output)],
        cwd=ROOT,
        env=cdktf_environment(),
        check=True,
        capture_output=True,
    )


def test_the_cli_leaves_the_folder_of_another_environment(tmp_path) -> None:
    """It deletes every directory of `stacks` that is not the app's; a link is none."""
    prod = make_stack_folder(tmp_path, "inventory-prod")
    (prod / "reviewed.tfplan").write_text("plan")
    (tmp_path / "stacks" / "inventory-bare").mkdir()

    synthesise_other(tmp_path)

    assert {each.name for each in (tmp_path / "stacks").iterdir()} == {
        "inventory-dev",
        "inventory-prod",
    }
    assert (prod / "reviewed.tfplan").read_text() == "plan"


def test_a_folder_stays_as_it_is_when_it_is_made_again(tmp_path) -> None:
    """What Terraform left there is needed; a bare directory is moved, with what is in it."""
    bare = tmp_path / "stacks" / "inventory-dev"
    bare.mkdir(parents=True)
    (bare / "left").write_text("here")

    folders = {make_stack_folder(tmp_path, "inventory-dev") for _ in range(2)}

    assert folders == {bare}
    assert bare.is_symlink()
    assert (bare / "left").read_text() == "here"


@pytest.mark.parametrize("through_link", [True, False])
def test_the_local_state_is_the_projects(tmp_path, monkeypatch, through_link) -> None:
    """From the folder, whichever way it is entered, the backend's path leads to the project."""
    link = make_stack_folder(tmp_path / "cdktf.out", "inventory-dev")
    monkeypatch.chdir(link if through_link else link.resolve())

    assert Path(os.path.realpath(PROJECT_FROM_STACK_FOLDER)) == tmp_path
