"""The summary's adapters, with fakes of the services."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from inventory.adapters.dynamodb_scan import TEXT_CHARACTERS, ScannedTables
from inventory.adapters.s3_summaries import S3Summaries
from inventory.adapters.sns_notifier import SnsNotifier
from inventory.bootstrap.summary import build_summary_service
from inventory.config import SummaryConfig
from inventory.domain.errors import ThrottledError

if TYPE_CHECKING:
    from inventory.domain.summary.model import Page, StockItem

STORED = {
    "sku": {"S": "A-1"},
    "location": {"S": "Berlin"},
    "quantity": {"N": "3"},
    "as_of": {"S": "2026-11-21T00:00:00.000000Z"},
}


class FakeTable:
    """A table of segments of pages, as Scan gives them out."""

    def __init__(self, segments: dict[int, list[list[dict[str, Any]]]], units: float = 0.5) -> None:
        self.segments = segments
        self.units = units
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a Scan."""
        assert operation == "Scan"
        with self._lock:
            self.requests.append(payload)
        pages = self.segments[payload["Segment"]]
        place = int(payload.get("ExclusiveStartKey", {"page": {"N": "0"}})["page"]["N"])
        answer: dict[str, Any] = {
            "Items": pages[place],
            "ConsumedCapacity": {"TableName": "t", "CapacityUnits": self.units},
        }
        if place + 1 < len(pages):
            answer["LastEvaluatedKey"] = {"page": {"N": str(place + 1)}}
        return answer


def tables(table: FakeTable, segments: int) -> ScannedTables:
    """The adapter, over a fake."""
    return ScannedTables(table, "items", "ingestions", segments)


def generator(scanned: ScannedTables) -> Generator[Page[StockItem]]:
    """The scan of the items, which can be left early."""
    scan = scanned.items()
    assert isinstance(scan, Generator)
    return scan


@pytest.fixture
def session() -> boto3.Session:
    """A session with made-up credentials, so that no machine's own are looked for."""
    return boto3.Session(
        region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def test_every_page_of_every_segment_is_read_once() -> None:
    """Segments of different lengths, empty pages among them, give each item once."""
    skus = iter(range(100))
    table = FakeTable(
        {
            segment: [
                [{**STORED, "sku": {"S": f"S{next(skus)}"}} for _ in range(size)] for size in sizes
            ]
            for segment, sizes in {0: [2, 0, 3], 1: [0], 2: [1, 1, 1, 1]}.items()
        }
    )

    pages = list(tables(table, 3).items())

    found = [item.sku for page in pages for item in page.rows]
    assert sorted(found) == sorted(f"S{number}" for number in range(9))
    assert sum(page.read_units for page in pages) == Decimal(4)
    assert {request["TotalSegments"] for request in table.requests} == {3}


def test_items_are_read_with_and_without_their_optional_attributes() -> None:
    """An absent text is empty, an absent number None; an item of another form is counted."""
    full = {
        **STORED,
        "name": {"S": "Lamp"},
        "category": {"S": "Lighting"},
        "unit_price": {"N": "9.5"},
        "currency": {"S": "EUR"},
        "reorder_point": {"N": "4"},
    }
    broken = {**STORED, "quantity": {"S": "three"}}
    table = FakeTable({0: [[STORED, full, broken, {"sku": {"S": "A-1"}}]]})

    (page,) = tables(table, 1).items()

    bare, complete = page.rows
    assert (bare.name, bare.category, bare.currency) == ("", "", "")
    assert (bare.unit_price, bare.reorder_point) == (None, None)
    assert (complete.name, complete.category, complete.currency) == ("Lamp", "Lighting", "EUR")
    assert (complete.unit_price, complete.reorder_point) == ("9.5", "4")
    assert page.unreadable == 2


def test_long_names_and_categories_are_shortened() -> None:
    """Thousands of them are kept, and DynamoDB allows 400 KB for each."""
    text = "x" * 400_000
    table = FakeTable({0: [[{**STORED, "name": {"S": text}, "category": {"S": text}}]]})

    ((item,),) = [page.rows for page in tables(table, 1).items()]

    assert (item.name, item.category) == (text[:TEXT_CHARACTERS],) * 2


def test_only_what_the_summary_needs_is_asked_for() -> None:
    """Reserved words are aliased, reads are eventually consistent and consumption is reported."""
    table = FakeTable({0: [[]]})
    list(tables(table, 1).items())

    (request,) = table.requests
    names = request["ExpressionAttributeNames"]
    asked = {names[alias] for alias in request["ProjectionExpression"].split(",")}
    assert asked >= {"sku", "location", "quantity", "as_of", "name"}
    assert "attributes" not in asked
    assert request["FilterExpression"] == "attribute_not_exists(#attributes.#removed)"
    assert names["#removed"] == "inventory:removed"
    assert request["ReturnConsumedCapacity"] == "TOTAL"
    assert "ConsistentRead" not in request


def test_pages_are_fetched_one_ahead_per_segment_and_no_further() -> None:
    """However slowly pages are taken, memory holds one page a segment beside the one in use."""
    pages = [[STORED]] * 50
    table = FakeTable({0: pages, 1: pages, 2: pages})
    scan = generator(tables(table, 3))

    for taken in range(1, 20):
        next(scan)
        assert len(table.requests) <= taken + 3
    scan.close()


def test_leaving_a_scan_ends_it() -> None:
    """No thread goes on fetching after the reader gave up."""
    table = FakeTable({0: [[STORED]] * 50})
    scan = generator(tables(table, 1))
    next(scan)
    scan.close()

    assert len(table.requests) <= 2
    assert not [name for name in map(str, threading.enumerate()) if "ThreadPoolExecutor" in name]


def test_fails_when_a_segment_fails() -> None:
    """A summary of part of the table is no summary."""

    class Throttled(FakeTable):
        def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
            if payload["Segment"] == 1 and "ExclusiveStartKey" in payload:
                raise ThrottledError("slow down")
            return super().call(operation, payload)

    table = Throttled({0: [[STORED]] * 3, 1: [[STORED]] * 3})

    with pytest.raises(ThrottledError, match="slow down"):
        list(tables(table, 2).items())


def test_records_are_read_with_whatever_they_hold() -> None:
    """A record in its first seconds has no counts, and older ones no errors by code."""
    finished = {
        "object_id": {"S": "uploads/a.csv#v1"},
        "status": {"S": "COMPLETED"},
        "profile": {"S": "generic"},
        "started_at": {"S": "2026-11-21T10:00:00.000000Z"},
        "finished_at": {"S": "2026-11-21T10:00:02.000000Z"},
        "rows_read": {"N": "12"},
        "rejected": {"N": "2"},
        "rejected_by_error": {"M": {"type-error": {"N": "2"}}},
    }
    running = {"object_id": {"S": "uploads/b.csv#v1"}, "status": {"S": "IN_PROGRESS"}}
    table = FakeTable({0: [[finished, running]]})

    pages = tables(table, 1).records("2026-11-20T")

    ((done, begun),) = [page.rows for page in pages]
    assert (done.counts["rows_read"], done.counts["loaded"]) == (12, 0)
    assert done.rejected_by_error == {"type-error": 2}
    assert (begun.profile, begun.finished_at, begun.rejected_by_error) == ("", "", {})
    (request,) = table.requests
    assert request["ExpressionAttributeValues"] == {":since": {"S": "2026-11-20T"}}
    alias = request["FilterExpression"].split(" OR ")[1].split()[0]
    assert request["ExpressionAttributeNames"][alias] == "finished_at"


@pytest.mark.parametrize(
    "damage",
    [
        {"rows_read": {"N": "1.5"}},
        {"status": {"N": "1"}},
        {"rejected_by_error": {"M": {"type-error": {"S": "2"}}}},
        {"rejected_by_error": {"L": []}},
    ],
)
def test_a_record_of_another_form_is_counted(damage: dict[str, Any]) -> None:
    """One record that somebody edited by hand does not cost the summary of every day."""
    fine = {"object_id": {"S": "uploads/a.csv#v1"}}
    table = FakeTable({0: [[{**fine, **damage}, fine]]})

    (page,) = tables(table, 1).records("2026-11-20T")

    assert (len(page.rows), page.unreadable) == (1, 1)


def test_documents_lie_under_their_day_and_the_json_is_written_last(session: boto3.Session) -> None:
    """Tomorrow's summary reads the JSON, so its presence says that all three are there."""
    client = session.client("s3")
    with Stubber(client) as stub:
        for extension, content_type in (
            ("csv", "text/csv; charset=utf-8"),
            ("html", "text/html; charset=utf-8"),
            ("json", "application/json"),
        ):
            stub.add_response(
                "put_object",
                {},
                {
                    "Bucket": "reports",
                    "Key": f"summaries/2026/11/22/summary.{extension}",
                    "Body": extension.encode(),
                    "ContentType": content_type,
                },
            )
        locations = S3Summaries(client, "reports").write(
            "2026-11-22", {"json": "json", "csv": "csv", "html": "html"}
        )
        stub.assert_no_pending_responses()

    assert locations["html"] == "s3://reports/summaries/2026/11/22/summary.html"


def test_a_stored_summary_is_read_back(session: boto3.Session) -> None:
    """The document of a day comes back as text."""
    client = session.client("s3")
    with Stubber(client) as stub:
        stub.add_response(
            "get_object",
            {"Body": io.BytesIO("{ä}".encode())},
            {"Bucket": "reports", "Key": "summaries/2026/11/22/summary.json"},
        )

        assert S3Summaries(client, "reports").read_json("2026-11-22") == "{ä}"


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_day_without_a_summary_reads_as_none(session: boto3.Session, code: str) -> None:
    """S3 answers a missing key with 403 to a role that may not list the bucket."""
    client = session.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)

        assert S3Summaries(client, "reports").read_json("2026-11-22") is None


@pytest.mark.parametrize("code", ["NoSuchBucket", "SlowDown", "InternalError"])
def test_fails_to_read_when_s3_fails(session: boto3.Session, code: str) -> None:
    """A failing service is no reason to compare with nothing."""
    client = session.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)

        with pytest.raises(ClientError, match=code):
            S3Summaries(client, "reports").read_json("2026-11-22")


def test_a_notification_can_be_told_from_an_alarm(session: boto3.Session) -> None:
    """Both share the topic; a subscriber filters by the attribute."""
    client = session.client("sns")
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    with Stubber(client) as stub:
        stub.add_response(
            "publish",
            {"MessageId": "1"},
            {
                "TopicArn": topic,
                "Subject": "Inventory summary of 2026-11-22",
                "Message": "text",
                "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "summary"}},
            },
        )
        SnsNotifier(client, topic, "summary").notify("Inventory summary of 2026-11-22", "text")
        stub.assert_no_pending_responses()


def test_the_service_is_joined_from_its_settings(session: boto3.Session) -> None:
    """Tables, bucket, topic, threshold and time zone reach the parts that use them."""
    config = SummaryConfig(
        items_table_name="items",
        ingestions_table_name="ingestions",
        lanes_table_name="lanes",
        reports_bucket_name="reports",
        feeds_key="settings/feeds.json",
        feeds_version_id="v1",
        alarm_topic_arn="arn:aws:sns:us-east-1:123456789012:alarms",
        low_stock_threshold=7,
        summary_timezone="Europe/Berlin",
    )
    table = FakeTable({segment: [[]] for segment in range(4)})
    service = build_summary_service(
        config,
        dynamodb=table,
        s3=session.client("s3"),
        sns=session.client("sns"),
    )

    list(service.tables.items())
    list(service.tables.records("2026"))

    assert {request["TableName"] for request in table.requests} == {"items", "ingestions"}
    assert (service.low_stock_threshold, service.timezone) == (7, "Europe/Berlin")
