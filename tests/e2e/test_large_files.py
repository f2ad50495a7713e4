"""Files that no single invocation could take end complete, shared out or continued."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING, Any

from inventory.domain.model import ObjectVersion
from inventory.domain.work import Kind, WorkMessage
from local_cloud import observe
from pipeline import configured, item
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from local_cloud.stack import Deployment

LIMIT_SECONDS = 600
COUNTS = ("rows_read", "loaded", "rejected", "duplicates", "unchanged", "stale", "skipped")


def load(deployment: Deployment, key: str, content: bytes) -> dict[str, Any]:
    """Upload a file and wait for the end of its record."""
    object_id = observe.upload(deployment, key, content)
    return observe.wait_for(
        lambda: observe.ingestion(deployment, object_id), f"the end of {key}", seconds=LIMIT_SECONDS
    )


def expected(feed: LargeFeed) -> dict[str, int]:
    """Counts of a feed whose SKUs are new."""
    return {
        "rows_read": feed.rows,
        "loaded": feed.loaded,
        "rejected": feed.rejected,
        "duplicates": feed.duplicates,
        "unchanged": 0,
        "stale": 0,
        "skipped": 0,
    }


def counts(record: dict[str, Any]) -> dict[str, int]:
    """Counts of a record."""
    return {name: int(record[name]) for name in COUNTS}


def reject_file(deployment: Deployment, object_id: str) -> list[list[str]]:
    """Rows of the reject file of an object version."""
    path, _, version = object_id.rpartition("#")
    key = path.partition("/")[2]
    stored = deployment.cloud.client("s3").get_object(
        Bucket=deployment.outputs["reports_bucket_name"], Key=f"rejects/{key}/{version}.csv"
    )
    text = stored["Body"].read().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_large_file_is_shared_out_and_loads_completely(deployment: Deployment) -> None:
    """30 MB with line breaks in cells and 1% bad rows: every count is the generator's."""
    feed = LargeFeed(rows=8_000, prefix="BIG", padding=3600)
    content = feed.bytes()
    assert len(content) > 28_000_000

    with configured(deployment, LARGE_OBJECT_BYTES=str(16 << 20)):
        record = load(deployment, "large/stock.csv", content)

    assert record["status"] == "COMPLETED"
    assert counts(record) == expected(feed)
    assert record["workers_done"] == record["workers"] == 4
    rejects = reject_file(deployment, record["object_id"])
    lines = [int(row[-4]) for row in rejects[1:]]
    assert len(lines) == feed.rejected
    assert lines == sorted(lines)
    assert int(record["first_error_line"]) == lines[0]
    last = feed.rows - 1
    stored = item(deployment, f"BIG{last:09d}", f"shop-{last % 20}")
    assert int(stored["source"]["line"]) == content.count(b"\n")


def segments(deployment: Deployment) -> list[tuple[int, int]]:
    """Worker and segment of every report of a job."""
    pages = deployment.cloud.client("dynamodb").get_paginator("scan")
    places = [
        item["position"]["S"].split("#")
        for page in pages.paginate(TableName=deployment.outputs["lanes_table_name"])
        for item in page["Items"]
        if item["lane"]["S"].startswith("job#") and "report" in item
    ]
    return [(int(worker), int(segment)) for worker, segment in places]


def test_a_compressed_file_is_shared_out_and_goes_on_where_time_ran_out(
    deployment: Deployment,
) -> None:
    """Two workers unpack it, each takes its own rows, and time runs out for both."""
    feed = LargeFeed(rows=16_000, prefix="ZIP")
    packed = gzip.compress(feed.bytes())
    before = segments(deployment)

    # Some ten seconds are kept to end in order; the rest does not suffice for all rows.
    with configured(deployment, timeout_seconds=18, LARGE_OBJECT_BYTES=str(len(packed) - 1)):
        record = load(deployment, "large/stock.csv.gz", packed)

    assert record["status"] == "COMPLETED"
    assert counts(record) == expected(feed)
    assert record["workers_done"] == record["workers"] == 4
    new = segments(deployment)
    for place in before:
        new.remove(place)
    assert {worker for worker, _ in new} == set(range(4))
    assert max(segment for _, segment in new) > 0
    assert len(reject_file(deployment, record["object_id"])) == 1 + feed.rejected


def test_a_file_that_takes_away_too_much_waits_for_its_release(deployment: Deployment) -> None:
    """With the hold switched on: nothing of it loads until an operator lets it in."""
    key = "large/held.csv"
    full = b"sku,quantity\n" + b"".join(b"HELD-%d,10\n" % number for number in range(100))
    empty = b"sku,quantity\n" + b"".join(b"HELD-%d,0\n" % number for number in range(100))

    with configured(deployment, MAX_STOCK_DROP_SHARE="0.5"):
        assert load(deployment, key, full)["status"] == "COMPLETED"
        held = load(deployment, key, empty)
        assert held["status"] == "HELD"
        assert item(deployment, "HELD-7", "default")["quantity"] == 10
        release(deployment, held["object_id"])
        record = observe.wait_for(
            lambda: completed(deployment, held["object_id"]), "the release", seconds=LIMIT_SECONDS
        )

    assert int(record["loaded"]) == 100
    assert item(deployment, "HELD-7", "default")["quantity"] == 0


def release(deployment: Deployment, object_id: str) -> None:
    """Have a held version loaded, as `inventory release` does."""
    place, _, version_id = object_id.rpartition("#")
    bucket, _, key = place.partition("/")
    version = ObjectVersion(bucket=bucket, key=key, version_id=version_id, etag="", size_bytes=0)
    deployment.cloud.client("sqs").send_message(
        QueueUrl=deployment.outputs["work_queue_url"],
        MessageBody=WorkMessage(kind=Kind.RELEASE, version=version).to_text(),
    )


def completed(deployment: Deployment, object_id: str) -> dict[str, Any] | None:
    """The record of an object version, once it is COMPLETED."""
    record = observe.ingestion(deployment, object_id)
    return record if record and record["status"] == "COMPLETED" else None
