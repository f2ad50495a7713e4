"""One segment: as many rows of a worker's share as the time allows, and a report of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from fakes import MemoryReports, MemoryReportWriter, World, open_tiny_feed
from ingest_steps import FailingItems, looks, put, quantities, row
from inventory.domain.absences import Absences
from inventory.domain.errors import (
    BadFileError,
    ObjectGoneError,
    OutOfTimeError,
    RetryableError,
    ThrottledError,
)
from inventory.domain.ingestions import Mode, Record, Status, admit, messages_note
from inventory.domain.jobs import Job, SegmentReport, digest_of, refusal_from_data
from inventory.domain.keysets import KeyHasher, KeySet
from inventory.domain.model import Counts
from inventory.domain.order import base_of, timestamp
from inventory.domain.ports import WriteSet
from inventory.domain.segments import Segment, SegmentProcessor
from inventory.domain.validation import Validator
from inventory.domain.work import Kind

LATEST = "2026-11-22T21:00:00.000000Z"
LINES = ("A,x,1,,", "!bad", "B,x,1,,", "-blank sku", "C,x,1,,", "A,x,2,,", "D,x,1,,")


def _segment(world: World, version: Any, **changes: Any) -> Segment:
    """The first segment of a file that one worker processes."""
    feed = open_tiny_feed(world.objects.source(version), key="", latest=LATEST)
    last_modified = world.objects.find(version).last_modified
    base = base_of(timestamp(last_modified), version.sequencer)
    job_changes = {name: changes.pop(name) for name in list(changes) if hasattr(Job, name)}
    job = Job(
        run="2026#e",
        mode=Mode.PROCESS,
        base=base,
        began="2026-11-22T20:00:00.000000Z",
        latest=LATEST,
        state=feed.state(),
        start_byte=feed.start_byte,
        start_line=feed.start_line,
        message_limit=1000,
    )
    segment = Segment(
        job=replace(job, **job_changes),
        version=version,
        record=None,
        worker=0,
        attempt="2026#e",
    )
    return replace(segment, **changes)


def _opened(world: World, version: Any) -> None:
    """Make the version's record, which takes notes."""
    admission = admit(
        None, kind=Kind.CREATED, version=version, base="b", delivery_id="d", now=world.clock()
    )
    ingestions = world.ports().ingestions
    assert ingestions.open(admission, accepted=True)
    assert ingestions.enter(version.object_id, "2026#e", admission.run)


def _process(
    world: World,
    segment: Segment,
    *,
    batch_rows: int = 1000,
    time_left: Any = lambda: 900.0,
    **instead: Any,
) -> Any:
    ports = world.ports(**instead)
    ports.deadline.start(time_left)
    validator = Validator(ports.registry, ports.ingestions, ports.follow_ups, ports.work)
    processor = SegmentProcessor(
        ports, Absences(ports, validator), batch_rows=batch_rows, seen_slots=1024
    )
    return processor.process(segment)


def _all_segments(
    world: World, segment: Segment, *, looks_each: int, batch_rows: int = 1
) -> list[SegmentReport]:
    """Process one segment after the other, each with little time."""
    reports: list[SegmentReport] = []
    while not reports or not reports[-1].ended:
        assert len(reports) < 50
        before = reports[-1] if reports else None
        now = replace(
            segment,
            before=before,
            attempt=f"2026#e/{len(reports)}",
            recovering=before is not None and before.unresolved,
        )
        report, _ = _process(world, now, batch_rows=batch_rows, time_left=looks(looks_each))
        reports.append(report)
    return reports


def test_a_segment_that_ends_says_all_that_it_has_done() -> None:
    """Counts, tallies, where it ended, what it wrote and what that took."""
    world = World()
    version = put(world, *LINES)
    report, keys = _process(world, _segment(world, version))
    assert report == SegmentReport(
        attempt="2026#e",
        end_byte=9,
        end_line=9,
        ended=True,
        counts=Counts(rows_read=7, loaded=4, rejected=1, skipped=1, duplicates=1, conflicting=1),
        skipped_by_reason=Counter({"blank sku": 1}),
        rejected_by_error=Counter({"type-error": 1}),
        first_error_line=3,
        written=4,
        messages=1,
        rejects=1,
        read_units=6,  # four keys, the epoch of their shard, and the record
        write_units=6,  # four items, what they were before, and a note of the message
    )
    assert report.counts.balanced
    assert list(keys) == [KeyHasher().shard("x")]
    assert quantities(world) == {"A": "2", "B": "1", "C": "1", "D": "1"}


@pytest.mark.parametrize(
    ("batch_rows", "looks_each"), [(1, 5), (1, 6), (1, 8), (1, 12), (2, 5), (2, 7), (3, 5), (3, 6)]
)
def test_segments_together_do_what_one_does(batch_rows: int, looks_each: int) -> None:
    """Wherever the time runs out: the table, the counts and the rejects are the same."""
    whole, parts = World(), World()
    lines = [*LINES, "!worse", "A,x,3,,", "B,x,1,,", "E,x,1,,", "!worst"]
    expected, _ = _process(whole, _segment(whole, put(whole, *lines)))
    version = put(parts, *lines)
    _opened(parts, version)
    reports = _all_segments(
        parts, _segment(parts, version), looks_each=looks_each, batch_rows=batch_rows
    )
    assert len(reports) > 1
    total = sum((Counter(_counted(report)) for report in reports), Counter())
    assert total == Counter(_counted(expected))
    assert quantities(parts) == quantities(whole)
    assert [body for _, body in parts.rejects.bodies] == [body for _, body in whole.rejects.bodies]
    file = "rejects/a.csv/v1.csv"
    assert parts.reports.files[file] == whole.reports.files[file]
    assert reports[-1].rejects == 3
    ends = [report.end_line for report in reports]
    assert ends == sorted(ends)


def _counted(report: SegmentReport) -> dict[str, int]:
    return {name: getattr(report.counts, name) for name in Counts.__slots__}


class _SmallMemory(MemoryReports):
    """A reports bucket whose writers keep next to nothing in memory."""

    def writer(self, key: str, *, content_type: str) -> MemoryReportWriter:
        """See `ports.Reports`."""
        return MemoryReportWriter(self, key, content_type, small_bytes=10)


@pytest.mark.parametrize(
    ("seconds", "last", "segments"),
    [(900.0, (), 1), (301.0, (), 1), (300.0, (), 2), (200.0, (), 2), (200.0, ("BROKEN",), 2)],
)
def test_a_reject_file_in_pieces_is_joined_by_a_segment_that_has_the_time(
    seconds: float, last: tuple[str, ...], segments: int
) -> None:
    """However long that takes, it ends: a segment that only joins begins with all of its time."""
    world = World(reports=_SmallMemory())
    version = put(world, *LINES, *last)
    _opened(world, version)
    reports: list[SegmentReport] = []
    while not reports or not reports[-1].ended:
        segment = replace(
            _segment(world, version),
            before=reports[-1] if reports else None,
            attempt=f"2026#e/{len(reports)}",
        )
        report, _ = _process(world, segment, time_left=lambda: seconds)
        reports.append(report)

    assert len(reports) == segments
    error = reports[-1].error
    assert (error["code"] if error else None) == ("source-error" if last else None)
    assert all(report.error is None for report in reports[:-1])
    assert sum(report.counts.rows_read for report in reports) == 7
    assert [kind for kind, _ in world.rejects.bodies] == ["row"]
    file = world.reports.files["rejects/a.csv/v1.csv"].decode("utf-8-sig")
    assert [line.split(",")[0] for line in file.splitlines()] == ["sku", "bad"]


def test_fails_when_the_time_does_not_suffice_for_one_batch() -> None:
    """A segment without progress would begin at the same place for ever."""
    world = World()
    segment = _segment(world, put(world, *LINES))
    with pytest.raises(OutOfTimeError):
        _process(world, segment, time_left=looks(1))
    assert world.items() == {}


@pytest.mark.parametrize("error", [OutOfTimeError("slow"), ThrottledError("throttled")])
@pytest.mark.parametrize("applied", [False, True])
def test_a_batch_that_cannot_be_settled_ends_a_segment_that_made_progress(
    error: Exception,
    applied: bool,
) -> None:
    """It ends before that batch, says that its rows may be written, and counts none of them."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")
    _opened(world, version)
    items = FailingItems(world.ports().items, error, batches=1, applied=applied)
    segment = _segment(world, version)
    report, _ = _process(world, segment, batch_rows=1, items=items)
    assert (report.ended, report.unresolved) == (False, True)
    assert (report.end_line, report.counts) == (3, Counts(rows_read=1, loaded=1))
    again = replace(segment, before=report, recovering=True)
    rest, keys = _process(world, again, batch_rows=1)
    assert rest.counts == Counts(rows_read=2, loaded=2)
    written = KeyHasher().hash(row("B")) in keys[KeyHasher().shard("x")].writes
    assert written is applied
    assert quantities(world) == {"A": "1", "B": "1", "C": "1"}


@pytest.mark.parametrize("error", [OutOfTimeError("slow"), ThrottledError("throttled")])
def test_fails_when_the_first_batch_cannot_be_settled(error: Exception) -> None:
    """The message comes again, and ends in the dead-letter queue if that does not help."""
    world = World()
    items = FailingItems(world.ports().items, error, applied=False)
    with pytest.raises(type(error)):
        _process(world, _segment(world, put(world, *LINES)), batch_rows=1, items=items)


def test_fails_on_whatever_else_goes_wrong_in_the_middle() -> None:
    """Nothing is reported that is not known."""
    world = World()
    items = FailingItems(world.ports().items, RetryableError("500"), batches=1, applied=False)
    with pytest.raises(RetryableError, match="500"):
        _process(world, _segment(world, put(world, *LINES)), batch_rows=1, items=items)


def test_damage_in_the_file_ends_it_with_what_stood_before() -> None:
    """Rows before it are loaded and counted, their rejects published."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", "BROKEN", "B,x,1,,")
    report, _ = _process(world, _segment(world, version))
    assert report.ended
    assert report.counts == Counts(rows_read=2, loaded=1, rejected=1)
    assert report.error is not None
    error = refusal_from_data(report.error)
    assert isinstance(error, BadFileError)
    assert (str(error.code), error.line) == ("source-error", 4)
    assert [kind for kind, _ in world.rejects.bodies] == ["row"]
    assert list(world.reports.files) == ["rejects/a.csv/v1.csv"]
    assert quantities(world) == {"A": "1"}


def test_an_object_that_vanishes_while_it_is_read_ends_it_as_well() -> None:
    """What was written stands in the write sets."""
    world = World()
    version = put(world, "A,x,1,,")
    segment = _segment(world, version)
    world.objects.delete(version)
    report, _ = _process(world, segment)
    assert report.ended
    assert report.error is not None
    assert report.error["message"] == str(ObjectGoneError(report.error["message"]))
    assert report.error["code"] == "source-error"


@pytest.mark.parametrize(("workers", "index"), [(2, 0), (2, 1), (3, 2)])
def test_a_worker_settles_its_share_and_the_first_one_accounts_for_the_file(
    workers: int, index: int
) -> None:
    """Rejects and skips are published and counted once; every row of a SKU is one worker's."""
    world = World()
    lines = [f"{sku},x,1,," for sku in "ABCDEFGH"] + ["!bad", "-blank sku"]
    version = put(world, *lines)
    report, _ = _process(world, _segment(world, version, workers=workers, worker=index))
    own = len(world.items())
    assert 0 < own < 8
    assert report.counts.loaded == own
    if index == 0:
        assert report.counts == Counts(rows_read=10, loaded=own, rejected=1, skipped=1)
        assert len(world.rejects.bodies) == 1
    else:
        assert report.counts == Counts(loaded=own)
        assert not world.rejects.bodies
        assert not report.skipped_by_reason


@pytest.mark.parametrize("mode", [Mode.REPROCESS, Mode.RECHECK])
def test_reject_messages_are_sent_only_when_the_file_is_processed(mode: Mode) -> None:
    """Whoever decides rows again repeats no message; the file is as they are read today."""
    world = World()
    version = put(world, "A,x,1,,", "!bad")
    report, _ = _process(world, _segment(world, version, mode=mode))
    assert report.counts.rejected == 1
    assert not world.rejects.bodies
    assert list(world.reports.files) == ["rejects/a.csv/v1.csv"][: mode is Mode.REPROCESS]


def _recheck(world: World, version: Any, writes: KeySet) -> set[str]:
    """SKUs that a recheck because of this write set brings into the table."""
    entry = WriteSet("", "uploads/b.csv#v1", "2026", writes)
    pointer = world.ports().registry.append(3, entry, expires_at=1).pointer
    segment = _segment(world, version, mode=Mode.RECHECK, recheck=(pointer,))
    report, _ = _process(world, segment)
    assert report.counts.rows_read == 3
    return set(quantities(world))


def test_a_recheck_decides_the_keys_that_were_written_over() -> None:
    """And all rows when nobody knows them any more."""
    found = []
    for writes in (KeySet([KeyHasher().hash(row("B"))]), KeySet(everything=True)):
        world = World()
        version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")
        found.append(_recheck(world, version, writes))
    assert found == [{"B"}, {"A", "B", "C"}]


def test_a_recheck_takes_all_write_sets_together_and_all_keys_for_one_that_expired() -> None:
    """Several may ask at once, and a request may stand for long."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")
    registry = world.ports().registry
    pointers = [
        registry.append(
            3, WriteSet("", "o", "2026", KeySet([KeyHasher().hash(row(sku))])), expires_at=1
        ).pointer
        for sku in "AC"
    ]
    segment = _segment(world, version, mode=Mode.RECHECK, recheck=tuple(pointers))
    _process(world, segment)
    assert set(quantities(world)) == {"A", "C"}
    expired = replace(segment, job=replace(segment.job, recheck=("3#99#1",)))
    _process(world, expired)
    assert set(quantities(world)) == {"A", "B", "C"}


def test_messages_that_an_earlier_attempt_sent_are_not_sent_again() -> None:
    """As the record says of the same reading of the file."""
    world = World()
    version = put(world, *[f"!bad {number}" for number in range(25)])
    segment = _segment(world, version)
    _opened(world, version)
    job = segment.job
    digest = digest_of(job.state | {"message_limit": 1000, "release": "1"}, job.base, job.latest)
    note = messages_note(digest, 20)
    record = Record(status=Status.IN_PROGRESS, messages_sent=note)
    report, _ = _process(world, replace(segment, record=record))
    assert [body["line"] for _, body in world.rejects.bodies] == [22, 23, 24, 25, 26]
    assert (report.messages, report.counts.rejected) == (5, 25)
    assert world.record(version)["messages_sent"] == messages_note(digest, 25)
