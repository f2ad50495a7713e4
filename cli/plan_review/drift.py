"""Drift: changes outside of Terraform, without those that Terraform itself causes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from plan_review.attributes import Difference, differences
from plan_review.masking import ABSENT
from plan_review.plan import Change, Kind
from plan_review.policies import UnreadablePolicyError, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from plan_review.masking import JsonValue
    from plan_review.plan import JsonObject, Plan


class Echo(NamedTuple):
    """Where an attribute repeats other resources of the stack.

    Attributes:
        type: Their type.
        owner: Their attribute that names the resource with the echo.
        says: What the echo and the others say, in the same words; None where both are read from
            the same place, so that they cannot differ.
    """

    type: str
    owner: str
    says: Callable[[JsonValue, Iterable[JsonObject]], tuple[JsonValue, JsonValue]] | None = None


def _document(attribute: str) -> Callable[..., tuple[JsonValue, JsonValue]]:
    def says(echo: JsonValue, others: Iterable[JsonObject]) -> tuple[JsonValue, JsonValue]:
        return pairs_of(echo), next(pairs_of(each[attribute]) for each in others)

    return says


def _inline(echo: JsonValue, others: Iterable[JsonObject]) -> tuple[JsonValue, JsonValue]:
    said, meant = (
        {(each["name"], pairs_of(each["policy"])) for each in policies}
        for policies in (echo, others)
    )
    return said, meant


def _attached(echo: JsonValue, others: Iterable[JsonObject]) -> tuple[JsonValue, JsonValue]:
    return set(echo), {each["policy_arn"] for each in others}


def _redrive(echo: JsonValue, others: Iterable[JsonObject]) -> tuple[JsonValue, JsonValue]:
    return json.loads(echo), next(json.loads(each["redrive_policy"]) for each in others)


ECHOES = {
    "aws_iam_role": {
        "inline_policy": Echo("aws_iam_role_policy", "role", _inline),
        "managed_policy_arns": Echo("aws_iam_role_policy_attachment", "role", _attached),
    },
    "aws_s3_bucket": {
        "lifecycle_rule": Echo("aws_s3_bucket_lifecycle_configuration", "bucket"),
        "logging": Echo("aws_s3_bucket_logging", "bucket"),
        "policy": Echo("aws_s3_bucket_policy", "bucket", _document("policy")),
        "server_side_encryption_configuration": Echo(
            "aws_s3_bucket_server_side_encryption_configuration", "bucket"
        ),
        "versioning": Echo("aws_s3_bucket_versioning", "bucket"),
    },
    "aws_sns_topic": {"policy": Echo("aws_sns_topic_policy", "arn", _document("policy"))},
    "aws_sqs_queue": {
        "policy": Echo("aws_sqs_queue_policy", "queue_url", _document("policy")),
        "redrive_policy": Echo("aws_sqs_queue_redrive_policy", "queue_url", _redrive),
    },
}
"""Attributes that only repeat other resources of the stack, such as a bucket's policy. One that
says anything else than these do is drift."""

MAPS = frozenset({"tags", "tags_all", "variables"})
"""Blocks whose keys are chosen by whoever writes them: the provider fills nothing in there."""

TIMES = {
    "aws_lambda_event_source_mapping": ("last_modified", "last_processing_result"),
    "aws_lambda_function": ("last_modified",),
}
"""Attributes that only say when a service last did something."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A resource that is not what the last apply left.

    Attributes:
        address: Its address.
        gone: True if it was destroyed.
        differences: What differs; before is what Terraform left, after what is there.
    """

    address: str
    gone: bool
    differences: tuple[Difference, ...] = ()


def drifts(plan: Plan) -> tuple[Drift, ...]:
    """Give what changed outside of Terraform.

    Args:
        plan: The plan.
    """
    others: dict[tuple[str, str], list[JsonObject]] = {}
    echoed = {echo.type: echo.owner for echoes in ECHOES.values() for echo in echoes.values()}
    for source in (*plan.unchanged, *plan.changes):
        if source.type in echoed and source.before:
            owner = str(source.before.get(echoed[source.type]))
            others.setdefault((source.type, owner), []).append(source.before)
    found = []
    for change in plan.drift:
        if change.kind is Kind.DESTROY:
            found.append(Drift(address=change.address, gone=True))
            continue
        told: dict[str, bool] = {}
        differing = []
        for each in differences(change):
            attribute = each.path.partition(".")[0]
            if attribute not in told:
                told[attribute] = _is_told(change, attribute, others)
            if not told[attribute] and not _filled_in(each):
                differing.append(each)
        if differing:
            found.append(Drift(address=change.address, gone=False, differences=tuple(differing)))
    return tuple(found)


def _is_told(
    change: Change, attribute: str, others: dict[tuple[str, str], list[JsonObject]]
) -> bool:
    """Tell whether an attribute says nothing that other resources of the stack do not say."""
    if attribute in TIMES.get(change.type, ()):
        return True
    echo = ECHOES.get(change.type, {}).get(attribute)
    if echo is None or not isinstance(change.after, dict):
        return False
    names = [change.after.get(key) for key in ("arn", "bucket", "id", "name")]
    sources = [each for name in names for each in others.get((echo.type, str(name)), ())]
    sources = [each for index, each in enumerate(sources) if each not in sources[:index]]
    if echo.says is None:
        return len(sources) == 1
    try:
        said, meant = echo.says(change.after.get(attribute), sources)
    except (KeyError, RecursionError, StopIteration, TypeError, UnreadablePolicyError):
        return False
    return bool(said == meant)


def _filled_in(difference: Difference) -> bool:
    """Tell whether the provider's first read only wrote a zero within a block where nothing was."""
    block = difference.path.split(".")[:-1]
    return (
        difference.before == ABSENT
        and difference.after in {"0", "false"}
        and bool(block)
        and MAPS.isdisjoint(block)
    )
