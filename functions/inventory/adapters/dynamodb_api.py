"""The one narrow door to DynamoDB: signed requests of DynamoDB JSON, without per-item work.

botocore's client validates, serialises and parses every attribute value in Python, which costs
several times what the rows themselves cost. Our requests are built by us, so this module leaves
that out. It needs no name of botocore's that is not documented: credentials are its session's,
connections urllib3's, and the signature is made as AWS describes it.
"""

from __future__ import annotations

import json
import os
import random
import ssl
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit
from zlib import crc32

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from inventory.adapters.adaptive_concurrency import AdaptiveConcurrency
from inventory.adapters.service_errors import is_throttle, may_pass
from inventory.adapters.signature import Keys, Signer
from inventory.domain.errors import (
    OutOfTimeError,
    RejectedRequestError,
    RetryableError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from botocore.session import Session

    from inventory.domain.ports import Deadline

_T = TypeVar("_T")
_R = TypeVar("_R")

#: A request in DynamoDB JSON, or its text where many are made from templates.
Payload = dict[str, Any] | str

#: Requests in flight at once while nothing is throttled; enough to fill one vCPU at DynamoDB's
#: usual latency.
REQUESTS_IN_FLIGHT = 8

#: Attempts of one piece of work before it is raised; about 40 s of waiting at the longest.
MAX_ATTEMPTS = 15

_CONNECT_TIMEOUT_SECONDS = 2
_READ_TIMEOUT_SECONDS = 5
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0

_SERVER_ERROR = 500


class DynamoDbError(RejectedRequestError):
    """DynamoDB refuses a request for a reason that another attempt does not change.

    Args:
        code: DynamoDB's error code.
        message: DynamoDB's message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ConditionFailedError(DynamoDbError):
    """The condition of a write does not hold."""


class TransientError(RetryableError):
    """DynamoDB may answer another attempt.

    Args:
        code: DynamoDB's error code, or the name of a failure on the way.
        message: What was said.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @property
    def throttled(self) -> bool:
        """Tell whether DynamoDB asked for less."""
        return is_throttle(self.code)


def error_of(code: str, message: str) -> DynamoDbError | TransientError:
    """The exception for an error code of a response or of one statement in it."""
    if may_pass(code):
        return TransientError(code, message)
    if code in ("ConditionalCheckFailedException", "ConditionalCheckFailed"):
        return ConditionFailedError(code, message)
    return DynamoDbError(code, message)


class Transport(Protocol):
    """One attempt of one operation."""

    def __call__(self, operation: str, payload: Payload, /) -> dict[str, Any]:
        """Send a request and give the answer, both in DynamoDB JSON.

        Raises:
            TransientError: Another attempt may succeed.
            DynamoDbError: It will not.
        """
        ...


class SignedTransport:
    """Sends requests over HTTPS, signed with Signature Version 4.

    Args:
        session: Gives credentials and the region.
        endpoint_url: Where DynamoDB is; by default what the environment says, else AWS.
    """

    def __init__(self, session: Session, endpoint_url: str | None = None) -> None:
        region = session.get_config_variable("region") or "us-east-1"
        credentials = session.get_credentials()
        if credentials is None:
            raise RetryableError("no AWS credentials were found")
        self._credentials = credentials
        self._signer = Signer("dynamodb", region)
        url = endpoint_url or _endpoint_url(region)
        self._host = urlsplit(url).netloc
        self._http = PoolManager(
            maxsize=REQUESTS_IN_FLIGHT,
            timeout=Timeout(connect=_CONNECT_TIMEOUT_SECONDS, read=_READ_TIMEOUT_SECONDS),
            ssl_context=ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE")),
        ).connection_from_url(url)
        encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
        self._encode = encoder.encode

    def __call__(self, operation: str, payload: Payload) -> dict[str, Any]:
        """Send one request; see `Transport`."""
        text = payload if isinstance(payload, str) else self._encode(payload)
        body = text.encode()
        try:
            response = self._http.urlopen(
                "POST", "/", body, self._headers(operation, body), retries=False
            )
        except HTTPError as error:
            raise TransientError(type(error).__name__, str(error)) from error
        if response.status != 200:  # noqa: PLR2004  HTTP
            raise _http_error(response.status, response.data)
        checksum = response.headers.get("x-amz-crc32")
        if checksum is not None and int(checksum) != crc32(response.data):
            raise TransientError("ChecksumMismatch", "the answer was damaged on its way")
        try:
            answer: dict[str, Any] = json.loads(response.data)
        except ValueError as error:
            raise TransientError("DamagedAnswer", "the answer is not JSON") from error
        return answer

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        frozen = self._credentials.get_frozen_credentials()
        keys = Keys(frozen.access_key or "", frozen.secret_key or "", frozen.token)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "Host": self._host,
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        if keys.token:
            headers["X-Amz-Security-Token"] = keys.token
        headers["Authorization"] = self._signer.authorization(headers, body, keys)
        return headers


def _http_error(status_code: int, body: bytes) -> DynamoDbError | TransientError:
    try:
        said = json.loads(body)
        code = str(said.get("__type", "")).rpartition("#")[2]
        if code == "TransactionCanceledException":
            code = _reason(said.get("CancellationReasons", ()))
        message = str(said.get("message") or said.get("Message") or "")
    except (ValueError, AttributeError):
        code, message = "", ""
    error = error_of(code or f"Http{status_code}", message)
    if isinstance(error, DynamoDbError) and status_code >= _SERVER_ERROR:
        return TransientError(code or f"Http{status_code}", message)
    return error


def _reason(reasons: Sequence[dict[str, Any]]) -> str:
    """Why a transaction was cancelled: for good if there is such a reason, else for now.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    codes = [str(reason.get("Code")) for reason in reasons]
    codes = [code for code in codes if code != "None"]
    lasting = [code for code in codes if not may_pass(code)]
    return (lasting or codes or ["TransactionCanceledException"])[0]


def _endpoint_url(region: str) -> str:
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return (
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or os.environ.get("AWS_ENDPOINT_URL")
        or f"https://dynamodb.{region}.{suffix}"
    )


class Backoff:
    """Pauses between attempts of one piece of work: exponential, full jitter, in the time left.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        deadline: Seconds left.
        sleep: Takes seconds.
        uniform: Gives a number from 0 to 1.
        concurrency: Told of every throttle.
    """

    __slots__ = ("_attempt", "_concurrency", "_deadline", "_sleep", "_uniform")

    def __init__(
        self,
        deadline: Deadline,
        sleep: Callable[[float], None],
        uniform: Callable[[], float],
        concurrency: AdaptiveConcurrency,
    ) -> None:
        self._deadline = deadline
        self._sleep = sleep
        self._uniform = uniform
        self._concurrency = concurrency
        self._attempt = 0

    def pause(self, error: TransientError) -> None:
        """Wait before the next attempt.

        Args:
            error: What the attempt met.

        Raises:
            ThrottledError: Too many attempts were throttled.
            OutOfTimeError: The invocation ends before the next attempt.
            TransientError: `error`, after too many attempts.
        """
        if error.throttled:
            self._concurrency.throttled()
        self._attempt += 1
        if self._attempt >= MAX_ATTEMPTS:
            if error.throttled:
                raise ThrottledError(f"still throttled: {error}") from error
            raise error
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**self._attempt)
        seconds = longest * self._uniform()
        if seconds + _READ_TIMEOUT_SECONDS > self._deadline.left():
            raise OutOfTimeError(f"no time left for another attempt: {error}") from error
        self._sleep(seconds)

    def pause_throttled(self, message: str) -> None:
        """Wait because part of a request was not served; see `pause`."""
        self.pause(TransientError("ThrottlingException", message))

    def progress(self) -> None:
        """Start over with short pauses, after part of the work was done."""
        self._attempt = 0


class DynamoDbApi:
    """Calls DynamoDB with DynamoDB JSON, retries what may pass, and runs several calls at once.

    How many run at once follows what DynamoDB takes, see `AdaptiveConcurrency`.

    Args:
        transport: One attempt.
        deadline: Seconds left.
        in_flight: Calls at once; 1 runs them one after the other in the caller's thread.
        sleep: Takes seconds.
        uniform: Gives a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        transport: Transport,
        deadline: Deadline,
        *,
        in_flight: int = REQUESTS_IN_FLIGHT,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._deadline = deadline
        self._sleep = sleep
        self._uniform = uniform
        self._in_flight = in_flight
        self._concurrency = AdaptiveConcurrency(in_flight)
        self._pool: ThreadPoolExecutor | None = None

    def backoff(self) -> Backoff:
        """Pauses for one piece of work."""
        return Backoff(self._deadline, self._sleep, self._uniform, self._concurrency)

    def call(self, operation: str, payload: Payload) -> dict[str, Any]:
        """Call an operation until DynamoDB answers.

        Args:
            operation: Such as "BatchGetItem".
            payload: DynamoDB JSON, or its text.

        Raises:
            DynamoDbError: DynamoDB refuses.
            RetryableError: No answer in the time left.
        """
        backoff: Backoff | None = None
        while True:
            try:
                with self._concurrency:
                    return self._transport(operation, payload)
            except TransientError as error:
                backoff = backoff or self.backoff()
                backoff.pause(error)

    def each(self, work: Callable[[_T], _R], pieces: Sequence[_T]) -> list[_R]:
        """Do a piece of work for each of several inputs, several at once.

        Returns only when none is running any more, also when one fails: a request that is still
        on its way when its run ends could otherwise arrive after the run was given up.

        Raises:
            InventoryError: The first failure, in the order of the inputs.
        """
        if self._in_flight == 1 or len(pieces) <= 1:
            return [work(piece) for piece in pieces]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._in_flight, thread_name_prefix="dynamodb")
        futures = [self._pool.submit(work, piece) for piece in pieces]
        wait(futures)
        return [future.result() for future in futures]
