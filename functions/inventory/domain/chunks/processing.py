"""One part of a file from its task to its report."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.domain.chunks.model import PartReport
from inventory.domain.chunks.rejecting import PartRejects
from inventory.domain.chunks.trace import PartTrace
from inventory.domain.errors import (
    BadFileError,
    ObjectGoneError,
    OutOfTimeError,
    ThrottledError,
)
from inventory.domain.ledger import Mode
from inventory.domain.model import Counts
from inventory.domain.order import Tokens, timestamp
from inventory.domain.reading.archives import Archive
from inventory.domain.seen import SeenKeys
from inventory.domain.writing import RESERVE_SECONDS, RowWriter

if TYPE_CHECKING:
    from inventory.domain.chunks.keys import KeyFilter
    from inventory.domain.chunks.model import Task
    from inventory.domain.chunks.ports import ChunkPorts
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ledger import Admission
    from inventory.domain.model import Batch
    from inventory.domain.reading.feed import Feed

#: Share of an invocation that is kept to end it in order, besides what a batch may take.
_RESERVED_SHARE = 0.05


@dataclass(kw_only=True, slots=True)
class _Progress:
    """How far a part has come."""

    byte: int
    line: int
    batches: int = 0
    interrupted: bool = False
    in_batch: bool = False


class PartProcessor:
    """Processes parts; a part that is processed twice writes nothing the second time.

    Args:
        ports: What whole files need.
        chunks: What parts need.
        batch_rows: Rows that are read, decided and written together.
    """

    def __init__(self, ports: IngestPorts, chunks: ChunkPorts, *, batch_rows: int) -> None:
        self._ports = ports
        self._chunks = chunks
        self._batch_rows = batch_rows

    def process(self, task: Task, admission: Admission, *, union: KeyFilter | None) -> PartReport:
        """Bring the rows of a part into the table, as many as the time allows.

        Args:
            task: The part.
            admission: What its run may do; its `run` names this attempt.
            union: Keys whose rows are looked at; None for all.

        Raises:
            BadFileError: The file cannot be read on.
            ObjectGoneError: The object cannot be read any more.
            RetryableError: The part must come again; also when it made no progress at all.
        """
        ports = self._ports
        version = admission.version
        reads, writes = ports.usage.read_units, ports.usage.write_units
        reserve = RESERVE_SECONDS + _RESERVED_SHARE * min(ports.deadline.left(), 900.0)
        packed = task.job.state["archive"] != Archive.NONE  # then bytes of the feed are others
        feed = self._chunks.open_part(
            task.job.state,
            ports.objects.source(version, end_byte=None if packed else task.end_byte),
            start_byte=task.start_byte,
            start_line=task.start_line,
            end_byte=task.end_byte,
        )
        report = PartReport(start_byte=task.start_byte, start_line=task.start_line)
        tokens = Tokens(admission.base, version.object_id)
        trace = PartTrace(tokens, task.first_line or task.start_line)
        writer = RowWriter(
            items=ports.items,
            lanes=ports.lanes,
            deadline=ports.deadline,
            admission=admission,
            tokens=tokens,
            counts=report.counts,
            seen=SeenKeys(),
            now=lambda: timestamp(ports.now()),
            part=trace,
        )
        rejects = PartRejects(
            ports.rejects.queue,
            self._chunks.store,
            feed,
            version=version,
            timestamp=task.job.began,
            messages=task.messages,
        )
        progress = _Progress(byte=task.start_byte, line=task.start_line)
        try:
            publish = rejects if task.job.mode is Mode.WORK and union is None else None
            self._load(
                feed,
                writer,
                report,
                rejects=publish,
                union=union,
                progress=progress,
                reserve=reserve,
            )
            folder = f"parts/{task.job.name(version.object_id)}/{task.place}-{_digest(admission)}"
            report.messages, report.rejects_key = rejects.finish(f"{folder}.rejects")
        except (BadFileError, ObjectGoneError):
            # What stood before the damage is loaded, so whoever relied on it has to know.
            writer.look_back(ports.work)
            raise
        finally:
            rejects.close()
        report.written = writer.written
        report.rechecks = writer.look_back(ports.work)
        if not trace.overtook.empty:
            report.filter_key = f"{folder}.keys"
            self._chunks.store.put(report.filter_key, io.BytesIO(trace.overtook.to_bytes()))
        report.skips = trace.skips
        report.timed = writer.timed
        if union is not None:
            _recount(report.counts, trace)
        _note_end(report, task, progress)
        report.read_units = ports.usage.read_units - reads
        report.write_units = ports.usage.write_units - writes
        return report

    def _load(
        self,
        feed: Feed,
        writer: RowWriter,
        report: PartReport,
        *,
        rejects: PartRejects | None,
        union: KeyFilter | None,
        progress: _Progress,
        reserve: float,
    ) -> None:
        counts = report.counts
        for batch in feed.batches(self._batch_rows):
            if progress.batches and self._ports.deadline.left() < reserve:
                progress.interrupted = True
                return
            before = replace(counts)
            try:
                if union is None:
                    _account(batch, report)
                    writer.write(batch.rows)
                else:
                    writer.write([row for row in batch.rows if (row[1], row[2]) in union])
            except (OutOfTimeError, ThrottledError):
                if not progress.batches:
                    raise  # it would begin here again and again
                _set(counts, before)
                progress.interrupted = progress.in_batch = True
                return
            if batch.rejects and rejects is not None:
                rejects.add(batch.rejects)
            if union is None:
                _account_reasons(batch, report)
            progress.batches += 1
            progress.byte, progress.line = batch.next_byte_offset, batch.next_line


def _account(batch: Batch, report: PartReport) -> None:
    counts = report.counts
    counts.rows_read += len(batch.rows) + len(batch.rejects) + len(batch.skips)
    counts.rejected += len(batch.rejects)
    counts.skipped += len(batch.skips)


def _account_reasons(batch: Batch, report: PartReport) -> None:
    reasons = Counter(report.skipped_by_reason)
    reasons.update(skip.reason for skip in batch.skips)
    errors = Counter(report.rejected_by_error)
    errors.update(str(reject.error) for reject in batch.rejects)
    report.skipped_by_reason, report.rejected_by_error = dict(reasons), dict(errors)
    if batch.rejects and report.first_error_line is None:
        report.first_error_line = batch.rejects[0].line


def _set(counts: Counts, other: Counts) -> None:
    for name in Counts.__dataclass_fields__:
        setattr(counts, name, getattr(other, name))


def _recount(counts: Counts, trace: PartTrace) -> None:
    """What a later round changes of the counts: its writes are of rows that were left alone.

    A row written over one of its own file is its duplicate (see `RowWriter`), a row written over a
    foreign item is loaded.
    """
    _set(counts, Counts())
    counts.unchanged = -trace.over_own - trace.over_foreign
    counts.duplicates = trace.over_own
    counts.loaded = trace.over_foreign


def _note_end(report: PartReport, task: Task, progress: _Progress) -> None:
    report.end_byte = task.end_byte
    if progress.interrupted:
        report.going_on = True
        report.end_byte, report.end_line = progress.byte, progress.line
        report.final_byte = task.end_byte
        report.thorough = progress.in_batch


def _digest(admission: Admission) -> str:
    """Two attempts may end at different places, so what they store stands apart."""
    return admission.run.partition("#")[0].replace(":", "")
