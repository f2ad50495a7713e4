"""The reader: its speed beside that of an earlier commit, and its memory as workbooks grow.

Both commits read the same file in many short turns, each in a process of its own, so that what else
the machine does meets both alike. `AGAINST` names the earlier commit; its history must be here.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, BinaryIO

from bench import feeds
from bench.process import MEGABYTE, ROOT, peak_bytes, result_of

if TYPE_CHECKING:
    from collections.abc import Callable

ON_REQUEST = True
AGAINST = "7c1b21a"
ROWS = 20_000
TURNS, QUICK_TURNS = 101, 11
SHEET_ROWS, QUICK_SHEET_ROWS = (10_000, 500_000), (1_000, 10_000)
_XMLNS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def run(*, quick: bool) -> dict[str, object]:
    """Measure CPU seconds of both commits, and the peak for a small and a large workbook."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ratio = _speed_ratio(folder, QUICK_TURNS if quick else TURNS)
        figures: dict[str, object] = {f"reading_speed_ratio_to_{AGAINST}": round(ratio, 3)}
        small, large = QUICK_SHEET_ROWS if quick else SHEET_ROWS
        peaks = {rows: _peak_mb(folder, rows) for rows in (small, large)}
        for rows, peak in peaks.items():
            figures[f"xlsx_peak_mb_{rows}_rows"] = round(peak, 1)
        ratio = peaks[large] / peaks[small]
        figures[f"xlsx_peak_memory_ratio_{large}_to_{small}_rows"] = round(ratio, 3)
    return figures


def _speed_ratio(folder: Path, turns: int) -> float:
    """How many times as fast as the earlier commit this one reads: the median of the turns."""
    file = folder / "stock.csv"
    file.write_bytes(feeds.snapshot(ROWS))
    with ExitStack() as stack:
        earlier, now = (_reader(tree, file, stack) for tree in (_earlier(folder), ROOT))
        # The first turn only fills caches.
        return median([earlier() / now() for _ in range(1 + turns)][1:])


def _earlier(folder: Path) -> Path:
    """The functions of the earlier commit."""
    archive = subprocess.run(
        ("git", "archive", AGAINST, "functions"), cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(("tar", "-x", "-C", folder), input=archive, check=True)
    return folder


def _reader(tree: Path, file: Path, stack: ExitStack) -> Callable[[], float]:
    """A process that reads a file whenever it is asked to; gives the CPU seconds of each time."""
    path = os.pathsep.join((str(tree / "functions"), str(ROOT / "dev")))
    process = stack.enter_context(
        subprocess.Popen(
            (sys.executable, "-m", "bench.reading", "turns", file),
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )

    def turn() -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        print(file=process.stdin, flush=True)
        return float(process.stdout.readline())

    return turn


def _peak_mb(folder: Path, rows: int) -> float:
    """Peak resident memory in MB of a process that reads a workbook."""
    book = folder / f"{rows}.xlsx"
    _write_workbook(book, rows)
    return float(result_of("bench.reading", "peak", str(book)))


def _write_workbook(file: Path, rows: int) -> None:
    """A workbook as Excel writes it: its texts in a part of their own, each of them once."""
    from openpyxl import Workbook
    from openpyxl.xml.constants import SHARED_STRINGS

    template = io.BytesIO()
    Workbook().save(template)
    texts = [f"<si><t>SKU-{n:07}</t></si><si><t>Article {n}</t></si>\n" for n in range(rows)]
    cells = [
        f'<row r="{n + 2}"><c t="s"><v>{2 * n}</v></c><c><v>{n % 997}</v></c>'
        f'<c t="s"><v>{2 * n + 1}</v></c></row>\n'
        for n in range(rows)
    ]
    header = "".join(
        f'<c t="inlineStr"><is><t>{x}</t></is></c>' for x in ("sku", "quantity", "name")
    )
    sheet = f'<row r="1">{header}</row>{"".join(cells)}'
    parts = {
        "xl/sharedStrings.xml": f"<sst {_XMLNS}>{''.join(texts)}</sst>",
        "xl/worksheets/sheet1.xml": (
            f"<worksheet {_XMLNS}><sheetData>{sheet}</sheetData></worksheet>"
        ),
    }
    with (
        zipfile.ZipFile(template) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        types = old.read("[Content_Types].xml").decode()
        texts_part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/>'
        parts["[Content_Types].xml"] = types.replace("</Types>", f"{texts_part}</Types>")
        for name in {*old.namelist(), *parts}:
            new.writestr(name, parts.get(name) or old.read(name))


def _main(kind: str, name: str) -> None:
    """Read a file and print the peak; or the CPU seconds, at each line of standard input."""
    if kind == "peak":
        _read(name)
        print(peak_bytes() / MEGABYTE)
    else:
        for _ in sys.stdin:
            began = time.process_time()
            _read(name)
            print(time.process_time() - began, flush=True)


def _read(name: str) -> None:
    from inventory.domain.reading import ProfileSet, open_feed

    feed = open_feed(_Stored(name), key=name, profiles=ProfileSet())
    if not sum(len(batch.rows) for batch in feed.batches()):
        raise ValueError(name)


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
    _main(*sys.argv[1:])
