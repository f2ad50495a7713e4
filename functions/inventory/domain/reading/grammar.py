"""What a well-formed record looks like in one dialect, as regular expressions.

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
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

#: Records that are looked at in one step.
RUN_RECORDS = 256
_LINE_END = r"(?:\r\n?|\n)"


def physical_lines(text: str) -> list[str]:
    """The text's lines with their ends: CRLF, LF or a lone CR, and nothing else splits."""
    return io.StringIO(text, newline="").readlines()


@dataclass(frozen=True, slots=True)
class Grammar:
    """Records of one dialect.

    Attributes:
        delimiter: Between cells.
        quoted: Whether quotes quote.
        run: Matches up to `RUN_RECORDS` well-formed records of one line.
        record: Matches one well-formed record with its line end.
        edges: Finds the places beside delimiters, line ends and quotes.
    """

    delimiter: str
    quoted: bool
    run: re.Pattern[str]
    record: re.Pattern[str]
    edges: re.Pattern[str]

    def split(self, lines: list[str]) -> list[list[str]]:
        """Cells of well-formed records.

        Args:
            lines: Physical lines of whole records, as `physical_lines` gives them.
        """
        return list(self.reader(lines))

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
        if not self.quoted:
            return text.split(self.delimiter)
        cell = _loose_cell(self.delimiter)
        cells: list[str] = []
        position = 0
        while True:
            match = cell.match(text, position)
            assert match is not None
            inner = match[1]
            cells.append(match[2] if inner is None else inner.replace('""', '"'))
            position = match.end()
            if position >= len(text):
                return cells
            position += 1
            if position == len(text):
                return [*cells, ""]


@cache
def grammar_of(delimiter: str, *, quoted: bool) -> Grammar:
    """The grammar of a dialect."""
    end = re.escape(delimiter)
    if quoted:
        boundary = rf"[^{end}\r\n]"
        plain = r'[^"\r\n]*+'
        # (?<!not a boundary) also holds at the beginning of the text, as (?!...) does at its end.
        cell = rf'(?<!{boundary})"[^"]*+(?:""[^"]*+)*+"(?!{boundary})'
        cells = rf"{plain}(?:{cell}{plain})*+"
        one_line = cells.replace('[^"]', r'[^"\r\n]')
    else:
        one_line = cells = r"[^\r\n]*+"
    return Grammar(
        delimiter,
        quoted,
        re.compile(rf"(?:{one_line}{_LINE_END}){{0,{RUN_RECORDS}}}+"),
        re.compile(cells + _LINE_END),
        re.compile(rf'(?=[{end}\r\n"])|(?<![^{end}\r\n"])'),
    )


@cache
def _loose_cell(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    return re.compile(rf'"((?:[^"]++|"")*+)"(?={end}|\Z)|([^{end}]*+)')
