"""Stock figures from pages of items: one pass, and memory that does not grow with the table."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from inventory.domain.summary.bounded import Groups, Smallest
from inventory.domain.summary.clock import canonical
from inventory.domain.summary.exact import EXACT, ZERO, number
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
    OutOfStockKeys,
    Stock,
    StockGroup,
    StockItem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Distinct (location, category, currency) triples that are summed before the groups take them in.
_CELLS = 20_000


class _Cell:
    """Sums of the items that share location, category and currency."""

    __slots__ = ("items", "low", "out", "quantity", "value")

    def __init__(self) -> None:
        self.items = 0
        self.low = 0
        self.out = 0
        self.quantity = ZERO
        self.value = ZERO


class StockAccumulator:
    """Takes in pages of items in any order and gives the same figures for each of them.

    Args:
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        as_of: Time from which the days without a change are counted back.
        kept_groups: Names of locations, and of categories, that are kept apart.
        listed_items: Items per list.
        kept_out_of_stock: Keys of items out of stock that are kept for the next comparison.
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
        self._unchanged_before = [
            canonical(as_of - timedelta(days=days)) for days in UNCHANGED_DAYS
        ]
        self._cells: dict[tuple[str, str | None, str | None, bool], _Cell] = {}
        self._locations: Groups[StockGroup] = Groups(kept_groups)
        self._categories: Groups[StockGroup] = Groups(kept_groups)
        self._low: Smallest[tuple[Decimal, str, str, StockItem]] = Smallest(listed_items)
        self._out: Smallest[tuple[Decimal, str, str, StockItem]] = Smallest(listed_items)
        self._unchanged: Smallest[tuple[str, str, str, StockItem]] = Smallest(listed_items)
        self._out_keys: Smallest[ItemKey] = Smallest(kept_out_of_stock)
        self._unchanged_by_days = dict.fromkeys(UNCHANGED_DAYS, 0)
        self._negative = 0
        self._unpriced = 0
        self._unreadable = 0

    def add(self, items: Iterable[StockItem], unreadable: int = 0) -> None:
        """Take in a page.

        Args:
            items: The items of the page.
            unreadable: Stored items of the page that could not be read.
        """
        self._unreadable += unreadable
        # The loop runs once per stored item: names are local and nothing is looked up twice.
        cells = self._cells
        threshold = self._threshold
        week, month, quarter = self._unchanged_before
        weeks = months = quarters = 0
        oldest = self._unchanged
        with localcontext(EXACT):
            for item in items:
                sku, location, text, _, category, price, currency, reorder, changed = item
                quantity = number(text)
                key = (location, category, currency, price is None)
                cell = cells.get(key)
                if cell is None:
                    if len(cells) >= _CELLS:
                        self._flush()
                    cell = cells[key] = _Cell()
                cell.items += 1
                cell.quantity += quantity
                if price is not None:
                    cell.value += quantity * number(price)
                limit = threshold if reorder is None else number(reorder)
                if quantity <= limit or quantity <= 0:
                    entry = (quantity - limit, sku, location, item)
                    if quantity > 0:
                        cell.low += 1
                        self._low.offer(entry)
                    else:
                        cell.out += 1
                        self._out.offer(entry)
                        self._out_keys.offer(ItemKey(sku, location, item.name or ""))
                        if quantity < 0:
                            self._negative += 1
                if changed < week:
                    weeks += 1
                    if changed < month:
                        months += 1
                        if oldest.cutoff is None or changed <= oldest.cutoff[0]:
                            oldest.offer((changed, sku, location, item))
                        if changed < quarter:
                            quarters += 1
        for days, count in zip(UNCHANGED_DAYS, (weeks, months, quarters), strict=True):
            self._unchanged_by_days[days] += count

    def stock(self) -> Stock:
        """The figures over everything taken in so far."""
        with localcontext(EXACT):
            self._flush()
        totals = StockGroup()
        for group in self._locations.named.values():
            totals.merge(group)
        if self._locations.other is not None:
            totals.merge(self._locations.other)
        out_keys = tuple(self._out_keys.smallest())
        return Stock(
            totals=totals,
            negative=self._negative,
            unpriced=self._unpriced,
            unreadable=self._unreadable,
            by_location=_breakdown(self._locations),
            by_category=_breakdown(self._categories),
            low=self._listed(self._low, self._low.offered),
            out=self._listed(self._out, self._out.offered),
            unchanged=self._listed(self._unchanged, self._unchanged_by_days[LISTED_UNCHANGED_DAYS]),
            unchanged_by_days=dict(self._unchanged_by_days),
            out_of_stock_keys=OutOfStockKeys(out_keys, len(out_keys) == self._out_keys.offered),
        )

    def _listed(
        self,
        found: Smallest[tuple[Decimal, str, str, StockItem]]
        | Smallest[tuple[str, str, str, StockItem]],
        total: int,
    ) -> ItemList:
        items = tuple(
            ListedItem(
                sku=item.sku,
                location=item.location,
                name=item.name or "",
                category=item.category or "",
                quantity=number(item.quantity),
                limit=(
                    self._threshold if item.reorder_point is None else number(item.reorder_point)
                ),
                as_of=item.as_of,
            )
            for _, _, _, item in found.smallest()
        )
        return ItemList(total=total, items=items)

    def _flush(self) -> None:
        for (location, category, currency, unpriced), cell in self._cells.items():
            if unpriced:
                self._unpriced += cell.items
            for groups, name in ((self._locations, location), (self._categories, category or "")):
                value = {} if unpriced else {currency or "": cell.value}
                groups.add(name, StockGroup(cell.items, cell.quantity, cell.low, cell.out, value))
        self._cells.clear()


def _breakdown(groups: Groups[StockGroup]) -> Breakdown:
    ordered = sorted(groups.named.items(), key=lambda named: (-named[1].items, named[0]))
    return Breakdown(named=dict(ordered), other=groups.other)
