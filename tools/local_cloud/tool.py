"""Runs Terraform or the pinned CDKTF CLI as this project wants them, for the Makefile and tests.

`python -m local_cloud.tool terraform <folder> <arguments>`
`python -m local_cloud.tool cdktf <arguments>`
"""

from __future__ import annotations

import os
import sys

from local_cloud.errors import LocalCloudError, MissingToolError
from local_cloud.paths import NODE_MODULES
from local_cloud.terraform import command_line_variables
from local_cloud.toolchain.terraform_cli import find_provider_mirror, find_terraform


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
    os.execve(command[0], command, {**os.environ, **variables})  # noqa: S606  # no shell wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LocalCloudError as error:
        sys.exit(f"error: {error}")
