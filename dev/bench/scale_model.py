"""Wall time and cost of large files by a model: ``python -m bench.scale_model``.

Prints the table of docs/scale.md, with the speed of a worker that docs/bench.json has.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
#: (what a new on-demand table takes at once) and .../ServiceQuotas.html (default quota of a table).
COLD_WRITES, COLD_READS = 4_000, 12_000
WARM_WRITES, WARM_READS = 40_000, 40_000

#: Source: https://aws.amazon.com/dynamodb/pricing/on-demand/ (us-east-1, strongly consistent reads)
DOLLARS_PER_WRITE, DOLLARS_PER_READ = 0.625e-6, 0.125e-6
#: Source: https://aws.amazon.com/lambda/pricing/ (us-east-1, x86)
DOLLARS_PER_GB_SECOND = 0.0000166667
GIGABYTES = 1769 / 1024

BYTES_PER_ROW = 100
CHUNK_BYTES = 16 << 20
#: Bytes a second that the planner scans.
SCAN_BYTES = 80_000_000
#: Seconds from an upload to its first chunk, cold starts included.
START_SECONDS = 3

MINUTE, HOUR = 60, 3600
"""Seconds."""

FIGURES = Path(__file__).parents[2] / "docs" / "bench.json"

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """Rows a second of one worker at 5 ms a request.

    Attributes:
        new: Where every row is read and written.
        unchanged: Where every row is read.
    """

    new: float
    unchanged: float

    @classmethod
    def measured(cls, figures: Mapping[str, Any]) -> Self:
        """What `bench.scale` measured.

        Args:
            figures: What `python -m bench` wrote.
        """
        found = figures["scale_rows_per_second_at_5_ms"]
        return cls(new=found["all new"]["1_workers"], unchanged=found["unchanged"]["1_workers"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What one file takes.

    Attributes:
        seconds: From the upload to the end of its record.
        workers: Chunk processors that are busy all that time.
        chunks: Messages of the first round.
        dollars: DynamoDB and Lambda.
        bound: What the wall time is made of.
    """

    seconds: float
    workers: int
    chunks: int
    dollars: float
    bound: str


def estimate(rows: int, *, changed: float, warm: bool, speed: Speed) -> Estimate:
    """What a file takes.

    Args:
        rows: Its rows.
        speed: Of one worker.
        changed: Share of them that is written; below 1, the others are in the table.
        warm: Whether the table is warm.
    """
    writes, reads = (WARM_WRITES, WARM_READS) if warm else (COLD_WRITES, COLD_READS)
    # In a second round, every row is parsed again and those that others changed are read again.
    second_round = changed < 1
    reads_per_row = 1 + changed * second_round
    rates = {"writes": writes / changed, "reads": reads / reads_per_row}
    bound = min(rates, key=lambda name: rates[name])
    rate = rates[bound]
    worker = 1 / (changed / speed.new + (1 - changed) / speed.unchanged)
    chunks = math.ceil(rows * BYTES_PER_ROW / CHUNK_BYTES)
    workers = min(max(math.ceil(rate / worker), 1), chunks)
    seconds = rows / min(rate, workers * worker)
    scan = rows * BYTES_PER_ROW / SCAN_BYTES
    if scan > seconds:
        bound, seconds = "scan", scan
    seconds += START_SECONDS
    lambda_dollars = (seconds * workers + scan) * GIGABYTES * DOLLARS_PER_GB_SECOND
    table_dollars = rows * (changed * DOLLARS_PER_WRITE + reads_per_row * DOLLARS_PER_READ)
    return Estimate(
        seconds=seconds,
        workers=workers,
        chunks=chunks,
        dollars=lambda_dollars + table_dollars,
        bound=bound,
    )


def table(speed: Speed) -> list[str]:
    """The lines of the table in docs/scale.md, in Markdown.

    Args:
        speed: Of one worker.
    """
    lines = [
        "| rows | file | chunks | table | changed | wall time | busy workers | dollars | bound |",
        "|---:|---:|---:|---|---:|---:|---:|---:|---|",
    ]
    for rows in SIZES:
        for warm in (False, True):
            for changed in (1.0, 0.02):
                found = estimate(rows, changed=changed, warm=warm, speed=speed)
                cells = (
                    f"{rows:,}",
                    f"{rows * BYTES_PER_ROW / 1e9:g} GB",
                    f"{found.chunks:,}",
                    "warm" if warm else "cold",
                    f"{changed:.0%}",
                    duration(found.seconds),
                    f"{found.workers}",
                    f"{found.dollars:,.2f}",
                    found.bound,
                )
                lines.append(f"| {' | '.join(cells)} |")
    return lines


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


if __name__ == "__main__":
    measured = Speed.measured(json.loads(FIGURES.read_text(encoding="utf-8")))
    print("\n".join(table(measured)))
