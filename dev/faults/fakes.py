"""The world around the ingest in memory: objects, queues, reports, and a tiny feed format."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING, Any, BinaryIO

from faults.dynamodb import MemoryDynamoDb
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_notes import (
    DynamoDbArrivals,
    DynamoDbChangeLogs,
    DynamoDbCheckpoint,
    DynamoDbFileSums,
    DynamoDbFingerprintSets,
    DynamoDbFollowUps,
    DynamoDbListings,
    DynamoDbPauses,
    DynamoDbReadings,
)
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.errors import BadFileError, ErrorCode, ObjectGoneError
from inventory.domain.fingerprints import BLOCK_HASHES
from inventory.domain.hold import StockDropHold
from inventory.domain.ingest import Ingest
from inventory.domain.ingest_ports import IngestPorts
from inventory.domain.model import Absent, Batch, ObjectVersion, Reject, Row, Skip
from inventory.domain.ports import ConsumedCapacity, Deadline, ObjectInfo, VersionPage
from inventory.domain.publishing import RejectDestinations
from inventory.domain.reading import Share
from inventory.domain.reading.feed_settings import FeedSettings
from inventory.domain.reconcile import Reconcile
from inventory.domain.settings import IngestSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inventory.adapters.dynamodb_api import Transport
    from inventory.domain.ports import FeedSource, Reports
    from inventory.domain.work import WorkMessage

BUCKET = "uploads"
ITEMS, INGESTIONS, LANES = "items", "ingestions", "lanes"
_GONE = "GONE"
BEGIN = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def memory_tables(**options: Any) -> MemoryDynamoDb:
    """The three tables, empty."""
    tables = {
        ITEMS: ("sku", "location"),
        INGESTIONS: ("object_id",),
        LANES: ("lane", "position"),
    }
    return MemoryDynamoDb(tables, **options)


class Clock:
    """Time that stands still until somebody moves it; every look takes a millisecond."""

    def __init__(self, now: datetime = BEGIN) -> None:
        self.at = now

    def __call__(self) -> datetime:
        """The time."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def move(self, **delta: float) -> None:
        """Let time pass, in the units of `timedelta`."""
        self.at += timedelta(**delta)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version in the fake bucket."""

    version: ObjectVersion
    last_modified: datetime
    metadata: dict[str, str]
    body: bytes


class MemoryObjects:
    """A versioned bucket behind `ports.ObjectStore` and `ports.ObjectListing`."""

    def __init__(self) -> None:
        self.stored: list[StoredObject] = []
        self._puts = 0

    def put(
        self,
        key: str,
        body: str,
        *,
        last_modified: datetime = BEGIN,
        metadata: dict[str, str] | None = None,
        sequencer: str = "",
        versioned: bool = True,
    ) -> ObjectVersion:
        """Store a version and give what its event would say."""
        data = body.encode()
        self._puts += 1
        version = ObjectVersion(
            bucket=BUCKET,
            key=key,
            version_id=f"v{self._puts}" if versioned else None,
            etag=md5(data, usedforsecurity=False).hexdigest(),
            size_bytes=len(data),
            sequencer=sequencer,
        )
        self.stored.append(StoredObject(version, last_modified, metadata or {}, data))
        return version

    def delete(self, version: ObjectVersion) -> None:
        """Delete exactly this version."""
        self.stored.remove(self.find(version))

    def find(self, version: ObjectVersion) -> StoredObject:
        """The version, by its id, else the latest if it has the entity tag."""
        same_key = [one for one in self.stored if one.version.key == version.key]
        if version.version_id is not None:
            same_key = [one for one in same_key if one.version.version_id == version.version_id]
        if not same_key or (
            version.version_id is None and same_key[-1].version.etag != version.etag
        ):
            raise ObjectGoneError("The object version was deleted before it was read.")
        return same_key[-1]

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """See `ports.ObjectStore`."""
        one = self.find(version)
        described = replace(one.version, sequencer=version.sequencer, stored_at=one.last_modified)
        return ObjectInfo(described, one.last_modified, one.metadata)

    def source(self, version: ObjectVersion) -> MemorySource:
        """See `ports.ObjectStore`."""
        return MemorySource(self, version)

    def pages(self, start: tuple[str, str] | None) -> Iterator[VersionPage]:
        """See `ports.ObjectListing`; two versions a page."""
        every = sorted(self.stored, key=_place)
        every = [one for one in every if start is None or _place(one) > start]
        for at in range(0, max(len(every), 1), 2):
            page = every[at : at + 2]
            listed = [
                (replace(one.version, sequencer="", stored_at=one.last_modified), one.last_modified)
                for one in page
            ]
            more = at + 2 < len(every)
            yield VersionPage(listed, _place(page[-1]) if more else None)


@dataclass(frozen=True, slots=True)
class MemorySource:
    """Bytes of a fake version."""

    objects: MemoryObjects
    version: ObjectVersion

    def open(self, start_byte: int = 0) -> BinaryIO:
        """See `ports.FeedSource`."""
        return io.BytesIO(self.objects.find(self.version).body[start_byte:])


def _place(one: StoredObject) -> tuple[str, str]:
    return one.version.key, str(one.version.version_id)


@dataclass(frozen=True, slots=True)
class TinyFeed:
    """A feed of lines `sku,location,quantity,name,updated_at`; the last two may be empty.

    `!text` is a row that must be refused, `-text` one that is not stock, and a line `BROKEN`
    stands for damage that nobody can know before. Places in it are counted in lines.
    """

    lines: tuple[str, ...]
    start_line: int = 2
    profile: str = "tiny"
    header: tuple[str, ...] = ("sku", "location", "quantity", "name", "updated_at")
    delimiter: str = ","
    quoted: bool = True
    corrected: bool = False

    @property
    def start_byte(self) -> int:
        """Where its first record begins."""
        return self.start_line

    def state(self) -> dict[str, Any]:
        """See `reading.Feed`."""
        return {"profile": self.profile}

    def batches(self, max_rows: int = 1000, share: Share | None = None) -> Iterator[Batch]:
        """See `reading.Feed`."""
        whole = self.lines
        if whole == (_GONE,):
            raise ObjectGoneError("The object version was deleted before it was read.")
        broken = whole.index("BROKEN") if "BROKEN" in whole else None
        whole = whole[:broken]
        for at in range(self.start_line - 2, len(whole), max_rows):
            yield _batch(whole[at : at + max_rows], at + 2, share or Share(0, 1))
        if broken is not None:
            raise BadFileError(ErrorCode.SOURCE_ERROR, "The file breaks off.", line=broken + 2)

    def in_parts(self) -> TinyFeed:
        """See `reading.Feed`."""
        return self


@lru_cache(maxsize=4096)
def _parsed(text: str, line: int) -> Row | Reject | Skip:
    if text.startswith("!"):
        cells = (text[1:],)
        message = "The row cannot be read."
        return Reject(line, 0, ErrorCode.TYPE_ERROR, message, None, None, text, cells)
    if text.startswith("-"):
        return Skip(line, text[1:], None)
    sku, location, quantity, name, updated_at = text.split(",")
    return Row(
        line, sku, location, quantity, name or None, None, None, None, None, {}, updated_at or None
    )


def _batch(lines: Sequence[str], first: int, share: Share) -> Batch:
    batch = Batch(next_line=first + len(lines), next_byte_offset=first + len(lines))
    for line, text in enumerate(lines, first):
        parsed = _parsed(text, line)
        if isinstance(parsed, Row):
            if share.of(parsed.sku, share.workers) == share.index:
                batch.rows.add(zip(parsed, strict=True))
            elif share.index == 0:
                batch.rows_of_others += 1
        elif isinstance(parsed, Skip):
            batch.skips += [parsed] if share.index == 0 else []
        else:
            batch.rejects += [parsed] if share.index == 0 else []
    return batch


def open_tiny_feed(source: FeedSource, *, key: str, latest: str) -> TinyFeed:
    """Open a tiny feed; see `ports.OpenFeed`."""
    assert latest
    with source.open() as stream:
        text = stream.read().decode()
    first, *lines = text.split("\n")
    if first != "tiny":
        raise BadFileError(ErrorCode.MISSING_LABEL, f"{key} is no feed.", line=1, value=first)
    return TinyFeed(tuple(line for line in lines if line))


def open_tiny_part(
    state: Mapping[str, Any],
    source: FeedSource,
    *,
    start_byte: int,
    start_line: int,
    latest: str,
) -> TinyFeed:
    """Open a tiny feed from a line on; see `ports.OpenPart`."""
    assert start_byte == start_line
    try:
        whole = open_tiny_feed(source, key="", latest=latest)
    except ObjectGoneError:
        return TinyFeed((_GONE,))  # the reader's parts, too, find that out when they are read
    return replace(whole, start_line=start_line, profile=state["profile"])


def tiny(*lines: str) -> str:
    """Body of a tiny feed."""
    return "\n".join(("tiny", *lines)) + "\n"


@dataclass(slots=True)
class MemoryQueue:
    """The work queue in a list; what is delayed waits until somebody lets time pass."""

    messages: list[WorkMessage] = field(default_factory=list)
    delayed: list[WorkMessage] = field(default_factory=list)

    def send(self, messages: Sequence[WorkMessage], *, delay_seconds: int = 0) -> None:
        """See `ports.WorkQueue`."""
        assert 0 <= delay_seconds <= 900  # noqa: PLR2004  the service's limit
        waiting = self.delayed if delay_seconds else self.messages
        waiting += messages

    def time_passes(self) -> None:
        """Let what was delayed come."""
        self.messages += self.delayed
        self.delayed.clear()


@dataclass(slots=True)
class MemoryEndedChains:
    """The dead-letter queue, as far as messages of the work queue go there."""

    messages: list[tuple[WorkMessage, str]] = field(default_factory=list)

    def send(self, messages: Sequence[WorkMessage], code: str, reason: str) -> None:
        """See `ports.EndedChains`."""
        assert reason
        self.messages += [(message, code) for message in messages]


@dataclass(slots=True)
class MemoryRejects:
    """The dead-letter queue, as far as rejects go there."""

    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        """See `ports.RejectQueue`."""
        self.bodies += [(kind, body) for body in bodies]


@dataclass(slots=True)
class MemoryEvents:
    """The event bus in a list."""

    ends: list[dict[str, Any]] = field(default_factory=list)

    def send(self, ends: Sequence[dict[str, Any]]) -> None:
        """See `ports.Events`."""
        self.ends += ends


@dataclass(slots=True)
class MemoryReports:
    """The reports bucket in a dictionary."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """See `ports.Reports`."""
        assert content_type
        self.files[key] = body

    def get(self, key: str) -> bytes | None:
        """See `ports.Reports`."""
        return self.files.get(key)

    def writer(self, key: str, *, content_type: str) -> MemoryReportWriter:
        """See `ports.Reports`."""
        return MemoryReportWriter(self, key, content_type)

    def join(self, key: str, pieces: Sequence[str], *, content_type: str) -> None:
        """See `ports.Reports`."""
        self.put(key, b"".join(self.files[piece] for piece in pieces), content_type=content_type)


@dataclass(slots=True)
class MemoryReportWriter:
    """An object of the fake bucket while it is written.

    Attributes:
        reports: The bucket, by its port; `put` may fail.
        key: Key of the object.
        content_type: Its media type.
        small_bytes: Objects up to this size may be stored at another key.
        data: What was written.
    """

    reports: Reports
    key: str
    content_type: str
    small_bytes: int = 8 << 20
    data: bytearray = field(default_factory=bytearray)

    @property
    def in_memory(self) -> bool:
        """See `ports.ReportWriter`."""
        return len(self.data) <= self.small_bytes

    def write(self, data: bytes, /) -> None:
        """See `ports.ReportWriter`."""
        self.data += data

    def finish(self, *, small_key: str | None = None) -> str:
        """See `ports.ReportWriter`."""
        key = small_key if small_key and self.in_memory else self.key
        self.reports.put(key, bytes(self.data), content_type=self.content_type)
        return key

    def abort(self) -> None:
        """See `ports.ReportWriter`."""


@dataclass(kw_only=True)
class World:
    """Everything one `Ingest` works with; the adapters are the real ones.

    Attributes:
        tables: DynamoDB.
        transport: What the adapters call; the tables unless a test puts faults in between.
        objects: The uploads bucket.
        work: The work queue.
        ended: The dead-letter queue, as far as its messages go there.
        rejects: The dead-letter queue.
        reports: The reports bucket.
        events: The event bus.
        clock: The time.
        complete: What becomes of what files of a complete feed lack, by the prefix of the feed.
    """

    tables: MemoryDynamoDb = field(default_factory=memory_tables)
    transport: Transport | None = None
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    work: MemoryQueue = field(default_factory=MemoryQueue)
    ended: MemoryEndedChains = field(default_factory=MemoryEndedChains)
    rejects: MemoryRejects = field(default_factory=MemoryRejects)
    reports: MemoryReports = field(default_factory=MemoryReports)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    clock: Clock = field(default_factory=Clock)
    complete: dict[str, str] = field(default_factory=dict)

    def feed_of(self, key: str) -> FeedSettings:
        """The feed of a key: the key itself."""
        absent = Absent(self.complete.get(key, Absent.ZERO))
        return FeedSettings(prefix=key, complete=key in self.complete, absent=absent)

    def ports(self, *, message_limit: int = 1000, **instead: Any) -> IngestPorts:
        """Ports of one process.

        Args:
            message_limit: Reject messages per file.
            instead: Ports in place of the plain ones.
        """
        usage, deadline = ConsumedCapacity(), Deadline()
        api = self.api(deadline)
        lanes = PartitionedTable(api, LANES, usage)
        ports = IngestPorts(
            objects=self.objects,
            open_feed=open_tiny_feed,
            open_part=open_tiny_part,
            feed_of=self.feed_of,
            items=DynamoDbItems(api, ITEMS, usage),
            registry=DynamoDbRegistry(lanes),
            ingestions=DynamoDbIngestions(api, INGESTIONS, usage),
            reports=DynamoDbJobs(lanes),
            follow_ups=DynamoDbFollowUps(lanes, self.clock),
            pauses=DynamoDbPauses(lanes),
            files=self.reports,
            changes=DynamoDbChangeLogs(lanes),
            fingerprints=DynamoDbFingerprintSets(lanes),
            listings=DynamoDbListings(lanes),
            readings=DynamoDbReadings(lanes),
            work=self.work,
            ended=self.ended,
            rejects=RejectDestinations(
                queue=self.rejects, reports=self.reports, message_limit=message_limit
            ),
            events=self.events,
            arrivals=DynamoDbArrivals(lanes),
            usage=usage,
            deadline=deadline,
            now=self.clock,
            release="1",
        )
        return replace(ports, **instead)

    def api(self, deadline: Deadline) -> DynamoDbApi:
        """DynamoDB as one process calls it."""
        return DynamoDbApi(
            self.transport or self.tables,
            deadline,
            in_flight=1,
            sleep=lambda _: None,
            uniform=lambda: 0.0,
        )

    def ingest(
        self,
        *,
        batch_rows: int = 1000,
        seen_slots: int = 1024,
        block_hashes: int = BLOCK_HASHES,
        settings: IngestSettings | None = None,
        share: Decimal = Decimal(0),
        **options: Any,
    ) -> Ingest:
        """One process.

        Args:
            batch_rows: Rows a batch.
            seen_slots: Memory for the keys of a file.
            block_hashes: Fingerprints of a block.
            settings: Limits; by default every file is processed by one worker.
            share: Share of the last file's stock above which a file is held; 0 for none.
            options: As for `ports`.
        """
        ports = self.ports(**options)
        hold = None
        if share:
            lanes = PartitionedTable(self.api(ports.deadline), LANES, ports.usage)
            hold = StockDropHold(
                DynamoDbFileSums(lanes),
                ports.ingestions,
                ports.deadline,
                feed_of=lambda key: replace(self.feed_of(key), max_stock_drop_share=share),
                batch_rows=batch_rows,
            )
        return Ingest(
            ports,
            settings or IngestSettings(large_object_bytes=1 << 30),
            batch_rows=batch_rows,
            seen_slots=seen_slots,
            block_hashes=block_hashes,
            hold=hold,
        )

    def reconcile(self, *, deadline_minutes: int = 30, **instead: Any) -> Reconcile:
        """One process of the reconcile.

        Args:
            deadline_minutes: Age at which a version must have a terminal record.
            instead: Arguments in place of the plain ones.
        """
        deadline, usage = Deadline(), ConsumedCapacity()
        api = self.api(deadline)
        lanes = PartitionedTable(api, LANES, usage)
        arguments: dict[str, Any] = {
            "listing": self.objects,
            "ingestions": DynamoDbIngestions(api, INGESTIONS, usage),
            "follow_ups": DynamoDbFollowUps(lanes, self.clock),
            "pauses": DynamoDbPauses(lanes),
            "checkpoints": DynamoDbCheckpoint(lanes),
            "work": self.work,
            "usage": usage,
            "deadline": deadline,
            "now": self.clock,
            "deadline_minutes": deadline_minutes,
        }
        return Reconcile(**arguments | instead)

    def pauses(self) -> DynamoDbPauses:
        """Where operators have files wait."""
        usage = ConsumedCapacity()
        api = DynamoDbApi(self.tables, Deadline(), in_flight=1)
        return DynamoDbPauses(PartitionedTable(api, LANES, usage))

    def items(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The items table."""
        return {(key[0], key[1]): item for key, item in self.tables.tables[ITEMS].items.items()}

    def record(self, version: ObjectVersion) -> dict[str, Any]:
        """The record of an object version, values unwrapped where they are plain."""
        stored = self.tables.tables[INGESTIONS].items[version.object_id,]
        plain: dict[str, Any] = {}
        for name, value in stored.items():
            kind, content = next(iter(value.items()))
            plain[name] = float(content) if kind == "N" else content
        return plain
