"""From cells to rows, skips and refusals, one record at a time.

`columns` does the same for many records at once where nothing is unusual; this module is the
definition.
"""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.decimals import DecimalRangeError, canonical
from inventory.domain.errors import ErrorCode
from inventory.domain.model import MAX_ITEM_BYTES, Row, Skip
from inventory.domain.reading.corrections import restored, time_of_place
from inventory.domain.reading.limits import (
    MAX_LOCATION_BYTES,
    MAX_SKU_BYTES,
    RESERVED_ITEM_BYTES,
    SAFE_LOCATION_CHARACTERS,
    SAFE_SKU_CHARACTERS,
    byte_size,
    item_bytes,
)
from inventory.domain.reading.profiles import DEFAULT_LOCATION, SkuForm
from inventory.domain.reading.quantities import (
    AMBIGUOUS,
    CELL_BREAK,
    CellError,
    Converter,
    currency_converter,
    has_control,
    is_ruined,
    number_converter,
    seen,
    time_converter,
)
from inventory.domain.reading.repeated import EXACT
from inventory.domain.reading.totals import is_total
from inventory.domain.reading.workbooks import NO_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inventory.domain.model import Reject
    from inventory.domain.reading.layout import Layout, StockColumn

NO_ATTRIBUTES: dict[str, str] = {}
_IN_BRACKETS = re.compile(r"\[([^\]]+)\]")
_NO_LOCATION = (
    "the location is blank: fill it in in every row (cells that were joined hold it once), leave "
    "the whole column out, or have a profile say its `default`"
)
_NO_VALUE = "the formula has no stored value; open the workbook in Excel and save it"
_FORMULA_STARTS = ("'=", "'+", "'-", "'@")


class Refusal(NamedTuple):
    """The reason why a record, or one of its stock rows, does not load.

    Attributes:
        error: As a code.
        message: As a sentence.
        column: Index of the column; None where the whole record is refused.
    """

    error: ErrorCode
    message: str
    column: int | None


class _RefusedError(Exception):
    """A cell keeps a row from loading."""

    def __init__(self, error: ErrorCode, message: str, column: int) -> None:
        super().__init__(message)
        self.refusal = Refusal(error, message, column)


def _ruined(text: str, what: str, column: int) -> _RefusedError:
    message = (
        f"a spreadsheet has put {text[:80]!r} in place of the {what}; export it again, with the "
        "column formatted as text"
    )
    return _RefusedError(ErrorCode.TYPE_ERROR, message, column)


def _parted(text: str, what: str, column: int) -> _RefusedError:
    message = (
        f"the {what} {text[:80]!r} holds a line break or another control character: write one "
        f"{what} in a cell, and a row for each"
    )
    return _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, column)


class RecordMapper:
    """Maps the records of one feed.

    Args:
        layout: Where the columns are.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        profile = layout.profile
        #: True where people write the file themselves, so that they are told of what is odd in it.
        self._by_hand = profile.name == "canonical"
        counts = partial(
            number_converter,
            profile.decimals,
            group=profile.group,
            points="quantity" in layout.points,
        )
        #: Field to what converts its cells; other fields are text.
        self.converters: dict[str, Converter] = {
            "quantity": counts(words=profile.not_stocked),
            "reorder_point": number_converter(
                profile.decimals, group=profile.group, points="reorder_point" in layout.points
            ),
            "unit_price": number_converter(
                profile.price_decimals,
                words=profile.blank_prices,
                money=not self._by_hand,
                group=profile.group,
                points="unit_price" in layout.points,
            ),
            "currency": currency_converter(),
            "updated_at": time_converter(layout.latest, profile.times.formats, profile.times.zone),
        }
        self.converters["addend"] = counts()
        self._blank_words = {"unit_price": profile.blank_prices}

    def map(
        self, cells: list[str], line: int, *, sized: bool, rows: list[Row], skips: list[Skip]
    ) -> Sequence[Refusal]:
        """Map one record.

        Args:
            cells: The record as split.
            line: Physical line on which it begins.
            sized: True if it is long enough to be checked against the item size limit.
            rows: Takes its rows.
            skips: Takes its skips.

        Returns:
            Its refusals.
        """
        layout = self.layout
        if not cells:
            skips.append(Skip(line, "blank row", None))
            return ()
        if layout.corrected:
            cells = restored(cells)
        if refusal := self._misfit(cells):
            return (refusal,)
        if layout.profile.formula_guard:
            cells = [c[1:] if c.startswith(_FORMULA_STARTS) else c for c in cells]
        sku = self._sku(cells)
        skip = self._skip_of(cells, sku, line)
        if skip is not None:
            skips.extend([skip] * max(len(layout.stock), 1))
            return ()
        if refusal := self._without_content(cells, sku):
            return (refusal,)
        refusals: list[Refusal] = []
        for stock in layout.stock or (None,):
            try:
                found = self._row(cells, sku, line, stock)
            except _RefusedError as error:
                refusals.append(error.refusal)
                continue
            if isinstance(found, Skip):
                skips.append(found)
            elif sized and item_bytes(found) > MAX_ITEM_BYTES - RESERVED_ITEM_BYTES:
                message = f"the row makes an item of more than {MAX_ITEM_BYTES} bytes"
                refusals.append(Refusal(ErrorCode.CONSTRAINT_ERROR, message, None))
            else:
                rows.append(found)
        return refusals

    def is_whole(self, cells: list[str]) -> bool:
        """Tell whether cells look like an intact record: their number, SKU, stock."""
        layout = self.layout
        if len(cells) != layout.width:
            return False
        if not layout.profile.skip_blank_sku and not self.sku(cells):
            return False
        at = [stock.quantity for stock in layout.stock] or [layout.indexes["quantity"]]
        stock_cells = [cells[index] for index in at]
        return all(
            self.converters["quantity"][cell]
            or cell.strip().casefold() in layout.profile.not_stocked
            for cell in stock_cells
        )

    def sku(self, cells: Sequence[str]) -> str:
        """Return the SKU of a record; "" where it is blank.

        Args:
            cells: The record as split, at least up to the cells that hold the SKU.
        """
        if self.layout.corrected:
            cells = restored(cells)
        if self.layout.profile.formula_guard:
            cells = [c[1:] if c.startswith(_FORMULA_STARTS) else c for c in cells]
        return self._sku(cells)

    def keys(self, reject: Reject) -> Iterator[tuple[str, str]]:
        """SKUs and locations that a refused record may state; location "" for any.

        Where nobody can tell what it is a row of, that is every SKU that it names.
        """
        layout = self.layout
        if reject.error not in {ErrorCode.TYPE_ERROR, ErrorCode.CONSTRAINT_ERROR}:
            pieces = re.split(rf'[{re.escape(layout.delimiter)}"\r\n]+', reject.row)
            skus = map(self._sku_in, filter(None, pieces))
            yield from ((sku, "") for sku in skus if len(sku) <= MAX_SKU_BYTES)
            return
        cells, location = list(reject.cells), ""
        told = (s for s in layout.stock if reject.column == layout.columns[s.quantity].strip())
        stock = next(told, None)
        if stock is not None or not layout.stock:
            with suppress(_RefusedError):
                location = self._location(cells, stock)
        yield self.sku(cells), location

    def _sku_in(self, cell: str) -> str:
        sku, form = seen(cell), self.layout.profile.sku_form
        if form in {SkuForm.BRACKETS, SkuForm.EITHER}:
            match = _IN_BRACKETS.match(sku)
            sku = match[1] if match else sku if form is SkuForm.EITHER else ""
        return sku

    def _sku(self, cells: Sequence[str]) -> str:
        layout = self.layout
        sku = self._sku_in(cells[layout.indexes["sku"]])
        if not sku and layout.sku_fallback is not None:
            sku = seen(cells[layout.sku_fallback])
        return sku

    def _misfit(self, cells: list[str]) -> Refusal | None:
        """Why a record does not fit the header."""
        layout, columns = self.layout, self.layout.columns
        if len(cells) != layout.width:
            code = ErrorCode.MISSING_CELL if len(cells) < layout.width else ErrorCode.EXTRA_CELL
            return Refusal(code, f"the row has {len(cells)} cells, the header {layout.width}", None)
        if cells[0] == columns[0] and tuple(cells[: len(columns)]) == columns:
            return Refusal(ErrorCode.CONSTRAINT_ERROR, "the row repeats the header", None)
        behind = range(len(columns), len(columns) + layout.unnamed)
        for at in (0, *behind) if layout.unnamed_first else behind:
            if text := cells[at].strip():
                message = f"the row has {text[:80]!r} in column {at + 1}, which has no name"
                return Refusal(ErrorCode.EXTRA_CELL, message, None)
        return None

    def _without_content(self, cells: list[str], sku: str) -> Refusal | None:
        """Why a record says nothing, or not all that it should."""
        layout = self.layout
        # In a reject file what it appended is never blank and no part of the row.
        if not sku and not any(map(str.strip, cells[: len(layout.columns)])):
            return Refusal(ErrorCode.BLANK_ROW, "the row is blank", None)
        if (layout.of_sheet or layout.corrected) and NO_VALUE in cells:
            return Refusal(ErrorCode.TYPE_ERROR, _NO_VALUE, cells.index(NO_VALUE))
        return None

    def _skip_of(self, cells: Sequence[str], sku: str, line: int) -> Skip | None:
        layout = self.layout
        for rule, index in zip(layout.profile.skip_rows, layout.skips, strict=True):
            if index is not None and rule.applies(cells[index]):
                return Skip(line, rule.reason, layout.columns[index])
        if layout.profile.skip_blank_sku and not sku:
            return Skip(line, "blank sku", layout.columns[layout.indexes["sku"]])
        total_at = None if self._by_hand else self._total_at(cells, sku)
        return None if total_at is None else Skip(line, "total line", layout.columns[total_at])

    def _total_at(self, cells: Sequence[str], sku: str) -> int | None:
        """Index of the key's column that tells a total; None in a row of stock."""
        indexes, rule = self.layout.indexes, self.layout.profile.location
        if is_total(sku):
            return indexes["sku"]
        at = None if rule.constant else indexes.get("location")
        return at if at is not None and is_total(seen(cells[at])) else None

    def _row(
        self, cells: Sequence[str], sku: str, line: int, stock: StockColumn | None
    ) -> Row | Skip:
        layout = self.layout
        at = layout.indexes["quantity"] if stock is None else stock.quantity
        quantity = self.converters["quantity"][cells[at]]
        if not quantity and cells[at].strip().casefold() in layout.profile.not_stocked:
            return Skip(line, "not stocked", layout.columns[at])
        self._check_sku(cells, sku)
        if not quantity or self.converters["quantity"].doubts(cells, at):
            raise self._refused("quantity", cells[at], at)
        if layout.plus or layout.minus:
            quantity = self._sum(quantity, cells)
        reorder_at = stock.reorder_point if stock is not None else None
        price_at = stock.unit_price if stock is not None else None
        if price_at is not None and not cells[price_at].strip():
            price_at = None
        location = self._location(cells, stock)
        if layout.repeated:
            quantity = self._of_all(quantity, (sku, location), at)
        return Row(
            line=line,
            sku=sku,
            location=location,
            quantity=quantity,
            name=self._text(cells, "name"),
            category=self._text(cells, "category"),
            unit_price=self._converted(cells, "unit_price", price_at),
            currency=self._converted(cells, "currency"),
            reorder_point=self._converted(cells, "reorder_point", reorder_at),
            attributes=self._attributes(cells, stock),
            updated_at=self._time(cells),
        )

    def _check_sku(self, cells: Sequence[str], sku: str) -> None:
        """Refuse what is no SKU."""
        layout = self.layout
        if not sku:
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, "sku is blank", layout.indexes["sku"])
        if self._by_hand and (total_at := self._total_at(cells, sku)) is not None:
            message = (
                f"{layout.columns[total_at].strip()} {seen(cells[total_at])[:80]!r} is that of a "
                "line of totals, which is no stock: leave the line out"
            )
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, total_at)
        if layout.profile.sku_form is SkuForm.SINGLE and "," in sku:
            message = f"sku {sku[:80]!r} is several SKUs, and how many of each is not said"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, layout.indexes["sku"])
        if has_control(sku):
            raise _parted(sku, "SKU", layout.indexes["sku"])
        if is_ruined(sku, of_sheet=layout.of_sheet):
            raise _ruined(sku, "SKU", layout.indexes["sku"])
        if len(sku) > SAFE_SKU_CHARACTERS and byte_size(sku) > MAX_SKU_BYTES:
            message = f"sku has more than {MAX_SKU_BYTES} bytes"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, layout.indexes["sku"])

    def _sum(self, quantity: str, cells: Sequence[str]) -> str:
        """The quantity with what further columns add to it and take from it."""
        total = Decimal(quantity)
        for columns, sign in ((self.layout.plus, 1), (self.layout.minus, -1)):
            for at in columns:
                addend = self.converters["addend"]
                text = addend[cells[at]]
                if addend.doubts(cells, at) or (not text and cells[at].strip()):
                    raise self._refused("addend", cells[at], at)
                total = EXACT.add(total, sign * Decimal(text or 0))
        return self._exactly(total, self.layout.indexes["quantity"])

    def _exactly(self, total: Decimal, at: int) -> str:
        try:
            return canonical(f"{total:f}")
        except DecimalRangeError as error:
            message = f"the sum of the quantities has {error}"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, at) from None

    def _of_all(self, quantity: str, key: tuple[str, str], at: int) -> str:
        """Statement of all rows of a key together."""
        if key not in self.layout.repeated:
            return quantity
        total = self.layout.repeated[key]
        if isinstance(total, str):
            message = f"{key[0]} at {key[1]} {total}"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, at)
        return self._exactly(total, at)

    def _time(self, cells: Sequence[str]) -> str | None:
        layout = self.layout
        own = self._converted(cells, "updated_at")
        if layout.timeless:
            own = None
        if not layout.corrected:
            return own
        at = layout.width - 1
        try:
            return time_of_place(cells[at], own, latest=layout.latest)
        except CellError as error:
            message = f"{layout.header[at].strip()} {cells[at].strip()[:80]!r} {error.message}"
            raise _RefusedError(error.code, message, at) from None

    def _location(self, cells: Sequence[str], stock: StockColumn | None) -> str:
        layout = self.layout
        rule = layout.profile.location
        at = layout.indexes.get("location")
        for index in layout.suffixes if at is None else (at, *layout.suffixes):
            if is_ruined(text := seen(cells[index]), of_sheet=layout.of_sheet):
                raise _ruined(text, "location", index)
        if rule.in_header and stock is not None:
            location, at = stock.location, stock.quantity
        else:
            found = DEFAULT_LOCATION if at is None else seen(cells[at])
            base = rule.constant or found or rule.default
            if not base:
                raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, _NO_LOCATION, at or 0)
            ends = [seen(cells[index]) for index in layout.suffixes]
            ends.append(stock.location if stock is not None else "")
            location = "-".join([base, *filter(None, ends)])
        if has_control(location):
            raise _parted(location, "location", at or 0)
        if layout.locations is not None and location not in layout.locations:
            message = f"location {location[:80]!r} is none that this feed may set"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, at or 0)
        if len(location) > SAFE_LOCATION_CHARACTERS and byte_size(location) > MAX_LOCATION_BYTES:
            message = f"location has more than {MAX_LOCATION_BYTES} bytes"
            raise _RefusedError(ErrorCode.CONSTRAINT_ERROR, message, at or 0)
        return location

    def _text(self, cells: Sequence[str], field: str) -> str | None:
        at = self.layout.indexes.get(field)
        return None if at is None else self._on_one_line(cells[at]) or None

    def _on_one_line(self, cell: str) -> str:
        return cell.replace(CELL_BREAK, " ") if self.layout.of_sheet else cell

    def _converted(self, cells: Sequence[str], field: str, at: int | None = None) -> str | None:
        if at is None:
            at = self.layout.indexes.get(field)
        if at is None:
            return None
        converter = self.converters[field]
        text = converter[cells[at]]
        if text and not converter.doubts(cells, at):
            return text
        stripped = seen(cells[at])
        if not stripped or stripped.casefold() in self._blank_words.get(field, ()):
            return None
        raise self._refused(field, cells[at], at)

    def _refused(self, field: str, cell: str, at: int) -> _RefusedError:
        converter = self.converters[field]
        doubted = CellError(ErrorCode.TYPE_ERROR, AMBIGUOUS)
        error = doubted if converter[cell] else converter.refusal(cell)
        label = self.layout.columns[at].strip()
        shown = cell.strip()
        what = f"{label} is blank" if not shown else f"{label} {shown[:80]!r} {error.message}"
        return _RefusedError(error.code, what, at)

    def _attributes(self, cells: Sequence[str], stock: StockColumn | None) -> dict[str, str]:
        extras = self.layout.extras + (stock.extras if stock is not None else ())
        if not extras:
            return NO_ATTRIBUTES
        return {name: self._on_one_line(cells[index]) for name, index in extras if cells[index]}
