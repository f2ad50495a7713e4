"""Monthly cost of a change at a stated load, for the types of resource this stack is made of.

On-demand prices of us-east-1 in US dollars, without free tiers, as of 2026-11. A month has 30 days.
The figures serve to tell a change of one dollar from one of a thousand, not to check an invoice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from plan_review.masking import JsonValue
    from plan_review.plan import Change, JsonObject, Plan

DAYS = 30
GIB = 1024**3

# https://aws.amazon.com/dynamodb/pricing/on-demand/
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
TABLE_GB_MONTH = 0.25
RECOVERY_GB_MONTH = 0.20
# https://aws.amazon.com/lambda/pricing/ (Arm, and x86 for what is not)
ARM_GB_SECOND = 0.0000133334
X86_GB_SECOND = 0.0000166667
INVOCATION = 0.20e-6
# https://aws.amazon.com/cloudwatch/pricing/
ALARM_METRIC_MONTH = 0.10
CUSTOM_METRIC_MONTH = 0.30
DASHBOARD_MONTH = 3.00
LOG_GB = 0.50
LOG_GB_MONTH = 0.03
# https://aws.amazon.com/s3/pricing/
OBJECT_GB_MONTH = 0.023
# https://aws.amazon.com/kms/pricing/
KEY_MONTH = 1.00
KEY_REQUEST = 0.03 / 10_000
# DynamoDB, SQS and S3's bucket keys ask anew every five minutes, once to write and once to read.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
KEY_REQUESTS_PER_DAY = 2 * 12 * 24
# https://aws.amazon.com/xray/pricing/ (X-Ray records the first request of a second, and 5% more)
TRACE = 5.00e-6
# https://aws.amazon.com/sqs/pricing/
QUEUE_REQUEST = 0.40e-6
# https://aws.amazon.com/eventbridge/pricing/ (custom events of up to 64 KB)
CUSTOM_EVENT = 1.00e-6
# Five pollers wait 20 s each.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS_PER_DAY = 5 * 3 * 60 * 24

CUSTOM_METRICS = {"inventory-processor": 13, "inventory-summary": 6, "inventory-reconcile": 3}
"""Metrics that functions publish, by the name without the environment's suffix.

Both functions that load files publish the same, which are counted with the first.
"""

FREE = frozenset(
    {
        "aws_cloudwatch_event_bus_policy",
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_query_definition",
        "aws_iam_policy",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_kms_alias",
        "aws_lambda_code_signing_config",
        "aws_lambda_event_source_mapping",
        "aws_lambda_function_event_invoke_config",
        "aws_lambda_function_recursion_config",
        "aws_lambda_permission",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_versioning",
        "aws_scheduler_schedule",
        "aws_sns_topic",
        "aws_sns_topic_policy",
        "aws_sns_topic_subscription",
        "aws_sqs_queue_policy",
        "aws_sqs_queue_redrive_policy",
        "terraform_data",
    }
)
"""Types that cost nothing, or less than a cent a month here."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """The load that a cost is stated at.

    Attributes:
        files_per_day: Stock files.
        rows_per_day: Rows in them.
        changed_share: Rows whose stock differs from what is stored.
        items: Items stored; one has about 1 KB.
        row_bytes: Bytes of a row in a file.
        retention_days: Days files are kept.
        rows_per_second: Rows that one processor loads in a second.
    """

    files_per_day: int = 100
    rows_per_day: int = 1_000_000
    changed_share: float = 0.02
    items: int = 1_000_000
    row_bytes: int = 100
    retention_days: int = 90
    rows_per_second: int = 20_000

    def __str__(self) -> str:
        """Give the load in words."""
        return (
            f"{self.files_per_day:,} files and {self.rows_per_day:,} rows a day, "
            f"{self.changed_share:.0%} of them changed, {self.items:,} items"
        )


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """Monthly cost that one resource adds or saves.

    Attributes:
        address: The resource.
        before: US dollars a month before.
        after: US dollars a month after.
    """

    address: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Monthly cost of a plan.

    Attributes:
        load: The load it is stated at.
        changes: Resources whose cost changes by half a cent or more, largest change first.
        unpriced: Types in the plan that this module knows no price of.
    """

    load: Load
    changes: tuple[CostChange, ...] = ()
    unpriced: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """US dollars a month."""
        return sum(each.after - each.before for each in self.changes)


def costs(plan: Plan, load: Load) -> Costs:
    """Give what a plan adds to the bill.

    Args:
        plan: The plan.
        load: The load to state it at.
    """
    changes = []
    unpriced = set()
    for change in plan.changes:
        if change.type not in PRICES:
            unpriced |= {change.type} - FREE
            continue
        before, after = _monthly(change, change.before, load), _monthly(change, change.after, load)
        if change.kind is Kind.FORGET:
            after = before  # what is forgotten is still paid for
        if abs(after - before) >= HALF_A_CENT:  # half a cent
            changes.append(CostChange(address=change.address, before=before, after=after))
    changes.sort(key=lambda each: -abs(each.after - each.before))
    return Costs(load=load, changes=tuple(changes), unpriced=tuple(sorted(unpriced)))


def _monthly(change: Change, side: JsonValue, load: Load) -> float:
    return PRICES[change.type](side, load) if isinstance(side, dict) else 0.0


def _table(side: JsonObject, load: Load) -> float:
    name = str(side.get("name", ""))
    changed = load.rows_per_day * load.changed_share
    if "ingestions" in name:
        writes, reads, gigabytes = 5.0 * load.files_per_day, 3.0 * load.files_per_day, 0.01
    elif "lanes" in name:
        # An entry per file and lane, a look at each lane that was written, and a note of the feed.
        writes, reads, gigabytes = 65.0 * load.files_per_day, 64.0 * load.files_per_day, 0.01
    else:
        writes, reads, gigabytes = changed, float(load.rows_per_day), load.items * 1024 / GIB
    recovery = side.get("point_in_time_recovery") or [{}]
    per_gigabyte = TABLE_GB_MONTH + (RECOVERY_GB_MONTH if recovery[0].get("enabled") else 0)
    encryption = side.get("server_side_encryption") or [{}]
    return (
        DAYS * (writes * WRITE_UNIT + reads * READ_UNIT)
        + gigabytes * per_gigabyte
        + _key_requests(used=bool(encryption[0].get("enabled")))
    )


def _function(side: JsonObject, load: Load) -> float:
    name = str(side.get("function_name", ""))
    memory_gb = float(side.get("memory_size") or 128) / 1024
    seconds = {
        "inventory-processor": load.rows_per_day / load.rows_per_second + load.files_per_day,
        "inventory-summary": load.items / load.rows_per_second,
        "inventory-reconcile": 24 * 5.0,
    }
    invocations = {"inventory-summary": 1, "inventory-reconcile": 24}
    key = name.rpartition("-")[0]
    arm = "arm64" in (side.get("architectures") or [])
    per_second = memory_gb * (ARM_GB_SECOND if arm else X86_GB_SECOND)
    traced = any(each.get("mode") == "Active" for each in side.get("tracing_config") or [])
    return CUSTOM_METRICS.get(key, 0) * CUSTOM_METRIC_MONTH + DAYS * (
        seconds.get(key, float(load.files_per_day)) * per_second
        + invocations.get(key, load.files_per_day) * (INVOCATION + (TRACE if traced else 0))
    )


def _alarm(side: JsonObject, _: Load) -> float:
    queried = [each for each in side.get("metric_query") or [] if each.get("metric")]
    return ALARM_METRIC_MONTH * max(1, len(queried))


def _log_group(side: JsonObject, load: Load) -> float:
    gigabytes_per_day = load.files_per_day * 20 * 1024 / GIB
    kept_days = float(side.get("retention_in_days") or 3653)
    return gigabytes_per_day * (DAYS * LOG_GB + kept_days * LOG_GB_MONTH)


def _bucket(side: JsonObject, load: Load) -> float:
    share = 1.0 if "uploads" in str(side.get("bucket", "uploads")) else 0.05
    kept = load.rows_per_day * load.row_bytes * load.retention_days / GIB
    return kept * share * OBJECT_GB_MONTH


def _bucket_encryption(side: JsonObject, _: Load) -> float:
    defaults = [
        default
        for rule in side.get("rule") or []
        for default in rule.get("apply_server_side_encryption_by_default") or []
    ]
    return _key_requests(used=any(each.get("sse_algorithm") == "aws:kms" for each in defaults))


def _queue(side: JsonObject, load: Load) -> float:
    polls = POLLS_PER_DAY if "work" in str(side.get("name", "")) else 0
    # A plan does not know the id of a key that it makes, but that SQS's own is not used.
    own_key = _key_requests(used=not side.get("sqs_managed_sse_enabled", True))
    return DAYS * (polls + 3 * load.files_per_day) * QUEUE_REQUEST + own_key


def _key_requests(*, used: bool) -> float:
    return DAYS * KEY_REQUESTS_PER_DAY * KEY_REQUEST if used else 0.0


HALF_A_CENT = 0.005
"""Smaller changes are not told."""

PRICES: dict[str, Callable[[JsonObject, Load], float]] = {
    "aws_cloudwatch_dashboard": lambda _, __: DASHBOARD_MONTH,
    "aws_cloudwatch_event_bus": lambda _, load: DAYS * load.files_per_day * CUSTOM_EVENT,
    "aws_cloudwatch_log_group": _log_group,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_dynamodb_table": _table,
    "aws_kms_key": lambda _, __: KEY_MONTH,
    "aws_lambda_function": _function,
    "aws_s3_bucket": _bucket,
    "aws_s3_bucket_server_side_encryption_configuration": _bucket_encryption,
    "aws_sqs_queue": _queue,
}
"""Monthly cost of a resource, by type: a function of its attributes and the load."""
