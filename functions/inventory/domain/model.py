"""Values that travel between the reader, the rules and the writer.

`Row`, `Reject` and `Skip` are named tuples rather than frozen dataclasses: millions of them are
made per file, and a tuple is built in C.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

MAX_ITEM_BYTES = 400 * 1024
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""


class Absent(StrEnum):
    """What becomes of an item that a complete file does not name.

    Attributes:
        ZERO: It is out of stock.
        REMOVE: It is no more, see `removals`.
        KEEP: It stays as it is.
    """

    ZERO = "zero"
    REMOVE = "remove"
    KEEP = "keep"


class Row(NamedTuple):
    """One stock statement of a feed: this SKU at this location holds this quantity.

    Attributes:
        line: Physical line (1-based, of the whole file) on which the record begins.
        sku: Stock keeping unit, exactly as fed (leading zeros are part of it).
        location: Where the stock is; "default" when the feed has no notion of it.
        quantity: Absolute stock in canonical decimal text (see `decimals.canonical`).
        name: Product name.
        category: Product category.
        unit_price: Price of one unit in canonical decimal text.
        currency: ISO 4217 code.
        reorder_point: Quantity at which to reorder, canonical decimal text.
        attributes: Every further non-empty column, header to cell text.
        updated_at: The row's own time, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, where the feed has one; of a
            row of a reject file, its place in the order, see `reading.corrections`.
    """

    line: int
    sku: str
    location: str
    quantity: str
    name: str | None
    category: str | None
    unit_price: str | None
    currency: str | None
    reorder_point: str | None
    attributes: dict[str, str]
    updated_at: str | None


_LINE, _SKU, _LOCATION, _QUANTITY = map(Row._fields.index, ("line", "sku", "location", "quantity"))
_UPDATED_AT = Row._fields.index("updated_at")


@dataclass(init=False, slots=True)
class Rows:
    """Rows by column: most are settled by a few of their columns, and a `Row` takes time to make.

    Args:
        rows: The rows.

    Attributes:
        columns: A list for each field of `Row`, in its order.
    """

    columns: list[list[Any]]

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        columns = map(list, zip(*rows, strict=True))
        self.columns = list(columns) or [[] for _ in Row._fields]

    @property
    def lines(self) -> list[int]:
        """Line of each row."""
        return self.columns[_LINE]

    @property
    def skus(self) -> list[str]:
        """SKU of each row."""
        return self.columns[_SKU]

    @property
    def locations(self) -> list[str]:
        """Location of each row."""
        return self.columns[_LOCATION]

    @property
    def quantities(self) -> list[str]:
        """Quantity of each row."""
        return self.columns[_QUANTITY]

    @property
    def times(self) -> list[str | None]:
        """Each row's own time."""
        return self.columns[_UPDATED_AT]

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        """SKU and location of each row."""
        return zip(self.skus, self.locations, strict=True)

    def __len__(self) -> int:
        """Count them."""
        return len(self.lines)

    def __iter__(self) -> Iterator[Row]:
        """Give one after the other."""
        # As `Row._make` does for each, without a call of Python code.
        return map(tuple.__new__, repeat(Row), zip(*self.columns, strict=True))

    def add(self, columns: Iterable[Iterable[Any]]) -> None:
        """Add rows at the end.

        Args:
            columns: Theirs.
        """
        for column, more in zip(self.columns, columns, strict=True):
            column.extend(more)

    def where(self, flags: Iterable[object]) -> Rows:
        """Return some of them.

        Args:
            flags: True for each that is one of those.
        """
        places = list(compress(range(len(self)), flags))
        some = Rows()
        some.add([column[place] for place in places] for column in self.columns)
        return some


class Reject(NamedTuple):
    """A row (or, with line 0 or 1, a file) that must not load, and why.

    Attributes:
        line: Physical line on which the damage was found; 0 for a whole file.
        byte_offset: Where the record begins in the (decompressed) file.
        error: A code of `errors.ErrorCode`.
        message: One sentence for the person who corrects the file.
        column: Header of the offending column, where one can be named.
        value: The offending text, where there is one.
        row: The raw record.
        cells: The record split by the feed's dialect, for the reject file.
        place: Where it stood in the order by the reject file that it comes from, "" where that
            cannot be told; None in a feed that is no reject file.
    """

    line: int
    byte_offset: int
    error: str
    message: str
    column: str | None
    value: str | None
    row: str
    cells: tuple[str, ...]
    place: str | None = None


class Skip(NamedTuple):
    """A row that is not stock by the rules of its profile.

    Attributes:
        line: Physical line on which the record begins.
        reason: A short fixed text such as "blank sku"; counted per reason.
        column: Header of the cell that decided, where there is one.
    """

    line: int
    reason: str
    column: str | None


@dataclass(slots=True)
class Batch:
    """Content of one stretch of a feed; the unit in which rows are decided and written.

    Attributes:
        rows: Stock rows in file order.
        rejects: Refused rows in file order.
        skips: Rows that are not stock, in file order.
        rows_of_others: How many rows belong to other workers, when the file is shared.
        next_line: The physical line after this stretch.
        next_byte_offset: The byte (of the decompressed file) after this stretch.
    """

    rows: Rows = field(default_factory=Rows)
    rejects: list[Reject] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    rows_of_others: int = 0
    next_line: int = 1
    next_byte_offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectVersion:
    """One version of one S3 object, as an event or a listing names it.

    Attributes:
        bucket: Bucket name.
        key: Object key, never URL-encoded.
        version_id: Version id; None where the bucket is not versioned.
        etag: Entity tag without quotes.
        size_bytes: Size of the object as stored.
        sequencer: The event's sequencer; "" where there is none (a listing has none).
        stored_at: When it was stored, as far as that is known; no part of its identity.
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    sequencer: str = ""
    stored_at: datetime | None = field(default=None, compare=False)

    @property
    def object_id(self) -> str:
        """Partition key of the ingestion record: `<bucket>/<key>#<version id, else etag>`."""
        return f"{self.bucket}/{self.key}#{self.version_id or self.etag}"


@dataclass(kw_only=True, slots=True)
class Counts:
    """Outcomes of the stock rows of one object version; they add up to `rows_read`.

    In a file with a column per location each such cell is one stock row. `conflicting` is no
    outcome but a part of the duplicates: those whose quantity is another than that of the row that
    supersedes them, though neither has a later time.
    """

    rows_read: int = 0
    loaded: int = 0
    unchanged: int = 0
    stale: int = 0
    rejected: int = 0
    skipped: int = 0
    duplicates: int = 0
    conflicting: int = 0

    @property
    def settled(self) -> int:
        """Rows that have an outcome."""
        outcomes = self.loaded + self.unchanged + self.stale
        return outcomes + self.rejected + self.skipped + self.duplicates

    @property
    def balanced(self) -> bool:
        """Tell whether every row read has exactly one outcome."""
        return self.rows_read == self.settled
