"""Cells that hold numbers, times and currencies, each in the writing its profile allows.

Converters are dictionaries that compute what they miss: stock files repeat the same few thousand
numbers, and looking one up takes a tenth of the time of parsing it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from inventory.domain.decimals import DecimalRangeError, DecimalTextError, canonical
from inventory.domain.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

#: Cells remembered per converter; past it everything is forgotten at once, which bounds memory.
_REMEMBERED = 20_000
#: Longer cells are converted each time: numbers never are that long.
_REMEMBERED_LENGTH = 64

_CURRENCY = re.compile(r"[A-Z]{3}")
_CODE_BEFORE = re.compile(r"([+-]?)[A-Z]{3}\s*+(.*)", re.DOTALL)
#: A number whose first group is 0 is a fraction in another writing: "0.500".
_INTEGER = re.compile(r"[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(.)[0-9]{3}(?:\1[0-9]{3})*)")
#: One separator before three digits: a thousand and more, or a fraction of three digits.
_BOTH = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_DOUBTFUL = re.compile(r"\D*[1-9][0-9]{0,2}\.[0-9]{3}\D*")
#: What all of these hold, and few other cells.
_THREE_DIGITS = re.compile(r"\.[0-9]{3}(?![0-9])")
_COMMA_DECIMAL = re.compile(r"\D{0,4}[0-9]{1,3}(?:\.?[0-9]{3})*,(?:[0-9]{1,2}|[0-9]{4,})\D{0,4}")
#: A number in which a point can only be before a fraction.
POINT_FOR_SURE = re.compile(
    r"\D*(?:0?\.[0-9]+|[0-9]{1,3}\.(?:[0-9]{1,2}|[0-9]{4,})"
    r"|(?:[0-9]{4,}|[0-9]{1,3}(?:,[0-9]{3})+)\.[0-9]+)\D*"
)
#: A number in which thousands stand without a separator.
UNGROUPED = re.compile(r"\D*[0-9]{4,}\D*")
AMBIGUOUS = (
    "is ambiguous: a thousand and more, or a fraction; say which in the profile (decimals or "
    "group), or write the number without the separator"
)
#: What separates groups of three digits, besides the comma or point that a profile names.
_SPACES = " '"
_TYPESET_TO = {0x2019: "'", 0x2212: "-"}
#: Digits, plus and minus of full width, as Japanese and Chinese keyboards write them.
_FULL_WIDTH_TO = {**{0xFF10 + digit: str(digit) for digit in range(10)}, 0xFF0B: "+", 0xFF0D: "-"}
#: What becomes of characters that nobody sees: soft hyphens, zero-width ones, marks of direction
#: and byte order marks vanish, and a blank that does not break a line is a blank.
_UNSEEN_TO: dict[int, str | None] = {
    **dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF)),
    **dict.fromkeys((*range(0x2060, 0x2065), *range(0x2066, 0x206A))),
    **dict.fromkeys((0xA0, 0x2007, 0x202F), " "),
}
_UNSEEN = tuple(map(chr, _UNSEEN_TO))
_TEXT_GUARD = re.compile(r'="([^"]*)"')
#: A long number as spreadsheets show it, and what they show in place of a value: an error in
#: whatever language (`#REF!`, `#¿NOMBRE?`, `#NV`), or the signs of a column that is too narrow.
_RUINED = re.compile(
    r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}"
    r"|#(?:[¡¿]?[^\W\d_]{1,12}(?:/0)?[!?]|N/[ABD]\b|NV\b|GETTING_DATA|##+)"
)
_DATE_OR_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{8})?|[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
)

#: Line breaks and other characters that part keys, where several stand in one cell.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")
#: What stands for a line break in a cell of a workbook, whose rows are lines.
CELL_BREAK = "\v"


class Decimals(StrEnum):
    """How a profile writes decimal numbers.

    EITHER: each number says itself whether a point or a comma is before its fraction; one that
    does not ("1,200") is refused.
    """

    POINT = "point"
    COMMA = "comma"
    EITHER = "either"


def is_unusual(text: str) -> bool:
    """Tell quickly whether text may hold what `seen` changes or `is_ruined` finds."""
    # Single characters are found some fifty times as fast as anything else is.
    return (
        ("=" in text and '="' in text)
        or ("+" in text and ("E+" in text or "e+" in text))
        or ("#" in text and _RUINED.search(text) is not None)
        or CELL_BREAK in text
        or not (text.isascii() or not any(character in text for character in _UNSEEN))
    )


def seen(cell: str) -> str:
    """The cell as people see it: without `="..."` around it and characters that nobody sees."""
    if not cell.isascii():
        cell = cell.translate(_UNSEEN_TO)
    cell = cell.strip()
    if cell.startswith("=") and (guarded := _TEXT_GUARD.fullmatch(cell)):
        return guarded[1].strip()
    return cell


def is_ruined(key: str, *, of_sheet: bool = False) -> bool:
    """Tell whether a spreadsheet has put another text in place of a key: `8.85E+11`, `#REF!`.

    In a workbook that may be a date, too: Excel makes one of `MAR-1`.
    """
    if of_sheet and _DATE_OR_TIME.fullmatch(key):
        return True
    return ("+" in key or "#" in key) and _RUINED.fullmatch(key) is not None


def has_control(text: str) -> bool:
    """Tell whether a control character stands in a key, or in several one after another."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def has_comma_decimal(cells: Iterable[str]) -> bool:
    """Tell whether a cell is a number with a comma before its fraction, and cannot be else."""
    return any("," in cell and _COMMA_DECIMAL.fullmatch(seen(cell)) for cell in cells)


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
        convert: Gives the stored text of a cell as people see it, or raises `CellError`.
        doubtful: Matches cells that it reads in one way and that could mean another number.
    """

    def __init__(
        self, convert: Callable[[str], str], doubtful: re.Pattern[str] | None = None
    ) -> None:
        super().__init__()
        self.convert = convert
        self._doubtful = doubtful

    def __missing__(self, cell: str) -> str:
        try:
            text = self.convert(seen(cell))
        except CellError:
            text = ""
        if len(cell) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = text
        return text

    def may_doubt(self, column: Iterable[str]) -> bool:
        """Tell whether one of several cells could mean another number."""
        if self._doubtful is None or not _THREE_DIGITS.search("\n".join(column)):
            return False
        return any(map(self._doubtful.fullmatch, column))

    def doubts(self, cells: Sequence[str], at: int) -> bool:
        """Tell whether a number in a row could be another one, by what the others are."""
        cell = cells[at]
        return "." in cell and self.may_doubt((seen(cell),)) and has_comma_decimal(cells)

    def refusal(self, cell: str) -> CellError:
        """Why a cell that gave "" was refused."""
        try:
            self.convert(seen(cell))
        except CellError as error:
            # A new one: a raised one leads to the frame of whoever keeps it, and so to its batch.
            return CellError(error.code, error.message)
        return CellError(ErrorCode.TYPE_ERROR, "is blank")


def number_converter(
    decimals: Decimals,
    *,
    group: str = "",
    words: Collection[str] = (),
    money: bool = False,
    points: bool = True,
) -> Converter:
    """Make a converter of number cells.

    Args:
        decimals: How the fraction is separated.
        group: What separates groups of three digits; "" where the profile does not say it.
        words: Cells in lower case that stand for no number, even if they look like one.
        money: True if a currency sign or code may stand before or after the number.
        points: True if "1.200" has a fraction as long as the profile says nothing of it: not where
            commas are decimal.
    """

    def convert(cell: str) -> str:
        try:
            if cell.casefold() not in words:
                number = _without_currency(cell) if money else cell
                number = number if number.isascii() else _in_ascii(number)
                if number.endswith("-") and number[:1].isdecimal():
                    number = "-" + number[:-1].rstrip()
                return canonical(_with_point(number, decimals, group, points=points))
        except DecimalRangeError as error:
            raise CellError(ErrorCode.CONSTRAINT_ERROR, f"has {error}") from None
        except DecimalTextError:
            pass
        raise CellError(ErrorCode.TYPE_ERROR, _wrong_with(cell, decimals, group, money=money))

    unsaid = decimals is Decimals.EITHER and not group
    return Converter(convert, _DOUBTFUL if unsaid and points else None)


def _in_ascii(number: str) -> str:
    """The number with a plain apostrophe and minus; digits of full width only without separators.

    What a comma of full width separates is in no way told by the rest of the file.
    """
    number = number.translate(_TYPESET_TO)
    plain = number.translate(_FULL_WIDTH_TO)
    return plain if plain.lstrip("+-").isdecimal() and plain.isascii() else number


def _wrong_with(cell: str, decimals: Decimals, group: str, *, money: bool) -> str:
    number = _without_currency(cell) if money else cell
    if not group and decimals is not Decimals.COMMA and _BOTH.fullmatch(number.rstrip("- ")):
        return AMBIGUOUS
    if money:
        return "is not an amount: write digits, with the currency at most"
    return "is not a plain decimal number: write digits without a unit"


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


def _with_point(cell: str, decimals: Decimals, group: str, *, points: bool) -> str:
    """The number with a point before its fraction and no groups; "?" for what is no number."""
    if cell.isdecimal():
        return cell
    point, groups = _separators(cell, decimals, group)
    whole, found, fraction = cell.rpartition(point) if point else (cell, "", "")
    if not found:
        whole, fraction = cell, ""
    digits = whole.lstrip("+-")
    separators = {each for each in set(digits) if not each.isdigit()}
    if separators:
        match = _INTEGER.fullmatch(whole)
        if not separators <= set(groups) or match is None:
            return "?"
    elif decimals is Decimals.EITHER and not group and (point == "," or not points):
        whole = "?" if _BOTH.fullmatch(cell) else whole  # the separator could be either
    for separator in separators:
        whole = whole.replace(separator, "")
    return f"{whole}.{fraction}" if found else whole


def _separators(cell: str, decimals: Decimals, group: str) -> tuple[str, str]:
    """Separators of a number's fraction, "" where it has none, and of its groups."""
    if decimals is Decimals.POINT:
        return ".", group
    if decimals is Decimals.COMMA:
        return ",", group or "." + _SPACES
    point = "," if cell.rfind(",") > cell.rfind(".") else "."
    other = "." if point == "," else ","
    if group in {".", ","}:
        return (other if group == point else point), group
    if cell.count(point) > 1:
        # No fraction at all: every separator must be a grouping one.
        return "", point
    return point, group or other + _SPACES


def time_converter(latest: str, formats: Sequence[str] = (), zone: str = "UTC") -> Converter:
    """A converter of times to `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Args:
        latest: The latest time that it takes, in that form; "" for any.
        formats: How cells are written, as `strptime` takes it; none for ISO 8601.
        zone: IANA time zone of cells without an offset.
    """
    local = UTC if zone == "UTC" else ZoneInfo(zone)
    parsers: list[Callable[[str], datetime]] = [partial(_parsed, form) for form in formats]
    parsers = parsers or [datetime.fromisoformat]
    wanted = f"a time like {' or '.join(formats)}" if formats else "an ISO 8601 time"

    def convert(cell: str) -> str:
        for parse in parsers:
            try:
                time = parse(cell)
                time = (time if time.tzinfo else time.replace(tzinfo=local)).astimezone(UTC)
                break
            except (ValueError, OverflowError):
                continue
        else:
            raise CellError(ErrorCode.TYPE_ERROR, f"is not {wanted}")
        text = time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        if latest and text > latest:
            message = f"is later than {latest}, when the file was stored plus the tolerance"
            raise CellError(ErrorCode.CONSTRAINT_ERROR, message)
        return text

    return Converter(convert)


def _parsed(form: str, cell: str) -> datetime:
    return datetime.strptime(cell, form)  # noqa: DTZ007  the caller knows the zone


def currency_converter() -> Converter:
    """A converter of ISO 4217 currency codes to upper case."""

    def convert(cell: str) -> str:
        code = cell.upper()
        if _CURRENCY.fullmatch(code) is None:
            raise CellError(ErrorCode.TYPE_ERROR, "is not a currency code of three letters")
        return code

    return Converter(convert)
