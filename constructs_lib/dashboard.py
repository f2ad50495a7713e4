"""One page that shows how the pipeline does."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs_lib.validation import Rule, name_of_length, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 12
HEIGHT = 6
COLUMNS = 24


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One line of a graph; names are plain text, since the page's JSON is written at synth.

    Attributes:
        namespace: The metric's namespace. Default: it is an expression.
        name: The metric. Default: it is an expression.
        dimensions: Names and values in turn.
        statistic: Sum, Maximum, Average. Default: Sum.
        expression: Metric math over the ids of the graph's other lines. Default: it is a metric.
        id: What expressions call it. Default: none does.
        label: What the legend calls it. Default: CloudWatch makes one of its name.
        visible: Whether it is drawn, and not only part of an expression.
    """

    namespace: str = ""
    name: str = ""
    dimensions: tuple[str, ...] = ()
    statistic: str = "Sum"
    expression: str = ""
    id: str = ""
    label: str = ""
    visible: bool = True

    def hidden(self) -> Metric:
        """The same line as part of expressions alone."""
        return replace(self, visible=False)

    def to_widget(self) -> list[Any]:
        """The line as the page's JSON has it.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
        """
        options: dict[str, Any] = {"expression": self.expression} if self.expression else {}
        if not self.expression:
            options["stat"] = self.statistic
        options |= {
            name: value for name, value in (("id", self.id), ("label", self.label)) if value
        }
        if not self.visible:
            options["visible"] = False
        return (
            [options] if self.expression else [self.namespace, self.name, *self.dimensions, options]
        )


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph with its title and its lines.

    Attributes:
        title: Its title.
        metrics: Its lines.
        view: timeSeries or singleValue. Default: timeSeries.
        period_seconds: Length of one data point. Default: five minutes.
    """

    title: str
    metrics: tuple[Metric, ...]
    view: str = "timeSeries"
    period_seconds: int = 300


@dataclass(frozen=True, kw_only=True)
class DashboardProps:
    """What the page needs.

    Attributes:
        dashboard_name: The page's name.
        region: Where the metrics are.
        graphs: From left to right and top to bottom, two in a row.
    """

    dashboard_name: str
    region: str
    graphs: tuple[Graph, ...]


class Dashboard(Construct):
    """A page of graphs.

    Attributes:
        dashboard_name: The page's name.
    """

    def __init__(self, scope: Construct, id_: str, props: DashboardProps) -> None:
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
                name_of_length("dashboard_name", props.dashboard_name, 255),
                Rule(
                    name="graphs",
                    got=len(props.graphs),
                    allowed="1 to 500",
                    holds=1 <= len(props.graphs) <= 500,  # noqa: PLR2004  # said in the rule
                ),
            ],
        )
        super().__init__(scope, id_)
        body = {"widgets": list(_widgets(props))}
        dashboard = CloudwatchDashboard(
            self,
            "Resource",
            dashboard_name=props.dashboard_name,
            dashboard_body=json.dumps(body, separators=(",", ":"), sort_keys=True),
        )
        self.dashboard_name: str = dashboard.dashboard_name


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
                "metrics": [metric.to_widget() for metric in graph.metrics],
            },
        }
