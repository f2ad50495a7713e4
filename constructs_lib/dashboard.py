"""A CloudWatch dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs_lib.metrics import STATISTICS
from constructs_lib.validation import (
    Rule,
    between,
    identifier,
    matching,
    one_of,
    text,
    validate,
    validate_types,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.metrics import Metric

SHORT_PERIODS = (1, 5, 10, 20, 30)
LONGEST_PERIOD = 2_592_000
PERCENTILE = r"p(?:100|[0-9]{1,2}(?:\.[0-9]+)?)"
WIDTH = 12
HEIGHT = 6
COLUMNS = 24


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph.

    Attributes:
        title: Its title.
        metrics: Its metrics, one line each.
        expression: Metric math over the metrics, which are m1, m2 and so on, for one more line.
            Default: no such line.
        expression_label: Name of that line in the legend. Default: the expression.
        expression_only: Hide the metrics themselves. Default: they are drawn.
        view: timeSeries or singleValue. Default: timeSeries.
        period_seconds: Length of one data point. Default: five minutes.
    """

    title: str
    metrics: tuple[Metric, ...]
    expression: str = ""
    expression_label: str = ""
    expression_only: bool = False
    view: str = "timeSeries"
    period_seconds: int = 300

    def lines(self) -> Iterator[list[Any]]:
        """Yield the lines as the dashboard's JSON has them.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
        """
        for number, metric in enumerate(self.metrics, start=1):
            options: dict[str, Any] = {"stat": metric.statistic}
            if self.expression:
                options["id"] = f"m{number}"
            if metric.label:
                options["label"] = metric.label
            if self.expression_only:
                options["visible"] = False
            dimensions = [part for pair in metric.dimensions.items() for part in pair]
            yield [metric.namespace, metric.metric_name, *dimensions, options]
        if self.expression:
            label = self.expression_label or self.expression
            yield [{"expression": self.expression, "label": label}]


@dataclass(frozen=True, kw_only=True)
class DashboardProps:
    """Properties of a dashboard.

    Attributes:
        dashboard_name: The dashboard's name, unique in the account.
        region: Region of the metrics.
        graphs: From left to right and top to bottom, two in a row.
    """

    dashboard_name: str
    region: str
    graphs: tuple[Graph, ...]


class Dashboard(Construct):
    """A page of graphs.

    Attributes:
        resource: The dashboard itself.
        dashboard_name: The dashboard's name.
    """

    def __init__(self, scope: Construct, id_: str, props: DashboardProps) -> None:
        validate_types(scope, id_, props)
        for graph in props.graphs:
            validate_types(scope, f"{id_}/{graph.title}", graph)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
            identifier("dashboard_name", props.dashboard_name, 255, "-_"),
            text("region", props.region, 64),
            between("graphs", len(props.graphs), 1, 500),
            *(rule for graph in props.graphs for rule in _rules(graph)),
        )
        super().__init__(scope, id_)
        widgets = [
            {
                "type": "metric",
                "x": index * WIDTH % COLUMNS,
                "y": index * WIDTH // COLUMNS * HEIGHT,
                "width": WIDTH,
                "height": HEIGHT,
                "properties": {
                    "title": graph.title,
                    "region": props.region,
                    "view": graph.view,
                    "period": graph.period_seconds,
                    "metrics": list(graph.lines()),
                },
            }
            for index, graph in enumerate(props.graphs)
        ]
        self.resource = CloudwatchDashboard(
            self,
            "Resource",
            dashboard_name=props.dashboard_name,
            dashboard_body=json.dumps({"widgets": widgets}, separators=(",", ":"), sort_keys=True),
        )
        self.dashboard_name: str = self.resource.dashboard_name


def _rules(graph: Graph) -> Iterator[Rule]:
    """Yield the limits of a graph.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    and https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
    """
    period = graph.period_seconds
    yield Rule(
        name=f"{graph.title}.period_seconds",
        got=period,
        allowed=f"1, 5, 10, 20, 30 or a multiple of 60 up to {LONGEST_PERIOD}",
        holds=period in SHORT_PERIODS or (0 < period <= LONGEST_PERIOD and period % 60 == 0),
    )
    yield Rule(
        name=f"{graph.title}.metrics",
        got=graph.metrics,
        allowed="one or more, unless there is an expression",
        holds=bool(graph.metrics or graph.expression),
    )
    for metric in graph.metrics:
        yield matching(
            f"{graph.title}.metrics (statistic)",
            metric.statistic,
            "|".join((*STATISTICS, PERCENTILE)),
            f"{', '.join(STATISTICS)} or a percentile such as p99",
        )
    yield one_of(f"{graph.title}.view", graph.view, ("timeSeries", "singleValue"))
