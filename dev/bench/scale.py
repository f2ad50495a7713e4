"""Speed of large files against workers.

How fast a worker is depends on DynamoDB's latency, which the local cloud does not have. So it is
measured with the shipped code from the file to the signed request, and an answer that comes after
5 ms, from S3 after 100 ms. Whether large files load completely, and in what memory, is measured by
`scale_files`.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.session import Session

from bench import scale_model
from bench.scale_model import KNOWN, NEW, OTHERS, READ
from faults.fakes import ITEMS, LANES, World
from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_notes import DynamoDbChangeLogs
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.fingerprints import BLOCK_HASHES, FingerprintSet, Notes, hashes_of
from inventory.domain.ingestions import Mode
from inventory.domain.jobs import Job
from inventory.domain.keysets import SHARDS
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.ports import ConsumedCapacity, Deadline, Epoch
from inventory.domain.reading import BytesSource, ProfileSet, Share, continue_feed, open_feed
from inventory.domain.segments import Segment, SegmentProcessor
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.model import Row

LATENCY_SECONDS = 0.005
"""DynamoDB's typical latency for small batches."""

S3_LATENCY_SECONDS = 0.1
"""Of small objects. Source:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"""
ROWS, QUICK_ROWS = 400_000, 50_000
_KEYS_PER_READ = 100
_BATCH_ROWS = 1000


def run(*, quick: bool) -> dict[str, object]:
    """Rows a second of one and two workers, each with a file of its own.

    Besides, how fast a worker passes over the rows of other workers' shares.
    """
    rows = QUICK_ROWS if quick else ROWS
    found: dict[str, dict[str, int]] = {}
    for name in (NEW, READ, KNOWN):
        found[name] = {
            f"{workers}_workers": round(workers * rows / _slowest(workers, rows, name))
            for workers in (1, 2)
        }
    found[OTHERS] = {"1_workers": round(rows / _passed_over(rows))}
    figures: dict[str, object] = {"scale_rows_per_second_at_5_ms": found}
    night = scale_model.estimate(
        scale_model.SIZES[-1], changed=0.02, warm=False, speed=scale_model.Speed.measured(figures)
    )
    return figures | {
        "model_billion_rows_2_percent_changed_hours": round(night.seconds / scale_model.HOUR, 2),
        "model_billion_rows_2_percent_changed_dollars": round(night.dollars, 2),
        "model_billion_rows_2_percent_changed_workers": night.workers,
    }


def _passed_over(rows: int) -> float:
    """Seconds that a worker takes to read a file in which hardly a row is of its share."""
    data = LargeFeed(rows=rows, prefix="W").bytes()
    feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
    began = time.perf_counter()
    for _ in feed.batches(_BATCH_ROWS, Share(1, rows)):
        pass
    return time.perf_counter() - began


def _slowest(workers: int, rows: int, night: str) -> float:
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        jobs = [pool.apply_async(_work, (rows, number, night)) for number in range(workers)]
        return max(job.get() for job in jobs)


def _work(rows: int, number: int, night: str) -> float:
    """Process one file in this process; the seconds it took."""
    data = LargeFeed(rows=rows, prefix=f"W{number}").bytes()
    feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
    moment = timestamp(datetime.now(UTC))
    job = Job(
        run="r",
        mode=Mode.PROCESS,
        base=f"{moment}#" + "0" * 32,
        began=moment,
        latest=moment,
        state=feed.state(),
        start_byte=feed.start_byte,
        start_line=feed.start_line,
        message_limit=1000,
        series="" if night == READ else "s",
    )
    version = ObjectVersion(bucket="b", key="a.csv", version_id="v", etag="e", size_bytes=len(data))
    segment = Segment(job=job, version=version, record=None, worker=0, attempt="r")
    finisher: Any = None  # is asked for nothing but complete feeds
    processor = SegmentProcessor(_ports(data, night), finisher, batch_rows=_BATCH_ROWS)
    began = time.perf_counter()
    report, _ = processor.process(segment)
    seconds = time.perf_counter() - began
    if (report.counts.rows_read, report.counts.loaded > 0) != (rows, night == NEW):
        raise RuntimeError(f"the table was not as it was meant to be: {report.counts}")
    return seconds


@dataclass(frozen=True, slots=True)
class _Answer:
    """An HTTP response, as far as `SignedTransport` looks at it."""

    data: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class _Table:
    """DynamoDB as a worker sees it: answers that were made before, after a latency."""

    def __init__(self, found: dict[bytes, bytes]) -> None:
        self._found = found

    def urlopen(
        self, _method: str, _url: str, body: bytes, headers: dict[str, str], **_: object
    ) -> _Answer:
        """Answer a request."""
        time.sleep(LATENCY_SECONDS)
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        if operation == "BatchGetItem":
            first_key = body[body.index(b'"Keys":[') :].partition(b"}},")[0]
            return _Answer(self._found.get(first_key, b'{"Responses":{},"UnprocessedKeys":{}}'))
        if operation == "BatchExecuteStatement":
            ok = b",".join([b'{"TableName":"items"}'] * body.count(b'{"Statement":'))
            return _Answer(b'{"Responses":[' + ok + b"]}")
        return _Answer(b"{}")


class _Fingerprints:
    """Fingerprints of the night before.

    Args:
        data: The file of both nights; None where there was none.
    """

    def __init__(self, data: bytes | None) -> None:
        self._objects: dict[str, bytes] = {}
        self._set = None if data is None else self._left_by(data).to_text()

    def _left_by(self, data: bytes) -> FingerprintSet:
        notes = Notes(cast("Any", self), 0, "before", block_hashes=BLOCK_HASHES)
        feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
        for batch in feed.batches(_BATCH_ROWS):
            notes.saw(hashes_of(batch.rows))
        piece = notes.store()
        if piece is None:
            raise RuntimeError("nothing was written over")
        moment = timestamp(datetime.now(UTC) - timedelta(days=1))
        return FingerprintSet(
            base=f"{moment}#" + "0" * 32,
            began=moment,
            read_at=moment,
            workers=1,
            epochs=dict.fromkeys(range(SHARDS), Epoch(0, 0)),
            own=frozenset(),
            pieces=(piece,),
        )

    def of_series(self, _: str) -> str | None:
        """Give the set of the night before."""
        return self._set

    def get(self, key: str) -> bytes | None:
        """Give an object."""
        time.sleep(S3_LATENCY_SECONDS)
        return self._objects.get(key)

    def put(self, key: str, body: bytes, **_: object) -> None:
        """Store an object."""
        time.sleep(S3_LATENCY_SECONDS)
        self._objects[key] = body


def _stored(data: bytes) -> dict[bytes, bytes]:
    """Answers of a table that holds all rows already, by the first key of a request."""
    answers = {}
    feed = open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet())
    for batch in feed.batches(_BATCH_ROWS):
        winners = list(dict(zip(batch.rows.keys, batch.rows, strict=True)).values())
        for at in range(0, len(winners), _KEYS_PER_READ):
            some = winners[at : at + _KEYS_PER_READ]
            items = [_item(row) for row in some]
            key = {"sku": items[0]["sku"], "location": items[0]["location"]}
            first = f'"Keys":[{json.dumps(key, separators=(",", ":"))}'.encode()
            answer = {"Responses": {ITEMS: items}, "UnprocessedKeys": {}}
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


def _ports(data: bytes, night: str) -> IngestPorts:
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    transport = SignedTransport(session, "http://localhost:1")
    table: Any = _Table(_stored(data) if night == READ else {})
    transport._http = table  # noqa: SLF001  the network is what is left out
    deadline, usage = Deadline(), ConsumedCapacity()
    api = DynamoDbApi(transport, deadline)
    lanes = PartitionedTable(api, LANES, usage)
    files = _Fingerprints(data if night == KNOWN else None)

    def nothing(*_: object) -> None:
        """Take a note."""

    return World().ports(
        objects=SimpleNamespace(source=lambda _: BytesSource(data)),
        open_part=continue_feed,
        items=DynamoDbItems(api, ITEMS, usage),
        registry=DynamoDbRegistry(lanes),
        ingestions=SimpleNamespace(note_messages=nothing, touch=nothing),
        files=files,
        changes=DynamoDbChangeLogs(lanes),
        fingerprints=SimpleNamespace(get=files.of_series),
        usage=usage,
        deadline=deadline,
        now=lambda: datetime.now(UTC),
    )
