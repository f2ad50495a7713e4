"""CloudWatch alarms, one line of a table each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from constructs_lib.metrics import STATISTICS
from constructs_lib.terraform import in_same_stack
from constructs_lib.validation import Rule, between, one_of, text, validate, validate_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.alarm_topic import AlarmTopic
    from constructs_lib.metrics import Metric

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
OPERATORS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")
SHORT_PERIODS = (10, 20, 30)
MOST_METRICS = 10
HOUR_IN_SECONDS = 3600
DAY_IN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm, on a metric or on an expression over several.

    Attributes:
        key: Construct id.
        alarm_name: The alarm's name.
        description: Meaning of the alarm, for whoever is woken by it.
        metrics: The metric, or those that the expression calls m1, m2 and so on.
        threshold: Number that the statistic is compared with.
        expression: Metric math over the metrics. Default: the one metric itself.
        operator: The comparison. Default: greater than the threshold.
        period_seconds: Length of one data point. Default: five minutes.
        evaluation_periods: Data points that are evaluated. Default: one.
        datapoints_to_alarm: Data points of these that have to breach. Default: all of them.
        missing_data: Treatment of missing data. Default: it does not breach.
        section: Heading of the runbook's section about the alarm. Default: there is none.
    """

    key: str
    alarm_name: str
    description: str
    metrics: tuple[Metric, ...]
    threshold: float
    expression: str = ""
    operator: str = "GreaterThanThreshold"
    period_seconds: int = 300
    evaluation_periods: int = 1
    datapoints_to_alarm: int | None = None
    missing_data: str = "notBreaching"
    section: str = ""


@dataclass(frozen=True, kw_only=True)
class AlarmsProps:
    """Properties of a table of alarms.

    Attributes:
        topic: Topic that gets a message when an alarm goes off and when it is over.
        specs: The table.
    """

    topic: AlarmTopic
    specs: tuple[AlarmSpec, ...]


class Alarms(Construct):
    """Every alarm of a table, all of them to one topic.

    Attributes:
        resources: The alarms by their keys.
    """

    def __init__(self, scope: Construct, id_: str, props: AlarmsProps) -> None:
        validate_types(scope, id_, props)
        for spec in props.specs:
            validate_types(scope, f"{id_}/{spec.key}", spec)
        validate(
            scope,
            id_,
            _no_two_alike("keys", [each.key for each in props.specs]),
            # CloudWatch would overwrite the first alarm of a name with the second.
            _no_two_alike("alarm_names", [each.alarm_name for each in props.specs]),
            *(rule for spec in props.specs for rule in _rules(spec)),
        )
        super().__init__(scope, id_)
        # CloudWatch does not repeat an action that the topic's policy refused.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
        awaited = in_same_stack(self, [props.topic.policy]) or None
        self.resources = {
            spec.key: CloudwatchMetricAlarm(
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
                depends_on=awaited,
            )
            for spec in props.specs
        }


def _no_two_alike(name: str, got: list[str]) -> Rule:
    return Rule(name=name, got=got, allowed="no two alike", holds=len(set(got)) == len(got))


def _watched(spec: AlarmSpec) -> dict[str, Any]:
    """Return the arguments for the alarm's metric, or for its expression and its metrics."""
    if not spec.expression:
        (metric,) = spec.metrics
        return {
            "namespace": metric.namespace,
            "metric_name": metric.metric_name,
            "dimensions": dict(metric.dimensions) or None,
            "statistic": metric.statistic,
            "period": spec.period_seconds,
        }
    return {
        "metric_query": [
            CloudwatchMetricAlarmMetricQuery(
                id="result", expression=spec.expression, label=spec.key, return_data=True
            ),
            *(
                CloudwatchMetricAlarmMetricQuery(
                    id=f"m{number}",
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=each.namespace,
                        metric_name=each.metric_name,
                        dimensions=dict(each.dimensions),
                        period=spec.period_seconds,
                        stat=each.statistic,
                    ),
                )
                for number, each in enumerate(spec.metrics, start=1)
            ),
        ]
    }


def _rules(spec: AlarmSpec) -> Iterator[Rule]:
    period, periods = spec.period_seconds, spec.evaluation_periods
    longest = (7 if period >= HOUR_IN_SECONDS else 1) * DAY_IN_SECONDS
    yield text(f"{spec.key}.alarm_name", spec.alarm_name, 255)
    yield text(f"{spec.key}.description", spec.description, 1024)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
    most_metrics = MOST_METRICS if spec.expression else 1
    yield between(f"{spec.key}.metrics", len(spec.metrics), 1, most_metrics)
    for metric in spec.metrics:
        # Percentiles are another argument, that of extended statistics.
        yield one_of(f"{spec.key}.metrics (statistic)", metric.statistic, STATISTICS)
    yield Rule(
        name=f"{spec.key}.threshold",
        got=spec.threshold,
        allowed="a finite number",
        holds=math.isfinite(spec.threshold),
    )
    yield one_of(f"{spec.key}.operator", spec.operator, OPERATORS)
    yield one_of(f"{spec.key}.missing_data", spec.missing_data, MISSING_DATA)
    yield Rule(
        name=f"{spec.key}.period_seconds",
        got=period,
        allowed="10, 20, 30 or a multiple of 60",
        holds=period in SHORT_PERIODS or (period > 0 and period % 60 == 0),
    )
    # Together they may span a day, or a week where each is an hour or longer.
    yield between(f"{spec.key}.evaluation_periods", periods, 1, longest // max(period, 1))
    datapoints, most = spec.datapoints_to_alarm, periods if periods > 0 else math.inf
    yield between(f"{spec.key}.datapoints_to_alarm", datapoints, 1, most)
