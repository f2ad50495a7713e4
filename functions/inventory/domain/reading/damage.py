"""Recovery after damage: where the damaged record begins and where it ends.

A record is damaged where a quote is misplaced or a quoted cell does not end in time. What follows
may belong to it (it had cells over several lines) or be intact (a stray quote only seems to make it
a part of a cell). The decision rests on single edits: if dropping or adding one quote, or a
delimiter beside one, makes a whole record, that is how far the record reached before it was
damaged. Where two readings fit, lines are refused rather than loaded.

Lines can be looked at one by one, because a line with an odd number of quotes leaves a cell open or
closes it, and one with an even number does neither: every well-formed record holds an even number.

What a decision may cost is bounded, so that no file takes longer than some twenty times a clean one
of its size: by counted steps, so that every machine decides alike, with constants of this module as
the bounds. Past them a damaged line is refused alone.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.grammar import LINE, match_end, physical_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from inventory.domain.reading.grammar import Grammar

#: Lines up to which a well-formed record is taken for one whatever its cells hold; a longer one is
#: compared with its lines, because a stray quote may have made it of many (`Recovery.is_one`).
LONG_RECORD_LINES = 64
#: How far ahead of damage is looked: every record that begins within reach also ends in it.
WINDOW_LINES = 2 * LONG_RECORD_LINES
WINDOW_CHARACTERS = 1 << 17
#: How far back records are in doubt, besides `LONG_RECORD_LINES`.
_DOUBTFUL_CHARACTERS = 1 << 16
#: Damage is dense where more than so many damages lie within so many characters: there every
#: damaged line is refused alone. Where there are fewer, they share the steps.
DENSE_CHARACTERS = 1 << 13
DENSE_DAMAGES = 32
_STEPS = 1 << 16
#: Steps for each record in doubt; that many fewer of them are asked where damages share the steps.
_STEPS_OF_DOUBTFUL = 1 << 12
#: Steps of an edit, besides one for each character that it makes necessary to look at.
_STEPS_OF_EDIT = 100
_STEPS_OF_PART = 10
#: Lines after a damaged one that are no rows if they are the text of a cell, and rows after it.
_LINES_OF_TEXT = 2
_ROWS_AFTER_TEXT = 2

_LINE = re.compile(LINE)
_LINES = re.compile(rf"(?:{LINE}){{0,{WINDOW_LINES}}}+")


class _Edit(NamedTuple):
    """A change of the text: what stands between two places is replaced."""

    left: int
    inserted: str
    right: int


class _Line(NamedTuple):
    """A line of a record.

    Attributes:
        start: Where it begins.
        stop: Where it ends.
        parts: The text between its quotes.
        counts: How many delimiters stand in each part.
        opened: 1 when a quoted cell is open at its beginning, else 0: parts with even and odd
            indexes stand outside and inside of quotes, or the other way round.
        cells: How many cells of the record end before it.
    """

    start: int
    stop: int
    parts: list[str]
    counts: list[int]
    opened: int
    cells: int


class _Rest(NamedTuple):
    """The rest of a record.

    Attributes:
        stop: Where the record ends.
        cells: How many cells begin in it.
    """

    stop: int
    cells: int


class _OutOfStepsError(Exception):
    """The decision would take more steps than it may."""


def are_rows(
    lines: Iterable[str], grammar: Grammar, whole: Callable[[list[str]], bool], width: int
) -> bool:
    """Tell whether each line of a record would be a whole one, were it not for the quote in it.

    Args:
        lines: The lines.
        grammar: Of the feed.
        whole: See `Recovery`.
        width: Cells of the header.
    """
    for line in lines:
        if line.count(grammar.delimiter) < width - 1:
            return False
        text = line.replace('"', "", 1) if line.count('"') & 1 else line
        if grammar.record.fullmatch(text) is None or not whole(*grammar.split([text])):
            return False
    return True


class Recovery:
    """Finds the boundaries of damaged records in feeds of one layout.

    Args:
        grammar: Well-formed records of the dialect.
        whole: True if cells can be those of a whole record: as many as the header has, and
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
        # What was found out at the beginnings of lines: cells that are open there, whole records.
        self._rests: dict[int, _Rest | None] = {}
        self._whole_ends: dict[int, int | None] = {}

    def is_one(self, record: str) -> bool:
        """Tell whether a well-formed record is one, and not rows that a stray quote has merged.

        It is not if all its lines are rows and its cells are of several of them. Else it is if it
        has no more than `LONG_RECORD_LINES` lines, or is a whole record of the feed; else unless
        its lines are: of the first of them after its beginning more than half.
        """
        if self._mixes_rows(record):
            return False
        if record.count("\n") + record.count("\r") <= LONG_RECORD_LINES:
            return True
        lines = physical_lines(record)
        if len(lines) <= LONG_RECORD_LINES or self._fits(record):
            return True
        inner = lines[1 : 1 + LONG_RECORD_LINES]
        return 2 * sum(map(self._is_row, inner)) <= len(inner)

    def _is_row(self, line: str) -> bool:
        return self._grammar.record.fullmatch(line) is not None and self._fits(line)

    def _mixes_rows(self, record: str) -> bool:
        """Tell whether text after the quoted cell is of another row than the text before it."""
        ends_quoted = record.rstrip("\r\n").endswith('"')
        return not ends_quoted and are_rows(
            physical_lines(record), self._grammar, self._whole_cells, self._width
        )

    def doubtful(self, text: str, floor: int, damaged: int) -> list[int]:
        """Return where the records begin on which damage casts doubt.

        That is the last record that is whole and all after it, but not more than
        `LONG_RECORD_LINES`: they may be parts of one record, or have taken in others.

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
        self._rests = {}
        self._whole_ends = {}
        line_stop = next_line(text, damaged)
        record = self._grammar.record.match(text, damaged, damaged + MAX_RECORD_SIZE)
        if record is not None and self._mixes_rows(record[0]):
            return "two quotes make one row of several whole ones", damaged, record.end()
        if record is not None:
            message = "a quote in the line has no end before many whole rows"
            return message, damaged, line_stop
        misplaced, opened = self._grammar.first_misplaced(text, damaged, end)
        message = self._describe(text[damaged:misplaced], opened=opened)
        self._steps = _STEPS // damages
        try:
            stop = self._repaired_here(damaged, line_stop, misplaced)
        except _OutOfStepsError:
            return message, damaged, self._absorb(damaged, line_stop)
        if stop is not None:
            return message, damaged, stop if stop > line_stop else self._beyond(damaged, line_stop)
        # Each record has steps of its own: what one tells does not depend on the others.
        nearest = doubtful[: -1 - LONG_RECORD_LINES // damages : -1]
        for find in (self._repaired_earlier, self._merged):
            for start in nearest:
                self._steps = _STEPS_OF_DOUBTFUL
                with suppress(_OutOfStepsError):
                    stop = find(start, damaged, line_stop)
                if stop is not None:
                    return message, start, stop
        return message, damaged, self._absorb(damaged, line_stop)

    def _describe(self, before: str, *, opened: bool) -> str:
        cell = len(self._grammar.split_loosely(before + "x"))
        if opened:
            return f"the quote that opens cell {cell} has no end"
        return f"a quote in cell {cell} neither begins nor ends it"

    def _spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise _OutOfStepsError

    def _repaired_here(self, damaged: int, line_stop: int, misplaced: int) -> int | None:
        """Return where the damaged record ends if an edit of it tells."""
        lines = list(self._lines(damaged, misplaced + 1))
        stops = self._stops(damaged, chain(*map(self._drops, lines), self._inserts(lines[0])))
        if not self._begins_whole(line_stop):
            # The record seems to go on: a quote may be missing at the end of any of its lines.
            stops |= self._stops(damaged, chain(*map(self._inserts, lines[1:])))
        stops = stops or self._stops(damaged, chain(*map(self._separations, lines)))
        longer = sorted(
            stop for stop in stops if stop > line_stop and not self._whole(line_stop, stop)
        )
        if longer:
            return next((stop for stop in longer if self._begins_whole(stop)), longer[0])
        return line_stop if stops and min(stops) <= line_stop else None

    def _repaired_earlier(self, start: int, damaged: int, line_stop: int) -> int | None:
        """Return the end of the damaged record if it is the well-formed one at `start`.

        A stray or lost quote made a part of a record look like a whole one: repaired, it reaches
        beyond the damage, or whole records follow it.
        """
        lines = list(self._lines(start, self._record_end(start) or start + 1))
        edits = chain(*map(self._drops, lines), self._inserts(lines[0]))
        for stop in sorted(self._stops(start, edits)):
            if stop > damaged or self._whole(stop, line_stop):
                return stop
        return None

    def _merged(self, start: int, damaged: int, line_stop: int) -> int | None:
        """Return the end of the first line of the record at `start` if whole records follow it.

        A stray quote made them one with it, up to the quote before a line break inside a cell.
        """
        second = next_line(self._text, start)
        return second if second < damaged and self._whole(second, line_stop) else None

    def _lines(self, start: int, until: int) -> Iterator[_Line]:
        """Yield the lines of a record that begin before a place."""
        cells = opened = 0
        while start < until:
            stop = next_line(self._text, start)
            parts = self._text[start:stop].split('"')
            counts = [part.count(self._grammar.delimiter) for part in parts]
            self._spend(_STEPS_OF_PART * len(parts))
            yield _Line(start, stop, parts, counts, opened, cells)
            cells += sum(counts[opened::2])
            opened ^= (len(parts) - 1) & 1
            start = stop

    def _drops(self, line: _Line) -> Iterator[_Edit]:
        """Yield edits that drop a quote and give as many cells as the header has."""
        at = line.start
        for index, (part, surplus) in enumerate(self._surpluses(line)):
            if index and surplus == 0 and (index == 1 or line.parts[index - 1]):
                yield _Edit(at - 1, "", at)
            at += len(part) + 1

    def _inserts(self, line: _Line) -> Iterator[_Edit]:
        """Yield edits that add a quote where a cell begins or ends, for as many cells."""
        delimiter = self._grammar.delimiter
        at = line.start
        for index, (part, surplus) in enumerate(self._surpluses(line)):
            before = -surplus if index % 2 == line.opened else surplus
            if 0 <= before <= line.counts[index]:
                cells = part.rstrip("\r\n").split(delimiter, before + 1)
                left = at + sum(len(cell) + 1 for cell in cells[:before])
                right = left + len(cells[before])
                for place in {left, right}:
                    yield _Edit(place, '"', place)
            at += len(part) + 1

    def _surpluses(self, line: _Line) -> Iterator[tuple[str, int]]:
        """Yield each part of a line, and the delimiters too many if a quote before it is edited.

        Behind a quote that is dropped or added, what was inside of quotes comes to stand outside
        and the other way round.
        """
        rest: _Rest | None = _Rest(line.stop, 0)
        if (len(line.parts) + line.opened) & 1:
            rest = self._rest(line.stop)
        if rest is None:
            return
        surplus = line.cells + sum(line.counts[1 - line.opened :: 2]) + rest.cells - self._width + 1
        for index, (part, count) in enumerate(zip(line.parts, line.counts, strict=True)):
            yield part, surplus
            surplus += count if index % 2 == line.opened else -count

    def _separations(self, line: _Line) -> Iterator[_Edit]:
        """Yield edits that put a delimiter beside a quote, or in place of what stands there."""
        delimiter = self._grammar.delimiter
        at = line.start - 1
        for part in line.parts[:-1]:
            at += len(part) + 1
            for left, right in ((at, at), (at + 1, at + 1), (at - 1, at), (at + 1, at + 2)):
                if left >= line.start:
                    yield _Edit(left, delimiter, right)

    def _stops(self, start: int, edits: Iterable[_Edit]) -> set[int]:
        """Return the ends of the whole records that edits make of the text from a place on."""
        text, grammar = self._text, self._grammar
        stops = set()
        for left, inserted, right in edits:
            stop = next_line(text, right)
            record = text[start:left] + inserted + text[right:stop]
            self._spend(_STEPS_OF_EDIT + len(record))
            if record.count('"') & 1:
                rest = self._rest(stop)
                if rest is None or grammar.opened.fullmatch(record) is None:
                    continue
                record += text[stop : rest.stop]
                self._spend(len(record))
                stop = rest.stop
            if grammar.record.fullmatch(record) and self._fits(record):
                stops.add(stop)
        return stops

    def _rest(self, position: int) -> _Rest | None:
        """Return the rest of a record of which a cell is open at the beginning of a line."""
        rests = self._rests
        passed = []
        rest: _Rest | None = None
        while position < self._end:
            if position in rests:
                rest = rests[position]
                break
            match = self._grammar.inside_line.match(self._text, position, self._end)
            parts = match[0].split('"') if match else [""]
            cells = sum(part.count(self._grammar.delimiter) for part in parts[1::2])
            passed.append((position, cells))
            if match is None:
                break
            position = match.end()
            if not len(parts) & 1:
                rest = _Rest(position, 0)
                break
        for place, cells in reversed(passed):
            rest = rests[place] = rest and _Rest(rest.stop, rest.cells + cells)
        return rest

    def _record_end(self, position: int) -> int | None:
        """Return where the well-formed record at the beginning of a line ends."""
        match = self._grammar.outside_line.match(self._text, position, self._end)
        if match is None:
            return None
        if not match[0].count('"') & 1:
            return match.end()
        rest = self._rest(match.end())
        return rest and rest.stop

    def _begins_whole(self, start: int) -> bool:
        """Tell whether a whole record or a blank line begins here, or nothing does."""
        return self._whole(start, min(start + 1, self._end))

    def _whole(self, start: int, stop: int) -> bool:
        """Tell whether whole records (and blank lines) cover the text up to `stop`."""
        while start < stop:
            self._spend(_STEPS_OF_PART)
            end = self._whole_end(start)
            if end is None:
                return False
            start = end
        return True

    def _whole_end(self, start: int) -> int | None:
        """Return where the whole record or blank line ends that begins here, if one does."""
        if start not in self._whole_ends:
            end = self._record_end(start)
            if end is not None:
                record = self._text[start:end]
                end = end if not record.strip("\r\n") or self._fits(record) else None
            self._whole_ends[start] = end
        return self._whole_ends[start]

    def _fits(self, record: str) -> bool:
        return self._whole_cells(self._grammar.split(physical_lines(record))[0])

    def _absorb(self, start: int, stop: int) -> int:
        """Return the end of the lines that seem to be of the record whose first line is given."""
        text = self._text
        cells = len(self._grammar.split_loosely(text[start:stop]))
        end = stop
        for _ in range(LONG_RECORD_LINES):
            if end >= self._end or self._whole_end(end) is not None:
                break
            next_stop = next_line(text, end)
            cells += len(self._grammar.split_loosely(text[end:next_stop])) - 1
            if cells > self._width:
                break
            end = next_stop
        return max(end, self._beyond(start, stop))

    def _beyond(self, damaged: int, start: int) -> int:
        """Return where the text ends that a cell may hold which the damaged line leaves open.

        Rows follow one another after it, and none follows at once: then a single line of it that
        looks like a row is none.
        """
        text = self._text
        if not text.count('"', damaged, start) & 1:
            return start
        self._end = far_end(text, start)
        self._whole_ends.clear()
        self._rests.clear()
        lines = rows = 0
        position = resumed = start
        while position < self._end and rows < _ROWS_AFTER_TEXT:
            end = self._whole_end(position)
            if end is None or text[position:end].isspace():
                lines, rows = lines + 1, 0
            elif lines < _LINES_OF_TEXT:
                return start
            else:
                resumed = resumed if rows else position
                rows += 1
            position = end or next_line(text, position)
        return resumed if rows else position


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

    def find(self, damaged: int, *, final: bool) -> Collection[int] | None:
        """Return where the damages begin that are near one, and that one; None: read on.

        Once they are dense, no more are looked for.

        Args:
            damaged: Where it begins.
            final: True if the file ends after the text.
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
        while self._known_to < limit and len(found) <= DENSE_DAMAGES:
            self._known_to = stop = self._clean_end(text, self._known_to, limit)
            if stop >= limit or self._grammar.first_misplaced(text, stop, limit)[1]:
                break  # Also at a cell that may end beyond.
            found.append(stop)
            self._known_to = next_line(text, stop)
        return found

    def follows(self, position: int) -> bool:
        """Tell whether the damage after the one that was asked for last begins here."""
        return len(self._found) > 1 and self._found[1] == position


def is_dense(damages: Collection[int] | None) -> bool:
    """Tell whether so many damages are near that each damaged line is refused alone."""
    return damages is not None and len(damages) > DENSE_DAMAGES


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


def far_end(text: str, start: int) -> int:
    """Return how far the text of a cell is looked for: the last line end of the window."""
    stop = start + WINDOW_CHARACTERS
    if stop >= len(text):
        return len(text)
    at = text.rfind("\n", start, stop)
    if at < 0:
        at = text.rfind("\r", start, stop)
        at += text.startswith("\n", at + 1)
    return max(at + 1, start)


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
        if begin == floor or len(lines) >= LONG_RECORD_LINES or size >= _DOUBTFUL_CHARACTERS:
            return lines[-LONG_RECORD_LINES:]
        size *= 4
