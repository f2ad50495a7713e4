"""The ingestion record: who may do what with an object version, and what is written down.

A record is IN_PROGRESS from the first delivery on and ends COMPLETED or FAILED. It names its open
runs: a run that dies leaves its name there, and when its delivery comes again it is known that
rows with the version's tokens may have been written without anybody having looked back (see
`writing`). A redrive knows it of every open run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.order import later_base, timestamp
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from datetime import datetime

#: Longest life of a run: a Lambda invocation's 900 s and a minute for requests on their way.
#: Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
LEASE = timedelta(seconds=960)


class Status(StrEnum):
    """Status of a record; COMPLETED and FAILED are terminal."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Mode(StrEnum):
    """What a delivery is allowed to do.

    WORK: process and end the record. REWORK: the record is COMPLETED but a later base, a dead
    run or an operator asks for the rows again; the status stays. RECHECK: rows alone, nothing is
    published. ANSWERED: nothing is left to do.
    """

    WORK = "work"
    REWORK = "rework"
    RECHECK = "recheck"
    ANSWERED = "answered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What the rules read of a stored record.

    Attributes:
        status: Its status.
        base: Latest base by which the version was processed.
        open_runs: Names of runs that began and did not end, see `run_name`.
        accepted: Whether the stock-drop hold has let the file pass.
        lease_until: ISO 8601 time until which the latest run may be alive.
        read_units: Read units of the runs that ended.
        write_units: Write units of the runs that ended.
        planned_by: Name of the latest run that began to process the version in chunks.
    """

    status: Status
    base: str = ""
    open_runs: frozenset[str] = frozenset()
    accepted: bool = False
    lease_until: str = ""
    read_units: float = 0.0
    write_units: float = 0.0
    planned_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """What one run may do, and what it found.

    Attributes:
        mode: What it may do.
        version: The object version.
        base: Base of its tokens.
        run: Name of the run.
        found: The record it was decided on; None when there was none.
        now: When the run began, ISO 8601.
        lease_until: When it is over at the latest, ISO 8601.
        thorough: Whether rows found with our own token count as written by this run, because an
            earlier run of this delivery died (or, for a redrive, any other run may have).
        over: Open runs that are over for sure, to be dropped when this run ends.
    """

    mode: Mode
    version: ObjectVersion
    base: str
    run: str
    found: Record | None
    now: str
    lease_until: str
    thorough: bool = False
    over: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class RunReport:
    """What a run did, for the record.

    Attributes:
        profile: Profile of the feed; "" when it was not opened.
        counts: Outcomes of the rows.
        skipped_by_reason: Skipped rows by reason.
        rejected_by_error: Rejected rows by error code.
        first_error_line: Line of the first reject, where there is one.
        error: Why the file was refused; "" otherwise.
        read_units: Read units of this run.
        write_units: Write units of this run.
        finished_at: ISO 8601 time.
        written: Items this run wrote.
    """

    profile: str = ""
    counts: Counts = field(default_factory=Counts)
    skipped_by_reason: Counter[str] = field(default_factory=Counter)
    rejected_by_error: Counter[str] = field(default_factory=Counter)
    first_error_line: int | None = None
    error: str = ""
    read_units: float = 0.0
    write_units: float = 0.0
    finished_at: str = ""
    written: int = 0


def run_name(now: datetime, delivery_id: str) -> str:
    """Name of a run: when it began, then who asked. Two runs of one delivery begin apart."""
    return f"{timestamp(now)}#{delivery_id}"


def admit(
    record: Record | None,
    *,
    kind: Kind,
    version: ObjectVersion,
    base: str,
    delivery_id: str,
    now: datetime,
) -> Admission:
    """Decide what a delivery may do.

    Args:
        record: The record as stored; None when there is none.
        kind: Why the version was delivered.
        version: The object version.
        base: Base by this delivery; "" when the object could not be described.
        delivery_id: Id of the event or message; the same when it comes again.
        now: When the run begins.
    """
    unattended = _unattended(record, kind, delivery_id)
    return Admission(
        mode=_mode(record, kind, base, unattended=unattended),
        version=version,
        base=base if record is None else later_base(base, record.base),
        run=run_name(now, delivery_id),
        found=record,
        now=timestamp(now),
        lease_until=timestamp(now + LEASE),
        thorough=unattended,
        over=_over(record, now) if record is not None and kind is Kind.REDRIVE else frozenset(),
    )


def _unattended(record: Record | None, kind: Kind, delivery_id: str) -> bool:
    """Whether a run may have died whose writes this delivery has to look after."""
    if record is None:
        return False
    if kind is Kind.REDRIVE:
        return bool(record.open_runs)
    return any(run.partition("#")[2] == delivery_id for run in record.open_runs)


def _mode(record: Record | None, kind: Kind, base: str, *, unattended: bool) -> Mode:
    if record is None:
        return Mode.WORK
    if kind is Kind.RECHECK:
        return Mode.RECHECK
    known = record.base >= base and not unattended
    if record.status is Status.COMPLETED:
        return Mode.ANSWERED if known and kind is not Kind.REPLAY else Mode.REWORK
    if record.status is Status.FAILED and kind is Kind.CREATED and known:
        return Mode.ANSWERED
    return Mode.WORK


def _over(record: Record, now: datetime) -> frozenset[str]:
    """Open runs that began so long ago that no request of theirs can still arrive."""
    horizon = timestamp(now - LEASE)
    return frozenset(run for run in record.open_runs if run < horizon)
