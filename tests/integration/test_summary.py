"""The daily summary reads and writes the services as they are."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, build_opener

import botocore.session
import pytest

from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport
from inventory.bootstrap import clients
from inventory.bootstrap.summary import build_summary_service
from inventory.config import SummaryConfig
from inventory.domain.ports import Deadline
from inventory.domain.removals import REMOVED
from summary_samples import AS_OF, FakeTables, shop_items, shop_records, summary_service

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources
    from inventory.domain.summary.model import IngestionRecord, StockItem
    from inventory.domain.summary.service import SummaryService

TEXTS = ("sku", "location", "name", "category", "currency", "as_of")
NUMBERS = ("quantity", "unit_price", "reorder_point")


def stored_item(item: StockItem) -> dict[str, dict[str, str]]:
    """An item in DynamoDB's JSON, without what it lacks, beside attributes nobody asks for."""
    values = item._asdict()
    texts = {name: {"S": values[name]} for name in TEXTS if values[name]}
    numbers = {name: {"N": values[name]} for name in NUMBERS if values[name] is not None}
    return {**texts, **numbers, "attributes": {"M": {}}, "order_token": {"S": "x"}}


def stored_record(record: IngestionRecord) -> dict[str, object]:
    """An ingestion record in DynamoDB's JSON."""
    texts = {"object_id", "status", "profile", "started_at", "finished_at", "error"}
    return {
        **{name: {"S": value} for name, value in record._asdict().items() if name in texts},
        **{name: {"N": str(count)} for name, count in record.counts.items()},
        "rejected_by_error": {
            "M": {code: {"N": str(count)} for code, count in record.rejected_by_error.items()}
        },
    }


@pytest.fixture
def service(emulated: EmulatedResources, monkeypatch: pytest.MonkeyPatch) -> SummaryService:
    """The real service over two tables, a bucket and a topic whose messages a queue collects."""
    for name, value in emulated.cloud.variables().items():
        monkeypatch.setenv(name, value)
    dynamodb = emulated.cloud.client("dynamodb")
    for kind, keys in (
        ("items", ("sku", "location")),
        ("ingestions", ("object_id",)),
        ("lanes", ("lane", "position")),
    ):
        emulated.cloud.create_table(f"{emulated.name}-{kind}", keys)
    for item in shop_items(3, 60):
        dynamodb.put_item(TableName=f"{emulated.name}-items", Item=stored_item(item))
    removed = stored_item(shop_items(3, 61)[60]) | {"attributes": {"M": {REMOVED: {"S": "ann"}}}}
    dynamodb.put_item(TableName=f"{emulated.name}-items", Item=removed)
    for record in shop_records():
        dynamodb.put_item(TableName=f"{emulated.name}-ingestions", Item=stored_record(record))
    s3 = emulated.cloud.client("s3")
    s3.create_bucket(Bucket=emulated.name)
    s3.put_bucket_versioning(Bucket=emulated.name, VersioningConfiguration={"Status": "Enabled"})
    stored = s3.put_object(
        Bucket=emulated.name, Key="settings/feeds.json", Body=b'{"feeds": {}, "profiles": {}}'
    )
    topic = emulated.cloud.client("sns").create_topic(Name=emulated.name)["TopicArn"]
    return build_summary_service(
        SummaryConfig(
            items_table_name=f"{emulated.name}-items",
            ingestions_table_name=f"{emulated.name}-ingestions",
            lanes_table_name=f"{emulated.name}-lanes",
            reports_bucket_name=emulated.name,
            feeds_key="settings/feeds.json",
            feeds_version_id=stored["VersionId"],
            alarm_topic_arn=topic,
            low_stock_threshold=10,
            summary_timezone="Europe/Berlin",
        ),
        dynamodb=DynamoDbApi(SignedTransport(botocore.session.get_session()), Deadline()),
        s3=clients.s3(),
        sns=emulated.cloud.client("sns"),
    )


def test_the_service_gives_what_its_fake_gives(
    emulated: EmulatedResources, service: SummaryService
) -> None:
    """Scanned in parallel segments, the tables give the same figures as lists in memory."""
    fake = summary_service(FakeTables(shop_items(3, 60), shop_records()))

    summary, _ = service.make(AS_OF)

    expected, _ = fake.make(AS_OF)
    assert expected.stock == summary.stock
    assert expected.feeds == summary.feeds
    listed = emulated.cloud.client("s3").list_objects_v2(Bucket=emulated.name, Prefix="summaries/")[
        "Contents"
    ]
    assert [entry["Key"] for entry in listed] == [
        f"summaries/2026/11/22/summary.{extension}" for extension in ("csv", "html", "json")
    ]
    page = emulated.cloud.client("s3").get_object(
        Bucket=emulated.name, Key="summaries/2026/11/22/summary.html"
    )
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_only_records_since_the_earlier_summary_are_given_out(service: SummaryService) -> None:
    """The filter lets those through that ended later, and none that ended before."""
    since = "2026-11-21T21:00:00.000000Z"

    given = [record for page in service.tables.records(since) for record in page.rows]

    assert sorted(record.object_id for record in given) == sorted(
        record.object_id for record in shop_records() if record.finished_at > since
    )


def test_the_next_day_is_compared_with_the_stored_summary(
    emulated: EmulatedResources, service: SummaryService
) -> None:
    """A summary of one day is found and read on the next but one."""
    service.make(AS_OF - timedelta(days=2))
    emulated.cloud.client("dynamodb").put_item(
        TableName=f"{emulated.name}-items", Item=stored_item(shop_items(3, 61)[60])
    )

    service.make(AS_OF)

    stored = emulated.cloud.client("s3").get_object(
        Bucket=emulated.name, Key="summaries/2026/11/22/summary.json"
    )
    changes = json.loads(stored["Body"].read())["changes"]
    assert (changes["since_date"], changes["items"]) == ("2026-11-20", 1)


def test_subscribers_are_given_a_link_that_opens_without_signing_in(
    emulated: EmulatedResources, service: SummaryService
) -> None:
    """Whoever has the message has the page, with nothing but the link."""
    url, arn = emulated.queue("told", "sns.amazonaws.com")
    emulated.cloud.client("sns").subscribe(
        TopicArn=emulated.cloud.client("sns").create_topic(Name=emulated.name)["TopicArn"],
        Protocol="sqs",
        Endpoint=arn,
    )

    service.make(AS_OF)

    (message,) = emulated.receive(url)
    body = json.loads(message["Body"])
    assert body["Subject"] == "Inventory summary of 2026-11-22"
    (link,) = (each for each in body["Message"].splitlines() if each.startswith("http"))
    signed = parse_qs(urlsplit(link).query)
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert signed["X-Amz-Expires"] == [str(12 * 3600)]
    opener = build_opener(ProxyHandler({}))
    assert b"<h1>Inventory on 2026-11-22</h1>" in opener.open(link, timeout=30).read()
    assert body["MessageAttributes"]["kind"]["Value"] == "summary"
