"""Memory of the ingest as files grow: whole handlers in processes of their own, canned answers.

The file is made while it is read, so that nothing but the handler could hold it. Its rows are all
new and wide keys come round again, which is the case that keeps most: every batch is written.
"""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from statistics import median
from typing import TYPE_CHECKING

from bench import canned, feeds
from bench.process import MEGABYTE, peak_bytes, result_of

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

SIZES_MB = (10, 100, 1000)
QUICK_SIZES_MB = (10, 30)
RUNS, QUICK_RUNS = 3, 1


def run(*, quick: bool) -> dict[str, object]:
    """Measure the peak for small and large files."""
    sizes = QUICK_SIZES_MB if quick else SIZES_MB
    runs = QUICK_RUNS if quick else RUNS
    # Large files take minutes and vary least, so they run once.
    peaks = {
        size: median(_measured(size) for _ in range(runs if size == sizes[0] else 1))
        for size in sizes
    }
    smallest, largest = sizes[0], sizes[-1]
    name = "1gb" if largest == SIZES_MB[-1] else f"{largest}mb"
    figures: dict[str, object] = {
        f"peak_memory_mb_{size}_mb_of_input": round(peak, 1) for size, peak in peaks.items()
    }
    figures[f"peak_memory_ratio_{name}_to_{smallest}mb"] = round(
        peaks[largest] / peaks[smallest], 3
    )
    return figures


class Generated(io.RawIOBase):
    """A file that is made while it is read.

    Args:
        size_bytes: Its size; blank lines fill what the last whole row leaves.
        start: Where reading begins.
    """

    def __init__(self, size_bytes: int, start: int) -> None:
        super().__init__()
        self._pieces = feeds.pieces(1 << 40)
        self._left = size_bytes
        self._waiting = b""
        while start:
            start -= len(self.read(min(start, 1 << 20)))

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes."""
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        while len(self._waiting) < wanted:
            self._waiting += self._piece()
        data, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        self._left -= len(data)
        return data

    def _piece(self) -> bytes:
        piece = next(self._pieces)
        room = self._left - len(self._waiting)
        if len(piece) <= room:
            return piece
        return piece[: piece.rfind(b"\n", 0, room) + 1].ljust(room, b"\n")


class StoredElsewhere(canned.Reports):
    """A reports bucket whose objects take nothing of the memory that is measured."""

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer, and forget what was stored."""
        answer = super().__call__(request)
        self.files.clear()
        return answer


def _measured(size_mb: int) -> float:
    """Peak resident memory in MB of one process."""
    return float(result_of("bench.memory", str(size_mb), **canned.ENVIRONMENT))


def _main(size_mb: int) -> None:
    from inventory.handlers.processor import handler

    size_bytes = size_mb * MEGABYTE
    uploads = canned.Uploads(size_bytes, lambda start: Generated(size_bytes, start))
    with (
        canned.answering(canned.Tape(), uploads, StoredElsewhere()),
        redirect_stdout(io.StringIO()),
    ):
        handler(canned.event(size_bytes), canned.Context())
    print(peak_bytes() / MEGABYTE)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
