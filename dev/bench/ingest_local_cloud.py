"""The ingest against MiniStack, with a real connection: handler and batch_writer in turns.

The tapes of `ingest` leave out the sending of requests and the reading of answers; here both are
done, over loopback, by a server that keeps real tables. CPU time is that of the client's process
alone. Wall time is the server's, which handles one request after the other.

Rounds are few, because the server is slow, and too far apart to compare within one of them. So the
best of all rounds counts: what else the machine does only ever adds to a process's time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial
from pathlib import Path

from bench import canned, feeds
from bench.ingest_paths import FILES, PATHS, ours
from bench.process import result_of
from local_cloud.server import LocalCloud

ROWS, ROUNDS = 30_000, 4
QUICK_ROWS, QUICK_ROUNDS = 5_000, 1
_MEASURED = ("ours", "batch_writer")


def run(*, quick: bool) -> dict[str, object]:
    """Deliver a file of new rows, then one of which 2% changed, into tables of each path's own."""
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS, ROUNDS)
    samples: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for _ in range(rounds):
        for path in _MEASURED:
            # What others wrote would make the server slower.
            with LocalCloud(auth=False) as cloud:
                _make_resources(cloud)
                for file, percent in FILES.items():
                    body = feeds.snapshot(rows, changed_percent=percent)
                    samples[file, path].append(_measured(cloud, path, body))
    figures: dict[str, object] = {}
    for file in FILES:
        best = {
            (path, clock): rows / min(one[clock] for one in samples[file, path])
            for path in _MEASURED
            for clock in ("cpu_seconds", "wall_seconds")
        }
        for clock, name in (("cpu_seconds", "cpu_second"), ("wall_seconds", "second")):
            figures[f"ministack_rows_per_{name}_{file}"] = {
                path: round(best[path, clock]) for path in _MEASURED
            }
        figures[f"ministack_rows_per_cpu_second_vs_batch_writer_{file}"] = round(
            best["ours", "cpu_seconds"] / best["batch_writer", "cpu_seconds"], 2
        )
    return figures


def _make_resources(cloud: LocalCloud) -> None:
    for name, keys in canned.TABLE_KEYS.items():
        cloud.create_table(name, keys)
    s3 = cloud.client("s3")
    for bucket in (canned.UPLOADS, canned.ENVIRONMENT["REPORTS_BUCKET_NAME"]):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=canned.UPLOADS, VersioningConfiguration={"Status": "Enabled"})


def _measured(cloud: LocalCloud, path: str, body: bytes) -> dict[str, float]:
    """CPU and wall seconds of one delivery, in a process of its own."""
    stored = cloud.client("s3").put_object(Bucket=canned.UPLOADS, Key=canned.KEY, Body=body)
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        figures: dict[str, float] = result_of(
            *("bench.ingest_local_cloud", path, stored["VersionId"], file.name),
            **{**canned.ENVIRONMENT, **cloud.variables()},
        )
    return figures


def _main(path: str, version_id: str, file: str) -> None:
    # What is imported before the clock runs is imported for both.
    import boto3  # noqa: F401  imported before the measurement

    import inventory.handlers.processor  # noqa: F401  imported before the measurement

    body = Path(file).read_bytes()
    run = partial(ours, version_id=version_id) if path == "ours" else PATHS[path]
    cpu, wall = time.process_time(), time.perf_counter()
    run(body)
    figures = {
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(*sys.argv[1:])
