"""Peculiarities of reject files: places in the order, and cells that spreadsheets leave alone.

A corrected row counts as of the file that it came from. So its last cell says where the refused row
stood in the order: the base of that file and the line, `<time>#<sequencer>#<line>`. No spreadsheet
takes that for a date or a number. The row's token begins with it, hence follows the refused row
and comes before the next line of that file and before whatever is newer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inventory.domain.errors import ErrorCode
from inventory.domain.order import AFTER_THE_LINE
from inventory.domain.reading.quantities import CellError

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)(#[0-9A-F]{32}#\d{12})\Z", re.ASCII)
# `inventory rejects get` names it north.rejects.csv; a spreadsheet or a browser adds to that.
_NAME = re.compile(r"\.rejects\b[^/]*\Z")
# A cell that begins like this is run as a formula by Excel, LibreOffice or Google Sheets; the
# full-width signs are read as their plain forms where East Asian input is set.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# A cell that looks like a number or a date to one of them, and may be saved as another: 007 as 7,
# 4006381333931 as 4.00638E+12, 12,5 as 125, 3-4 as 4-Mar, MAR1 as 1-Mar.
# Source: https://datatest.readthedocs.io/en/stable/how-to/excel-auto-formatting.html
_TYPED = re.compile(
    r"'*(?:[+-]?[.,]?[0-9][0-9TZ .,:/E+-]*(?:%|[AP]M?)?"
    rf"|{_MONTH}[ ./-]*[0-9]+|[0-9]+[ ./-]*{_MONTH}|true|false)\Z",
    re.IGNORECASE,
)
# What every spreadsheet saves as it is.
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,10})\Z")


def names_reject_file(key: str) -> bool:
    """Tell whether an object's name says that it is a reject file.

    Args:
        key: Its key.
    """
    return _NAME.search(key) is not None


def place_of(base: str, line: int) -> str:
    """The place of a row in the order, as its reject file states it.

    Args:
        base: Base of the file's tokens.
        line: Physical line of the row.
    """
    return f"{base}#{line:012d}"


def time_of_place(place: str, own_time: str | None, *, latest: str) -> str:
    """Substitute for a corrected row's own time, see `Tokens.of`.

    Args:
        place: Last cell of the row.
        own_time: The row's own time, where the feed has one.
        latest: Latest time that a row may state, ISO 8601 UTC; "" for any.

    Raises:
        CellError: The cell is not what the reject file stated, or is later than that.
    """
    match = _PLACE.match(place.strip())
    if match is None:
        raise CellError(
            ErrorCode.CONSTRAINT_ERROR,
            "is not what the reject file said: without it the row would count as of now and could "
            "replace newer stock; fetch the reject file again and leave this column as it is",
        )
    time, rest = match.groups()
    if latest and time > latest:
        raise CellError(
            ErrorCode.CONSTRAINT_ERROR,
            f"is later than {latest}, when the file was stored plus the tolerance",
        )
    return f"{own_time or time}{rest}{AFTER_THE_LINE}"


def guarded(cell: str) -> str:
    """A cell that no spreadsheet runs or saves otherwise: an apostrophe before what one might."""
    endangered = _FORMULA.match(cell) or _TYPED.match(cell)
    return f"'{cell}" if endangered and not _WHOLE_NUMBER.match(cell) else cell


def restored(cells: Iterable[str]) -> list[str]:
    """Cells as they were before `guarded`."""
    return [
        cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell for cell in cells
    ]
