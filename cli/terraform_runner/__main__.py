"""Runs Terraform or the pinned CDKTF CLI as this project wants them, for the Makefile and tests.

`python -m terraform_runner terraform <folder> <arguments>`
`python -m terraform_runner deploy|destroy <folder> <options>`
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from terraform_runner.errors import MissingToolError, RunnerError
from terraform_runner.installation import find_provider_mirror, find_terraform
from terraform_runner.paths import NODE_MODULES
from terraform_runner.protection import insist_on_no_protection
from terraform_runner.terraform import terraform_environment


def cdktf_command(command: str, folder: Path, *options: str) -> list[str]:
    """The command line of the pinned CDKTF CLI for a stack that is synthesised already.

    It synthesises nothing, so that other environments' folders stay as they are. Where the provider
    comes from a mirror, locking it for other platforms is left out, because
    `terraform providers lock` ignores mirrors.

    Args:
        command: `deploy` or `destroy`.
        folder: The synthesised stack's folder.
        options: Options of the command.

    Raises:
        MissingToolError: The CLI is not installed.
    """
    binary = NODE_MODULES / ".bin" / "cdktf"
    if not binary.exists():
        raise MissingToolError("the CDKTF CLI is not installed: run `make setup-node`")
    output = _write_manifest(folder)
    offline = ["--skip-provider-lock"] if find_provider_mirror() else []
    return [
        str(binary),
        command,
        folder.name,
        "--skip-synth",
        f"--output={output}",
        *offline,
        *options,
    ]


def _write_manifest(folder: Path) -> Path:
    """Write an output folder for the CDKTF CLI that knows this stack alone.

    The manifest of `cdktf.out` names the stack that was synthesised last, whoever did it.
    """
    output = folder / ".terraform"  # neither uploaded nor committed
    output.mkdir(exist_ok=True)
    stack = {
        "name": folder.name,
        "constructPath": folder.name,
        "workingDirectory": "..",
        "synthesizedStackPath": "../cdk.tf.json",
        "annotations": [],
        "dependencies": [],
    }
    text = json.dumps({"stacks": {folder.name: stack}})
    (output / "manifest.json").write_text(text, encoding="utf-8")
    return output


def cdktf_environment() -> dict[str, str]:
    """Environment variables of the CDKTF CLI."""
    return {
        **terraform_environment(),
        "TERRAFORM_BINARY_NAME": str(find_terraform()),
        "DISABLE_VERSION_CHECK": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }


def main(arguments: list[str]) -> None:
    """Become the tool."""
    name, folder, *rest = arguments
    if name == "terraform":
        command = [str(find_terraform()), f"-chdir={folder}", *rest]
        variables = terraform_environment()
    else:
        # Not through the link in `stacks`: see `make_stack_folder`.
        stack_folder = Path(folder).resolve()
        if name == "destroy":
            insist_on_no_protection(stack_folder)
        command = cdktf_command(name, stack_folder, *rest)
        variables = cdktf_environment()
    os.execve(command[0], command, variables)  # noqa: S606  no shell wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RunnerError as error:
        sys.exit(f"error: {error}")
