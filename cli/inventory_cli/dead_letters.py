"""Messages of the dead-letter queue: read without removing, told apart, deleted when settled.

Reading hides a message from other readers for a while; whatever was read and not deleted is shown
again at the end, also when the command is interrupted. A command that is killed leaves them hidden
until the time is over, never lost.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from inventory_cli.objects import is_under
from inventory_cli.rendering import complain, figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from inventory_cli.queues import Depth
    from inventory_cli.session import Session

#: How long a command hides messages at most. Longer than a round of `inventory redrive` takes.
LONGEST_HIDDEN_SECONDS = 600

# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_MESSAGES_PER_REQUEST = 10

# A long poll asks every server of the queue, so that an empty answer means an empty queue.
_WAIT_SECONDS = 1

# A queue whose messages come back before all were seen would be read for ever.
_ANSWERS_WITHOUT_NEWS = 3


class DeadLetterKind(StrEnum):
    """Subject of a message: a rejected row, a refused file, or a failed event of AWS's own."""

    ROW = "row"
    FILE = "file"
    EVENT = "event"


@dataclass(kw_only=True, slots=True)
class DeadLetter:
    """One message.

    Attributes:
        message_id: SQS's id of it.
        receipt_handle: What it is deleted by.
        body: Its text.
        attributes: Its text attributes; `kind` where it is a reject.
        sent_at: When it was sent.
        document: The parsed body; empty when it is not a JSON object.
    """

    message_id: str
    receipt_handle: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> DeadLetterKind:
        """Its subject."""
        kind = self.attributes.get("kind")
        if kind in (DeadLetterKind.ROW, DeadLetterKind.FILE) and "bucket" in self.document:
            return DeadLetterKind(kind)
        return DeadLetterKind.EVENT

    @property
    def identity(self) -> str:
        """The same for every copy of a reject; of an event, the message's id."""
        if self.kind is DeadLetterKind.EVENT:
            return self.message_id
        # A row with a column per location may be refused in several of them.
        return f"{self.kind} {self.document.get('id')} {self.document.get('column')}"

    @property
    def bucket_and_key(self) -> tuple[str, str] | None:
        """The object it is about, where it names one."""
        document: Any = self.document.get("requestPayload", self.document)
        try:
            if "detail" in document:
                return document["detail"]["bucket"]["name"], document["detail"]["object"]["key"]
            return document["bucket"], document["key"]
        except (KeyError, TypeError):
            return None

    @property
    def version_id(self) -> str | None:
        """The version it is about, where it names one."""
        document: Any = self.document.get("requestPayload", self.document)
        try:
            if "detail" in document:
                return str(document["detail"]["object"]["version-id"])
            return str(document["version_id"]) if document["version_id"] else None
        except (KeyError, TypeError):
            return None

    @property
    def line(self) -> int:
        """The physical line it is about; 0 where it names none."""
        line = self.document.get("line")
        return line if isinstance(line, int) else 0


class QueueReader:
    """Messages read so far; see `read_queue`.

    Args:
        sqs: SQS.
        queue_url: The queue.
        hidden_seconds: How long a message is hidden from other readers.
    """

    def __init__(self, sqs: SQSClient, queue_url: str, *, hidden_seconds: int) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._hidden_seconds = hidden_seconds
        self._hidden: dict[str, DeadLetter] = {}
        self._seen: set[str] = set()

    def messages(self) -> Iterator[DeadLetter]:
        """Every message once, until the queue shows no new one."""
        without_news = 0
        while without_news < _ANSWERS_WITHOUT_NEWS:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=_MESSAGES_PER_REQUEST,
                VisibilityTimeout=self._hidden_seconds,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            fresh = []
            for message in messages:
                dead_letter = _dead_letter(message)
                self._hidden[dead_letter.message_id] = dead_letter
                if dead_letter.message_id not in self._seen:
                    self._seen.add(dead_letter.message_id)
                    fresh.append(dead_letter)
            without_news = 0 if fresh else without_news + 1
            yield from fresh

    def kept_by_others(self, before: Depth) -> int:
        """How many messages somebody else reads, who is at work or was killed.

        Args:
            before: How full the queue was before this reader has read all it was shown.
        """
        # SQS's count of hidden messages lags behind; what this reader was shown nobody else has.
        return min(before.hidden, max(0, before.messages - len(self._seen)))

    def delete(self, dead_letters: Sequence[DeadLetter]) -> int:
        """Remove messages for good.

        Args:
            dead_letters: Messages that this reader gave.

        Returns:
            How many the queue would not let go; they stay and are safe to settle again.
        """
        refused = 0
        for at in range(0, len(dead_letters), _MESSAGES_PER_REQUEST):
            part = dead_letters[at : at + _MESSAGES_PER_REQUEST]
            answer = self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {
                        "Id": str(index),
                        # A message that was read twice is deleted by its latest handle.
                        "ReceiptHandle": self._hidden[dead_letter.message_id].receipt_handle,
                    }
                    for index, dead_letter in enumerate(part)
                ],
            )
            failed = {int(entry["Id"]) for entry in answer.get("Failed", ())}
            refused += len(failed)
            for index, dead_letter in enumerate(part):
                if index not in failed:
                    del self._hidden[dead_letter.message_id]
        return refused

    def put_back(self) -> None:
        """Show every message that was not deleted to readers again."""
        waiting = list(self._hidden.values())
        self._hidden.clear()
        for at in range(0, len(waiting), _MESSAGES_PER_REQUEST):
            # What fails here is visible already or will be when its time is over.
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {
                        "Id": str(index),
                        "ReceiptHandle": dead_letter.receipt_handle,
                        "VisibilityTimeout": 0,
                    }
                    for index, dead_letter in enumerate(waiting[at : at + _MESSAGES_PER_REQUEST])
                ],
            )


def tell_kept(count: int) -> None:
    """Say that messages are missing because somebody else reads them.

    Args:
        count: How many.
    """
    minutes = LONGEST_HIDDEN_SECONDS // 60
    complain(
        f"{figure(count)} messages are being read by somebody else, for up to {minutes} minutes; "
        "ask again then"
    )


@contextmanager
def read_queue(sqs: SQSClient, queue_url: str, *, hidden_seconds: int) -> Iterator[QueueReader]:
    """Read a queue; what is not deleted is put back at the end, whatever happens.

    Args:
        sqs: SQS.
        queue_url: The queue.
        hidden_seconds: How long a message is hidden from other readers at most.
    """
    reader = QueueReader(sqs, queue_url, hidden_seconds=hidden_seconds)
    try:
        yield reader
    finally:
        reader.put_back()


def is_about(session: Session, dead_letter: DeadLetter, name: str) -> bool:
    """Tell whether a message is about what a name stands for.

    Args:
        session: Connection.
        dead_letter: The message.
        name: A key, a folder, an s3:// address or a record id.
    """
    if dead_letter.bucket_and_key is None:
        return False
    _, key = dead_letter.bucket_and_key
    return is_under(session, name, key, dead_letter.version_id)


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    try:
        document = json.loads(message["Body"])
    except ValueError:
        document = None
    return DeadLetter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        attributes={
            name: attribute["StringValue"]
            for name, attribute in message.get("MessageAttributes", {}).items()
            if "StringValue" in attribute
        },
        sent_at=datetime.fromtimestamp(
            int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000, UTC
        ),
        document=document if isinstance(document, dict) else {},
    )
