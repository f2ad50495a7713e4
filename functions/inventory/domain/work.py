"""Messages of the work queue: object versions that must be processed (again), and their chains."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from inventory.domain.messages import message_text
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.ports import EndedChains, WorkQueue


class Kind(StrEnum):
    """Reason for which an object version is delivered.

    CREATED: an event says so. REDRIVE: the reconcile or an operator found it unfinished. RECHECK:
    an item that it relied on was written over or withdrawn. REPLAY: an operator wants its rows
    decided again by today's rules and profiles, whatever the record says. RELEASE: an operator
    lets a held file in. WITHDRAW: an operator takes it back, see `withdrawal`, or that goes on.
    RESTORE: an operator takes the withdrawal back. SEGMENT: a worker of a job goes on, see `jobs`;
    the message has a task. ANNOUNCE: others were not told of its end, see `announcements`.
    """

    CREATED = "created"
    REDRIVE = "redrive"
    RECHECK = "recheck"
    REPLAY = "replay"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    SEGMENT = "segment"
    ANNOUNCE = "announce"


_WITH_TASK = frozenset({Kind.SEGMENT, Kind.WITHDRAW, Kind.RESTORE})

#: Messages of one chain. Whole invocations of a large file's worker take more than nine days
#: for as many; Lambda's own detection, which the chunk processor is exempt from, allows 16.
#: Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
MOST_HOPS = 1_000

_TOO_LONG = "ChainTooLong"
_TOO_LONG_REASON = (
    f"A delivery of this object version led to another one {MOST_HOPS} times in a row, which looks "
    "like a loop. Look at its record and at the function's log; `inventory redrive --kind events` "
    "has it go on."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """An operator's decision about a version; of several, the one asked last counts.

    Attributes:
        asked_at: When it was asked for, ISO 8601 in UTC.
        by: Who asked.
        reason: Why.
    """

    asked_at: str
    by: str
    reason: str = ""

    def to_data(self) -> dict[str, Any]:
        """JSON object for the message."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Command of a message.

        Raises:
            ValueError: It is not one.
        """
        try:
            asked_at = timestamp(datetime.fromisoformat(data["asked_at"]))
            return cls(asked_at=asked_at, by=str(data["by"]), reason=str(data.get("reason", "")))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a command: {error!r}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkMessage:
    """One message of the work queue.

    Attributes:
        kind: Reason of the delivery.
        version: Object version to process.
        task: Worker that goes on, see `jobs.Task`, or an operator's `Command`; None for all of
            the version, and for a withdrawal that goes on.
        hops: Messages of its chain so far, itself included, see `Chain`; 0 where it begins one.
        untold: True if messages about refused rows were taken away, because these can be read now:
            then those that are refused after all are told of once more.
    """

    kind: Kind
    version: ObjectVersion
    task: dict[str, Any] | None = None
    hops: int = field(default=0, compare=False)
    untold: bool = False

    def to_text(self) -> str:
        """Body of the message, compact JSON."""
        version = self.version
        body: dict[str, Any] = {
            "kind": self.kind.value,
            "bucket": version.bucket,
            "key": version.key,
            "version_id": version.version_id,
            "etag": version.etag,
            "size_bytes": version.size_bytes,
            "sequencer": version.sequencer,
        }
        if version.stored_at is not None:
            body["stored_at"] = timestamp(version.stored_at)
        if self.task is not None:
            body["task"] = self.task
        if self.hops:
            body["hops"] = self.hops
        if self.untold:
            body["untold"] = True
        return message_text(body)

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> WorkMessage:
        """The message whose body says this.

        Args:
            body: Parsed body; `kind`, `bucket` and `key` are required, and one of `version_id`
                and `etag`.

        Raises:
            ValueError: The body is not one of ours.
        """
        try:
            version = ObjectVersion(
                bucket=str(body["bucket"]),
                key=str(body["key"]),
                version_id=body.get("version_id") or None,
                etag=str(body.get("etag") or ""),
                size_bytes=int(body.get("size_bytes") or 0),
                sequencer=str(body.get("sequencer") or ""),
                stored_at=datetime.fromisoformat(body["stored_at"])
                if "stored_at" in body
                else None,
            )
            kind = Kind(body["kind"])
            hops = int(body.get("hops") or 0)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a work message: {error!r}") from error
        if not (version.version_id or version.etag):
            raise ValueError("not a work message: neither version_id nor etag")
        task = body.get("task")
        if task is None:
            fits = kind not in (Kind.SEGMENT, Kind.RESTORE)
        else:
            fits = isinstance(task, dict) and kind in _WITH_TASK
        if not fits:
            raise ValueError("not a work message: a task is missing or out of place")
        untold = bool(body.get("untold"))
        return cls(kind=kind, version=version, task=task, hops=hops, untold=untold)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One delivery of one object version.

    Attributes:
        kind: Reason.
        version: Object version.
        delivery_id: Id of the event or message, the same when it comes again; part of its
            runs' names.
        task: See `WorkMessage`.
        hops: See `WorkMessage`.
        asked_at: When its message was sent, ISO 8601; "" for an event.
        untold: See `WorkMessage`.
    """

    kind: Kind
    version: ObjectVersion
    delivery_id: str
    task: dict[str, Any] | None = None
    hops: int = 0
    asked_at: str = ""
    untold: bool = False


class Chain:
    """The work queue behind `ports.WorkQueue`, for all that follows from one delivery at a time.

    A worker that runs out of time sends itself a message, a withdrawal that goes on does, and an
    item that is written over has other versions rechecked. Each of them gets further, so every
    chain of messages ends by itself. Should one not, through a mistake of ours, it ends here: in
    the dead-letter queue, with the reason, and an operator who gives the message back begins a new
    chain.

    Args:
        work: The work queue.
        ended: Where chains end that are too long.
    """

    def __init__(self, work: WorkQueue, ended: EndedChains) -> None:
        self._work = work
        self._ended = ended
        self._hops = 0

    def go_on(self, hops: int) -> None:
        """Count from a delivery on.

        Args:
            hops: Messages that led to it.
        """
        self._hops = hops

    def send(self, messages: Sequence[WorkMessage], *, delay_seconds: int = 0) -> None:
        """Send every message, or end the chain; see `ports.WorkQueue`."""
        if self._hops < MOST_HOPS:
            counted = [replace(each, hops=self._hops + 1) for each in messages]
            self._work.send(counted, delay_seconds=delay_seconds)
        else:
            self._ended.send(messages, _TOO_LONG, _TOO_LONG_REASON)
