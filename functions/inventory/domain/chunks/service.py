"""Parts of files as they come from the work queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inventory.domain.chunks.finishing import Finisher, admission_of, union_key
from inventory.domain.chunks.keys import KeyFilter
from inventory.domain.chunks.model import Task
from inventory.domain.chunks.planning import Planner
from inventory.domain.chunks.processing import PartProcessor
from inventory.domain.errors import BadFileError, ObjectGoneError, RetryableError
from inventory.domain.ingest import Outcome
from inventory.domain.ledger import Mode, Status, run_name
from inventory.domain.order import timestamp
from inventory.domain.rejects import as_refusal, file_reject, reject_message
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.chunks.model import PartReport
    from inventory.domain.chunks.ports import ChunkPorts
    from inventory.domain.ingest import IngestPorts
    from inventory.domain.ledger import Admission, Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.reading.feed import Feed
    from inventory.domain.work import Delivery

#: How long reports are kept: longer than a message can wait in a queue and be sent again.
_RETENTION = timedelta(days=30)


class Chunks:
    """Files in parts: begins them, and processes what comes of that from the work queue.

    Idempotency: a part has one report, entered on the condition that there is none, and what
    follows from reports is computed from them alone; so every message may come again at any time.

    Args:
        ports: What whole files need.
        chunks: What parts need.
        batch_rows: Rows that are read, decided and written together.
    """

    def __init__(self, ports: IngestPorts, chunks: ChunkPorts, *, batch_rows: int = 1000) -> None:
        self._ports = ports
        self._chunks = chunks
        self._planner = Planner(ports, chunks)
        self._processor = PartProcessor(ports, chunks, batch_rows=batch_rows)
        self._finisher = Finisher(ports, chunks)

    def takes(self, version: ObjectVersion) -> bool:
        """Whether an object is so large that it is processed in parts from the beginning."""
        return version.size_bytes > self._chunks.large_object_bytes

    def begin(self, admission: Admission, feed: Feed, *, thorough: bool = False) -> None:
        """Begin to process a file in parts; see `Planner.begin`."""
        if not self._planner.begin(admission, feed, thorough=thorough):
            self._ports.ledger.leave(admission.version.object_id, admission.run)

    def run(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Outcome:
        """Process one message about a part.

        Args:
            delivery: A message with a task.
            time_left: Seconds until the invocation ends.

        Raises:
            RetryableError: The message must come again.
            ValueError: The task is not one of ours.
        """
        ports = self._ports
        ports.deadline.start(time_left)
        task, version = Task.from_data(delivery.task or {}), delivery.version
        began = ports.now()
        reads, writes = ports.usage.read_units, ports.usage.write_units
        record = ports.ledger.get(version.object_id)
        outcome = Outcome(
            object_id=version.object_id,
            mode=Mode.ANSWERED,
            status=None,
            profile=str(task.job.state.get("profile", "")),
            size_bytes=version.size_bytes,
        )
        if record is not None and task.job.run in record.open_runs:
            try:
                outcome = self._work(delivery, task, record, outcome)
            except (BadFileError, ObjectGoneError) as error:
                outcome = self._refuse(task, version, record, error, outcome)
        return replace(
            outcome,
            read_units=ports.usage.read_units - reads,
            write_units=ports.usage.write_units - writes,
            seconds=(ports.now() - began).total_seconds(),
        )

    def _work(self, delivery: Delivery, task: Task, record: Record, outcome: Outcome) -> Outcome:
        version, mode = delivery.version, task.job.mode
        if delivery.kind is Kind.PLAN:
            self._planner.go_on(task, version)
            return replace(outcome, mode=mode)
        report = self._chunks.parts.get(task.job.name(version.object_id), task.place)
        if report is None:
            report, own = self._process(task, version)
            if own:
                outcome = replace(
                    outcome,
                    mode=mode,
                    counts=report.counts,
                    skipped_by_reason=report.skipped_by_reason,
                    written=report.written,
                    rechecks=report.rechecks,
                    reject_messages=report.messages,
                )
        status = self._finisher.follow(task, report, version, record)
        return replace(outcome, status=status)

    def _process(self, task: Task, version: ObjectVersion) -> tuple[PartReport, bool]:
        """Process a part and enter its report.

        Like a run over a whole file, every attempt stands in the record's `open_runs` while it
        goes on. One that dies stays there: the next attempt at the part is thorough because of
        it, and the reconcile has the file gone through again after the lease is over.

        Returns:
            The report that counts; and whether it is this attempt's.
        """
        ports, object_id = self._ports, version.object_id
        job = task.job.name(object_id)
        moment = ports.now()
        attempt = run_name(moment, f"{job}/{task.place}")
        ports.ledger.enter(object_id, attempt)
        record = ports.ledger.get(object_id)
        if record is None:
            raise RetryableError(f"{object_id}: the record is gone")
        same = attempt.partition("#")[2]
        died = any(run != attempt and run.partition("#")[2] == same for run in record.open_runs)
        admission = replace(
            admission_of(task, version, record),
            run=attempt,
            now=timestamp(moment),
            thorough=died or task.thorough or (task.job.thorough and task.place.round == 1),
        )
        try:
            report = self._processor.process(task, admission, union=self._union(task, job))
        except (BadFileError, ObjectGoneError):
            ports.ledger.leave(object_id, attempt)
            raise
        expires_at = int((_moment(task.job.began) + _RETENTION).timestamp())
        own = self._chunks.parts.enter(job, task.place, report, expires_at=expires_at)
        if own or not report.written:
            # One that wrote although another attempt counts stays open, as if it had died: the
            # other parts know nothing of its writes.
            ports.ledger.leave(object_id, attempt)
        if not own:
            counting = self._chunks.parts.get(job, task.place)
            if counting is None:
                raise RetryableError(f"{object_id}: part {task.place} has no report")
            report = counting
        return report, own

    def _union(self, task: Task, job: str) -> KeyFilter | None:
        if task.place.round == 1:
            return None
        with self._chunks.store.open(union_key(job, task.place.round)) as stream:
            return KeyFilter.from_bytes(stream.read())

    def _refuse(
        self,
        task: Task,
        version: ObjectVersion,
        record: Record,
        error: BadFileError | ObjectGoneError,
        outcome: Outcome,
    ) -> Outcome:
        """End the file because a part of it cannot be read; what was loaded stays."""
        ports = self._ports
        refusal = as_refusal(error)
        admission = admission_of(task, version, record)
        total, _, _ = self._finisher.sum_up(task, version)
        total.error = f"{refusal.code}: {refusal}"
        if total.first_error_line is None:
            total.first_error_line = refusal.line
        total.finished_at = timestamp(ports.now())
        body = reject_message(file_reject(refusal), version, total.profile, task.job.began)
        ports.rejects.queue.send("file", [body])
        status = None
        if task.job.mode is Mode.WORK:
            ports.ledger.fail(admission, total)
            status = Status.FAILED
        else:
            ports.ledger.close(admission, written=total.written)
        return replace(
            outcome, mode=task.job.mode, status=status, error=total.error, reject_messages=1
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
