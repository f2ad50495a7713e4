"""Files that no single invocation could take end complete, cut up or continued."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fault_proxy import Fault, Rule
from local_cloud import observe
from pipeline import item
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fault_proxy import FaultProxy
    from local_cloud.stack import Deployment

LIMIT_SECONDS = 180
FUNCTIONS = ("inventory-processor-dev", "inventory-chunk-processor-dev")
COUNTS = ("rows_read", "loaded", "rejected", "duplicates", "unchanged", "stale", "skipped")


@contextmanager
def configured(
    deployment: Deployment, *, timeout_seconds: int | None = None, **variables: str
) -> Iterator[None]:
    """The ingest functions with other variables or less time, as long as this lasts."""
    client = deployment.cloud.client("lambda")
    before = {}
    for name in FUNCTIONS:
        found = client.get_function_configuration(FunctionName=name)
        before[name] = {"Environment": found["Environment"], "Timeout": found["Timeout"]}
        client.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {**found["Environment"]["Variables"], **variables}},
            Timeout=timeout_seconds or found["Timeout"],
        )
    try:
        yield
    finally:
        for name, settings in before.items():
            client.update_function_configuration(FunctionName=name, **settings)


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


def test_a_large_file_is_cut_up_and_loads_completely(deployment: Deployment) -> None:
    """30 MB with line breaks in cells and 1% bad rows: every count is the generator's."""
    feed = LargeFeed(rows=24_000, prefix="BIG", padding=1150)
    content = feed.bytes()
    assert len(content) > 28_000_000

    with configured(deployment, LARGE_OBJECT_BYTES=str(16 << 20)):
        record = load(deployment, "large/stock.csv", content)

    assert record["status"] == "COMPLETED"
    assert counts(record) == expected(feed)
    assert record["chunks_done"] == record["chunks_total"] == 8
    rejects = reject_file(deployment, record["object_id"])
    lines = [int(row[-3]) for row in rejects[1:]]
    assert len(lines) == feed.rejected
    assert lines == sorted(lines)
    assert int(record["first_error_line"]) == lines[0]
    last = feed.rows - 1
    stored = item(deployment, f"BIG{last:09d}", f"shop-{last % 20}")
    assert int(stored["source"]["line"]) == content.count(b"\n")


def segments(deployment: Deployment) -> int:
    """Reports of invocations that went on where another one's time had run out."""
    pages = deployment.cloud.client("dynamodb").get_paginator("scan")
    places = [
        item["position"]["S"]
        for page in pages.paginate(TableName=deployment.outputs["lanes_table_name"])
        for item in page["Items"]
        if item["lane"]["S"].startswith("parts#")
    ]
    return sum(place.count("#") == 2 and not place.endswith("#000000") for place in places)


def test_a_compressed_file_goes_on_where_time_ran_out(deployment: Deployment) -> None:
    """It cannot be cut, so one invocation after the other takes a piece of it."""
    feed = LargeFeed(rows=50_000, prefix="ZIP")
    before = segments(deployment)

    # Some ten seconds are kept to end in order; the rest does not suffice for all rows.
    with configured(deployment, timeout_seconds=18):
        record = load(deployment, "large/stock.csv.gz", gzip.compress(feed.bytes()))

    assert segments(deployment) > before
    assert record["status"] == "COMPLETED"
    assert counts(record) == expected(feed)
    assert record["chunks_total"] == 1
    assert len(reject_file(deployment, record["object_id"])) == 1 + feed.rejected


def test_a_file_is_weighed_by_as_many_invocations_as_it_takes(
    deployment: Deployment, proxy: FaultProxy
) -> None:
    """With the hold switched on: twelve slow reads of a thousand rows do not fit one."""
    feed = LargeFeed(rows=12_000, prefix="WEIGH")
    storage = deployment.cloud.client("s3")
    reports = deployment.outputs["reports_bucket_name"]

    # Twenty seconds are kept to pass on what was weighed.
    with configured(deployment, timeout_seconds=24, MAX_STOCK_DROP_SHARE="0.5"):
        proxy.set(Rule(operation="BatchGetItem", fault=Fault.DELAY, times=120))
        try:
            record = load(deployment, "large/weighed.csv", feed.bytes())
        finally:
            proxy.set()

    stored = storage.list_objects_v2(Bucket=reports, Prefix="parts/")["Contents"]
    assert sum(each["Key"].endswith(".weighing") for each in stored) >= 3
    assert record["status"] == "COMPLETED"
    assert record["accepted"]
    assert counts(record) == expected(feed)
