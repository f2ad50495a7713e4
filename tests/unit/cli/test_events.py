"""Failed events of AWS's own are told apart by their shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inventory_cli.dead_letters import DeadLetter
from inventory_cli.events import InvokeAgain, WorkAgain, plan_event
from inventory_cli.outputs import Outputs

EVENTS = Path(__file__).parents[2] / "events"
SUMMARY_ARN = "arn:aws:lambda:us-east-1:111122223333:function:inventory-summary-dev"
RECONCILE_ARN = SUMMARY_ARN.replace("summary", "reconcile")
SCHEDULED = {
    "source": "aws.scheduler",
    "resources": ["arn:aws:scheduler:us-east-1:1:schedule/default/inventory-reconcile-hourly-dev"],
}


@pytest.fixture
def outputs() -> Outputs:
    """Names of a stack whose bucket is the recorded events'."""
    return Outputs(
        uploads_bucket_name="inventory-uploads-dev-111122223333",
        reports_bucket_name="reports",
        items_table_name="items",
        ingestions_table_name="ingestions",
        dead_letter_queue_url="dlq",
        work_queue_url="work",
        processor_function_name="inventory-processor-dev",
        summary_function_name="inventory-summary-dev",
        reconcile_function_name="inventory-reconcile-dev",
        alarm_topic_arn="arn:aws:sns:us-east-1:111122223333:topic",
        dashboard_name="inventory-dev",
    )


def dead_letter(document: Any, **attributes: str) -> DeadLetter:
    """A message with this body."""
    return DeadLetter(
        message_id="m",
        receipt_handle="h",
        body=json.dumps(document),
        attributes=attributes,
        sent_at=datetime(2026, 11, 22, tzinfo=UTC),
        document=document,
    )


def recorded(name: str) -> dict[str, Any]:
    """A recorded event."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        "s3_object_created",
        "s3_object_created_multipart",
        "s3_object_created_odd_key",
        "s3_object_created_unversioned",
    ],
)
def test_an_upload_goes_to_the_work_queue_with_its_sequencer(name: str, outputs: Outputs) -> None:
    """Key, version and sequencer are those of the event, so its rows take their old place."""
    event = recorded(name)
    described = event["detail"]["object"]
    task = plan_event(dead_letter(event, RULE_ARN="r", ERROR_CODE="e"), outputs)
    assert isinstance(task, WorkAgain)
    body = json.loads(task.body)
    assert body["kind"] == "redrive"
    assert body["key"] == described["key"]
    assert body["sequencer"] == described.get("sequencer", "")
    assert body["version_id"] == described.get("version-id")


def test_a_destination_record_is_unwrapped(outputs: Outputs) -> None:
    """An on-failure destination holds the event as its request payload."""
    event = recorded("s3_object_created")
    wrapped = {"requestContext": {"functionArn": "arn:x:processor"}, "requestPayload": event}
    assert plan_event(dead_letter(wrapped), outputs) == plan_event(dead_letter(event), outputs)


@pytest.mark.parametrize(
    ("document", "attributes", "function"),
    [
        ({"scheduled_time": "t"}, {}, "inventory-summary-dev"),
        ({"scheduled_time": "t"}, {"TARGET_ARN": RECONCILE_ARN}, "inventory-reconcile-dev"),
        ({}, {"TARGET_ARN": SUMMARY_ARN}, "inventory-summary-dev"),
        (SCHEDULED, {"RequestID": "r"}, "inventory-reconcile-dev"),
    ],
)
def test_a_scheduled_call_goes_to_its_function(
    document: dict[str, Any], attributes: dict[str, str], function: str, outputs: Outputs
) -> None:
    """By the target's ARN, else by the schedule it came from, else by what only one reads."""
    task = plan_event(dead_letter(document, **attributes), outputs)
    assert InvokeAgain(function_name=function, payload=json.dumps(document)) == task


def test_a_scheduled_call_in_a_destination_record_goes_to_its_function(outputs: Outputs) -> None:
    """The record names the function with its version."""
    wrapped = {"requestContext": {"functionArn": f"{SUMMARY_ARN}:$LATEST"}, "requestPayload": {}}
    task = plan_event(dead_letter(wrapped), outputs)
    assert InvokeAgain(function_name="inventory-summary-dev", payload="{}") == task


def test_a_work_message_goes_back_as_it_was(outputs: Outputs) -> None:
    """Also one with parts that only the functions understand."""
    body = {"kind": "part", "bucket": outputs.uploads_bucket_name, "key": "k", "start_byte": 9}
    assert WorkAgain(body=json.dumps(body)) == plan_event(dead_letter(body), outputs)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "created", "bucket": "another", "key": "k"},
        {"detail-type": "Object Created", "detail": {}},
        {"detail-type": "Object Created", "detail": {"bucket": {"name": "another"}}},
        {"source": "aws.scheduler", "resources": ["arn:aws:scheduler:::schedule/default/other"]},
    ],
)
def test_fails_to_plan_what_is_not_ours(document: dict[str, Any], outputs: Outputs) -> None:
    """Such messages are left for people to look at."""
    assert plan_event(dead_letter(document), outputs) is None


def test_fails_to_plan_an_upload_into_another_bucket(outputs: Outputs) -> None:
    """An event of another stack is not ours to give back."""
    event = recorded("s3_object_created")
    event["detail"]["bucket"]["name"] = "another"
    assert plan_event(dead_letter(event), outputs) is None
