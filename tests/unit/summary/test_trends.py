"""How figures went over the last summaries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from inventory.domain.summary.formatting import format_share
from inventory.domain.summary.markup import trend_chart
from inventory.domain.summary.trends import TREND_SUMMARIES
from summary_samples import AS_OF, FakeStore, FakeTables, ingestion_record, late_feed, stock_item
from summary_samples import summary_service as service_over


def test_a_summary_carries_the_figures_of_the_thirty_last_ones() -> None:
    """Of each day the one that counts, also where a day is made again and one is damaged."""
    store, tables = FakeStore(), FakeTables()
    service = service_over(tables, store)
    days = TREND_SUMMARIES + 5
    for day in range(days):
        now = AS_OF + timedelta(days=day)
        ended = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        counts = {"rows_read": 200, "loaded": 200 - day, "rejected": day}
        tables.stored_items = [stock_item(quantity=str(day), unit_price="2.50")]
        tables.stored_records = [ingestion_record(finished_at=ended, counts=counts)]
        for _ in range(2):
            summary, _ = service.make(now)
        if day == days - 3:
            store.documents[summary.date]["json"] = "{"

    told = summary.trend
    assert len(told) == TREND_SUMMARIES
    expected = [day for day in range(days) if day != days - 3][-TREND_SUMMARIES:]
    assert [point.value for point in told] == [
        {"EUR": Decimal("2.5") * day} if day else {"EUR": Decimal(0)} for day in expected
    ]
    # The day after the damaged one made up for it.
    assert told[-1].rejected_share == Decimal(days - 1) / 200
    page = store.documents[summary.date]["html"]
    assert "Share of rows rejected" in page
    assert "17.0%" in page
    assert 'aria-label="Feeds on time"' not in page


def test_feeds_on_time_are_a_trend_where_files_are_expected() -> None:
    """Of a feed without a rhythm there is nothing to say."""
    store, tables = FakeStore(), FakeTables([stock_item()])
    north = late_feed("shops/north/")
    south = replace(north, feed="shops/south/", late=False)
    odd = replace(south, feed="shops/odd/", due=None)
    for day, states in enumerate(([], [north, odd], [north, odd, south], [south])):
        summary, _ = service_over(tables, store, states=states).make(AS_OF + timedelta(days=day))
    told = [(point.on_time, point.late) for point in summary.trend]
    assert told == [(0, 0), (0, 1), (1, 1), (1, 0)]
    assert 'aria-label="Feeds on time"' in store.documents[summary.date]["html"]


def test_a_currency_has_its_whole_past_when_others_go() -> None:
    """Charts are of the first few by code, and say how many are left out."""
    store, tables = FakeStore(), FakeTables()
    service = service_over(tables, store)
    for day, codes in enumerate(("ABCDE", "ABCDEF", "BCDEF")):
        tables.stored_items = [stock_item(each, quantity="2", currency=each) for each in codes]
        summary, _ = service.make(AS_OF + timedelta(days=day))
    assert [point.value["E"] for point in summary.trend] == [Decimal(21)] * 3
    page = store.documents[summary.date]["html"]
    assert 'aria-label="Stock value in E"' in page
    assert "3 summaries: lowest 21.00, highest 21.00" in page
    assert 'aria-label="Stock value in F"' not in page
    assert "Trends of 1 more currencies: inventory summary --json" in page


def test_what_is_below_zero_is_drawn_below_a_line() -> None:
    """From 30 to -10, a quarter of the height is below; all at zero draws nothing."""
    values = [Decimal(each) for each in (30, -10, 0)]
    chart = trend_chart("Value", ["a", "b", "c"], values, str)
    assert re.findall(r'y="(.+?)" height="(.+?)"', chart) == [("0.0%", "75.0%"), ("75.0%", "25.0%")]
    assert '<line x2="100%" y1="75.0%" y2="75.0%"/>' in chart
    assert "lowest -10, highest 30" in chart
    assert re.findall("<rect|<line", trend_chart("Value", ["a"], [Decimal(0)], str)) == []


def test_the_first_summary_has_no_trend() -> None:
    """One column says nothing."""
    store = FakeStore()
    service_over(FakeTables([stock_item()]), store).make(AS_OF)
    assert 'aria-label="Trends"' not in store.documents["2026-11-22"]["html"]


@pytest.mark.parametrize(
    ("share", "shown"), [("0", "0.0%"), ("0.0004", "<0.1%"), ("0.0325", "3.2%"), ("1", "100.0%")]
)
def test_a_share_is_never_nothing_where_it_is_something(share: str, shown: str) -> None:
    """Percent with one decimal."""
    assert format_share(Decimal(share)) == shown
