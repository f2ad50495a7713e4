"""A large feed in byte ranges that can be read apart from one another.

Ranges begin and end where records do. Finding these takes the same splitting that reading does (one
regular expression over the text, and judgement around damage), without making rows: counting quotes
alone would be thrown out of step by the first stray one. So all ranges together give exactly what
the whole feed gives, whatever its damage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.reading.feed import Feed


class ByteRange(NamedTuple):
    """A part of a feed, for `continue_feed`.

    Attributes:
        start_byte: Where its first record begins.
        end_byte: Where its last record ends.
        start_line: Physical line at its beginning.
    """

    start_byte: int
    end_byte: int
    start_line: int


def byte_ranges(feed: Feed, target_bytes: int) -> Iterator[ByteRange]:
    """Ranges that together are the feed, in bounded memory.

    Args:
        feed: A feed that is not compressed, or a part of one.
        target_bytes: Least size of a range, except of the last; it grows past it by one stretch
            of text at most, which is a few hundred kilobytes.
    """
    start_byte = end_byte = feed.start_byte
    start_line = feed.start_line
    for stretch in feed.stretches():
        if end_byte - start_byte >= target_bytes:
            yield ByteRange(start_byte, end_byte, start_line)
            start_byte, start_line = stretch.byte_offset, stretch.line
        end_byte = stretch.end_byte_offset
    if end_byte > start_byte:
        yield ByteRange(start_byte, end_byte, start_line)
