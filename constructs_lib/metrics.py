"""CloudWatch metrics: those of AWS services, and those that the functions publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from constructs_lib.names import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from constructs_lib.names import Names

METRICS_NAMESPACE = "Inventory"
INGEST_FUNCTIONS = ("Processor", "ChunkProcessor")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric with its dimensions and how its data points are aggregated.

    Attributes:
        namespace: The metric's namespace.
        metric_name: The metric's name.
        dimensions: The metric's dimensions. Default: none.
        statistic: Sum, Maximum, Average. Default: Sum.
    """

    namespace: str
    metric_name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"


def lambda_metric(function_name: str, metric_name: str, statistic: str = "Sum") -> Metric:
    """Return a metric of Lambda about a function."""
    return Metric(
        namespace="AWS/Lambda",
        metric_name=metric_name,
        dimensions={"FunctionName": function_name},
        statistic=statistic,
    )


def queue_metric(queue_name: str, metric_name: str) -> Metric:
    """Return a metric of SQS about a queue."""
    return Metric(
        namespace="AWS/SQS",
        metric_name=metric_name,
        dimensions={"QueueName": queue_name},
        statistic="Maximum",
    )


def rule_metric(rule_name: str, metric_name: str) -> Metric:
    """Return a metric of EventBridge about a rule."""
    return Metric(
        namespace="AWS/Events", metric_name=metric_name, dimensions={"RuleName": rule_name}
    )


def table_metric(table_name: str, metric_name: str, operation: str | None = None) -> Metric:
    """Return a metric of DynamoDB about a table, or about one operation on it."""
    dimensions = {"TableName": table_name} | ({"Operation": operation} if operation else {})
    return Metric(namespace="AWS/DynamoDB", metric_name=metric_name, dimensions=dimensions)


def own_metric(names: Names, function: str, metric_name: str, statistic: str = "Sum") -> Metric:
    """Return a metric that one of the functions publishes.

    Args:
        names: The environment's names.
        function: Construct id of the function.
        metric_name: The metric's name.
        statistic: Sum, Maximum, Average.
    """
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric_name,
        dimensions={"environment": names.suffix, "service": SERVICES[function]},
        statistic=statistic,
    )


def ingest_metrics(names: Names, metric_name: str) -> tuple[Metric, ...]:
    """Return a metric of the functions that load files, one for each of them."""
    return tuple(own_metric(names, each, metric_name) for each in INGEST_FUNCTIONS)


def sum_of(metrics: Iterable[Metric], *, first: int = 1) -> str:
    """Return the metric math that adds metrics, of which any may have no data.

    Args:
        metrics: What is added.
        first: Number of the first of them among the alarm's metrics.
    """
    return "+".join(f"FILL(m{number},0)" for number, _ in enumerate(metrics, start=first))
