"""The review: everything that is said about a plan, and whether it may be applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from plan_review.accounts import strangers
from plan_review.cost import Costs, Load, costs
from plan_review.data import GOING, loses_data, what_it_holds
from plan_review.drift import Drift, drifts
from plan_review.function_code import OUTPUT, CodeChange, code_changes, programs
from plan_review.guards import Loosening, loosenings
from plan_review.masking import anywhere
from plan_review.permissions import Owners, PermissionChange, permission_changes
from plan_review.plan import Kind, UnknownPlanError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from plan_review.plan import Change, Plan


class UnusedAllowanceError(ValueError):
    """An allowance names something that the plan does not lose."""


@dataclass(frozen=True, kw_only=True)
class PolicyCheck:
    """AWS's own word on a policy that changes.

    Attributes:
        passed: True if it allows nothing new and nothing to the public.
        words: What AWS says.
    """

    passed: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """Effects of a plan.

    Attributes:
        plan: The plan.
        refused: Addresses of what would lose data without an allowance.
        allowed: Addresses of what may lose data.
        permissions: Policies that change.
        verdicts: What AWS says of them, by address, where it was asked.
        guards: What shortens the life of data, or takes a guard away.
        code: Functions whose code changes.
        programs: Resources for which programs are run while the plan is applied.
        strangers: Resources that name something of another account from now on.
        drift: What changed outside of Terraform.
        costs: What it costs.
        findings: What policy checks say that no waiver explains; None if they were not run.
        partial: Why the plan is not the whole of what there is to do.
    """

    plan: Plan
    refused: tuple[str, ...]
    allowed: tuple[str, ...]
    permissions: tuple[PermissionChange, ...]
    verdicts: Mapping[str, PolicyCheck]
    guards: tuple[Loosening, ...]
    code: tuple[CodeChange, ...]
    programs: tuple[str, ...]
    strangers: tuple[str, ...]
    drift: tuple[Drift, ...]
    costs: Costs
    findings: tuple[str, ...] | None
    partial: tuple[str, ...]

    @cached_property
    def destructive(self) -> tuple[Change, ...]:
        """Resources that are destroyed, replaced or forgotten; those that hold data first."""
        found = [each for each in self.plan.changes if each.kind in GOING]
        return tuple(sorted(found, key=lambda each: (not loses_data(each), each.address)))

    @cached_property
    def others(self) -> tuple[Change, ...]:
        """Resources that are created, updated or merely moved."""
        return tuple(each for each in self.plan.changes if each.kind not in GOING)

    @cached_property
    def output_changes(self) -> tuple[Change, ...]:
        """Outputs that change, without the list of the functions' files."""
        return tuple(
            each
            for name, each in self.plan.outputs.items()
            if name != OUTPUT
            and (each.before != each.after or each.unknown is True or is_uncovered(each))
        )

    @property
    def widening(self) -> bool:
        """Tell whether somebody may do more than before, has a wildcard anew, or may have."""
        return any(self.widens(each) for each in self.permissions)

    def widens(self, change: PermissionChange) -> bool:
        """Tell whether a change of permissions allows more, or nobody can tell.

        Args:
            change: One of `permissions`; AWS's word on it outranks ours.
        """
        verdict = self.verdicts.get(change.address)
        if verdict is not None:
            return not verdict.passed
        return bool(change.widening) or change.unknown

    @property
    def attention(self) -> tuple[str, ...]:
        """Points that a person should look at, a few words each."""
        reasons = (
            (bool(self.destructive), "something is destroyed, replaced or forgotten"),
            (bool(self.guards), "a guard is taken away, or data lives shorter"),
            (self.widening, "permissions are widened, or new ones have wildcards"),
            (
                any(each.elsewhere for each in self.code),
                "code comes from elsewhere than the stack's folder",
            ),
            (
                bool(self.strangers),
                f"something of other accounts is named by {_some(self.strangers)}",
            ),
            (
                bool(self.programs),
                f"programs are run while it is applied, for {_some(self.programs)}",
            ),
            (
                any(is_uncovered(each) for each in self.output_changes),
                "an output that was sensitive is shown from now on",
            ),
            (bool(self.drift), "something changed outside of Terraform"),
            (bool(self.findings), "policy checks found something"),
            (bool(self.partial), f"this plan is not all: {'; '.join(self.partial)}"),
        )
        return tuple(words for holds, words in reasons if holds)

    @property
    def empty(self) -> bool:
        """Tell whether applying the plan would change nothing."""
        return not self.plan.changes and not self.output_changes


MOST_NAMED = 5


def _some(addresses: tuple[str, ...]) -> str:
    """The first of many addresses, and how many there are."""
    more = f" and {len(addresses) - MOST_NAMED:,} more" if len(addresses) > MOST_NAMED else ""
    return f"{', '.join(addresses[:MOST_NAMED])}{more}"


def review(
    plan: Plan,
    *,
    allowed: Collection[str] = (),
    load: Load | None = None,
    findings: Collection[str] | None = None,
    verdicts: Mapping[str, PolicyCheck] | None = None,
    looked: bool = True,
) -> Review:
    """Judge a plan.

    Args:
        plan: The plan.
        allowed: Addresses of what may lose data.
        load: The load that costs are stated at. Default: `Load()`.
        findings: What policy checks say that no waiver explains. Default: they were not run.
        verdicts: What AWS says of changed permissions, by address. Default: it was not asked.
        looked: True if it is known that the plan was made after a look at what is deployed; a
            plan file does not say so.

    Raises:
        UnusedAllowanceError: An allowance names nothing that would be lost; a leftover would let
            a later plan pass.
        UnknownPlanError: A resource has a shape that its type cannot have.
    """
    try:
        return _review(
            plan,
            frozenset(allowed),
            load or Load(),
            None if findings is None else tuple(sorted(findings)),
            verdicts or {},
            looked=looked,
        )
    except (UnknownPlanError, UnusedAllowanceError):
        raise
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise UnknownPlanError(
            f"a resource of this plan has a shape that cannot be judged: "
            f"{type(error).__name__}: {error}"
        ) from error


def _review(
    plan: Plan,
    allowed: frozenset[str],
    load: Load,
    findings: tuple[str, ...] | None,
    verdicts: Mapping[str, PolicyCheck],
    *,
    looked: bool,
) -> Review:
    guards = _guards(plan)
    losing = {each.address for each in plan.changes if loses_data(each)}
    losing |= {each.address for each in guards if each.refused}
    unused = sorted(allowed - losing)
    if unused:
        raise UnusedAllowanceError(
            f"{', '.join(unused)}: allowed to be lost, but this plan does not lose anything of it"
        )
    partial = plan.partial
    if not looked and not plan.drift and (plan.unchanged or any(c.before for c in plan.changes)):
        partial += ("nothing shows that it looked at what is deployed (-refresh=false?)",)
    return Review(
        plan=plan,
        refused=tuple(sorted(losing - allowed)),
        allowed=tuple(sorted(losing & allowed)),
        permissions=permission_changes(plan),
        verdicts=verdicts,
        guards=guards,
        code=code_changes(plan),
        programs=programs(plan),
        strangers=strangers(plan),
        drift=drifts(plan),
        costs=costs(plan, load),
        findings=findings,
        partial=partial,
    )


def _guards(plan: Plan) -> tuple[Loosening, ...]:
    owners = Owners(plan)
    return tuple(
        each
        for change in plan.changes
        if change.kind in {Kind.CREATE, Kind.UPDATE, Kind.REPLACE}
        or (change.kind is Kind.DESTROY and not owners.is_destroyed(change))
        for each in loosenings(
            change, is_new=change.kind is Kind.CREATE and not owners.is_added_to_old(change)
        )
    )


def is_uncovered(output: Change) -> bool:
    """Tell whether an output that was sensitive is not any more.

    Args:
        output: The change of the output.
    """
    return anywhere(output.before_sensitive) and not anywhere(output.after_sensitive)


def what_is_lost(change: Change) -> str:
    """Give what goes with a resource that holds data; empty for others.

    Args:
        change: A change of a plan.
    """
    return what_it_holds(change) if loses_data(change) else ""
