"""The files delivered since the previous summary, from the ingestion records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from inventory.domain.ingestions import Status
from inventory.domain.model import Counts
from inventory.domain.removals import FOLDER
from inventory.domain.summary.bounded import Smallest
from inventory.domain.summary.exact import EXACT, ZERO
from inventory.domain.summary.model import KEPT_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inventory.domain.arrivals import FeedState
    from inventory.domain.summary.model import IngestionRecord, Page

OUTCOMES = tuple(field.name for field in fields(Counts))
LISTED_FILES = 50
LISTED_FEEDS = 100

_REFUSED = (Status.FAILED, Status.HELD)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """The files delivered in a period.

    Attributes:
        since: Start of the period, exclusive.
        until: End of the period, inclusive.
        received: Number of files, whatever their status.
        by_profile: Number of files by profile; "" stands for files that no profile recognised.
        rejected_by_error: Rejected rows by error code; "" stands for records that give none.
        trouble_total: Number of files that failed or had rows rejected.
        trouble: The first of them, most rejected rows first.
        missing_profiles: Profiles that delivered before but not in this period.
        last_received: End of the last file by profile, known from this or earlier summaries.
        on_time: Number of feeds of the settings of which files are expected and none is overdue.
        late_total: Number of feeds of the settings that are late at the end of the period.
        late: The first of them by name.
    """

    since: str
    until: str
    received: int
    by_status: dict[str, int]
    by_profile: dict[str, int]
    rows: dict[str, int]
    rejected_by_error: dict[str, int]
    trouble_total: int
    trouble: tuple[IngestionRecord, ...]
    missing_profiles: tuple[str, ...]
    last_received: dict[str, str]
    on_time: int
    late_total: int
    late: tuple[FeedState, ...]

    @property
    def failed(self) -> int:
        """Number of files of which nothing was loaded, because they failed or are held."""
        return sum(self.by_status.get(status, 0) for status in _REFUSED)


class FeedAccumulator:
    """Figures over pages of ingestion records that come in any order.

    A record belongs to the period in which its last attempt ended, so that consecutive summaries
    count it once; one that still runs is shown as such until it ends.

    Args:
        since: Start of the period, exclusive, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
        until: End of the period, inclusive.

    Attributes:
        unreadable: Number of records that could not be read.
        read_units: Read units that the pages consumed.
    """

    def __init__(self, *, since: str, until: str) -> None:
        self.unreadable = 0
        self.read_units = ZERO
        self._since = since
        self._until = until
        self._by_status: Counter[str] = Counter()
        self._by_profile: Counter[str] = Counter()
        self._rows: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._errors: Counter[str] = Counter()
        self._last_received: dict[str, str] = {}
        self._trouble: Smallest[tuple[int, IngestionRecord]] = Smallest(LISTED_FILES)

    def add(self, page: Page[IngestionRecord]) -> None:
        """Add the records of a page; those outside the period are passed over."""
        self.unreadable += page.unreadable
        self.read_units = EXACT.add(self.read_units, page.read_units)
        for record in page.rows:
            time = record.finished_at or record.started_at
            running = record.status == Status.IN_PROGRESS
            if time > self._until or (time <= self._since and not running):
                continue
            self._by_status[record.status] += 1
            if not running:
                self._by_profile[record.profile] += 1
                self._add_rows(record)
                # A removal is an operator's, so nobody has to deliver another one.
                if not record.object_id.partition("/")[2].startswith(FOLDER):
                    latest = self._last_received.get(record.profile, "")
                    self._last_received[record.profile] = max(latest, time)

    def _add_rows(self, record: IngestionRecord) -> None:
        self._rows.update(record.counts)
        self._errors.update(record.rejected_by_error)
        without_code = record.rejected - sum(record.rejected_by_error.values())
        if without_code > 0:
            self._errors[""] += without_code
        if record.rejected or record.status in _REFUSED:
            self._trouble.offer((-record.rejected, record))

    def feeds(self, last_received: Mapping[str, str], states: Sequence[FeedState] = ()) -> Feeds:
        """Return the figures over everything added so far.

        Args:
            last_received: End of the last file by profile, from the previous summary.
            states: Feeds of the settings.
        """
        received = {**last_received, **self._last_received}
        kept = dict(sorted(received.items())[:KEPT_GROUPS])
        late = [state for state in states if state.late]
        return Feeds(
            since=self._since,
            until=self._until,
            received=self._by_status.total(),
            by_status=_largest_first(self._by_status),
            by_profile=_largest_first(self._by_profile),
            rows=dict(self._rows),
            rejected_by_error=_largest_first(self._errors),
            trouble_total=self._trouble.offered,
            trouble=tuple(record for _, record in self._trouble.smallest()),
            missing_profiles=tuple(name for name in kept if name not in self._last_received),
            last_received=kept,
            on_time=sum(state.due is not None for state in states) - len(late),
            late_total=len(late),
            late=tuple(late[:LISTED_FEEDS]),
        )


def _largest_first(counter: Counter[str]) -> dict[str, int]:
    """Return the counts, largest first, names deciding between equal ones."""
    return dict(sorted(counter.items(), key=lambda counted: (-counted[1], counted[0])))
