"""Who may do what with an object version: the rules of the ingestion record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes import BEGIN, BUCKET
from inventory.domain.ledger import LEASE, Mode, Record, Status, admit, run_name
from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.work import Kind, WorkMessage

VERSION = ObjectVersion(bucket=BUCKET, key="a+b%20.csv", version_id="v1", etag="e", size_bytes=9)
OWN = run_name(BEGIN, "event-1")
OTHER = run_name(BEGIN, "event-2")


def _mode(record: Record | None, kind: Kind = Kind.CREATED, base: str = "b1") -> Mode:
    return admit(
        record,
        kind=kind,
        version=VERSION,
        base=base,
        delivery_id="event-1",
        now=BEGIN + timedelta(seconds=5),
    ).mode


@pytest.mark.parametrize(
    ("status", "kind", "base", "runs", "expected"),
    [
        (Status.IN_PROGRESS, Kind.CREATED, "b1", (), Mode.WORK),
        (Status.IN_PROGRESS, Kind.REDRIVE, "b0", (), Mode.WORK),
        (Status.IN_PROGRESS, Kind.RECHECK, "b1", (), Mode.RECHECK),
        (Status.COMPLETED, Kind.CREATED, "b1", (), Mode.ANSWERED),
        (Status.COMPLETED, Kind.CREATED, "b0", (), Mode.ANSWERED),
        (Status.COMPLETED, Kind.CREATED, "b2", (), Mode.REWORK),
        (Status.COMPLETED, Kind.CREATED, "b1", (OTHER,), Mode.ANSWERED),
        (Status.COMPLETED, Kind.CREATED, "b1", (OWN,), Mode.REWORK),
        (Status.COMPLETED, Kind.REDRIVE, "b1", (), Mode.ANSWERED),
        (Status.COMPLETED, Kind.REDRIVE, "b1", (OTHER,), Mode.REWORK),
        (Status.COMPLETED, Kind.RECHECK, "b1", (), Mode.RECHECK),
        (Status.FAILED, Kind.CREATED, "b1", (), Mode.ANSWERED),
        (Status.FAILED, Kind.CREATED, "b1", (OWN,), Mode.WORK),
        (Status.FAILED, Kind.CREATED, "b2", (), Mode.WORK),
        (Status.FAILED, Kind.REDRIVE, "b1", (), Mode.WORK),
        (Status.FAILED, Kind.RECHECK, "b1", (), Mode.RECHECK),
    ],
)
def test_what_a_delivery_may_do(
    status: Status, kind: Kind, base: str, runs: tuple[str, ...], expected: Mode
) -> None:
    """Every status meets every kind of delivery, at earlier and later bases."""
    record = Record(status=status, base="b1", open_runs=frozenset(runs))
    assert expected == _mode(record, kind, base)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_version_without_record_is_processed(kind: Kind) -> None:
    """The first delivery works, whatever brought it."""
    assert _mode(None, kind) == Mode.WORK


def test_the_latest_base_is_kept() -> None:
    """A listing without sequencer does not set a version back."""
    record = Record(status=Status.IN_PROGRESS, base="b2")
    admission = admit(
        record, kind=Kind.REDRIVE, version=VERSION, base="b1", delivery_id="m", now=BEGIN
    )
    assert admission.base == "b2"


def test_only_a_redrive_drops_runs_that_are_over() -> None:
    """A run is over when its lease and every request on its way are."""
    record = Record(status=Status.COMPLETED, base="b1", open_runs=frozenset({OWN, OTHER}))
    late = BEGIN + LEASE + timedelta(seconds=1)
    arguments = {"version": VERSION, "base": "b1", "delivery_id": "event-1"}
    redrive = admit(record, kind=Kind.REDRIVE, now=late, **arguments)
    assert redrive.over == {OWN, OTHER}
    early = admit(record, kind=Kind.REDRIVE, now=BEGIN + LEASE, **arguments)
    assert early.over == frozenset()
    assert admit(record, kind=Kind.CREATED, now=late, **arguments).over == frozenset()


def test_counts_are_balanced_only_when_every_row_has_one_outcome() -> None:
    """The invariant of the record, with each count breaking it in turn."""
    counts = Counts(
        rows_read=21, loaded=1, unchanged=2, stale=3, rejected=4, skipped=5, duplicates=6
    )
    assert counts.balanced
    for name in ("loaded", "unchanged", "stale", "rejected", "skipped", "duplicates"):
        assert not replace(counts, **{name: getattr(counts, name) + 1}).balanced


def test_work_messages_survive_the_queue() -> None:
    """Odd keys and missing ids come back as they went."""
    for version in (VERSION, replace(VERSION, version_id=None, sequencer="0A")):
        message = WorkMessage(kind=Kind.RECHECK, version=version)
        assert message == WorkMessage.from_body(json.loads(message.to_text()))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "recheck"},
        {"kind": "nonsense", "bucket": "b", "key": "k", "etag": "e"},
        {"kind": "recheck", "bucket": "b", "key": "k"},
        {"kind": "recheck", "bucket": "b", "key": "k", "etag": "e", "size_bytes": "many"},
    ],
)
def test_fails_on_a_message_that_is_not_ours(body: dict[str, str]) -> None:
    """A message that nobody here wrote is refused and so ends in the dead-letter queue."""
    with pytest.raises(ValueError, match="not a work message"):
        WorkMessage.from_body(body)
