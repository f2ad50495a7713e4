"""A day's whole summary, as it is written and compared with the day before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.summary.exact import EXACT, number

if TYPE_CHECKING:
    from decimal import Decimal

    from inventory.domain.summary.model import ItemKey, OutOfStockKeys, Stock, StockGroup

# $0.125 per million read units, on demand, us-east-1.
# Source: https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_PER_READ_UNIT = number("0.000000125")


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
