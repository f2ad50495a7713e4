"""Recovery after damage: where the damaged record begins and where it ends.

A record is damaged where a quote is misplaced or a quoted cell does not end in time. What follows
may belong to it (it had cells over several lines) or be intact (a stray quote only seems to make it
a part of a cell). The decision rests on single edits: if dropping or adding one quote, or a
delimiter beside one, makes a whole record, that is how far the record reached before it was
damaged. Where two readings fit, lines are refused rather than loaded.

Lines can be looked at one by one, because a line with an odd number of quotes leaves a cell open or
closes it, and one with an even number does neither: every well-formed record holds an even number.

What a decision may cost is bounded, so that no file takes longer than some twenty times a clean one
of its size. `RecoveryLimits` has the numbers; steps are counted, so that every machine decides
alike. Past the bound a damaged line is refused alone.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.grammar import LINE, match_end, physical_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from inventory.domain.reading.grammar import Grammar

#: Most physical lines of one record; else one stray quote would make a cell of the file.
MAX_RECORD_LINES = 64
#: How far ahead of damage is looked: every record that begins within reach also ends in it.
WINDOW_LINES = 2 * MAX_RECORD_LINES
WINDOW_CHARACTERS = 1 << 17
#: How far back records are in doubt, besides `MAX_RECORD_LINES`.
_DOUBTFUL_CHARACTERS = 1 << 16
#: Damage is dense where more than so many damages lie within so many characters: there every
#: damaged line is refused alone. Where there are fewer, they share the steps.
DENSE_CHARACTERS = 1 << 13
DENSE_DAMAGES = 32
_STEPS = 1 << 17
#: Steps of an edit besides one for each of the characters that have to be looked at.
_STEPS_OF_EDIT = 100
# More edits than this are not tried of one kind and record: such a record is garbage.
_MOST_EDITS = 200

_LINE = re.compile(LINE)
_LINES = re.compile(rf"(?:{LINE}){{0,{WINDOW_LINES}}}+")


class _Edit(NamedTuple):
    """A change of the text: what stands between two places is replaced."""

    left: int
    inserted: str
    right: int


class _OutOfStepsError(Exception):
    """The decision would take more steps than it may."""


class Recovery:
    """Finds the boundaries of damaged records in feeds of one layout.

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
        self._steps = 0
        self._text = ""
        self._end = 0
        # Line start inside a quoted cell to where the record ends, None if it does not.
        self._closings: dict[int, int | None] = {}

    def doubtful(self, text: str, floor: int, damaged: int) -> list[int]:
        """Return where the records begin on which damage casts doubt.

        That is the last record that is whole and all after it, but not more than a record may
        have lines: they may be parts of one record, or have taken in others.

        Args:
            text: Holds the records.
            floor: A boundary of records before which nothing is in doubt.
            damaged: Where the damage is, or where it may come.
        """
        if not self._grammar.quoted:
            return []
        starts: list[int] = []
        stop = start = damaged
        quotes = 0
        for line in reversed(_lines_before(text, floor, damaged)):
            start -= len(line)
            quotes += line.count('"')
            if not quotes & 1:
                starts.append(start)
                if self._fits(text[start:stop]):
                    break
                stop = start
        return starts[::-1]

    def extent(
        self, text: str, doubtful: list[int], damaged: int, end: int, damages: int
    ) -> tuple[str, int, int]:
        """Return what is wrong with the damaged record, and where it begins and ends.

        Args:
            text: Holds the damage.
            doubtful: Where the records before it begin that are in doubt.
            damaged: Where the damage was noticed: no well-formed record of a bearable length
                begins here.
            end: How far ahead to look; after a line end.
            damages: How many damages, this one included, share the steps.
        """
        self._text = text
        self._end = end
        self._steps = _STEPS // damages
        self._closings = {}
        line_stop = next_line(text, damaged)
        try:
            if self._grammar.record.match(text, damaged):
                message = f"the record runs over more than {MAX_RECORD_LINES} lines"
                return message, damaged, self._absorb(damaged, line_stop)
            return self._describe(damaged), *self._extent(doubtful, damaged)
        except _OutOfStepsError:
            return self._describe(damaged), damaged, line_stop

    def _describe(self, start: int) -> str:
        at, opened = self._grammar.first_misplaced(self._text, start, self._end)
        cell = len(self._grammar.split_loosely(self._text[start:at] + "x"))
        if opened:
            return f"the quote that opens cell {cell} has no end within {MAX_RECORD_LINES} lines"
        return f"a quote in cell {cell} neither begins nor ends it"

    def _spend(self, characters: int) -> None:
        self._steps -= characters + _STEPS_OF_EDIT
        if self._steps < 0:
            raise _OutOfStepsError

    def _extent(self, doubtful: list[int], damaged: int) -> tuple[int, int]:
        line_stop = next_line(self._text, damaged)
        misplaced, _ = self._grammar.first_misplaced(self._text, damaged, self._end)
        found_stops = set(self._repairs(damaged, line_stop, misplaced))
        if not self._begins_whole(line_stop):
            # The record seems to go on: a quote may be missing at the end of any of its lines.
            found_stops |= set(self._repairs(damaged, self._end, misplaced))
        stops = sorted(found_stops or set(self._separated(damaged, misplaced)))
        longer = [stop for stop in stops if stop > line_stop and not self._whole(line_stop, stop)]
        followed = (stop for stop in longer if self._begins_whole(stop))
        if longer:
            return damaged, next(followed, longer[0])
        if stops and stops[0] <= line_stop:
            return damaged, line_stop
        for find in (self._repaired_earlier, self._merged):
            for start in reversed(doubtful):
                found = find(start, damaged)
                if found is not None:
                    return start, found
        return damaged, self._absorb(damaged, line_stop)

    def _repaired_earlier(self, start: int, damaged: int) -> int | None:
        """Return the end of the damaged record if it is the well-formed one at `start`.

        A stray or lost quote made a part of a record look like a whole one: repaired, it reaches
        beyond the damage, or whole records follow it.
        """
        stop = self._record_end(start)
        first_stop = next_line(self._text, start)
        if stop is None or (stop == first_stop and self._closing(stop) is None):
            return None
        line_stop = next_line(self._text, damaged)
        for repaired in sorted(set(self._repairs(start, first_stop, stop))):
            if repaired > damaged or self._whole(repaired, line_stop):
                return repaired
        return None

    def _merged(self, start: int, damaged: int) -> int | None:
        """Return the end of the first line of the record at `start` if whole records follow it.

        A stray quote made them one with it, up to the quote before a line break inside a cell.
        """
        second = next_line(self._text, start)
        if second < damaged and self._whole(second, next_line(self._text, damaged)):
            return second
        return None

    def _repairs(self, start: int, until: int, misplaced: int) -> Iterator[int]:
        """Yield the ends of the whole records that one quote less or more would make.

        Args:
            start: Where the record begins.
            until: Before which place a quote may be missing.
            misplaced: Where the record ceases to be well-formed, or ends.
        """
        text = self._text
        at = text.find('"', start, misplaced + 1)
        for _ in range(_MOST_EDITS):
            if at < 0:
                break
            yield from self._repaired(start, _Edit(at, "", at + 1))
            at = text.find('"', at + 1, misplaced + 1)
        edges = self._grammar.edges.finditer(text, start, max(min(until, misplaced), start + 1))
        for edge in islice(edges, _MOST_EDITS):
            # A quote that was lost stood beside a delimiter, a line end or another quote.
            yield from self._repaired(start, _Edit(edge.start(), '"', edge.start()))

    def _separated(self, start: int, misplaced: int) -> Iterator[int]:
        """Yield the ends of the whole records that a delimiter beside a quote would make."""
        text, delimiter = self._text, self._grammar.delimiter
        at = text.find('"', start, misplaced + 1)
        for _ in range(_MOST_EDITS):
            if at < 0:
                return
            for left, right in ((at, at), (at + 1, at + 1), (at - 1, at), (at + 1, at + 2)):
                if left >= start:
                    yield from self._repaired(start, _Edit(left, delimiter, right))
            at = text.find('"', at + 1, misplaced + 1)

    def _repaired(self, start: int, edit: _Edit) -> Iterator[int]:
        """Yield the end of the record that begins at `start` if the edit makes it a whole one."""
        text = self._text
        line_stop = next_line(text, edit.right)
        part = text[start : edit.left] + edit.inserted + text[edit.right : line_stop]
        self._spend(len(part))
        stop: int | None = line_stop
        if part.count('"') & 1:
            stop = self._closing(line_stop)
            if stop is None or self._grammar.opened.fullmatch(part) is None:
                return
            part += text[line_stop:stop]
            self._spend(len(part))
        if self._grammar.record.fullmatch(part):
            lines = physical_lines(part)
            short = len(lines) <= MAX_RECORD_LINES
            if short and self._whole_cells(self._grammar.split(lines)[0]):
                yield stop

    def _closing(self, position: int) -> int | None:
        """Return where a record ends of which a quoted cell is open at the beginning of a line."""
        closings, text = self._closings, self._text
        passed = []
        found: int | None = None
        while position < self._end:
            if position in closings:
                found = closings[position]
                break
            passed.append(position)
            match = self._grammar.inside_line.match(text, position, self._end)
            if match is None:
                break
            self._spend(len(match[0]))
            if match[0].count('"') & 1:
                found = match.end()
                break
            position = match.end()
        closings.update(dict.fromkeys(passed, found))
        return found

    def _record_end(self, position: int) -> int | None:
        """Return where the well-formed record at the beginning of a line ends."""
        match = self._grammar.outside_line.match(self._text, position, self._end)
        if match is None:
            return None
        self._spend(len(match[0]))
        return self._closing(match.end()) if match[0].count('"') & 1 else match.end()

    def _begins_whole(self, start: int) -> bool:
        """Whether a whole record or a blank line begins here, or nothing does."""
        return self._whole(start, min(start + 1, self._end))

    def _whole(self, start: int, stop: int) -> bool:
        """Whether whole records (and blank lines) cover the text up to `stop`."""
        while start < stop:
            end = self._record_end(start)
            if end is None:
                return False
            record = self._text[start:end]
            if record.strip("\r\n") and not self._fits(record):
                return False
            start = end
        return True

    def _fits(self, record: str) -> bool:
        return self._whole_cells(self._grammar.split(physical_lines(record))[0])

    def _absorb(self, start: int, stop: int) -> int:
        """Return the end of the lines that, broken like the first, are no wider than one record."""
        text = self._text
        cells = len(self._grammar.split_loosely(text[start:stop]))
        for _ in range(MAX_RECORD_LINES):
            if stop >= self._end:
                break
            record_end = self._record_end(stop)
            record = text[stop:record_end] if record_end is not None else ""
            if record_end is not None and (not record.strip("\r\n") or self._fits(record)):
                break
            next_stop = next_line(text, stop)
            cells += len(self._grammar.split_loosely(text[stop:next_stop])) - 1
            if cells > self._width:
                break
            stop = next_stop
        return stop


class DamagesAhead:
    """Finds the damages near one, as they would be if every damaged line were refused alone.

    Args:
        clean_end: Where the well-formed records end that begin at one place of a text and end
            before another.
        grammar: Well-formed records of the dialect.
        text: The text.
    """

    def __init__(
        self, clean_end: Callable[[str, int, int], int], grammar: Grammar, text: str
    ) -> None:
        self._clean_end = clean_end
        self._grammar = grammar
        self._text = text
        self._found: deque[int] = deque()
        self._known_to = 0

    def find(self, damaged: int, *, final: bool) -> Sequence[int] | None:
        """Return where the damages begin that are near one, and that one; None: read on.

        Args:
            damaged: Where it begins.
            final: Whether the file ends after the text.
        """
        text, found = self._text, self._found
        limit = next_line(text, damaged + DENSE_CHARACTERS)
        if limit >= len(text) and not final:
            return None
        while found and found[0] < damaged:
            found.popleft()
        if not found or found[0] != damaged:
            found.clear()
            found.append(damaged)
            self._known_to = next_line(text, damaged)
        while self._known_to < limit:
            self._known_to = stop = self._clean_end(text, self._known_to, limit)
            if stop >= limit or self._grammar.first_misplaced(text, stop, limit)[1]:
                break  # Also at a cell that may end beyond.
            found.append(stop)
            self._known_to = next_line(text, stop)
        return found


def window_end(text: str, start: int, *, final: bool) -> int | None:
    """Return how far ahead damage at `start` is looked; None while that needs more text.

    It depends on the text alone, not on how much of it was read already.
    """
    stop = match_end(_LINES, text, start)
    if stop - start > WINDOW_CHARACTERS:
        stop = next_line(text, start)
        while (next_stop := next_line(text, stop)) - start <= WINDOW_CHARACTERS:
            stop = next_stop
        return stop
    return stop if final or _LINE.match(text, stop) else None


def too_long(record: str) -> bool:
    """Whether a well-formed record is longer than any that could be meant."""
    if len(record) > MAX_RECORD_SIZE:
        return True
    most_lines = record.count("\n") + record.count("\r")
    return most_lines > MAX_RECORD_LINES and len(physical_lines(record)) > MAX_RECORD_LINES


def next_line(text: str, start: int) -> int:
    """Return where the line ends in which a place lies."""
    match = _LINE.match(text, start)
    return match.end() if match else len(text)


def _lines_before(text: str, floor: int, stop: int) -> list[str]:
    """Return the last lines before a line start, as far back as records are in doubt."""
    size = 1 << 12
    while True:
        begin = max(floor, stop - size)
        lines = physical_lines(text[begin:stop])
        if begin == stop - size:
            del lines[:1]  # begins before
        if begin == floor or len(lines) >= MAX_RECORD_LINES or size >= _DOUBTFUL_CHARACTERS:
            return lines[-MAX_RECORD_LINES:]
        size *= 4
