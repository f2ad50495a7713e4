"""The dependency lock file that lies beside a synthesised stack.

A Terraform that finds it takes the provider in exactly this version, and only if its hash is one of
those listed. `make providers-lock` makes it anew.

Source: https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

from pathlib import Path

FILE_NAME = ".terraform.lock.hcl"
LOCK = Path(__file__).with_name("terraform.lock.hcl")


def write_provider_lock(stack_folder: Path) -> None:
    """Put the lock file into a stack's folder, in place of what Terraform made of it there.

    Args:
        stack_folder: Folder of the synthesised stack.
    """
    (stack_folder / FILE_NAME).write_bytes(LOCK.read_bytes())
