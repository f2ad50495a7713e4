"""Jobs, tasks and reports as they are stored and sent."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.fingerprints import Piece
from inventory.domain.ingestions import LEASE, Mode
from inventory.domain.jobs import (
    JOB_RETENTION,
    WEIGHER,
    Job,
    KeyList,
    SegmentReport,
    Task,
    digest_of,
    job_id,
    refusal_from_data,
    refusal_to_data,
)
from inventory.domain.model import Absent, Counts
from inventory.domain.validation import WRITES_RETENTION

JOB = Job(
    run="2026#e",
    mode=Mode.RECHECK,
    base="2026#0A",
    began="2026-11-22T20:00:00.000000Z",
    latest="2026-11-22T20:00:00.000000Z",
    state={"profile": "p", "header": ["sku", "ø\udcff"]},
    start_byte=12,
    start_line=2,
    workers=4,
    recovering=True,
    recheck=("3#1",),
    released=True,
    message_limit=1000,
    series="0f",
    complete="stock/",
    absent=Absent.REMOVE,
    part=True,
    decided_at="2026-11-21T20:00:00.000000Z",
    untold=True,
)
REPORT = SegmentReport(
    attempt="2026#j/1/2",
    end_byte=1 << 40,
    end_line=9,
    ended=True,
    unresolved=True,
    timed=True,
    counts=Counts(rows_read=3, loaded=2, duplicates=1),
    skipped_by_reason=Counter({"blank sku": 2}),
    rejected_by_error=Counter({"type-error": 1}),
    first_error_line=3,
    written=2,
    messages=1,
    rejects=4,
    pieces=["parts/1.csv"],
    keys_key="parts/1.keys",
    quantity="-12345678901234567890.10",
    fingerprints=[Piece(worker=1, key="parts/1", blocks=2, written=True)],
    read_at="2026-11-20T20:00:00.000000Z",
    place=1,
    known=5,
    listed=[KeyList("0a-0001", 2)],
    gone=[KeyList("0a-0004", 1)],
    absent=3,
    drifted=6,
    error={"code": "source-error"},
    read_units=2.5,
    write_units=1.0,
)


@pytest.mark.parametrize("value", [JOB, REPORT])
def test_every_field_of_a_stored_value_differs_from_its_default(value: Any) -> None:
    """Else the round trips below would not see that a field is lost."""
    for field in fields(value):
        made = field.default_factory
        default = field.default if made is MISSING else made()
        assert getattr(value, field.name) != default, field.name


def test_what_is_stored_or_sent_is_what_is_read() -> None:
    """Also text that is none."""
    assert Job.from_text(JOB.to_text()) == JOB
    assert SegmentReport.from_text(REPORT.to_text()) == REPORT
    bare = SegmentReport(attempt="a", end_byte=0, end_line=2)
    assert SegmentReport.from_text(bare.to_text()) == bare
    task = Task(run="r", worker=WEIGHER, segment=200)
    assert Task.from_data(json.loads(json.dumps(task.to_data()))) == task


@pytest.mark.parametrize(
    "data", [{}, {"run": "r"}, {"run": "r", "worker": 1}, {"run": "r", "worker": "w", "segment": 1}]
)
def test_fails_on_a_task_that_is_none(data: dict[str, Any]) -> None:
    """A message that somebody else sent."""
    with pytest.raises(ValueError, match="not a task"):
        Task.from_data(data)


def test_a_file_is_read_in_the_same_way_only_if_all_of_it_is_the_same() -> None:
    """Profile, base and the latest time that a row may state."""
    digest = digest_of({"profile": "p", "header": ["a"]}, "b", "t")
    assert digest_of({"header": ["a"], "profile": "p"}, "b", "t") == digest
    others = [
        digest_of({"profile": "q", "header": ["a"]}, "b", "t"),
        digest_of({"profile": "p", "header": ["a"]}, "c", "t"),
        digest_of({"profile": "p", "header": ["a"]}, "b", "u"),
    ]
    assert digest not in others


def test_jobs_of_two_runs_or_two_versions_are_told_apart() -> None:
    """And have names that fit a key."""
    names = {job_id("b/k#1", "r"), job_id("b/k#1", "s"), job_id("b/k#2", "r")}
    assert len(names) == 3
    assert job_id("b/k#1", "r") in names
    assert len(job_id("b/" + "k" * 1024, "r")) < 100


def test_reports_are_kept_for_fourteen_days() -> None:
    """From the beginning of the job; what was written meanwhile is told apart by its expiry."""
    later = replace(JOB, began="2026-11-23T20:00:00.000000Z")
    assert later.expires_at - JOB.expires_at == 86_400
    assert JOB.expires_at == 1795377600 + 14 * 86_400
    assert JOB_RETENTION + LEASE < WRITES_RETENTION / 2


def test_a_refusal_survives_being_stored() -> None:
    """With all that the message about it says."""
    error = BadFileError(ErrorCode.SOURCE_ERROR, "It breaks off.", line=7, column="sku", value="x")
    again = refusal_from_data(json.loads(json.dumps(refusal_to_data(error))))
    assert vars(again) == vars(error)
