"""The hourly count: every object version has one terminal record, or is sent again.

The bucket is walked through page by page, from where the last invocation stopped. A listing names
a thousand versions a request and costs little. A record costs a read, so it is read while its
version is young, and later only where something was begun anew (`ports.FollowUps`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from inventory.domain.ingestions import LEASE, Record, Status
from inventory.domain.order import timestamp
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import (
        Checkpoints,
        ConsumedCapacity,
        Deadline,
        FollowUps,
        IngestionReader,
        ObjectListing,
        Pauses,
        WorkQueue,
    )

_VERSIONS_PER_READ = 100

#: Deliveries by which versions come again; all others are redriven.
_KINDS = {
    "rechecks": Kind.RECHECK,
    "withdrawals": Kind.WITHDRAW,
    "unannounced": Kind.ANNOUNCE,
}

#: Seconds that must be left to look at more versions.
RESERVE_SECONDS = 15.0

#: How long after its LastModified a version may appear in the bucket: that of a multipart upload
#: is when it was begun, and the bucket's lifecycle gives one up after seven days.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
_LATEST_APPEARANCE = timedelta(days=8)

#: Most versions appear at once; how far back a pass looks that is not the first one of its day.
_USUAL_APPEARANCE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """How far the walk through the bucket has come.

    Attributes:
        began: When the pass began, ISO 8601; "" when none is under way.
        since: Versions modified before are not looked at in this pass, ISO 8601.
        position: Key and version id after which it goes on; None at the beginning.
        before: When the last finished pass began, ISO 8601; "" for none.
    """

    began: str = ""
    since: str = ""
    position: tuple[str, str] | None = None
    before: str = ""

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The walk whose `to_state` this is."""
        position = state.get("position")
        return cls(**state | {"position": tuple(position) if position else None})

    def to_state(self) -> dict[str, Any]:
        """JSON object."""
        return asdict(self)

    def started(self, now: datetime, age: timedelta) -> Walk:
        """Itself when a pass is under way, else the beginning of the next one.

        Args:
            now: The time.
            age: Age at which a version must have a terminal record: younger ones were passed by.
        """
        if self.began:
            return self
        since = ""
        if self.before:
            before = datetime.fromisoformat(self.before)
            first_of_day = before.date() < now.date()
            back = _LATEST_APPEARANCE if first_of_day else _USUAL_APPEARANCE
            since = timestamp(before - age - back)
        return replace(self, began=timestamp(now), since=since, position=None)


@dataclass(kw_only=True, slots=True)
class Reconciliation:
    """Figures of one count.

    Attributes:
        versions: Object versions whose records were looked at.
        terminal: Of these, the ones whose record is terminal with nothing left to do.
        running: Of these, the ones on which a run may still be at work.
        missing: Sent again because there was no record.
        expired: Sent again because the record was IN_PROGRESS and its lease was over.
        crashed: Sent again because a run crashed in it before it was validated.
        rechecks: Sent again because a recheck was requested and has not begun.
        withdrawals: Sent again because a withdrawal is not finished.
        unannounced: Sent again because others were not told of their end.
        waiting: Not sent, because an operator has paused their folder.
        listed: Object versions that the listing named.
        read_units: Read request units.
        finished: True if the walk has come to the end of the bucket.
        hours_behind: Hours since the pass began that is under way; 0 when it has finished.
    """

    versions: int = 0
    terminal: int = 0
    running: int = 0
    missing: int = 0
    expired: int = 0
    crashed: int = 0
    rechecks: int = 0
    withdrawals: int = 0
    unannounced: int = 0
    waiting: int = 0
    listed: int = 0
    read_units: float = 0.0
    finished: bool = True
    hours_behind: float = 0.0

    @property
    def redriven(self) -> int:
        """Object versions sent again."""
        again = self.missing + self.expired + self.crashed
        return again + self.rechecks + self.withdrawals + self.unannounced


class Reconcile:
    """Compares the uploads bucket with the ingestions table, in bounded memory.

    Idempotency: sending a version again that is fine costs one answered delivery.

    Args:
        listing: Versions of the uploads bucket.
        ingestions: The ingestions table.
        follow_ups: Versions that are looked at however old they are.
        pauses: Where operators have files wait.
        checkpoints: Where the walk is remembered.
        work: The work queue.
        usage: Capacity units, counted by the adapters.
        deadline: Seconds left, shared with the adapters.
        now: The time, with a time zone.
        deadline_minutes: Age at which a version must have a terminal record.
    """

    def __init__(
        self,
        *,
        listing: ObjectListing,
        ingestions: IngestionReader,
        follow_ups: FollowUps,
        pauses: Pauses,
        checkpoints: Checkpoints,
        work: WorkQueue,
        usage: ConsumedCapacity,
        deadline: Deadline,
        now: Callable[[], datetime],
        deadline_minutes: int,
    ) -> None:
        self._listing = listing
        self._ingestions = ingestions
        self._follow_ups = follow_ups
        self._pauses = pauses
        self._paused: tuple[str, ...] = ()
        self._checkpoints = checkpoints
        self._work = work
        self._usage = usage
        self._deadline = deadline
        self._now = now
        self._age = timedelta(minutes=deadline_minutes)

    def run(self, *, time_left: Callable[[], float]) -> Reconciliation:
        """Look after what was begun anew, then walk on.

        Args:
            time_left: Seconds until the invocation ends.

        Raises:
            RetryableError: S3, DynamoDB or SQS did not answer.
        """
        self._deadline.start(time_left)
        result = Reconciliation()
        units = self._usage.read_units
        now = self._now()
        self._paused = tuple(self._pauses.prefixes())
        seen: set[str] = set()
        for versions in _groups(self._follow_ups.all()):
            if self._deadline.left() < RESERVE_SECONDS:
                break
            seen.update(version.object_id for version in versions)
            for version in self._look_at(versions, now, result):
                # A run that has noted it since may have asked for nothing yet, and requests of one
                # that has ended may still arrive.
                self._follow_ups.remove(version, before=now - LEASE)
        walk = Walk.from_state(self._checkpoints.load()).started(now, self._age)
        walk = self._walk_on(walk, now, result, seen)
        self._checkpoints.save(walk.to_state())
        result.finished = not walk.began
        if walk.began:
            behind = now - datetime.fromisoformat(walk.began)
            result.hours_behind = behind.total_seconds() / 3600
        result.read_units = self._usage.read_units - units
        return result

    def _walk_on(
        self, walk: Walk, now: datetime, result: Reconciliation, seen: Collection[str]
    ) -> Walk:
        due, since = timestamp(now - self._age), walk.since
        for page in self._listing.pages(walk.position):
            result.listed += len(page.versions)
            young = [
                version
                for version, last_modified in page.versions
                if since <= timestamp(last_modified) <= due and version.object_id not in seen
            ]
            for versions in _groups(young):
                self._look_at(versions, now, result, follow_up=True)
            if page.following is None:
                break
            walk = replace(walk, position=page.following)
            if self._deadline.left() < RESERVE_SECONDS:
                return walk
        return Walk(before=walk.began)

    def _look_at(
        self,
        versions: list[ObjectVersion],
        now: datetime,
        result: Reconciliation,
        *,
        follow_up: bool = False,
    ) -> list[ObjectVersion]:
        """Send again what must come again.

        Returns:
            The versions for which nothing is left to do.
        """
        records = self._ingestions.get_many([version.object_id for version in versions])
        again: list[WorkMessage] = []
        terminal: list[ObjectVersion] = []
        for version in versions:
            finding = _finding(records.get(version.object_id), now)
            if finding == "waiting" and not version.key.startswith(self._paused):
                finding = "missing"
            setattr(result, finding, getattr(result, finding) + 1)
            result.versions += 1
            if finding == "terminal":
                terminal.append(version)
                continue
            if follow_up:
                self._follow_ups.add(version)
            if finding not in ("running", "waiting"):
                kind = _KINDS.get(finding, Kind.REDRIVE)
                again.append(WorkMessage(kind=kind, version=version))
        if again:
            self._work.send(again)
        return terminal


def _finding(record: Record | None, now: datetime) -> str:
    """Name of the figure of `Reconciliation` in which a version counts."""
    if record is None:
        return "missing"
    if record.status in (Status.WITHDRAWN, Status.WAITING):
        left = "withdrawals" if record.withdrawal else _ended(record)
        return "waiting" if record.status is Status.WAITING else left
    alive = record.lease_until > timestamp(now)
    if record.status is Status.IN_PROGRESS:
        return "running" if alive else "expired"
    if record.open_runs and alive:
        return "running"  # gone through again by several workers, which may take long
    horizon = timestamp(now - LEASE)
    if any(run < horizon for run in record.open_runs):
        return "crashed"
    left = "running" if record.open_runs else _ended(record)
    return "rechecks" if record.wants_recheck else left


def _ended(record: Record) -> str:
    return "unannounced" if record.announcements else "terminal"


def _groups(versions: Iterable[ObjectVersion]) -> Iterator[list[ObjectVersion]]:
    remaining = iter(versions)
    while group := list(islice(remaining, _VERSIONS_PER_READ)):
        yield group
