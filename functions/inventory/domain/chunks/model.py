"""What the parts of one file tell each other: tasks go through the queue, reports to the table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Any, NamedTuple, Self

from inventory.domain.ledger import Mode
from inventory.domain.model import Counts

#: How long reports are kept: longer than a message can wait in a queue and be sent again.
_RETENTION = timedelta(days=30)


class Place(NamedTuple):
    """Which part of a file's processing.

    Attributes:
        round: 1 for the rows as they stand; from 2 on, only rows whose items other parts changed.
            0 while the file is only weighed, see `hold`.
        chunk: Number of the chunk in its round, from 0.
        segment: Number of the invocation that goes on where the one before ran out of time.
    """

    round: int
    chunk: int
    segment: int

    def __str__(self) -> str:
        """Text that sorts like the place."""
        return f"{self.round:04d}#{self.chunk:08d}#{self.segment:06d}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What all parts of one processing of a file share.

    Attributes:
        run: Name of the run in the record's `open_runs`; while it is there, the job goes on.
        mode: What the run may do.
        base: Base of the version's tokens.
        began: When the run began, ISO 8601.
        state: `Feed.state()`.
        total: Chunks of round 1.
        thorough: See `Admission.thorough`.
        over: See `Admission.over`.
    """

    run: str
    mode: Mode
    base: str
    began: str
    state: dict[str, Any]
    total: int
    thorough: bool = False
    over: tuple[str, ...] = ()

    @property
    def expires_at(self) -> int:
        """Epoch seconds after which its reports may vanish."""
        return int((datetime.fromisoformat(self.began) + _RETENTION).timestamp())

    def name(self, object_id: str) -> str:
        """Name under which the reports of the job are kept."""
        return blake2s(f"{object_id}\n{self.run}".encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One part: a range of the file that begins and ends between records.

    Attributes:
        job: What it is part of.
        place: Which part.
        parts: Chunks of its round.
        start_byte: First byte, of the unpacked file.
        start_line: Physical line there.
        end_byte: Byte after the last; None at the end of the file.
        first_line: Line on which the range began that this is the rest of; 0 when it is no rest.
        messages: Reject messages it may send.
        thorough: Whether an earlier invocation may have written rows of it and not looked back.
    """

    job: Job
    place: Place
    parts: int
    start_byte: int
    start_line: int
    end_byte: int | None = None
    first_line: int = 0
    messages: int = 0
    thorough: bool = False

    def to_data(self) -> dict[str, Any]:
        """Itself as JSON."""
        return asdict(self) | {"place": list(self.place)}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """The task whose `to_data` this is.

        Raises:
            ValueError: It is not one.
        """
        try:
            job = dict(data["job"])
            job |= {"mode": Mode(job["mode"]), "over": tuple(job["over"])}
            return cls(**data | {"job": Job(**job), "place": Place(*data["place"])})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a task: {error!r}") from error


@dataclass(kw_only=True, slots=True)
class PartReport:
    """What came of one part.

    Attributes:
        start_byte: Where it began.
        start_line: The line there.
        end_byte: Where it ended; None at the end of the file.
        going_on: Whether the range goes on after `end_byte`, for another invocation.
        end_line: The line at `end_byte`, where it goes on.
        final_byte: Where the range ends then.
        thorough: Whether rows after `end_byte` may have been written already.
        counts: Outcomes of its rows; in a later round, what it changes of them.
        skipped_by_reason: Skipped rows by reason.
        rejected_by_error: Rejected rows by error code.
        first_error_line: Line of its first reject.
        written: Items it wrote.
        rechecks: Other object versions it sent again.
        messages: Reject messages it sent.
        rejects_key: Where its rejects are stored; "" when it had none.
        filter_key: Where the filter of the keys it overwrote is stored; "" when there are none.
        weighing_key: Where the weighing up to its end is stored; "" except in round 0.
        skips: Rows it left alone because an older item was equal.
        timed: Whether its rows have times of their own.
        read_units: Read request units.
        write_units: Write request units.
    """

    start_byte: int
    start_line: int
    end_byte: int | None = None
    going_on: bool = False
    end_line: int = 0
    final_byte: int | None = None
    thorough: bool = False
    counts: Counts = field(default_factory=Counts)
    skipped_by_reason: dict[str, int] = field(default_factory=dict)
    rejected_by_error: dict[str, int] = field(default_factory=dict)
    first_error_line: int | None = None
    written: int = 0
    rechecks: int = 0
    messages: int = 0
    rejects_key: str = ""
    filter_key: str = ""
    weighing_key: str = ""
    skips: int = 0
    timed: bool = False
    read_units: float = 0.0
    write_units: float = 0.0

    def to_text(self) -> str:
        """Itself as compact JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The report whose `to_text` this is."""
        data = json.loads(text)
        return cls(**data | {"counts": Counts(**data["counts"])})


def add_counts(total: Counts, more: Counts) -> None:
    """Add counts to others."""
    for each in fields(Counts):
        setattr(total, each.name, getattr(total, each.name) + getattr(more, each.name))
