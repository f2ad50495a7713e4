"""Runs Terraform or the pinned CDKTF CLI as this project wants them, for the Makefile and tests.

`python -m terraform_runner terraform <folder> <arguments>`
`python -m terraform_runner cdktf <arguments>`
"""

from __future__ import annotations

import os
import sys

from terraform_runner.errors import MissingToolError, RunnerError
from terraform_runner.installation import find_provider_mirror, find_terraform
from terraform_runner.paths import NODE_MODULES
from terraform_runner.terraform import command_line_variables


def cdktf_command(*arguments: str) -> list[str]:
    """The command line of the pinned CDKTF CLI.

    Args:
        arguments: Its command and options. Where the provider comes from a mirror, locking it for
            other platforms is left out, because `terraform providers lock` ignores mirrors.

    Raises:
        MissingToolError: It is not installed.
    """
    binary = NODE_MODULES / ".bin" / "cdktf"
    if not binary.exists():
        raise MissingToolError("the CDKTF CLI is not installed: run `make setup-node`")
    offline = ["--skip-provider-lock"] if find_provider_mirror() else []
    return [str(binary), *arguments, *offline]


def cdktf_variables() -> dict[str, str]:
    """Environment variables for the CDKTF CLI, beside the caller's."""
    return {
        **command_line_variables(),
        "TERRAFORM_BINARY_NAME": str(find_terraform()),
        "DISABLE_VERSION_CHECK": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }


def main(arguments: list[str]) -> None:
    """Become the tool."""
    name, *rest = arguments
    if name == "cdktf":
        command = cdktf_command(*rest)
        variables = cdktf_variables()
    else:
        folder, *rest = rest
        command = [str(find_terraform()), f"-chdir={folder}", *rest]
        variables = command_line_variables()
    os.execve(command[0], command, {**os.environ, **variables})  # no shell wanted  # noqa: S606  no shell wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RunnerError as error:
        sys.exit(f"error: {error}")
