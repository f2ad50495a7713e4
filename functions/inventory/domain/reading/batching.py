"""From stretches of records to batches of rows, rejects and skips."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from inventory.domain.errors import ErrorCode
from inventory.domain.model import Batch, Reject
from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.columns import ColumnMapper
from inventory.domain.reading.damage import MAX_RECORD_LINES
from inventory.domain.reading.encodings import UNREADABLE, printable
from inventory.domain.reading.grammar import grammar_of, physical_lines
from inventory.domain.reading.limits import SAFE_RECORD_CHARACTERS
from inventory.domain.reading.rows import RecordMapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inventory.domain.reading.encodings import FeedEncoding
    from inventory.domain.reading.layout import Layout
    from inventory.domain.reading.records import Stretch

#: Records looked at together where something is unusual.
_GROUP = 50
_CODES = frozenset(map(str, ErrorCode))


class Batcher:
    """Makes the batches of one feed.

    Args:
        layout: Where the columns are.
        encoding: Of the file, to count bytes.
        max_rows: Most rows, rejects and skips of a batch.
    """

    def __init__(self, layout: Layout, encoding: FeedEncoding, max_rows: int) -> None:
        self._layout = layout
        self._encoding = encoding
        self._max_rows = max_rows
        self._rows_per_record = max(len(layout.stock), 1)
        self._grammar = grammar_of(layout.delimiter, quoted=layout.profile.quoted)
        self._mapper = RecordMapper(layout)
        self._columns = ColumnMapper(self._mapper)
        # csv has one limit for the process. Records are bounded before they come here.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_SIZE))

    def batches(
        self, stretches: Iterable[Stretch], *, line: int, byte_offset: int
    ) -> Iterator[Batch]:
        """All batches; at least one, because it says where the feed ends.

        Args:
            stretches: The feed's text.
            line: Physical line on which it begins.
            byte_offset: Byte at which it begins.
        """
        self._batch = Batch(next_line=line, next_byte_offset=byte_offset)
        given = False
        for stretch in stretches:
            for _ in self._take(stretch):
                if self._room() > 0:
                    continue
                yield self._batch
                given = True
                self._batch = Batch(
                    next_line=self._batch.next_line,
                    next_byte_offset=self._batch.next_byte_offset,
                )
        batch = self._batch
        if not given or batch.rows or batch.rejects or batch.skips:
            yield batch

    def _room(self) -> int:
        """How much still fits the batch."""
        batch = self._batch
        return self._max_rows - len(batch.rows) - len(batch.rejects) - len(batch.skips)

    def _take(self, stretch: Stretch) -> Iterator[None]:
        """Put a stretch into batches, pausing wherever one may end."""
        lines = physical_lines(stretch.text)
        if stretch.damage:
            self._batch.rejects.append(self._damaged(stretch))
            self._batch.next_line = stretch.line + len(lines)
            self._batch.next_byte_offset = stretch.end_byte_offset
            yield
            return
        reader = self._grammar.reader(lines)
        done, byte = 0, stretch.byte_offset
        while records := list(islice(reader, max(self._room() // self._rows_per_record, 1))):
            part = lines[done : reader.line_num]
            line = stretch.line + done
            self._map(records, _Part(part, line, byte, self._encoding), stretch.unreadable)
            done = reader.line_num
            ended = done == len(lines)
            byte = stretch.end_byte_offset if ended else byte + self._size(part)
            self._batch.next_line = stretch.line + done
            self._batch.next_byte_offset = byte
            yield

    def _size(self, lines: Sequence[str]) -> int:
        return self._encoding.byte_length("".join(lines))

    def _map(self, records: list[list[str]], part: _Part, unreadable: bool) -> None:  # noqa: FBT001
        one_line_each = len(records) == len(part.lines)
        starts: Sequence[int] = range(len(records) + 1)
        if not one_line_each:
            reader = self._grammar.reader(part.lines)
            starts = [0, *(reader.line_num for _ in reader)]
        longest = max(map(len, part.lines)) * (1 if one_line_each else MAX_RECORD_LINES)
        sized = longest > SAFE_RECORD_CHARACTERS
        if unreadable or sized:
            self._map_each(records, starts, part, unreadable=unreadable, sized=sized)
        elif not self._map_columns(records, starts, part):
            # Something is unusual, mostly a row or two: look for it in small groups.
            for at in range(0, len(records), _GROUP):
                group, group_starts = records[at : at + _GROUP], starts[at : at + _GROUP + 1]
                if not self._map_columns(group, group_starts, part):
                    self._map_each(group, group_starts, part)

    def _map_columns(self, records: list[list[str]], starts: Sequence[int], part: _Part) -> bool:
        rows = self._columns.rows(records, [part.line + start for start in starts])
        if rows is None:
            return False
        self._batch.rows += rows
        return True

    def _map_each(
        self,
        records: list[list[str]],
        starts: Sequence[int],
        part: _Part,
        *,
        unreadable: bool = False,
        sized: bool = False,
    ) -> None:
        batch = self._batch
        for cells, start, stop in zip(records, starts, starts[1:], strict=False):
            refuse = _Refuse(batch.rejects, self._layout, part, (start, stop), cells)
            if unreadable and UNREADABLE.search("".join(cells)):
                refuse.unreadable()
                continue
            self._mapper.map(
                cells,
                part.line + start,
                sized=sized,
                rows=batch.rows,
                skips=batch.skips,
                refuse=refuse,
            )

    def _damaged(self, stretch: Stretch) -> Reject:
        raw = stretch.text.rstrip("\r\n")
        return Reject(
            line=stretch.line,
            byte_offset=stretch.byte_offset,
            error=ErrorCode.SOURCE_ERROR,
            message=stretch.damage,
            column=None,
            value=None,
            row=raw,
            cells=tuple(own_cells(self._layout, self._grammar.split_loosely(raw))),
        )


def own_cells(layout: Layout, cells: list[str]) -> list[str]:
    """The cells without those that a reject file appended, whatever the width of the record."""
    appended = len(layout.header) - len(layout.columns)
    if appended and (len(cells) == layout.width or (cells[-2:-1] and cells[-2] in _CODES)):
        return cells[:-appended]
    return cells


class _Part:
    """The physical lines of some records, and where they are."""

    def __init__(
        self, lines: list[str], line: int, byte_offset: int, encoding: FeedEncoding
    ) -> None:
        self.lines = lines
        self.line = line
        self._encoding = encoding
        self._known = (0, byte_offset)

    def raw(self, start: int, stop: int) -> str:
        """The text of some of the lines, without the line end."""
        return "".join(self.lines[start:stop]).rstrip("\r\n")

    def byte_offset(self, start: int) -> int:
        """Byte at which a line begins; asked for in ascending order."""
        known, byte = self._known
        byte += self._encoding.byte_length("".join(self.lines[known:start]))
        self._known = (start, byte)
        return byte


class _Refuse:
    """Makes the rejects of one record, which stands in some of the lines of a part."""

    __slots__ = ("_cells", "_layout", "_part", "_rejects", "_span")

    def __init__(
        self,
        rejects: list[Reject],
        layout: Layout,
        part: _Part,
        span: tuple[int, int],
        cells: list[str],
    ) -> None:
        self._rejects = rejects
        self._layout = layout
        self._part = part
        self._span = span
        self._cells = cells

    def __call__(self, code: ErrorCode, message: str, index: int | None) -> None:
        part = self._part
        cells = own_cells(self._layout, self._cells)
        start, stop = self._span
        self._rejects.append(
            Reject(
                line=part.line + start,
                byte_offset=part.byte_offset(start),
                error=code,
                message=message,
                column=None if index is None else self._layout.columns[index].strip(),
                value=None if index is None else cells[index],
                row=part.raw(start, stop),
                cells=tuple(cells),
            )
        )

    def unreadable(self) -> None:
        """Reject the record because of bytes that are no text in the file's encoding."""
        index = next((i for i, cell in enumerate(self._cells) if UNREADABLE.search(cell)), None)
        if index is not None and index >= len(self._layout.columns):
            index = None
        where = "" if index is None else f" {printable(self._cells[index])[:80]}"
        self(ErrorCode.ENCODING_ERROR, f"the row holds bytes that are no text:{where}", index)
