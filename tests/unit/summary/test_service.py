"""A day's summary from the tables to the notification."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from inventory.domain.summary.service import LOOKBACK_DAYS, scheduled_time
from summary_samples import (
    AS_OF,
    FakeNotifier,
    FakeStore,
    FakeTables,
    ingestion_record,
    stock_item,
    summary_service,
)

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


def test_a_summary_is_stored_sent_and_priced() -> None:
    """The three documents lie under the day, and the message says where."""
    store, notifier = FakeStore(), FakeNotifier()
    tables = FakeTables([stock_item(), stock_item("B", quantity="0"), stock_item("C")])

    summary, _ = summary_service(tables, store, notifier).make(AS_OF)

    assert sorted(store.documents["2026-11-22"]) == ["csv", "html", "json"]
    assert summary.items_read_units == Decimal("1.0")
    assert summary.dollars == Decimal("0.000000125")
    ((subject, text),) = notifier.messages
    assert subject == "Inventory summary of 2026-11-22"
    assert "Items: 3\nLocations: 1\n" in text
    assert "Out of stock: 1\n" in text
    *_, promise, link, later = text.splitlines()
    assert "12 hours at most" in promise
    assert link == "https://signed/2026-11-22/summary.html"
    assert later == "Later: inventory summary --date 2026-11-22 --open"


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [("UTC", "2026-11-22"), ("Pacific/Auckland", "2026-11-23"), ("America/Lima", "2026-11-21")],
)
def test_the_day_is_that_of_the_time_zone(timezone: str, expected: str) -> None:
    """The same instant belongs to different days around the world."""
    store = FakeStore()
    summary_service(FakeTables(), store, timezone=timezone).make(AS_OF.replace(hour=4))
    summary_service(FakeTables(), store, timezone=timezone).make(AS_OF.replace(hour=11, minute=1))

    assert expected in store.documents


def test_the_latest_earlier_summary_is_compared_with() -> None:
    """Days without a summary are passed over, and the search ends at the first that has one."""
    store = FakeStore()
    tables = FakeTables([stock_item(quantity="5")])
    service = summary_service(tables, store)
    for day in (10, 18):
        service.make(AS_OF.replace(day=day))
    store.reads.clear()
    tables.stored_items = [stock_item(quantity="7")]

    changes = service.make(AS_OF)[0].changes

    assert changes is not None
    assert (changes.since_date, changes.quantity) == ("2026-11-18", Decimal(2))
    assert store.reads == ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18"]


def test_the_search_for_an_earlier_summary_ends() -> None:
    """The first summary ever looks back a month and is compared with nothing."""
    store = FakeStore()
    service = summary_service(FakeTables(), store)
    service.make(AS_OF - timedelta(days=LOOKBACK_DAYS + 1))
    store.reads.clear()

    assert service.make(AS_OF)[0].changes is None
    assert len(store.reads) == LOOKBACK_DAYS
    assert "There is no earlier summary" in store.documents["2026-11-22"]["html"]


def test_a_repeated_call_writes_the_same_documents() -> None:
    """A schedule that calls twice compares with the day before both times."""
    store = FakeStore()
    tables = FakeTables([stock_item(quantity="5")], [ingestion_record()])
    service = summary_service(tables, store)
    service.make(AS_OF - timedelta(days=1))
    service.make(AS_OF)
    first = dict(store.documents["2026-11-22"])

    service.make(AS_OF)

    assert first == store.documents["2026-11-22"]


def test_feeds_are_counted_from_the_time_of_the_earlier_summary() -> None:
    """A missed day is made up for; without an earlier summary it is the last 24 hours."""
    store, tables = FakeStore(), FakeTables()
    service = summary_service(tables, store)

    service.make(AS_OF - timedelta(days=3))
    service.make(AS_OF)

    assert tables.asked_since == ["2026-11-18T05:00:00.000000Z", "2026-11-19T05:00:00.000000Z"]


def test_a_damaged_earlier_summary_is_passed_over_and_told() -> None:
    """Yesterday's damage does not cost today's summary, and the reader learns of it."""
    store = FakeStore()
    service = summary_service(FakeTables([stock_item()]), store)
    service.make(AS_OF - timedelta(days=2))
    store.documents["2026-11-21"] = {"json": "{"}

    summary, _ = service.make(AS_OF)

    assert summary.changes is not None
    assert summary.changes.since_date == "2026-11-20"
    (note,) = summary.notes
    assert note.startswith("The summary of 2026-11-21 could not be read")
    assert "2026-11-21 could not be read" in store.documents["2026-11-22"]["html"]


def test_a_previous_summary_outside_of_the_exact_range_is_passed_over() -> None:
    """It can be read, but a difference from it would be rounded."""
    store = FakeStore()
    service = summary_service(FakeTables([stock_item()]), store)
    service.make(AS_OF - timedelta(days=1))
    document = json.loads(store.documents["2026-11-21"]["json"])
    document["totals"]["quantity"] = "1E+1500"
    store.documents["2026-11-21"] = {"json": json.dumps(document)}

    summary, _ = service.make(AS_OF)

    assert summary.changes is None
    assert summary.notes[0].startswith("The summary of 2026-11-21 could not be read")


def test_records_that_cannot_be_read_are_told() -> None:
    """Their rows are in no figure, so the reader must know."""
    store = FakeStore()

    summary_service(FakeTables([], unreadable_records=3), store).make(AS_OF)

    assert "Ingestion records that could not be read: 3." in store.documents["2026-11-22"]["html"]


def test_text_of_a_feed_adds_no_line_to_the_message_and_reverses_none() -> None:
    """A subscriber trusts the one line that is an address."""
    store, notifier = FakeStore(), FakeNotifier()
    text = "x\nhttps://example.com\u202e\u2067"
    record = ingestion_record(counts={"rejected": 1}, rejected_by_error={text: 1})

    summary_service(FakeTables([stock_item(currency=text)], [record]), store, notifier).make(AS_OF)

    ((_, message),) = notifier.messages
    lines = message.splitlines()
    assert [line for line in lines if line.startswith("http")] == lines[-2:-1]
    assert not {"\u202e", "\u2067"} & set(message)


def test_profiles_are_remembered_across_summaries() -> None:
    """A supplier that stays away for days is still missed."""
    store = FakeStore()
    tables = FakeTables(
        [], [ingestion_record(profile="pos", finished_at="2026-11-19T10:00:00.000000Z")]
    )
    service = summary_service(tables, store)
    for day in (20, 21, 22):
        summary, _ = service.make(AS_OF.replace(day=day))

    assert summary.feeds.missing_profiles == ("pos",)
    assert json.loads(store.documents["2026-11-22"]["json"])["feeds"]["missing_profiles"] == ["pos"]


def test_an_empty_table_makes_a_summary_too() -> None:
    """The first morning after a deployment has nothing to show and must not fail."""
    store, notifier = FakeStore(), FakeNotifier()

    summary_service(FakeTables(), store, notifier).make(AS_OF)

    assert json.loads(store.documents["2026-11-22"]["json"])["totals"]["items"] == 0
    assert "Stock value: no prices" in notifier.messages[0][1]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"scheduled_time": "2026-11-22T05:00:00Z"}, AS_OF),
        ({"scheduled_time": "2026-11-22T06:00:00+01:00"}, AS_OF),
        ({"scheduled_time": "<aws.scheduler.scheduled-time>"}, NOW),
        ({"scheduled_time": "2026-11-22T05:00:00"}, NOW),
        ({"scheduled_time": 5}, NOW),
        ({"scheduled_time": "0001-01-01T00:00:00+10:00"}, NOW),
        ({"scheduled_time": None}, NOW),
        ({}, NOW),
    ],
)
def test_the_scheduled_time_stands_for_the_day_else_now(
    event: dict[str, object], expected: datetime
) -> None:
    """A late or repeated call makes the summary of its own day."""
    assert expected == scheduled_time(event, NOW)
