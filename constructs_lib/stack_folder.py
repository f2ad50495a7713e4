"""The folder of a synthesised stack: where it lies, and the files beside the stack.

The required version cannot stand in `cdk.tf.json`: Checkov cannot read a stack with one, and the
way out to HCL writes it wrongly. Terraform reads all files of a folder as one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.function_package import Zip

STACKS_FOLDER = "stacks"  # cdktf's name
FOLDERS_FOLDER = "environments"
ASSETS_FOLDER = "assets"
# The first release whose S3 backend locks without a table.
# https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
TERRAFORM_VERSIONS = ">= 1.10.0"
VERSIONS_FILE = "versions.tf.json"
# Terraform takes the provider in exactly this version, and only with one of the hashes listed;
# `make providers-lock` makes it anew.
# https://developer.hashicorp.com/terraform/language/files/dependency-lock
LOCK_FILE = ".terraform.lock.hcl"
LOCK = Path(__file__).with_name("terraform.lock.hcl")
LOCKED_VERSION = re.compile(r'^  version +\= "(\d+)\.(\d+)\.(\d+)"$', re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class FunctionPackage:
    """A zip within a stack's folder.

    Attributes:
        path: The zip's path, relative to the folder, so that the folder alone can be deployed.
        sha256_base64: Hash of its bytes, in the form in which Lambda reports it.
        files: Its contents, for a review of what a deployment changes: our files and, as
            `name==version`, dependencies, each with a short hash.
    """

    path: str
    sha256_base64: str
    files: Mapping[str, str]


def locked_provider() -> tuple[int, ...]:
    """Return the version of the AWS provider in the lock, such as `(5, 100, 0)`."""
    found = LOCKED_VERSION.search(LOCK.read_text(encoding="utf-8"))
    assert found, f"{LOCK} names no version"
    return tuple(map(int, found.groups()))


def make_stack_folder(output_folder: Path, stack_name: str) -> Path:
    """Make the folder of a stack where the CDKTF CLI cannot delete it.

    After a synthesis the CLI deletes every directory of `stacks/` that the app did not write. That
    would be another environment's, in the middle of its apply. It leaves links alone, so `stacks/`
    holds links.

    Args:
        output_folder: The app's output folder.
        stack_name: The stack's name.

    Returns:
        The folder, by the path that cdktf knows.

    Source: `SynthStack.synth` in
    https://github.com/hashicorp/terraform-cdk/blob/v0.21.0/packages/%40cdktf/cli-core/src/lib/synth-stack.ts
    """
    folder = output_folder / FOLDERS_FOLDER / stack_name
    link = output_folder / STACKS_FOLDER / stack_name
    link.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.mkdir(exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        link.rename(folder)
    folder.mkdir(exist_ok=True)
    if not link.is_symlink():
        with contextlib.suppress(FileExistsError):  # another synthesis was faster
            link.symlink_to(Path("..", FOLDERS_FOLDER, stack_name), target_is_directory=True)
    return link


def write_packages(zips: Mapping[str, Zip], stack_folder: Path) -> dict[str, FunctionPackage]:
    """Put zips into a stack's folder, in place of those of an earlier synthesis.

    Args:
        zips: Zips by function.
        stack_folder: Folder of the synthesised stack; made if it is not there.

    Returns:
        Packages by function.
    """
    # Terraform Cloud uploads the whole folder, so nothing may lie there that is not deployed.
    shutil.rmtree(stack_folder / ASSETS_FOLDER, ignore_errors=True)
    (stack_folder / ASSETS_FOLDER).mkdir(parents=True)
    packages = {}
    for function, each in zips.items():
        path = f"{ASSETS_FOLDER}/{function.replace('_', '-')}.zip"
        (stack_folder / path).write_bytes(each.content)
        digest = base64.b64encode(hashlib.sha256(each.content).digest()).decode()
        packages[function] = FunctionPackage(path=path, sha256_base64=digest, files=each.files)
    return packages


def write_versions(stack_folder: Path) -> None:
    """Put required version and lock into a stack's folder, in place of what Terraform left there.

    Args:
        stack_folder: Folder of the synthesised stack.
    """
    versions = {"terraform": {"required_version": TERRAFORM_VERSIONS}}
    text = json.dumps(versions, indent=2) + "\n"
    (stack_folder / VERSIONS_FILE).write_text(text, encoding="utf-8", newline="\n")
    (stack_folder / LOCK_FILE).write_bytes(LOCK.read_bytes())
