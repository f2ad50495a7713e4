"""What differs from the latest earlier summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.summary.exact import EXACT, ZERO
from inventory.domain.summary.model import (
    LISTED_CHANGES,
    LISTED_ITEMS,
    ItemKey,
    OutOfStockKeys,
    Stock,
    StockGroup,
)
from inventory.domain.summary.report import Changes, EarlierSummary, LocationChange

if TYPE_CHECKING:
    from decimal import Decimal


def compare(stock: Stock, earlier: EarlierSummary) -> Changes:
    """Compare today's stock with an earlier summary.

    Args:
        stock: Today's figures.
        earlier: The earlier summary.
    """
    now, then = stock.totals, earlier.totals
    locations = _location_changes(stock, earlier)
    newly, back, complete = _out_of_stock_changes(
        stock.out_of_stock_keys, earlier.out_of_stock_keys
    )
    return Changes(
        since_date=earlier.date,
        items=now.items - then.items,
        quantity=EXACT.subtract(now.quantity, then.quantity),
        low=now.low - then.low,
        out=now.out - then.out,
        value=_value_changes(now.value, then.value),
        locations=tuple(locations[:LISTED_CHANGES]),
        locations_total=len(locations),
        newly_out=tuple(newly[:LISTED_ITEMS]),
        newly_out_total=len(newly),
        back_in_stock=back,
        complete=complete,
    )


def _value_changes(now: dict[str, Decimal], then: dict[str, Decimal]) -> dict[str, Decimal]:
    return {
        currency: EXACT.subtract(now.get(currency, ZERO), then.get(currency, ZERO))
        for currency in sorted(now.keys() | then.keys())
    }


def _location_changes(stock: Stock, earlier: EarlierSummary) -> list[LocationChange]:
    """Locations that moved, the largest move first.

    Where one of the summaries does not hold every location, one that is missing there may be among
    the rest, so only locations that both name are compared.
    """
    now, then = stock.by_location.named, earlier.by_location
    if stock.by_location.other is None and earlier.locations_complete:
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
    moved = [change for change in changes if change.items or change.quantity]
    moved.sort(
        key=lambda change: (
            change.quantity.copy_abs().copy_negate(),
            -abs(change.items),
            change.location,
        )
    )
    return moved


def _out_of_stock_changes(
    now: OutOfStockKeys, then: OutOfStockKeys
) -> tuple[list[ItemKey], int, bool]:
    """Items newly out of stock, the number back in stock, and whether that is all of them.

    A list that was cut holds every key up to its last one. Both lists are compared up to the
    smaller of these, where both are complete.
    """
    ends = [_pair(side.keys[-1]) for side in (now, then) if not side.complete and side.keys]
    end = min(ends, default=None)
    before = {pair for pair in map(_pair, then.keys) if end is None or pair <= end}
    current = {_pair(key): key for key in now.keys if end is None or _pair(key) <= end}
    newly = [key for pair, key in current.items() if pair not in before]
    back = sum(pair not in current for pair in before)
    return newly, back, end is None


def _pair(key: ItemKey) -> tuple[str, str]:
    return key.sku, key.location
