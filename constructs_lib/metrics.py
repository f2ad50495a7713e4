"""CloudWatch metrics: those of AWS services, and those that the functions publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.names import Names

METRICS_NAMESPACE = "Inventory"
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
# Both functions that load files publish under one name: every combination of a metric and its
# dimensions costs $0.30 a month. https://aws.amazon.com/cloudwatch/pricing/
INGEST_SERVICE = "ingest"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric and the statistic of its data points.

    Attributes:
        namespace: The metric's namespace.
        metric_name: The metric's name.
        dimensions: The metric's dimensions. Default: none.
        statistic: One of STATISTICS, or a percentile such as p99 in a graph. Default: Sum.
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
    names: Names, service: str, metric_name: str, statistic: str = "Sum", label: str = ""
) -> Metric:
    """Return a metric that the functions publish: `ingest`, `summary` or `reconcile`."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric_name,
        dimensions={"environment": names.suffix, "service": service},
        statistic=statistic,
        label=label,
    )


def ingest_metric(names: Names, metric_name: str, label: str = "") -> Metric:
    """Return a metric of the functions that load files."""
    return own_metric(names, INGEST_SERVICE, metric_name, label=label)
