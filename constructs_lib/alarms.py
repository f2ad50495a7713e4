"""Alarms, one line of a table each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
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
HOUR_IN_SECONDS = 3600
DAY_IN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm.

    Attributes:
        key: Construct id, and what its section in the runbook is called.
        alarm_name: The alarm's name.
        description: What it means, for whoever is woken by it.
        namespace: The metric's namespace.
        metric_name: The metric.
        threshold: The number the statistic is compared with.
        dimensions: The metric's dimensions. Default: none.
        statistic: Sum, Maximum, Average. Default: Sum.
        operator: The comparison. Default: greater than the threshold.
        period_seconds: Length of one data point. Default: five minutes.
        evaluation_periods: Data points looked at. Default: one.
        missing_data: What no data means. Default: all is well.
    """

    key: str
    alarm_name: str
    description: str
    namespace: str
    metric_name: str
    threshold: float
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    operator: str = "GreaterThanThreshold"
    period_seconds: int = 300
    evaluation_periods: int = 1
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
                namespace=spec.namespace,
                metric_name=spec.metric_name,
                dimensions=dict(spec.dimensions) or None,
                statistic=spec.statistic,
                comparison_operator=spec.operator,
                threshold=spec.threshold,
                period=spec.period_seconds,
                evaluation_periods=spec.evaluation_periods,
                treat_missing_data=spec.missing_data,
                alarm_actions=[props.topic.topic_arn],
                ok_actions=[props.topic.topic_arn],
            )


def _rules(specs: Iterable[AlarmSpec]) -> list[Rule]:
    rules = []
    for spec in specs:
        window = spec.period_seconds * spec.evaluation_periods
        longest = (7 if spec.period_seconds >= HOUR_IN_SECONDS else 1) * DAY_IN_SECONDS
        rules += [
            name_of_length(f"{spec.key}.alarm_name", spec.alarm_name, 255),
            name_of_length(f"{spec.key}.description", spec.description, 1024),
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
