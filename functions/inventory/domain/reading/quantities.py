"""Cells that hold numbers, times and currencies, each in the writing its profile allows.

Converters are dictionaries that compute what they miss: stock files repeat the same few thousand
numbers, and looking one up takes a tenth of the time of parsing it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.domain.decimals import DecimalRangeError, DecimalTextError, canonical
from inventory.domain.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

#: Cells remembered per converter; past it everything is forgotten at once, which bounds memory.
_REMEMBERED = 20_000
#: Longer cells are converted each time: numbers never are that long.
_REMEMBERED_LENGTH = 64

_CURRENCY = re.compile(r"[A-Z]{3}")
_CODE_BEFORE = re.compile(r"([+-]?)[A-Z]{3}\s*+(.*)", re.DOTALL)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+")


class Decimals(StrEnum):
    """How a profile writes decimal numbers."""

    POINT = "point"
    COMMA = "comma"
    EITHER = "either"


class CellError(ValueError):
    """A cell does not hold what its column must hold.

    Args:
        code: Why, as a code.
        message: Why, as the end of a sentence that begins with the column's name.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Converter(dict[str, str]):
    """Looks up the stored text of a cell; "" stands for a cell that `convert` refuses.

    Args:
        convert: Gives the stored text of a stripped cell or raises `CellError`.
    """

    def __init__(self, convert: Callable[[str], str]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, cell: str) -> str:
        try:
            text = self.convert(cell.strip())
        except CellError:
            text = ""
        if len(cell) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = text
        return text

    def refusal(self, cell: str) -> CellError:
        """Why a cell that gave "" was refused."""
        try:
            self.convert(cell.strip())
        except CellError as error:
            return error
        return CellError(ErrorCode.TYPE_ERROR, "is blank")


def number_converter(
    decimals: Decimals, *, words: Collection[str] = (), money: bool = False
) -> Converter:
    """Make a converter of number cells.

    Args:
        decimals: How the fraction is separated.
        words: Cells in lower case that stand for no number, even if they look like one.
        money: Whether a currency sign or code may stand before or after the number.
    """

    def convert(cell: str) -> str:
        try:
            if cell.casefold() not in words:
                return canonical(_with_point(_without_currency(cell) if money else cell, decimals))
        except DecimalRangeError as error:
            raise CellError(ErrorCode.CONSTRAINT_ERROR, f"has {error}") from None
        except DecimalTextError:
            pass
        wanted = "an amount" if money else "a plain decimal number"
        raise CellError(ErrorCode.TYPE_ERROR, f"is not {wanted}")

    return Converter(convert)


def _without_currency(cell: str) -> str:
    """The amount without its currency sign ("$5", "-$5", "5 €") or code ("USD 5", "5 EUR")."""
    sign = ""
    if cell[:1] in {"-", "+"}:
        sign, cell = cell[0], cell[1:].lstrip()
    if cell and unicodedata.category(cell[0]) == "Sc":
        cell = cell[1:].lstrip()
    elif cell and unicodedata.category(cell[-1]) == "Sc":
        cell = cell[:-1].rstrip()
    elif match := _CODE_BEFORE.fullmatch(cell):
        cell = match[1] + match[2]
    elif _CURRENCY.fullmatch(cell, max(len(cell) - 3, 0)):
        cell = cell[:-3].rstrip()
    if sign and cell[:1] in {"-", "+"}:
        return "?"
    return sign + cell


def _with_point(cell: str, decimals: Decimals) -> str:
    """The number with a point before its fraction and no grouping.

    Under `EITHER` one comma before exactly three digits could be both ("1,299"): it stays, and so
    the cell is refused.
    """
    if decimals is Decimals.POINT or ("," not in cell and "." not in cell):
        return cell
    point, group = ".", ","
    if decimals is Decimals.COMMA or cell.rfind(",") > cell.rfind("."):
        point, group = ",", "."
    whole, found, fraction = cell.rpartition(point)
    if cell.count(point) > 1 or not found:
        # No fraction at all: every separator must be a grouping one.
        separators = set(re.sub(r"[^.,]", "", cell))
        alone = decimals is Decimals.COMMA and separators == {group}
        many = decimals is Decimals.EITHER and len(separators) == 1
        return re.sub(r"[.,]", "", cell) if (alone or many) and _GROUPED.fullmatch(cell) else "?"
    if group in whole:
        if not _GROUPED.fullmatch(whole):
            return "?"
        whole = whole.replace(group, "")
    elif decimals is Decimals.EITHER and point == "," and _GROUPED.fullmatch(cell):
        return "?"
    return f"{whole}.{fraction}"


def time_converter(latest: str = "") -> Converter:
    """A converter of ISO 8601 times (UTC without an offset) to `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Args:
        latest: The latest time that it takes, in the latter form; "" for any.
    """

    def convert(cell: str) -> str:
        try:
            time = datetime.fromisoformat(cell)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise CellError(ErrorCode.TYPE_ERROR, "is not an ISO 8601 time") from None
        text = time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        if latest and text > latest:
            message = f"is later than {latest}, when the file was stored plus the tolerance"
            raise CellError(ErrorCode.CONSTRAINT_ERROR, message)
        return text

    return Converter(convert)


def currency_converter() -> Converter:
    """A converter of ISO 4217 currency codes to upper case."""

    def convert(cell: str) -> str:
        code = cell.upper()
        if _CURRENCY.fullmatch(code) is None:
            raise CellError(ErrorCode.TYPE_ERROR, "is not a currency code of three letters")
        return code

    return Converter(convert)
