"""A CloudWatch dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs_lib.validation import between, identifier, text, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.metrics import Metric

WIDTH = 12
HEIGHT = 6
COLUMNS = 24


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a graph.

    Attributes:
        metric: The metric. Default: the line is an expression.
        expression: Metric math over the ids of the graph's other lines. Default: it is a metric.
        id: Name of the line in expressions. Default: none uses it.
        label: Name of the line in the legend. Default: CloudWatch makes one of the metric's name.
        visible: Draw the line, and not only use it in expressions. Default: it is drawn.
    """

    metric: Metric | None = None
    expression: str = ""
    id: str = ""
    label: str = ""
    visible: bool = True

    def to_widget(self) -> list[Any]:
        """Return the line as the dashboard's JSON has it.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
        """
        metric = self.metric
        options: dict[str, Any] = (
            {"stat": metric.statistic} if metric else {"expression": self.expression}
        )
        options |= {
            name: value for name, value in (("id", self.id), ("label", self.label)) if value
        }
        if not self.visible:
            options["visible"] = False
        if metric is None:
            return [options]
        dimensions = [part for pair in metric.dimensions.items() for part in pair]
        return [metric.namespace, metric.metric_name, *dimensions, options]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph.

    Attributes:
        title: Its title.
        lines: Its lines.
        view: timeSeries or singleValue. Default: timeSeries.
        period_seconds: Length of one data point. Default: five minutes.
    """

    title: str
    lines: tuple[Line, ...]
    view: str = "timeSeries"
    period_seconds: int = 300


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
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
            identifier("dashboard_name", props.dashboard_name, 255, "-_"),
            text("region", props.region, 64),
            between("graphs", len(props.graphs), 1, 500),
            *(
                between(f"{each.title}.period_seconds", each.period_seconds, 1, 2_592_000)
                for each in props.graphs
            ),
        )
        super().__init__(scope, id_)
        body = {"widgets": list(_widgets(props))}
        self.resource = CloudwatchDashboard(
            self,
            "Resource",
            dashboard_name=props.dashboard_name,
            dashboard_body=json.dumps(body, separators=(",", ":"), sort_keys=True),
        )
        self.dashboard_name: str = self.resource.dashboard_name


def _widgets(props: DashboardProps) -> Iterator[dict[str, Any]]:
    for index, graph in enumerate(props.graphs):
        yield {
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
                "metrics": [line.to_widget() for line in graph.lines],
            },
        }
