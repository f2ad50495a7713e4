"""Large files: memory of the functions on the local cloud, and speed against workers.

The local cloud shows that 300 MB load completely in the memory that 30 MB take. How fast a worker
is depends on DynamoDB's latency, which the local cloud does not have, so speed is measured with
the shipped code from the file to the signed request, and an answer that comes after 5 ms.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from botocore.session import Session

from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_lanes import DynamoDbLanes
from inventory.domain.chunks.model import Job, Place, Task
from inventory.domain.chunks.ports import ChunkPorts
from inventory.domain.chunks.processing import PartProcessor
from inventory.domain.ingest import IngestPorts
from inventory.domain.ledger import Admission, Mode
from inventory.domain.model import ObjectVersion
from inventory.domain.ports import Deadline, Usage
from inventory.domain.publishing import RejectDoors
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed, open_feed
from local_cloud import observe
from local_cloud.stack import deployed
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.model import Row
    from local_cloud.stack import Deployment

#: DynamoDB's typical latency for small batches.
LATENCY_SECONDS = 0.005

_SAMPLE_SECONDS = 0.05
_LIMIT_SECONDS = 3 * 3600
_MEGABYTE = 1_000_000
_ITEMS, _LANES = "items", "lanes"
_KEYS_PER_READ = 100
_BATCH_ROWS = 1000


def run(quick: bool) -> dict[str, object]:  # noqa: FBT001  as every group
    """Measure; see the module.

    Args:
        quick: Whether a tenth of the size will do.
    """
    small, large = (30_000, 300_000) if quick else (300_000, 3_000_000)
    figures: dict[str, object] = dict(memory(small, large))
    figures |= speed(100_000 if quick else 400_000)
    return figures


def memory(small: int, large: int) -> dict[str, object]:
    """Load two files on the local cloud and watch the function processes.

    Both state the same SKUs, the larger one again and again: the local cloud keeps its tables in
    memory, some 6 KB an item.

    Args:
        small: Rows of the first.
        large: Rows of the second.
    """
    runs = {}
    for rows in (small, large):
        with deployed(auth=False) as deployment:  # a cloud each, so that no process is older
            runs[rows] = load(deployment, LargeFeed(rows=rows, keys=small))
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
    """What loading one file took.

    Attributes:
        size_mb: Size of the file.
        seconds: From the upload to the end of the record.
        peak_mb: Resident memory of the largest function process, at its peak.
        exact: Whether every count is the generator's.
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
        size_mb=size / _MEGABYTE,
        seconds=time.monotonic() - began,
        peak_mb=watched.peak_bytes / _MEGABYTE,
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
                    self.peaks[pid] = max(self.peaks[pid], _peak_bytes(pid))


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text("ascii").split())


def _is_function(pid: int) -> bool:
    """Whether it runs a function, and is not the cloud's own process about to start one."""
    with suppress(OSError):
        return b"ministack-lambda" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _peak_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def speed(rows: int) -> dict[str, object]:
    """Rows a second of one and two workers, each with a part of a new file.

    Args:
        rows: Rows of a worker.
    """
    found: dict[str, dict[str, int]] = {}
    for changed, name in ((True, "all new"), (False, "unchanged")):
        found[name] = {
            f"{workers}_workers": round(workers * rows / _slowest(workers, rows, new=changed))
            for workers in (1, 2)
        }
    return {"scale_rows_per_second_at_5_ms": found}


def _slowest(workers: int, rows: int, *, new: bool) -> float:
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        jobs = [pool.apply_async(_work, (rows, number, new)) for number in range(workers)]
        return max(job.get() for job in jobs)


def _work(rows: int, number: int, new: bool) -> float:  # noqa: FBT001  pickled
    """Process one part in this process; the seconds it took."""
    data = LargeFeed(rows=rows, prefix=f"W{number}").bytes()
    ports, chunks = _ports(data, new=new)
    feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
    task = Task(
        job=Job(
            run="r",
            mode=Mode.WORK,
            base="2026-11-22T20:00:00.000000Z#" + "0" * 32,
            began="2026-11-22T20:00:00.000000Z",
            state=feed.state(),
            total=1,
        ),
        place=Place(1, 0, 0),
        parts=1,
        start_byte=feed.start_byte,
        start_line=feed.start_line,
        messages=1000,
    )
    version = ObjectVersion(bucket="b", key="a.csv", version_id="v", etag="e", size_bytes=len(data))
    admission = Admission(
        mode=Mode.WORK,
        version=version,
        base=task.job.base,
        run="r",
        found=None,
        now=task.job.began,
        lease_until="",
    )
    processor = PartProcessor(ports, chunks, batch_rows=_BATCH_ROWS)
    began = time.perf_counter()
    report = processor.process(task, admission, union=None)
    seconds = time.perf_counter() - began
    if (report.counts.rows_read, report.counts.loaded > 0) != (rows, new):
        raise RuntimeError(f"the table was not as it was meant to be: {report.counts}")
    return seconds


@dataclass(frozen=True, slots=True)
class _Answer:
    """An HTTP response, as far as `SignedTransport` looks at it."""

    content: bytes
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class _Table:
    """DynamoDB as a worker sees it: answers that were made before, after a latency."""

    def __init__(self, found: dict[bytes, bytes]) -> None:
        self._found = found

    def send(self, request: Any) -> _Answer:  # noqa: ANN401  botocore's
        """Answer a request."""
        time.sleep(LATENCY_SECONDS)
        body: bytes = request.body
        operation = str(request.headers["X-Amz-Target"]).rpartition(".")[2]
        if operation == "BatchGetItem":
            first_key = body[body.index(b'"Keys":[') :].partition(b"}},")[0]
            return _Answer(self._found.get(first_key, b'{"Responses":{},"UnprocessedKeys":{}}'))
        if operation == "BatchExecuteStatement":
            ok = b",".join([b'{"TableName":"items"}'] * body.count(b'{"Statement":'))
            return _Answer(b'{"Responses":[' + ok + b"]}")
        return _Answer(b"{}")


class _Nothing:
    """Queues and buckets that take everything."""

    def send(self, *_: object) -> None:
        """Take messages."""

    def put(self, *_: object, **__: object) -> None:
        """Take an object."""

    def source(self, _: ObjectVersion) -> BytesSource:
        """Overridden per worker."""
        raise NotImplementedError


def _stored(data: bytes) -> dict[bytes, bytes]:
    """What the table answers when it holds all rows already, by the first key of a request."""
    answers = {}
    feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
    for batch in feed.batches(_BATCH_ROWS):
        winners = list({(row.sku, row.location): row for row in batch.rows}.values())
        for at in range(0, len(winners), _KEYS_PER_READ):
            some = winners[at : at + _KEYS_PER_READ]
            items = [_item(row) for row in some]
            key = {"sku": items[0]["sku"], "location": items[0]["location"]}
            first = f'"Keys":[{json.dumps(key, separators=(",", ":"))}'.encode()
            answer = {"Responses": {_ITEMS: items}, "UnprocessedKeys": {}}
            answers[first.partition(b"}},")[0].removesuffix(b"}}")] = json.dumps(answer).encode()
    return answers


def _item(row: Row) -> dict[str, Any]:
    """The older item that states what a row of the feed states."""
    return {
        "sku": {"S": row.sku},
        "location": {"S": row.location},
        "quantity": {"N": row.quantity},
        "name": {"S": row.name},
        "unit_price": {"N": row.unit_price},
        "currency": {"S": row.currency},
        "attributes": {"M": {name: {"S": text} for name, text in row.attributes.items()}},
        "order_token": {"S": "2026"},
    }


def _ports(data: bytes, *, new: bool) -> tuple[IngestPorts, ChunkPorts]:
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    transport = SignedTransport(session, "http://localhost:1")
    table: Any = _Table({} if new else _stored(data))
    transport._http = table  # noqa: SLF001  the network is what is left out
    deadline, usage = Deadline(), Usage()
    api = DynamoDbApi(transport, deadline)
    nothing: Any = _Nothing()
    nothing.source = lambda _, **__: BytesSource(data)
    ports = IngestPorts(
        objects=nothing,
        open_feed=nothing,
        items=DynamoDbItems(api, _ITEMS, usage),
        lanes=DynamoDbLanes(api, _LANES, usage),
        ledger=nothing,
        work=nothing,
        rejects=RejectDoors(queue=nothing, reports=nothing, message_limit=1000),
        usage=usage,
        deadline=deadline,
        now=lambda: datetime.now(UTC),
    )
    chunks = ChunkPorts(
        open_part=continue_feed,
        parts=nothing,
        store=nothing,
        large_object_bytes=0,
        chunk_bytes=len(data),
    )
    return ports, chunks
