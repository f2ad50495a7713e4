"""Where a large feed may be cut, so that its parts read as the whole does.

The feed is walked with the reader's own splitter, which looks at clean text with one regular
expression only (some 200 MB a second). A cut lies between two records of a clean stretch, far
enough from damage that neither side's judgement of it (see `damage`) can reach over the cut: so
every quote is weighed exactly as when the file is read in one go, and a stray one shifts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.damage import MAX_RECORD_LINES, WINDOW_CHARACTERS, WINDOW_LINES
from inventory.domain.reading.grammar import physical_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inventory.domain.reading.feed import Feed
    from inventory.domain.reading.records import Stretch

# Damage is noticed at most one record after it begins, and judged by a window after that.
_CLEAN_LINES = WINDOW_LINES + MAX_RECORD_LINES
_MOST_BYTES_A_CHARACTER = 4
_CLEAN_BYTES = MAX_RECORD_SIZE + _MOST_BYTES_A_CHARACTER * WINDOW_CHARACTERS


class Cut(NamedTuple):
    """A place between two records.

    Attributes:
        byte: Byte of the file.
        line: Physical line there.
    """

    byte: int
    line: int


def cuts(feed: Feed, targets: Iterable[int]) -> Iterator[Cut | None]:
    """The first good place at or after each target, as the scan comes to it.

    Args:
        feed: From its header, or from an earlier cut, on.
        targets: Bytes of the file, ascending. Those behind the last good place get none.

    Yields:
        A cut for each target, in order; and None after each stretch, so that whoever scans can
        look at the clock.
    """
    wanted = iter(targets)
    target = next(wanted, None)
    clean_from = Cut(-_CLEAN_BYTES, -_CLEAN_LINES)
    for stretch in feed.stretches():
        if target is None:
            return
        if stretch.damage:
            end_line = stretch.line + len(physical_lines(stretch.text))
            clean_from = Cut(stretch.end_byte_offset, end_line)
        elif stretch.end_byte_offset > target:
            for place in _places(feed, stretch):
                while (
                    target is not None
                    and place.byte >= target
                    and (
                        place.line - clean_from.line >= _CLEAN_LINES
                        or place.byte - clean_from.byte >= _CLEAN_BYTES
                    )
                ):
                    yield place
                    target = next(wanted, None)
                if target is None:
                    return
        yield None


def _places(feed: Feed, stretch: Stretch) -> Iterator[Cut]:
    """Beginnings of the stretch's records; after each of them the stretch goes on."""
    lines = physical_lines(stretch.text)
    byte, done = stretch.byte_offset, 0
    reader = feed.grammar.reader(lines)
    for _ in reader:
        yield Cut(byte, stretch.line + done)
        byte += feed.encoding.byte_length("".join(lines[done : reader.line_num]))
        done = reader.line_num
