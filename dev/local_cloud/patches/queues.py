"""Messages that AWS services themselves put into a queue."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import lambda_svc, sqs

from local_cloud.patches import grants

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("local_cloud")


def find_queue(queue_arn: str) -> dict[str, Any] | None:
    """MiniStack's record of a queue."""
    queue: dict[str, Any] | None = sqs._queue_by_arn(queue_arn)
    return queue


def put(queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Append a message with text attributes; a queue that is gone loses it, as on AWS."""
    queue = find_queue(queue_arn)
    if queue is None:
        logger.error("a message for %s is lost: there is no such queue", queue_arn)
        return
    texts = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    now = time.time()
    message = {
        "id": new_uuid(),
        "body": body,
        "message_attributes": texts,
        "md5_attrs": sqs._md5_msg_attrs(texts),
        "sent_at": now,
        "visible_at": now + sqs.queue_delay(queue),
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    lambda_svc.esm_wake.set()


def put_as_service(
    queue_arn: str, body: str, attributes: Mapping[str, str], *, service: str, source_arn: str
) -> None:
    """Append a message if the queue's own policy lets the service send it."""
    grants.secure_origin()
    if not sqs.queue_policy_allows(queue_arn, service, source_arn, get_account_id()):
        logger.error(
            "a message of %s for %s is lost: the queue's policy does not allow it",
            source_arn,
            queue_arn,
        )
        return
    put(queue_arn, body, attributes)
