"""What changed outside of Terraform, without what Terraform itself is the cause of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.attributes import ABSENT, Difference, differences
from plan_review.plan import Kind

if TYPE_CHECKING:
    from plan_review.plan import Plan

ECHOES = {
    "aws_lambda_event_source_mapping": ("last_modified", "last_processing_result"),
    "aws_lambda_function": ("last_modified",),
    "aws_iam_role": ("inline_policy", "managed_policy_arns"),
    "aws_s3_bucket": (
        "lifecycle_rule",
        "logging",
        "policy",
        "server_side_encryption_configuration",
        "versioning",
    ),
    "aws_sns_topic": ("policy",),
    "aws_sqs_queue": ("policy", "redrive_policy"),
}
"""Attributes that only repeat another resource of the stack, such as a bucket's policy; whoever
changes them outside of Terraform shows up as drift of that resource. Or attributes that only say
when a service last did something."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A resource that is not what the last apply left.

    Attributes:
        address: Its address.
        gone: Whether it was destroyed.
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
    found = []
    for change in plan.drift:
        if change.kind is Kind.DESTROY:
            found.append(Drift(address=change.address, gone=True))
            continue
        echoes = ECHOES.get(change.type, ())
        differing = tuple(
            each
            for each in differences(change)
            if each.path.partition(".")[0] not in echoes and not _filled_in(each)
        )
        if differing:
            found.append(Drift(address=change.address, gone=False, differences=differing))
    return tuple(found)


def _filled_in(difference: Difference) -> bool:
    """Whether the provider's first read only wrote a zero where nothing was."""
    return difference.before == ABSENT and difference.after in {"0", "false"}
