"""CloudWatch metrics: those of AWS services, and those that the functions publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from constructs_lib.names import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.names import Names

METRICS_NAMESPACE = "Inventory"
INGEST_FUNCTIONS = ("Processor", "ChunkProcessor")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric and the statistic of its data points.

    Attributes:
        namespace: The metric's namespace.
        metric_name: The metric's name.
        dimensions: The metric's dimensions. Default: none.
        statistic: Sum, Maximum, Average. Default: Sum.
        label: Name in a graph's legend. Default: CloudWatch makes one of the metric's name.
    """

    namespace: str
    metric_name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    label: str = ""


def aws_metric(
    service: str, metric_name: str, statistic: str = "Sum", label: str = "", **dimensions: str
) -> Metric:
    """Return a metric of an AWS service, such as `Lambda`."""
    return Metric(
        namespace=f"AWS/{service}",
        metric_name=metric_name,
        dimensions=dimensions,
        statistic=statistic,
        label=label,
    )


def own_metric(
    names: Names, function: str, metric_name: str, statistic: str = "Sum", label: str = ""
) -> Metric:
    """Return a metric that one of the functions, given by its construct id, publishes."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric_name,
        dimensions={"environment": names.suffix, "service": SERVICES[function]},
        statistic=statistic,
        label=label,
    )


def ingest_metrics(names: Names, metric_name: str, label: str = "") -> tuple[Metric, ...]:
    """Return a metric of the functions that load files, one for each of them."""
    return tuple(
        own_metric(
            names, each, metric_name, label=f"{label}, {names.functions[each]}" if label else ""
        )
        for each in INGEST_FUNCTIONS
    )
