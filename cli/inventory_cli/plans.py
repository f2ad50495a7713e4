"""Where plans lie, and what was reviewed of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory_cli.errors import UsageError
from plan_review.digest import STACK_FILE, digest_of
from terraform_runner.paths import STACKS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """A plan and the stack it belongs to.

    Attributes:
        path: The file that `terraform plan -out` wrote, or will write.
        stack_folder: The synthesised stack's folder.
    """

    path: Path
    stack_folder: Path

    @property
    def title(self) -> str:
        """The stack's name."""
        return self.stack_folder.name

    @property
    def record(self) -> Path:
        """File that keeps the digest of what was reviewed."""
        return self.path.with_name(f"{self.path.name}.reviewed")

    def digest(self) -> str:
        """The digest of the plan and the zips as they are now."""
        return digest_of(self.path, self.stack_folder)


def plan_of_environment(suffix: str, stacks: Path = STACKS) -> PlanFile:
    """The plan of an environment, within what no upload and no commit takes along.

    Args:
        suffix: The environment's suffix.
        stacks: Where stacks are synthesised to.

    Raises:
        UsageError: The environment is not synthesised.
    """
    folder = (stacks / f"inventory-{suffix}").resolve()
    if not (folder / STACK_FILE).is_file():
        raise UsageError(f"{folder} holds no stack: run `make synth ENV={suffix}`")
    return PlanFile(path=folder / ".terraform" / f"{folder.name}.tfplan", stack_folder=folder)


def plan_at(path: Path) -> PlanFile:
    """A plan that lies in its stack's folder or below.

    Args:
        path: The plan file.

    Raises:
        UsageError: There is no such file, or no stack around it.
    """
    path = path.resolve()
    if not path.is_file():
        raise UsageError(f"there is no plan {path}")
    for folder in path.parents:
        if (folder / STACK_FILE).is_file():
            return PlanFile(path=path, stack_folder=folder)
    raise UsageError(f"{path} does not lie in the folder of a synthesised stack")
