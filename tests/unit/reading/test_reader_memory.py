"""Memory does not grow with the file."""

from __future__ import annotations

import tracemalloc

import pytest

from feeds import BUILT_IN
from inventory.domain.reading import byte_ranges, open_feed

LINE = b'S%07d,%d,"a ""quoted"" name, of a row",shelf\n'
BAD = b'S%07d,%d,"never closed,shelf\n'


class Generated:
    """A feed of any length that is made while it is read.

    Args:
        rows: How many rows it has; every hundredth is damaged.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def open(self, start_byte: int = 0):
        """A new stream; beginning elsewhere means reading up to there."""
        stream = Stream(self._rows)
        while start_byte:
            start_byte -= len(stream.read(min(start_byte, 1 << 16)))
        return stream


class Stream:
    """The bytes of a generated feed."""

    def __init__(self, rows: int) -> None:
        self._lines = (
            (BAD if index % 100 == 50 else LINE) % (index, index % 977) for index in range(rows)
        )
        self._waiting = b"sku,quantity,name,place\n"

    def read(self, size: int) -> bytes:
        """Exactly as much as asked for, until the end."""
        pieces = [self._waiting]
        missing = size - len(self._waiting)
        while missing > 0 and (line := next(self._lines, b"")):
            pieces.append(line)
            missing -= len(line)
        data = b"".join(pieces)
        self._waiting = data[size:]
        return data[:size]

    def close(self) -> None:
        """Nothing is held."""


def peak(rows: int, *, ranges: bool) -> int:
    """Bytes at the peak of reading a feed."""
    tracemalloc.start()
    try:
        feed = open_feed(Generated(rows), key="a.csv", profiles=BUILT_IN)
        if ranges:
            assert sum(1 for _ in byte_ranges(feed, 1 << 16)) > rows // 10_000
        else:
            count = sum(len(b.rows) + len(b.rejects) for b in feed.batches())
            assert count == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ranges", [False, True], ids=["batches", "ranges"])
def test_a_file_ten_times_as_long_takes_no_more_memory(ranges: bool) -> None:  # noqa: FBT001
    """Peak memory of reading, and of planning ranges, is flat."""
    short, long = peak(20_000, ranges=ranges), peak(200_000, ranges=ranges)
    assert long < 1.1 * short
    assert long < 16 << 20
