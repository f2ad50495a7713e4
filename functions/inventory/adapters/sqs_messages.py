"""The work queue and, for rejects, the dead-letter queue."""

from __future__ import annotations

import logging
import random
import time
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory.adapters.service_errors import may_pass, sorted_errors
from inventory.domain.errors import OutOfTimeError, RejectedRequestError, RetryableError
from inventory.domain.messages import BYTES_PER_REQUEST, MESSAGES_PER_REQUEST, message_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

    from inventory.domain.ports import Deadline
    from inventory.domain.work import WorkMessage

_STRING = "String"

_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 3.0
# Four pauses before the fifth and last receive: a quarter of an hour of trouble is outlasted.
_FIRST_WAIT_SECONDS = 15
_GROWTH = 4
_LONGEST_WAIT_SECONDS = 900

_LOGGER = logging.getLogger(__name__)


class SqsSender:
    """Sends messages in full requests; every message is taken or the call raises.

    botocore repeats a request that fails as a whole; here messages are sent again that SQS did
    not take of a request. A standard queue delivers at least once, and a request whose answer was
    lost is sent again, so consumers may see a message twice.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html

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

    def send(
        self, bodies: Sequence[str], attributes: Mapping[str, str], *, delay_seconds: int = 0
    ) -> None:
        """Send every body, each as a message with these string attributes.

        Args:
            bodies: As `messages.message_text` makes them.
            attributes: The same for all of them.
            delay_seconds: When they come at the earliest, up to 900.

        Raises:
            RejectedRequestError: SQS will not take a message, or any.
            RetryableError: A message was not taken.
        """
        typed: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": _STRING, "StringValue": value} for name, value in attributes.items()
        }
        refused: list[str] = []
        for request in _requests(bodies, _attribute_bytes(attributes)):
            refused += self._send(
                [
                    {
                        "Id": str(index),
                        "MessageBody": body,
                        "MessageAttributes": typed,
                        "DelaySeconds": delay_seconds,
                    }
                    for index, body in enumerate(request)
                ]
            )
        if refused:
            raise RejectedRequestError(f"SQS refuses {len(refused)} messages: {refused[0]}")

    def _send(self, entries: list[SendMessageBatchRequestEntryTypeDef]) -> list[str]:
        """Send a request until SQS has taken or refused every message; why it refused some."""
        refused: list[str] = []
        for attempt in count(1):
            with sorted_errors(f"{len(entries)} messages were not sent"):
                answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            taken = {entry["Id"] for entry in answer.get("Successful", ())}
            failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
            for entry in failed.values():
                if entry["SenderFault"] and not may_pass(entry["Code"]):
                    taken.add(entry["Id"])
                    refused.append(f"{entry['Code']}: {entry.get('Message', '')}")
            entries = [entry for entry in entries if entry["Id"] not in taken]
            if not entries:
                return refused
            codes = sorted({str(entry.get("Code")) for entry in failed.values()})
            self._pause(attempt, f"SQS did not take {len(entries)} messages: {', '.join(codes)}")
        return refused

    def _pause(self, attempt: int, reason: str) -> None:
        """Wait before the next attempt: exponential, full jitter, in the time left."""
        if attempt == _ATTEMPTS:
            raise RetryableError(reason)
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
        seconds = longest * self._uniform()
        if seconds + 1 > self._deadline.left():
            raise OutOfTimeError(reason)
        self._sleep(seconds)


class SqsWorkQueue:
    """The work queue behind `ports.WorkQueue`.

    Args:
        sender: Sends to the work queue.
    """

    def __init__(self, sender: SqsSender) -> None:
        self._sender = sender

    def send(self, messages: Sequence[WorkMessage], *, delay_seconds: int = 0) -> None:
        """Send every message; see `ports.WorkQueue`."""
        bodies = [message.to_text() for message in messages]
        self._sender.send(bodies, {}, delay_seconds=delay_seconds)


class SqsEndedChains:
    """The dead-letter queue behind `ports.EndedChains`.

    The attributes are those of Lambda's own dead letters, so both are shown in the same way.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

    Args:
        sender: Sends to the dead-letter queue.
    """

    def __init__(self, sender: SqsSender) -> None:
        self._sender = sender

    def send(self, messages: Sequence[WorkMessage], code: str, reason: str) -> None:
        """Send every message with the reason beside it; see `ports.EndedChains`."""
        bodies = [message.to_text() for message in messages]
        self._sender.send(bodies, {"ErrorCode": code, "ErrorMessage": reason})


class SqsRejectQueue:
    """The dead-letter queue behind `ports.RejectQueue`.

    Args:
        sender: Sends to the dead-letter queue.
    """

    def __init__(self, sender: SqsSender) -> None:
        self._sender = sender

    def send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        """Send every body as a message with the attribute `kind`; see `ports.RejectQueue`."""
        self._sender.send([message_text(body) for body in bodies], {"kind": kind})


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

    def retry_soon(self, receipt_handle: str, receive_count: int) -> None:
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


def _requests(bodies: Sequence[str], attribute_bytes: int) -> Iterator[list[str]]:
    """The bodies in as few requests as SQS's limits allow, in their order."""
    request: list[str] = []
    size = 0
    for body in bodies:
        body_size = len(body.encode()) + attribute_bytes
        full = len(request) == MESSAGES_PER_REQUEST or size + body_size > BYTES_PER_REQUEST
        if request and full:
            yield request
            request, size = [], 0
        request.append(body)
        size += body_size
    if request:
        yield request


def _attribute_bytes(attributes: Mapping[str, str]) -> int:
    """Bytes that a message's attributes add to its body: names, types and values."""
    return sum(len(f"{name}{_STRING}{value}".encode()) for name, value in attributes.items())
