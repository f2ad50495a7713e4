"""Looks at what the pipeline did, through the same services an operator would ask."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from local_cloud.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_cloud.stack import Deployment

POLL_SECONDS = 0.2
T = TypeVar("T")
OUTCOMES = ("loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")
TERMINAL = frozenset({"COMPLETED", "FAILED", "HELD"})


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float) -> T:
    """Ask until there is an answer.

    Args:
        look: Gives the answer, or None while there is none.
        what: What is waited for, for the error.
        seconds: The limit.

    Raises:
        NotReadyError: The limit passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def upload(deployment: Deployment, key: str, content: bytes) -> str:
    """Put an object into the uploads bucket.

    Returns:
        The id of its ingestion record.
    """
    bucket = deployment.outputs["uploads_bucket_name"]
    answer = deployment.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    return f"{bucket}/{key}#{answer['VersionId']}"


def ingestion(deployment: Deployment, object_id: str) -> dict[str, Any] | None:
    """The ingestion record of an object version, once it is final."""
    answer = deployment.cloud.client("dynamodb").get_item(
        TableName=deployment.outputs["ingestions_table_name"],
        Key={"object_id": {"S": object_id}},
        ConsistentRead=True,
    )
    record = plain(answer.get("Item", {}))
    return record if record.get("status") in TERMINAL else None


def balanced(record: dict[str, Any]) -> bool:
    """Tell whether every row that was read has exactly one outcome."""
    return int(record.get("rows_read", 0)) == sum(int(record.get(name, 0)) for name in OUTCOMES)


def items(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Every item of the items table."""
    pages = deployment.cloud.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=deployment.outputs["items_table_name"]):
        yield from (plain(item) for item in page["Items"])


def reports(deployment: Deployment, prefix: str) -> dict[str, bytes]:
    """Objects of the reports bucket by their keys, of which there are few."""
    s3, bucket = deployment.cloud.client("s3"), deployment.outputs["reports_bucket_name"]
    return {
        entry["Key"]: s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    }


def dead_letters(deployment: Deployment, *, limit: int = 10) -> list[dict[str, Any]]:
    """Messages of the dead-letter queue, left where they are.

    Returns:
        One dictionary each: `kind` (None for AWS's own failed events), `attributes`, `body`.
    """
    answer = deployment.cloud.client("sqs").receive_message(
        QueueUrl=deployment.outputs["dead_letter_queue_url"],
        MaxNumberOfMessages=limit,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
    )
    found = []
    for message in answer.get("Messages", []):
        attributes = {
            name: value.get("StringValue", "")
            for name, value in message.get("MessageAttributes", {}).items()
        }
        body = json.loads(message["Body"])
        found.append({"kind": attributes.get("kind"), "attributes": attributes, "body": body})
    return found


def invoke(deployment: Deployment, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke a function and give its answer.

    Raises:
        NotReadyError: The function raised.
    """
    answer = deployment.cloud.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read() or b"{}")
    if "FunctionError" in answer:
        raise NotReadyError(f"{function} failed: {payload}")
    return payload


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """A DynamoDB item as plain Python values."""
    deserialise = TypeDeserializer().deserialize
    return {name: deserialise(value) for name, value in item.items()}
