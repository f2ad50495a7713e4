"""Wall time and cost of large files by a model: ``python -m bench.scale_model``.

Prints the table of docs/scale.md, with the speed of a worker that docs/bench.json has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from bench.process import ROOT
from inventory.domain.fingerprints import BLOCK_HASHES
from inventory.domain.settings import IngestSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
#: (what a new on-demand table takes at once) and .../ServiceQuotas.html (default quota of a table).
COLD_WRITES, COLD_READS = 4_000, 12_000
WARM_WRITES, WARM_READS = 40_000, 40_000

#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_WRITES, PARTITION_READS = 1_000, 3_000
#: Rows that a worker settles together, its requests spread over all of them.
BATCH_ROWS = 1_000

#: Source: https://aws.amazon.com/dynamodb/pricing/on-demand/ (us-east-1, strongly consistent reads)
DOLLARS_PER_WRITE, DOLLARS_PER_READ = 0.625e-6, 0.125e-6
#: Source: https://aws.amazon.com/lambda/pricing/ (us-east-1, x86)
DOLLARS_PER_GB_SECOND = 0.0000166667
GIGABYTES = 1769 / 1024
#: Source: https://aws.amazon.com/s3/pricing/ (us-east-1, S3 Standard)
DOLLARS_PER_PUT, DOLLARS_PER_GET = 5e-6, 0.4e-6

BYTES_PER_ROW = 100
LARGE_OBJECT_BYTES = 64 << 20
#: Seconds from an upload to its first row, cold starts included.
START_SECONDS = 3

MINUTE, HOUR = 60, 3600
"""Seconds."""

FIGURES = ROOT / "docs" / "bench.json"

NEW, READ, KNOWN, OTHERS = (
    "all new",
    "unchanged, all read",
    "unchanged, by fingerprints",
    "of others",
)
"""Rows whose speed is measured."""

NIGHTS = ((1.0, True), (0.02, False), (0.02, True))
"""Share of the rows that changed, and whether all items are read."""

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """Rows a second of one worker at 5 ms a request.

    Attributes:
        new: Where every row is read and written.
        read: Where every row is read.
        known: Where every row is known by its fingerprint.
        others: Where every row is of another worker's share.
    """

    new: float
    read: float
    known: float
    others: float

    @classmethod
    def measured(cls, figures: Mapping[str, Any]) -> Self:
        """Measurements of `bench.scale`."""
        found = figures["scale_rows_per_second_at_5_ms"]
        rates = (found[name]["1_workers"] for name in (NEW, READ, KNOWN, OTHERS))
        return cls(**dict(zip(("new", "read", "known", "others"), rates, strict=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """Resources that one file takes.

    Attributes:
        seconds: From the upload to the end of its record.
        workers: Workers that share the file.
        dollars: DynamoDB, Lambda and the fingerprints' requests to S3.
        bound: What the wall time is made of.
    """

    seconds: float
    workers: int
    dollars: float
    bound: str


def estimate(
    rows: int,
    *,
    changed: float,
    warm: bool,
    speed: Speed,
    locations: int = 1,
    full_read: bool = False,
) -> Estimate:
    """Resources that a file takes.

    Args:
        rows: Its rows.
        speed: Of one worker.
        changed: Share of them that is written; below 1, the others are in the table.
        warm: True if the table is warm.
        locations: Rows of a SKU, one after the other; a SKU's items share a partition.
        full_read: True if all items are read although fingerprints are there.
    """
    writes, reads = (WARM_WRITES, WARM_READS) if warm else (COLD_WRITES, COLD_READS)
    size = rows * BYTES_PER_ROW
    workers = IngestSettings(large_object_bytes=LARGE_OBJECT_BYTES).workers_for(size)
    partitions = workers * max(1, BATCH_ROWS // locations)
    read = 1.0 if full_read else changed
    own = changed / speed.new + (read - changed) / speed.read + (1 - read) / speed.known
    rates = {
        "writes": writes / changed,
        "reads": reads / read,
        "partitions": partitions * min(PARTITION_WRITES / changed, PARTITION_READS / read),
        # Every worker goes through the whole file for its share of the rows.
        "workers": 1 / (own / workers + (1 - 1 / workers) / speed.others),
    }
    bound = min(rates, key=lambda name: rates[name])
    seconds = rows / rates[bound] + START_SECONDS
    lambda_dollars = seconds * workers * GIGABYTES * DOLLARS_PER_GB_SECOND
    table_dollars = rows * (changed * DOLLARS_PER_WRITE + read * DOLLARS_PER_READ)
    blocks = rows / BLOCK_HASHES
    return Estimate(
        seconds=seconds,
        workers=workers,
        dollars=lambda_dollars + table_dollars + blocks * (DOLLARS_PER_PUT + DOLLARS_PER_GET),
        bound=bound,
    )


def table(speed: Speed) -> list[str]:
    """The lines of the table in docs/scale.md, in Markdown."""
    lines = [
        "| rows | file | table | changed | wall time | workers | dollars | bound |",
        "|---:|---:|---|---:|---:|---:|---:|---|",
    ]
    for rows in SIZES:
        for warm in (False, True):
            for changed, full_read in NIGHTS:
                found = estimate(rows, changed=changed, warm=warm, speed=speed, full_read=full_read)
                cells = (
                    f"{rows:,}",
                    f"{rows * BYTES_PER_ROW / 1e9:g} GB",
                    "warm" if warm else "cold",
                    f"{changed:.0%}{', all read' if full_read and changed < 1 else ''}",
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
