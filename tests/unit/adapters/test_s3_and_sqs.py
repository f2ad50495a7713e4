"""Objects that break off, versions that are gone, and queues that take a part."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from inventory.adapters.s3_objects import S3Objects
from inventory.adapters.sqs_messages import SqsRejectQueue, SqsSender
from inventory.domain.errors import ObjectGoneError, OutOfTimeError, RetryableError
from inventory.domain.model import ObjectVersion
from inventory.domain.ports import Deadline

BODY = bytes(range(256)) * 40
VERSION = ObjectVersion(
    bucket="b", key="k", version_id="v", etag="e", size_bytes=len(BODY), sequencer="0A"
)


def _error(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


class _Body(io.BytesIO):
    """A body that gives `good` bytes, then fails or ends."""

    def __init__(self, data: bytes, good: int, failure: Exception | None) -> None:
        super().__init__(data[:good])
        self._failure = failure

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes, then the failure."""
        part = super().read(size)
        if not part and self._failure is not None:
            raise self._failure
        return part


class _S3:
    """One object whose bodies break off after `good` bytes."""

    def __init__(self, good: int, failure: Exception | None = None) -> None:
        self.good = good
        self.failure = failure
        self.ignores_ranges = False
        self.requests: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Give a body."""
        self.requests.append(request)
        start = int(request.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        answer = {"Body": _Body(BODY[start:], self.good, self.failure)}
        if start and not self.ignores_ranges:
            answer["ContentRange"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return answer


@pytest.mark.parametrize("failure", [None, ReadTimeoutError(endpoint_url="x"), OSError("reset")])
def test_a_body_that_breaks_off_is_opened_again_where_it_ended(failure: Exception | None) -> None:
    """Neither an early end nor an error loses a byte."""
    client = _S3(4000, failure)
    with S3Objects(client).source(VERSION).open() as stream:
        assert stream.read(100) + stream.read() == BODY
    assert [request.get("Range") for request in client.requests] == [
        None,
        "bytes=4000-",
        "bytes=8000-",
    ]
    assert {request["VersionId"] for request in client.requests} == {"v"}


def test_fails_when_a_body_breaks_off_too_often() -> None:
    """A short object never passes for a whole one."""
    with (
        S3Objects(_S3(100)).source(VERSION).open() as stream,
        pytest.raises(RetryableError, match="breaks off at byte 400"),
    ):
        stream.read()


def test_a_stream_begins_anywhere() -> None:
    """Byte ranges of large files read from their beginning on."""
    client = _S3(len(BODY))
    with S3Objects(client).source(VERSION).open(10_000) as stream:
        assert stream.read() == BODY[10_000:]
    with S3Objects(client).source(VERSION).open(len(BODY)) as stream:
        assert stream.read() == b""


def test_fails_when_the_range_is_ignored() -> None:
    """Bytes of another place are never taken for those asked for."""
    client = _S3(len(BODY))
    client.ignores_ranges = True
    with pytest.raises(RetryableError, match="range"):
        S3Objects(client).source(VERSION).open(10_000)


class _Head:
    """Answers HEAD."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.request: dict[str, Any] = {}

    def head_object(self, **request: Any) -> Any:
        """Answer."""
        self.request = request
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("version_id", "named", "expected"),
    [("v", "v", "v"), (None, "w", "w"), (None, "null", None), (None, None, None)],
)
def test_a_version_takes_its_id_from_s3_where_the_event_has_none(
    version_id: str | None, named: str | None, expected: str | None
) -> None:
    """And is asked for by entity tag then, so that it is the one announced."""
    from dataclasses import replace  # noqa: PLC0415

    when = datetime(2026, 11, 22, tzinfo=UTC)
    answer = {"ETag": '"e"', "ContentLength": 5, "LastModified": when, "Metadata": {"As-Of": "t"}}
    client = _Head(answer | ({"VersionId": named} if named else {}))
    info = S3Objects(client).describe(replace(VERSION, version_id=version_id))
    assert info.version.version_id == expected
    assert info.version.size_bytes == 5
    assert info.version.sequencer == "0A"
    assert info.metadata == {"as-of": "t"}
    assert ("IfMatch" in client.request) == (version_id is None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_error("404", 404), ObjectGoneError),
        (_error("NoSuchVersion", 404), ObjectGoneError),
        (_error("405", 405), ObjectGoneError),
        (_error("412", 412), ObjectGoneError),
        (_error("SlowDown", 503), RetryableError),
        (_error("InternalError", 500), RetryableError),
        (_error("AccessDenied", 403), ClientError),
        (ReadTimeoutError(endpoint_url="x"), RetryableError),
    ],
)
def test_fails_with_the_class_that_says_whether_to_come_again(
    error: Exception, expected: type[Exception]
) -> None:
    """Gone for good, for now, or a mistake of ours."""
    with pytest.raises(expected):
        S3Objects(_Head(error)).describe(VERSION)


class _Sqs:
    """Takes messages, except those whose body is in `refused` (once each)."""

    def __init__(self, refused: set[str]) -> None:
        self.refused = refused
        self.taken: list[str] = []
        self.batches: list[int] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  boto3's names
        """Take a batch."""
        assert QueueUrl == "url"
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 256 * 1024
        self.batches.append(len(Entries))
        failed = []
        for entry in Entries:
            if entry["MessageBody"] in self.refused:
                self.refused.discard(entry["MessageBody"])
                failed.append({"Id": entry["Id"], "Code": "InternalError"})
            else:
                self.taken.append(entry["MessageBody"])
        return {"Failed": failed}


def _sender(client: Any, left: float = 900) -> SqsSender:
    deadline = Deadline()
    deadline.start(lambda: left)
    return SqsSender(client, "url", deadline, sleep=lambda _: None, uniform=lambda: 1.0)


def test_messages_that_were_not_taken_are_sent_again() -> None:
    """Each arrives once, in batches of at most ten."""
    bodies = [str(number) for number in range(25)]
    client = _Sqs({"3", "24"})
    _sender(client).send(bodies, {})
    assert sorted(client.taken, key=int) == bodies
    assert client.batches == [10, 1, 10, 5, 1]


def test_large_messages_share_a_batch_only_as_far_as_they_fit() -> None:
    """A batch may not be larger than a message."""
    client = _Sqs(set())
    _sender(client).send(["ø" * 60_000] * 5, {})
    assert client.batches == [2, 2, 1]


def test_reject_messages_carry_their_kind() -> None:
    """Consumers filter by the attribute."""
    seen: list[Any] = []

    class Client:
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            seen.extend(request["Entries"])
            return {}

    SqsRejectQueue(_sender(Client())).send("row", [{"id": "ø"}])
    assert seen[0]["MessageAttributes"]["kind"]["StringValue"] == "row"
    assert seen[0]["MessageBody"] == '{"id":"ø"}'


def test_fails_when_the_queue_keeps_refusing() -> None:
    """A message is never dropped."""

    class Client:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": "0", "Code": "x"}]}

    with pytest.raises(RetryableError):
        _sender(Client()).send(["a"], {})
    with pytest.raises(OutOfTimeError):
        _sender(Client(), left=1).send(["a"], {})
