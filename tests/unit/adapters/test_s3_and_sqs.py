"""Objects that break off, and versions that are gone."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from inventory.adapters.s3_objects import S3Objects
from inventory.domain.errors import ObjectGoneError, RejectedRequestError, RetryableError
from inventory.domain.model import ObjectVersion

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
        (_error("AccessDenied", 403), RejectedRequestError),
        (ReadTimeoutError(endpoint_url="x"), RetryableError),
    ],
)
def test_fails_with_the_class_that_says_whether_to_come_again(
    error: Exception, expected: type[Exception]
) -> None:
    """Gone for good, for now, or a mistake of ours."""
    with pytest.raises(expected):
        S3Objects(_Head(error)).describe(VERSION)
