"""A plan as Terraform tells it, read into values.

Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from plan_review.masking import SENSITIVE, JsonValue, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT_MAJOR = "1"
DEEPEST = 200
"""Levels of objects and lists in a plan; no schema of the AWS provider comes near it."""

JsonObject: TypeAlias = dict[str, JsonValue]


class UnknownPlanError(ValueError):
    """The document is no plan, or one of a format that this code does not know."""


class Kind(StrEnum):
    """Kinds of change to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"
    IMPORT = "import"
    MOVE = "move"


_KINDS = {
    ("create",): Kind.CREATE,
    ("update",): Kind.UPDATE,
    ("delete", "create"): Kind.REPLACE,
    ("create", "delete"): Kind.REPLACE,
    ("delete",): Kind.DESTROY,
    ("forget",): Kind.FORGET,
    ("create", "forget"): Kind.REPLACE,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource, output or drift: what it was and what it becomes.

    Attributes:
        address: The resource's address.
        type: The resource's type.
        kind: What happens to it.
        before: Its attributes; None if it does not exist yet.
        after: Its attributes; None if it will not exist any more.
        unknown: Which of them are known only after apply, in their shape.
        before_sensitive: Which of the old ones nobody may see, in their shape.
        after_sensitive: Which of the new ones nobody may see, in their shape.
        replaced_by: Attributes that cannot change in place.
        circumstances: What else happens to it, in words, each with text of the plan or nothing.
    """

    address: str
    type: str
    kind: Kind
    before: JsonValue = None
    after: JsonValue = None
    unknown: JsonValue = False
    before_sensitive: JsonValue = False
    after_sensitive: JsonValue = False
    replaced_by: tuple[str, ...] = ()
    circumstances: tuple[tuple[str, str], ...] = ()

    @cached_property
    def shown_before(self) -> JsonValue:
        """The old attributes as anybody may see them."""
        return shown(self.before, self.before_sensitive, self.after_sensitive)

    @cached_property
    def shown_after(self) -> JsonValue:
        """The new attributes as anybody may see them."""
        return shown(self.after, self.before_sensitive, self.after_sensitive)

    @property
    def name(self) -> str:
        """The resource's own name, where it has one that may be seen."""
        for side in (self.shown_before, self.shown_after):
            for key in ("function_name", "alarm_name", "bucket", "name", "policy_name"):
                value = side.get(key) if isinstance(side, dict) else None
                if isinstance(value, str) and value not in {"", SENSITIVE}:
                    return value
        return ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan.

    Attributes:
        changes: What happens to resources, unchanged ones left out.
        unchanged: Resources that stay as they are.
        drift: What changed outside of Terraform since the last apply, as Terraform found it.
        reads: Data sources that are read during apply, by address.
        outputs: Changes of outputs, by name.
        source: The synthesised stack, whose expressions the plan's JSON only hints at.
        programs: Resources whose making or going runs a program, without their keys.
        account_id: The account that was planned for; empty if the plan does not say.
        partial: Why it is not the whole of what there is to do, a reason each.
    """

    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    unchanged: tuple[Change, ...] = ()
    reads: dict[str, Change] = field(default_factory=dict)
    outputs: dict[str, Change] = field(default_factory=dict)
    source: JsonObject = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    account_id: str = ""
    partial: tuple[str, ...] = ()

    def is_known(self, address: str) -> bool:
        """Tell whether the synthesised stack says how a resource is written, if it has it.

        Args:
            address: Its address; a module's resources are written elsewhere, and a list of bodies
                or a dynamic block says less than the resource has.
        """
        if not self.source or address.startswith("module."):
            return False
        body = self._body(address)
        return body is None or (isinstance(body, dict) and "dynamic" not in body)

    def written(self, address: str) -> JsonObject | None:
        """Give how the synthesised stack writes a resource; None if it does not.

        Args:
            address: Its address.
        """
        found = self._body(address)
        return found if isinstance(found, dict) else None

    def _body(self, address: str) -> JsonValue:
        kind, _, name = address.partition("[")[0].partition(".")
        return self.source.get("resource", {}).get(kind, {}).get(name)


def read_plan(document: JsonObject, source: JsonObject | None = None) -> Plan:
    """Read what `terraform show -json PLAN` prints.

    Args:
        document: The parsed JSON.
        source: The synthesised stack, `cdk.tf.json`. Default: it is not known, and what is made
            of expressions cannot be judged.

    Raises:
        UnknownPlanError: It is something else, the plan failed, or its format is unknown.
    """
    if not isinstance(document, dict):
        raise UnknownPlanError("not a plan: no object of JSON")
    version = str(document.get("format_version", ""))
    if version.partition(".")[0] != FORMAT_MAJOR or not ({*document} & _OF_PLANS):
        raise UnknownPlanError(
            f"not a plan of format {FORMAT_MAJOR}.x: {version or 'no format_version'}"
        )
    if document.get("errored"):
        raise UnknownPlanError("the plan is incomplete: planning it failed")
    if _is_deep(document):
        raise UnknownPlanError(f"a value of the plan is nested more than {DEEPEST} levels deep")
    try:
        return _read(document, source or {})
    except UnknownPlanError:
        raise
    except _ODD_SHAPES as error:
        raise UnknownPlanError(
            f"not a plan in the shape that Terraform documents: {type(error).__name__}: {error}"
        ) from error


def _is_deep(document: JsonObject) -> bool:
    """Tell whether something lies deeper than whoever shows it may descend."""
    level: list[JsonValue] = [document]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


_OF_PLANS = {"planned_values", "resource_changes"}
"""What a plan has and a state has not; Terraform leaves out changes of resources if there are
none."""

_ODD_SHAPES = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


def _read(document: JsonObject, source: JsonObject) -> Plan:
    changes: list[Change] = []
    unchanged: list[Change] = []
    reads: dict[str, Change] = {}
    for each in document.get("resource_changes", []):
        actions = tuple(each["change"]["actions"])
        if actions == ("read",):
            reads[each["address"]] = _change(each, Kind.CREATE)
            continue
        kind = _kind(each, actions)
        if kind is None:
            unchanged.append(_change(each, Kind.UPDATE))
        else:
            changes.append(_change(each, kind))
    drift = tuple(
        _change(each, Kind.DESTROY if each["change"]["actions"] == ["delete"] else Kind.UPDATE)
        for each in document.get("resource_drift", [])
    )
    return Plan(
        changes=tuple(changes),
        unchanged=tuple(unchanged),
        drift=drift,
        reads=reads,
        outputs={
            name: _change({"address": name, "type": "output", "change": each}, Kind.UPDATE)
            for name, each in document.get("output_changes", {}).items()
        },
        source=source,
        programs=frozenset(_programs(document.get("configuration", {}).get("root_module", {}))),
        account_id=_account_id(document),
        partial=tuple(_partial(document, changes)),
    )


def _account_id(document: JsonObject) -> str:
    """The account that the stack's own `aws_caller_identity` was read in."""
    root = document.get("prior_state", {}).get("values", {}).get("root_module", {})
    for each in root.get("resources", []):
        if each["type"] == "aws_caller_identity":
            return str(each["values"].get("account_id") or "")
    return ""


def _programs(module: JsonObject, prefix: str = "") -> Iterator[str]:
    """Addresses of resources with provisioners, those of modules too."""
    for each in module.get("resources", []):
        if each.get("provisioners"):
            yield f"{prefix}{each['address']}"
    for name, call in module.get("module_calls", {}).items():
        yield from _programs(call.get("module", {}), f"{prefix}module.{name}.")


def _partial(document: JsonObject, changes: list[Change]) -> list[str]:
    reasons = []
    if document.get("complete", True) is not True:
        reasons.append("Terraform calls it incomplete (-target, or changes that it deferred)")
    if document.get("deferred_changes"):
        reasons.append(f"{len(document['deferred_changes'])} changes are deferred")
    failing = [
        each for each in document.get("checks", []) if each.get("status") in {"fail", "error"}
    ]
    if failing:
        reasons.append(f"{len(failing)} of the configuration's checks fail")
    if document.get("action_invocations") or document.get("deferred_action_invocations"):
        reasons.append("it invokes actions, which are not judged here")
    outputs = document.get("output_changes", {}).values()
    idle = not changes and all(each["actions"] == ["no-op"] for each in outputs)
    if idle and document.get("applyable"):
        reasons.append("applying it changes the state alone, if anything (-refresh-only)")
    return reasons


def _kind(each: JsonObject, actions: tuple[str, ...]) -> Kind | None:
    if actions in {("no-op",), ()}:
        if each["change"].get("importing"):
            return Kind.IMPORT
        return Kind.MOVE if each.get("previous_address") else None
    try:
        return _KINDS[actions]
    except KeyError:
        # An action that is not understood must not pass as harmless.
        raise UnknownPlanError(f"{each['address']}: unknown actions {list(actions)}") from None


def _change(each: JsonObject, kind: Kind) -> Change:
    change = each["change"]
    for side in ("before", "after"):
        if each["type"] != "output" and not isinstance(change.get(side), dict | None):
            raise UnknownPlanError(f"{each['address']}: its {side} is no object")
    return Change(
        address=each["address"],
        type=each["type"],
        kind=kind,
        before=change.get("before"),
        after=change.get("after"),
        unknown=change.get("after_unknown", False),
        before_sensitive=change.get("before_sensitive", False),
        after_sensitive=change.get("after_sensitive", False),
        replaced_by=tuple(
            ".".join(str(part) for part in path) for path in change.get("replace_paths", [])
        ),
        circumstances=tuple(_circumstances(each)),
    )


REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "asked for by -replace",
}
"""Source: `action_reason` in Terraform's JSON output format."""


def _circumstances(each: JsonObject) -> list[tuple[str, str]]:
    importing = each["change"].get("importing") or {}
    found = [
        ("moved from", each.get("previous_address")),
        ("imported as", str(importing.get("id") or importing.get("identity") or "?"))
        if importing
        else ("", None),
        ("a deposed object, left of an earlier replacement:", each.get("deposed")),
    ]
    reason = REASONS.get(each.get("action_reason", ""))
    return [(words, str(text)) for words, text in found if text] + (
        [(reason, "")] if reason else []
    )
