"""What follows a part: the rest of its range, another round, or the end of the file."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from inventory.domain.chunks.keys import KeyFilter
from inventory.domain.chunks.model import Place, Task, add_counts
from inventory.domain.chunks.rejecting import beginning_of_file, pointer
from inventory.domain.errors import RetryableError
from inventory.domain.ledger import LEASE, Admission, Mode, RunReport, Status
from inventory.domain.order import timestamp
from inventory.domain.rejects import reject_key
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.chunks.model import PartReport
    from inventory.domain.chunks.ports import ChunkPorts, PartLedger
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ledger import Record
    from inventory.domain.model import Counts, ObjectVersion

_TASKS_PER_SEND = 10
#: How long the next part of a job may wait in the queue before the reconcile asks after it.
WAITING = timedelta(minutes=15)


def enter(parts: PartLedger, task: Task, object_id: str, report: PartReport) -> PartReport:
    """Enter the report of a part; where another attempt was faster, its report is what counts.

    Returns:
        The report that counts.

    Raises:
        RetryableError: It was not found.
    """
    job = task.job.name(object_id)
    if parts.enter(job, task.place, report, expires_at=task.job.expires_at):
        return report
    counting = parts.get(job, task.place)
    if counting is None:
        raise RetryableError(f"{object_id}: part {task.place} has no report")
    return counting


class Finisher:
    """Does what comes after a part; all of it may be repeated.

    Args:
        ports: What whole files need.
        chunks: What parts need.
    """

    def __init__(self, ports: IngestPorts, chunks: ChunkPorts) -> None:
        self._ports = ports
        self._chunks = chunks

    def follow(
        self, task: Task, report: PartReport, version: ObjectVersion, record: Record
    ) -> Status | None:
        """Send what comes next; end the file when nothing does.

        Whoever enters the last report of a round counts all of them, so at least one does.

        Args:
            task: The part.
            report: What came of it.
            version: The object version.
            record: Its record.

        Returns:
            Status of the record when this ended it, else None.
        """
        job, place = task.job, task.place
        done = self._chunks.parts.done(job.name(version.object_id), place.round)
        lease = timestamp(self._ports.now() + LEASE + WAITING)
        if job.mode is Mode.WORK:
            progress = done if place.round == 1 else job.total
            self._ports.ledger.progress(version.object_id, job.run, progress, lease)
        else:
            self._ports.ledger.prolong(version.object_id, job.run, lease)
        if report.going_on:
            assert report.end_byte is not None
            following = replace(
                task,
                place=place._replace(segment=place.segment + 1),
                start_byte=report.end_byte,
                start_line=report.end_line,
                end_byte=report.final_byte,
                first_line=task.first_line or task.start_line,
                messages=max(task.messages - report.messages, 0),
                thorough=report.thorough,
            )
            self._send([following], version)
            return None
        if done < task.parts:
            return None
        again = self._again(task, version)
        if again:
            self._send(again, version)
            return None
        return self._end(task, version, record)

    def _again(self, task: Task, version: ObjectVersion) -> list[Task]:
        """Parts that left rows alone which another part may have made wrong.

        A row is left alone because an older item is equal. Another part may overwrite that item
        afterwards with a row that stands earlier in the file: then the row left alone has to
        win, and does so when it is decided again.
        """
        job, round_ = task.job, task.place.round
        name = job.name(version.object_id)
        reports = [report for _, report in self._chunks.parts.reports(name, round_)]
        changed = [report for report in reports if report.filter_key]
        if not changed:
            return []
        first = min(report.start_byte for report in changed)
        timed = any(report.timed for report in reports)
        doubtful = [
            report
            for report in reports
            if report.skips and (report.start_byte > first or (timed and changed != [report]))
        ]
        if not doubtful:
            return []
        union = KeyFilter()
        for report in changed:
            with self._chunks.store.open(report.filter_key) as stream:
                union.join(stream.read())
        self._chunks.store.put(union_key(name, round_ + 1), io.BytesIO(union.to_bytes()))
        return [
            Task(
                job=job,
                place=Place(round_ + 1, index, 0),
                parts=len(doubtful),
                start_byte=report.start_byte,
                start_line=report.start_line,
                end_byte=report.end_byte,
            )
            for index, report in enumerate(doubtful)
        ]

    def _end(self, task: Task, version: ObjectVersion, record: Record) -> Status | None:
        total, messages, pieces = self.sum_up(task, version)
        job, ledger = task.job, self._ports.ledger
        admission = admission_of(task, version, record)
        if job.mode is Mode.WORK and pieces:
            self._publish(task, version, pieces, total.counts.rejected - messages)
        total.finished_at = timestamp(self._ports.now())
        if job.mode is Mode.RECHECK:
            ledger.close(admission, written=total.written)
            return None
        ledger.complete(admission, total)
        return Status.COMPLETED

    def sum_up(self, task: Task, version: ObjectVersion) -> tuple[RunReport, int, list[str]]:
        """What came of all parts so far.

        Returns:
            The sums; the reject messages sent; and the pieces of the reject file, in order.
        """
        name = task.job.name(version.object_id)
        total = RunReport(profile=str(task.job.state["profile"]))
        messages = 0
        pieces: list[str] = []
        for round_ in count():
            reports = [report for _, report in self._chunks.parts.reports(name, round_)]
            if round_ and not reports:
                break
            for report in reports:
                add_counts(total.counts, report.counts)
                total.skipped_by_reason.update(report.skipped_by_reason)
                total.rejected_by_error.update(report.rejected_by_error)
                if total.first_error_line is None:
                    total.first_error_line = report.first_error_line
                total.read_units += report.read_units
                total.write_units += report.write_units
                total.written += report.written
                messages += report.messages
                if report.rejects_key:
                    pieces.append(report.rejects_key)
        _keep_positive(total.counts)
        return total, messages, pieces

    def _publish(self, task: Task, version: ObjectVersion, pieces: list[str], more: int) -> None:
        feed = self._chunks.open_part(
            task.job.state,
            self._ports.objects.source(version),
            start_byte=task.start_byte,
            start_line=task.start_line,
        )
        self._chunks.store.join(reject_key(version), beginning_of_file(feed), pieces)
        if more > 0:
            body = pointer(more, feed, version=version, timestamp=task.job.began)
            self._ports.rejects.queue.send("file", [body])

    def _send(self, tasks: list[Task], version: ObjectVersion) -> None:
        messages = [
            WorkMessage(kind=Kind.CHUNK, version=version, task=task.to_data()) for task in tasks
        ]
        for at in range(0, len(messages), _TASKS_PER_SEND):
            self._ports.work.send(messages[at : at + _TASKS_PER_SEND])


def _keep_positive(counts: Counts) -> None:
    """Take back what later rounds counted twice.

    Two rows of one key that were left alone count as one unchanged row and a duplicate. When a
    later round, in two invocations, writes both, each of them is moved from unchanged.
    """
    surplus = max(-counts.unchanged, 0)
    duplicates = min(surplus, counts.duplicates)
    counts.unchanged += surplus
    counts.duplicates -= duplicates
    counts.loaded -= surplus - duplicates


def union_key(job: str, round_: int) -> str:
    """Where the keys are stored whose rows a later round looks at."""
    return f"parts/{job}/{round_:04d}.keys"


def admission_of(task: Task, version: ObjectVersion, record: Record) -> Admission:
    """The admission of the run that began the job."""
    job = task.job
    return Admission(
        mode=job.mode,
        version=version,
        base=job.base,
        run=job.run,
        found=record,
        now=job.began,
        lease_until="",
        thorough=job.thorough,
        over=frozenset(job.over),
    )
