"""The graphs of the dashboard: intake, health, queues, cost and the latest summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.dashboard import Graph
from constructs_lib.metrics import aws_metric, ingest_metric, own_metric

if TYPE_CHECKING:
    from constructs_lib.names import Names

#: Dollars per unit, on demand, us-east-1. Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
UNITS = (
    ("ConsumedWriteCapacityUnits", "writes", "0.000000625"),
    ("ConsumedReadCapacityUnits", "reads", "0.000000125"),
)
OUTCOMES = (
    "Loaded",
    "Unchanged",
    "Stale",
    "Rejected",
    "Skipped",
    "Duplicate",
    "Conflicting",
)


def dashboard_graphs(names: Names) -> tuple[Graph, ...]:
    """Return the graphs of a stack's dashboard.

    Args:
        names: The names of what is shown.
    """
    return (*_intake(names), *_queues(names), *_health(names), *_cost(names), _summary(names))


def _intake(names: Names) -> tuple[Graph, ...]:
    processor = names.functions["Processor"]
    return (
        Graph(
            title="Files",
            metrics=(
                aws_metric("Events", "MatchedEvents", label="received", RuleName=names.upload_rule),
                ingest_metric(names, "FilesCompleted", "loaded"),
                ingest_metric(names, "FilesFailed", "refused"),
                ingest_metric(names, "FilesWithoutStock", "without stock"),
            ),
        ),
        Graph(
            title="Rows by outcome",
            metrics=tuple(
                ingest_metric(names, f"Rows{outcome}", outcome.lower()) for outcome in OUTCOMES
            ),
        ),
        Graph(
            title="From upload to loaded (ms, longest)",
            metrics=tuple(
                aws_metric("Lambda", metric_name, "Maximum", label, FunctionName=processor)
                for metric_name, label in (
                    ("AsyncEventAge", "waited for the processor"),
                    ("Duration", "processed"),
                )
            ),
            expression="m1+m2",
            expression_label="both",
        ),
    )


def _queues(names: Names) -> tuple[Graph, ...]:
    return tuple(
        Graph(
            title=title,
            metrics=tuple(
                aws_metric("SQS", metric_name, "Maximum", QueueName=queue)
                for queue in (names.dead_letter_queue, names.work_queue)
            ),
        )
        for title, metric_name in (
            ("Messages waiting", "ApproximateNumberOfMessagesVisible"),
            ("Age of the oldest message (s)", "ApproximateAgeOfOldestMessage"),
        )
    )


def _health(names: Names) -> tuple[Graph, ...]:
    return tuple(
        Graph(
            title=title,
            metrics=tuple(
                aws_metric("Lambda", metric_name, statistic, FunctionName=function)
                for function in names.functions.values()
                for metric_name in metric_names
            ),
        )
        for title, metric_names, statistic in (
            ("Invocations", ("Invocations",), "Sum"),
            ("Errors and throttles", ("Errors", "Throttles"), "Sum"),
            ("Longest invocation (ms)", ("Duration",), "Maximum"),
        )
    )


def _cost(names: Names) -> tuple[Graph, ...]:
    metrics = tuple(
        aws_metric("DynamoDB", metric_name, label=f"{table} {label}", TableName=table)
        for table in names.tables.values()
        for metric_name, label, _ in UNITS
    )
    prices = [price for _ in names.tables for _, _, price in UNITS]
    return (
        Graph(title="Table units consumed", metrics=metrics),
        Graph(
            title="Cost of the tables, estimated (dollars an hour)",
            period_seconds=3600,
            metrics=metrics,
            expression="+".join(
                f"FILL(m{number},0)*{price}" for number, price in enumerate(prices, start=1)
            ),
            expression_label="on demand, us-east-1",
            expression_only=True,
        ),
    )


def _summary(names: Names) -> Graph:
    return Graph(
        title="The latest summary",
        view="singleValue",
        period_seconds=86_400,
        metrics=tuple(
            own_metric(names, "summary", metric_name, "Maximum", label)
            for metric_name, label in (
                ("Items", "items"),
                ("OutOfStockItems", "out of stock"),
                ("LowStockItems", "running low"),
                ("FeedsReceived", "feeds"),
                ("FeedsRejectedRows", "rejected rows"),
            )
        ),
    )
