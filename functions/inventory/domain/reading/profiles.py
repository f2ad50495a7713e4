"""Profiles of feeds: how to recognise a feed and how to read it.

Profiles are data (see `catalogue` for the built-in ones, `profile_settings` for a deployment's own
and for the shape of the data). Labels are compared in normalised form, because headers vary in
case, spaces and punctuation between generations of one exporter.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.domain.reading.quantities import Decimals, seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Wildcards:
    """Texts in which `*` stands for anything, blanks at the edges and case left aside.

    Args:
        patterns: The texts.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = tuple(patterns)
        parts = [pattern.strip().casefold().split("*") for pattern in self._patterns]
        regex = "|".join(".*".join(map(re.escape, part)) for part in parts)
        self._fullmatch = re.compile(regex, re.DOTALL).fullmatch if parts else None

    def __repr__(self) -> str:
        return f"Wildcards({self._patterns!r})"

    def __bool__(self) -> bool:
        return self._fullmatch is not None

    def __contains__(self, text: str) -> bool:
        return self._fullmatch is not None and bool(self._fullmatch(text.strip().casefold()))


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationRule:
    """Where a profile keeps the location.

    Exactly one of the three ways applies: a column of its own (`columns`), one text for all rows
    (`constant`), or one quantity column per location (what stands between `prefix` and `ending`,
    or all unknown columns after `after`).

    Attributes:
        columns: Normalised aliases of the location column.
        default: Location of a row whose cell is blank; "" where such a row is refused.
        constant: Location of every row.
        suffixes: Further columns, each as its aliases, whose cells are appended with hyphens.
        states: Aliases of further quantity columns, each with the state of the goods in them:
            what is appended to the location with a hyphen.
        prefix: What the quantity columns begin with; the location is the rest of the label.
        ending: What the quantity columns end with, after the location.
        after: Aliases of the last column before the quantity columns.
        underscores: True if underscores in labels stand for spaces in names.
        fields: Fields with a column per location, to the prefix of their columns.
        families: Prefixes of further columns per location, which become attributes of its row.
    """

    columns: tuple[str, ...] = ()
    default: str = ""
    constant: str = ""
    suffixes: tuple[tuple[str, ...], ...] = ()
    states: tuple[tuple[tuple[str, ...], str], ...] = ()
    prefix: str = ""
    ending: str = ""
    after: tuple[str, ...] = ()
    underscores: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    families: tuple[str, ...] = ()

    @property
    def in_header(self) -> bool:
        """Tell whether there is a quantity column per location."""
        return bool(self.prefix or self.ending or self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class SkipRule:
    """Rows that are no stock by one of their cells.

    Attributes:
        columns: Normalised aliases of the column.
        words: Cells that skip; of a list like "variable, virtual" each part counts. Empty: any
            cell that is not blank skips.
        other_than: The only cells that do not skip; empty for a rule by `words`.
        reason: Short fixed text, counted per file.
    """

    columns: tuple[str, ...]
    words: Wildcards
    other_than: Wildcards
    reason: str

    def applies(self, cell: str) -> bool:
        """Tell whether a row with this cell is skipped."""
        if self.other_than:
            return cell not in self.other_than
        if not self.words:
            return bool(cell.strip())
        return cell in self.words or any(part in self.words for part in cell.split(","))


class SkuForm(StrEnum):
    """How a cell holds the SKU.

    Attributes:
        PLAIN: The cell is the SKU.
        BRACKETS: In brackets before a name, as in "[MUG-02] Red mug"; without them there is none.
        EITHER: In brackets where it begins with one, else the cell.
        SINGLE: The cell is the SKU; a comma separates several, which nobody can tell apart.
    """

    PLAIN = "plain"
    BRACKETS = "brackets"
    EITHER = "either"
    SINGLE = "single"


class OnDuplicate(StrEnum):
    """Meaning of rows of one file with the same SKU and location.

    Attributes:
        LAST: The later one holds.
        SUM: They are parts, such as lots and bins, and are added.
        REJECT: None of them can be trusted.
    """

    LAST = "last"
    SUM = "sum"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeForm:
    """How the cells of `updated_at` are written.

    Attributes:
        formats: Of `strptime`; none for ISO 8601.
        zone: IANA time zone of cells without an offset.
    """

    formats: tuple[str, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """How one kind of feed is recognised and read.

    Attributes:
        name: Identifies it in records, pins and settings.
        title: What people call the feed.
        delimiters: Delimiters it may come with.
        quoted: True if quotes quote; where they do not, they are ordinary characters.
        encodings: Encodings besides UTF-8 and marked UTF-16.
        required: Columns that must be there, each as its alternatives.
        strong: Columns that speak for this profile where several fit.
        negative: Columns that must not be there; `*` in them stands for anything.
        attributes: Further columns that are known and no stock; `*` stands for anything.
        closed: True if other columns than those that are known refuse the file.
        columns: Field to the aliases of its column; the first one present feeds it.
        plus: Columns that are added to the quantity, each as its aliases; blank ones count as 0.
        minus: Columns that are taken from it.
        sku_form: How a cell holds the SKU.
        times: How `updated_at` is written.
        on_duplicate: What the same key twice in a file means.
        sku_fallback: Column that feeds the SKU where its own is blank.
        location: Where the location stands.
        decimals: How quantities are written.
        group: What separates groups of three digits in numbers; "" where that is not said.
        price_decimals: How prices are written.
        not_stocked: Quantity cells, in lower case, that say that this SKU is not kept here.
        blank_prices: Price cells, in lower case, that say that there is none.
        skip_blank_sku: True if a row without SKU is skipped rather than rejected.
        skip_rows: Rows that are no stock.
        formula_guard: True if an apostrophe before = + - @ only keeps spreadsheets from computing.
    """

    name: str
    title: str
    delimiters: tuple[str, ...] = DELIMITERS
    quoted: bool = True
    encodings: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    strong: tuple[str, ...] = ()
    negative: Wildcards = field(default_factory=Wildcards)
    attributes: Wildcards = field(default_factory=Wildcards)
    closed: bool = False
    columns: Mapping[str, tuple[str, ...]]
    plus: tuple[tuple[str, ...], ...] = ()
    minus: tuple[tuple[str, ...], ...] = ()
    sku_form: SkuForm = SkuForm.PLAIN
    times: TimeForm = field(default_factory=TimeForm)
    on_duplicate: OnDuplicate = OnDuplicate.LAST
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
