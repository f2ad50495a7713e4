"""Text split into stretches of well-formed records and single damaged ones.

Clean input is only looked at by one regular expression; all other work is around damage. What comes
out depends on the text alone, never on how it was cut into blocks: nothing is decided before the
text that decides it is there, and the last record before something undecided waits with it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.damage import MAX_RECORD_LINES, DamageJudge, window_end
from inventory.domain.reading.grammar import physical_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inventory.domain.reading.blocks import TextBlock
    from inventory.domain.reading.encodings import FeedEncoding
    from inventory.domain.reading.grammar import Grammar
    from inventory.domain.reading.rows import RecordMapper


class Stretch(NamedTuple):
    """A piece of a feed with one verdict.

    Attributes:
        text: Whole physical lines.
        line: Physical line on which it begins.
        byte_offset: Byte of the unpacked file at which it begins.
        end_byte_offset: Byte at which it ends.
        unreadable: Whether it may hold undecodable bytes or NUL.
        damage: What is wrong with it, as one record; "" when it holds well-formed records.
    """

    text: str
    line: int
    byte_offset: int
    end_byte_offset: int
    unreadable: bool
    damage: str

    def cut_at(self, byte_offset: int, encoding: FeedEncoding) -> Stretch:
        """The part of the stretch before a record boundary in it."""
        if byte_offset >= self.end_byte_offset:
            return self
        text = encoding.beginning(self.text, byte_offset - self.byte_offset)
        return self._replace(text=text, end_byte_offset=byte_offset)


class RecordSplitter:
    """Splits the blocks of one feed.

    Args:
        grammar: Well-formed records of the dialect.
        mapper: Knows what a whole record of the feed is, which helps to judge damage.
        encoding: Of the file, to count bytes.
        line: Physical line on which the first block begins.
        byte_offset: Byte at which the first block begins.
    """

    def __init__(
        self,
        grammar: Grammar,
        mapper: RecordMapper,
        encoding: FeedEncoding,
        *,
        line: int,
        byte_offset: int,
    ) -> None:
        self._grammar = grammar
        self._judge = DamageJudge(grammar, mapper.is_whole, mapper.layout.width)
        self._encoding = encoding
        self._line = line
        self._byte = byte_offset
        self._unreadable = False

    def split(self, blocks: Iterable[TextBlock]) -> Iterator[Stretch]:
        """Stretches that together cover the text."""
        waiting = ""
        for block in blocks:
            if block.long_line_bytes:
                yield from self._decided(waiting, final=True)
                yield self._long_line(block)
                waiting = ""
                self._unreadable = False
                continue
            text = waiting + block.text
            self._unreadable = block.unreadable or (self._unreadable and bool(waiting))
            taken = 0
            for stretch in self._decided(text, final=block.final):
                taken += len(stretch.text)
                if block.added_bytes and taken == len(text):
                    end = stretch.end_byte_offset - block.added_bytes
                    yield stretch._replace(end_byte_offset=end)
                else:
                    yield stretch
            waiting = text[taken:]

    def _decided(self, text: str, *, final: bool) -> Iterator[Stretch]:
        """Stretches of the beginning of the text, as far as it decides them."""
        position = 0
        while position < len(text):
            near, clean_stop, stop = self._clean(text, position)
            complete = clean_stop == len(text)
            reach = clean_stop if complete else window_end(text, clean_stop, final=final)
            if (complete and not final) or reach is None:
                # What comes next may cast doubt on the record before it.
                doubtful = self._judge.doubtful(text, near, clean_stop)
                if doubtful > position:
                    yield self._stretch(text[position:doubtful])
                return
            if complete:
                yield self._stretch(text[position:])
                return
            if stop > clean_stop:
                damage = f"the record runs over more than {MAX_RECORD_LINES} lines"
                start, end = clean_stop, self._judge.first_lines(text, clean_stop, reach)
            else:
                damage = self._judge.describe(text, clean_stop, reach)
                doubtful = self._judge.doubtful(text, near, clean_stop)
                start, end = self._judge.extent(text, doubtful, clean_stop, reach)
            if start > position:
                yield self._stretch(text[position:start])
            yield self._stretch(text[start:end], damage)
            position = end

    def _clean(self, text: str, position: int) -> tuple[int, int, int]:
        """How far the records are well-formed.

        Returns:
            A boundary of records more than `MAX_RECORD_LINES` lines before the end, or the
            position; where the last well-formed record ends; and, when the next record is
            well-formed but too long, where that one ends, else the same again.
        """
        grammar = self._grammar
        lines = 0
        near = deque([(position, lines)])
        while True:
            match = grammar.run.match(text, position)
            assert match is not None
            if match.end() == position:
                match = grammar.record.match(text, position)
                if match is None:
                    return near[0][0], position, position
                record = match[0]
                if len(record) > MAX_RECORD_SIZE or len(physical_lines(record)) > MAX_RECORD_LINES:
                    return near[0][0], position, match.end()
            # No more lines than there are, whichever way they end.
            ends = (text.count(character, position, match.end()) for character in "\r\n")
            lines += max(ends)
            position = match.end()
            near.append((position, lines))
            while lines - near[1][1] > MAX_RECORD_LINES:
                near.popleft()

    def _stretch(self, text: str, damage: str = "") -> Stretch:
        line, byte = self._line, self._byte
        lines = text.count("\n")
        if "\r" in text:
            lines += text.count("\r") - text.count("\r\n")
        self._line += lines
        self._byte += self._encoding.byte_length(text)
        return Stretch(text, line, byte, self._byte, self._unreadable, damage)

    def _long_line(self, block: TextBlock) -> Stretch:
        line, byte = self._line, self._byte
        self._line += 1
        self._byte += block.long_line_bytes
        damage = f"the line is longer than {MAX_RECORD_SIZE} bytes"
        return Stretch(block.text, line, byte, self._byte, unreadable=True, damage=damage)
