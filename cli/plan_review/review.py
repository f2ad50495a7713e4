"""The review: everything that is said about a plan, and whether it may be applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.cost import Costs, Load, costs
from plan_review.data import DATA_TYPES, LOSING, loses_data
from plan_review.drift import Drift, drifts
from plan_review.function_code import OUTPUT, CodeChange, code_changes
from plan_review.iam import PermissionChange, permission_changes

if TYPE_CHECKING:
    from collections.abc import Collection

    from plan_review.plan import Change, Plan


class UnusedAllowanceError(ValueError):
    """An allowance names something that the plan does not destroy."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a plan does.

    Attributes:
        plan: The plan.
        refused: Addresses of what holds data and would be lost without an allowance.
        allowed: Addresses of what holds data and may be lost.
        permissions: Policies that change.
        code: Functions whose code changes.
        drift: What changed outside of Terraform.
        costs: What it costs.
        findings: What policy checks say that no waiver explains; None if they were not run.
    """

    plan: Plan
    refused: tuple[str, ...]
    allowed: tuple[str, ...]
    permissions: tuple[PermissionChange, ...]
    code: tuple[CodeChange, ...]
    drift: tuple[Drift, ...]
    costs: Costs
    findings: tuple[str, ...] | None

    @property
    def destructive(self) -> tuple[Change, ...]:
        """What is destroyed or replaced; what holds data first."""
        found = [each for each in self.plan.changes if each.kind in LOSING]
        return tuple(sorted(found, key=lambda each: (not loses_data(each), each.address)))

    @property
    def others(self) -> tuple[Change, ...]:
        """What is created, updated or merely moved."""
        return tuple(each for each in self.plan.changes if each.kind not in LOSING)

    @property
    def output_changes(self) -> tuple[Change, ...]:
        """Outputs that change, without the list of the functions' files."""
        return tuple(
            each
            for name, each in self.plan.outputs.items()
            if name != OUTPUT and (each.before != each.after or each.unknown is True)
        )

    @property
    def widening(self) -> bool:
        """Whether somebody may do more than before, has a wildcard anew, or nobody can tell."""
        return any(each.widening or each.unknown for each in self.permissions)

    @property
    def attention(self) -> tuple[str, ...]:
        """What a person should look at, a few words each."""
        reasons = (
            (bool(self.destructive), "something is destroyed or replaced"),
            (self.widening, "permissions are widened, or new ones have wildcards"),
            (bool(self.drift), "something changed outside of Terraform"),
            (bool(self.findings), "policy checks found something"),
        )
        return tuple(words for holds, words in reasons if holds)

    @property
    def empty(self) -> bool:
        """Whether applying the plan would change nothing."""
        return not self.plan.changes and not self.output_changes


def review(
    plan: Plan,
    *,
    allowed: Collection[str] = (),
    load: Load | None = None,
    findings: Collection[str] | None = None,
) -> Review:
    """Judge a plan.

    Args:
        plan: The plan.
        allowed: Addresses of what holds data and may be destroyed or replaced.
        load: The load that costs are stated at. Default: `Load()`.
        findings: What policy checks say that no waiver explains. Default: they were not run.

    Raises:
        UnusedAllowanceError: An allowance names nothing that would be lost; a leftover would let
            a later plan pass.
    """
    losing = {each.address for each in plan.changes if loses_data(each)}
    unused = sorted(set(allowed) - losing)
    if unused:
        raise UnusedAllowanceError(
            f"{', '.join(unused)}: allowed to be lost, but this plan does not destroy or replace it"
        )
    return Review(
        plan=plan,
        refused=tuple(sorted(losing - set(allowed))),
        allowed=tuple(sorted(losing & set(allowed))),
        permissions=permission_changes(plan),
        code=code_changes(plan),
        drift=drifts(plan),
        costs=costs(plan, load or Load()),
        findings=None if findings is None else tuple(sorted(findings)),
    )


def what_is_lost(change: Change) -> str:
    """Give what goes with a resource that holds data; empty for others.

    Args:
        change: A change of a plan.
    """
    return DATA_TYPES[change.type] if loses_data(change) else ""
