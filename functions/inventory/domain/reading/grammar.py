"""Regular expressions for the well-formed records of one dialect.

A quote opens a cell only at its beginning and closes it only at its end; inside, it is doubled.
Any other quote ("bare quote") makes the record malformed, which is stricter than RFC 4180 readers
are, and is what keeps a stray quote from merging records in silence: every well-formed record holds
an even number of quotes.

All repetitions are possessive, so matching is linear in the text.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Sequence

#: Records that are looked at in one step.
RUN_RECORDS = 256
_LINE_END = r"(?:\r\n?|\n)"
#: A physical line with its end.
LINE = rf"[^\r\n]*+{_LINE_END}"
#: What ends a line for `str.splitlines` besides.
#: Source: https://docs.python.org/3/library/stdtypes.html#str.splitlines
_OTHER_BOUNDARIES = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_CELL_TEXT = re.compile('[^"]*+(?:""[^"]*+)*+')


def physical_lines(text: str) -> list[str]:
    """The text's lines with their ends: CRLF, LF or a lone CR, and nothing else splits."""
    if any(map(text.__contains__, _OTHER_BOUNDARIES)):
        return io.StringIO(text, newline="").readlines()
    return text.splitlines(keepends=True)  # in half the time


def match_end(pattern: re.Pattern[str], text: str, start: int, end: int = sys.maxsize) -> int:
    """Return where the match of a pattern ends that matches anything."""
    match = pattern.match(text, start, end)
    assert match is not None
    return match.end()


@dataclass(frozen=True, slots=True)
class Grammar:
    """Records of one dialect.

    Attributes:
        delimiter: Between cells.
        quoted: True if quotes quote.
        run: Matches up to `RUN_RECORDS` well-formed records of one line.
        record: Matches one well-formed record with its line end.
        prefix: Matches the cells of a record as far as they are well-formed.
        opened: Matches a beginning of a well-formed record that leaves a quoted cell open.
        outside_line: Matches one line of a well-formed record that begins on it.
        inside_line: Matches one line of a well-formed record at whose beginning a cell is open.
    """

    delimiter: str
    quoted: bool
    run: re.Pattern[str]
    record: re.Pattern[str]
    prefix: re.Pattern[str]
    opened: re.Pattern[str]
    outside_line: re.Pattern[str]
    inside_line: re.Pattern[str]

    def has_quotes(self, text: str) -> bool:
        """Tell whether the text holds quotes that quote; else each line of it is a record."""
        return self.quoted and '"' in text

    def before_quote(self, text: str, start: int, end: int) -> int:
        """Position after the last line, from a line's beginning on, that no quote is before."""
        quote = text.find('"', start, end) if self.quoted else -1
        stop = end if quote < 0 else quote
        return max(text.rfind("\n", start, stop), text.rfind("\r", start, stop), start - 1) + 1

    def first_misplaced(self, text: str, start: int, end: int) -> tuple[int, bool]:
        """Find the first quote of a malformed record that neither opens, closes nor doubles.

        Returns:
            Its position and False; or the position of a quote that opens and is never closed and
            True.
        """
        at = match_end(self.prefix, text, start, end)
        if at > start and text[at - 1] not in (self.delimiter, "\r", "\n"):
            return at, False
        stop = match_end(_CELL_TEXT, text, at + 1, end)
        return (stop, False) if stop < end else (at, True)

    def split(self, lines: list[str]) -> list[list[str]]:
        """Cells of well-formed records.

        Args:
            lines: Physical lines of whole records, as `physical_lines` gives them.
        """
        text = "".join(lines)
        if self.has_quotes(text):
            return list(self.reader(lines))
        # As the reader does, in a third of the time.
        delimiter = self.delimiter
        records = [line.rstrip("\r\n").split(delimiter) for line in lines]
        if "\n\n" in text or "\r" in text or text.startswith("\n"):
            return [[] if cells == [""] else cells for cells in records]
        return records

    def columns(self, lines: Sequence[str], width: int) -> list[list[str]] | None:
        """Cells of records without quotes by column, in half the time of `split`.

        Args:
            lines: The records, each a physical line.
            width: Cells of each.

        Returns:
            A list for each column; None where a record has more or fewer cells.
        """
        delimiter = self.delimiter
        if set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
            return None
        text = "".join(lines)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.replace("\n", delimiter).split(delimiter)
        del cells[-1]  # after the last line end
        return [cells[at::width] for at in range(width)]

    def reader(self, lines: list[str]) -> Reader:
        """A C reader over physical lines of well-formed records."""
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(
            lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, quotechar=None, strict=True
        )

    def split_loosely(self, text: str) -> list[str]:
        """Cells of a malformed record, such that no character of it is lost.

        Well-formed quoted cells lose their quotes; wherever a quote is misplaced the cell is the
        raw text up to the next delimiter.
        """
        if not self.quoted or '"' not in text:
            return text.split(self.delimiter)
        found = _loose_cell(self.delimiter).findall(text)
        return [raw or inner.replace('""', '"') for inner, raw in found]


@cache
def grammar_of(delimiter: str, *, quoted: bool) -> Grammar:
    """The grammar of a dialect."""
    end = re.escape(delimiter)
    boundary = rf"[^{end}\r\n]"
    cells = one_line = opened = outside = inside = r"[^\r\n]*+"
    if quoted:
        plain = r'[^"\r\n]*+'
        # (?<!not a boundary) also holds at the beginning of the text, as (?!...) does at its end.
        opening, closing = rf'(?<!{boundary})"', rf'"(?!{boundary})'
        text = _CELL_TEXT.pattern
        # Spreadsheets keep text from becoming a number by writing ="00123".
        guarded = rf'(?<!{boundary}=)(?<==)"[^"{end}\r\n]*+{closing}'
        cells = rf"{plain}(?:(?:{opening}{text}{closing}|{guarded}){plain})*+"
        opened = rf"{cells}{opening}{text}"
        one_line = cells.replace('[^"]', r'[^"\r\n]')
        text = text.replace('[^"]', r'[^"\r\n]')
        outside = rf"{one_line}(?:{opening}{text})?+"
        inside = rf"{text}(?:{closing}{outside})?+"
    return Grammar(
        delimiter,
        quoted,
        run=re.compile(rf"(?:{one_line}{_LINE_END}){{0,{RUN_RECORDS}}}+"),
        record=re.compile(cells + _LINE_END),
        prefix=re.compile(cells),
        opened=re.compile(opened),
        outside_line=re.compile(outside + _LINE_END),
        inside_line=re.compile(inside + _LINE_END),
    )


@cache
def _loose_cell(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    quoted = rf'"({_CELL_TEXT.pattern})"(?={end}|\Z)'
    return re.compile(rf"(?:\A|{end})(?:{quoted}|([^{end}]*+))")
