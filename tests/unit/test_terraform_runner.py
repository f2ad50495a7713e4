"""Terraform is run as the project wants it, and nothing protected is destroyed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from terraform_runner import __main__ as runner
from terraform_runner import protection
from terraform_runner.__main__ import cdktf_command
from terraform_runner.errors import ProtectedError, TerraformError
from terraform_runner.terraform import Terraform, terraform_environment


def test_no_variable_of_the_shell_steers_terraform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workspace, data folder, arguments and variables; credentials and logging stay."""
    steering = {
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/elsewhere",
        "TF_CLI_ARGS": "-destroy",
        "TF_CLI_ARGS_plan": "-refresh=false",
        "TF_VAR_aws_region": "eu-west-1",
        "TF_REATTACH_PROVIDERS": "{}",
        "TF_AWS_DEFAULT_TAGS_owner": "somebody",
    }
    kept = {"AWS_PROFILE": "acme", "TF_TOKEN_app_terraform_io": "token", "TF_LOG": "debug"}
    for name, text in {**steering, **kept}.items():
        monkeypatch.setenv(name, text)

    environment = terraform_environment()

    assert not steering.keys() & environment.keys()
    assert {name: environment[name] for name in kept} == kept


def test_the_cli_is_told_of_one_stack_that_is_synthesised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its output folder names the stack, whatever else was synthesised since.

    Only where the CLI would be matters here: it is not run, and needs Node.
    """
    monkeypatch.setattr(runner, "NODE_MODULES", tmp_path)
    (tmp_path / ".bin").mkdir()
    (tmp_path / ".bin" / "cdktf").touch()
    folder = tmp_path / "inventory-prod"
    folder.mkdir()

    command = cdktf_command("deploy", folder, "--auto-approve")
    [output] = [each.partition("=")[2] for each in command if each.startswith("--output=")]
    [stack] = json.loads((Path(output) / "manifest.json").read_text())["stacks"].values()

    assert command[1:4] == ["deploy", "inventory-prod", "--skip-synth"]
    assert command[-1] == "--auto-approve"
    assert stack["name"] == folder.name
    assert (folder / ".terraform" / stack["workingDirectory"]).resolve() == folder


class FakeTerraform:
    """A state of one table."""

    protected = True

    def __init__(self, folder: Path, *, variables: dict[str, str]) -> None:
        """Take what the real one takes."""

    def init(self) -> None:
        """There is nothing to fetch."""

    def state(self) -> dict[str, Any]:
        """What `terraform show -json` prints."""
        table = {
            "address": "aws_dynamodb_table.Items",
            "values": {"deletion_protection_enabled": self.protected},
        }
        queue = {"address": "aws_sqs_queue.Work", "values": {"name": "work"}}
        return {"values": {"root_module": {"resources": [queue, table]}}}


def stack_folder(tmp_path: Path, **lifecycle: bool) -> Path:
    """Write a stack with one table."""
    folder = tmp_path / "inventory-prod"
    folder.mkdir()
    table = {"name": "items", **({"lifecycle": lifecycle} if lifecycle else {})}
    stack = {"resource": {"aws_dynamodb_table": {"Items": table}}}
    (folder / "cdk.tf.json").write_text(json.dumps(stack))
    return folder


def test_fails_to_destroy_what_its_settings_protect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Terraform is asked; every step to take is told."""
    monkeypatch.delattr(protection, "Terraform")

    with pytest.raises(ProtectedError) as refused:
        protection.insist_on_no_protection(stack_folder(tmp_path, prevent_destroy=True))

    text = str(refused.value)
    for step in ('"deletion_protection": false', "make deploy ENV=prod", "make destroy ENV=prod"):
        assert step in text


def test_fails_to_destroy_what_is_deployed_with_protection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that were changed and not deployed would lose all but the tables."""
    monkeypatch.setattr(protection, "Terraform", FakeTerraform)
    folder = stack_folder(tmp_path)

    with pytest.raises(ProtectedError, match=r"^aws_dynamodb_table\.Items: .*make deploy ENV=prod"):
        protection.insist_on_no_protection(folder)

    monkeypatch.setattr(FakeTerraform, "protected", False)
    protection.insist_on_no_protection(folder)


@pytest.mark.parametrize("printed", ["", "{} {}", "Warning: x\n{}", "\ufeff{}", "[" * 100_000])
def test_what_is_no_json_is_no_plan(
    printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper around Terraform may print more than it does."""
    monkeypatch.setattr("terraform_runner.terraform.find_terraform", lambda: tmp_path)
    terraform = Terraform(tmp_path, variables={})
    done = subprocess.CompletedProcess([], 0, stdout=printed, stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    with pytest.raises(TerraformError, match="gave no plan"):
        terraform.show_plan(tmp_path / "p.tfplan")


def test_an_empty_state_protects_nothing() -> None:
    """Terraform shows it without values."""
    assert protection.protected_by_state({"format_version": "1.0"}) == []
