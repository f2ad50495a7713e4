"""Alarms, one line of a table each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from constructs_lib.validation import Rule, between, name_of_length, one_of, validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from constructs_lib.alarm_topic import AlarmTopic

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
OPERATORS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")
MOST_INPUTS = 10
HOUR_IN_SECONDS = 3600
DAY_IN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class AlarmInput:
    """One metric of an alarm's expression.

    Attributes:
        namespace: The metric's namespace.
        metric_name: The metric.
        dimensions: The metric's dimensions.
        statistic: Sum, Maximum, Average. Default: Sum.
    """

    namespace: str
    metric_name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm, on a metric or on an expression over several.

    Attributes:
        key: Construct id, and what its section in the runbook is called.
        alarm_name: The alarm's name.
        description: What it means, for whoever is woken by it.
        threshold: The number the statistic is compared with.
        namespace: The metric's namespace. Default: an expression is watched.
        metric_name: The metric. Default: an expression is watched.
        dimensions: The metric's dimensions. Default: none.
        expression: Metric math over the inputs, which are m1, m2 and so on. Default: a metric is
            watched.
        inputs: What the expression is over. Default: none.
        statistic: Sum, Maximum, Average. Default: Sum.
        operator: The comparison. Default: greater than the threshold.
        period_seconds: Length of one data point. Default: five minutes.
        evaluation_periods: Data points looked at. Default: one.
        datapoints_to_alarm: Data points of these that must be over it. Default: all of them.
        missing_data: What no data means. Default: all is well.
    """

    key: str
    alarm_name: str
    description: str
    threshold: float
    namespace: str = ""
    metric_name: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    expression: str = ""
    inputs: tuple[AlarmInput, ...] = ()
    statistic: str = "Sum"
    operator: str = "GreaterThanThreshold"
    period_seconds: int = 300
    evaluation_periods: int = 1
    datapoints_to_alarm: int | None = None
    missing_data: str = "notBreaching"


@dataclass(frozen=True, kw_only=True)
class AlarmsProps:
    """What the alarms need.

    Attributes:
        topic: Where they announce that they went off, and that all is well again.
        specs: The table.
    """

    topic: AlarmTopic
    specs: tuple[AlarmSpec, ...]


class Alarms(Construct):
    """Every alarm of a table, all of them to one topic."""

    def __init__(self, scope: Construct, id_: str, props: AlarmsProps) -> None:
        validate(scope, id_, _rules(props.specs))
        super().__init__(scope, id_)
        for spec in props.specs:
            CloudwatchMetricAlarm(
                self,
                spec.key,
                alarm_name=spec.alarm_name,
                alarm_description=spec.description,
                **_watched(spec),
                comparison_operator=spec.operator,
                threshold=spec.threshold,
                evaluation_periods=spec.evaluation_periods,
                datapoints_to_alarm=spec.datapoints_to_alarm,
                treat_missing_data=spec.missing_data,
                alarm_actions=[props.topic.topic_arn],
                ok_actions=[props.topic.topic_arn],
            )


def _watched(spec: AlarmSpec) -> dict[str, Any]:
    """What the alarm looks at: its metric, or its expression and what that is over."""
    if not spec.expression:
        return {
            "namespace": spec.namespace,
            "metric_name": spec.metric_name,
            "dimensions": dict(spec.dimensions) or None,
            "statistic": spec.statistic,
            "period": spec.period_seconds,
        }
    return {
        "metric_query": [
            CloudwatchMetricAlarmMetricQuery(
                id="result", expression=spec.expression, label=spec.key, return_data=True
            ),
            *(
                CloudwatchMetricAlarmMetricQuery(
                    id=f"m{index}",
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=each.namespace,
                        metric_name=each.metric_name,
                        dimensions=dict(each.dimensions),
                        period=spec.period_seconds,
                        stat=each.statistic,
                    ),
                )
                for index, each in enumerate(spec.inputs, start=1)
            ),
        ]
    }


def _rules(specs: Iterable[AlarmSpec]) -> list[Rule]:
    rules = []
    for spec in specs:
        window = spec.period_seconds * spec.evaluation_periods
        longest = (7 if spec.period_seconds >= HOUR_IN_SECONDS else 1) * DAY_IN_SECONDS
        rules += [
            name_of_length(f"{spec.key}.alarm_name", spec.alarm_name, 255),
            name_of_length(f"{spec.key}.description", spec.description, 1024),
            Rule(
                name=f"{spec.key}.metric_name",
                got=spec.metric_name or spec.expression,
                allowed="a metric with its namespace, or an expression over at most 10 inputs",
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
                holds=(
                    1 <= len(spec.inputs) <= MOST_INPUTS and not spec.metric_name
                    if spec.expression
                    else bool(spec.metric_name and spec.namespace and not spec.inputs)
                ),
            ),
            between(
                f"{spec.key}.datapoints_to_alarm",
                spec.datapoints_to_alarm,
                1,
                spec.evaluation_periods,
            ),
            one_of(f"{spec.key}.operator", spec.operator, OPERATORS),
            one_of(f"{spec.key}.missing_data", spec.missing_data, MISSING_DATA),
            Rule(
                name=f"{spec.key}.period_seconds",
                got=spec.period_seconds,
                allowed="10, 20, 30 or a multiple of 60",
                holds=spec.period_seconds in {10, 20, 30}
                or (spec.period_seconds > 0 and spec.period_seconds % 60 == 0),
            ),
            between(f"{spec.key} (seconds looked at)", window, 10, longest),
        ]
    return rules
