"""Sending to the work queue, and how full the queues are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from inventory_cli.errors import OutOfReachError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory_cli.session import Session

# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
ENTRIES_PER_BATCH = 10

_HIDDEN: Final = "ApproximateNumberOfMessagesNotVisible"
_DELAYED: Final = "ApproximateNumberOfMessagesDelayed"


def send_work(session: Session, bodies: Sequence[str]) -> None:
    """Send messages to the work queue; all were taken when this returns.

    Args:
        session: Connection.
        bodies: Bodies, small ones.

    Raises:
        OutOfReachError: The queue refused some; sending them all again is harmless.
    """
    for at in range(0, len(bodies), ENTRIES_PER_BATCH):
        answer = session.sqs.send_message_batch(
            QueueUrl=session.outputs.work_queue_url,
            Entries=[
                {"Id": str(index), "MessageBody": body}
                for index, body in enumerate(bodies[at : at + ENTRIES_PER_BATCH])
            ],
        )
        failed = answer.get("Failed", [])
        if failed:
            raise OutOfReachError(
                f"the work queue refused {len(failed)} messages: {failed[0].get('Code')}"
            )


class Depth(NamedTuple):
    """How full a queue is, by SQS's own estimate.

    Attributes:
        messages: Messages that it holds, hidden ones included.
        hidden: Those of them that somebody is reading.
    """

    messages: int
    hidden: int


def depth_of(session: Session, queue_url: str) -> Depth:
    """How full a queue is.

    Args:
        session: Connection.
        queue_url: The queue.
    """
    attributes = session.sqs.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", _HIDDEN, _DELAYED],
    )["Attributes"]
    messages = sum(int(value) for value in attributes.values())
    return Depth(messages, int(attributes.get(_HIDDEN, 0)))
