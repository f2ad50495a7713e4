"""One round of every path by pyperf: ``python bench/ingest_loops.py --rows 60000 --output FILE``.

pyperf measures each path in a process of its own, after a run that fills the tape and every cache,
and all on one processor, on which threads take turns as on one vCPU. What counts is CPU time, not
pyperf's clock, because the machine may do something else meanwhile.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import pyperf

from bench.ingest_paths import FILES, PATHS, with_canned_answers

if TYPE_CHECKING:
    from argparse import Namespace

# What else the machine does for a moment must not be all that a short run sees.
_FAST, _REPEATS = ("ours", "floor"), 4
_PUT_ITEM_SHARE = 10  # of the rows: it takes so long


def main() -> None:
    """Measure, or be one of the processes that pyperf starts to measure one path."""
    runner = pyperf.Runner(add_cmdline_args=_pass_on)
    runner.argparser.add_argument("--rows", type=int, required=True, help="rows of a file")
    options = runner.parse_args()
    for file in FILES:
        for path in PATHS:
            rows = options.rows // (_PUT_ITEM_SHARE if path == "put_item" else 1)
            repeats = _REPEATS if path in _FAST else 1
            runner.bench_time_func(
                f"{file} {path}",
                _seconds,
                *(file, path, rows, repeats),
                inner_loops=rows * repeats,
            )


def _seconds(loops: int, file: str, path: str, rows: int, repeats: int) -> float:
    run = PATHS[path]
    with with_canned_answers(file, rows) as body:
        run(body)  # fills the tape
        gc.collect()
        start = time.process_time()
        for _ in range(loops * repeats):
            run(body)
        return time.process_time() - start


def _pass_on(command: list[str], options: Namespace) -> None:
    command += ["--rows", str(options.rows)]


if __name__ == "__main__":
    main()
