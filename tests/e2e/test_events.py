"""Others hear of files: a rule on the bus of the deployed stack, and a queue of somebody else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud.stack import Deployment

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "events" / "stock-file.v1.json").read_text("utf-8")
)
NAME = "somebody-elses-queue"
PREFIX = "heard/"


@pytest.fixture
def queue_url(deployment: Deployment) -> Iterator[str]:
    """A queue that gets what happens to the files of this module."""
    sqs, events = deployment.cloud.client("sqs"), deployment.cloud.client("events")
    bus = deployment.outputs["event_bus_name"]
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": ["inventory"], "detail": {"key": [{"prefix": PREFIX}]}}
    rule = events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps(pattern))
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    targets: list[Any] = [{"Id": "queue", "Arn": arn["QueueArn"]}]
    events.put_targets(Rule=NAME, EventBusName=bus, Targets=targets)
    yield url
    events.remove_targets(Rule=NAME, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=NAME, EventBusName=bus)
    sqs.delete_queue(QueueUrl=url)


def heard(deployment: Deployment, queue_url: str, count: int) -> list[dict[str, Any]]:
    """So many events, or those of a minute."""
    sqs, until = deployment.cloud.client("sqs"), time.monotonic() + 60
    found: list[dict[str, Any]] = []
    while len(found) < count and time.monotonic() < until:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_a_loaded_and_a_refused_file_are_heard_of(deployment: Deployment, queue_url: str) -> None:
    """By whoever made a rule, as the schema says, and not again when nothing waits."""
    s3, bucket = deployment.cloud.client("s3"), deployment.outputs["uploads_bucket_name"]
    for name, body in (
        ("good.csv", b"sku,location,quantity\nheard-1,heard,5\nheard-2,heard,six\n"),
        ("bad.csv", b"who,knows\n1,2\n"),
    ):
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}{name}", Body=body)
    events = {event["detail"]["key"]: event for event in heard(deployment, queue_url, 2)}

    good, bad = events[f"{PREFIX}good.csv"], events[f"{PREFIX}bad.csv"]
    for event in (good, bad):
        Draft202012Validator(SCHEMA).validate(event["detail"])
        assert (event["source"], event["detail"]["environment"]) == ("inventory", "dev")
        record = deployment.cloud.client("dynamodb").get_item(
            TableName=deployment.outputs["ingestions_table_name"],
            Key={"object_id": {"S": event["detail"]["object_id"]}},
            ConsistentRead=True,
        )["Item"]
        assert record["finished_at"]["S"] == event["detail"]["ended_at"]
    assert good["detail-type"] == "Stock File Completed"
    assert (good["detail"]["rows"]["loaded"], good["detail"]["rows"]["rejected"]) == (1, 1)
    assert bad["detail-type"] == "Stock File Failed"
    assert bad["detail"]["reason"].startswith("missing-label")
