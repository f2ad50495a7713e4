"""The graphs of the dashboard: intake, health, queues, cost and the latest summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.dashboard import Graph, Metric
from constructs_lib.inventory_functions import METRICS_NAMESPACE

if TYPE_CHECKING:
    from constructs_lib.names import Names

LAMBDA = "AWS/Lambda"
SQS = "AWS/SQS"
EVENTS = "AWS/Events"
DYNAMODB = "AWS/DynamoDB"

#: Dollars per unit, on demand, us-east-1. Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_WRITE_UNIT = "0.000000625"
DOLLARS_PER_READ_UNIT = "0.000000125"

OUTCOMES = ("Loaded", "Unchanged", "Stale", "Rejected", "Skipped", "Duplicate")
INGEST_ROLES = ("Processor", "ChunkProcessor")


def dashboard_graphs(names: Names) -> tuple[Graph, ...]:
    """Give the graphs of a stack's dashboard.

    Args:
        names: The names of what is shown.
    """
    return (*_intake(names), *_health(names), *_cost(names), *_summary(names))


def _intake(names: Names) -> tuple[Graph, ...]:
    processor = ("FunctionName", names.functions["Processor"])
    return (
        Graph(
            title="Files",
            metrics=(
                Metric(
                    namespace=EVENTS,
                    name="MatchedEvents",
                    dimensions=("RuleName", names.upload_rule),
                    label="received",
                ),
                *(
                    _own(names, role, metric, f"{label}, {names.functions[role]}")
                    for metric, label in (("FilesCompleted", "loaded"), ("FilesFailed", "refused"))
                    for role in INGEST_ROLES
                ),
            ),
        ),
        Graph(
            title="Rows by outcome",
            metrics=tuple(
                _own(names, role, f"Rows{outcome}", f"{outcome.lower()}, {names.functions[role]}")
                for outcome in OUTCOMES
                for role in INGEST_ROLES
            ),
        ),
        Graph(
            title="From upload to loaded (ms, longest)",
            metrics=(
                Metric(
                    namespace=LAMBDA,
                    name="AsyncEventAge",
                    dimensions=processor,
                    statistic="Maximum",
                    id="waited",
                    label="waited for the processor",
                ),
                Metric(
                    namespace=LAMBDA,
                    name="Duration",
                    dimensions=processor,
                    statistic="Maximum",
                    id="worked",
                    label="processed",
                ),
                Metric(expression="waited+worked", label="both"),
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
        Graph(
            title="Age of the oldest message (s)",
            metrics=tuple(
                Metric(
                    namespace=SQS,
                    name="ApproximateAgeOfOldestMessage",
                    dimensions=("QueueName", queue),
                    statistic="Maximum",
                )
                for queue in (names.dead_letter_queue, names.work_queue)
            ),
        ),
    )


def _health(names: Names) -> tuple[Graph, ...]:
    return tuple(
        Graph(
            title=title,
            metrics=tuple(
                Metric(
                    namespace=LAMBDA,
                    name=metric,
                    dimensions=("FunctionName", function),
                    statistic=statistic,
                )
                for function in names.functions.values()
                for metric in metrics
            ),
        )
        for title, metrics, statistic in (
            ("Invocations", ("Invocations",), "Sum"),
            ("Errors and throttles", ("Errors", "Throttles"), "Sum"),
            ("Longest invocation (ms)", ("Duration",), "Maximum"),
        )
    )


def _cost(names: Names) -> tuple[Graph, ...]:
    units = [
        (table, metric)
        for table in names.tables.values()
        for metric in ("ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits")
    ]
    metrics = tuple(
        Metric(
            namespace=DYNAMODB,
            name=metric,
            dimensions=("TableName", table),
            id=f"u{index}",
            label=f"{table} {'writes' if 'Write' in metric else 'reads'}",
        )
        for index, (table, metric) in enumerate(units)
    )
    dollars = "+".join(
        f"FILL(u{index},0)*{DOLLARS_PER_WRITE_UNIT if 'Write' in metric else DOLLARS_PER_READ_UNIT}"
        for index, (_, metric) in enumerate(units)
    )
    return (
        Graph(title="Table units consumed", metrics=metrics),
        Graph(
            title="Cost of the tables, estimated (dollars an hour)",
            period_seconds=3600,
            metrics=(
                *(metric.hidden() for metric in metrics),
                Metric(expression=dollars, label="on demand, us-east-1"),
            ),
        ),
    )


def _summary(names: Names) -> tuple[Graph, ...]:
    return (
        Graph(
            title="The latest summary",
            view="singleValue",
            period_seconds=86_400,
            metrics=tuple(
                _own(names, "Summary", metric, label, "Maximum")
                for metric, label in (
                    ("Items", "items"),
                    ("OutOfStockItems", "out of stock"),
                    ("LowStockItems", "running low"),
                    ("FeedsReceived", "feeds"),
                    ("FeedsRejectedRows", "rejected rows"),
                )
            ),
        ),
    )


def _own(names: Names, role: str, metric: str, label: str, statistic: str = "Sum") -> Metric:
    """One of our own metrics, as a function reports it."""
    service = names.functions[role].removeprefix("inventory-").removesuffix(f"-{names.suffix}")
    return Metric(
        namespace=METRICS_NAMESPACE,
        name=metric,
        dimensions=("environment", names.suffix, "service", service),
        statistic=statistic,
        label=label,
    )
