"""DescribeAlarms with every field that PutMetricAlarm was given.

MiniStack answers with nine of them, so Terraform would see a change in every alarm on every plan.
Both directions follow botocore's model of the service, for the query protocol as for the others.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import botocore.session
from ministack.services import cloudwatch

if TYPE_CHECKING:
    from botocore.model import ServiceModel

REQUEST = "_request"
STATE_FIELDS = (
    "AlarmName",
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)

_put = cloudwatch._put_metric_alarm
_describe = cloudwatch._describe_alarms


def apply() -> None:
    """Replace PutMetricAlarm and DescribeAlarms."""
    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._describe_alarms = describe_alarms


def put_metric_alarm(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """Keep the request beside the alarm that MiniStack makes of it."""
    answer = _put(params, body, is_cbor, is_json)
    if answer[0] == HTTPStatus.OK:
        shape = _model().operation_model("PutMetricAlarm").input_shape
        request = dict(body) if is_cbor or is_json else _from_query(shape, params, "")
        cloudwatch._alarms[request["AlarmName"]][REQUEST] = request
    return answer


def describe_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """Answer with the fields of the request and the alarm's state."""
    operation = _model().operation_model("DescribeAlarms")
    asked = body if is_cbor or is_json else _from_query(operation.input_shape, params, "")
    status, headers, text = _describe({}, asked, False, True)
    if status != HTTPStatus.OK:
        return _describe(params, body, is_cbor, is_json)
    answer = json.loads(text)
    answer["MetricAlarms"] = [_whole(alarm) for alarm in answer["MetricAlarms"]]
    if is_cbor:
        for alarms in (answer["MetricAlarms"], answer["CompositeAlarms"]):
            alarms[:] = [cloudwatch._cbor_alarm(alarm) for alarm in alarms]
        return cloudwatch._cbor_ok(answer)
    if is_json:
        return status, headers, json.dumps(answer).encode()
    inner = _to_xml(operation.output_shape, answer)
    result = f"<DescribeAlarmsResult>{inner}</DescribeAlarmsResult>"
    return cloudwatch._xml(200, "DescribeAlarmsResponse", result)


def _whole(alarm: dict[str, Any]) -> dict[str, Any]:
    request = alarm.get(REQUEST)
    if request is None:
        return alarm
    state = {name: alarm[name] for name in STATE_FIELDS if alarm.get(name) is not None}
    return {"ActionsEnabled": True, **request, **state}


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("cloudwatch")


def _from_query(shape: Any, params: Any, prefix: str) -> Any:
    """The value of a shape out of `Name.member.1.Part` parameters; None where there is none."""
    if not any(
        name == prefix or name.startswith(f"{prefix}." if prefix else "") for name in params
    ):
        return None
    if shape.type_name == "structure":
        dot = f"{prefix}." if prefix else ""
        parts = {
            name: _from_query(member, params, dot + name) for name, member in shape.members.items()
        }
        return {name: value for name, value in parts.items() if value is not None}
    if shape.type_name == "list":
        values: list[Any] = []
        while True:
            name = f"{prefix}.member.{len(values) + 1}"
            value = _from_query(shape.member, params, name)
            if value is None:
                return values
            values.append(value)
    text = cloudwatch._p(params, prefix)
    if shape.type_name == "boolean":
        return text.lower() == "true"
    return {"integer": int, "double": float}.get(shape.type_name, str)(text)


def _to_xml(shape: Any, value: Any) -> str:
    """A value as the query protocol writes its shape."""
    if shape.type_name == "structure":
        return "".join(
            f"<{name}>{_to_xml(member, value[name])}</{name}>"
            for name, member in shape.members.items()
            if value.get(name) is not None
        )
    if shape.type_name == "list":
        return "".join(f"<member>{_to_xml(shape.member, each)}</member>" for each in value)
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC).isoformat()
    if shape.type_name == "boolean":
        return str(value).lower()
    return escape(str(value))
