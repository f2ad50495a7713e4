"""Rejects of a file leave once each, in one file, in bounded memory and without a disk."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fakes import MemoryRejects
from feeds import opened
from inventory.adapters.s3_reports import S3Reports
from inventory.domain.errors import RejectedRequestError, RetryableError
from inventory.domain.messages import BYTES_PER_REQUEST, MESSAGES_PER_REQUEST, message_bytes
from inventory.domain.model import ObjectVersion, Reject
from inventory.domain.order import base_of
from inventory.domain.publishing import RejectDestinations, RejectPublisher
from inventory.domain.rejects import piece_key
from s3_wire import WireS3, refusal

VERSION = ObjectVersion(bucket="uploads", key="in/a.csv", version_id="v", etag="e", size_bytes=9)
FINAL = "rejects/in/a.csv/v.csv"
TIME = "2026-11-22T20:00:00.000000Z"
BASE = base_of(TIME, "")
PART = 10_000
TESTS = Path(__file__).parents[2]


@dataclass
class Queue(MemoryRejects):
    """A dead-letter queue that fails from some request on.

    Attributes:
        requests: Messages of each request.
        works: Requests that it takes.
        loses: Request whose answer is lost.
    """

    requests: list[int] = field(default_factory=list)
    works: int = 1_000_000
    loses: int = 0

    def send(self, kind: str, bodies: Any) -> None:
        """See `ports.RejectQueue`."""
        assert len(bodies) <= MESSAGES_PER_REQUEST
        assert sum(map(message_bytes, bodies)) <= BYTES_PER_REQUEST
        if len(self.requests) == self.works:
            raise RetryableError("no")
        self.requests.append(len(bodies))
        super().send(kind, bodies)
        if len(self.requests) == self.loses:
            raise RetryableError("no answer")

    @property
    def lines(self) -> list[int]:
        """Lines of the messages, 0 for one about the file."""
        return [body["line"] for _, body in self.bodies]


@dataclass
class Place:
    """Where rejects go, and what an earlier attempt remembered."""

    queue: Queue = field(default_factory=Queue)
    bucket: WireS3 = field(default_factory=lambda: WireS3(smallest_part=PART))
    limit: int = 1000
    noted: list[int] = field(default_factory=list)

    def publisher(self, data: str | bytes, attempt: str = "1", **named: Any) -> RejectPublisher:
        """A publisher of a run over this feed."""
        reports = S3Reports(self.bucket.client(), "reports", part_bytes=PART)
        return RejectPublisher(
            RejectDestinations(queue=self.queue, reports=reports, message_limit=self.limit),
            version=VERSION,
            feed=opened(data),
            base=BASE,
            timestamp=TIME,
            piece_key=piece_key(VERSION, attempt),
            message_limit=self.limit,
            note_sent=self.noted.append,
            **named,
        )

    @property
    def file(self) -> str:
        """The reject file."""
        return self.bucket.objects[FINAL].decode("utf-8-sig")


def feed_of(rows: int, *, width: int = 1) -> tuple[str, list[Reject]]:
    """A feed of nothing but bad rows, and its rejects."""
    data = "sku,quantity\n" + "".join(f"S{row},{'x' * width}\n" for row in range(rows))
    return data, [reject for batch in opened(data).batches() for reject in batch.rejects]


def test_a_run_over_a_whole_file_sends_messages_and_stores_the_file() -> None:
    """A small one in one request each."""
    data, rejects = feed_of(3)
    place = Place()
    publisher = place.publisher(data)
    publisher.add(rejects[:2])
    publisher.add([])
    publisher.add(rejects[2:])
    publisher.finish()
    publisher.close()

    assert place.queue.lines == [2, 3, 4]
    assert {kind for kind, _ in place.queue.bodies} == {"row"}
    assert place.bucket.requests == [f"PUT {FINAL}"]
    assert [line[:5] for line in place.file.splitlines()] == ["sku,q", "S0,x,", "S1,x,", "S2,x,"]
    assert (publisher.sent, place.noted) == (3, [3])


def test_a_file_without_rejects_stores_and_sends_nothing() -> None:
    """Neither whole nor in pieces."""
    place = Place()
    publisher = place.publisher("sku,quantity\nS,1\n")
    assert publisher.finish_piece() == ""
    publisher.finish(["", ""])
    assert not place.bucket.requests
    assert not place.queue.bodies


@pytest.mark.parametrize("rows", [999, 1000, 1001, 2500])
def test_a_file_of_nothing_but_bad_rows_is_one_file_and_a_bounded_number_of_messages(
    rows: int,
) -> None:
    """Past the limit, one message points at the file."""
    data, rejects = feed_of(rows)
    place = Place()
    publisher = place.publisher(data)
    for at in range(0, rows, 300):
        publisher.add(rejects[at : at + 300])
    publisher.finish()

    assert place.queue.lines[:1000] == [reject.line for reject in rejects[:1000]]
    assert place.queue.lines[1000:] == [0] * (rows > 1000)
    assert place.file.count("\n") == rows + 1
    assert not place.bucket.uploads
    if rows > 1000:
        kind, body = place.queue.bodies[-1]
        assert (kind, body["reject_file"]) == ("file", FINAL)
        assert body["message"] == f"{rows - 1000} more rows were refused; all stand in {FINAL}"


def test_messages_wait_for_a_request_and_no_longer() -> None:
    """Whatever their size, what waits fits into one request."""
    data, rejects = feed_of(12, width=100_000)
    place = Place()
    publisher = place.publisher(data)
    publisher.add(rejects)
    publisher.finish()
    assert place.queue.requests == [2] * 6
    assert place.noted == [2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("cuts", [[], [0], [1], [3, 3], [40], [1, 2, 50], [100], [37, 100, 100]])
@pytest.mark.parametrize("width", [1, 500])
def test_a_file_in_stretches_is_the_file_of_one_run(cuts: list[int], width: int) -> None:
    """Byte by byte and message by message, small pieces and large ones."""
    data, rejects = feed_of(100, width=width)
    whole = Place(limit=45)
    publisher = whole.publisher(data)
    publisher.add(rejects)
    publisher.finish()

    place = Place(limit=45)
    pieces = []
    at = 0
    for number, end in enumerate(cuts):
        publisher = place.publisher(data, str(number), rejects_before=at)
        publisher.add(rejects[at:end])
        pieces.append(publisher.finish_piece())
        publisher.close()
        at = end
    publisher = place.publisher(data, "last", rejects_before=at)
    publisher.add(rejects[at:])
    publisher.finish(pieces)
    publisher.close()

    assert place.bucket.objects[FINAL] == whole.bucket.objects[FINAL]
    assert place.queue.bodies == whole.queue.bodies
    assert place.noted[-1] == 46
    assert not place.bucket.uploads
    assert len(place.queue.bodies) == 46


@pytest.mark.parametrize("works", range(7))
def test_a_repeated_attempt_sends_what_was_not_sent(works: int) -> None:
    """By what was noted, every message leaves once, and the file is the same."""
    data, rejects = feed_of(60)
    place = Place(limit=45, queue=Queue(works=works))
    publisher = place.publisher(data)
    if works < 6:
        with pytest.raises(RetryableError):
            publish(publisher, rejects)
    else:
        publish(publisher, rejects)
    publisher.close()
    assert not place.bucket.uploads

    place.queue.works = 1_000_000
    again = place.publisher(data, "2", already_sent=place.noted[-1] if place.noted else 0)
    publish(again, rejects)

    assert place.queue.lines == [*range(2, 47), 0]
    assert place.noted == [10, 20, 30, 40, 45, 46]
    assert place.file.count("\n") == 61


def test_what_comes_twice_after_a_lost_answer_is_one_request_with_the_same_ids() -> None:
    """SQS took it and nobody knows: nothing is lost, and consumers recognise what they had."""
    data, rejects = feed_of(25)
    place = Place(queue=Queue(loses=2))
    publisher = place.publisher(data)
    with pytest.raises(RetryableError):
        publish(publisher, rejects)
    publisher.close()
    publish(place.publisher(data, "2", already_sent=place.noted[-1]), rejects)

    ids = [body["id"] for _, body in place.queue.bodies]
    assert len(set(ids)) == 25
    assert ids[10:20] == ids[20:30]
    assert len(ids) == 35


def test_a_note_that_is_not_stored_ends_the_run_before_more_is_sent() -> None:
    """The next attempt sends one request twice at most."""
    data, rejects = feed_of(40)
    place = Place()

    class Noting(list[int]):
        def append(self, total: int) -> None:
            if total == 20:
                raise RetryableError("the table does not answer")
            super().append(total)

    place.noted = Noting()
    publisher = place.publisher(data)
    with pytest.raises(RetryableError):
        publish(publisher, rejects)
    publisher.close()
    assert place.queue.requests == [10, 10]
    assert place.noted == [10]


def publish(publisher: RejectPublisher, rejects: list[Reject]) -> None:
    """All of a file."""
    publisher.add(rejects)
    publisher.finish()


def test_a_stretch_does_not_send_what_stretches_before_it_sent() -> None:
    """Even if nobody remembers a number, and even past the limit."""
    data, rejects = feed_of(100)
    for before in (44, 45, 99):
        place = Place(limit=45)
        publisher = place.publisher(data, rejects_before=before)
        publisher.add(rejects[before:])
        publisher.finish()
        assert place.queue.lines == [reject.line for reject in rejects[before:45]] + [0]


def test_without_messages_one_points_at_the_file() -> None:
    """A limit of 0."""
    data, rejects = feed_of(3)
    place = Place(limit=0)
    publish(place.publisher(data), rejects)
    publish(place.publisher(data, already_sent=1), rejects)
    assert place.queue.lines == [0]


@pytest.mark.parametrize("failing", ["POST", "PUT"])
def test_fails_without_leaving_anything_behind(failing: str) -> None:
    """What is not finished is dropped, and no reject file stands that is not whole."""
    data, rejects = feed_of(100, width=500)
    place = Place()
    place.bucket.before = lambda request: (
        refusal("AccessDenied", 403)
        if request.startswith(failing) and "rejects/" in request
        else None
    )
    publisher = place.publisher(data)
    with pytest.raises(RejectedRequestError):
        publish(publisher, rejects)
    publisher.close()
    assert not place.bucket.uploads
    assert FINAL not in place.bucket.objects


def test_a_run_that_is_given_up_aborts_what_it_began() -> None:
    """As when the time is up and another one reads from the beginning."""
    data, rejects = feed_of(100, width=500)
    place = Place()
    publisher = place.publisher(data)
    publisher.add(rejects)
    assert place.bucket.uploads
    publisher.close()
    assert not place.bucket.uploads
    assert not place.bucket.objects


def test_a_header_with_quotes_and_delimiters_opens_the_file_once() -> None:
    """In the feed's own dialect, also when the file is joined from pieces."""
    data = 'sku;quantity;"attr_""name""; or two"\n' + "".join(f"S{row};x;\n" for row in range(5))
    rejects = [reject for batch in opened(data).batches() for reject in batch.rejects]
    place = Place()
    first = place.publisher(data, "1")
    first.add(rejects[:2])
    piece = first.finish_piece()
    last = place.publisher(data, "2", rejects_before=2)
    last.add(rejects[2:])
    last.finish([piece])
    assert place.file.startswith(
        'sku;quantity;"attr_""name""; or two";line;error;message;counts as of\n'
    )
    assert place.file.count("name") == 1
    assert len(opened(place.file).header) == 3


def test_rows_that_are_no_text_stand_in_the_file_as_they_were() -> None:
    """Bytes of another encoding and NUL; the messages show them."""
    data = b"sku,quantity\nA\xfc,1\nB\x00,2\nC,3\n"
    rejects = [reject for batch in opened(data).batches() for reject in batch.rejects]
    place = Place()
    publisher = place.publisher(data)
    publish(publisher, rejects)
    stored = place.bucket.objects[FINAL]
    assert b"A\xfc,1,2,encoding-error" in stored
    assert b"B\x00,2,3,encoding-error" in stored
    assert [body["row"] for _, body in place.queue.bodies] == ["A\\xfc,1", "B\\u0000,2"]


@pytest.mark.slow
@pytest.mark.parametrize("row_bytes", [2_000, 240_000])
def test_memory_does_not_grow_with_the_rejects_and_no_disk_is_needed(row_bytes: int) -> None:
    """From rows to requests of S3, in a process in which no file may have a single byte."""
    found = subprocess.run(
        [sys.executable, TESTS / "reject_flood.py", "48", str(row_bytes)],
        env={"PYTHONPATH": f"{TESTS.parent / 'functions'}", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    peak, size, messages = map(int, found.split())
    assert size > 48 << 20
    assert messages == min((48 << 20) // row_bytes + 1, 1001)
    assert peak < 32 << 20
