"""The ingestion record: who may do what with an object version, and what is written down.

A record is IN_PROGRESS from the first delivery on and ends COMPLETED, FAILED or HELD, until an
operator has the version withdrawn. It names its
open runs: a run that crashes leaves its name there, and a redrive knows by it that items with the
version's tokens may have been written without having been validated (see `validation`). The
reconcile sends that redrive, whatever became of the delivery that crashed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.order import later_base, timestamp
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from inventory.domain.work import Command

#: Longest life of a run: a Lambda invocation's 900 s and a minute for requests on their way.
#: Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
LEASE = timedelta(seconds=960)

#: Names of dead runs in a record, before one name stands for all.
_MOST_DEAD_RUNS = 16

#: What stands for the delivery in that name.
_DEAD = "dead"

#: Kinds that assume of every open run that it may have crashed.
_REPEATS = frozenset({Kind.REDRIVE, Kind.REPLAY, Kind.RELEASE})
#: Kinds by which an operator has a version processed whatever its record says.
_BY_OPERATORS = frozenset({Kind.REPLAY, Kind.RELEASE})


class Status(StrEnum):
    """Status of a record; all but IN_PROGRESS and WAITING are terminal.

    HELD: the file would have taken away more stock than its feed may; nothing of it is loaded
    until an operator releases or replays it. WITHDRAWN: an operator took the file back; the table
    becomes as if it had never been delivered, see `withdrawal`. WAITING: an operator has paused the
    folder that the file is in, and it has not begun to load.
    """

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    HELD = "HELD"
    WITHDRAWN = "WITHDRAWN"
    WAITING = "WAITING"


class Mode(StrEnum):
    """Permission of a delivery.

    PROCESS: load the file and end its record. REPROCESS: decide the rows of a COMPLETED record
    again, because of a later base, a crashed run or an operator; the status stays. RECHECK: decide
    again the rows whose items others wrote over. CLOSE: load nothing, but validate what crashed
    runs of a held version may have written. WITHDRAW: take back what was loaded. NOTHING: there
    is nothing left to do.
    """

    PROCESS = "process"
    REPROCESS = "reprocess"
    RECHECK = "recheck"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The attributes of a stored record that rules depend on.

    Attributes:
        status: Its status.
        base: Latest base by which the version was processed.
        open_runs: Names of runs that began and did not end, see `run_name`.
        accepted: True if the file may load, as far as `max_stock_drop_share` decides.
        released: When an operator asked to let it in, so that it is not held again, ISO 8601; ""
            unless one has.
        lease_until: ISO 8601 time until which the latest run may be alive.
        read_units: Read units of the runs that ended.
        write_units: Write units of the runs that ended.
        job: Run that began the latest job of several invocations, see `jobs`; "" for none.
        recheck: Write sets because of which rows must be decided again, see `validation`.
        touched: Shards in which items may have been written over, see `touch_note`.
        messages_sent: See `messages_note`.
        last_run: Name of the latest run that began; runs before may be open.
        decided_at: When an operator last asked to withdraw or restore the version, ISO 8601.
        withdrawal: Run that began a withdrawal which is not finished; "" for none.
        withdrawing: Attempt at that withdrawal which may be at work; "" for none.
        withdrawal_place: How far it has come, see `Ingestions.note_withdrawal`.
        withdrawn_by: Who asked for the latest withdrawal.
        withdrawn_reason: Why.
        restored_at: When an operator last took a withdrawal back, ISO 8601.
        stored_at: When the version was stored, ISO 8601; "" where that is not known.
        finished_at: When the version last came to an end, ISO 8601; "" until it is restored.
        announcements: What others have yet to be told, see `announcements`.
        rejected_by_error: Rejected rows by error code.
        reading: `Job.reading` of the run by which it last ended; "" when that read no row.
        reads_by: `Job.reads_by` of whoever reads the file again; "" where that is not known.
        last_reads_by: The one by which it last ended; "" while no row of it is loaded, also after
            a withdrawal.
    """

    status: Status
    base: str = ""
    open_runs: frozenset[str] = frozenset()
    accepted: bool = False
    released: str = ""
    lease_until: str = ""
    read_units: float = 0.0
    write_units: float = 0.0
    job: str = ""
    recheck: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    messages_sent: str = ""
    last_run: str = ""
    decided_at: str = ""
    withdrawal: str = ""
    withdrawing: str = ""
    withdrawal_place: str = ""
    withdrawn_by: str = ""
    withdrawn_reason: str = ""
    restored_at: str = ""
    stored_at: str = ""
    finished_at: str = ""
    announcements: frozenset[str] = frozenset()
    rejected_by_error: Counter[str] = field(default_factory=Counter)
    reading: str = ""
    reads_by: str = ""
    last_reads_by: str = ""

    @property
    def has_rows(self) -> bool:
        """Tell whether rows of it are loaded, all or those before the file broke off."""
        return bool(self.last_reads_by)

    @property
    def wants_recheck(self) -> bool:
        """Tell whether rows must be decided again, of a version that has ended."""
        broke_off = self.status is Status.FAILED and self.has_rows
        ended = broke_off or self.status is Status.COMPLETED
        return ended and self.accepted and bool(self.recheck)

    @property
    def being_restored(self) -> bool:
        """Tell whether the next end is the one of taking a withdrawal back."""
        return self.status is Status.WITHDRAWN or bool(self.restored_at and not self.finished_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """Permission of one run, and the record on which it was decided.

    Attributes:
        mode: What it may do.
        kind: Why the version was delivered.
        version: The object version.
        base: Base of its tokens.
        run: Name of the run.
        record: The record; None when there was none.
        now: When the run began, ISO 8601.
        lease_until: When it is over at the latest, ISO 8601.
        recovering: True if items with the version's own tokens count as written by this run,
            because an open run may have crashed.
        expired: Open runs that are over for sure, to be dropped when this run ends.
        recheck: Write sets that are taken off the record, because their keys are decided again;
            in mode RECHECK alone.
        command: What an operator asked for, of a restored version.
        asked_at: When the delivery was asked for, ISO 8601.
        untold: See `WorkMessage`.
    """

    mode: Mode
    kind: Kind
    version: ObjectVersion
    base: str
    run: str
    record: Record | None
    now: str
    lease_until: str
    recovering: bool = False
    expired: frozenset[str] = frozenset()
    recheck: frozenset[str] = frozenset()
    command: Command | None = None
    asked_at: str = ""
    untold: bool = False

    @property
    def has_job(self) -> bool:
        """Tell whether the version has an unfinished job that this run would do again."""
        record = self.record
        return (
            record is not None and self.mode is not Mode.RECHECK and record.job in record.open_runs
        )


@dataclass(kw_only=True, slots=True)
class RunReport:
    """Result of processing a version, for its record.

    Attributes:
        profile: Profile of the feed; "" when it was not opened.
        counts: Outcomes of the rows.
        skipped_by_reason: Skipped rows by reason.
        rejected_by_error: Rejected rows by error code.
        reading: `Job.reading` of the run; "" when no row was read.
        reads_by: `Job.reads_by` of the run; "" when no row was read.
        first_error_line: Line of the first reject, where there is one.
        error: Why the file was refused; "" otherwise.
        read_units: Read units of this run.
        write_units: Write units of this run.
        finished_at: ISO 8601 time.
        written: Items this run wrote.
        absent: Items this run wrote because a complete file lacks them; no outcome of a row.
        known: Rows whose items were not read, see `fingerprints`.
        drifted: Items that nobody of the pipeline has changed, and that were other than left.
    """

    profile: str = ""
    counts: Counts = field(default_factory=Counts)
    skipped_by_reason: Counter[str] = field(default_factory=Counter)
    rejected_by_error: Counter[str] = field(default_factory=Counter)
    reading: str = ""
    reads_by: str = ""
    first_error_line: int | None = None
    error: str = ""
    read_units: float = 0.0
    write_units: float = 0.0
    finished_at: str = ""
    written: int = 0
    absent: int = 0
    known: int = 0
    drifted: int = 0

    @property
    def nothing_loaded(self) -> str:
        """Why no row of a file that has some is stock; "" where one is."""
        counts = self.counts
        if not counts.rows_read or counts.rows_read != counts.rejected + counts.skipped:
            return ""
        return reason_for_nothing(counts.rows_read, self.skipped_by_reason, self.rejected_by_error)


def reason_for_nothing(rows: int, skipped: Counter[str], rejected: Counter[str]) -> str:
    """Sentence that says why none of the rows of a file is stock.

    Args:
        rows: Rows of the file.
        skipped: Those that were skipped, by reason.
        rejected: Those that were rejected, by error.

    Example:
        >>> reason_for_nothing(67, Counter({"blank sku": 67}), Counter())
        '67 of 67 rows are skipped: blank sku'
    """
    why = [(count, f"skipped: {reason}") for reason, count in skipped.items()]
    why += [(count, f"rejected: {error}") for error, count in rejected.items()]
    why.sort(key=lambda each: (-each[0], each[1]))
    return "; ".join(f"{count:,} of {rows:,} rows are {what}" for count, what in why)


def run_name(now: datetime, delivery_id: str) -> str:
    """Name of a run: when it began, then who asked. Two runs of one delivery begin apart."""
    return f"{timestamp(now)}#{delivery_id}"


def began_at(run: str) -> datetime:
    """When a run began, from its name."""
    return datetime.fromisoformat(run.partition("#")[0])


def asked_by(run: str) -> str:
    """Delivery of a run, from its name."""
    return run.partition("#")[2]


def admit(
    record: Record | None,
    *,
    kind: Kind,
    version: ObjectVersion,
    base: str,
    delivery_id: str,
    now: datetime,
    command: Command | None = None,
    asked_at: str = "",
    untold: bool = False,
) -> Admission:
    """Decide what a delivery may do.

    Args:
        record: The record as stored; None when there is none.
        kind: Why the version was delivered.
        version: The object version.
        base: Base by this delivery; "" when the object could not be described.
        delivery_id: Id of the event or message; the same when it comes again.
        now: When the run begins.
        command: What an operator asks for, of the kind RESTORE.
        asked_at: When the delivery was asked for, ISO 8601; "" for now.
        untold: See `WorkMessage`.
    """
    asked_at = asked_at or timestamp(now)
    open_runs = frozenset[str]() if record is None else record.open_runs
    recovering = kind in _REPEATS and bool(open_runs)
    mode = Mode.PROCESS if record is None else _mode(record, kind, base, recovering=recovering)
    if kind is Kind.RESTORE or (record is not None and record.status is Status.WITHDRAWN):
        mode = Mode.PROCESS if _restores(record, command) else Mode.NOTHING
    elif record is not None and kind in _BY_OPERATORS and asked_at < record.released:
        mode = Mode.NOTHING  # the release has every row decided, and is what was said last
    horizon = timestamp(now - LEASE)
    return Admission(
        mode=mode,
        kind=kind,
        version=version,
        base=base if record is None else later_base(base, record.base),
        run=run_name(now, delivery_id),
        record=record,
        now=timestamp(now),
        lease_until=timestamp(now + LEASE),
        recovering=recovering,
        # No request of such a run can still arrive.
        expired=frozenset(run for run in open_runs if run < horizon and kind in _REPEATS),
        recheck=record.recheck if record and mode is Mode.RECHECK else frozenset(),
        command=command,
        asked_at=asked_at,
        untold=untold,
    )


def dead_runs(record: Record, now: datetime) -> tuple[frozenset[str], str]:
    """Open runs that are over for sure, once there are many, and a name that stands for all.

    All say the same: that a run died which may have written. A version that fails hour by hour
    would else fill its record. The name is none of theirs: the end of a job takes away those of
    attempts whose reports stand.
    """
    horizon = timestamp(now - LEASE)
    dead = {run for run in record.open_runs if run < horizon and run != record.job}
    if len(dead) <= _MOST_DEAD_RUNS:
        return frozenset(), ""
    name = f"{max(dead).partition('#')[0]}#{_DEAD}"
    return frozenset(dead - {name}), name


def _restores(record: Record | None, command: Command | None) -> bool:
    return (
        record is not None
        and command is not None
        and record.status is Status.WITHDRAWN
        and command.asked_at > record.decided_at
    )


def _mode(record: Record, kind: Kind, base: str, *, recovering: bool) -> Mode:
    if record.status is Status.HELD:
        if kind in _BY_OPERATORS:
            return Mode.PROCESS
        return Mode.CLOSE if recovering else Mode.NOTHING
    if kind is Kind.RECHECK and (record.accepted or record.status is Status.FAILED):
        # One that comes before the end could read the file in another way than the run that ends
        # it. The request stands, and the reconcile sends it again.
        return Mode.RECHECK if record.wants_recheck else Mode.NOTHING
    known = record.base >= base and not recovering and kind not in _BY_OPERATORS
    if record.status is Status.COMPLETED:
        return Mode.NOTHING if known else Mode.REPROCESS
    if record.status is Status.FAILED and kind is Kind.CREATED and known:
        return Mode.NOTHING
    return Mode.PROCESS


def touch_note(shard: int, floor: str, reading: str) -> str:
    """Text that says that a version writes over items of a shard.

    Args:
        shard: The shard.
        floor: Text that sorts before every token it writes there.
        reading: `Job.reading` of the run.
    """
    return f"{shard}#{reading}#{floor}"


def touched_shards(record: Record, *, of: str = "", but: str = "") -> dict[int, str]:
    """Shards in which a version may have written over items, each with its lowest floor.

    Args:
        record: Its record.
        of: `Job.reading` of the runs that count; "" for any.
        but: `Job.reading` of runs that are left out; "" for none.
    """
    floors: dict[int, str] = {}
    for note in record.touched:
        shard, reading, floor = note.split("#", 2)
        if of in ("", reading) and (not but or reading != but):
            floors[int(shard)] = min(floor, floors.get(int(shard), floor))
    return floors


def messages_note(feed_digest: str, sent: int) -> str:
    """Text that says how many reject messages of a feed, read so, the queue has taken.

    Args:
        feed_digest: From `jobs.digest_of`; another reading of the file begins again.
        sent: Messages, in the order of the file.
    """
    return f"{feed_digest}#{sent}"


def messages_taken(record: Record | None, feed_digest: str) -> int:
    """Reject messages that the queue has taken, by the record's note."""
    if record is None:
        return 0
    digest, _, sent = record.messages_sent.partition("#")
    return int(sent) if digest == feed_digest and sent else 0
