"""What was reviewed, as one number: the plan and the zips it would deploy."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ASSETS = "assets"
STACK_FILE = "cdk.tf.json"


def digest_of(plan_file: Path, stack_folder: Path) -> str:
    """Give the SHA-256 over a plan file and what it deploys.

    A plan holds only names and hashes of the zips, and the provider reads them when it applies, so
    the zips count as much as the plan.

    Args:
        plan_file: The file that `terraform plan -out` wrote.
        stack_folder: The synthesised stack's folder.
    """
    assets = sorted(path for path in (stack_folder / ASSETS).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in (plan_file, stack_folder / STACK_FILE, *assets):
        content = path.read_bytes()
        name = "plan" if path == plan_file else path.relative_to(stack_folder).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
