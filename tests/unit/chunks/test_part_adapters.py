"""Reports, stored parts and visibility as the services see them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from faults.fakes import LANES, memory_tables
from inventory.adapters.dynamodb_api import (
    ConditionFailedError,
    DynamoDbApi,
    TransientError,
    _http_error,
)
from inventory.adapters.dynamodb_parts import DynamoDbParts
from inventory.adapters.s3_objects import S3Objects
from inventory.adapters.s3_parts import S3Parts
from inventory.adapters.s3_reports import S3Reports
from inventory.adapters.sqs_messages import SqsVisibility
from inventory.domain.chunks.keys import KeyFilter
from inventory.domain.chunks.model import Job, PartReport, Place, Task
from inventory.domain.errors import RetryableError
from inventory.domain.ledger import Mode
from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.ports import Deadline, Usage
from s3_wire import WireS3, refusal

REPORT = PartReport(start_byte=10, start_line=2, counts=Counts(rows_read=3, loaded=3), written=3)


@pytest.fixture
def parts() -> DynamoDbParts:
    """Reports in an empty table whose pages hold three items."""
    api = DynamoDbApi(memory_tables(page_items=3), Deadline(), in_flight=1)
    return DynamoDbParts(api, LANES, Usage())


def test_a_report_is_entered_once_and_counted_once(parts: DynamoDbParts) -> None:
    """The second one is refused and nothing is counted."""
    place = Place(1, 4, 0)
    other = PartReport(start_byte=10, start_line=2, written=9)

    assert parts.enter("job", place, REPORT, expires_at=9)
    assert not parts.enter("job", place, other, expires_at=9)

    assert parts.get("job", place) == REPORT
    assert parts.done("job", 1) == 1


def test_a_report_of_a_range_that_goes_on_counts_no_chunk(parts: DynamoDbParts) -> None:
    """The last segment of a chunk does."""
    going_on = PartReport(start_byte=10, start_line=2, end_byte=20, going_on=True)

    assert parts.enter("job", Place(1, 0, 0), going_on, expires_at=9)
    assert not parts.enter("job", Place(1, 0, 0), going_on, expires_at=9)
    assert parts.done("job", 1) == 0
    assert parts.enter("job", Place(1, 0, 1), REPORT, expires_at=9)
    assert parts.done("job", 1) == 1


def test_reports_of_a_round_come_in_order_over_all_pages(parts: DynamoDbParts) -> None:
    """Other rounds, other jobs and the numbers of chunks stay out."""
    places = [Place(1, chunk, segment) for chunk in (10, 9, 2, 0) for segment in (1, 0)]
    for place in (*places, Place(2, 0, 0)):
        parts.enter("job", place, REPORT, expires_at=9)
    parts.enter("other", Place(1, 5, 0), REPORT, expires_at=9)

    assert [place for place, _ in parts.reports("job", 1)] == sorted(places)
    assert [place for place, _ in parts.reports("job", 2)] == [Place(2, 0, 0)]
    assert parts.get("job", Place(3, 0, 0)) is None
    assert parts.done("job", 3) == 0


def test_tasks_and_reports_survive_json() -> None:
    """What is sent is what arrives."""
    job = Job(run="r#1", mode=Mode.WORK, base="b", began="t", state={"a": 1}, total=3, over=("x",))
    task = Task(job=job, place=Place(1, 2, 3), parts=3, start_byte=1, start_line=2, end_byte=9)

    assert Task.from_data(json.loads(json.dumps(task.to_data()))) == task
    assert PartReport.from_text(REPORT.to_text()) == REPORT


@pytest.mark.parametrize("data", [{}, {"job": {}}, {"job": {"mode": "x", "over": []}}])
def test_fails_on_a_task_that_is_none(data: dict[str, Any]) -> None:
    """A message that somebody else sent."""
    with pytest.raises(ValueError, match="not a task"):
        Task.from_data(data)


def test_a_filter_knows_every_key_it_was_given_and_few_others() -> None:
    """Also after it was stored and joined with another one."""
    one, other = KeyFilter(), KeyFilter()
    for number in range(0, 20_000, 2):
        one.add(f"S{number}", "x")
        other.add(f"S{number + 1}", "x")

    joined = KeyFilter.from_bytes(one.to_bytes())
    joined.join(other.to_bytes())

    assert all((f"S{number}", "x") in joined for number in range(20_000))
    assert sum((f"T{number}", "x") in joined for number in range(20_000)) < 20
    assert sum((f"S{number}", "x") in one for number in range(1, 20_000, 2)) < 20
    assert ("S1", "") not in KeyFilter()
    assert KeyFilter().empty
    assert not one.empty


@pytest.mark.parametrize("size", [0, 10, 40_000, 99_000, 500_000])
def test_a_joined_file_is_its_beginning_and_its_parts(size: int) -> None:
    """Small ones in one request, large ones in pieces of a bounded size."""
    bucket = WireS3(smallest_part=100_000)
    store = S3Parts(S3Reports(bucket.client(), "reports", part_bytes=100_000))
    for name in "ab":
        store.put(name, io.BytesIO(name.encode() * size))

    store.join("whole", b"head\n", ["a", "b"])

    assert bucket.objects["whole"] == b"head\n" + b"a" * size + b"b" * size


def test_fails_so_that_the_message_comes_again_when_the_bucket_does_not_answer() -> None:
    """Neither way is a failure swallowed."""
    bucket = WireS3()
    bucket.before = lambda _: refusal("RequestTimeTooSkewed", 403)
    store = S3Parts(S3Reports(bucket.client(), "reports"))

    with pytest.raises(RetryableError):
        store.put("a", io.BytesIO(b"x"))
    with pytest.raises(RetryableError):
        store.join("whole", b"", [])


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (["ConditionalCheckFailed", "None"], ConditionFailedError),
        (["ConditionalCheckFailed", "TransactionConflict"], ConditionFailedError),
        (["None", "TransactionConflict"], TransientError),
        (["ThrottlingError", "None"], TransientError),
        (["None", "ProvisionedThroughputExceeded"], TransientError),
    ],
)
def test_a_cancelled_transaction_says_why(codes: list[str], error: type[Exception]) -> None:
    """A condition that failed is final, a conflict or a throttle is not."""
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "Transaction cancelled",
        "CancellationReasons": [{"Code": code} for code in codes],
    }

    assert isinstance(_http_error(400, json.dumps(body).encode()), error)


@pytest.mark.parametrize(
    ("count", "jitter", "seconds"),
    [(1, 0.0, 7), (1, 1.0, 15), (2, 1.0, 60), (3, 0.0, 120), (4, 1.0, 900), (40, 1.0, 900)],
)
def test_a_failed_message_comes_again_after_a_growing_pause(
    count: int, jitter: float, seconds: int
) -> None:
    """Between half of the pause and all of it, a quarter of an hour at most."""
    calls = []

    class Sqs:
        def change_message_visibility(self, **request: Any) -> None:
            calls.append(request)

    client: Any = Sqs()
    SqsVisibility(client, "queue", uniform=lambda: jitter).soon("handle", count)

    assert calls == [{"QueueUrl": "queue", "ReceiptHandle": "handle", "VisibilityTimeout": seconds}]


def test_a_message_whose_visibility_cannot_be_changed_comes_again_late() -> None:
    """What the handler raises is the failure of the work, not this one."""

    class Sqs:
        def change_message_visibility(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ReceiptHandleIsInvalid"}}, "ChangeVisibility")

    client: Any = Sqs()
    SqsVisibility(client, "queue").soon("handle", 1)


def test_of_a_part_no_more_is_fetched_than_it_has() -> None:
    """A range of the object, and the stream ends with it."""
    requests = []
    data = bytes(range(100))

    class S3:
        def get_object(self, **request: Any) -> dict[str, Any]:
            requests.append(request["Range"])
            first, _, last = request["Range"].removeprefix("bytes=").partition("-")
            body = data[int(first) : int(last) + 1]
            return {
                "Body": StreamingBody(io.BytesIO(body), len(body)),
                "ContentRange": f"bytes {first}-{last}/100",
            }

    client: Any = S3()
    version = ObjectVersion(bucket="b", key="k", version_id="v", etag="e", size_bytes=100)

    with S3Objects(client).source(version, end_byte=30).open(10) as stream:
        assert stream.read(15) + stream.read(15) == data[10:30]
    assert S3Objects(client).source(version, end_byte=30).open(30).read() == b""
    assert requests == ["bytes=10-29"]
