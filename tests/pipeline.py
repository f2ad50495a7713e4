"""Steps that the end-to-end tests share: put a file in, look at what came of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local_cloud import observe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local_cloud.stack import Deployment

LIMIT_SECONDS = 300
INGEST = ("inventory-processor-dev", "inventory-chunk-processor-dev")


def ingest(
    deployment: Deployment, key: str, content: bytes, *, as_of: str | None = None
) -> dict[str, Any]:
    """Upload a file and wait for its final record, whose counts must add up.

    Args:
        deployment: The deployed stack.
        key: Object key.
        content: The file.
        as_of: Time of the stock, where the upload states one.
    """
    bucket = deployment.outputs["uploads_bucket_name"]
    metadata = {"as-of": as_of} if as_of else {}
    answer = deployment.cloud.client("s3").put_object(
        Bucket=bucket, Key=key, Body=content, Metadata=metadata
    )
    return final_record(deployment, f"{bucket}/{key}#{answer['VersionId']}")


def final_record(deployment: Deployment, object_id: str) -> dict[str, Any]:
    """The record of an object version once it is final and told; its counts must add up."""

    def told() -> dict[str, Any] | None:
        record = observe.ingestion(deployment, object_id)
        return record if record and "announcements" not in record else None

    record = observe.wait_for(told, f"the end of {object_id}", seconds=LIMIT_SECONDS)
    assert observe.balanced(record), record
    return record


def item(deployment: Deployment, sku: str, location: str = "default") -> dict[str, Any]:
    """The stored item of a SKU at a location; empty when there is none."""
    answer = deployment.cloud.client("dynamodb").get_item(
        TableName=deployment.outputs["items_table_name"],
        Key={"sku": {"S": sku}, "location": {"S": location}},
        ConsistentRead=True,
    )
    return observe.plain(answer.get("Item", {}))


def take_letters(deployment: Deployment, matches: str) -> list[dict[str, Any]]:
    """Messages of the dead-letter queue that mention a text; each is taken out."""
    queue = deployment.cloud.client("sqs")
    url = deployment.outputs["dead_letter_queue_url"]
    found = []
    while messages := queue.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=5,
        MessageAttributeNames=["All"],
    ).get("Messages"):
        for message in messages:
            if matches in message["Body"]:
                found.append(message)
                queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def letter(deployment: Deployment, matches: str) -> dict[str, Any]:
    """The one message that mentions a text, once it is there."""
    found = observe.wait_for(
        lambda: take_letters(deployment, matches) or None,
        f"a letter on {matches}",
        seconds=LIMIT_SECONDS,
    )
    assert len(found) == 1
    return found[0]


@contextmanager
def configured(
    deployment: Deployment,
    *,
    functions: Sequence[str] = INGEST,
    timeout_seconds: int | None = None,
    **variables: str,
) -> Iterator[None]:
    """Functions with other variables or less time, as long as this lasts."""
    client = deployment.cloud.client("lambda")
    before = {}
    for name in functions:
        found = client.get_function_configuration(FunctionName=name)
        before[name] = {"Environment": found["Environment"], "Timeout": found["Timeout"]}
        client.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {**found["Environment"]["Variables"], **variables}},
            Timeout=timeout_seconds or found["Timeout"],
        )
    try:
        yield
    finally:
        for name, settings in before.items():
            client.update_function_configuration(FunctionName=name, **settings)
