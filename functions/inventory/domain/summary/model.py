"""Values of the daily summary, as they are computed, written and compared with the day before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.summary.exact import EXACT, ZERO, number

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

# $0.125 per million read units, on demand, us-east-1.
# Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_READ_UNIT = number("0.000000125")


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


class ListedFeed(NamedTuple):
    """A file that failed or had rows rejected.

    Attributes:
        object_id: `<bucket>/<key>#<version id, else etag>`.
        status: COMPLETED or FAILED.
        profile: Its profile; "" when none was recognised.
        rejected: Rows rejected.
        error: Why the file failed; "" where it did not.
        finished_at: When its last attempt ended.
    """

    object_id: str
    status: str
    profile: str
    rejected: int
    error: str
    finished_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """What was delivered in a stretch of time.

    Attributes:
        since: Beginning of the stretch, exclusive.
        until: End of the stretch, inclusive.
        by_status: Number of files by status.
        by_profile: Number of files by profile; "" stands for files no profile recognised.
        rows: Rows by outcome, over all files.
        rejected_by_error: Rejected rows by error code; "" stands for records that do not tell.
        trouble: Files that failed or had rows rejected, most rejected rows first.
        trouble_total: How many such files there are.
        last_received: When a file of a profile last ended, known from this or earlier summaries.
    """

    since: str
    until: str
    by_status: dict[str, int]
    by_profile: dict[str, int]
    rows: dict[str, int]
    rejected_by_error: dict[str, int]
    trouble: tuple[ListedFeed, ...]
    trouble_total: int
    last_received: dict[str, str]

    @property
    def received(self) -> int:
        """Number of files, whatever became of them."""
        return sum(self.by_status.values())

    @property
    def missing_profiles(self) -> tuple[str, ...]:
        """Profiles that delivered before but not in this stretch."""
        return tuple(name for name in self.last_received if name not in self.by_profile)


class LocationChange(NamedTuple):
    """How a location's figures moved.

    Attributes:
        location: Where.
        items: Difference of the number of items.
        quantity: Difference of the sum of quantities.
    """

    location: str
    items: int
    quantity: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs from the latest earlier summary.

    Attributes:
        since_date: Date of the earlier summary.
        items: Difference of the number of items.
        quantity: Difference of the sum of quantities.
        low: Difference of the number of items that run low.
        out: Difference of the number of items out of stock.
        value: Difference of the stock value by currency.
        locations: Locations that moved, the largest move first.
        locations_total: How many locations moved.
        newly_out: Items out of stock now that were not then.
        newly_out_total: How many there are.
        back_in_stock: How many items were out of stock then and are not now.
        complete: Whether both lists of items out of stock were complete; where they were not, the
            three figures before this one speak of the part that both cover.
    """

    since_date: str
    items: int
    quantity: Decimal
    low: int
    out: int
    value: dict[str, Decimal]
    locations: tuple[LocationChange, ...]
    locations_total: int
    newly_out: tuple[ItemKey, ...]
    newly_out_total: int
    back_in_stock: int
    complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What reading the tables took.

    Attributes:
        items_read_units: Read units of the items scan.
        ingestions_read_units: Read units of the scan of the ingestion records.
    """

    items_read_units: Decimal
    ingestions_read_units: Decimal

    @property
    def dollars(self) -> Decimal:
        """Price of these read units, on demand in us-east-1.

        DynamoDB reports an eventually consistent read as half a unit, so that units times price is
        right for either consistency.

        Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
        """
        units = EXACT.add(self.items_read_units, self.ingestions_read_units)
        return EXACT.multiply(units, DOLLARS_PER_READ_UNIT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """One day's summary.

    Attributes:
        date: The day, `YYYY-MM-DD`, in the summary's time zone.
        timezone: IANA name of that zone.
        as_of: Time for which the summary was scheduled, UTC.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        stock: What the items table holds.
        feeds: What was delivered.
        changes: What differs from the latest earlier summary; None when there is none.
        cost: What reading the tables took.
        notes: Sentences about what the reader has to know to trust the figures.
    """

    date: str
    timezone: str
    as_of: str
    low_stock_threshold: int
    stock: Stock
    feeds: Feeds
    changes: Changes | None
    cost: Cost
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierSummary:
    """What is needed of an earlier summary to compare with it.

    Attributes:
        date: Its day.
        as_of: Time for which it was scheduled, UTC.
        totals: Its figures over everything.
        by_location: Its figures by location.
        locations_complete: Whether these are all locations.
        out_of_stock_keys: Which items were out of stock.
        last_received: When a file of a profile last ended.
    """

    date: str
    as_of: str
    totals: StockGroup
    by_location: dict[str, StockGroup]
    locations_complete: bool
    out_of_stock_keys: OutOfStockKeys
    last_received: dict[str, str]
