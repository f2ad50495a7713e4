"""One retail inventory table whose cells hold everything that makes CSV hard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

COLUMNS = (
    "sku",
    "quantity",
    "location",
    "name",
    "category",
    "unit_price",
    "currency",
    "reorder_point",
    "description",
    "url",
)
ROWS = 84

_NAMES = (
    "Café chair",
    "Shelf, oak",
    'Screen 27"',
    'Pan "Pro", 28 cm',
    "Lamp",
    "",
    "Bolt M8 & nut #4",
    "Größe L / rot",
)
_DESCRIPTIONS = (
    "",
    "plain text",
    "<p>Two lines,\none cell</p>",
    'He said ""yes""',
    'ends with a quote: 12"',
    ",starts with a comma",
    'three\nlines, with "quotes"\nin them',
    "tab\tand ; and |",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: Between cells.
        line_end: After records.
        quote_all: True if every cell is quoted.
    """

    delimiter: str = ","
    line_end: str = "\n"
    quote_all: bool = False

    def cell(self, text: str) -> str:
        """A cell as it stands in the file."""
        special = any(character in text for character in (self.delimiter, '"', "\n", "\r"))
        if not (special or self.quote_all):
            return text
        doubled = text.replace('"', '""')
        return f'"{doubled}"'

    def record(self, cells: tuple[str, ...]) -> str:
        """A record with its line end."""
        return self.delimiter.join(map(self.cell, cells)) + self.line_end


@cache
def table_rows() -> tuple[tuple[str, ...], ...]:
    """The cells of the table, the same every time."""
    return tuple(
        (
            f"00{index:04d}-{'ABC'[index % 3]}",
            str((index * 37) % 211 - 5),
            ("Main St", "Depot, North", "Online")[index % 3],
            _NAMES[index % len(_NAMES)],
            ("Home", "Tools", "")[index % 3],
            f"{index % 90}.{index % 10}9",
            "EUR" if index % 4 else "",
            str(index % 6),
            _DESCRIPTIONS[(index // 2) % len(_DESCRIPTIONS)],
            f"https://shop.example/p?id={index}&x=1",
        )
        for index in range(ROWS)
    )
