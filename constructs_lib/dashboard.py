"""One page that shows how the pipeline does."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
        namespace: The metric's namespace.
        name: The metric.
        dimensions: Names and values in turn.
        statistic: Sum, Maximum, Average. Default: Sum.
    """

    namespace: str
    name: str
    dimensions: tuple[str, ...] = ()
    statistic: str = "Sum"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph with its title and its lines."""

    title: str
    metrics: tuple[Metric, ...]


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
                "view": "timeSeries",
                "period": 300,
                "metrics": [
                    [metric.namespace, metric.name, *metric.dimensions, {"stat": metric.statistic}]
                    for metric in graph.metrics
                ],
            },
        }
