"""Makes a day's summary: read, compute, compare, write, announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from inventory.domain.summary.announcement import announcement, subject
from inventory.domain.summary.changes import compare
from inventory.domain.summary.clock import canonical, day_in
from inventory.domain.summary.csv_document import render_csv
from inventory.domain.summary.exact import EXACT, ZERO
from inventory.domain.summary.feeds import FeedAccumulator
from inventory.domain.summary.html_page import render_html
from inventory.domain.summary.json_document import (
    UnreadableSummaryError,
    read_earlier,
    render_json,
)
from inventory.domain.summary.report import Cost, Summary
from inventory.domain.summary.stock import StockAccumulator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from inventory.domain.summary.model import Stock
    from inventory.domain.summary.page_parts import DrawBars
    from inventory.domain.summary.ports import Announcer, ItemPages, RecordPages, SummaryStore
    from inventory.domain.summary.report import EarlierSummary, Feeds

# How many days back an earlier summary is looked for; in the usual case the first look finds it.
LOOK_BACK_DAYS = 31
_FIRST_FEEDS_HOURS = 24


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A summary that was made.

    Attributes:
        summary: Its figures.
        locations: Where each document lies, by extension.
    """

    summary: Summary
    locations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryService:
    """Makes a day's summary.

    Safe to call again for the same time: the documents of that day are written again under the same
    names, compared with the same earlier summary; only the announcement is repeated.

    Attributes:
        items: The stored items.
        records: The ingestion records.
        store: Where summaries are kept.
        announcer: Tells subscribers.
        draw: Draws the charts of the page.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        timezone: IANA name of the zone in which a day begins and ends.
    """

    items: ItemPages
    records: RecordPages
    store: SummaryStore
    announcer: Announcer
    draw: DrawBars
    low_stock_threshold: int
    timezone: str

    def make(self, as_of: datetime) -> StoredSummary:
        """Make the summary of the day that a time belongs to.

        Args:
            as_of: Time for which the summary was scheduled.
        """
        day = day_in(self.timezone, as_of)
        earlier, notes = self._earlier(day)
        stock, items_units = self._stock(as_of)
        feeds, records_units = self._feeds(as_of, earlier)
        summary = Summary(
            date=day,
            timezone=self.timezone,
            as_of=canonical(as_of),
            low_stock_threshold=self.low_stock_threshold,
            stock=stock,
            feeds=feeds,
            changes=None if earlier is None else compare(stock, earlier),
            cost=Cost(items_read_units=items_units, ingestions_read_units=records_units),
            notes=tuple(notes),
        )
        locations = self.store.write(
            day,
            {
                "json": render_json(summary),
                "csv": render_csv(summary),
                "html": render_html(summary, self.draw),
            },
        )
        self.announcer.announce(subject(summary), announcement(summary, locations["html"]))
        return StoredSummary(summary, locations)

    def _earlier(self, day: str) -> tuple[EarlierSummary | None, list[str]]:
        """The latest summary of an earlier day, and what is to be said about those passed over."""
        notes: list[str] = []
        for days_back in range(1, LOOK_BACK_DAYS + 1):
            before = (date.fromisoformat(day) - timedelta(days=days_back)).isoformat()
            text = self.store.read_json(before)
            if text is None:
                continue
            try:
                return read_earlier(text), notes
            except UnreadableSummaryError as error:
                notes.append(f"The summary of {before} could not be read: {error}.")
        return None, notes

    def _stock(self, as_of: datetime) -> tuple[Stock, Decimal]:
        accumulator = StockAccumulator(low_stock_threshold=self.low_stock_threshold, as_of=as_of)
        units = ZERO
        for page in self.items.item_pages():
            accumulator.add(page.items, page.unreadable)
            units = EXACT.add(units, page.read_units)
        return accumulator.stock(), units

    def _feeds(self, as_of: datetime, earlier: EarlierSummary | None) -> tuple[Feeds, Decimal]:
        since = (
            canonical(as_of - timedelta(hours=_FIRST_FEEDS_HOURS))
            if earlier is None
            else earlier.as_of
        )
        accumulator = FeedAccumulator(since=since, until=canonical(as_of))
        units = ZERO
        for page in self.records.record_pages(since):
            accumulator.add(page.records)
            units = EXACT.add(units, page.read_units)
        return accumulator.feeds({} if earlier is None else earlier.last_received), units
