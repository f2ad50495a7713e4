"""Whole spans of records to rows by column, where nothing is unusual.

Each column of a thousand records is converted in C; that takes a third of the time of mapping
records one by one. Whatever is unusual (another width, a blank SKU, a number that is none, a long
key) sends the span to `RecordMapper`, which decides each record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.domain.reading.limits import SAFE_LOCATION_CHARACTERS, SAFE_SKU_CHARACTERS
from inventory.domain.reading.profiles import DEFAULT_LOCATION, SkuForm
from inventory.domain.reading.quantities import has_control, is_ruined
from inventory.domain.reading.rows import NO_ATTRIBUTES
from inventory.domain.reading.totals import has_total
from inventory.domain.reading.workbooks import NO_VALUE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from inventory.domain.reading.layout import Layout
    from inventory.domain.reading.rows import RecordMapper

_DIGITS = b"0123456789"
#: Bytes of keys besides digits and control characters.
_PLAIN = bytes({*range(0x20, 0x100)} - {*_DIGITS, 0x7F})


class ColumnMapper:
    """Maps spans of one feed.

    Args:
        mapper: Converts the cells.

    Attributes:
        usable: True if the feed is of a shape that it knows.
    """

    def __init__(self, mapper: RecordMapper) -> None:
        self._layout = mapper.layout
        self._converters = mapper.converters
        self.usable = _usable(self._layout)
        self._extras = tuple(name for name, _ in self._layout.extras)

    def columns(self, columns: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Any] | None:
        """The rows of a span as `Rows.columns`; None when a record of it is unusual.

        Args:
            columns: The cells of its records by column, none so long as to be checked for its size.
            lines: Physical line on which each record begins.
        """
        layout = self._layout
        indexes = layout.indexes
        skus = list(map(str.strip, columns[indexes["sku"]]))
        quantities = self._required(columns[indexes["quantity"]])
        if (
            quantities is None
            or self._in_doubt(columns)
            or "" in skus
            or max(map(len, skus)) > SAFE_SKU_CHARACTERS
            or self._ruined(skus)
            or _odd(skus)
            or (layout.of_sheet and any(NO_VALUE in column for column in columns))
        ):
            return None
        locations = self._locations(columns)
        if locations is None:
            return None
        optional = [
            self._optional(columns, field)
            for field in ("unit_price", "currency", "reorder_point", "updated_at")
        ]
        if None in optional:
            return None
        *numbers, times = optional
        return [
            lines,
            skus,
            locations,
            quantities,
            _texts(columns, indexes.get("name")),
            _texts(columns, indexes.get("category")),
            *numbers,
            self._attributes(columns),
            [None] * len(skus) if layout.timeless else times,
        ]

    def _ruined(self, keys: Iterable[str]) -> bool:
        """Tell whether a workbook has a date among its keys; of text the batcher knows before."""
        return self._layout.of_sheet and any(is_ruined(key, of_sheet=True) for key in keys)

    def _locations(self, columns: Sequence[Sequence[str]]) -> list[str] | None:
        layout, rule = self._layout, self._layout.profile.location
        locations = [rule.constant or DEFAULT_LOCATION] * len(columns[0])
        if not rule.constant and "location" in layout.indexes:
            stripped = list(map(str.strip, columns[layout.indexes["location"]]))
            names = set(stripped)
            if max(map(len, names)) > SAFE_LOCATION_CHARACTERS or self._ruined(names):
                return None
            if "" in names:
                if not rule.default:
                    return None
                names.remove("")
                stripped = [location or rule.default for location in stripped]
            if _odd(names):
                return None
            locations = stripped
        if layout.locations is not None and not layout.locations.issuperset(locations):
            return None
        return locations

    def _in_doubt(self, columns: Sequence[Sequence[str]]) -> bool:
        """Tell whether a number could be another one, by what else stands in its row."""
        indexes = self._layout.indexes
        return any(
            converter.doubts(cells, indexes[field])
            for field, converter in self._converters.items()
            if field in indexes and converter.may_doubt(columns[indexes[field]])
            for cells in zip(*columns, strict=True)
        )

    def _required(self, cells: Sequence[str]) -> list[str] | None:
        texts = list(map(self._converters["quantity"].__getitem__, cells))
        return None if "" in texts else texts

    def _optional(
        self, columns: Sequence[Sequence[str]], field: str
    ) -> Sequence[str | None] | None:
        index = self._layout.indexes.get(field)
        if index is None:
            return [None] * len(columns[0])
        converter = self._converters[field]
        texts: list[str | None]
        if "" in columns[index]:
            texts = [converter[cell] if cell else None for cell in columns[index]]
        else:
            texts = list(map(converter.__getitem__, columns[index]))
        return None if "" in texts else texts

    def _attributes(self, columns: Sequence[Sequence[str]]) -> list[dict[str, str]]:
        names = self._extras
        if not names:
            return [NO_ATTRIBUTES] * len(columns[0])
        cells = zip(*(columns[index] for _, index in self._layout.extras), strict=True)
        return [
            {name: cell for name, cell in zip(names, row, strict=True) if cell} for row in cells
        ]


def _odd(keys: Collection[str]) -> bool:
    """Tell quickly whether there may be a total or a control character among keys.

    Of most keys that takes some passes in C: a total has no digit, and few other keys have none.
    """
    text = "\n" + "\n".join(keys) + "\n"
    left = text.encode(errors="replace").translate(None, _PLAIN)
    return (
        left.count(b"\n") != len(keys) + 1
        or bool(left.translate(None, b"\n" + _DIGITS))
        or (b"\n\n" in left and has_total(keys))
        or not (text.isascii() or not has_control("".join(keys)))
    )


def _usable(layout: Layout) -> bool:
    """Tell whether the feed is of a shape that this module knows."""
    profile = layout.profile
    return not (
        layout.stock
        or layout.unnamed
        or layout.unnamed_first
        or layout.corrected
        or profile.formula_guard
        or profile.skip_rows
        or profile.sku_form is not SkuForm.PLAIN
        or layout.suffixes
        or layout.repeated
        or layout.plus
        or layout.minus
        or layout.sku_fallback is not None
    )


def _texts(columns: Sequence[Sequence[str]], index: int | None) -> Sequence[str | None]:
    if index is None:
        return [None] * len(columns[0])
    column = columns[index]
    return [cell or None for cell in column] if "" in column else column
