"""Text split into spans of well-formed records and single damaged ones.

Clean input is only looked at by one regular expression; all other work is around damage. What comes
out depends on the text alone, never on how it was cut into blocks: nothing is decided before the
text that decides it is there, and the last record before something undecided waits with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.damage import (
    WINDOW_CHARACTERS,
    DamagesAhead,
    Recovery,
    is_dense,
    next_line,
    window_end,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inventory.domain.reading.blocks import TextBlock
    from inventory.domain.reading.encodings import FeedEncoding
    from inventory.domain.reading.grammar import Grammar
    from inventory.domain.reading.rows import RecordMapper


_DENSE = "a quote in the line is misplaced or has no end, as in many lines around it"


class TextSpan(NamedTuple):
    """A piece of a feed with one verdict.

    Attributes:
        text: Whole physical lines.
        line: Physical line on which it begins.
        byte_offset: Byte of the unpacked file at which it begins.
        end_byte_offset: Byte at which it ends.
        unreadable: True if it may hold undecodable bytes or NUL.
        damage: What is wrong with it; "" when it holds well-formed records.
        each_line: True if each line of a damaged span is a record; else all of it is one.
    """

    text: str
    line: int
    byte_offset: int
    end_byte_offset: int
    unreadable: bool
    damage: str
    each_line: bool = False


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
        self._recovery = Recovery(grammar, mapper.is_whole, mapper.layout.width)
        self._encoding = encoding
        self._line = line
        self._byte = byte_offset
        self._unreadable = False

    def split(self, blocks: Iterable[TextBlock]) -> Iterator[TextSpan]:
        """Spans that together cover the text."""
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
            for span in self._decided(text, final=block.final):
                taken += len(span.text)
                if block.added_bytes and taken == len(text):
                    end = span.end_byte_offset - block.added_bytes
                    yield span._replace(end_byte_offset=end)
                else:
                    yield span
            waiting = text[taken:]

    def _decided(self, text: str, *, final: bool) -> Iterator[TextSpan]:
        """Spans of the beginning of the text, as far as it decides them."""
        position = 0
        ahead = DamagesAhead(self._clean_end, self._grammar, text)
        while position < len(text):
            stop = self._clean_end(text, position, len(text))
            if final and stop == len(text):
                yield self._span(text[position:])
                return
            undecided = stop == len(text) or (not final and self._may_go_on(text, stop))
            damages = None if undecided else ahead.find(stop, final=final)
            reach = None if damages is None else window_end(text, stop, final=final)
            if is_dense(damages):
                if stop > position:
                    yield self._span(text[position:stop])
                position = self._dense_end(text, stop, ahead, final=final)
                yield self._span(text[stop:position], _DENSE, each_line=True)
                continue
            doubtful = self._recovery.doubtful(text, position, stop)
            if damages is None or reach is None:
                # What comes next may cast doubt on the records before it.
                safe = doubtful[0] if doubtful else stop
                if safe > position:
                    yield self._span(text[position:safe])
                return
            damage, start, end = self._recovery.extent(text, doubtful, stop, reach, len(damages))
            if start > position:
                yield self._span(text[position:start])
            yield self._span(text[start:end], damage)
            position = end

    def _clean_end(self, text: str, position: int, end: int) -> int:
        """Where the well-formed records end that begin at a place."""
        grammar = self._grammar
        while True:
            # Without a quote every line is a record, and a single character is found at once.
            position = grammar.before_quote(text, position, end)
            match = grammar.run.match(text, position, end)
            assert match is not None
            if match.end() == position:
                # Its size alone bounds a record: DynamoDB takes nothing that is longer.
                match = grammar.record.match(text, position, min(end, position + MAX_RECORD_SIZE))
                if match is None or not self._recovery.is_one(match[0]):
                    return position
            position = match.end()

    def _may_go_on(self, text: str, position: int) -> bool:
        """Tell whether the damage, or its absence, may depend on more text than there is."""
        if not self._grammar.quoted or len(text) - position > MAX_RECORD_SIZE:
            return False
        line_stop = next_line(text, position)
        if len(text) - line_stop <= WINDOW_CHARACTERS and text.count('"', position, line_stop) & 1:
            return True
        return self._grammar.first_misplaced(text, position, len(text))[1]

    def _dense_end(self, text: str, damaged: int, ahead: DamagesAhead, *, final: bool) -> int:
        """Where the damaged lines end that follow one another and are refused alone."""
        while True:
            damaged = next_line(text, damaged)
            if not ahead.follows(damaged) or not is_dense(ahead.find(damaged, final=final)):
                return damaged

    def _span(self, text: str, damage: str = "", *, each_line: bool = False) -> TextSpan:
        line, byte = self._line, self._byte
        lines = text.count("\n")
        if "\r" in text:
            lines += text.count("\r") - text.count("\r\n")
        self._line += lines
        self._byte += self._encoding.byte_length(text)
        return TextSpan(text, line, byte, self._byte, self._unreadable, damage, each_line)

    def _long_line(self, block: TextBlock) -> TextSpan:
        line, byte = self._line, self._byte
        self._line += 1
        self._byte += block.long_line_bytes
        damage = f"the line is longer than {MAX_RECORD_SIZE} bytes"
        return TextSpan(block.text, line, byte, self._byte, unreadable=True, damage=damage)
