"""Where plans lie, what was reviewed of them, and a copy that nobody else can change."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory_cli.errors import CliError, UsageError
from inventory_cli.exits import Exit
from plan_review.digest import STACK_FILE, WORKING, digest_of, stack_files, workspace_of
from terraform_runner.paths import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from plan_review.plan import Plan

LOCK_FILE = ".terraform.lock.hcl"


class NotReviewedError(CliError):
    """The plan, the stack or a zip is not the one that was reviewed."""

    exit_code = Exit.PLAN_REFUSED


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
        """The digest of the plan and what it deploys as they are now."""
        return digest_of(self.path, self.stack_folder)

    def keep_private(self) -> None:
        """Let the owner alone read the plan, which holds every value, secret ones too."""
        self.path.touch(mode=0o600)
        self.path.chmod(0o600)

    @contextmanager
    def private_copy(self) -> Iterator[PlanFile]:
        """A copy of the plan and its stack that the owner alone can reach, discarded in the end.

        It lies beside the stack's folder, so that relative paths of the backend stay right.
        What Terraform writes of a state comes back: it is never discarded.
        """
        source = self.stack_folder
        with tempfile.TemporaryDirectory(prefix=".apply-", dir=source.parent) as name:
            folder = Path(name)
            states = {path for path in source.glob("*.tfstate*") if path.is_file()}
            for path in {*stack_files(source), *states, source / LOCK_FILE}:
                if path.is_file() and path not in {self.path, self.record}:
                    target = folder / path.relative_to(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, target)
            working = folder / WORKING
            working.mkdir()
            if (source / WORKING / "environment").is_file():
                shutil.copy2(source / WORKING / "environment", working)
            if (source / WORKING / "providers").is_dir():
                # Terraform compares them with the lock file's hashes before it runs them.
                (working / "providers").symlink_to(source / WORKING / "providers")
            copy = PlanFile(path=working / self.path.name, stack_folder=folder)
            shutil.copy2(self.path, copy.path)
            try:
                yield copy
            finally:
                for path in folder.glob("*.tfstate*"):
                    shutil.move(path, source / path.name)


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


def provider_of(plan: Plan) -> dict[str, Any]:
    """Give how a plan's stack sets up the provider.

    Args:
        plan: The plan.
    """
    return next(iter(_providers(plan.source)), {})


def _providers(stack: dict[str, Any]) -> list[dict[str, Any]]:
    found = stack.get("provider", {}).get("aws") or []
    return found if isinstance(found, list) else [found]


def is_planned_with_own_keys(configuration: Mapping[str, bytes]) -> bool:
    """Tell whether a plan does not use the caller's account, such as one for a local cloud.

    Args:
        configuration: The files that it was made from.
    """
    documents = [json.loads(configuration[name]) for name in configuration if name[-5:] == ".json"]
    providers = [each for document in documents for each in _providers(document)]
    return any({"access_key", "assume_role"} & {*each} for each in providers)


def where(plan: Plan, file: PlanFile) -> str:
    """Give what a plan is for: account, region, state and workspace.

    Args:
        plan: The plan.
        file: Where it lies.
    """
    workspace = workspace_of(file.stack_folder)
    backends: dict[str, Any] = plan.source.get("terraform", {}).get("backend") or {}
    parts = [
        f"account {plan.account_id}" if plan.account_id else "account not known",
        str(provider_of(plan).get("region") or ""),
        *(f"state in {kind} {of.get('bucket') or ''}".rstrip() for kind, of in backends.items()),
        f"workspace {workspace}" if workspace != "default" else "",
    ]
    return ", ".join(each for each in parts if each)
