"""The files delivered, and the differences from the previous summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from inventory.domain.summary.changes import LocationChange, PreviousSummary, compare
from inventory.domain.summary.feeds import FeedAccumulator, Feeds
from inventory.domain.summary.model import IngestionRecord, ItemKey, Page, Stock, StockItem
from inventory.domain.summary.stock import StockAccumulator
from summary_samples import AS_OF, ingestion_record, stock_item

if TYPE_CHECKING:
    from collections.abc import Mapping

SINCE = "2026-11-21T05:00:00.000000Z"
UNTIL = "2026-11-22T05:00:00.000000Z"


def delivered(*records: IngestionRecord, last_received: Mapping[str, str] | None = None) -> Feeds:
    """The figures of these records, for the day before 2026-11-22, 05:00 UTC."""
    accumulator = FeedAccumulator(since=SINCE, until=UNTIL)
    for record in records:
        accumulator.add(Page([record], 0, Decimal(0)))
    return accumulator.feeds(last_received or {})


def figures(*items: StockItem, kept_out_of_stock: int = 100, kept_groups: int = 100) -> Stock:
    """The stock figures of these items."""
    accumulator = StockAccumulator(
        low_stock_threshold=10,
        as_of=AS_OF,
        kept_out_of_stock=kept_out_of_stock,
        kept_groups=kept_groups,
    )
    accumulator.add(Page(list(items), 0, Decimal(0)))
    return accumulator.stock()


def previous(*items: StockItem, **limits: int) -> PreviousSummary:
    """A previous summary of these items."""
    stock = figures(*items, **limits)
    return PreviousSummary(
        date="2026-11-21",
        as_of=SINCE,
        totals=stock.totals,
        locations=stock.locations.named,
        locations_complete=stock.locations.other is None,
        out_of_stock_keys=stock.out_of_stock_keys,
        last_received={},
        trend=(),
    )


@pytest.mark.parametrize(
    ("finished_at", "received"),
    [
        ("2026-11-21T04:59:59.999999Z", 0),
        (SINCE, 0),
        ("2026-11-21T05:00:00.000001Z", 1),
        (UNTIL, 1),
        ("2026-11-22T05:00:00.000001Z", 0),
    ],
)
def test_a_file_belongs_to_one_period_alone(finished_at: str, received: int) -> None:
    """Consecutive summaries share their border, and a file on it is counted once."""
    assert received == delivered(ingestion_record(finished_at=finished_at)).received


def test_files_and_rows_are_counted_by_outcome() -> None:
    """Counts add up over the files; errors that a record does not tell are unspecified."""
    found = delivered(
        ingestion_record("a.csv", counts={"rows_read": 10, "loaded": 7, "rejected": 3}),
        ingestion_record(
            "b.csv",
            profile="pos",
            counts={"rows_read": 5, "rejected": 5},
            rejected_by_error={"type-error": 4, "missing-cell": 1},
        ),
        ingestion_record("c.csv", status="FAILED", profile="", counts={}, error="not text"),
    )

    assert found.by_status == {"COMPLETED": 2, "FAILED": 1}
    assert found.by_profile == {"": 1, "generic": 1, "pos": 1}
    assert found.rows["rows_read"] == 15
    assert found.rows["rejected"] == 8
    assert found.rejected_by_error == {"type-error": 4, "": 3, "missing-cell": 1}
    assert [feed.object_id for feed in found.trouble] == [
        "uploads/b.csv#v1",
        "uploads/a.csv#v1",
        "uploads/c.csv#v1",
    ]
    assert found.trouble_total == 3


def test_a_file_that_still_runs_is_shown_whenever_it_began() -> None:
    """It has no outcome yet, so its rows are counted when it ends."""
    running = ingestion_record(status="IN_PROGRESS", finished_at="", counts={"rows_read": 4})
    old = running._replace(started_at="2026-11-19T00:00:00.000000Z")

    found = delivered(running, old)

    assert found.by_status == {"IN_PROGRESS": 2}
    assert found.rows["rows_read"] == 0


def test_a_profile_that_sent_nothing_is_named_with_its_last_file() -> None:
    """A profile that stays away is remembered from summary to summary."""
    before = {"pos": "2026-11-20T10:00:00.000000Z", "generic": "2026-11-20T11:00:00.000000Z"}

    found = delivered(ingestion_record(), last_received=before)

    assert found.missing_profiles == ("pos",)
    assert found.last_received["pos"] == before["pos"]
    assert found.last_received["generic"] == ingestion_record().finished_at


def test_a_removal_is_no_delivery_of_its_profile() -> None:
    """Nobody is to be missed because an operator removed something, nor taken for present."""
    before = {"pos": "2026-11-20T10:00:00.000000Z"}
    removals = [ingestion_record("removals/x.csv", profile=name) for name in ("canonical", "pos")]

    found = delivered(*removals, last_received=before)

    assert found.received == 2
    assert found.missing_profiles == ("pos",)
    assert found.last_received == before


def test_totals_and_locations_are_compared() -> None:
    """Differences are signed; a location that came or went is one that moved."""
    then = previous(stock_item("A", quantity="5"), stock_item("A", "Paris", "30"))
    now = figures(stock_item("A", quantity="8"), stock_item("A", "Lyon", "100", currency="USD"))

    changes = compare(now, then)

    assert (changes.items, changes.quantity) == (0, Decimal(73))
    assert changes.value == {"EUR": Decimal("-283.5"), "USD": Decimal(1050)}
    assert changes.locations == (
        LocationChange(location="Lyon", items=1, quantity=Decimal(100)),
        LocationChange(location="Paris", items=-1, quantity=Decimal(-30)),
        LocationChange(location="Berlin", items=0, quantity=Decimal(3)),
    )


def test_only_locations_that_both_name_are_compared_when_one_summary_was_cut() -> None:
    """A location that is missing there may be among the rest, and is no news."""
    then = previous(stock_item("A", "Berlin", "5"), stock_item("A", "Zurich", "5"), kept_groups=1)
    now = figures(stock_item("A", "Berlin", "6"), stock_item("A", "Zurich", "5"))

    assert [change.location for change in compare(now, then).locations] == ["Berlin"]


def test_items_newly_out_of_stock_and_back_in_stock_are_found() -> None:
    """An item at zero on both days is no news."""
    then = previous(stock_item("A", quantity="0"), stock_item("B", quantity="0"))
    now = figures(stock_item("B", quantity="0"), stock_item("C", quantity="-1", name="Pot"))

    changes = compare(now, then)

    assert changes.newly_out == (ItemKey(sku="C", location="Berlin", name="Pot"),)
    assert (changes.newly_out_total, changes.back_in_stock, changes.complete) == (1, 1, True)


def test_a_cut_list_invents_no_news() -> None:
    """Beyond the end of a cut list nothing is known, so nothing is said."""
    out = [stock_item(sku, quantity="0") for sku in ("A", "B", "C", "D", "E")]
    then = previous(*out, kept_out_of_stock=3)
    now = figures(*out[1:], stock_item("AA", quantity="0"))

    changes = compare(now, then)

    assert [key.sku for key in changes.newly_out] == ["AA"]
    assert (changes.back_in_stock, changes.complete) == (1, False)
