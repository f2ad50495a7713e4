"""Bytes of an object version come whole, in order, and from where they were asked for."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from inventory.adapters.s3_objects import S3Objects
from inventory.domain.errors import (
    BadFileError,
    ObjectGoneError,
    RejectedRequestError,
    RetryableError,
)
from inventory.domain.model import ObjectVersion

BODY = bytes(range(200))
VERSION = ObjectVersion(
    bucket="uploads",
    key="a+b %.csv",
    version_id="v1",
    etag="tag",
    size_bytes=len(BODY),
    sequencer="0A",
)
WHEN = datetime(2026, 11, 22, tzinfo=UTC)


class Bucket:
    """One object.

    Attributes:
        break_after: Bytes after which every body breaks off; None for whole ones.
        failure: How it breaks off; None for an end that comes early.
        ranges: True if it gives ranges.
        error: What every request meets.
        named: The version id that it answers with.
        requests: What was asked for.
    """

    def __init__(self) -> None:
        self.break_after: int | None = None
        self.failure: Exception | None = None
        self.ranges = True
        self.error: Exception | None = None
        self.named: str | None = "v1"
        self.requests: list[dict[str, Any]] = []

    @property
    def objects(self) -> S3Objects:
        """The adapter over it."""
        client: Any = self
        return S3Objects(client)

    def head_object(self, **request: Any) -> dict[str, Any]:
        """Describe the object."""
        self._take(request)
        answer = {
            "ETag": '"tag"',
            "ContentLength": len(BODY),
            "LastModified": WHEN,
            "Metadata": {"As-Of": "2026-11-21"},
        }
        return answer | ({"VersionId": self.named} if self.named else {})

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Give the object or a range of it."""
        self._take(request)
        start = int(request.get("Range", "bytes=0-")[6:-1]) if self.ranges else 0
        answer: dict[str, Any] = {"Body": Body(BODY[start:], self.break_after, self.failure)}
        if start:
            answer["ContentRange"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return answer

    def _take(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        if self.error is not None:
            raise self.error


class Body(io.BytesIO):
    """A body that gives some bytes, then fails or ends."""

    def __init__(self, data: bytes, good: int | None, failure: Exception | None) -> None:
        super().__init__(data[:good])
        self._failure = failure if good is not None else None

    def read(self, size: int | None = -1, /) -> bytes:
        """Some bytes, then the failure."""
        part = super().read(size)
        if not part and self._failure is not None:
            raise self._failure
        return part


def answered(code: str, status: int = 0) -> ClientError:
    """An answer of S3 that is an error."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


@pytest.fixture
def bucket() -> Bucket:
    """A bucket that works."""
    return Bucket()


def test_an_object_is_read_by_its_version(bucket: Bucket) -> None:
    """The bytes are those of the version that was announced, whatever came after it."""
    assert bucket.objects.source(VERSION).open().read() == BODY
    assert bucket.requests == [{"Bucket": "uploads", "Key": "a+b %.csv", "VersionId": "v1"}]


def test_without_a_version_id_only_the_announced_content_is_read(bucket: Bucket) -> None:
    """The entity tag of the event must still be the object's."""
    bucket.objects.source(replace(VERSION, version_id=None)).open().read()
    assert bucket.requests == [{"Bucket": "uploads", "Key": "a+b %.csv", "IfMatch": "tag"}]


@pytest.mark.parametrize(
    "failure",
    [
        None,
        OSError("reset"),
        ReadTimeoutError(endpoint_url="x"),
        ResponseStreamingError(error="x"),
        IncompleteReadError(actual_bytes=0, expected_bytes=1),
    ],
)
def test_a_body_that_breaks_off_is_opened_again_where_it_ended(
    bucket: Bucket, failure: Exception | None
) -> None:
    """Neither an early end nor an error loses a byte, three times over."""
    bucket.break_after, bucket.failure = 60, failure
    with bucket.objects.source(VERSION).open() as stream:
        assert stream.read(10) + stream.read() == BODY
    ranges = [None, "bytes=60-", "bytes=120-", "bytes=180-"]
    assert [request.get("Range") for request in bucket.requests] == ranges
    assert {request["VersionId"] for request in bucket.requests} == {"v1"}


def test_fails_when_the_object_keeps_breaking_off(bucket: Bucket) -> None:
    """A truncated object never looks like a short one."""
    bucket.break_after = 10
    with (
        bucket.objects.source(VERSION).open() as stream,
        pytest.raises(RetryableError, match="breaks off at byte 40 of 200"),
    ):
        stream.read()


def test_a_stream_begins_anywhere(bucket: Bucket) -> None:
    """A segment goes on where the one before has ended, also at the end."""
    with bucket.objects.source(VERSION).open(150) as stream:
        assert stream.read() == BODY[150:]
    with bucket.objects.source(VERSION).open(len(BODY)) as stream:
        assert stream.read() == b""
    assert len(bucket.requests) == 1


def test_fails_when_a_range_is_answered_with_the_whole_object(bucket: Bucket) -> None:
    """Rows read from the wrong place would load in silence."""
    bucket.ranges = False
    with pytest.raises(RetryableError, match="range"):
        bucket.objects.source(VERSION).open(50)


@pytest.mark.parametrize(
    ("version_id", "named", "expected"),
    [("v1", "v1", "v1"), (None, "w", "w"), (None, "null", None), (None, None, None)],
)
def test_a_version_takes_its_id_from_s3_where_the_event_has_none(
    bucket: Bucket, version_id: str | None, named: str | None, expected: str | None
) -> None:
    """And is asked for by entity tag then, so that it is the one announced."""
    bucket.named = named
    info = bucket.objects.describe(replace(VERSION, version_id=version_id, size_bytes=0))
    assert info.version == replace(VERSION, version_id=expected)
    assert info.last_modified == WHEN
    assert ("IfMatch" in bucket.requests[0]) == (version_id is None)


def test_metadata_names_do_not_depend_on_their_case(bucket: Bucket) -> None:
    """S3 keeps them as they were sent; ours are in lower case."""
    assert bucket.objects.describe(VERSION).metadata == {"as-of": "2026-11-21"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((answered(code), ObjectGoneError) for code in ("404", "405", "412")),
        *((answered(code), ObjectGoneError) for code in ("NoSuchKey", "NoSuchVersion")),
        (answered("SlowDown", 503), RetryableError),
        (answered("InternalError", 500), RetryableError),
        (answered("503", 503), RetryableError),
        (answered("RequestTimeTooSkewed", 403), RetryableError),
        (ReadTimeoutError(endpoint_url="x"), RetryableError),
        (answered("AccessDenied", 403), RejectedRequestError),
        (answered("403", 403), RejectedRequestError),
        (answered("InvalidObjectState", 403), BadFileError),
        (answered("NoSuchBucket", 404), RejectedRequestError),
    ],
)
def test_fails_with_the_class_that_says_whether_to_come_again(
    bucket: Bucket, error: Exception, expected: type[Exception]
) -> None:
    """Gone for good, for now, or for somebody to mend, who is not told that a file was lost."""
    bucket.error = error
    with pytest.raises(expected):
        bucket.objects.describe(VERSION)
    with pytest.raises(expected):
        bucket.objects.source(VERSION).open()


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NoSuchVersion"])
@pytest.mark.parametrize(("minutes", "expected"), [(14, RetryableError), (16, ObjectGoneError)])
def test_a_version_is_not_given_up_before_s3_shows_it_everywhere(
    bucket: Bucket, code: str, minutes: int, expected: type[Exception]
) -> None:
    """For a quarter of an hour after versioning was enabled S3 may answer so for what is there.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
    """
    bucket.error = answered(code)
    version = replace(VERSION, stored_at=datetime.now(UTC) - timedelta(minutes=minutes))

    with pytest.raises(expected):
        bucket.objects.describe(version)
    with pytest.raises(expected):
        bucket.objects.source(version).open()


@pytest.mark.parametrize("code", ["405", "412"])
def test_a_version_that_was_deleted_or_replaced_is_gone_however_young(
    bucket: Bucket, code: str
) -> None:
    """These answers are about an object that S3 knows."""
    bucket.error = answered(code)
    with pytest.raises(ObjectGoneError):
        bucket.objects.describe(replace(VERSION, stored_at=datetime.now(UTC)))
