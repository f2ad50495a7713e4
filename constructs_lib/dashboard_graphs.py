"""The graphs of the dashboard: intake, health, queues, cost and the latest summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.dashboard import Graph, Line
from constructs_lib.metrics import (
    INGEST_FUNCTIONS,
    lambda_metric,
    own_metric,
    queue_metric,
    rule_metric,
    table_metric,
)

if TYPE_CHECKING:
    from constructs_lib.names import Names

#: Dollars per unit, on demand, us-east-1. Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_WRITE_UNIT = "0.000000625"
DOLLARS_PER_READ_UNIT = "0.000000125"

OUTCOMES = ("Loaded", "Unchanged", "Stale", "Rejected", "Skipped", "Duplicate")


def dashboard_graphs(names: Names) -> tuple[Graph, ...]:
    """Return the graphs of a stack's dashboard.

    Args:
        names: The names of what is shown.
    """
    return (*_intake(names), *_health(names), *_cost(names), _summary(names))


def _intake(names: Names) -> tuple[Graph, ...]:
    processor = names.functions["Processor"]
    return (
        Graph(
            title="Files",
            lines=(
                Line(metric=rule_metric(names.upload_rule, "MatchedEvents"), label="received"),
                *_ingest_lines(names, {"FilesCompleted": "loaded", "FilesFailed": "refused"}),
            ),
        ),
        Graph(
            title="Rows by outcome",
            lines=_ingest_lines(names, {f"Rows{each}": each.lower() for each in OUTCOMES}),
        ),
        Graph(
            title="From upload to loaded (ms, longest)",
            lines=(
                Line(
                    metric=lambda_metric(processor, "AsyncEventAge", "Maximum"),
                    id="waited",
                    label="waited for the processor",
                ),
                Line(
                    metric=lambda_metric(processor, "Duration", "Maximum"),
                    id="worked",
                    label="processed",
                ),
                Line(expression="waited+worked", label="both"),
            ),
        ),
        *(
            Graph(
                title=title,
                lines=tuple(
                    Line(metric=queue_metric(queue, metric_name))
                    for queue in (names.dead_letter_queue, names.work_queue)
                ),
            )
            for title, metric_name in (
                ("Messages waiting", "ApproximateNumberOfMessagesVisible"),
                ("Age of the oldest message (s)", "ApproximateAgeOfOldestMessage"),
            )
        ),
    )


def _ingest_lines(names: Names, labels: dict[str, str]) -> tuple[Line, ...]:
    """Return a line for each metric and each function that loads files."""
    return tuple(
        Line(
            metric=own_metric(names, function, metric_name),
            label=f"{label}, {names.functions[function]}",
        )
        for metric_name, label in labels.items()
        for function in INGEST_FUNCTIONS
    )


def _health(names: Names) -> tuple[Graph, ...]:
    return tuple(
        Graph(
            title=title,
            lines=tuple(
                Line(metric=lambda_metric(function, metric_name, statistic))
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
    kinds = (
        ("ConsumedWriteCapacityUnits", "writes", DOLLARS_PER_WRITE_UNIT),
        ("ConsumedReadCapacityUnits", "reads", DOLLARS_PER_READ_UNIT),
    )
    units = [(table, *kind) for table in names.tables.values() for kind in kinds]
    shown, hidden = (
        tuple(
            Line(
                metric=table_metric(table, metric_name),
                id=f"u{index}",
                label=f"{table} {label}",
                visible=visible,
            )
            for index, (table, metric_name, label, _) in enumerate(units)
        )
        for visible in (True, False)
    )
    dollars = "+".join(f"FILL(u{index},0)*{each[-1]}" for index, each in enumerate(units))
    return (
        Graph(title="Table units consumed", lines=shown),
        Graph(
            title="Cost of the tables, estimated (dollars an hour)",
            period_seconds=3600,
            lines=(*hidden, Line(expression=dollars, label="on demand, us-east-1")),
        ),
    )


def _summary(names: Names) -> Graph:
    return Graph(
        title="The latest summary",
        view="singleValue",
        period_seconds=86_400,
        lines=tuple(
            Line(metric=own_metric(names, "Summary", metric_name, "Maximum"), label=label)
            for metric_name, label in (
                ("Items", "items"),
                ("OutOfStockItems", "out of stock"),
                ("LowStockItems", "running low"),
                ("FeedsReceived", "feeds"),
                ("FeedsRejectedRows", "rejected rows"),
            )
        ),
    )
