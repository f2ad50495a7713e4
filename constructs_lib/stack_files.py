"""Files beside a synthesised stack: which Terraform it wants, and which provider exactly.

Neither can stand in `cdk.tf.json`: Checkov cannot read a stack that says which Terraform it wants,
and the way out to HCL writes it wrongly. Terraform reads all files of a folder as one.
"""

from __future__ import annotations

import json
from pathlib import Path

# The first release whose S3 backend locks without a table.
# https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
TERRAFORM_VERSIONS = ">= 1.10.0"
VERSIONS_FILE = "versions.tf.json"
# Terraform takes the provider in exactly this version, and only with one of the hashes listed;
# `make providers-lock` makes it anew.
# https://developer.hashicorp.com/terraform/language/files/dependency-lock
LOCK_FILE = ".terraform.lock.hcl"
LOCK = Path(__file__).with_name("terraform.lock.hcl")


def write_stack_files(stack_folder: Path) -> None:
    """Put the files into a stack's folder, in place of what Terraform made of the lock there.

    Args:
        stack_folder: Folder of the synthesised stack.
    """
    versions = {"terraform": {"required_version": TERRAFORM_VERSIONS}}
    text = json.dumps(versions, indent=2) + "\n"
    (stack_folder / VERSIONS_FILE).write_text(text, encoding="utf-8", newline="\n")
    (stack_folder / LOCK_FILE).write_bytes(LOCK.read_bytes())
