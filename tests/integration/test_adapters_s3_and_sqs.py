"""The same cases on S3 in memory and on the local cloud, so that the fake is honest; and SQS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from inventory.adapters.s3_objects import S3Versions
from inventory.adapters.s3_reports import S3Reports
from inventory.adapters.sqs_messages import SqsRejectQueue, SqsSender
from inventory.domain.errors import RejectedRequestError
from inventory.domain.ports import Deadline
from s3_wire import WireS3

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

PART = 5 << 20
CSV = "text/csv; charset=utf-8"


@pytest.fixture(params=["memory", "local cloud"])
def s3(request: pytest.FixtureRequest, emulated: EmulatedResources) -> tuple[Any, str]:
    """A client of the fake, then of the local cloud, and the name of a versioned bucket."""
    if request.param == "memory":
        return WireS3(smallest_part=PART).client(), "reports"
    client = emulated.cloud.client("s3")
    client.create_bucket(Bucket=emulated.name)
    client.put_bucket_versioning(
        Bucket=emulated.name, VersioningConfiguration={"Status": "Enabled"}
    )
    return client, emulated.name


@pytest.fixture
def reports(s3: tuple[Any, str]) -> S3Reports:
    """The adapter over it, with the smallest parts that S3 takes."""
    return S3Reports(*s3, part_bytes=PART)


@pytest.mark.parametrize("key", ["a.json", "rejects/a b+ü%/😀.csv", "k" * 1024, "é" * 512])
def test_an_object_comes_back_as_it_was_put(reports: S3Reports, key: str) -> None:
    """And what is not there is None."""
    assert reports.get(key) is None
    reports.put(key, b"one", content_type=CSV)
    reports.put(key, b"two", content_type=CSV)
    assert reports.get(key) == b"two"


def test_an_object_in_parts_is_joined_of_what_was_written(reports: S3Reports) -> None:
    """Of two parts and a rest, of a small object, and of one in a single part."""
    large = bytes(number % 251 for number in range(2 * PART + 7))
    keys = []
    for name, data in (("large", large), ("small", b"x"), ("part", b"y" * PART)):
        writer = reports.writer(f"parts/{name}", content_type=CSV)
        for at in range(0, len(data), 1 << 20):
            writer.write(data[at : at + (1 << 20)])
        keys.append(writer.finish())
        writer.abort()
    reports.join("whole", keys, content_type=CSV)
    assert reports.get("whole") == large + b"x" + b"y" * PART


def test_what_is_aborted_leaves_nothing(s3: tuple[Any, str], reports: S3Reports) -> None:
    """Neither an object nor an upload."""
    writer = reports.writer("parts/a", content_type=CSV)
    writer.write(b"x" * (PART + 1))
    writer.abort()
    assert reports.get("parts/a") is None
    client, bucket = s3
    if bucket != "reports":
        assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_fails_visibly_where_there_is_no_bucket_or_queue(emulated: EmulatedResources) -> None:
    """Nobody waits for what will not come."""
    client = emulated.cloud.client("s3")
    with pytest.raises(RejectedRequestError, match="NoSuchBucket"):
        S3Reports(client, emulated.name).put("a", b"", content_type=CSV)
    with pytest.raises(RejectedRequestError, match="NoSuchBucket"):
        list(S3Versions(client, emulated.name).pages(None))
    url, _ = emulated.queue("q")
    sqs = emulated.cloud.client("sqs")
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(RejectedRequestError, match="NonExistentQueue"):
        SqsSender(sqs, url, Deadline()).send(["a"], {})


def test_messages_of_every_character_and_size_arrive(emulated: EmulatedResources) -> None:
    """As they were meant, each with its kind."""
    url, _ = emulated.queue("q")
    queue = SqsRejectQueue(SqsSender(emulated.cloud.client("sqs"), url, Deadline()))
    texts = ["".join(map(chr, range(at, at + 0x1000))) for at in range(0, 0xD000, 0x1000)]
    texts += ["".join(map(chr, range(0xE000, 0x10000))), "😀\U0010ffff", "x" * 240_000, "\udc80"]
    queue.send("row", [{"id": number, "row": text} for number, text in enumerate(texts)])

    taken = emulated.receive(url, len(texts))
    found = {body["id"]: body["row"] for body in (json.loads(one["Body"]) for one in taken)}
    assert found == dict(enumerate(texts))
    assert {one["MessageAttributes"]["kind"]["StringValue"] for one in taken} == {"row"}
