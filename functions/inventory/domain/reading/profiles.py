"""What a profile says of a feed: how to recognise it and how to read it.

Profiles are data (see `catalogue` for the built-in ones, `profile_settings` for a deployment's own
and for the shape of the data). Labels are compared in normalised form, because headers vary in
case, spaces and punctuation between generations of one exporter.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.domain.reading.quantities import Decimals, seen

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIMITERS = (",", "\t", ";", "|")
#: Fields of a `Row` that a column can feed; sku and quantity are not optional.
FIELDS = (
    "sku",
    "quantity",
    "name",
    "category",
    "unit_price",
    "currency",
    "reorder_point",
    "updated_at",
)
#: Columns that the reject file appends, and that a corrected one brings back.
REJECT_COLUMNS = ("line", "error", "message", "counts as of")
DEFAULT_LOCATION = "default"

_WORD = re.compile(r"[^\W_]+")


def normalised(label: str) -> str:
    """A label in lower case with its words separated by one space, e.g. "on hand current"."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", seen(label)).casefold()))


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationRule:
    """Where a profile keeps the location.

    Exactly one of the three ways applies: a column of its own (`columns`), one text for all rows
    (`constant`), or one quantity column per location (`prefix`, or all unknown columns after
    `after`).

    Attributes:
        columns: Normalised aliases of the location column.
        default: Location of a row without one.
        constant: Location of every row.
        suffix: Aliases of a column whose cell is appended to `constant` with a hyphen.
        prefix: What the quantity columns begin with; the location is the rest of the label.
        after: Aliases of the last column before the quantity columns.
        underscores: Whether underscores in labels stand for spaces in names.
        fields: Fields with a column per location, to the prefix of their columns.
        families: Prefixes of further columns per location, which become attributes of its row.
    """

    columns: tuple[str, ...] = ()
    default: str = DEFAULT_LOCATION
    constant: str = ""
    suffix: tuple[str, ...] = ()
    prefix: str = ""
    after: tuple[str, ...] = ()
    underscores: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    families: tuple[str, ...] = ()

    @property
    def in_header(self) -> bool:
        """Whether there is a quantity column per location."""
        return bool(self.prefix or self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class SkipRule:
    """Rows that are no stock by one of their cells.

    Attributes:
        columns: Normalised aliases of the column.
        words: Cells that skip, in lower case; of a list like "variable, virtual" each part counts.
            Empty: any cell that is not blank skips.
        reason: Short fixed text, counted per file.
    """

    columns: tuple[str, ...]
    words: frozenset[str]
    reason: str

    def applies(self, cell: str) -> bool:
        """Whether a row with this cell is skipped."""
        text = cell.strip().casefold()
        if not self.words:
            return bool(text)
        return text in self.words or any(part.strip() in self.words for part in text.split(","))


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """How one kind of feed is recognised and read.

    Attributes:
        name: Identifies it in records, pins and settings.
        title: What people call the feed.
        delimiters: Delimiters it may come with.
        quoted: Whether quotes quote; where they do not, they are ordinary characters.
        encodings: Encodings besides UTF-8 and marked UTF-16.
        required: Columns that must be there, each as its alternatives.
        strong: Columns that speak for this profile where several fit.
        negative: Columns that must not be there.
        columns: Field to the aliases of its column; the first one present feeds it.
        sku_fallback: Column that feeds the SKU where its own is blank.
        location: Where the location stands.
        decimals: How quantities are written.
        group: What separates groups of three digits in numbers; "" where that is not said.
        price_decimals: How prices are written.
        not_stocked: Quantity cells, in lower case, that say that this SKU is not kept here.
        blank_prices: Price cells, in lower case, that say that there is none.
        skip_blank_sku: Whether a row without SKU is skipped rather than rejected.
        skip_rows: Rows that are no stock.
        formula_guard: Whether an apostrophe before = + - @ only keeps spreadsheets from computing.
    """

    name: str
    title: str
    delimiters: tuple[str, ...] = DELIMITERS
    quoted: bool = True
    encodings: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    strong: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]]
    sku_fallback: tuple[str, ...] = ()
    location: LocationRule = field(default_factory=LocationRule)
    decimals: Decimals = Decimals.EITHER
    group: str = ""
    price_decimals: Decimals = Decimals.EITHER
    not_stocked: frozenset[str] = frozenset()
    blank_prices: frozenset[str] = frozenset()
    skip_blank_sku: bool = True
    skip_rows: tuple[SkipRule, ...] = ()
    formula_guard: bool = False
