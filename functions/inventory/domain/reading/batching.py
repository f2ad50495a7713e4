"""From spans of records to batches of rows, rejects and skips."""

from __future__ import annotations

import csv
from copy import copy
from itertools import accumulate, islice, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from inventory.domain.errors import ErrorCode
from inventory.domain.model import Batch, Reject, Rows
from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.columns import ColumnMapper
from inventory.domain.reading.corrections import restored
from inventory.domain.reading.damage import are_rows
from inventory.domain.reading.encodings import UNREADABLE, printable
from inventory.domain.reading.grammar import grammar_of, physical_lines
from inventory.domain.reading.limits import SAFE_RECORD_CHARACTERS
from inventory.domain.reading.profiles import REJECT_COLUMNS
from inventory.domain.reading.quantities import CELL_BREAK, is_unusual
from inventory.domain.reading.rows import RecordMapper, Refusal
from inventory.domain.reading.sharing import OwnRecords, Share, ShareReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inventory.domain.model import Row
    from inventory.domain.reading.encodings import FeedEncoding
    from inventory.domain.reading.layout import Layout
    from inventory.domain.reading.records import TextSpan

#: Records looked at together where something is unusual.
_GROUP = 50
#: Text after which a batch ends however few its rows are: whoever takes batches wants to know the
#: position from time to time, and rejects hold their text.
_MOST_BATCH_BYTES = 4 << 20
_ROWS_IN_CELL = (
    "the last cell of the row before holds lines that are whole rows: two quotes are stray, or "
    "these lines are text and must not look like rows"
)
_CODES = frozenset(map(str, ErrorCode))


class Batcher:
    """Makes the batches of one feed.

    Args:
        layout: Where the columns are.
        encoding: Of the file, to count bytes.
        max_rows: Most rows, rejects and skips of a batch.
        share: Whose rows to give; None for all.
    """

    def __init__(
        self, layout: Layout, encoding: FeedEncoding, max_rows: int, share: Share | None = None
    ) -> None:
        self._layout = layout
        self._encoding = encoding
        self._max_rows = max_rows
        self._rows_per_record = max(len(layout.stock), 1)
        self._grammar = grammar_of(layout.delimiter, quoted=layout.profile.quoted)
        self._mapper = RecordMapper(layout)
        self._columns = ColumnMapper(self._mapper)
        self._share = share if share is not None and share.workers > 1 else None
        self._reader: ShareReader | None = None
        if self._share is not None and self._share.index > 0:
            self._reader = ShareReader(self._share, self._grammar, self._mapper)
        # A shared batch ends before it is full: what is left of it would take a record at a time.
        self._least_room = max_rows // 4 if self._share else 0
        # csv has one limit for the process. Records are bounded before they come here.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_SIZE))

    def batches(self, spans: Iterable[TextSpan], *, line: int, byte_offset: int) -> Iterator[Batch]:
        """All batches; at least one, because it says where the feed ends.

        Args:
            spans: The feed's text.
            line: Physical line on which it begins.
            byte_offset: Byte at which it begins.
        """
        self._batch = Batch(next_line=line, next_byte_offset=byte_offset)
        given: int | None = None
        for span in spans:
            for _ in self._take(span):
                end = self._batch.next_byte_offset
                if self._room() > self._least_room and end - byte_offset < _MOST_BATCH_BYTES:
                    continue
                yield self._batch
                given = byte_offset = end
                self._batch = Batch(next_line=self._batch.next_line, next_byte_offset=end)
        if given != self._batch.next_byte_offset:
            yield self._batch

    def _room(self) -> int:
        """How much still fits the batch."""
        batch = self._batch
        return self._max_rows - len(batch.rows) - len(batch.rejects) - len(batch.skips)

    def _records_that_fit(self) -> int:
        return max(self._room() // self._rows_per_record, 1)

    def _take(self, span: TextSpan) -> Iterator[None]:
        """Put a span into batches, pausing wherever one may end."""
        if span.damage:
            yield from self._take_damaged(span)
        elif self._reader is None:
            yield from self._take_all(span)
        else:
            yield from self._take_own(span, self._reader.find(span.text))

    def _take_damaged(self, span: TextSpan) -> Iterator[None]:
        lines = physical_lines(span.text)
        if self._reader is not None:
            self._move_to(span.line + len(lines), span.end_byte_offset)
            yield
        elif not span.each_line:
            self._batch.rejects.append(
                self._damaged(span.text, span.line, span.byte_offset, span.damage)
            )
            self._move_to(span.line + len(lines), span.end_byte_offset)
            yield
        else:
            number, byte = span.line, span.byte_offset
            for line in lines:
                self._batch.rejects.append(self._damaged(line, number, byte, span.damage))
                number += 1
                byte += self._encoding.byte_length(line)
                ended = number == span.line + len(lines)
                self._move_to(number, span.end_byte_offset if ended else byte)
                yield

    def _take_all(self, span: TextSpan) -> Iterator[None]:
        """Take every record; rows of other shares are only counted."""
        lines = physical_lines(span.text)
        unusual = span.unreadable or is_unusual(span.text)
        reader = self._grammar.reader(lines) if self._grammar.has_quotes(span.text) else None
        done, byte = 0, span.byte_offset
        while done < len(lines):
            records: list[list[str]] | None = None
            starts: Sequence[int]
            if reader is None:
                part_lines = lines[done : done + self._records_that_fit()]
                starts = range(len(part_lines) + 1)
            else:
                records = list(islice(reader, self._records_that_fit()))
                part_lines = lines[done : reader.line_num]
                starts = range(len(records) + 1)
                if len(records) < len(part_lines):
                    again = self._grammar.reader(part_lines)
                    starts = [0, *(again.line_num for _ in again)]
            first = span.line + done
            numbers = [first + start for start in starts]
            part = _Part(part_lines, starts, numbers, byte, self._encoding)
            found = self._map(copy(part), records, unusual=unusual)
            if records is not None and len(records) < len(part_lines):
                found.rejects += self._rows_in_cells(records, part)
                found.rejects.sort(key=attrgetter("line"))
            self._add(found)
            done += len(part_lines)
            ended = done == len(lines)
            byte = span.end_byte_offset if ended else byte + self._size(part_lines)
            self._move_to(span.line + done, byte)
            yield

    def _add(self, found: Batch) -> None:
        batch, share = self._batch, self._share
        if share is None:
            batch.rows.add(found.rows.columns)
        else:
            own = [Share.of(sku, share.workers) == share.index for sku in found.rows.skus]
            batch.rows.add(found.rows.where(own).columns)
            batch.rows_of_others += own.count(False)
        batch.rejects += found.rejects
        batch.skips += found.skips

    def _take_own(self, span: TextSpan, found: OwnRecords) -> Iterator[None]:
        """Take the records of the share alone."""
        lines, starts, own = found
        unusual = span.unreadable or is_unusual(span.text)
        quoted = self._grammar.has_quotes(span.text)
        done, byte, taken = 0, span.byte_offset, 0
        while done < len(lines):
            some = own[taken : taken + self._records_that_fit()]
            taken += len(some)
            if some:
                part_lines, part_starts = found.gathered(some)
                numbers = [span.line + starts[record] for record in some]
                part = _Part(part_lines, part_starts, numbers, byte, self._encoding)
                records = self._grammar.split(part_lines) if quoted else None
                found_rows = self._map(part, records, unusual=unusual).rows
                self._batch.rows.add(found_rows.columns)
            stop = starts[some[-1] + 1] if taken < len(own) else len(lines)
            ended = stop == len(lines)
            byte = span.end_byte_offset if ended else byte + self._size(lines[done:stop])
            done = stop
            self._move_to(span.line + done, byte)
            yield

    def _move_to(self, line: int, byte_offset: int) -> None:
        self._batch.next_line = line
        self._batch.next_byte_offset = byte_offset

    def _size(self, lines: Sequence[str]) -> int:
        return self._encoding.byte_length("".join(lines))

    def _map(self, part: _Part, records: list[list[str]] | None, *, unusual: bool) -> Batch:
        """Map records, as far as possible by column.

        Args:
            part: Where they are.
            records: Their cells; None where each is a line without quotes.
            unusual: True if the text around them holds something that has to be looked at.
        """
        found = Batch()
        sized = part.longest > SAFE_RECORD_CHARACTERS
        unusual = unusual or sized
        usable = self._columns.usable
        whole = usable and not unusual
        if whole and self._map_columns(found, self._by_column(part, records), part.numbers):
            return found
        if records is None:
            records = self._grammar.split(part.lines)
        # Something is unusual, mostly a row or two: look for it in small groups.
        for at in range(0, len(records), _GROUP):
            group = records[at : at + _GROUP]
            plain = usable and (not unusual or part.is_plain(at, at + len(group)))
            numbers = part.numbers[at : at + _GROUP]
            if not (plain and self._map_columns(found, self._transposed(group), numbers)):
                self._map_each(found, group, at, part, sized=sized)
        return found

    def _by_column(
        self, part: _Part, records: list[list[str]] | None
    ) -> Sequence[Sequence[str]] | None:
        if records is None:
            return self._grammar.columns(part.lines, self._layout.width)
        return self._transposed(records)

    def _transposed(self, records: list[list[str]]) -> Sequence[Sequence[str]] | None:
        if set(map(len, records)) == {self._layout.width}:
            return list(zip(*records, strict=True))
        return None

    def _map_columns(
        self, found: Batch, cells: Sequence[Sequence[str]] | None, numbers: Sequence[int]
    ) -> bool:
        columns = cells and self._columns.columns(cells, numbers[: len(cells[0])])
        if not columns:
            return False
        found.rows.add(columns)
        return True

    def _map_each(
        self,
        found: Batch,
        records: list[list[str]],
        first: int,
        part: _Part,
        *,
        sized: bool,
    ) -> None:
        rows: list[Row] = []
        for index, cells in enumerate(records, first):
            refusals: Sequence[Refusal]
            if UNREADABLE.search("".join(cells)):
                refusals = (self._unreadable(cells),)
            else:
                refusals = self._mapper.map(
                    cells, part.numbers[index], sized=sized, rows=rows, skips=found.skips
                )
            if refusals:
                found.rejects += self._rejects(refusals, cells, index, part)
        found.rows.add(Rows(rows).columns)

    def _rows_in_cells(self, records: list[list[str]], part: _Part) -> Iterator[Reject]:
        """Rejects for lines of last cells that are whole rows by themselves.

        Two stray quotes may have made text of them. What stands before the cell is right anyhow.
        """
        whole, width = self._mapper.is_whole, self._layout.width
        for at, cells in enumerate(records):
            first, *lines = part.lines_of(at)
            last = "".join(lines[-1:]).rstrip("\r\n")
            if (
                last.endswith('"')
                and len(cells) == width
                and are_rows(lines, self._grammar, whole, width)
            ):
                number = part.numbers[at] + 1
                byte = part.byte_offset(at) + self._encoding.byte_length(first)
                yield self._damaged("".join(lines), number, byte, _ROWS_IN_CELL)

    def _unreadable(self, cells: list[str]) -> Refusal:
        index = next((i for i, cell in enumerate(cells) if UNREADABLE.search(cell)), None)
        if index is not None and index >= len(self._layout.columns):
            index = None
        where = "" if index is None else f": {printable(cells[index])[:80]}"
        message = (
            f"the row holds bytes that are no text{where}; save the file as CSV UTF-8, or name its "
            "encoding in the profile (encodings)"
        )
        return Refusal(ErrorCode.ENCODING_ERROR, message, index)

    def _rejects(
        self, refusals: Iterable[Refusal], cells: list[str], record: int, part: _Part
    ) -> list[Reject]:
        header = self._layout.header
        if self._layout.of_sheet:
            cells = [cell.replace(CELL_BREAK, "\n") for cell in cells]
        line, byte, raw = part.numbers[record], part.byte_offset(record), part.raw(record)
        own, place = own_cells(self._layout, cells)
        return [
            Reject(
                line,
                byte,
                error,
                message,
                None if column is None else header[column].strip(),
                None if column is None else cells[column],
                raw,
                own,
                place,
            )
            for error, message, column in refusals
        ]

    def _damaged(self, text: str, line: int, byte_offset: int, damage: str) -> Reject:
        raw = text.rstrip("\r\n")
        own, place = own_cells(self._layout, self._grammar.split_loosely(raw))
        return Reject(
            line=line,
            byte_offset=byte_offset,
            error=ErrorCode.SOURCE_ERROR,
            message=damage,
            column=None,
            value=None,
            row=raw,
            cells=own,
            place=place,
        )


def own_cells(layout: Layout, cells: list[str]) -> tuple[tuple[str, ...], str | None]:
    """The cells of a record that are the feed's own, and its place where it is of a reject file.

    Args:
        layout: Where the columns are.
        cells: The record as split, of whatever width.

    Returns:
        The cells as they were refused; and what the reject file said of the row's place, "" where
        that cannot be told, None in any other feed.
    """
    place = None
    if layout.corrected:
        appended = len(REJECT_COLUMNS)
        error = " ".join(cells[1 - appended : 2 - appended]).partition(" ")[0]
        told = len(cells) == layout.width or error in _CODES
        place = cells[-1] if told else ""
        cells = restored(cells[:-appended] if told else cells)
    named = len(layout.columns)
    if len(cells) == named + layout.unnamed and not any(map(str.strip, cells[named:])):
        cells = cells[:named]
    return tuple(cells), place


class _Part:
    """The physical lines of some records, and where they are.

    Args:
        lines: The lines.
        starts: Index of the line on which each record begins, and of the end.
        numbers: Physical line of the file on which each record begins.
        byte_offset: Byte at which the first begins.
        encoding: Of the file.
    """

    def __init__(
        self,
        lines: list[str],
        starts: Sequence[int],
        numbers: Sequence[int],
        byte_offset: int,
        encoding: FeedEncoding,
    ) -> None:
        self.lines = lines
        self.numbers = numbers
        self._starts = starts
        self._encoding = encoding
        self._known = (0, byte_offset)

    @property
    def longest(self) -> int:
        """Characters of the longest record."""
        if len(self.numbers) >= len(self.lines):
            return max(map(len, self.lines))
        ends = list(accumulate(map(len, self.lines), initial=0))
        return max(ends[stop] - ends[start] for start, stop in pairwise(self._starts))

    def is_plain(self, first: int, stop: int) -> bool:
        """Tell whether some records are short and hold nothing that has to be looked at."""
        text = "".join(self.lines[self._starts[first] : self._starts[stop]])
        return not (
            len(text) > SAFE_RECORD_CHARACTERS or UNREADABLE.search(text) or is_unusual(text)
        )

    def raw(self, record: int) -> str:
        """The text of a record, without the line end."""
        return "".join(self.lines_of(record)).rstrip("\r\n")

    def lines_of(self, record: int) -> list[str]:
        """The physical lines of a record."""
        return self.lines[self._starts[record] : self._starts[record + 1]]

    def byte_offset(self, record: int) -> int:
        """Byte at which a record begins; asked for in ascending order."""
        known, byte = self._known
        start = self._starts[record]
        byte += self._encoding.byte_length("".join(self.lines[known:start]))
        self._known = (start, byte)
        return byte
