"""The rows that the daily summary reads and the figures that it consists of.

Attributes are named as in the JSON document, which is written from them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from inventory.domain.summary.exact import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

    from inventory.domain.summary.changes import Changes
    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.trends import TrendPoint

# Days without a change after which items are counted, ascending; after one of them also listed.
UNCHANGED_DAYS = (7, 30, 90)
LISTED_UNCHANGED_DAYS = 30

# Limits of what is kept: a summary stays readable and its memory bounded.
LISTED_ITEMS = 100
KEPT_GROUPS = 2_000
KEPT_CURRENCIES = 200
KEPT_OUT_OF_STOCK = 10_000

# $0.125 per million read units, on demand, us-east-1. DynamoDB reports an eventually consistent
# read as half a unit, so that units times price is right for either consistency.
# Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_READ_UNIT = EXACT.create_decimal("0.000000125")


class StockItem(NamedTuple):
    """The attributes of one stored item that the summary reads; numbers are decimal text.

    An absent text is "".

    Attributes:
        as_of: Time of the last change; a feed that repeats what is stored does not move it.
    """

    sku: str
    location: str
    quantity: str
    name: str
    category: str
    unit_price: str | None
    currency: str
    reorder_point: str | None
    as_of: str


class IngestionRecord(NamedTuple):
    """The attributes of one ingestion record that the summary reads; "" where one is absent.

    Attributes:
        counts: Rows by outcome, all of them and `rows_read`.
        rejected_by_error: Rejected rows by error code.
    """

    object_id: str
    status: str
    profile: str
    started_at: str
    finished_at: str
    error: str
    counts: Mapping[str, int]
    rejected_by_error: Mapping[str, int]

    @property
    def rejected(self) -> int:
        """Number of rejected rows."""
        return self.counts["rejected"]


RowT = TypeVar("RowT", StockItem, IngestionRecord)


class Page(NamedTuple, Generic[RowT]):
    """A page of a scanned table.

    Attributes:
        rows: Rows that could be read.
        unreadable: Number of rows that could not.
        read_units: Read units that the page consumed.
    """

    rows: list[RowT]
    unreadable: int
    read_units: Decimal


@dataclass(slots=True)
class StockGroup:
    """Stock figures of a location, a category or everything.

    Attributes:
        items: Number of items (a SKU at a location).
        quantity: Sum of the quantities.
        low: Items above zero but at or below their reorder point or the threshold.
        out_of_stock: Items at or below zero.
        value: Quantity times unit price by currency, of the items that have a price; "" stands for
            prices without a currency. Of more than `KEPT_CURRENCIES`, the first by code.
    """

    items: int = 0
    quantity: Decimal = ZERO
    low: int = 0
    out_of_stock: int = 0
    value: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def merge(self, other: StockGroup) -> None:
        """Add the other group's figures to these, exactly."""
        self.items += other.items
        self.quantity = EXACT.add(self.quantity, other.quantity)
        self.low += other.low
        self.out_of_stock += other.out_of_stock
        for currency, amount in other.value.items():
            self.value[currency] = EXACT.add(self.value[currency], amount)
        while len(self.value) > KEPT_CURRENCIES:
            # A currency that is dropped never returns, so the amounts of those kept are complete.
            del self.value[max(self.value)]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Stock figures by name.

    Attributes:
        named: Figures by name, largest number of items first; "" stands for items without one.
        other: Figures of all names beyond those kept; None when every name is kept.
    """

    named: dict[str, StockGroup]
    other: StockGroup | None


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item of a list; a name or category that it does not have is "".

    Attributes:
        limit: Reorder point, else the threshold.
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
    """The first items of a kind, and the number of all of them."""

    total: int
    items: tuple[ListedItem, ...]


class ItemKey(NamedTuple):
    """The key of an item, with its name where it has one and it is known."""

    sku: str
    location: str
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """The figures over the items table.

    Attributes:
        negative: Items below zero, which are also counted as out of stock.
        unpriced: Items without a unit price, which have no part in the value.
        unreadable: Stored items that lack a key attribute or whose numbers are none; in no figure.
        low: Items that run low, the largest shortfall first.
        out_of_stock: Items out of stock, the largest shortfall first.
        unchanged: Items unchanged for `LISTED_UNCHANGED_DAYS` days, the oldest first.
        unchanged_by_days: Number of items unchanged for at least so many days.
        out_of_stock_keys: The first keys of the items out of stock, for the next comparison.
    """

    totals: StockGroup
    negative: int
    unpriced: int
    unreadable: int
    locations: Breakdown
    categories: Breakdown
    low: ItemList
    out_of_stock: ItemList
    unchanged: ItemList
    unchanged_by_days: dict[int, int]
    out_of_stock_keys: tuple[ItemKey, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The summary of one day.

    Attributes:
        date: The day, `YYYY-MM-DD`, in the summary's time zone.
        timezone: IANA name of that zone.
        as_of: Time for which the summary was scheduled, UTC.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        changes: Differences from the previous summary; None when there is none.
        notes: Sentences that a reader must know to trust the figures.
        trend: Figures of the last summaries, this one the last of them.
    """

    date: str
    timezone: str
    as_of: str
    low_stock_threshold: int
    stock: Stock
    feeds: Feeds
    changes: Changes | None
    items_read_units: Decimal
    ingestions_read_units: Decimal
    notes: tuple[str, ...]
    trend: tuple[TrendPoint, ...]

    @property
    def read_units(self) -> Decimal:
        """Read units of both scans."""
        return EXACT.add(self.items_read_units, self.ingestions_read_units)

    @property
    def dollars(self) -> Decimal:
        """Price of the read units, on demand in us-east-1."""
        return EXACT.multiply(self.read_units, DOLLARS_PER_READ_UNIT)


def attributes(value: DataclassInstance) -> dict[str, Any]:
    """Return the attributes of a dataclass by name."""
    return {each.name: getattr(value, each.name) for each in fields(value)}
