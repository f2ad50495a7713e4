"""What the daily summary reads, and the figures over the items table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.summary.exact import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

# Days without a change after which an item is counted; the first long one also lists it.
UNCHANGED_DAYS = (7, 30, 90)
LISTED_UNCHANGED_DAYS = 30

# How much of everything is kept; a summary stays readable and its memory stays flat.
LISTED_ITEMS = 100
LISTED_CHANGES = 20
LISTED_FEEDS = 50
KEPT_GROUPS = 2_000
KEPT_OUT_OF_STOCK = 10_000


class StockItem(NamedTuple):
    """The attributes of one stored item that the summary reads.

    Attributes:
        sku: Stock keeping unit.
        location: Where the stock is.
        quantity: Stock as decimal text.
        name: Product name.
        category: Product category.
        unit_price: Price of one unit as decimal text.
        currency: ISO 4217 code of the price.
        reorder_point: Quantity at which to reorder, as decimal text.
        as_of: Time of the last change, `YYYY-MM-DDTHH:MM:SS.ffffffZ`; a feed that repeats what is
            stored does not move it.
    """

    sku: str
    location: str
    quantity: str
    name: str | None
    category: str | None
    unit_price: str | None
    currency: str | None
    reorder_point: str | None
    as_of: str


class FeedRecord(NamedTuple):
    """The attributes of one ingestion record that the summary reads.

    Attributes:
        object_id: `<bucket>/<key>#<version id, else etag>`.
        status: IN_PROGRESS, COMPLETED or FAILED.
        profile: Name of the feed's profile; "" where none was recognised.
        started_at: When the first attempt began.
        finished_at: When the last attempt ended; "" while it runs.
        counts: Rows by outcome, `rows_read` among them.
        rejected_by_error: Rejected rows by error code; empty where the record has none.
        error: Why a file failed; "" where it did not.
    """

    object_id: str
    status: str
    profile: str
    started_at: str
    finished_at: str
    counts: Mapping[str, int]
    rejected_by_error: Mapping[str, int]
    error: str


@dataclass(slots=True)
class StockGroup:
    """Running stock figures of a location, a category or everything.

    Attributes:
        items: Number of items (a SKU at a location).
        quantity: Sum of the quantities.
        low: Items above zero but at or below their reorder point or the threshold.
        out: Items at or below zero.
        value: Quantity times unit price by currency, of the items that have a price; "" stands for
            prices without a currency.
    """

    items: int = 0
    quantity: Decimal = ZERO
    low: int = 0
    out: int = 0
    value: dict[str, Decimal] = field(default_factory=dict)

    def merge(self, other: StockGroup) -> None:
        """Add the other's figures to these, exactly."""
        self.items += other.items
        self.quantity = EXACT.add(self.quantity, other.quantity)
        self.low += other.low
        self.out += other.out
        for currency, amount in other.value.items():
            self.value[currency] = EXACT.add(self.value.get(currency, ZERO), amount)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Stock figures by name.

    Attributes:
        named: Figures by name, largest number of items first; "" stands for items without one.
        other: Figures of all names beyond those kept; None when every name is kept.
    """

    named: dict[str, StockGroup]
    other: StockGroup | None


class ListedItem(NamedTuple):
    """An item worth a line of its own.

    Attributes:
        sku: Stock keeping unit.
        location: Where the stock is.
        name: Product name; "" when it has none.
        category: Product category; "" when it has none.
        quantity: The stock.
        limit: Its reorder point, else the threshold.
        as_of: Time of the last change.
    """

    sku: str
    location: str
    name: str
    category: str
    quantity: Decimal
    limit: Decimal
    as_of: str


@dataclass(frozen=True, slots=True)
class ItemList:
    """The first items of a kind, and how many there are in all.

    Attributes:
        total: How many items are of this kind.
        items: The first of them.
    """

    total: int
    items: tuple[ListedItem, ...]


class ItemKey(NamedTuple):
    """Names one item.

    Attributes:
        sku: Stock keeping unit.
        location: Where the stock is.
        name: Product name, carried along; "" when it has none or it is not known.
    """

    sku: str
    location: str
    name: str


@dataclass(frozen=True, slots=True)
class OutOfStockKeys:
    """Which items are out of stock, for tomorrow's comparison.

    Attributes:
        keys: The first keys in order of SKU and location.
        complete: Whether these are all.
    """

    keys: tuple[ItemKey, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """What the items table holds.

    Attributes:
        totals: Figures over everything.
        negative: Items below zero, which are also counted as out of stock.
        unpriced: Items without a unit price, which have no part in the value.
        unreadable: Stored items that lack a key attribute or whose numbers are none; in no figure.
        by_location: Figures by location.
        by_category: Figures by category.
        low: Items that run low, the largest shortfall first.
        out: Items out of stock, the largest shortfall first.
        unchanged: Items unchanged for `LISTED_UNCHANGED_DAYS` days, the oldest first.
        unchanged_by_days: Number of items unchanged for at least so many days.
        out_of_stock_keys: Which items are out of stock.
    """

    totals: StockGroup
    negative: int
    unpriced: int
    unreadable: int
    by_location: Breakdown
    by_category: Breakdown
    low: ItemList
    out: ItemList
    unchanged: ItemList
    unchanged_by_days: dict[int, int]
    out_of_stock_keys: OutOfStockKeys
