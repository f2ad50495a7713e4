"""Bytes of an object version come whole, in order, and from where they were asked for."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError

from inventory.adapters.s3_objects import S3Objects
from inventory.domain.errors import ObjectGoneError, RejectedRequestError, RetryableError
from inventory.domain.model import ObjectVersion

BODY = bytes(range(200))
VERSION = ObjectVersion(
    bucket="uploads", key="a+b %.csv", version_id="v1", etag="tag", size_bytes=len(BODY)
)


class Bucket:
    """One object; breaks bodies off after some bytes, and may ignore ranges or refuse."""

    def __init__(
        self, *, break_after: int | None = None, ranges: bool = True, code: str | None = None
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self._break_after = break_after
        self._ranges = ranges
        self._code = code

    def head_object(self, **request: Any) -> dict[str, Any]:
        """Describe the object."""
        self.requests.append(request)
        self._refuse("HeadObject")
        return {
            "VersionId": "v1",
            "ETag": '"tag"',
            "ContentLength": len(BODY),
            "LastModified": datetime(2026, 11, 22, tzinfo=UTC),
            "Metadata": {"As-Of": "2026-11-21"},
        }

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Give the object or a range of it."""
        self.requests.append(request)
        self._refuse("GetObject")
        start = int(request.get("Range", "bytes=0-")[6:-1]) if self._ranges else 0
        answer: dict[str, Any] = {"Body": Body(BODY[start:], self._break_after)}
        if start:
            answer["ContentRange"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return answer

    def _refuse(self, operation: str) -> None:
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": ""}}, operation)


class Body(io.BytesIO):
    """A body that breaks off."""

    def __init__(self, content: bytes, break_after: int | None) -> None:
        super().__init__(content)
        self._left = break_after

    def read(self, size: int | None = -1, /) -> bytes:
        """Some bytes, until the connection breaks."""
        if self._left is None:
            return super().read(size)
        if self._left <= 0:
            raise IncompleteReadError(actual_bytes=0, expected_bytes=1)
        part = super().read(min(self._left, size if size and size > 0 else self._left))
        self._left -= len(part)
        return part


def test_an_object_is_read_by_its_version() -> None:
    """The bytes are those of the version that was announced, whatever came after it."""
    bucket = Bucket()

    content = S3Objects(bucket).source(VERSION).open().read()

    assert content == BODY
    assert bucket.requests[0]["VersionId"] == "v1"
    assert bucket.requests[0]["Key"] == "a+b %.csv"


def test_a_body_that_breaks_off_is_continued_where_it_broke() -> None:
    """Three broken connections still give every byte once."""
    bucket = Bucket(break_after=60)

    assert S3Objects(bucket).source(VERSION).open().read() == BODY
    assert [r.get("Range") for r in bucket.requests] == [
        None,
        "bytes=60-",
        "bytes=120-",
        "bytes=180-",
    ]


def test_fails_when_the_object_keeps_breaking_off() -> None:
    """A truncated object never looks like a short one."""
    stream = S3Objects(Bucket(break_after=10)).source(VERSION).open()

    with pytest.raises(RetryableError, match="breaks off at byte 40 of 200"):
        stream.read()


def test_fails_when_a_range_is_answered_with_the_whole_object() -> None:
    """Rows read from the wrong place would load in silence."""
    source = S3Objects(Bucket(ranges=False)).source(VERSION)

    with pytest.raises(RetryableError, match="range"):
        source.open(50)


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchVersion", "404", "412", "405"])
def test_fails_for_good_when_the_version_is_gone(code: str) -> None:
    """Deleted or overwritten: another attempt would find the same."""
    with pytest.raises(ObjectGoneError):
        S3Objects(Bucket(code=code)).describe(VERSION)


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "503"])
def test_fails_for_now_when_s3_does_not_answer(code: str) -> None:
    """What another attempt may heal comes again."""
    with pytest.raises(RetryableError):
        S3Objects(Bucket(code=code)).describe(VERSION)


@pytest.mark.parametrize("code", ["AccessDenied", "403", "InvalidObjectState", "NoSuchBucket"])
def test_fails_visibly_when_s3_refuses(code: str) -> None:
    """What somebody has to mend is not tried again within the run, nor taken for a lost file."""
    with pytest.raises(RejectedRequestError):
        S3Objects(Bucket(code=code)).describe(VERSION)


def test_metadata_names_do_not_depend_on_their_case() -> None:
    """S3 keeps them as they were sent; ours are in lower case."""
    info = S3Objects(Bucket()).describe(VERSION)

    assert info.metadata == {"as-of": "2026-11-21"}
    assert info.version.size_bytes == len(BODY)


def test_without_a_version_id_only_the_announced_content_is_read() -> None:
    """The entity tag of the event must still be the object's."""
    bucket = Bucket()
    unversioned = ObjectVersion(
        bucket="uploads", key="k", version_id=None, etag="tag", size_bytes=len(BODY)
    )

    S3Objects(bucket).source(unversioned).open().read()

    assert bucket.requests[0]["IfMatch"] == "tag"
