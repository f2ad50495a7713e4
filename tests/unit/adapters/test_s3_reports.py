"""Reports reach the bucket whole or not at all, in bounded memory, whatever gets lost."""

from __future__ import annotations

import logging
import random
import tracemalloc
from typing import TYPE_CHECKING, Any, BinaryIO
from unittest.mock import Mock

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from inventory.adapters.s3_reports import PART_BYTES, S3Reports
from inventory.domain.errors import RejectedRequestError, RetryableError
from s3_wire import Answer, Stored, WireS3, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

CSV = "text/csv"
PART = 100_000


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore's own retries come at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.fixture
def bucket() -> WireS3:
    """An empty bucket that takes parts of this test's size."""
    return WireS3(smallest_part=PART)


@pytest.fixture
def reports(bucket: WireS3) -> S3Reports:
    """The adapter before it."""
    return S3Reports(bucket.client(), "reports", part_bytes=PART)


def once(name: str, answer: Answer | Exception) -> Callable[[str], Answer | None]:
    """Give this answer to the first request that begins so."""
    left = [answer]

    def give(request: str) -> Answer | None:
        if not request.startswith(name) or not left:
            return None
        found = left.pop()
        if isinstance(found, Exception):
            raise found
        return found

    return give


def test_an_object_comes_back_as_it_was_put(reports: S3Reports) -> None:
    """Whatever its key holds; what is not there is None."""
    reports.put("parts/a b+ü%.json", b"12345", content_type="application/json")
    assert reports.get("parts/a b+ü%.json") == b"12345"
    assert reports.get("parts/none") is None


@pytest.mark.parametrize(
    ("size", "requests"),
    [
        (0, ["PUT a"]),
        (1, ["PUT a"]),
        (PART, ["PUT a"]),
        (PART + 1, ["POST a uploads", "PUT a partNumber uploadId"]),
        (3 * PART, ["POST a uploads", "PUT a partNumber uploadId"]),
    ],
)
def test_what_fits_into_a_part_is_one_request_and_all_else_an_upload_in_parts(
    bucket: WireS3, reports: S3Reports, size: int, requests: list[str]
) -> None:
    """The bytes are the same either way."""
    data = bytes(number % 251 for number in range(size))
    writer = reports.writer("a", content_type=CSV)
    for at in range(0, size, 7_001):
        writer.write(data[at : at + 7_001])

    assert writer.finish() == "a"
    writer.abort()

    assert bucket.objects == {"a": data}
    assert bucket.requests[: len(requests)] == requests
    assert not bucket.uploads
    assert not any(request.startswith("DELETE") for request in bucket.requests)


@pytest.mark.parametrize(("megabytes", "parts"), [(1, 1), (6, 2)])
def test_a_part_takes_a_third_of_its_bytes_in_memory_at_most(megabytes: int, parts: int) -> None:
    """While it waits, and while it is sent: refused rows resemble each other."""
    client = Mock()
    client.create_multipart_upload.return_value = {"UploadId": "u"}
    sent: list[int] = []

    def send(*, Body: BinaryIO, **_: object) -> dict[str, str]:  # noqa: N803  boto3's name
        sent.append(sum(iter(lambda: len(Body.read(1 << 14)), 0)))
        return {"ETag": "e"}

    client.upload_part = client.put_object = send
    writer = S3Reports(client, "reports").writer("a", content_type=CSV)
    numbers = random.Random(7)
    written = 0
    tracemalloc.start()
    try:
        while written < megabytes << 20:
            skus = [f"SKU-{numbers.randrange(10**6)}" for _ in range(50)]
            rows = "".join(f"{sku},abc,no whole number: 'abc'\r\n" for sku in skus).encode()
            writer.write(rows)
            written += len(rows)
        writer.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sent) == written
    assert len(sent) == parts
    assert peak < PART_BYTES / 3


def test_a_single_write_may_be_larger_than_a_part(bucket: WireS3, reports: S3Reports) -> None:
    """As a row of a megabyte."""
    writer = reports.writer("a", content_type=CSV)
    writer.write(b"x" * (5 * PART + 3))
    writer.finish()
    assert bucket.objects["a"] == b"x" * (5 * PART + 3)


def test_only_what_has_not_left_memory_may_go_to_another_key(
    bucket: WireS3, reports: S3Reports
) -> None:
    """An upload cannot be renamed."""
    for name, size in (("small", PART), ("large", PART + 1)):
        writer = reports.writer(f"parts/{name}", content_type=CSV)
        writer.write(b"x" * size)
        assert writer.finish(small_key=name) == {"small": "small", "large": "parts/large"}[name]
    assert set(bucket.objects) == {"small", "parts/large"}


@pytest.mark.parametrize(
    "request_name", ["POST a uploads", "PUT a partNumber", "POST a uploadId", "PUT a"]
)
@pytest.mark.parametrize(
    "failure",
    [
        ReadTimeoutError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        refusal("InternalError", 500),
        refusal("SlowDown", 503),
        refusal("RequestTimeout", 400),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_request_or_answer_changes_nothing(
    bucket: WireS3, reports: S3Reports, request_name: str, failure: Any, when: str
) -> None:
    """The client sends the bytes again, the same ones from their beginning."""
    data = b"0123456789" * (PART // 10) + b"rest"
    if request_name == "PUT a":
        data = b"small"
    setattr(bucket, when, once(request_name, failure))
    writer = reports.writer("a", content_type=CSV)
    writer.write(data)
    writer.finish()

    assert bucket.objects == {"a": data}
    # An upload whose id never arrived cannot be aborted: the lifecycle rule deletes it.
    lost = request_name == "POST a uploads" and when == "after"
    assert len(bucket.uploads) == lost


@pytest.mark.parametrize("request_name", ["PUT a partNumber", "POST a uploadId"])
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refusal("AccessDenied", 403), RejectedRequestError),
        (refusal("InvalidRequest", 400), RejectedRequestError),
        (refusal("NoSuchUpload", 404), RetryableError),
        (refusal("InternalError", 500), RetryableError),
        (ReadTimeoutError(endpoint_url="x"), RetryableError),
    ],
)
def test_fails_without_leaving_an_upload_behind(
    bucket: WireS3,
    reports: S3Reports,
    request_name: str,
    failure: Answer | Exception,
    expected: type[Exception],
) -> None:
    """Whoever gives up aborts, once."""

    def fail(request: str) -> Answer | None:
        if not request.startswith(request_name):
            return None
        if isinstance(failure, Exception):
            raise failure
        return failure

    bucket.before = fail
    writer = reports.writer("a", content_type=CSV)

    def store() -> None:
        writer.write(b"x" * (PART + 1))
        writer.finish()

    with pytest.raises(expected):
        store()
    writer.abort()
    writer.abort()

    assert not bucket.uploads
    assert not bucket.objects
    assert bucket.requests.count("DELETE a uploadId") == 1


def test_an_upload_that_cannot_be_aborted_does_not_hide_the_failure_before(
    bucket: WireS3, reports: S3Reports, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; the lifecycle rule deletes it."""
    bucket.before = once("DELETE", refusal("AccessDenied", 403))
    writer = reports.writer("a", content_type=CSV)
    writer.write(b"x" * (PART + 1))
    with caplog.at_level(logging.WARNING):
        writer.abort()
    assert "not aborted" in caplog.text


@pytest.mark.parametrize("sizes", [[0], [3, 4], [PART, PART], [40_000, 250_000, 1]])
def test_a_joined_object_is_its_pieces_in_order(
    bucket: WireS3, reports: S3Reports, sizes: list[int]
) -> None:
    """Small ones in one request, large ones in parts of a bounded size."""
    for number, size in enumerate(sizes):
        reports.put(str(number), b"%d" % number * size, content_type=CSV)
    reports.join("whole", [str(number) for number in range(len(sizes))], content_type=CSV)
    expected = b"".join(b"%d" % number * size for number, size in enumerate(sizes))
    assert bucket.objects["whole"] == expected
    assert not bucket.uploads


def test_fails_when_a_piece_is_gone(bucket: WireS3, reports: S3Reports) -> None:
    """A file with a hole is never stored."""
    reports.put("a", b"x" * (2 * PART), content_type=CSV)
    with pytest.raises(RejectedRequestError, match="a piece of whole is gone"):
        reports.join("whole", ["a", "lost"], content_type=CSV)
    assert "whole" not in bucket.objects
    assert not bucket.uploads


def test_a_piece_that_breaks_off_is_read_on_where_it_broke(
    bucket: WireS3, reports: S3Reports
) -> None:
    """A connection that ends in the middle loses no row and repeats none."""
    data = bytes(number % 251 for number in range(3 * PART))
    reports.put("a", data, content_type=CSV)
    reports.put("b", b"end", content_type=CSV)
    broken = [70_000, 100_000, 200_000]
    bucket.cut = lambda: broken.pop(0) if broken else None

    reports.join("whole", ["a", "b"], content_type=CSV)

    assert bucket.objects["whole"] == data + b"end"
    assert bucket.requests.count("GET a") == 3


def test_fails_when_a_piece_changes_while_it_is_read(bucket: WireS3, reports: S3Reports) -> None:
    """Halves of two objects are never joined."""
    reports.put("a", b"x" * PART, content_type=CSV)

    def cut() -> int | None:
        bucket.stored["a"] = Stored.of(b"y" * PART)
        return 10

    bucket.cut = cut
    with pytest.raises(RejectedRequestError, match="gone"):
        reports.join("whole", ["a"], content_type=CSV)
    assert "whole" not in bucket.objects


@pytest.mark.parametrize("after", [Stored.of(b"y" * PART), None])
def test_an_object_that_changes_while_it_is_read_has_been_there(
    bucket: WireS3, reports: S3Reports, after: Stored | None
) -> None:
    """Whoever is told that there is none would go on without it."""
    reports.put("a", b"x" * PART, content_type=CSV)

    def cut() -> int:
        del bucket.stored["a"]
        if after is not None:
            bucket.stored["a"] = after
        return 10

    bucket.cut = cut
    with pytest.raises(RetryableError, match="a was replaced or deleted while it was read"):
        reports.get("a")


def test_fails_when_an_object_that_is_read_whole_is_too_large(reports: S3Reports) -> None:
    """Memory is bounded in this direction, too."""
    reports.put("a", b"x" * 10, content_type=CSV)
    assert reports.get("a", most_bytes=10) == b"x" * 10
    with pytest.raises(RejectedRequestError, match="more than 9 bytes"):
        reports.get("a", most_bytes=9)


def test_fails_when_a_key_is_too_long(reports: S3Reports) -> None:
    """S3 refuses it for good, and so does the adapter."""
    reports.put("k" * 1024, b"", content_type=CSV)
    with pytest.raises(RejectedRequestError, match="KeyTooLongError"):
        reports.put("k" * 1025, b"", content_type=CSV)
