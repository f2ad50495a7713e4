"""Jobs: object versions that take more than one invocation.

A job is begun by a run, whose name stands in the record's `open_runs` until the job is finished.
Its workers each read the whole file and settle the rows of their share of SKUs (see
`reading.Share`), so all rows of a key are settled by one worker in the order of the file. A worker
that runs out of time leaves a report of its segment and goes on in another invocation. Nearly all
files are processed by one worker in one invocation and need no job.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Any, NamedTuple, Self

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.fingerprints import Piece
from inventory.domain.ingestions import LEASE, Mode
from inventory.domain.model import Absent, Counts

#: The worker that sums a file up before it may load, see `hold`.
WEIGHER = -1

#: How long a job may take, and its reports are kept: as long as a message can wait in a queue, and
#: less than half as long as write sets are kept, see `Validator`.
#: Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
JOB_RETENTION = timedelta(days=14)

_HOW_READ = ("state", "start_byte", "start_line", "latest", "complete", "absent", "part")
_TALLIES = ("skipped_by_reason", "rejected_by_error")


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One invocation's share of a job, as a message of the work queue carries it.

    Attributes:
        run: Run that began the job.
        worker: Number of the worker, from 0; or `WEIGHER`.
        segment: Number of its segment, from 0.
    """

    run: str
    worker: int
    segment: int

    def to_data(self) -> dict[str, Any]:
        """JSON object for the message."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Task of a message.

        Raises:
            ValueError: It is not one.
        """
        try:
            return cls(
                run=str(data["run"]), worker=int(data["worker"]), segment=int(data["segment"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a task: {error!r}") from error


class KeyList(NamedTuple):
    """Stored keys of one segment, see `absences`.

    Attributes:
        name: Beginning of the keys of their objects.
        blocks: Number of these.
    """

    name: str
    blocks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Facts that all workers of one processing of a version share; nothing in it changes.

    Attributes:
        run: Name of the run that began it.
        mode: What it may do.
        base: Base of the version's tokens.
        began: When the run began, ISO 8601.
        latest: Latest time that a row may state, ISO 8601.
        state: `Feed.state()`.
        start_byte: Byte of the unpacked file at which the first record begins.
        start_line: Physical line there.
        message_limit: Reject messages before one stands for the rest, see `publishing`.
        workers: Number of workers.
        recovering: See `Admission.recovering`.
        recheck: See `Admission.recheck`.
        released: True if an operator lets the file in whatever it takes away, see `hold`.
        series: Series of files whose fingerprints it uses and replaces; "" for none.
        complete: Feed of which the file states the whole stock, see `absences`; "" for none.
        absent: What becomes of what it does not name, see `Absent`.
        part: True if it is a reject file that came back, and no whole file.
        decided_at: When an operator last asked to withdraw or restore the version; "" for never.
        untold: See `WorkMessage`.
    """

    run: str
    mode: Mode
    base: str
    began: str
    latest: str
    state: dict[str, Any]
    start_byte: int
    start_line: int
    message_limit: int
    workers: int = 1
    recovering: bool = False
    recheck: tuple[str, ...] = ()
    released: bool = False
    series: str = ""
    complete: str = ""
    absent: Absent = Absent.ZERO
    part: bool = False
    decided_at: str = ""
    untold: bool = False

    @property
    def stages(self) -> int:
        """Workers, and one more that looks after all others for what a complete file lacks."""
        return self.workers + bool(self.complete)

    @property
    def reads_by(self) -> str:
        """Name of how the file is read, the same for the same settings; see `how_read_to_text`."""
        implied = {"complete": self.complete, "absent": self.absent}
        return digest_of(self.state | implied, "", self.latest)[:8]

    def reading(self, release: str) -> str:
        """Text that is the same while a file has, and implies, the same rows with any tokens.

        Args:
            release: See `IngestPorts.release`.
        """
        return digest_of({"reads_by": self.reads_by, "release": release}, "", "")[:8]

    def how_read_to_text(self, broke_off: int | None) -> str:
        """JSON of how the file is read, for whoever reads it again.

        Args:
            broke_off: Line at which it could not be read on; None where it can, or nobody knows.
        """
        how = {name: getattr(self, name) for name in _HOW_READ}
        return json.dumps({"how": how, "broke_off": broke_off}, separators=(",", ":"))

    @property
    def expires_at(self) -> int:
        """Epoch seconds after which its reports may vanish."""
        return int((datetime.fromisoformat(self.began) + JOB_RETENTION).timestamp())

    def lasts(self, now: str) -> bool:
        """Tell whether no report of it vanishes before a run that begins now is over."""
        return self.expires_at > int((datetime.fromisoformat(now) + LEASE).timestamp())

    def to_text(self) -> str:
        """Compact JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """The job whose `to_text` this is."""
        data = json.loads(text)
        data |= {"mode": Mode(data["mode"]), "absent": Absent(data["absent"])}
        data["recheck"] = tuple(data["recheck"])
        return cls(**data)


@dataclass(kw_only=True, slots=True)
class SegmentReport:
    """Result of one invocation of a worker.

    Attributes:
        attempt: Name of the run whose report it is.
        end_byte: Byte of the unpacked file up to which the worker has come.
        end_line: Physical line there.
        ended: True if the worker has come to the end of the file.
        unresolved: True if rows after the end may have been written already.
        timed: True if rows had times of their own.
        counts: Outcomes of rows. Only worker 0 counts what was read, rejected and skipped.
        skipped_by_reason: Skipped rows by reason.
        rejected_by_error: Rejected rows by error code.
        first_error_line: Line of the first reject.
        written: Items written.
        messages: Reject messages sent.
        rejects: Rejects of the file so far.
        pieces: Keys of the pieces of the reject file so far, until the end of the file joins them.
        keys_key: Where its read and write sets are stored; "" when they are empty.
        quantity: Sum of the quantities so far, of the weigher.
        fingerprints: Fingerprints that the worker has left so far.
        read_at: When the items were really read, see `fingerprints.FingerprintSet`; "" where that
            is not known.
        place: Where the next segment goes on with fingerprints, see `fingerprints.Window`.
        known: Rows whose items were not read.
        listed: Lists of the keys that the worker has named so far, in a complete feed.
        gone: Lists of the keys that the file lacks, as far as that was found out.
        absent: Items written because the file lacks them.
        drifted: Items that were not what fingerprints promised, although nobody announced it.
        error: Why the file cannot be read on, as `refusal_to_data` gives it.
        read_units: Read request units.
        write_units: Write request units.
    """

    attempt: str
    end_byte: int
    end_line: int
    ended: bool = False
    unresolved: bool = False
    timed: bool = False
    counts: Counts = field(default_factory=Counts)
    skipped_by_reason: Counter[str] = field(default_factory=Counter)
    rejected_by_error: Counter[str] = field(default_factory=Counter)
    first_error_line: int | None = None
    written: int = 0
    messages: int = 0
    rejects: int = 0
    pieces: list[str] = field(default_factory=list)
    keys_key: str = ""
    quantity: str = "0"
    fingerprints: list[Piece] = field(default_factory=list)
    read_at: str = ""
    place: int = 0
    known: int = 0
    listed: list[KeyList] = field(default_factory=list)
    gone: list[KeyList] = field(default_factory=list)
    absent: int = 0
    drifted: int = 0
    error: dict[str, Any] | None = None
    read_units: float = 0.0
    write_units: float = 0.0

    def to_text(self) -> str:
        """Compact JSON."""
        # `asdict` would count the pairs of a counter.
        tallies = {name: dict(getattr(self, name)) for name in _TALLIES}
        return json.dumps(asdict(self) | tallies, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The report whose `to_text` this is."""
        data = json.loads(text)
        data["counts"] = Counts(**data["counts"])
        for name in _TALLIES:
            data[name] = Counter(data[name])
        data["fingerprints"] = [Piece(**piece) for piece in data["fingerprints"]]
        for name in ("listed", "gone"):
            data[name] = [KeyList(*each) for each in data[name]]
        return cls(**data)


def job_id(object_id: str, run: str) -> str:
    """Name under which the reports of a job are kept."""
    return blake2s(f"{object_id}\n{run}".encode(), digest_size=16).hexdigest()


def how_read_from(text: str) -> dict[str, Any]:
    """Attributes of a job by what `how_read_to_text` gives for another one."""
    how: dict[str, Any] = json.loads(text)["how"]
    return how | {"absent": Absent(how["absent"])}


def broke_off_from(text: str) -> int | None:
    """Line by what `how_read_to_text` gives."""
    line: int | None = json.loads(text)["broke_off"]
    return line


def digest_of(state: dict[str, Any], base: str, latest: str) -> str:
    """Text that is the same while a file is read in the same way.

    Args:
        state: `Feed.state()`.
        base: Base of the version's tokens.
        latest: Latest time that a row may state.
    """
    text = json.dumps([state, base, latest], sort_keys=True)
    return blake2s(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def refusal_to_data(error: BadFileError) -> dict[str, Any]:
    """A refusal as JSON."""
    return {
        "code": str(error.code),
        "message": error.message,
        "line": error.line,
        "column": error.column,
        "value": error.value,
    }


def refusal_from_data(data: dict[str, Any]) -> BadFileError:
    """The refusal whose `refusal_to_data` this is."""
    return BadFileError(
        ErrorCode(data["code"]),
        data["message"],
        line=data["line"],
        column=data["column"],
        value=data["value"],
    )
