"""The files beside a synthesised stack: zips, required Terraform version and provider lock.

The required version cannot stand in `cdk.tf.json`: Checkov cannot read a stack with one, and the
way out to HCL writes it wrongly. Terraform reads all files of a folder as one.
"""

from __future__ import annotations

import base64
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
