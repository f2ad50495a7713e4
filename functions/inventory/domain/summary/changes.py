"""The differences from the previous summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.domain.summary.exact import EXACT, ZERO
from inventory.domain.summary.model import LISTED_ITEMS, StockGroup

if TYPE_CHECKING:
    from decimal import Decimal

    from inventory.domain.summary.model import ItemKey, Stock
    from inventory.domain.summary.trends import TrendPoint

LISTED_CHANGES = 20


@dataclass(frozen=True, slots=True)
class LocationChange:
    """The differences of a location's figures."""

    location: str
    items: int
    quantity: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The differences from the previous summary: the figures of now less those of then.

    Attributes:
        since_date: Date of the previous summary.
        locations_total: Number of locations that changed.
        locations: The first of them, the largest change first.
        newly_out_total: Number of items out of stock now that were not then.
        newly_out: The first of them.
        back_in_stock: Number of items that were out of stock then and are not now.
        complete: True if both lists of items out of stock were complete; if not, the three figures
            before this one are of the part that both lists cover.
    """

    since_date: str
    items: int
    quantity: Decimal
    low: int
    out_of_stock: int
    value: dict[str, Decimal]
    locations_total: int
    locations: tuple[LocationChange, ...]
    newly_out_total: int
    newly_out: tuple[ItemKey, ...]
    back_in_stock: int
    complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousSummary:
    """The part of an earlier summary that a comparison needs.

    Attributes:
        as_of: Time for which it was scheduled, UTC.
        locations_complete: True if these are all locations.
        out_of_stock_keys: The first keys of the items that were out of stock.
        last_received: End of the last file by profile.
        trend: Figures of that summary and of those before it.
    """

    date: str
    as_of: str
    trend: tuple[TrendPoint, ...]
    totals: StockGroup
    locations: dict[str, StockGroup]
    locations_complete: bool
    out_of_stock_keys: tuple[ItemKey, ...]
    last_received: dict[str, str]


def compare(stock: Stock, previous: PreviousSummary) -> Changes:
    """Compare today's stock with the previous summary."""
    now, then = stock.totals, previous.totals
    locations = _location_changes(stock, previous)
    newly_out, back_in_stock, complete = _out_of_stock_changes(stock, previous)
    return Changes(
        since_date=previous.date,
        items=now.items - then.items,
        quantity=EXACT.subtract(now.quantity, then.quantity),
        low=now.low - then.low,
        out_of_stock=now.out_of_stock - then.out_of_stock,
        value={
            currency: EXACT.subtract(now.value.get(currency, ZERO), then.value.get(currency, ZERO))
            for currency in sorted(now.value.keys() | then.value.keys())
        },
        locations_total=len(locations),
        locations=tuple(locations[:LISTED_CHANGES]),
        newly_out_total=len(newly_out),
        newly_out=tuple(newly_out[:LISTED_ITEMS]),
        back_in_stock=back_in_stock,
        complete=complete,
    )


def _location_changes(stock: Stock, previous: PreviousSummary) -> list[LocationChange]:
    """Return the locations that changed, the largest change first.

    Where one of the summaries does not hold every location, one that is missing there may be among
    the rest, so only locations that both name are compared.
    """
    now, then = stock.locations.named, previous.locations
    if stock.locations.other is None and previous.locations_complete:
        names = now.keys() | then.keys()
    else:
        names = now.keys() & then.keys()
    none = StockGroup()
    changes = [
        LocationChange(
            location=name,
            items=now.get(name, none).items - then.get(name, none).items,
            quantity=EXACT.subtract(now.get(name, none).quantity, then.get(name, none).quantity),
        )
        for name in names
    ]
    return sorted(
        (change for change in changes if change.items or change.quantity),
        key=lambda change: (
            change.quantity.copy_abs().copy_negate(),
            -abs(change.items),
            change.location,
        ),
    )


def _out_of_stock_changes(
    stock: Stock, previous: PreviousSummary
) -> tuple[list[ItemKey], int, bool]:
    """Return the items newly out of stock, the number back in stock, and True if that is all.

    A list of keys that was cut holds every key up to its last one. Both lists are compared up to
    the smaller of these, where both are complete.
    """
    now = {(key.sku, key.location): key for key in stock.out_of_stock_keys}
    then = {(key.sku, key.location) for key in previous.out_of_stock_keys}
    ends = [
        max(keys)
        for keys, total in (
            (now.keys(), stock.totals.out_of_stock),
            (then, previous.totals.out_of_stock),
        )
        if keys and len(keys) < total
    ]
    end = min(ends, default=None)
    covered_now = [key for key in now if end is None or key <= end]
    covered_then = [key for key in then if end is None or key <= end]
    newly_out = [now[key] for key in covered_now if key not in then]
    return newly_out, sum(key not in now for key in covered_then), end is None
