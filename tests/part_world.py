"""A world in memory in which files are processed in parts by the real reader and writer."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from faults.fakes import LANES, World
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_parts import DynamoDbParts
from inventory.domain.chunks.ports import ChunkPorts
from inventory.domain.chunks.service import Chunks
from inventory.domain.hold import StockDropHold
from inventory.domain.ingest import Ingest
from inventory.domain.ingest_ports import IngestPorts
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from inventory.adapters.dynamodb_api import Transport
    from inventory.domain.model import ObjectVersion
    from inventory.domain.outcome import Outcome


@dataclass(slots=True)
class MemoryStore:
    """The reports bucket behind `chunks.ports.PartStore`."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: BinaryIO) -> None:
        """See `PartStore`."""
        self.files[key] = body.read()

    def open(self, key: str) -> BinaryIO:
        """See `PartStore`."""
        return io.BytesIO(self.files[key])

    def join(self, key: str, beginning: bytes, parts: list[str]) -> None:
        """See `PartStore`."""
        self.files[key] = beginning + b"".join(self.files[part] for part in parts)


def open_real_feed(source: Any, *, key: str) -> Any:
    """Open a feed with the built-in profiles."""
    return open_feed(source, key=key, profiles=ProfileSet())


def hold_of(ports: IngestPorts, share: Decimal, *, batch_rows: int) -> StockDropHold | None:
    """What holds files that lower the known stock by more than a share; 0 for none."""
    if not share:
        return None
    return StockDropHold(ports.items, ports.deadline, ports.usage, share, batch_rows=batch_rows)


def part_ports(
    ports: IngestPorts,
    transport: Transport,
    store: Any,
    *,
    chunk_bytes: int,
    large_object_bytes: int = 0,
) -> ChunkPorts:
    """Ports for parts over the same tables."""
    api = DynamoDbApi(
        transport, ports.deadline, in_flight=1, sleep=lambda _: None, uniform=lambda: 0.0
    )
    return ChunkPorts(
        open_part=continue_feed,
        parts=DynamoDbParts(api, LANES, ports.usage),
        store=store,
        large_object_bytes=large_object_bytes,
        chunk_bytes=chunk_bytes,
    )


class PartWorld(World):
    """A world whose files are processed in parts.

    Attributes:
        store: The reports bucket as parts see it.
        outcomes: Of every invocation.
        time_left: Makes the clock of an invocation.
        share: Share of the known stock above which files are held; 0 for none.
    """

    def __init__(
        self, *, chunk_bytes: int, large_object_bytes: int = 0, batch_rows: int = 50
    ) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.outcomes: list[Outcome] = []
        self.chunk_bytes = chunk_bytes
        self.large_object_bytes = large_object_bytes
        self.batch_rows = batch_rows
        self.time_left: Callable[[], Callable[[], float]] = lambda: lambda: 900.0
        self.share = Decimal(0)

    def process(self, *, message_limit: int = 1000) -> Ingest:
        """One process."""
        ports = self.ports(message_limit=message_limit)
        values = {name: getattr(ports, name) for name in IngestPorts.__slots__}
        ports = IngestPorts(**values | {"open_feed": open_real_feed})
        hold = hold_of(ports, self.share, batch_rows=self.batch_rows)
        chunks = part_ports(
            ports,
            self.transport or self.tables,
            self.store,
            chunk_bytes=self.chunk_bytes,
            large_object_bytes=self.large_object_bytes,
        )
        return Ingest(
            ports,
            batch_rows=self.batch_rows,
            chunks=Chunks(ports, chunks, batch_rows=self.batch_rows, hold=hold),
            hold=hold,
        )

    def deliver(self, version: ObjectVersion, **options: Any) -> Outcome:
        """Deliver the event of a version."""
        delivery = Delivery(kind=Kind.CREATED, version=version, delivery_id=f"e-{version.key}")
        outcome = self.process(**options).run(delivery, time_left=self.time_left())
        self.outcomes.append(outcome)
        return outcome

    def drain(
        self,
        *,
        order: Random | None = None,
        twice: bool = False,
        **options: Any,
    ) -> None:
        """Process the work queue until it is empty.

        Args:
            order: Takes messages at random; None takes them in their order.
            twice: Whether every message is delivered twice.
            options: As for `process`.
        """
        count = 0
        while self.work.messages:
            at = order.randrange(len(self.work.messages)) if order else 0
            message = self.work.messages.pop(at)
            count += 1
            for _ in range(1 + twice):
                delivery = Delivery(
                    kind=message.kind,
                    version=message.version,
                    delivery_id=f"m-{count}",
                    task=message.task,
                )
                outcome = self.process(**options).run(delivery, time_left=self.time_left())
                self.outcomes.append(outcome)
            assert count < 20_000, "the queue never becomes empty"
