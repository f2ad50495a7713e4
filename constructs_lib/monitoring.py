"""What is watched: the table of alarms and the graphs of the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.alarms import AlarmSpec
from constructs_lib.dashboard import Graph, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.names import Names

LAMBDA = "AWS/Lambda"
SQS = "AWS/SQS"
EVENTS = "AWS/Events"
DYNAMODB = "AWS/DynamoDB"
HOUR_IN_SECONDS = 3600


def alarm_specs(names: Names, *, expected_feed_interval_hours: int) -> tuple[AlarmSpec, ...]:
    """Give the alarms of a stack.

    Args:
        names: The names of what is watched.
        expected_feed_interval_hours: Hours in which a file must arrive.
    """
    return (
        AlarmSpec(
            key="NoFeedArrived",
            alarm_name=names.of("no-feed-arrived"),
            description=f"No file has arrived for {expected_feed_interval_hours} hours.",
            namespace=LAMBDA,
            metric_name="Invocations",
            dimensions={"FunctionName": names.functions["Processor"]},
            threshold=1,
            operator="LessThanThreshold",
            period_seconds=HOUR_IN_SECONDS,
            evaluation_periods=expected_feed_interval_hours,
            # Lambda reports no invocations by reporting nothing.
            missing_data="breaching",
        ),
        *_queue_alarms(names),
        *(alarm for role in names.functions for alarm in _function_alarms(names, role)),
        *(alarm for role in names.tables for alarm in _table_alarms(names, role)),
        AlarmSpec(
            key="UploadRuleFailedInvocations",
            alarm_name=names.of("upload-rule-failed-invocations"),
            description="EventBridge gave up on handing new files to the processor.",
            namespace=EVENTS,
            metric_name="FailedInvocations",
            dimensions={"RuleName": names.upload_rule},
            threshold=0,
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


def _function_alarms(names: Names, role: str) -> tuple[AlarmSpec, ...]:
    name = names.functions[role]
    return tuple(
        AlarmSpec(
            key=f"{role}{metric}",
            alarm_name=f"{name}-{suffix}",
            description=f"{name} {meaning}.",
            namespace=LAMBDA,
            metric_name=metric,
            dimensions={"FunctionName": name},
            threshold=0,
        )
        for metric, suffix, meaning in (
            ("Errors", "errors", "raised an error or ran out of time"),
            ("Throttles", "throttles", "was not allowed to run for lack of concurrency"),
            ("DeadLetterErrors", "dead-letter-errors", "lost an event: the queue refused it"),
        )
    )


def _table_alarms(names: Names, role: str) -> tuple[AlarmSpec, ...]:
    name = names.tables[role]
    return tuple(
        AlarmSpec(
            key=f"{role}{metric}",
            alarm_name=f"{name}-{suffix}",
            description=f"{name} {meaning}.",
            namespace=DYNAMODB,
            metric_name=metric,
            dimensions={"TableName": name},
            threshold=0,
        )
        for metric, suffix, meaning in (
            ("ReadThrottleEvents", "read-throttles", "refused reads for lack of capacity"),
            ("WriteThrottleEvents", "write-throttles", "refused writes for lack of capacity"),
        )
    )


def dashboard_graphs(names: Names) -> tuple[Graph, ...]:
    """Give the graphs of a stack's dashboard.

    Args:
        names: The names of what is shown.
    """
    functions = names.functions.values()
    return (
        Graph(
            title="Files received",
            metrics=(
                Metric(
                    namespace=EVENTS,
                    name="MatchedEvents",
                    dimensions=("RuleName", names.upload_rule),
                ),
            ),
        ),
        Graph(
            title="Messages waiting",
            metrics=tuple(
                Metric(
                    namespace=SQS,
                    name="ApproximateNumberOfMessagesVisible",
                    dimensions=("QueueName", queue),
                    statistic="Maximum",
                )
                for queue in (names.dead_letter_queue, names.work_queue)
            ),
        ),
        _function_graph("Invocations", "Invocations", "Sum", functions),
        _function_graph("Errors", "Errors", "Sum", functions),
        _function_graph("Longest invocation (ms)", "Duration", "Maximum", functions),
        Graph(
            title="Units consumed",
            metrics=tuple(
                Metric(namespace=DYNAMODB, name=metric, dimensions=("TableName", table))
                for table in names.tables.values()
                for metric in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
            ),
        ),
    )


def _function_graph(title: str, metric: str, statistic: str, functions: Iterable[str]) -> Graph:
    return Graph(
        title=title,
        metrics=tuple(
            Metric(
                namespace=LAMBDA,
                name=metric,
                dimensions=("FunctionName", function),
                statistic=statistic,
            )
            for function in functions
        ),
    )
