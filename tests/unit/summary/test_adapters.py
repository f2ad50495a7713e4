"""The summary's adapters, with stand-ins for the services."""

from __future__ import annotations

import io
import threading
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from inventory.adapters.dynamodb_scan import DynamoDbItemPages, DynamoDbRecordPages
from inventory.adapters.pygal_charts import draw_bars
from inventory.adapters.s3_summaries import S3Summaries
from inventory.adapters.sns_announcements import SnsAnnouncements
from inventory.adapters.summary_service import build_summary_service
from inventory.config import SummaryConfig
from inventory.domain.errors import ThrottledError
from inventory.domain.summary.page_parts import Bar

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


def credentials() -> dict[str, str]:
    """Made-up credentials, so that no machine's own are looked for."""
    return {
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


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

    pages = list(DynamoDbItemPages(table, "items", segments=3).item_pages())

    found = [item.sku for page in pages for item in page.items]
    assert sorted(found) == sorted(f"S{number}" for number in range(9))
    assert sum(page.read_units for page in pages) == Decimal(4)
    assert {request["TotalSegments"] for request in table.requests} == {3}


def test_items_are_read_with_and_without_their_optional_attributes() -> None:
    """An absent attribute is None; what is not stored as it should be is counted."""
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

    (page,) = DynamoDbItemPages(table, "items", segments=1).item_pages()

    bare, complete = page.items
    assert tuple(bare)[3:8] == (None,) * 5
    assert tuple(complete)[3:8] == ("Lamp", "Lighting", "9.5", "EUR", "4")
    assert page.unreadable == 2


def test_only_what_the_summary_needs_is_asked_for() -> None:
    """Reserved words are aliased, reads are eventually consistent and consumption is reported."""
    table = FakeTable({0: [[]]})
    list(DynamoDbItemPages(table, "items", segments=1).item_pages())

    (request,) = table.requests
    names = request["ExpressionAttributeNames"]
    assert request["ProjectionExpression"].split(",") == list(names)
    assert set(names.values()) >= {"sku", "location", "quantity", "as_of", "name"}
    assert "attributes" not in names.values()
    assert request["ReturnConsumedCapacity"] == "TOTAL"
    assert "ConsistentRead" not in request


def test_pages_are_fetched_one_ahead_per_segment_and_no_further() -> None:
    """However slowly pages are taken, memory holds one page a segment beside the one in use."""
    pages = [[STORED]] * 50
    table = FakeTable({0: pages, 1: pages, 2: pages})
    scan = DynamoDbItemPages(table, "items", segments=3).item_pages()

    for taken in range(1, 20):
        next(scan)
        assert len(table.requests) <= taken + 3
    scan.close()


def test_leaving_a_scan_ends_it() -> None:
    """No thread goes on fetching after the reader gave up."""
    table = FakeTable({0: [[STORED]] * 50})
    scan = DynamoDbItemPages(table, "items", segments=1).item_pages()
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
        list(DynamoDbItemPages(table, "items", segments=2).item_pages())


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

    pages = DynamoDbRecordPages(table, "ingestions", segments=1).record_pages("2026-11-20T")

    ((done, begun),) = [page.records for page in pages]
    assert (done.counts["rows_read"], done.counts["loaded"]) == (12, 0)
    assert done.rejected_by_error == {"type-error": 2}
    assert (begun.profile, begun.finished_at, begun.rejected_by_error) == ("", "", {})
    (request,) = table.requests
    assert request["ExpressionAttributeValues"] == {":since": {"S": "2026-11-20T"}}
    alias = request["FilterExpression"].split(" OR ")[1].split()[0]
    assert request["ExpressionAttributeNames"][alias] == "finished_at"


def test_documents_lie_under_their_day_and_the_json_is_written_last() -> None:
    """Tomorrow's summary reads the JSON, so its presence says that all three are there."""
    client = boto3.client("s3", **credentials())
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


def test_a_stored_summary_is_read_back() -> None:
    """The document of a day comes back as text."""
    client = boto3.client("s3", **credentials())
    with Stubber(client) as stub:
        stub.add_response(
            "get_object",
            {"Body": io.BytesIO("{ä}".encode())},
            {"Bucket": "reports", "Key": "summaries/2026/11/22/summary.json"},
        )

        assert S3Summaries(client, "reports").read_json("2026-11-22") == "{ä}"


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_day_without_a_summary_reads_as_none(code) -> None:
    """S3 answers a missing key with 403 to a role that may not list the bucket."""
    client = boto3.client("s3", **credentials())
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)

        assert S3Summaries(client, "reports").read_json("2026-11-22") is None


@pytest.mark.parametrize("code", ["NoSuchBucket", "SlowDown", "InternalError"])
def test_fails_to_read_when_s3_fails(code) -> None:
    """A failing service is no reason to compare with nothing."""
    client = boto3.client("s3", **credentials())
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)

        with pytest.raises(ClientError, match=code):
            S3Summaries(client, "reports").read_json("2026-11-22")


def test_an_announcement_can_be_told_from_an_alarm() -> None:
    """Both share the topic; a subscriber filters by the attribute."""
    client = boto3.client("sns", **credentials())
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
        SnsAnnouncements(client, topic).announce("Inventory summary of 2026-11-22", "text")
        stub.assert_no_pending_responses()


def test_a_chart_is_bare_and_shows_exact_figures() -> None:
    """No script, style, link, id, comment or tooltip of the library is left."""
    bars = [
        Bar("<b>Berlin</b>", Decimal("12345678901234567890.5"), "12,345,678,901,234,567,890.5"),
        Bar("A very long name of a place", Decimal("1E-100"), "next to nothing"),
    ]

    svg = draw_bars("Units & more", bars)

    assert svg.startswith("<svg ")
    assert "<title>Units &amp; more</title>" in svg
    assert svg.count("<title>") == 1
    for text in ("12,345,678,901,234,567,890.5", "&lt;b&gt;Berlin&lt;/b&gt;", "A very long name …"):
        assert f">{text}</text>" in svg
    for piece in ("script", "<style", "href", "<!--", " id=", "desc", "tooltip-overlay", "<b>"):
        assert piece not in svg
    assert svg == draw_bars("Units & more", bars)


def test_the_service_is_joined_from_its_settings() -> None:
    """Tables, bucket, topic, threshold and time zone reach the parts that use them."""
    config = SummaryConfig(
        items_table_name="items",
        ingestions_table_name="ingestions",
        reports_bucket_name="reports",
        alarm_topic_arn="arn:aws:sns:us-east-1:123456789012:alarms",
        low_stock_threshold=7,
        summary_timezone="Europe/Berlin",
    )
    table = FakeTable({segment: [[]] for segment in range(4)})
    service = build_summary_service(
        config,
        dynamodb=table,
        s3=boto3.client("s3", **credentials()),
        sns=boto3.client("sns", **credentials()),
    )

    list(service.items.item_pages())
    list(service.records.record_pages("2026"))

    assert {request["TableName"] for request in table.requests} == {"items", "ingestions"}
    assert (service.low_stock_threshold, service.timezone) == (7, "Europe/Berlin")
