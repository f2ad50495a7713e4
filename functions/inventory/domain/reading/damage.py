"""How far damage reaches.

A record is damaged where a quote is misplaced or a quoted cell does not end in time. What follows
may belong to it (it had cells over several lines) or be intact (a stray quote only seems to swallow
it). The judgement rests on single edits: if dropping or adding one quote, or a delimiter beside
one, makes a whole record, that is how far the record reached before it
was damaged.

Parity decides most cases: every well-formed record holds an even number of quotes, so one stray
quote in a record of one line can never be repaired into a longer one by an edit in that line.

Where two readings fit, lines are refused rather than loaded.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.grammar import physical_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inventory.domain.reading.grammar import Grammar

#: Most physical lines of one record; else one stray quote would swallow the file.
MAX_RECORD_LINES = 64
#: How far ahead damage is judged: every record that begins within reach also ends in it.
WINDOW_LINES = 2 * MAX_RECORD_LINES
WINDOW_CHARACTERS = 1 << 17

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)")
# More quotes than this before the first misplaced one are not tried: such a record is garbage.
_MOST_EDITS = 200


class Extent(NamedTuple):
    """Where the damaged record begins and ends in the text."""

    start: int
    stop: int


class DamageJudge:
    """Judges damage in feeds of one layout.

    Args:
        grammar: Well-formed records of the dialect.
        whole: Whether cells can be those of a whole record: as many as the header has, and
            numbers where numbers must stand. It keeps lines of a cell from being taken for rows.
        width: Cells of the header.
    """

    def __init__(self, grammar: Grammar, whole: Callable[[list[str]], bool], width: int) -> None:
        self._grammar = grammar
        self._whole_cells = whole
        self._width = width

    def extent(self, text: str, previous: int, damaged: int, end: int) -> Extent:
        """Which part of the text is the damaged record.

        Args:
            text: Holds the damage.
            previous: Where the doubtful records before it begin; `damaged` when there are none.
            damaged: Where the damage was noticed: no well-formed record begins here.
            end: How far ahead to look; after a line end.
        """
        line_stop = _next_line(text, damaged)
        found_stops = set(self._repairs(text, damaged, line_stop, end))
        if not self._begins_whole(text, line_stop, end):
            # The record seems to go on: a quote may be missing at the end of any of its lines.
            found_stops |= set(self._repairs(text, damaged, end, end))
        stops = sorted(found_stops or set(self._separated(text, damaged, end)))
        longer = [
            stop
            for stop in stops
            if stop > line_stop and not self._whole(text, line_stop, stop, end)
        ]
        followed = [stop for stop in longer if self._begins_whole(text, stop, end)]
        if longer:
            return Extent(damaged, min(followed or longer))
        if stops and stops[0] <= line_stop:
            return Extent(damaged, line_stop)
        starts = self._starts(text, previous, damaged)[::-1]
        for find in (self._repaired_earlier, self._swallowed):
            for start in starts:
                found = find(text, start, damaged, end)
                if found is not None:
                    return Extent(start, found)
        return Extent(damaged, self._absorb(text, damaged, line_stop, end))

    def doubtful(self, text: str, start: int, damaged: int) -> int:
        """From where on damage casts doubt on the records before it.

        That is the last record that is whole and all after it, but not more than a record may
        have lines: they may be parts of one record, or have swallowed others.

        Args:
            text: Holds the records.
            start: A boundary of records, more than `MAX_RECORD_LINES` lines ahead if there are.
            damaged: Where the damage is, or where it may come.
        """
        lines = physical_lines(text[start:damaged])
        reader = self._grammar.reader(lines)
        begin = 0
        records: list[tuple[int, list[str]]] = []
        for cells in reader:
            if len(lines) - begin <= MAX_RECORD_LINES:
                records.append((begin, cells))
            begin = reader.line_num
        whole = (begin for begin, cells in reversed(records) if self._whole_cells(cells))
        first = next(whole, records[0][0] if records else len(lines))
        return damaged - sum(map(len, lines[first:]))

    def _begins_whole(self, text: str, start: int, end: int) -> bool:
        """Whether a whole record or a blank line begins here, or nothing does."""
        return self._whole(text, start, min(start + 1, end), end)

    def _starts(self, text: str, start: int, stop: int) -> list[int]:
        """Where the records begin."""
        lines = physical_lines(text[start:stop])
        reader = self._grammar.reader(lines)
        ends = [reader.line_num for _ in reader]
        return [start + sum(map(len, lines[:end])) for end in [0, *ends[:-1]]] if ends else []

    def _repaired_earlier(self, text: str, start: int, damaged: int, end: int) -> int | None:
        """End of the damaged record if it is the well-formed one that begins at `start`.

        A stray or lost quote made a part of a record look like a whole one: repaired, it reaches
        beyond the damage, or whole records follow it.
        """
        line_stop = _next_line(text, damaged)
        for stop in sorted(set(self._repairs(text, start, _next_line(text, start), end))):
            if stop > damaged or self._whole(text, stop, line_stop, end):
                return stop
        return None

    def _swallowed(self, text: str, start: int, damaged: int, end: int) -> int | None:
        """End of the first line of the well-formed record at `start` if whole records follow it.

        A stray quote swallowed them up to the quote before a line break inside a cell.
        """
        second = _next_line(text, start)
        if second < damaged and self._whole(text, second, _next_line(text, damaged), end):
            return second
        return None

    def first_lines(self, text: str, start: int, end: int) -> int:
        """End of the first line of a record that is too long, with what clearly belongs to it."""
        return self._absorb(text, start, _next_line(text, start), end)

    def describe(self, text: str, start: int, end: int) -> str:
        """What is wrong with the record that begins at `start`."""
        at, opened = _first_misplaced(text, start, end, self._grammar.delimiter)
        cell = len(self._grammar.split_loosely(text[start:at] + "x"))
        if opened:
            return f"the quote that opens cell {cell} has no end within {MAX_RECORD_LINES} lines"
        return f"a quote in cell {cell} neither begins nor ends it"

    def _fits(self, record: str) -> bool:
        return self._whole_cells(self._grammar.split(physical_lines(record))[0])

    def _whole(self, text: str, start: int, stop: int, end: int) -> bool:
        """Whether whole records (and blank lines) cover the text up to `stop`."""
        while start < stop:
            match = self._grammar.record.match(text, start, end)
            if match is None or (match[0].strip("\r\n") and not self._fits(match[0])):
                return False
            start = match.end()
        return True

    def _repairs(self, text: str, start: int, until: int, end: int) -> Iterator[int]:
        """Ends of the whole records that one more or one less quote would make from `start` on.

        Args:
            text: Holds the damage.
            start: Where the record begins.
            until: Before which place a quote may be missing.
            end: How far ahead to look.
        """
        yield from self._drops(text, start, end)
        misplaced, _ = _first_misplaced(text, start, end, self._grammar.delimiter)
        edges = self._grammar.edges.finditer(text, start, max(min(until, misplaced), start + 1))
        for edge in islice(edges, _MOST_EDITS):
            # A quote that was lost stood beside a delimiter, a line end or another quote.
            at = edge.start()
            length = self._repaired(text[start:at] + '"' + text[at:end])
            if length is not None and length > at - start:
                yield start + length - 1

    def _separated(self, text: str, start: int, end: int) -> Iterator[int]:
        """Ends of the whole records that a delimiter beside a quote would make from `start` on."""
        delimiter = self._grammar.delimiter
        misplaced, _ = _first_misplaced(text, start, end, delimiter)
        at = text.find('"', start, end)
        for _ in range(_MOST_EDITS):
            if not start <= at <= misplaced:
                return
            for left, right in ((at, at), (at + 1, at + 1), (at - 1, at), (at + 1, at + 2)):
                if left < start:
                    continue
                edited = text[start:left] + delimiter + text[right:end]
                length = self._repaired(edited)
                if length is not None and length > left - start:
                    yield start + length - 1 + right - left
            at = text.find('"', at + 1, end)

    def _drops(self, text: str, start: int, end: int) -> Iterator[int]:
        misplaced, _ = _first_misplaced(text, start, end, self._grammar.delimiter)
        at = text.find('"', start, end)
        for _ in range(_MOST_EDITS):
            if not start <= at <= misplaced:
                return
            length = self._repaired(text[start:at] + text[at + 1 : end])
            if length is not None and length > at - start:
                yield start + length + 1
            at = text.find('"', at + 1, end)

    def _repaired(self, edited: str) -> int | None:
        """Length of the whole record that the edited text begins with."""
        match = self._grammar.record.match(edited)
        if match is None or not self._fits(match[0]):
            return None
        return match.end() if len(physical_lines(match[0])) <= MAX_RECORD_LINES else None

    def _absorb(self, text: str, start: int, stop: int, end: int) -> int:
        """End of the lines that, broken like the first, together are no wider than one record."""
        cells = len(self._grammar.split_loosely(text[start:stop]))
        for _ in range(MAX_RECORD_LINES):
            match = self._grammar.record.match(text, stop, end)
            if stop >= end or (match and (not match[0].strip("\r\n") or self._fits(match[0]))):
                break
            next_stop = _next_line(text, stop)
            cells += len(self._grammar.split_loosely(text[stop:next_stop])) - 1
            if cells > self._width:
                break
            stop = next_stop
        return stop


def window_end(text: str, start: int, *, final: bool) -> int | None:
    """How far ahead damage at `start` is judged; None while that needs more text.

    It depends on the text alone, not on how much of it was read already.
    """
    stop = start
    for _ in range(WINDOW_LINES):
        match = _LINE.match(text, stop)
        if match is None:
            return stop if final else None
        if match.end() - start > WINDOW_CHARACTERS and stop > start:
            return stop
        stop = match.end()
    return stop


def _next_line(text: str, start: int) -> int:
    match = _LINE.match(text, start)
    return match.end() if match else len(text)


def _first_misplaced(text: str, start: int, end: int, delimiter: str) -> tuple[int, bool]:
    """The first quote that neither opens, closes nor doubles.

    Returns:
        Its position and False; or the position of a quote that opens and is never closed and True.
    """
    boundary = delimiter + "\r\n"
    opened = -1
    at = text.find('"', start, end)
    while at >= 0:
        if opened < 0:
            if at > start and text[at - 1] not in boundary:
                return at, False
            opened = at
        elif text[at + 1 : at + 2] == '"':
            at += 1
        elif at + 1 < end and text[at + 1] not in boundary:
            return at, False
        else:
            opened = -1
        at = text.find('"', at + 1, end)
    return (opened, True) if opened >= 0 else (end, False)
