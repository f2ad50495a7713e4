"""What was delivered since the last summary, from the ingestion records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from inventory.domain.summary.bounded import Smallest
from inventory.domain.summary.model import KEPT_GROUPS, LISTED_FEEDS, FeedRecord
from inventory.domain.summary.report import Feeds, ListedFeed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OUTCOMES = ("rows_read", "loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")
IN_PROGRESS = "IN_PROGRESS"
FAILED = "FAILED"


class FeedAccumulator:
    """Takes in pages of ingestion records in any order.

    A record belongs to the stretch in which its last attempt ended, so that consecutive summaries
    count it once; one that still runs is shown as such until it ends.

    Args:
        since: Beginning of the stretch, exclusive, as stored times are written.
        until: End of the stretch, inclusive.
    """

    def __init__(self, *, since: str, until: str) -> None:
        self._since = since
        self._until = until
        self._by_status: Counter[str] = Counter()
        self._by_profile: Counter[str] = Counter()
        self._rows: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._errors: Counter[str] = Counter()
        self._last_received: dict[str, str] = {}
        self._trouble: Smallest[tuple[int, str, ListedFeed]] = Smallest(LISTED_FEEDS)

    def add(self, records: Iterable[FeedRecord]) -> None:
        """Take in a page.

        Args:
            records: The records of the page; those outside the stretch are passed over.
        """
        for record in records:
            moment = record.finished_at or record.started_at
            running = record.status == IN_PROGRESS
            if moment > self._until or (moment <= self._since and not running):
                continue
            self._by_status[record.status] += 1
            if running:
                continue
            self._by_profile[record.profile] += 1
            known = self._last_received.get(record.profile, "")
            self._last_received[record.profile] = max(known, moment)
            self._add_rows(record)

    def feeds(self, last_received: Mapping[str, str]) -> Feeds:
        """The figures over everything taken in so far.

        Args:
            last_received: When a file of a profile last ended, from the earlier summary.
        """
        received = {**last_received, **self._last_received}
        return Feeds(
            since=self._since,
            until=self._until,
            by_status=_ordered(self._by_status),
            by_profile=_ordered(self._by_profile),
            rows={outcome: self._rows[outcome] for outcome in OUTCOMES},
            rejected_by_error=_ordered(self._errors),
            trouble=tuple(feed for _, _, feed in self._trouble.smallest()),
            trouble_total=self._trouble.offered,
            last_received=dict(sorted(received.items())[:KEPT_GROUPS]),
        )

    def _add_rows(self, record: FeedRecord) -> None:
        for outcome in OUTCOMES:
            self._rows[outcome] += record.counts.get(outcome, 0)
        rejected = record.counts.get("rejected", 0)
        self._errors.update(record.rejected_by_error)
        untold = rejected - sum(record.rejected_by_error.values())
        if untold > 0:
            self._errors[""] += untold
        if rejected or record.status == FAILED:
            feed = ListedFeed(
                object_id=record.object_id,
                status=record.status,
                profile=record.profile,
                rejected=rejected,
                error=record.error,
                finished_at=record.finished_at,
            )
            self._trouble.offer((-rejected, record.object_id, feed))


def _ordered(counter: Counter[str]) -> dict[str, int]:
    """The counts, largest first, names deciding between equals."""
    return dict(sorted(counter.items(), key=lambda counted: (-counted[1], counted[0])))
