"""Cutting a file into chunks: one scan, one message a chunk, the same ones at every repetition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.domain.chunks.cutting import Cut, cuts
from inventory.domain.chunks.model import Job, Place, Task
from inventory.domain.errors import OutOfTimeError
from inventory.domain.ledger import Mode, Status
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.chunks.ports import ChunkPorts
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ledger import Admission
    from inventory.domain.model import ObjectVersion
    from inventory.domain.reading.feed import Feed

#: Seconds that must be left to go on scanning; sending what was found takes far less.
RESERVE_SECONDS = 20.0

# With less than this left, the scan is begun by the next invocation.
_SCAN_SECONDS = 60.0
_TASKS_PER_SEND = 10


class Planner:
    """Sends the chunks of a file to the work queue.

    Args:
        ports: What whole files need.
        chunks: What parts need.
    """

    def __init__(self, ports: IngestPorts, chunks: ChunkPorts) -> None:
        self._ports = ports
        self._chunks = chunks

    def enter(self, admission: Admission, feed: Feed, *, thorough: bool = False) -> Task:
        """Enter in the record that a file is processed in parts, or adopt the job that was begun.

        Args:
            admission: What the run may do.
            feed: The whole feed.
            thorough: Whether this run has written rows already.

        Returns:
            The first chunk, its end not found yet; an adopted job has a run of its own.
        """
        version = admission.version
        adopted = job_of(admission)
        total = 1
        if not feed.compressed:
            total = max(-(-version.size_bytes // self._chunks.chunk_bytes), 1)
        job = Job(
            run=adopted or admission.run,
            mode=admission.mode,
            base=admission.base,
            began=admission.now,
            state=feed.state(),
            total=total,
            thorough=admission.thorough or thorough,
            over=tuple(sorted(admission.over - {adopted})),
        )
        if job.mode is Mode.WORK and not adopted:
            self._ports.ledger.plan(version.object_id, job.run, total)
        return Task(
            job=job,
            place=Place(1, 0, 0),
            parts=total,
            start_byte=feed.start_byte,
            start_line=feed.start_line,
        )

    def begin(self, first: Task, version: ObjectVersion) -> None:
        """Look for the chunks now, if there is time, else have another invocation do so."""
        if self._ports.deadline.left() < _SCAN_SECONDS:
            self._send(Kind.PLAN, [first], version)
        else:
            self.go_on(first, version)

    def go_on(self, task: Task, version: ObjectVersion) -> None:
        """Send the chunks from this one on, in its place.

        Raises:
            OutOfTimeError: Not even one chunk was found in the time of an invocation.
        """
        feed = self._chunks.open_part(
            task.job.state,
            self._ports.objects.source(version),
            start_byte=task.start_byte,
            start_line=task.start_line,
        )
        total = task.job.total
        sent_from = task.place.chunk
        open_ = task
        ready: list[Task] = []
        targets = [index * self._chunks.chunk_bytes for index in range(sent_from + 1, total)]
        for cut in cuts(feed, targets):
            if cut is not None:
                ready.append(self._closed(open_, cut.byte))
                open_ = _following(open_, cut)
                if len(ready) >= _TASKS_PER_SEND:
                    self._send(Kind.CHUNK, ready, version)
                    ready = []
            elif self._ports.deadline.left() < RESERVE_SECONDS:
                if open_.place.chunk == sent_from:
                    raise OutOfTimeError(f"{version.object_id}: no chunk was found in time")
                self._send(Kind.CHUNK, ready, version)
                self._send(Kind.PLAN, [open_], version)
                return
        # What is left is one chunk, and those that were meant to follow it are empty.
        while open_.place.chunk < total - 1:
            end = Cut(version.size_bytes, open_.start_line)
            ready.append(self._closed(open_, end.byte))
            open_ = _following(open_, end)
        ready.append(self._closed(open_, None))
        self._send(Kind.CHUNK, ready, version)

    def _closed(self, task: Task, end_byte: int | None) -> Task:
        limit, total, chunk = self._ports.rejects.message_limit, task.parts, task.place.chunk
        share = limit * (chunk + 1) // total - limit * chunk // total
        return replace(task, end_byte=end_byte, messages=share)

    def _send(self, kind: Kind, tasks: list[Task], version: ObjectVersion) -> None:
        self._ports.work.send(
            [WorkMessage(kind=kind, version=version, task=task.to_data()) for task in tasks]
        )


def _following(task: Task, cut: Cut) -> Task:
    place = Place(1, task.place.chunk + 1, 0)
    return replace(task, place=place, start_byte=cut.byte, start_line=cut.line)


def job_of(admission: Admission) -> str:
    """Name of the run whose job this delivery should help to its end; "" for none.

    What was done of it need not be done again, and what was lost on the way is sent again.
    """
    found = admission.found
    if (
        admission.mode is Mode.WORK
        and found is not None
        and found.status is Status.IN_PROGRESS
        and found.base == admission.base
        and found.planned_by in found.open_runs
    ):
        return found.planned_by
    return ""
