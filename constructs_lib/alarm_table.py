"""The alarms of a stack, a line each; docs/operations.md has a section for every one of them.

What missing data means is decided for each. A count that is only reported when something happens
(errors, throttles, rejected rows) is well while nothing is reported. Something that must happen
(a feed, a summary) has not happened while nothing is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.alarms import AlarmInput, AlarmSpec
from constructs_lib.inventory_functions import LONGEST_INVOCATION_SECONDS, METRICS_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.names import Names

LAMBDA = "AWS/Lambda"
SQS = "AWS/SQS"
EVENTS = "AWS/Events"
DYNAMODB = "AWS/DynamoDB"
HOUR_IN_SECONDS = 3600
DAY_IN_SECONDS = 86_400

#: A summary is made daily; two hours are for a late or repeated one.
SUMMARY_WINDOW_HOURS = 26
#: Rejects wait for a supplier over a weekend; queues keep messages for 14 days, so that 10 remain.
OLDEST_DEAD_LETTER_SECONDS = 4 * DAY_IN_SECONDS
#: Above this share of a timeout an invocation is about to be cut off.
NEAR_TIMEOUT_SHARE = 0.8
#: Above this many in a hundred it is not single rows that are wrong but the feed.
REJECTED_ROWS_PER_HUNDRED = 5

#: Operations of the functions by table; DynamoDB counts its own faults by operation alone.
#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
TABLE_OPERATIONS = {
    "Items": ("BatchGetItem", "BatchExecuteStatement", "Scan"),
    "Ingestions": ("BatchGetItem", "GetItem", "UpdateItem", "Scan"),
    "Lanes": ("PutItem", "Query"),
}
INGEST_ROLES = ("Processor", "ChunkProcessor")

#: Timeouts of the functions that have another than the longest; a test compares them.
SHORTER_TIMEOUT_SECONDS = {"Reconcile": 300}


def alarm_specs(names: Names, *, expected_feed_interval_hours: int) -> tuple[AlarmSpec, ...]:
    """Give the alarms of a stack.

    Args:
        names: The names of what is watched.
        expected_feed_interval_hours: Hours in which a file must arrive.
    """
    return (
        *_absence_alarms(names, expected_feed_interval_hours),
        *_row_alarms(names),
        *_queue_alarms(names),
        *(alarm for role in names.functions for alarm in _function_alarms(names, role)),
        *(alarm for role in names.tables for alarm in _table_alarms(names, role)),
        *_rule_alarms(names),
    )


def _absence_alarms(names: Names, feed_interval_hours: int) -> tuple[AlarmSpec, ...]:
    """What must happen in time. Each hour is a data point, and every one of the window must be low.

    CloudWatch looks back seven days at most for periods of an hour, which bounds the setting.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    return (
        AlarmSpec(
            key="NoFeedArrived",
            alarm_name=names.of("no-feed-arrived"),
            description=f"No file has arrived for {feed_interval_hours} hours.",
            namespace=LAMBDA,
            metric_name="Invocations",
            dimensions={"FunctionName": names.functions["Processor"]},
            threshold=1,
            operator="LessThanThreshold",
            period_seconds=HOUR_IN_SECONDS,
            evaluation_periods=feed_interval_hours,
            # Lambda reports no invocations by reporting nothing.
            missing_data="breaching",
        ),
        AlarmSpec(
            key="NoSummaryWritten",
            alarm_name=names.of("no-summary-written"),
            description=f"No summary was written for {SUMMARY_WINDOW_HOURS} hours.",
            namespace=METRICS_NAMESPACE,
            metric_name="SummariesWritten",
            dimensions=_own_dimensions(names, "Summary"),
            threshold=1,
            operator="LessThanThreshold",
            period_seconds=HOUR_IN_SECONDS,
            evaluation_periods=SUMMARY_WINDOW_HOURS,
            # A summary that was not written reports nothing.
            missing_data="breaching",
        ),
    )


def _row_alarms(names: Names) -> tuple[AlarmSpec, ...]:
    rejected = _of_roles(names, "RowsRejected", INGEST_ROLES)
    read = _of_roles(names, "RowsRead", INGEST_ROLES)
    breaches = _of_roles(names, "AccountingBreaches", INGEST_ROLES)
    share = f"100*({_sum(rejected)})/({_sum(read, after=len(rejected))})"
    return (
        AlarmSpec(
            key="RejectedRows",
            alarm_name=names.of("rejected-rows"),
            description=f"More than {REJECTED_ROWS_PER_HUNDRED} of 100 rows were rejected.",
            # Division by zero gives no data point, which is right: an hour without rows is well.
            expression=share,
            inputs=(*rejected, *read),
            threshold=REJECTED_ROWS_PER_HUNDRED,
            period_seconds=HOUR_IN_SECONDS,
        ),
        AlarmSpec(
            key="AccountingBreaches",
            alarm_name=names.of("accounting-breaches"),
            description="The outcomes of a file's rows do not add up to the rows read.",
            expression=_sum(breaches),
            inputs=breaches,
            threshold=0,
            evaluation_periods=3,
            datapoints_to_alarm=1,
        ),
    )


def _queue_alarms(names: Names) -> tuple[AlarmSpec, ...]:
    return (
        AlarmSpec(
            key="DeadLetterQueueNotEmpty",
            alarm_name=names.of("dlq-not-empty"),
            description="Rejected rows or failed events wait in the dead-letter queue.",
            namespace=SQS,
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.dead_letter_queue},
            statistic="Maximum",
            threshold=0,
            # SQS stops reporting about a queue that nobody used for six hours; its messages stay.
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
            missing_data="ignore",
        ),
        AlarmSpec(
            key="DeadLetterQueueAge",
            alarm_name=names.of("dlq-age"),
            description="The oldest message in the dead-letter queue is more than four days old.",
            namespace=SQS,
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": names.dead_letter_queue},
            statistic="Maximum",
            threshold=OLDEST_DEAD_LETTER_SECONDS,
            missing_data="ignore",
        ),
        AlarmSpec(
            key="WorkQueueAge",
            alarm_name=names.of("work-queue-age"),
            description="A part of a large file has waited for more than an hour.",
            namespace=SQS,
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": names.work_queue},
            statistic="Maximum",
            threshold=HOUR_IN_SECONDS,
        ),
    )


def _function_alarms(names: Names, role: str) -> Iterable[AlarmSpec]:
    name = names.functions[role]
    for metric, suffix, meaning in (
        ("Errors", "errors", "raised an error or ran out of time"),
        ("Throttles", "throttles", "was not allowed to run for lack of concurrency"),
        ("DeadLetterErrors", "dead-letter-errors", "lost an event: the queue refused it"),
    ):
        yield AlarmSpec(
            key=f"{role}{metric}",
            alarm_name=f"{name}-{suffix}",
            description=f"{name} {meaning}.",
            namespace=LAMBDA,
            metric_name=metric,
            dimensions={"FunctionName": name},
            threshold=0,
        )
    timeout = SHORTER_TIMEOUT_SECONDS.get(role, LONGEST_INVOCATION_SECONDS)
    yield AlarmSpec(
        key=f"{role}Duration",
        alarm_name=f"{name}-duration",
        description=f"{name} took more than four fifths of the {timeout} seconds it has.",
        namespace=LAMBDA,
        metric_name="Duration",
        dimensions={"FunctionName": name},
        statistic="Maximum",
        threshold=round(NEAR_TIMEOUT_SHARE * timeout * 1000),
    )


def _table_alarms(names: Names, role: str) -> tuple[AlarmSpec, ...]:
    """Faults of a table.

    An alarm on a metric of DynamoDB keeps its state while data is missing, whatever it is told, and
    these metrics have data only when something is wrong: it would stay on for ever. Math that fills
    the gaps with zero ends it; as the newest data point may still be on its way and be filled too,
    one of three is enough.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    name = names.tables[role]
    throttles = tuple(
        AlarmInput(namespace=DYNAMODB, metric_name=metric, dimensions={"TableName": name})
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
    )
    errors = tuple(
        AlarmInput(
            namespace=DYNAMODB,
            metric_name="SystemErrors",
            dimensions={"TableName": name, "Operation": operation},
        )
        for operation in TABLE_OPERATIONS[role]
    )
    return (
        AlarmSpec(
            key=f"{role}Throttles",
            alarm_name=f"{name}-throttles",
            description=f"{name} refused reads or writes for lack of capacity.",
            expression=_sum(throttles),
            inputs=throttles,
            threshold=0,
            evaluation_periods=3,
            datapoints_to_alarm=1,
        ),
        AlarmSpec(
            key=f"{role}SystemErrors",
            alarm_name=f"{name}-system-errors",
            description=f"DynamoDB failed to serve requests for {name}.",
            expression=_sum(errors),
            inputs=errors,
            threshold=0,
            evaluation_periods=3,
            datapoints_to_alarm=1,
        ),
    )


def _rule_alarms(names: Names) -> tuple[AlarmSpec, ...]:
    return tuple(
        AlarmSpec(
            key=f"UploadRule{key}",
            alarm_name=names.of(f"upload-rule-{suffix}"),
            description=description,
            namespace=EVENTS,
            metric_name=metric,
            dimensions={"RuleName": names.upload_rule},
            threshold=0,
        )
        for key, suffix, metric, description in (
            (
                "FailedInvocations",
                "failed-invocations",
                "FailedInvocations",
                "EventBridge gave up on handing new files to the processor.",
            ),
            (
                "DeadLetterErrors",
                "dead-letter-errors",
                "InvocationsFailedToBeSentToDlq",
                "EventBridge lost events: the dead-letter queue refused them.",
            ),
        )
    )


def _of_roles(names: Names, metric: str, roles: Iterable[str]) -> tuple[AlarmInput, ...]:
    """One of our own metrics, as each of some functions reports it."""
    return tuple(
        AlarmInput(
            namespace=METRICS_NAMESPACE,
            metric_name=metric,
            dimensions=_own_dimensions(names, role),
        )
        for role in roles
    )


def _own_dimensions(names: Names, role: str) -> dict[str, str]:
    """Dimensions that the functions give their metrics."""
    service = names.functions[role].removeprefix("inventory-").removesuffix(f"-{names.suffix}")
    return {"environment": names.suffix, "service": service}


def _sum(inputs: tuple[AlarmInput, ...], *, after: int = 0) -> str:
    """Sum of some inputs in CloudWatch's metric math, of which one may have no data.

    Args:
        inputs: What is added.
        after: How many inputs of the alarm come before them.
    """
    return "+".join(f"FILL(m{after + index},0)" for index in range(1, len(inputs) + 1))
