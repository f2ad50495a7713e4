"""What damage costs a reader: CPU time of damaged files beside the same files without quotes.

A file without quotes has the same lines and bytes, and its bad lines are refused as well; what the
damaged one costs more is the search for where its records end.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from inventory.domain.reading import BytesSource, ProfileSet, open_feed

if TYPE_CHECKING:
    from collections.abc import Mapping

TURNS, QUICK_TURNS = 21, 5

HEAD = "sku,quantity,name,attr_place\n"
CLEAN = "".join(f"SKU-{n:05d},{n % 97},Product name {n % 50},store-{n % 7}\n" for n in range(2_000))

SHAPES: Mapping[str, str] = {
    "quotes in every line": ('"",' * 50 + '"x\n') * 400,
    "a stray quote in every line": '"x\n' * 4_000,
    "one line in seven": ((CLEAN[:264] + '"",' * 50 + '"x\n') * 150),
    "an open cell in every tenth line": "".join(
        f"S{n},{n},{'steel' if n % 10 else chr(34)},x\n" for n in range(3_000)
    ),
    "open inside and outside": ('",x,"\n' * 40 + '"z\n') * 150,
    "runs of quotes": ('"' * 1001 + "x\n") * 60,
    "long lines": ("A,1," + "x" * 60_000 + '"' + "y" * 5_000 + ",\n") * 2,
    "lone CR": '"x\r' * 4_000,
}
"""Damaged lines by what is wrong with them."""


def run(*, quick: bool) -> dict[str, object]:
    """Measure CPU time of each shape as the ratio to the same without quotes."""
    ratios = {shape: _ratio(shape, QUICK_TURNS if quick else TURNS) for shape in SHAPES}
    return {
        "damage_cpu_ratio_to_no_quotes": {name: round(each, 2) for name, each in ratios.items()},
        "damage_cpu_ratio_worst": round(max(ratios.values()), 2),
    }


def damaged(shape: str) -> bytes:
    """Return a file of some clean rows and of lines damaged in a way."""
    return (HEAD + CLEAN[:500] + SHAPES[shape]).encode()


def without_quotes(file: bytes) -> bytes:
    """Return a file with a letter for each quote."""
    return file.replace(b'"', b"q")


def read(file: bytes) -> None:
    """Read a file to its end."""
    feed = open_feed(BytesSource(file), key="stock.csv", profiles=ProfileSet())
    for _ in feed.batches():
        pass


def _ratio(shape: str, turns: int) -> float:
    file = damaged(shape)
    plain = without_quotes(file)
    return median([_seconds(file) / _seconds(plain) for _ in range(turns)])


def _seconds(file: bytes) -> float:
    began = time.process_time()
    read(file)
    return time.process_time() - began
