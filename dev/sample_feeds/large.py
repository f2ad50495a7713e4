"""Large feeds whose every count is known, made in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = "sku,quantity,location,name,unit_price,currency,attr_note\n"

_ROWS_PER_BLOCK = 5_000
# Every so many rows, from which one on.
_QUOTED, _BAD, _REPEATED = (10, 3), (100, 50), (1000, 7)
_NOTE = "keep dry; handle with care; this side up"


@dataclass(frozen=True, kw_only=True, slots=True)
class LargeFeed:
    """A canonical feed of about 100 bytes a row, with all that makes cutting hard.

    Every tenth row has a cell with quotes and a line break, every hundredth is bad (an amount that
    is none, a missing or a surplus cell, a stray quote), and every thousandth states a SKU again
    that stood in the first half of the feed.

    Attributes:
        rows: Rows in all.
        prefix: What its SKUs begin with.
        generation: Another one states other quantities for 2 in 100 SKUs.
        padding: Characters by which every row is longer.
        keys: SKUs, a multiple of 1,000, if they are to be stated again and again; the last row
            of each counts. Default: as above.

    Example:
        >>> feed = LargeFeed(rows=1000)
        >>> feed.rejected, feed.duplicates, feed.loaded
        (10, 0, 990)
    """

    rows: int
    prefix: str = "L"
    generation: int = 0
    padding: int = 0
    keys: int | None = None

    @property
    def rejected(self) -> int:
        """Bad rows."""
        return len(range(50, self.rows, 100))

    @property
    def duplicates(self) -> int:
        """Rows that a later row of the same SKU supersedes."""
        if self.keys:
            distinct = min(self.keys, self.rows)
            return self.rows - self.rejected - (distinct - len(range(50, distinct, 100)))
        return sum(self._repeats(number) for number in range(7, self.rows, 1000))

    @property
    def loaded(self) -> int:
        """Rows that end in the table when nothing is there."""
        return self.rows - self.rejected - self.duplicates

    def blocks(self) -> Iterator[bytes]:
        """The file in pieces."""
        yield HEADER.encode()
        for first in range(0, self.rows, _ROWS_PER_BLOCK):
            last = min(first + _ROWS_PER_BLOCK, self.rows)
            yield "".join(map(self._row, range(first, last))).encode()

    def bytes(self) -> bytes:
        """The whole file."""
        return b"".join(self.blocks())

    def _repeats(self, number: int) -> bool:
        return not self.keys and _is(_REPEATED, number) and number > self.rows // 2

    def _row(self, number: int) -> str:
        sku = (
            number - self.rows // 2 if self._repeats(number) else number % (self.keys or self.rows)
        )
        quantity = str((number + self.generation * (number % 50 == 0)) % 1000)
        name = f"Article {number:09d}"
        if _is(_QUOTED, number):
            name = f'"Article ""{number}""\nin two lines, and more"'
        note = _NOTE + "." * self.padding
        cells = f"{self.prefix}{sku:09d},{quantity},shop-{number % 20},{name},12.50,EUR,{note}"
        if _is(_BAD, number):
            cells = self._bad(cells, number)
        return cells + "\n"

    def _bad(self, cells: str, number: int) -> str:
        match number // 100 % 4:
            case 0:
                return cells.replace(",", ",many", 1)
            case 1:
                return cells.rpartition(",")[0]
            case 2:
                return f"{cells},surplus"
        return cells.replace("Article ", '12" article ', 1)


def _is(kind: tuple[int, int], number: int) -> bool:
    every, first = kind
    return number % every == first
