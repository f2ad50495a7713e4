"""Makes a day's summary: read, compute, compare, write, notify."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from inventory.domain.order import timestamp
from inventory.domain.summary.changes import compare
from inventory.domain.summary.csv_document import render_csv
from inventory.domain.summary.feeds import FeedAccumulator
from inventory.domain.summary.json_document import (
    UnreadableSummaryError,
    read_previous,
    render_json,
)
from inventory.domain.summary.left_out import left_out
from inventory.domain.summary.model import Summary
from inventory.domain.summary.notification import render_message, render_subject
from inventory.domain.summary.page import render_page
from inventory.domain.summary.stock import StockAccumulator
from inventory.domain.summary.trends import TREND_SUMMARIES, TrendPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from inventory.domain.arrivals import FeedState
    from inventory.domain.summary.changes import Changes, PreviousSummary
    from inventory.domain.summary.model import IngestionRecord, Page, Stock, StockItem

# Days in which a previous summary is searched for; usually yesterday's is there.
LOOKBACK_DAYS = 31
# Hours of deliveries that the first summary covers.
_FIRST_PERIOD_HOURS = 24


def scheduled_time(event: Mapping[str, object], now: datetime) -> datetime:
    """Return the time a schedule invoked for, so that a late or repeated call is of that day.

    Args:
        event: Input of the schedule; EventBridge Scheduler replaces its `scheduled_time`, which is
            `<aws.scheduler.scheduled-time>`, by the time.
        now: Time to use where the event names none with a zone, as in a call by hand.

    Source: docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    try:
        time = datetime.fromisoformat(str(event.get("scheduled_time")))
        return time.astimezone(UTC) if time.tzinfo else now
    except (OverflowError, ValueError):
        return now


class SummaryTables(Protocol):
    """The tables that the summary is of, page by page, in no particular order."""

    def items(self) -> Iterator[Page[StockItem]]:
        """Return the stored items; a few pages are fetched ahead."""

    def records(self, since: str) -> Iterator[Page[IngestionRecord]]:
        """Return the ingestion records that ended after a time or have not ended."""


class SummaryStore(Protocol):
    """The store of summaries by day."""

    def read_json(self, day: str) -> str | None:
        """Return the JSON document of a day (`YYYY-MM-DD`), None when there is none."""

    def write(self, day: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Store a day's documents (json, csv, html) and return the address of each."""

    def link(self, day: str, extension: str) -> str:
        """Return an address that opens a document without signing in, for `LINK_HOURS` at most."""


class Notifier(Protocol):
    """A channel to the subscribers."""

    def notify(self, subject: str, message: str) -> None:
        """Send one message, with a subject of at most 100 printable ASCII characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryService:
    """Makes a day's summary.

    Safe to call again for the same time: the documents of that day are written again under the same
    names, compared with the same previous summary; only the notification is repeated.

    Attributes:
        feed_states: States of the feeds of the settings at a moment.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        timezone: IANA name of the zone in which a day begins and ends.
    """

    tables: SummaryTables
    store: SummaryStore
    notifier: Notifier
    feed_states: Callable[[datetime], Sequence[FeedState]]
    low_stock_threshold: int
    timezone: str

    def make(self, as_of: datetime, *, mail: bool = True) -> tuple[Summary, dict[str, str]]:
        """Make the summary of the day that a time belongs to.

        Args:
            as_of: Time for which the summary was scheduled.
            mail: True if the subscribers are told.

        Returns:
            The summary, and the address of each document by extension.
        """
        day = as_of.astimezone(ZoneInfo(self.timezone)).date()
        items = StockAccumulator(low_stock_threshold=self.low_stock_threshold, as_of=as_of)
        for item_page in self.tables.items():
            items.add(item_page)
        stock = items.stock()
        previous, changes, notes = self._compared(day, stock)
        first_period = timedelta(hours=_FIRST_PERIOD_HOURS)
        since = timestamp(as_of - first_period) if previous is None else previous.as_of
        records = FeedAccumulator(since=since, until=timestamp(as_of))
        for record_page in self.tables.records(since):
            records.add(record_page)
        feeds = records.feeds(
            {} if previous is None else previous.last_received, self.feed_states(as_of)
        )
        notes += left_out(stock, feeds, changes)
        earlier = () if previous is None else previous.trend
        if records.unreadable:
            notes.append(f"Ingestion records that could not be read: {records.unreadable}.")
        summary = Summary(
            date=day.isoformat(),
            timezone=self.timezone,
            as_of=timestamp(as_of),
            low_stock_threshold=self.low_stock_threshold,
            stock=stock,
            feeds=feeds,
            changes=changes,
            items_read_units=items.read_units,
            ingestions_read_units=records.read_units,
            notes=tuple(notes),
            trend=(*earlier[1 - TREND_SUMMARIES :], TrendPoint.of(day.isoformat(), stock, feeds)),
        )
        csv = render_csv(summary)
        documents = self.store.write(
            summary.date,
            {"json": render_json(summary), "csv": csv, "html": render_page(summary, csv)},
        )
        if mail:
            message = render_message(summary, self.store.link(summary.date, "html"))
            self.notifier.notify(render_subject(summary), message)
        return summary, documents

    def _compared(
        self, day: date, stock: Stock
    ) -> tuple[PreviousSummary | None, Changes | None, list[str]]:
        """Return the latest summary of an earlier day, the differences, and notes on bad ones."""
        notes: list[str] = []
        for days in range(1, LOOKBACK_DAYS + 1):
            earlier_day = (day - timedelta(days=days)).isoformat()
            text = self.store.read_json(earlier_day)
            if text is None:
                continue
            try:
                previous = read_previous(text)
                return previous, compare(stock, previous), notes
            except (UnreadableSummaryError, ArithmeticError) as error:
                notes.append(f"The summary of {earlier_day} could not be read: {error}.")
        return None, None, notes
