"""Stock files made on the fly: every SKU at every location, written like a nightly export."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = "sku,location,quantity,name,category,unit_price,currency,reorder_point\n"

#: Shops and warehouses that a file speaks of.
LOCATIONS = 40

_CHANGED_OF = 50
_PIECE_ROWS = 10_000


def snapshot(rows: int, *, changed_percent: int = 0, distinct: bool = True) -> bytes:
    """A file of so many rows.

    Args:
        rows: Number of rows.
        changed_percent: Share of the rows whose quantity is another one, spread evenly.
        distinct: True if no key comes twice.
    """
    return b"".join(pieces(rows, changed_percent=changed_percent, distinct=distinct))


def pieces(rows: int, *, changed_percent: int = 0, distinct: bool = True) -> Iterator[bytes]:
    """The same, in pieces of some hundred kilobytes; see `snapshot`."""
    changed = changed_percent * _CHANGED_OF // 100
    yield HEADER.encode()
    for first in range(0, rows, _PIECE_ROWS):
        text = io.StringIO()
        for number in range(first, min(first + _PIECE_ROWS, rows)):
            key = number if distinct else number % _PIECE_ROWS
            quantity = key * 7 % 240 + (1000 if number % _CHANGED_OF < changed else 0)
            text.write(
                f"SKU-{key // LOCATIONS:07},Store {key % LOCATIONS:03},{quantity},"
                f"Product {key // LOCATIONS % 9000} of the range,Category {key // 120 % 40:02},"
                f"{key % 900}.{key % 90 + 10},EUR,{key % 25}\n"
            )
        yield text.getvalue().encode()
