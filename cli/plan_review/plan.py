"""A plan as Terraform tells it, read into values.

Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT_MAJOR = "1"

JsonValue: TypeAlias = Any
"""A value of JSON in the shape of a resource's schema, which only its provider knows."""

JsonObject: TypeAlias = dict[str, JsonValue]


class UnknownPlanError(ValueError):
    """The document is no plan, or one of a format that this code does not know."""


class Kind(StrEnum):
    """What happens to a resource."""

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

    @property
    def name(self) -> str:
        """The resource's own name, where it has one that may be seen."""
        for side, mask in (
            (self.before, self.before_sensitive),
            (self.after, self.after_sensitive),
        ):
            for key in ("function_name", "alarm_name", "bucket", "name", "policy_name"):
                value = side.get(key) if isinstance(side, dict) else None
                hidden = mask is True or (isinstance(mask, dict) and mask.get(key))
                if isinstance(value, str) and value and not hidden:
                    return value
        return ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan.

    Attributes:
        changes: What happens to resources, unchanged ones left out.
        drift: What changed outside of Terraform since the last apply, as Terraform found it.
        reads: Data sources that are read during apply, by address.
        outputs: Changes of outputs, by name.
        references: Which other addresses an attribute is made from, by address and attribute;
            within blocks, the attribute is a path such as `statement.0.resources`.
    """

    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    reads: dict[str, Change] = field(default_factory=dict)
    outputs: dict[str, Change] = field(default_factory=dict)
    references: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def read_plan(document: JsonObject) -> Plan:
    """Read what `terraform show -json PLAN` prints.

    Args:
        document: The parsed JSON.

    Raises:
        UnknownPlanError: It is something else, the plan failed, or its format is unknown.
    """
    version = str(document.get("format_version", ""))
    if version.partition(".")[0] != FORMAT_MAJOR or "resource_changes" not in document:
        raise UnknownPlanError(
            f"not a plan of format {FORMAT_MAJOR}.x: {version or 'no format_version'}"
        )
    if document.get("errored"):
        raise UnknownPlanError("the plan is incomplete: planning it failed")
    changes: list[Change] = []
    reads: dict[str, Change] = {}
    for each in document["resource_changes"]:
        actions = tuple(each["change"]["actions"])
        if actions == ("read",):
            reads[each["address"]] = _change(each, Kind.CREATE)
            continue
        kind = _kind(each, actions)
        if kind is not None:
            changes.append(_change(each, kind))
    return Plan(
        changes=tuple(changes),
        drift=tuple(
            _change(each, Kind.DESTROY if each["change"]["actions"] == ["delete"] else Kind.UPDATE)
            for each in document.get("resource_drift", [])
        ),
        reads=reads,
        outputs={
            name: _change({"address": name, "type": "output", "change": each}, Kind.UPDATE)
            for name, each in document.get("output_changes", {}).items()
        },
        references=_references(document),
    )


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
    )


def _references(document: JsonObject) -> dict[tuple[str, str], tuple[str, ...]]:
    root = document.get("configuration", {}).get("root_module", {})
    return {
        (resource["address"], path): references
        for resource in root.get("resources", [])
        for path, references in _referring("", resource.get("expressions", {}))
    }


def _referring(path: str, expressions: JsonValue) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Attributes that are made from others, with their paths; blocks are lists."""
    if isinstance(expressions, list):
        for index, block in enumerate(expressions):
            yield from _referring(f"{path}.{index}", block)
    elif isinstance(expressions, dict) and "references" in expressions:
        yield path.removeprefix("."), tuple(expressions["references"])
    elif isinstance(expressions, dict):
        for name, expression in expressions.items():
            yield from _referring(f"{path}.{name}", expression)
