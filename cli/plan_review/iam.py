"""Permissions that a plan adds and removes, as pairs of action and resource."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from plan_review.attributes import UNKNOWN
from plan_review.plan import Change, Kind

if TYPE_CHECKING:
    from plan_review.plan import JsonObject, JsonValue, Plan

POLICY_ATTRIBUTES = {
    "aws_iam_group_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
}
"""Where resources hold a policy document."""

PLAIN_TYPES = {
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_lambda_permission": ("principal", "source_arn"),
}
"""Grants without a document: who, and what the grant is tied to."""


OWNER_TYPES = frozenset(
    {
        "aws_iam_role",
        "aws_iam_user",
        "aws_kms_key",
        "aws_lambda_function",
        "aws_s3_bucket",
        "aws_sns_topic",
        "aws_sqs_queue",
    }
)
"""What policies and grants belong to."""


class Pair(NamedTuple):
    """One thing that somebody may, or may not, do.

    `who` is empty in the policies of roles, and `condition` where there is none.
    """

    effect: str
    who: str
    action: str
    resource: str
    condition: str

    def __str__(self) -> str:
        """Give the pair as a line."""
        deny = "deny " if self.effect == "Deny" else ""
        who = f" for {self.who}" if self.who else ""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{deny}{self.action} on {self.resource}{who}{condition}"


@dataclass(frozen=True, kw_only=True)
class PermissionChange:
    """What a policy gains and loses.

    Attributes:
        address: The resource that holds the policy.
        name: Whose policy it is.
        added: Pairs that are new.
        removed: Pairs that go.
        widening: Those of both that allow more than before; of a new owner, those that are wild.
        new: Whether the policy comes with its owner.
        unknown: Whether what it will say is not known, or nobody may see it.
    """

    address: str
    name: str
    added: tuple[Pair, ...] = ()
    removed: tuple[Pair, ...] = ()
    widening: tuple[Pair, ...] = ()
    unknown: bool = False
    new: bool = False


def permission_changes(plan: Plan) -> tuple[PermissionChange, ...]:
    """Give the policies that change.

    Args:
        plan: The plan.
    """
    found = []
    created = _owners(plan, Kind.CREATE)
    destroyed = _owners(plan, Kind.DESTROY)
    for change in plan.changes:
        if change.type not in POLICY_ATTRIBUTES and change.type not in PLAIN_TYPES:
            continue
        before = _pairs_before(change)
        after = _pairs_after(change, plan)
        if before is None or after is None:
            found.append(
                PermissionChange(
                    address=change.address, name=_owner(change), unknown=True, removed=()
                )
            )
            continue
        if before == after:
            continue
        added, removed = after - before, before - after
        owner = _owner(change)
        # An owner without a name does not exist yet: its name is known only after apply.
        new = change.kind is Kind.CREATE and owner in {*created, change.address}
        wider = set() if owner in destroyed else _widening(before, after, new=new)
        found.append(
            PermissionChange(
                address=change.address,
                name=owner,
                added=tuple(sorted(added)),
                removed=tuple(sorted(removed)),
                widening=tuple(sorted(wider)),
                new=new,
            )
        )
    return tuple(found)


def pairs_of(policy: str) -> frozenset[Pair]:
    """Give the pairs of a policy document; two documents with the same pairs say the same.

    Args:
        policy: The document's JSON.
    """
    statements = json.loads(policy).get("Statement", [])
    return frozenset(
        pair
        for each in (statements if isinstance(statements, list) else [statements])
        for pair in _of_statement(each)
    )


def _of_statement(statement: JsonObject) -> list[Pair]:
    actions = _texts(statement.get("Action")) or [
        f"everything but {each}" for each in _texts(statement.get("NotAction"))
    ]
    resources = _texts(statement.get("Resource")) or [
        f"everything but {each}" for each in _texts(statement.get("NotResource"))
    ]
    who = _principal(statement.get("Principal"))
    if "NotPrincipal" in statement:
        who = f"everybody but {_principal(statement['NotPrincipal'])}"
    condition = _condition(statement.get("Condition"))
    return [
        Pair(statement.get("Effect", "Allow"), who, action, resource, condition)
        for action in actions
        for resource in resources or ["this"]
    ]


def _texts(value: JsonValue) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _principal(value: JsonValue) -> str:
    if isinstance(value, dict):
        return ", ".join(
            sorted(f"{kind} {each}" for kind, many in value.items() for each in _texts(many))
        )
    return "everybody" if value == "*" else str(value or "")


def _condition(value: JsonValue) -> str:
    if not value:
        return ""
    return " and ".join(
        sorted(
            f"{variable} {test} {' or '.join(sorted(_texts(texts)))}"
            for test, variables in value.items()
            for variable, texts in variables.items()
        )
    )


def _pairs_before(change: Change) -> frozenset[Pair] | None:
    if change.before is None:
        return frozenset()
    return _pairs(change, change.before, change.before_sensitive)


def _pairs_after(change: Change, plan: Plan) -> frozenset[Pair] | None:
    if change.after is None:
        return frozenset()
    attribute = POLICY_ATTRIBUTES.get(change.type)
    if attribute and isinstance(change.unknown, dict) and change.unknown.get(attribute) is True:
        return _pairs_to_be_read(change, attribute, plan)
    return _pairs(change, change.after, change.after_sensitive)


def _pairs(change: Change, side: JsonObject, mask: JsonValue) -> frozenset[Pair] | None:
    if change.type in PLAIN_TYPES:
        who, tied_to = PLAIN_TYPES[change.type]
        action = str(side.get("action") or "use of")
        return frozenset(
            {
                Pair(
                    "Allow",
                    str(side.get(who) or UNKNOWN),
                    action,
                    str(side.get("function_name") or side.get(tied_to) or UNKNOWN),
                    f"from {side.get(tied_to) or UNKNOWN}" if "function_name" in side else "",
                )
            }
        )
    attribute = POLICY_ATTRIBUTES[change.type]
    if mask is True or (isinstance(mask, dict) and mask.get(attribute)):
        return None
    text = side.get(attribute)
    return pairs_of(text) if text else frozenset()


def _pairs_to_be_read(change: Change, attribute: str, plan: Plan) -> frozenset[Pair] | None:
    """Pairs of a document that Terraform writes while it applies; most of it is known already."""
    for reference in plan.references.get((change.address, attribute), ()):
        read = plan.reads.get(reference.removesuffix(".json"))
        if read is not None and read.after:
            return frozenset(
                pair
                for index, statement in enumerate(read.after.get("statement") or [])
                for pair in _of_statement(
                    _as_document(statement, _made_from(plan, read.address, index))
                )
            )
    return None


def _made_from(plan: Plan, address: str, statement: int) -> str:
    """What stands for a resource that is not known yet: what its ARN will be made from."""
    references = plan.references.get((address, f"statement.{statement}.resources"), ())
    # Terraform names the attribute and, after it, the resource that it belongs to.
    attributes = [each for each in references if each.endswith((".arn", ".id", ".bucket"))]
    return f"{attributes[0]} {UNKNOWN}" if len(attributes) == 1 else UNKNOWN


def _as_document(statement: JsonObject, unknown_resource: str) -> JsonObject:
    conditions: dict[str, dict[str, list[str]]] = {}
    for each in statement.get("condition") or []:
        values = [UNKNOWN if value is None else value for value in each.get("values") or [None]]
        conditions.setdefault(each["test"], {})[each["variable"]] = values
    principals: dict[str, list[str]] = {}
    for each in statement.get("principals") or []:
        texts = [UNKNOWN if value is None else value for value in each["identifiers"] or [None]]
        principals.setdefault(each["type"], []).extend(texts)
    everybody = principals == {"*": ["*"]}
    return {
        "Effect": statement.get("effect") or "Allow",
        "Action": statement.get("actions"),
        "NotAction": statement.get("not_actions"),
        "Resource": [
            unknown_resource if each is None else each for each in statement.get("resources") or []
        ],
        "NotResource": statement.get("not_resources"),
        "Principal": "*" if everybody else principals or None,
        "Condition": conditions,
    }


def _widening(before: frozenset[Pair], after: frozenset[Pair], *, new: bool) -> set[Pair]:
    """What allows more: not covered before, or no longer denied; of new owners, what is wild."""
    wider = {
        pair
        for pair in after - before
        if pair.effect == "Allow" and not any(_covers(old, pair) for old in before)
    }
    if new:
        return {pair for pair in wider if pair.action.endswith("*") or pair.resource == "*"}
    return wider | {
        pair
        for pair in before - after
        if pair.effect == "Deny" and not any(_covers(other, pair) for other in after)
    }


def _covers(wide: Pair, narrow: Pair) -> bool:
    return (
        wide.effect == narrow.effect
        and wide.who in {narrow.who, "everybody"}
        and wide.condition in {narrow.condition, ""}
        and fnmatchcase(narrow.action.lower(), wide.action.lower())
        and fnmatchcase(narrow.resource, wide.resource)
    )


def _owners(plan: Plan, kind: Kind) -> set[str]:
    return {
        each.name or each.address
        for each in plan.changes
        if each.type in OWNER_TYPES and each.kind is kind
    }


def _owner(change: Change) -> str:
    if change.type in OWNER_TYPES:
        return change.name or change.address
    for side in (change.after, change.before):
        if isinstance(side, dict):
            for key in ("role", "user", "bucket", "queue_url", "function_name", "name", "arn"):
                if side.get(key):
                    # The name alone, whether it stands in a URL or in an ARN.
                    return str(side[key]).rpartition("/")[2].rpartition(":")[2]
    return change.address
