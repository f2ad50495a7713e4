"""Parts of files as they come from the work queue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.domain.chunks.finishing import Finisher, admission_of, enter, union_key
from inventory.domain.chunks.keys import KeyFilter
from inventory.domain.chunks.model import Place, Task
from inventory.domain.chunks.planning import Planner, job_of
from inventory.domain.chunks.processing import PartProcessor
from inventory.domain.chunks.weighing import Weigher
from inventory.domain.errors import BadFileError, ObjectGoneError, RetryableError
from inventory.domain.ledger import Mode, Status, run_name
from inventory.domain.order import timestamp
from inventory.domain.outcome import Outcome
from inventory.domain.rejects import as_refusal, file_reject, reject_message
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.chunks.model import PartReport
    from inventory.domain.chunks.ports import ChunkPorts
    from inventory.domain.hold import StockDropHold, Weighing
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ledger import Admission, Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.reading.feed import Feed
    from inventory.domain.work import Delivery


class Chunks:
    """Files in parts: begins them, and processes what comes of that from the work queue.

    Idempotency: a part has one report, entered on the condition that there is none, and what
    follows from reports is computed from them alone; so every message may come again at any time.

    Args:
        ports: What whole files need.
        chunks: What parts need.
        batch_rows: Rows that are read, decided and written together.
        hold: Weighs files before they load; None when nothing is held.
    """

    def __init__(
        self,
        ports: IngestPorts,
        chunks: ChunkPorts,
        *,
        batch_rows: int = 1000,
        hold: StockDropHold | None = None,
    ) -> None:
        self._ports = ports
        self._chunks = chunks
        self._weigher = Weigher(ports, chunks, hold)
        self._planner = Planner(ports, chunks)
        self._processor = PartProcessor(ports, chunks, batch_rows=batch_rows)
        self._finisher = Finisher(ports, chunks)

    def takes(self, version: ObjectVersion) -> bool:
        """Whether an object is so large that it is processed in parts from the beginning."""
        return version.size_bytes > self._chunks.large_object_bytes

    def begin(self, admission: Admission, feed: Feed, *, thorough: bool = False) -> None:
        """Begin to process a file in parts, or help a job that was begun; see `Planner.enter`."""
        first = self._planner.enter(admission, feed, thorough=thorough)
        self._planner.begin(first, admission.version)
        self._leave_to(first, admission)

    def has_begun(self, admission: Admission) -> bool:
        """Whether another run has begun to process the file in parts, which this one can help."""
        return bool(job_of(admission))

    def weigh(self, admission: Admission, feed: Feed, weighing: Weighing | None) -> None:
        """Have a file weighed on by other invocations, and processed in parts if it passes.

        Args:
            admission: What the run may do.
            feed: The whole feed.
            weighing: How far this run has come; None where another one `has_begun`.
        """
        first = self._planner.enter(admission, feed)
        self._weigher.begin(first, weighing, admission.version)
        self._leave_to(first, admission)

    def _leave_to(self, first: Task, admission: Admission) -> None:
        """Close the run when the job is another one's."""
        if first.job.run != admission.run:
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
        if delivery.kind is Kind.WEIGH:
            if self._weigher.go_on(task, version, record):
                self._planner.begin(replace(task, place=Place(1, 0, 0)), version)
            return replace(outcome, mode=mode)
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
        counting = enter(self._chunks.parts, task, object_id, report)
        own = counting is report
        if own or not report.written:
            # One that wrote although another attempt counts stays open, as if it had died: the
            # other parts know nothing of its writes.
            ports.ledger.leave(object_id, attempt)
        return counting, own

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
