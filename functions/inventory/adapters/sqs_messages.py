"""The work queue and, for rejects, the dead-letter queue."""

from __future__ import annotations

import json
import logging
import random
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory.domain.errors import OutOfTimeError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from inventory.domain.ports import Deadline
    from inventory.domain.work import WorkMessage

# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
# A batch may hold 1 MiB by now; older emulators and regions refuse more than 256 KiB.
_ENTRIES_PER_BATCH = 10
_BYTES_PER_BATCH = 256 * 1024

_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 3.0
# Four pauses before the fifth and last receive: a quarter of an hour of trouble is outlasted.
_FIRST_WAIT_SECONDS = 15
_GROWTH = 4
_LONGEST_WAIT_SECONDS = 900

_LOGGER = logging.getLogger(__name__)


class SqsSender:
    """Sends messages in full batches; every message is taken or the call raises.

    Args:
        client: SQS.
        queue_url: The queue.
        deadline: Seconds left.
        sleep: Takes seconds.
        uniform: Gives a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        client: SQSClient,
        queue_url: str,
        deadline: Deadline,
        *,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._deadline = deadline
        self._sleep = sleep
        self._uniform = uniform

    def send(self, bodies: Sequence[str], attributes: dict[str, str]) -> None:
        """Send every body, each as a message with these string attributes.

        Raises:
            RetryableError: A message was not taken.
        """
        typed = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        for batch in _batches(bodies):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(index), "MessageBody": body, "MessageAttributes": typed}  # type: ignore[typeddict-item]
                for index, body in enumerate(batch)
            ]
            self._send_batch(entries)

    def _send_batch(self, entries: list[SendMessageBatchRequestEntryTypeDef]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            reason = ""
            try:
                answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                if attempt == _ATTEMPTS:
                    raise RetryableError(f"the queue takes no messages: {error}") from error
                reason = str(error)
            else:
                failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
                if not failed:
                    return
                entries = [entry for entry in entries if entry["Id"] in failed]
                reason = str(next(iter(failed.values())).get("Code"))
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
            seconds = longest * self._uniform()
            if seconds + 1 > self._deadline.left():
                raise OutOfTimeError(f"no time left to send messages: {reason}")
            self._sleep(seconds)
        raise RetryableError(f"the queue refuses {len(entries)} messages: {reason}")


class SqsWorkQueue:
    """The work queue behind `ports.WorkQueue`.

    Args:
        sender: Sends to the work queue.
    """

    def __init__(self, sender: SqsSender) -> None:
        self._sender = sender

    def send(self, messages: Sequence[WorkMessage]) -> None:
        """Send every message; see `ports.WorkQueue`."""
        self._sender.send([message.to_text() for message in messages], {})


class SqsRejectQueue:
    """The dead-letter queue behind `ports.RejectQueue`.

    Args:
        sender: Sends to the dead-letter queue.
    """

    def __init__(self, sender: SqsSender) -> None:
        self._sender = sender

    def send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        """Send every body as a message with the attribute `kind`; see `ports.RejectQueue`."""
        texts = [json.dumps(body, separators=(",", ":"), ensure_ascii=False) for body in bodies]
        self._sender.send(texts, {"kind": kind})


class SqsVisibility:
    """Lets a message whose processing failed come again before its visibility timeout ends.

    That timeout outlasts six invocations, so that no message is processed twice at once; after
    a failure that was noticed there is no reason to wait for it.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

    Args:
        client: SQS.
        queue_url: The queue.
        uniform: Gives a number from 0 to 1, for the jitter.
    """

    def __init__(
        self, client: SQSClient, queue_url: str, *, uniform: Callable[[], float] = random.random
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._uniform = uniform

    def soon(self, receipt_handle: str, receive_count: int) -> None:
        """Make a message visible again after a pause that grows with every attempt.

        Args:
            receipt_handle: Of the message.
            receive_count: How often it was received, this time included.
        """
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * _GROWTH ** (receive_count - 1))
        seconds = int(longest * (1 + self._uniform()) / 2)
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError):
            # It comes again all the same, only later; the failure itself is what counts.
            _LOGGER.warning("the message will come again late", exc_info=True)


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        body_size = len(body.encode()) + 64  # attributes count too
        if batch and (len(batch) == _ENTRIES_PER_BATCH or size + body_size > _BYTES_PER_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += body_size
    if batch:
        yield batch
