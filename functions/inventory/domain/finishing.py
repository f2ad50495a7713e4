"""The end of a segment, of a worker and of a job; all of it may be repeated."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inventory.domain.changelog import log_of
from inventory.domain.errors import BadFileError, ErrorCode, RetryableError
from inventory.domain.fingerprints import MAX_TEXT, set_of
from inventory.domain.ingestions import LEASE, Admission, Mode, RunReport, Status
from inventory.domain.jobs import (
    WEIGHER,
    Job,
    SegmentReport,
    Task,
    broke_off_from,
    job_id,
    refusal_from_data,
)
from inventory.domain.keysets import KeySets
from inventory.domain.model import Counts
from inventory.domain.order import timestamp
from inventory.domain.rejects import file_reject, pointer_message, reject_message
from inventory.domain.validation import READS_RETENTION, expiry
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ingestions import Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.validation import Validator

#: How long a segment may wait in the queue before the reconcile asks after the job.
_WAITING = timedelta(minutes=15)

_JSON = "application/json"


@dataclass(kw_only=True, slots=True)
class Ending:
    """Result of the end of a job.

    Attributes:
        report: Its sums.
        status: Status of the record as the job leaves it; None when it leaves it alone.
        rechecks: Object versions of which a recheck was requested.
        reject_messages: Reject messages sent.
    """

    report: RunReport
    status: Status | None
    rechecks: int = 0
    reject_messages: int = 0


class Finisher:
    """Hands jobs from invocation to invocation and ends them.

    Args:
        ports: The world.
        validator: Validates read and write sets.
    """

    def __init__(self, ports: IngestPorts, validator: Validator) -> None:
        self._ports = ports
        self._validator = validator

    def store(self, job: Job, version: ObjectVersion, replaced: str) -> None:
        """Store a job before its first message is sent.

        Args:
            job: The job.
            version: The object version.
            replaced: Run of the job that it takes the place of; "" for none.
        """
        object_id = version.object_id
        # The listing does not name a version that is deleted while its workers are at work.
        self._ports.follow_ups.add(version)
        key = definition_key(object_id, job.run)
        self._ports.files.put(key, job.to_text().encode(), content_type=_JSON)
        if job.mode is not Mode.RECHECK:
            self._ports.ingestions.begin_job(object_id, job.run, job.stages, replaced)

    def stored(self, object_id: str, run: str) -> Job | None:
        """The job that a run began; None when it is not there any more."""
        data = self._ports.files.get(definition_key(object_id, run))
        return None if data is None else Job.from_text(data)

    def enter(
        self, job: Job, version: ObjectVersion, task: Task, report: SegmentReport, keys: KeySets
    ) -> SegmentReport:
        """Enter the report of a segment.

        Returns:
            The report that stands, which is another attempt's when that one was faster.
        """
        name = job_id(version.object_id, job.run)
        if any(each.reads or each.writes or each.others for each in keys.values()):
            moment = report.attempt.partition("#")[0].replace(":", "")
            place = f"{task.worker:04d}-{task.segment:06d}"
            report.keys_key = f"parts/{name}/{place}-{moment}.keys"
            self._ports.files.put(report.keys_key, keys.to_text().encode(), content_type=_JSON)
        return self._ports.reports.enter(
            name, task.worker, task.segment, report, expires_at=job.expires_at
        )

    def send(self, job: Job, version: ObjectVersion, tasks: Iterable[Task] = ()) -> int:
        """Have tasks of a job done by other invocations, and note how far it has come.

        Returns:
            Number of its workers that have come to the end of the file.
        """
        messages = [
            WorkMessage(kind=Kind.SEGMENT, version=version, task=task.to_data()) for task in tasks
        ]
        lease = timestamp(self._ports.now() + LEASE + _WAITING)
        done = self._ports.reports.workers_done(job_id(version.object_id, job.run))
        self._ports.ingestions.progress(version.object_id, job.run, done, lease)
        self._ports.work.send(messages)
        return done

    def resume(self, job: Job, version: ObjectVersion, *, weigh: bool) -> Ending | None:
        """Have every worker go on where its last report stands.

        Args:
            job: The job.
            version: The object version.
            weigh: True if the file has yet to be weighed.

        Returns:
            The end of the job, where nothing was left to do but that.
        """
        name = job_id(version.object_id, job.run)
        tasks = [Task(run=job.run, worker=WEIGHER, segment=0)] if weigh else []
        for worker in range(0 if weigh else job.workers):
            latest = self._ports.reports.latest(name, worker)
            if latest is None:
                tasks.append(Task(run=job.run, worker=worker, segment=0))
            elif not latest[1].ended:
                tasks.append(Task(run=job.run, worker=worker, segment=latest[0] + 1))
        if not tasks:
            return self.imply(job, version)
        self.send(job, version, tasks)
        return None

    def imply(self, job: Job, version: ObjectVersion) -> Ending | None:
        """Go on where all workers have come to the end of the file.

        Returns:
            The end of the job, unless it has to be found out first what a complete file lacks.
        """
        if job.complete:
            latest = self._ports.reports.latest(job_id(version.object_id, job.run), job.workers)
            if latest is None or not latest[1].ended:
                segment = 0 if latest is None else latest[0] + 1
                self.send(job, version, [Task(run=job.run, worker=job.workers, segment=segment)])
                return None
        return self.finish(job, version)

    def finish(self, job: Job, version: ObjectVersion) -> Ending:
        """End a job whose workers have all come to the end of the file."""
        object_id = version.object_id
        reports = list(self._ports.reports.all(job_id(object_id, job.run)))
        keys = KeySets()
        for report in reports:
            if report.keys_key:
                data = self._ports.files.get(report.keys_key)
                if data is None:
                    raise RetryableError(f"{object_id}: {report.keys_key} is not there")
                keys.join(KeySets.from_text(data))
        record = self._ports.ingestions.get(object_id)
        return self.end(job, version, record, reports, keys)

    def end(
        self,
        job: Job,
        version: ObjectVersion,
        record: Record | None,
        reports: list[SegmentReport],
        keys: KeySets,
    ) -> Ending:
        """Validate what all segments did, and end the record.

        Args:
            job: The job.
            version: The object version.
            record: Its record, as the run that ends it has found it.
            reports: Reports of all segments.
            keys: Read and write sets of all of them.
        """
        ports = self._ports
        ended = timestamp(ports.now())
        reads, writes = ports.usage.read_units, ports.usage.write_units
        timed = any(report.timed for report in reports)
        rechecks = self._validator.validate(version, job.run, keys, timed=timed, now=ended)
        self._leave_fingerprints(job, reports, keys)
        total = sum_of(reports, profile=str(job.state["profile"]))
        total.reading, total.reads_by = job.reading(ports.release), job.reads_by
        messages = sum(report.messages for report in reports)
        refusal = next((report.error for report in reports if report.error), None)
        if job.recovering or any(report.unresolved for report in reports):
            rechecks += self._abandon(job, version, ended, refused=refusal is not None)
        if refusal is not None:
            # One worker counts what was read, and others may have come less far, or further.
            total.counts.rows_read = total.counts.settled
            error = refusal_from_data(refusal)
            total.error = f"{error.code}: {error}"
            total.first_error_line = total.first_error_line or error.line
            if job.mode is Mode.PROCESS or self._refused_for_good(record):
                body = reject_message(file_reject(error), version, total.profile, job.began)
                ports.rejects.queue.send("file", [body])
                messages += 1
        elif record is not None and _refuses_others(job, total, record):
            ports.rejects.queue.send("file", [_refused_now(job, version, total)])
            messages += 1
        total.read_units += ports.usage.read_units - reads
        total.write_units += ports.usage.write_units - writes
        total.finished_at = timestamp(ports.now())
        # The last attempt of a worker may not have come to taking its own name away.
        ended_runs = frozenset(report.attempt for report in reports if report.ended)
        admission = replace(admission_of(job, version, record), expired=ended_runs)
        broke_off = max(report.end_line for report in reports) if total.error else None
        if broke_off is not None and self._gives_back(job, admission, broke_off):
            status = None  # open, so that the file is read as before and this is written over
        else:
            if job.mode is Mode.PROCESS or (job.mode is Mode.REPROCESS and not total.error):
                self.remember(job, version, broke_off)  # before the record names it
            status = self._end_record(job, admission, total)
        return Ending(report=total, status=status, rechecks=rechecks, reject_messages=messages)

    def remember(self, job: Job, version: ObjectVersion, broke_off: int | None = None) -> None:
        """Leave how a job reads its file, for whoever reads it again.

        Args:
            job: The job.
            version: The object version.
            broke_off: See `Job.how_read_to_text`.
        """
        how = job.how_read_to_text(broke_off)
        expires_at = expiry(timestamp(self._ports.now()), READS_RETENTION)
        self._ports.readings.put(version.object_id, job.reads_by, how, expires_at=expires_at)

    def _abandon(self, job: Job, version: ObjectVersion, now: str, *, refused: bool) -> int:
        """Validate what was written of rows that were not read again.

        That is because the file cannot be read any more, or is read in another way.
        """
        record = self._ports.ingestions.get(version.object_id)
        if record is None:
            return 0
        if refused:
            log_of(self._ports, version, f"{job.run}/refused").store(lost=True)
        but = "" if refused else job.reading(self._ports.release)
        return self._validator.abandon(version, record, run=job.run, now=now, but=but)

    def _leave_fingerprints(self, job: Job, reports: list[SegmentReport], keys: KeySets) -> None:
        left = set_of(job, reports, keys) if job.series else None
        if left is not None and len(text := left.to_text()) <= MAX_TEXT:
            self._ports.fingerprints.put(job.series, text, expires_at=left.expires_at)

    @staticmethod
    def _refused_for_good(record: Record | None) -> bool:
        """Tell whether no later delivery ends the record and says what is wrong with the file."""
        return record is not None and record.status is Status.COMPLETED

    def _gives_back(self, job: Job, admission: Admission, broke_off: int) -> bool:
        """Have the file read as before again where that comes further than a replay has come.

        Returns:
            Whether another run goes on; also where one has said meanwhile how it is read.
        """
        object_id, record = admission.version.object_id, admission.record
        before = record.last_reads_by if record else ""
        if job.mode is Mode.RECHECK or before in ("", job.reads_by):
            return False
        text = self._ports.readings.get(object_id, before)
        if text is None:
            return False
        line = broke_off_from(text)
        if line is not None and line <= broke_off:
            return False
        # Its event, which alone knows the later base, does not come again.
        self._ports.ingestions.note_base(object_id, admission.base, Status.COMPLETED)
        self._ports.ingestions.read_as_before(object_id, job.reads_by, before)
        return True

    def _end_record(self, job: Job, admission: Admission, total: RunReport) -> Status | None:
        ingestions = self._ports.ingestions
        if job.mode is Mode.RECHECK or (job.mode is Mode.REPROCESS and total.error):
            ingestions.close(
                admission, written=total.written, absent=total.absent, reads_by=job.reads_by
            )
            return None
        if total.error:
            ingestions.fail(admission, total, Status.FAILED)
            return Status.FAILED
        ingestions.complete(admission, total)
        return Status.COMPLETED


def _refuses_others(job: Job, total: RunReport, record: Record) -> bool:
    """Tell whether rows may be refused that were not when the file last ended.

    A recheck does not become that end, so of it more is asked: else each would tell again.
    """
    if job.mode is Mode.REPROCESS and (job.untold or total.reading != record.reading):
        return total.counts.rejected > 0
    if job.mode is Mode.PROCESS or not record.reading:
        return False  # whoever ends it first tells of each row
    return bool(total.rejected_by_error - record.rejected_by_error)


def _refused_now(job: Job, version: ObjectVersion, total: RunReport) -> dict[str, Any]:
    refused = f"{total.counts.rejected} rows are refused now that the file was read again"
    if job.mode is Mode.REPROCESS:
        return pointer_message(refused, version, total.profile, job.began)
    # A recheck writes no reject file.
    reject = file_reject(BadFileError(ErrorCode.CONSTRAINT_ERROR, refused))
    return reject_message(reject, version, total.profile, job.began)


def definition_key(object_id: str, run: str) -> str:
    """Key in the reports bucket under which a job is stored."""
    return f"parts/{job_id(object_id, run)}/job.json"


def admission_of(job: Job, version: ObjectVersion, record: Record | None) -> Admission:
    """The admission of the run that began a job."""
    return Admission(
        mode=job.mode,
        kind=Kind.SEGMENT,
        version=version,
        base=job.base,
        run=job.run,
        record=record,
        now=job.began,
        lease_until="",
        recovering=job.recovering,
    )


def sum_of(reports: Iterable[SegmentReport], *, profile: str) -> RunReport:
    """Result of all segments of a job.

    Args:
        reports: Their reports.
        profile: Profile of the feed.
    """
    total = RunReport(profile=profile)
    for report in reports:
        total.counts = Counts(
            **{
                each.name: getattr(total.counts, each.name) + getattr(report.counts, each.name)
                for each in fields(Counts)
            }
        )
        total.skipped_by_reason += report.skipped_by_reason
        total.rejected_by_error += report.rejected_by_error
        if total.first_error_line is None:
            total.first_error_line = report.first_error_line
        total.written += report.written
        total.known += report.known
        total.absent += report.absent
        total.drifted += report.drifted
        total.read_units += report.read_units
        total.write_units += report.write_units
    return total
