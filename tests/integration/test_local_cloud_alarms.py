"""Alarms are described as they were put, so that a second plan is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

PLAIN: dict[str, Any] = {
    "AlarmDescription": "too many <errors> & such",
    "ActionsEnabled": False,
    "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
    "OKActions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
    "InsufficientDataActions": [],
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Statistic": "Sum",
    "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
    "Period": 300,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
METRIC = {"Namespace": "Inventory", "MetricName": "rejected", "Dimensions": []}
MATHS: dict[str, Any] = {
    "EvaluationPeriods": 1,
    "Threshold": 0.1,
    "ComparisonOperator": "GreaterThanThreshold",
    "Metrics": [
        {"Id": "share", "Expression": "r / 10", "Label": "share", "ReturnData": True},
        {
            "Id": "r",
            "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        },
    ],
}


@pytest.mark.parametrize("alarm", [PLAIN, MATHS], ids=["plain", "metric maths"])
def test_alarm_is_described_as_it_was_put(
    emulated: EmulatedResources, alarm: dict[str, Any]
) -> None:
    """Every field that was put comes back, none is invented beside the state."""
    cloudwatch = emulated.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=emulated.name, **alarm)

    [found] = cloudwatch.describe_alarms(AlarmNames=[emulated.name])["MetricAlarms"]

    # It may have been evaluated since, and missing data are not breaching.
    assert found["StateValue"] in ("INSUFFICIENT_DATA", "OK")
    assert found["AlarmArn"].endswith(f":alarm:{emulated.name}")
    for name, value in alarm.items():
        assert found.get(name, []) == value, name
    assert "Statistic" not in found or "Statistic" in alarm
    assert "Period" not in found or "Period" in alarm


def test_alarm_changes_state_when_it_is_told_to(emulated: EmulatedResources) -> None:
    """SetAlarmState shows in the description."""
    cloudwatch = emulated.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=emulated.name, **PLAIN)

    cloudwatch.set_alarm_state(AlarmName=emulated.name, StateValue="ALARM", StateReason="a test")

    [found] = cloudwatch.describe_alarms(AlarmNames=[emulated.name])["MetricAlarms"]
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "a test")
