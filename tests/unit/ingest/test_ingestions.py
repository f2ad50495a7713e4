"""Who may do what with an object version: the rules of the ingestion record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes import BEGIN, BUCKET
from inventory.domain.ingestions import (
    LEASE,
    Admission,
    Mode,
    Record,
    Status,
    admit,
    asked_by,
    messages_note,
    messages_taken,
    run_name,
    touch_note,
    touched_shards,
)
from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.work import Kind, WorkMessage

VERSION = ObjectVersion(bucket=BUCKET, key="a+b%20.csv", version_id="v1", etag="e", size_bytes=9)
OWN = run_name(BEGIN, "event-1")
OTHER = run_name(BEGIN, "event-2")
POINTER = "31#7"


def _admitted(
    record: Record | None, kind: Kind = Kind.CREATED, base: str = "b1", *, seconds: float = 5
) -> Admission:
    return admit(
        record,
        kind=kind,
        version=VERSION,
        base=base,
        delivery_id="event-1",
        now=BEGIN + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize(
    ("status", "kind", "base", "runs", "recheck", "expected"),
    [
        (Status.IN_PROGRESS, Kind.CREATED, "b1", (), (), Mode.PROCESS),
        (Status.IN_PROGRESS, Kind.CREATED, "b1", (OTHER,), (), Mode.PROCESS),
        (Status.IN_PROGRESS, Kind.REDRIVE, "b0", (), (), Mode.PROCESS),
        (Status.IN_PROGRESS, Kind.REPLAY, "b1", (), (), Mode.PROCESS),
        (Status.IN_PROGRESS, Kind.RELEASE, "b1", (), (), Mode.PROCESS),
        (Status.IN_PROGRESS, Kind.RECHECK, "b1", (), (), Mode.NOTHING),
        (Status.IN_PROGRESS, Kind.RECHECK, "b1", (), (POINTER,), Mode.NOTHING),
        (Status.COMPLETED, Kind.CREATED, "b1", (), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.CREATED, "b0", (), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.CREATED, "b2", (), (), Mode.REPROCESS),
        (Status.COMPLETED, Kind.CREATED, "b1", (OTHER,), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.CREATED, "b1", (OWN,), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.CREATED, "b1", (), (POINTER,), Mode.NOTHING),
        (Status.COMPLETED, Kind.REDRIVE, "b1", (), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.REDRIVE, "b1", (OTHER,), (), Mode.REPROCESS),
        (Status.COMPLETED, Kind.REPLAY, "b1", (), (), Mode.REPROCESS),
        (Status.COMPLETED, Kind.RELEASE, "b1", (), (), Mode.REPROCESS),
        (Status.COMPLETED, Kind.RECHECK, "b1", (), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.RECHECK, "b1", (OTHER,), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.RECHECK, "b1", (OWN,), (), Mode.NOTHING),
        (Status.COMPLETED, Kind.RECHECK, "b1", (), (POINTER,), Mode.RECHECK),
        (Status.FAILED, Kind.CREATED, "b1", (), (), Mode.NOTHING),
        (Status.FAILED, Kind.CREATED, "b1", (OWN,), (), Mode.NOTHING),
        (Status.FAILED, Kind.CREATED, "b1", (OTHER,), (), Mode.NOTHING),
        (Status.FAILED, Kind.CREATED, "b2", (), (), Mode.PROCESS),
        (Status.FAILED, Kind.REDRIVE, "b1", (), (), Mode.PROCESS),
        (Status.FAILED, Kind.REPLAY, "b1", (), (), Mode.PROCESS),
        (Status.FAILED, Kind.RECHECK, "b1", (), (POINTER,), Mode.NOTHING),
        (Status.HELD, Kind.CREATED, "b1", (), (), Mode.NOTHING),
        (Status.HELD, Kind.CREATED, "b2", (), (), Mode.NOTHING),
        (Status.HELD, Kind.CREATED, "b1", (OTHER,), (), Mode.NOTHING),
        (Status.HELD, Kind.CREATED, "b1", (OWN,), (), Mode.NOTHING),
        (Status.HELD, Kind.REDRIVE, "b1", (), (), Mode.NOTHING),
        (Status.HELD, Kind.REDRIVE, "b1", (OTHER,), (), Mode.CLOSE),
        (Status.HELD, Kind.RECHECK, "b1", (), (POINTER,), Mode.NOTHING),
        (Status.HELD, Kind.REPLAY, "b1", (), (), Mode.PROCESS),
        (Status.HELD, Kind.RELEASE, "b1", (), (), Mode.PROCESS),
    ],
)
def test_what_a_delivery_may_do(
    status: Status,
    kind: Kind,
    base: str,
    runs: tuple[str, ...],
    recheck: tuple[str, ...],
    expected: Mode,
) -> None:
    """Every status meets every kind of delivery, at earlier and later bases."""
    record = Record(
        status=status,
        base="b1",
        open_runs=frozenset(runs),
        accepted=True,
        recheck=frozenset(recheck),
    )
    assert _admitted(record, kind, base).mode == expected


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RESTORE])
def test_a_version_without_record_is_processed(kind: Kind) -> None:
    """The first delivery loads, whatever brought it."""
    assert _admitted(None, kind).mode == Mode.PROCESS


@pytest.mark.parametrize(
    ("kind", "runs", "recovering"),
    [
        (Kind.CREATED, (), False),
        (Kind.CREATED, (OWN, OTHER), False),
        (Kind.RECHECK, (OWN, OTHER), False),
        (Kind.REDRIVE, (), False),
        (Kind.REDRIVE, (OWN,), True),
        (Kind.REDRIVE, (OTHER,), True),
        (Kind.REPLAY, (OTHER,), True),
        (Kind.RELEASE, (OTHER,), True),
    ],
)
def test_who_recovers_what_a_crashed_run_has_written(
    kind: Kind,
    runs: tuple[str, ...],
    recovering: bool,
) -> None:
    """The redrive that the reconcile or an operator sends, for every run."""
    record = Record(status=Status.IN_PROGRESS, base="b1", open_runs=frozenset(runs))
    assert _admitted(record, kind).recovering is recovering


def test_the_latest_base_is_kept() -> None:
    """A listing without sequencer does not set a version back."""
    record = Record(status=Status.IN_PROGRESS, base="b2")
    assert _admitted(record, Kind.REDRIVE, "b1").base == "b2"
    assert _admitted(record, Kind.REDRIVE, "b3").base == "b3"
    assert _admitted(None, Kind.REDRIVE, "b1").base == "b1"


@pytest.mark.parametrize("kind", list(Kind))
def test_only_who_repeats_everything_drops_runs_that_are_over(kind: Kind) -> None:
    """A run is over when its lease and every request on its way are."""
    record = Record(status=Status.IN_PROGRESS, base="b1", open_runs=frozenset({OWN, OTHER}))
    lease = LEASE.total_seconds()
    assert _admitted(record, kind, seconds=lease).expired == frozenset()
    repeats = kind in {Kind.REDRIVE, Kind.REPLAY, Kind.RELEASE}
    expected = {OWN, OTHER} if repeats else frozenset()
    assert _admitted(record, kind, seconds=lease + 1).expired == expected


def test_only_a_recheck_takes_the_requests_for_it() -> None:
    """Other runs leave them to it."""
    record = Record(status=Status.COMPLETED, base="b1", accepted=True, recheck=frozenset({POINTER}))
    assert _admitted(record, Kind.RECHECK).recheck == {POINTER}
    assert _admitted(record, Kind.REPLAY).recheck == frozenset()
    assert _admitted(record, Kind.CREATED, "b2").recheck == frozenset()


def test_an_admission_names_its_run_and_its_lease() -> None:
    """What the record takes from it."""
    admission = _admitted(None)
    now = BEGIN + timedelta(seconds=5)
    assert admission.run == f"{timestamp(now)}#event-1"
    assert asked_by(admission.run) == "event-1"
    assert (admission.now, admission.lease_until) == (timestamp(now), timestamp(now + LEASE))


def test_a_delivery_is_known_by_all_of_its_name() -> None:
    """Also one that has the separator in it."""
    assert asked_by(run_name(BEGIN, "uploads/a#1/2")) == "uploads/a#1/2"


def test_notes_of_touched_shards_are_read_with_their_lowest_floor() -> None:
    """A floor may have the separator in it, as bases have."""
    notes = [
        touch_note(3, "2026#0A", "ab"),
        touch_note(3, "2025#0B", "cd"),
        touch_note(4, "", "ab"),
        "5#cd#x",
    ]
    record = Record(status=Status.IN_PROGRESS, touched=frozenset(notes))
    assert touched_shards(record) == {3: "2025#0B", 4: "", 5: "x"}
    assert touched_shards(record, of="ab") == {3: "2026#0A", 4: ""}
    assert touched_shards(record, but="cd") == {3: "2026#0A", 4: ""}
    assert touched_shards(Record(status=Status.FAILED)) == {}


@pytest.mark.parametrize(
    ("record", "digest", "taken"),
    [
        (None, "d", 0),
        (Record(status=Status.IN_PROGRESS), "d", 0),
        (Record(status=Status.IN_PROGRESS, messages_sent=messages_note("d", 12)), "d", 12),
        (Record(status=Status.IN_PROGRESS, messages_sent=messages_note("d", 12)), "e", 0),
        (Record(status=Status.IN_PROGRESS, messages_sent="d"), "d", 0),
    ],
)
def test_messages_that_were_taken_are_those_of_the_same_reading(
    record: Record | None, digest: str, taken: int
) -> None:
    """A file that is read in another way has other rejects."""
    assert messages_taken(record, digest) == taken


def test_counts_are_balanced_only_when_every_row_has_one_outcome() -> None:
    """The invariant of the record, with each count breaking it in turn."""
    counts = Counts(
        rows_read=21, loaded=1, unchanged=2, stale=3, rejected=4, skipped=5, duplicates=6
    )
    assert counts.balanced
    for name in ("loaded", "unchanged", "stale", "rejected", "skipped", "duplicates"):
        assert not replace(counts, **{name: getattr(counts, name) + 1}).balanced


def test_work_messages_survive_the_queue() -> None:
    """Odd keys, missing ids and tasks come back as they went."""
    messages = [
        WorkMessage(kind=Kind.RECHECK, version=VERSION),
        WorkMessage(kind=Kind.RELEASE, version=replace(VERSION, version_id=None, sequencer="0A")),
        WorkMessage(kind=Kind.SEGMENT, version=VERSION, task={"run": "r", "worker": 1}),
    ]
    for message in messages:
        assert WorkMessage.from_body(json.loads(message.to_text())) == message
    stored_at = datetime(2026, 11, 12, tzinfo=UTC)
    aged = WorkMessage(kind=Kind.RECHECK, version=replace(VERSION, stored_at=stored_at), hops=7)
    came = WorkMessage.from_body(json.loads(aged.to_text()))
    assert (came.version.stored_at, came.hops) == (stored_at, 7)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "recheck"},
        {"kind": "nonsense", "bucket": "b", "key": "k", "etag": "e"},
        {"kind": "recheck", "bucket": "b", "key": "k"},
        {"kind": "recheck", "bucket": "b", "key": "k", "etag": "e", "size_bytes": "many"},
        {"kind": "recheck", "bucket": "b", "key": "k", "etag": "e", "task": {"run": "r"}},
        {"kind": "segment", "bucket": "b", "key": "k", "etag": "e"},
        {"kind": "segment", "bucket": "b", "key": "k", "etag": "e", "task": "r"},
    ],
)
def test_fails_on_a_message_that_is_not_ours(body: dict[str, object]) -> None:
    """A message that nobody here wrote is refused and so ends in the dead-letter queue."""
    with pytest.raises(ValueError, match="not a work message"):
        WorkMessage.from_body(body)
