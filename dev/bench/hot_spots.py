"""Where the ingest's CPU time goes, by samples of the thread that holds the interpreter.

Sampling costs the measured process nothing, and what C does for Python (reading CSV, parsing
JSON) counts for whoever called it. Beside the share of each part stands what it comes to a row.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bench import canned
from bench.ingest_paths import FILES, ours, with_canned_answers
from bench.process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


ROWS, LOOPS, QUICK_LOOPS = 60_000, 10, 1
SAMPLES_PER_SECOND = 500
_TIMEOUT_SECONDS = 300
_MICROSECONDS = 1_000_000

PARTS: Mapping[str, Sequence[str]] = {
    "parsing answers": ("json/decoder.py", "json/__init__.py"),
    "signing and preparing requests": (
        "inventory/adapters/signature.py",
        "inventory/adapters/dynamodb_api.py:_headers",
        "hmac.py",
    ),
    "reading and validating rows": ("inventory/domain/reading/",),
    "requests as text": (
        "inventory/adapters/dynamodb_statements.py",
        "inventory/adapters/dynamodb_items.py:read",
    ),
    "comparing with what is stored": ("inventory/adapters/dynamodb_items.py",),
    "deciding and counting": ("inventory/domain/",),
    "sending and waiting": ("inventory/adapters/", "botocore/", "concurrent/", "threading.py"),
    "canned answers": ("bench/",),
}
"""Parts by pieces of path and function; the frame nearest to the work decides, and of the parts
that know it the first."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<path>.+?)(:\d+)?\)")


def run(*, quick: bool) -> dict[str, object]:
    """Sample the handler on a file of new rows and on a snapshot of which 2% changed."""
    loops = QUICK_LOOPS if quick else LOOPS
    figures: dict[str, object] = {}
    for file in FILES:
        with tempfile.TemporaryDirectory() as folder:
            stacks = Path(folder) / "stacks"
            seconds = _sampled(file, loops, stacks, Path(folder) / "seconds")
            found = shares(stacks.read_text(encoding="utf-8").splitlines())
        per_row = seconds / (loops * ROWS) * _MICROSECONDS
        figures[f"hot_spots_{file}"] = {
            part: {
                "percent": round(share * 100, 1),
                "microseconds a row": round(share * per_row, 2),
            }
            for part, share in found.items()
        }
    return figures


def shares(lines: Iterable[str]) -> dict[str, float]:
    """Give the share of each part, largest first.

    Args:
        lines: Stacks as py-spy's raw format has them: frames from the outermost on, separated by
            semicolons, a blank, and how often that stack was seen.
    """
    seen: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        # Requests are sent by threads of a pool, which have no such frame.
        if "ours (" in stack or "concurrent/futures/thread.py" in stack:
            seen[part_of(stack.split(";"))] += int(count)
    total = seen.total()
    return {part: count / total for part, count in seen.most_common()}


def part_of(stack: Sequence[str]) -> str:
    """Give the part that a stack belongs to."""
    for frame in reversed(stack):
        match = _FRAME.fullmatch(frame)
        place = f"{match['path']}:{match['function']}" if match else frame
        for part, pieces in PARTS.items():
            if any(piece in place for piece in pieces):
                return part
    return "everything else"


def _sampled(file: str, loops: int, stacks: Path, seconds: Path) -> float:
    """CPU seconds of the loops, whose stacks are written to a file."""
    subprocess.run(
        [
            str(Path(sys.executable).with_name("py-spy")),
            *("record", "--gil", "--format", "raw", "--rate", str(SAMPLES_PER_SECOND)),
            *("--output", str(stacks), "--"),
            *(sys.executable, "-m", "bench.hot_spots", file, str(loops), str(seconds)),
        ],
        cwd=ROOT,
        env={**os.environ, **canned.ENVIRONMENT, "PYTHONPATH": "functions:dev"},
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )
    return float(seconds.read_text(encoding="ascii"))


def _main(file: str, loops: int, seconds: Path) -> None:
    with with_canned_answers(file, ROWS) as body:
        ours(body)  # fills the tape
        start = time.process_time()
        for _ in range(loops):
            ours(body)
        # Not printed: the sampler prints as well.
        seconds.write_text(str(time.process_time() - start), encoding="ascii")


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
