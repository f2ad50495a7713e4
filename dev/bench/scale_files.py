"""Large files on the local cloud: whether they load completely, and in what memory.

Not part of `make bench`, because the local cloud takes some 2,000 rows a second: `make scale`.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bench.process import MEGABYTE, peak_bytes
from local_cloud import observe
from local_cloud.stack import deployed
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud.stack import Deployment

ON_REQUEST = True
"""Measured only when it is named."""

ROWS, QUICK_ROWS = (300_000, 3_000_000), (30_000, 300_000)
#: Characters that make a file of 3 million rows one of 300 MB.
_PADDING = 7

_SAMPLE_SECONDS = 0.25
_LIMIT_SECONDS = 3 * 3600


def run(*, quick: bool) -> dict[str, object]:
    """Load two files on the local cloud and watch the function processes.

    Both state the same SKUs, the larger one again and again: the local cloud keeps its tables in
    memory, some 6 KB an item.
    """
    small, large = QUICK_ROWS if quick else ROWS
    runs = {}
    for rows in (small, large):
        with deployed(auth=False) as deployment:  # a cloud each, so that no process is older
            runs[rows] = load(deployment, LargeFeed(rows=rows, keys=small, padding=_PADDING))
    peaks = {rows: found.peak_mb for rows, found in runs.items()}
    return {
        "scale_files": {
            f"{found.size_mb:,.0f} MB, {rows:,} rows": {
                "peak_mb": round(found.peak_mb, 1),
                "wall_seconds": round(found.seconds),
                "rows_per_second": round(rows / found.seconds),
                "counts": "as generated" if found.exact else "WRONG",
            }
            for rows, found in runs.items()
        },
        "scale_peak_memory_ratio": round(peaks[large] / peaks[small], 3),
        "scale_peak_memory_mb": round(peaks[large], 1),
        "scale_counts_exact": int(all(found.exact for found in runs.values())),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Measurements of loading one file.

    Attributes:
        size_mb: Size of the file.
        seconds: From the upload to the end of the record.
        peak_mb: Resident memory of the largest function process, at its peak.
        exact: True if every count is the generator's.
    """

    size_mb: float
    seconds: float
    peak_mb: float
    exact: bool


def load(deployment: Deployment, feed: LargeFeed) -> Load:
    """Upload a feed and wait for the end of its record."""
    bucket = deployment.outputs["uploads_bucket_name"]
    key = f"scale/{feed.rows}.csv"
    s3 = deployment.cloud.client("s3")
    with tempfile.TemporaryFile() as file:
        for block in feed.blocks():
            file.write(block)
        size = file.tell()
        file.seek(0)
        s3.upload_fileobj(file, bucket, key)
    began = time.monotonic()
    version = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    with FunctionMemory() as watched:
        record = observe.wait_for(
            lambda: observe.ingestion(deployment, f"{bucket}/{key}#{version}"),
            f"the end of {key}",
            seconds=_LIMIT_SECONDS,
        )
    found = tuple(int(record[name]) for name in ("rows_read", "loaded", "rejected", "duplicates"))
    return Load(
        size_mb=size / MEGABYTE,
        seconds=time.monotonic() - began,
        peak_mb=watched.peak_bytes / MEGABYTE,
        exact=record["status"] == "COMPLETED"
        and found == (feed.rows, feed.loaded, feed.rejected, feed.duplicates),
    )


class FunctionMemory(threading.Thread):
    """Resident memory of the function processes of the local clouds that this process started.

    Attributes:
        peaks: Peak in bytes by process.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[int, int] = defaultdict(int)
        self._ended = threading.Event()

    @property
    def peak_bytes(self) -> int:
        """Peak of the process that had most."""
        return max(self.peaks.values(), default=0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Look at every process again and again."""
        while not self._ended.wait(_SAMPLE_SECONDS):
            for cloud in _children(os.getpid()):
                for pid in filter(_is_function, _children(cloud)):
                    # VmHWM is the kernel's own peak, so nothing between two looks is missed.
                    self.peaks[pid] = max(self.peaks[pid], peak_bytes(pid))


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text("ascii").split())


def _is_function(pid: int) -> bool:
    """Tell whether it runs a function, and is not the cloud's own process about to start one."""
    with suppress(OSError):
        return b"ministack-lambda" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
