"""The hourly count: every object version has one terminal record, or is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from inventory.domain.ledger import LEASE, Record, Status
from inventory.domain.order import timestamp
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Deadline, LedgerReader, ObjectListing, WorkQueue

_VERSIONS_PER_READ = 100

#: Seconds that must be left to look at more versions.
RESERVE_SECONDS = 15.0


@dataclass(kw_only=True, slots=True)
class Reconciliation:
    """What one count came to.

    Attributes:
        versions: Object versions older than the deadline that were looked at.
        terminal: Of these, the ones whose record is COMPLETED or FAILED and has no dead run.
        running: Of these, the ones on which a run may still be at work.
        missing: Sent again because there was no record.
        expired: Sent again because the record was IN_PROGRESS and its lease was over.
        unattended: Sent again because a run died in it before it had looked back.
        finished: Whether all versions were looked at before the time was up.
    """

    versions: int = 0
    terminal: int = 0
    running: int = 0
    missing: int = 0
    expired: int = 0
    unattended: int = 0
    finished: bool = True

    @property
    def redriven(self) -> int:
        """Object versions sent again."""
        return self.missing + self.expired + self.unattended


class Reconcile:
    """Compares the uploads bucket with the ledger, in bounded memory.

    Idempotency: sending a version again that is fine costs one answered delivery.

    Args:
        listing: Versions of the uploads bucket.
        ledger: The ingestions table.
        work: The work queue.
        deadline: Seconds left, shared with the adapters.
        now: The time, with a time zone.
        deadline_minutes: Age at which a version must have a terminal record.
    """

    def __init__(
        self,
        *,
        listing: ObjectListing,
        ledger: LedgerReader,
        work: WorkQueue,
        deadline: Deadline,
        now: Callable[[], datetime],
        deadline_minutes: int,
    ) -> None:
        self._listing = listing
        self._ledger = ledger
        self._work = work
        self._deadline = deadline
        self._now = now
        self._age = timedelta(minutes=deadline_minutes)

    def run(self, *, time_left: Callable[[], float]) -> Reconciliation:
        """Count once.

        Args:
            time_left: Seconds until the invocation ends.

        Raises:
            RetryableError: S3, DynamoDB or SQS did not answer.
        """
        self._deadline.start(time_left)
        result = Reconciliation()
        now = self._now()
        due = self._due(now - self._age)
        while versions := list(islice(due, _VERSIONS_PER_READ)):
            if self._deadline.left() < RESERVE_SECONDS:
                result.finished = False
                break
            records = self._ledger.get_many([version.object_id for version in versions])
            again = [
                WorkMessage(kind=Kind.REDRIVE, version=version)
                for version in versions
                if _must_come_again(records.get(version.object_id), now, result)
            ]
            if again:
                self._work.send(again)
        return result

    def _due(self, latest: datetime) -> Iterator[ObjectVersion]:
        for version, last_modified in self._listing.versions():
            if last_modified <= latest:
                yield version


def _must_come_again(record: Record | None, now: datetime, result: Reconciliation) -> bool:
    result.versions += 1
    if record is None:
        result.missing += 1
        return True
    if record.status is Status.IN_PROGRESS:
        if record.lease_until > timestamp(now):
            result.running += 1
            return False
        result.expired += 1
        return True
    if record.open_runs and record.lease_until > timestamp(now):
        result.running += 1  # gone through again in parts, which may take long
        return False
    horizon = timestamp(now - LEASE)
    if any(run < horizon for run in record.open_runs):
        result.unattended += 1
        return True
    result.terminal += 1
    return False
