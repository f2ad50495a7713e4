"""The ingest on one vCPU: rows per CPU-second of the whole handler, beside its peers.

Everything runs as in Lambda up to the point where botocore would send a request; there the answer
is taken from a tape instead, alike for all. Every path has a process of its own, all on one
processor, on which threads take turns as on one vCPU.

A machine that others use as well is faster at one time than at another, and not for every path
alike. So the processes take turns of a few tenths of a second, and the fastest turn of each path
counts: what else the machine does only ever adds to CPU time, by taking turns in its caches.
pyperf's own runner measures one path to its end before the next; here it keeps the values, in a
file for its commands (``pyperf hist build/ingest.json``).
"""

from __future__ import annotations

import gc
import os
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pyperf

from bench import canned
from bench.ingest_paths import FILES, PATHS, with_canned_answers
from bench.process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Turn = Mapping[str, float]

VALUES = ROOT / "build" / "ingest.json"

ROUNDS, TURNS = 6, 12
QUICK_ROUNDS, QUICK_TURNS = 1, 4
_TIMEOUT_SECONDS = 120

_ROWS_AND_REPEATS = {
    "ours": (20_000, 2),
    "floor": (20_000, 2),
    "batch_writer": (5_000, 1),
    "put_item": (1_000, 1),
}
"""Rows of the file and how often it is delivered in a turn. What a run of ours costs at its start
weighs more in shorter files; peers make one table object at theirs, which few rows outweigh."""


def run(*, quick: bool) -> dict[str, object]:
    """Measure every path on a file of new rows and on a snapshot of which 2% changed."""
    rounds, turns = (QUICK_ROUNDS, QUICK_TURNS) if quick else (ROUNDS, TURNS)
    found: dict[str, object] = {}
    benchmarks = []
    for file in FILES:
        # Where a process has its memory and how it hashes is chance: rounds have processes anew.
        measured = [list(_turns(file, turns)) for _ in range(rounds)]
        found |= figures(file, [turn for one_round in measured for turn in one_round])
        benchmarks += [_benchmark(file, path, measured) for path in PATHS]
    VALUES.parent.mkdir(exist_ok=True)
    pyperf.BenchmarkSuite(benchmarks).dump(str(VALUES), replace=True)
    return found


def figures(file: str, turns: Sequence[Turn]) -> dict[str, object]:
    """Give rows per CPU-second of every path, and how many times those of each peer ours are.

    Args:
        file: One of `FILES`.
        turns: CPU seconds a row by path, of one turn after the other.
    """
    best = {path: min(turn[path] for turn in turns) for path in PATHS}
    ratios = {
        f"rows_per_cpu_second_vs_{peer}_{file}": round(seconds / best["ours"], 2)
        for peer, seconds in best.items()
        if peer != "ours"
    }
    speeds = {path: round(1 / seconds) for path, seconds in best.items()}
    return {f"rows_per_cpu_second_{file}": speeds, **ratios}


def _turns(file: str, turns: int) -> Iterator[Turn]:
    with ExitStack() as stack:
        workers = {
            path: stack.enter_context(
                ProcessPoolExecutor(1, get_context("spawn"), _prepare, (file, path))
            )
            for path in PATHS
        }
        for worker in workers.values():  # each ready, before the first is measured
            worker.submit(os.getpid).result(_TIMEOUT_SECONDS)
        for _ in range(turns):
            yield {
                path: worker.submit(_seconds_a_row, path).result(_TIMEOUT_SECONDS)
                for path, worker in workers.items()
            }


# Of a worker's process: what its one path delivers, and what answers for as long as it lives.
_bodies: dict[str, bytes] = {}
_answering = ExitStack()


def _prepare(file: str, path: str) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ.update(canned.ENVIRONMENT)
    rows, _ = _ROWS_AND_REPEATS[path]
    body = _bodies[path] = _answering.enter_context(with_canned_answers(file, rows))
    PATHS[path](body)  # fills the tape and every cache
    gc.collect()


def _seconds_a_row(path: str) -> float:
    rows, repeats = _ROWS_AND_REPEATS[path]
    start = time.process_time()
    for _ in range(repeats):
        PATHS[path](_bodies[path])
    return (time.process_time() - start) / (rows * repeats)


def _benchmark(file: str, path: str, rounds: Iterable[Sequence[Turn]]) -> pyperf.Benchmark:
    rows, repeats = _ROWS_AND_REPEATS[path]
    metadata = {"name": f"{file} {path}", "unit": "second", "inner_loops": rows, "loops": repeats}
    return pyperf.Benchmark(
        [pyperf.Run([turn[path] for turn in turns], metadata=metadata) for turns in rounds]
    )
