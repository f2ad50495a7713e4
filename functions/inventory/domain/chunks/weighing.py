"""Weighing a file in as many invocations as it takes, before it is cut into chunks."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.domain.chunks.finishing import WAITING, admission_of, enter
from inventory.domain.chunks.model import PartReport, Place
from inventory.domain.errors import RetryableError
from inventory.domain.hold import Weighing
from inventory.domain.ledger import LEASE
from inventory.domain.order import Tokens, timestamp
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.chunks.model import Task
    from inventory.domain.chunks.ports import ChunkPorts
    from inventory.domain.hold import StockDropHold
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ledger import Record
    from inventory.domain.model import ObjectVersion


class Weigher:
    """Has a file weighed by one invocation after another.

    Idempotency: like a part, a segment of the weighing has one report, which counts whoever else
    weighs the same again; the verdict follows from what the last one says.

    Args:
        ports: What whole files need.
        chunks: What parts need.
        hold: What weighs and judges; None when it was switched off meanwhile.
    """

    def __init__(self, ports: IngestPorts, chunks: ChunkPorts, hold: StockDropHold | None) -> None:
        self._ports = ports
        self._chunks = chunks
        self._hold = hold

    def begin(self, first: Task, weighing: Weighing | None, version: ObjectVersion) -> None:
        """Have other invocations go on.

        Args:
            first: First chunk of the job.
            weighing: How far this invocation has come; None when the job was begun by another.
            version: The object version.
        """
        task = replace(first, place=Place(0, 0, 0))
        if weighing is not None:
            self._enter(task, weighing, version)
        self._send(task, version)

    def go_on(self, task: Task, version: ObjectVersion, record: Record) -> bool:
        """Weigh on, and judge when nothing is left to be weighed.

        Args:
            task: First chunk of the job, its place that of a segment of the weighing.
            version: The object version.
            record: Its record.

        Returns:
            Whether the file may load now; else another invocation goes on.

        Raises:
            BadFileError: It is held, or cannot be read.
            ObjectGoneError: The object cannot be read any more.
            RetryableError: The message must come again.
        """
        hold, ledger = self._hold, self._ports.ledger
        if hold is None or record.accepted:
            return True
        report = self._chunks.parts.get(task.job.name(version.object_id), task.place)
        if report is None:
            report = self._weigh(hold, task, version)
        if report.going_on:
            segment = task.place.segment + 1
            self._send(replace(task, place=task.place._replace(segment=segment)), version)
            return False
        # Another delivery may have been faster: then some of the file is in the stock already.
        latest = ledger.get(version.object_id)
        if latest is None or not latest.accepted:
            hold.judge(self._stored(report))
            ledger.accept(admission_of(task, version, record))
        return True

    def _weigh(self, hold: StockDropHold, task: Task, version: ObjectVersion) -> PartReport:
        weighing = self._so_far(task, version)
        feed = self._chunks.open_part(
            task.job.state,
            self._ports.objects.source(version),
            start_byte=weighing.byte,
            start_line=weighing.line,
        )
        hold.weigh(feed, Tokens(task.job.base, version.object_id), weighing)
        return self._enter(task, weighing, version)

    def _so_far(self, task: Task, version: ObjectVersion) -> Weighing:
        """What the segments before this one have come to."""
        job, place = task.job.name(version.object_id), task.place
        if place.segment == 0:
            return Weighing(byte=task.start_byte, line=task.start_line)
        before = self._chunks.parts.get(job, place._replace(segment=place.segment - 1))
        if before is None:
            raise RetryableError(f"{version.object_id}: no report before {place}")
        return self._stored(before)

    def _stored(self, report: PartReport) -> Weighing:
        with self._chunks.store.open(report.weighing_key) as stream:
            return Weighing.from_text(stream.read().decode())

    def _enter(self, task: Task, weighing: Weighing, version: ObjectVersion) -> PartReport:
        """Store a weighing and enter the report of its segment; the report that counts."""
        object_id = version.object_id
        attempt = timestamp(self._ports.now()).replace(":", "")
        report = PartReport(
            start_byte=task.start_byte,
            start_line=task.start_line,
            end_byte=weighing.byte,
            end_line=weighing.line,
            going_on=not weighing.done,
            # Two attempts may end at different places, so what they store stands apart.
            weighing_key=f"parts/{task.job.name(object_id)}/{task.place}-{attempt}.weighing",
            read_units=weighing.read_units if weighing.done else 0.0,
        )
        self._chunks.store.put(report.weighing_key, io.BytesIO(weighing.to_text().encode()))
        return enter(self._chunks.parts, task, object_id, report)

    def _send(self, task: Task, version: ObjectVersion) -> None:
        lease = timestamp(self._ports.now() + LEASE + WAITING)
        self._ports.ledger.prolong(version.object_id, task.job.run, lease)
        message = WorkMessage(kind=Kind.WEIGH, version=version, task=task.to_data())
        self._ports.work.send([message])
