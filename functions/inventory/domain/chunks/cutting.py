"""Where a file may be cut, so that its parts read exactly as the whole does.

The feed is walked with the reader's own splitter, which looks at clean text with one regular
expression only, so every quote is weighed as when the file is read in one go, and a stray one
shifts nothing. A cut lies between two records, so far from damage on both sides that nothing that
the reader considers when it judges damage lies beyond the cut.
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

# Damage is noticed within a record's lines of where it begins and judged by a window from there;
# records before it are questioned as far back as a record may reach.
_LINES_AFTER_DAMAGE = WINDOW_LINES + MAX_RECORD_LINES
_LINES_BEFORE_DAMAGE = MAX_RECORD_LINES + 1
_MOST_BYTES_A_CHARACTER = 4
_BYTES_AFTER_DAMAGE = MAX_RECORD_SIZE + _MOST_BYTES_A_CHARACTER * WINDOW_CHARACTERS


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
        feed: From its header, or from an earlier cut, on; not compressed.
        targets: Bytes of the file, ascending. Those behind the last good place get none.

    Yields:
        A cut for each target, in order; and None after each stretch of text, so that whoever
        scans can look at the clock.
    """
    wanted = iter(targets)
    target = next(wanted, None)
    clean_from = Cut(-_BYTES_AFTER_DAMAGE, -_LINES_AFTER_DAMAGE)
    candidate: Cut | None = None
    for stretch in feed.stretches():
        if target is None:
            return
        if stretch.damage:
            candidate = None
            lines = len(physical_lines(stretch.text))
            clean_from = Cut(stretch.end_byte_offset, stretch.line + lines)
        elif candidate is not None or stretch.end_byte_offset > target:
            for place in _places(feed, stretch):
                if candidate and place.line - candidate.line >= _LINES_BEFORE_DAMAGE:
                    while target is not None and target <= candidate.byte:
                        yield candidate
                        target = next(wanted, None)
                    candidate = None
                if target is None:
                    return
                if candidate is None and place.byte >= target and _far(place, clean_from):
                    candidate = place
        yield None
    while candidate is not None and target is not None and target <= candidate.byte:
        yield candidate
        target = next(wanted, None)


def _far(place: Cut, clean_from: Cut) -> bool:
    """Whether text has been clean for so long that no damage is judged by what follows."""
    return (
        place.line - clean_from.line >= _LINES_AFTER_DAMAGE
        or place.byte - clean_from.byte >= _BYTES_AFTER_DAMAGE
    )


def _places(feed: Feed, stretch: Stretch) -> Iterator[Cut]:
    """Where the records of a stretch begin."""
    lines = physical_lines(stretch.text)
    byte, done = stretch.byte_offset, 0
    reader = feed.grammar.reader(lines)
    for _ in reader:
        yield Cut(byte, stretch.line + done)
        byte += feed.encoding.byte_length("".join(lines[done : reader.line_num]))
        done = reader.line_num
