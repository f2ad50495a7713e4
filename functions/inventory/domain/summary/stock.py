"""Stock figures from pages of items: one pass, and memory that does not grow with the table."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from itertools import accumulate
from typing import TYPE_CHECKING

from inventory.domain.order import timestamp
from inventory.domain.summary.bounded import Groups, Smallest
from inventory.domain.summary.exact import EXACT, ZERO, parse_decimal
from inventory.domain.summary.model import (
    KEPT_GROUPS,
    KEPT_OUT_OF_STOCK,
    LISTED_ITEMS,
    LISTED_UNCHANGED_DAYS,
    UNCHANGED_DAYS,
    Breakdown,
    ItemKey,
    ItemList,
    ListedItem,
    Stock,
    StockGroup,
)

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.domain.summary.model import Page, StockItem

# Subtotals by location and category, beside those of one page, before the groups take them in.
_SUBTOTALS = 20_000


class StockAccumulator:
    """Figures over pages of items that come in any order.

    Args:
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        as_of: Time from which the days without a change are counted back.
        kept_groups: Number of locations, and of categories, that are kept apart.
        listed_items: Number of items in each list.
        kept_out_of_stock: Number of keys of items out of stock kept for the next comparison.

    Attributes:
        read_units: Read units that the pages consumed.
    """

    def __init__(
        self,
        *,
        low_stock_threshold: int,
        as_of: datetime,
        kept_groups: int = KEPT_GROUPS,
        listed_items: int = LISTED_ITEMS,
        kept_out_of_stock: int = KEPT_OUT_OF_STOCK,
    ) -> None:
        self._threshold = Decimal(low_stock_threshold)
        # Oldest first, as bisect needs them.
        self._ages = [timestamp(as_of - timedelta(days=days)) for days in reversed(UNCHANGED_DAYS)]
        self._items_by_age = [0] * (len(UNCHANGED_DAYS) + 1)
        self._listed_before = timestamp(as_of - timedelta(days=LISTED_UNCHANGED_DAYS))
        self._subtotals: dict[tuple[str, str], StockGroup] = {}
        self._totals = StockGroup()
        self._locations = Groups(kept_groups)
        self._categories = Groups(kept_groups)
        self._low: Smallest[tuple[Decimal, StockItem]] = Smallest(listed_items)
        self._out_of_stock: Smallest[tuple[Decimal, StockItem]] = Smallest(listed_items)
        self._unchanged: Smallest[tuple[str, StockItem]] = Smallest(listed_items)
        self._out_of_stock_keys: Smallest[ItemKey] = Smallest(kept_out_of_stock)
        self._negative = 0
        self._unpriced = 0
        self._unreadable = 0
        self.read_units = ZERO

    def add(self, page: Page[StockItem]) -> None:
        """Add the items of a page."""
        self._unreadable += page.unreadable
        self.read_units = EXACT.add(self.read_units, page.read_units)
        if len(self._subtotals) > _SUBTOTALS:
            self._flush()
        # The loop runs once per stored item: names are local and nothing is looked up twice.
        subtotals, threshold = self._subtotals, self._threshold
        ages, items_by_age = self._ages, self._items_by_age
        unchanged, listed_before = self._unchanged, self._listed_before
        with localcontext(EXACT):
            for item in page.rows:
                quantity = parse_decimal(item.quantity)
                key = (item.location, item.category)
                subtotal = subtotals.get(key)
                if subtotal is None:
                    subtotal = subtotals[key] = StockGroup()
                subtotal.items += 1
                subtotal.quantity += quantity
                if item.unit_price is None:
                    self._unpriced += 1
                else:
                    subtotal.value[item.currency] += quantity * parse_decimal(item.unit_price)
                reorder_point = item.reorder_point
                limit = threshold if reorder_point is None else parse_decimal(reorder_point)
                if quantity <= limit or quantity <= 0:
                    self._add_short(item, quantity, limit, subtotal)
                changed = item.as_of
                items_by_age[bisect_right(ages, changed)] += 1
                if changed < listed_before:
                    unchanged.offer((changed, item))

    def _add_short(
        self, item: StockItem, quantity: Decimal, limit: Decimal, subtotal: StockGroup
    ) -> None:
        """Add an item that is out of stock or runs low."""
        if quantity > 0:
            subtotal.low += 1
            self._low.offer((quantity - limit, item))
            return
        subtotal.out_of_stock += 1
        self._out_of_stock.offer((quantity - limit, item))
        self._out_of_stock_keys.offer(ItemKey(item.sku, item.location, item.name))
        if quantity < 0:
            self._negative += 1

    def _flush(self) -> None:
        for (location, category), subtotal in self._subtotals.items():
            self._totals.merge(subtotal)
            self._locations.add(location, subtotal)
            self._categories.add(category, subtotal)
        self._subtotals.clear()

    def stock(self) -> Stock:
        """Return the figures over everything added so far."""
        self._flush()
        *unchanged, _all_items = accumulate(self._items_by_age)
        return Stock(
            totals=_sorted(self._totals),
            negative=self._negative,
            unpriced=self._unpriced,
            unreadable=self._unreadable,
            locations=_breakdown(self._locations),
            categories=_breakdown(self._categories),
            low=self._listed(self._low),
            out_of_stock=self._listed(self._out_of_stock),
            unchanged=self._listed(self._unchanged),
            unchanged_by_days=dict(zip(UNCHANGED_DAYS, reversed(unchanged), strict=True)),
            out_of_stock_keys=tuple(self._out_of_stock_keys.smallest()),
        )

    def _listed(
        self, found: Smallest[tuple[Decimal, StockItem]] | Smallest[tuple[str, StockItem]]
    ) -> ItemList:
        items = tuple(
            ListedItem(
                sku=item.sku,
                location=item.location,
                name=item.name,
                category=item.category,
                quantity=parse_decimal(item.quantity),
                limit=parse_decimal(item.reorder_point) if item.reorder_point else self._threshold,
                as_of=item.as_of,
            )
            for _, item in found.smallest()
        )
        return ItemList(total=found.offered, items=items)


def _breakdown(groups: Groups) -> Breakdown:
    named = sorted(groups.named.items(), key=lambda each: (-each[1].items, each[0]))
    return Breakdown(
        named={name: _sorted(group) for name, group in named},
        other=_sorted(groups.other) if groups.other.items else None,
    )


def _sorted(group: StockGroup) -> StockGroup:
    """Return the group with its currencies in order, so that equal figures give equal documents."""
    return replace(group, value=dict(sorted(group.value.items())))
