"""The reader: its speed beside that of an earlier commit, and its memory as workbooks grow.

Both commits read the same files in turns, each in a process of its own, so that what else the
machine does meets both alike. `AGAINST` names the earlier commit; its history must be here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import BinaryIO

from bench import feeds
from bench.process import MEGABYTE, ROOT, peak_bytes

ON_REQUEST = True
AGAINST = "7c1b21a"
ROWS, QUICK_ROWS = 200_000, 20_000
TURNS, QUICK_TURNS = 9, 3
SHEET_ROWS, QUICK_SHEET_ROWS = (10_000, 500_000), (1_000, 10_000)
_TIMEOUT_SECONDS = 900


def run(*, quick: bool) -> dict[str, object]:
    """Measure CPU seconds of both commits, and the peak for a small and a large workbook.

    Args:
        quick: Smaller files, fewer turns.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "stock.csv")
        file.write_bytes(feeds.snapshot(QUICK_ROWS if quick else ROWS))
        earlier = _earlier(Path(folder))
        # The first turn only fills caches.
        turns = [
            (_measured(earlier, "read", file), _measured(ROOT, "read", file))
            for _ in range(1 + (QUICK_TURNS if quick else TURNS))
        ][1:]
        ratio = median(before / now for before, now in turns)
        figures: dict[str, object] = {f"reading_speed_ratio_to_{AGAINST}": round(ratio, 3)}
        small, large = QUICK_SHEET_ROWS if quick else SHEET_ROWS
        peaks = []
        for rows in (small, large):
            book = Path(folder, f"{rows}.xlsx")
            _write_workbook(book, rows)
            peaks.append(_measured(ROOT, "peak", book))
            figures[f"xlsx_peak_mb_{rows}_rows"] = round(peaks[-1] / MEGABYTE, 1)
        figures[f"xlsx_peak_memory_ratio_{large}_to_{small}_rows"] = round(peaks[1] / peaks[0], 3)
    return figures


def _earlier(folder: Path) -> Path:
    """The functions of the earlier commit."""
    archive = subprocess.run(
        ("git", "archive", AGAINST, "functions"), cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(("tar", "-x", "-C", folder), input=archive, check=True)
    return folder


def _measured(tree: Path, kind: str, file: Path) -> float:
    path = os.pathsep.join((str(tree / "functions"), str(ROOT / "dev")))
    done = subprocess.run(
        (sys.executable, "-m", "bench.reading", kind, file),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
    )
    return float(done.stdout)


def _write_workbook(file: Path, rows: int) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Stock")
    sheet.append(["sku", "location", "quantity", "name"])
    for number in range(rows):
        sheet.append([f"SKU-{number:07}", "Berlin", number % 997, f"Article {number}"])
    book.save(file)


def _main() -> None:
    """Read a file, and print the CPU seconds that it took or the peak."""
    from inventory.domain.reading import ProfileSet, open_feed

    kind, name = sys.argv[1:]
    began = time.process_time()
    feed = open_feed(_Stored(name), key=name, profiles=ProfileSet())
    if not sum(len(batch.rows) for batch in feed.batches()):
        raise ValueError(name)
    print(time.process_time() - began if kind == "read" else peak_bytes())


class _Stored:
    """A file on disk."""

    def __init__(self, name: str) -> None:
        self._path = Path(name)

    def open(self, start_byte: int = 0) -> BinaryIO:
        """A stream from a place on."""
        stream = self._path.open("rb")
        stream.seek(start_byte)
        return stream


if __name__ == "__main__":
    _main()
