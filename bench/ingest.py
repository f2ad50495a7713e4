"""The ingest on one vCPU: rows per CPU-second of the whole handler, beside its peers.

Everything runs as in Lambda up to the point where botocore would send a request; there the answer
is taken from a tape instead, alike for all (`ingest_loops`). The paths of a round follow one
another, so that what else the machine does meets all of them; of each the fastest value counts,
because other work on the machine only ever adds CPU time, by taking turns in its caches. Ratios are
those within a round, because a machine is faster at one time than at another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import pyperf

from bench import canned
from bench.ingest_paths import FILES, PATHS

ROOT = Path(__file__).parents[1]

ROWS, ROUNDS = 20_000, 6
QUICK_ROWS, QUICK_ROUNDS = 15_000, 1
_VALUES = 2
_TIMEOUT_SECONDS = 600
_PEERS = tuple(path for path in PATHS if path != "ours")


def run(quick: bool) -> dict[str, object]:  # noqa: FBT001  the signature of every group
    """Measure every path on a file of new rows and on a snapshot of which 2% changed.

    Args:
        quick: Fewer and smaller runs.
    """
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS, ROUNDS)
    speeds = [
        {
            benchmark.get_name(): 1 / min(benchmark.get_values())
            for benchmark in measured(rows).get_benchmarks()
        }
        for _ in range(rounds)
    ]
    figures: dict[str, object] = {}
    for file in FILES:
        figures[f"rows_per_cpu_second_{file}"] = {
            path: round(max(each[f"{file} {path}"] for each in speeds)) for path in PATHS
        }
        for peer in _PEERS:
            ratios = [each[f"{file} ours"] / each[f"{file} {peer}"] for each in speeds]
            figures[f"rows_per_cpu_second_vs_{peer}_{file}"] = round(median(ratios), 2)
    return figures


def measured(rows: int) -> pyperf.BenchmarkSuite:
    """One round.

    Args:
        rows: Rows of a file.
    """
    environment = {
        **os.environ,
        **canned.ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")]),
    }
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "round.json"
        subprocess.run(  # noqa: S603  our own interpreter and module
            [
                sys.executable,
                str(ROOT / "bench" / "ingest_loops.py"),
                *("--rows", str(rows), "--output", str(output), "--quiet"),
                *("--processes", "1", "--values", str(_VALUES), "--warmups", "0", "--loops", "1"),
                *("--affinity", str(min(os.sched_getaffinity(0))), "--copy-env"),
            ],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        return pyperf.BenchmarkSuite.load(str(output))
