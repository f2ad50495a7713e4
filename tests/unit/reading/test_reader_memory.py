"""Memory does not grow with the file."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from feeds import BUILT_IN, opened
from inventory.domain.reading import Share, open_feed
from inventory.domain.reading.blocks import BLOCK_BYTES

pytestmark = pytest.mark.slow

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
        self._waiting = b"sku,quantity,name,attr_place\n"

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


def peak(rows: int, share: Share | None) -> int:
    """Bytes at the peak of reading a feed."""
    tracemalloc.start()
    try:
        feed = open_feed(
            Generated(rows), key="a.csv", profiles=BUILT_IN, block_bytes=BLOCK_BYTES // 4
        )
        for batch in feed.batches(share=share):
            assert len(batch.rows) <= 1000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("share", [None, Share(0, 8), Share(1, 8)], ids=str)
def test_a_file_five_times_as_long_takes_no_more_memory(share: Share | None) -> None:
    """Peak memory of reading all of it, or the share of one worker, is flat."""
    short, long = peak(12_000, share), peak(60_000, share)
    # How much text is held where a block ends differs a little from block to block.
    assert long < 1.4 * short
    assert long < 8 << 20


REFUSED = {
    "no number": "A1,many,x,1,\n",
    "two numbers": 'A1,1.234,x,"3,5",\n',
    "too large": f"A1,{'9' * 40},x,1,\n",
    "bad price": "A1,1,x,dear,\n",
    "blank SKU": ",1,x,1,\n",
    "bad time": "A1,1,x,1,yesterday\n",
    "extra cell": "A1,1,x,1,,surplus\n",
    "missing cell": "A1,1\n",
    "open quote": 'A1,1,"x,1,\n',
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED)
def test_a_refused_row_is_freed_at_once(line: str) -> None:
    """Functions look for cycles rarely: one through a row's frames would keep its whole batch."""
    text = "sku,quantity,name,unit_price,updated_at\n" + "A1,1,x,1,\n" * 50 + line + "B1,1,x,1,\n"
    feed = opened(text)
    list(feed.batches())  # what is made once
    gc.collect()
    gc.disable()
    try:
        rejects = sum(len(batch.rejects) for batch in feed.batches())
        cycles = gc.collect()
    finally:
        gc.enable()
    assert rejects
    assert cycles == 0
