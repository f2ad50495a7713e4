"""Deliveries out of the events that carry them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.work import Delivery, Kind, WorkMessage


def from_object_created(event: dict[str, Any]) -> Delivery:
    """The delivery that an S3 "Object Created" event stands for.

    Args:
        event: EventBridge event; read are `id` and `detail.bucket.name`, `detail.object.key`,
            `.etag`, `.size`, `.version-id` (versioned buckets) and `.sequencer`, and `time`. The
            key is used as it stands: unlike in S3's own notifications it is not URL-encoded.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    described = event["detail"]["object"]
    version = ObjectVersion(
        bucket=event["detail"]["bucket"]["name"],
        key=described["key"],
        version_id=described.get("version-id"),
        etag=described.get("etag", ""),
        size_bytes=described.get("size", 0),
        sequencer=described.get("sequencer", ""),
        stored_at=datetime.fromisoformat(event["time"]) if "time" in event else None,
    )
    return Delivery(kind=Kind.CREATED, version=version, delivery_id=event["id"])


def from_work_record(message_id: str, body: str, sent_ms: int) -> Delivery:
    """The delivery that a message of the work queue stands for.

    Args:
        message_id: Id of the message.
        body: JSON of `work.WorkMessage`.
        sent_ms: When it was sent, epoch milliseconds: SQS's attribute `SentTimestamp`.

    Raises:
        ValueError: The body is not one of ours.
    """
    message = WorkMessage.from_body(json.loads(body))
    return Delivery(
        kind=message.kind,
        version=message.version,
        delivery_id=message_id,
        task=message.task,
        hops=message.hops,
        untold=message.untold,
        asked_at=timestamp(datetime.fromtimestamp(sent_ms / 1000, UTC)),
    )
