"""One delivery of an object version, from what came to what is written down.

Order of effects: the run is entered in the record; items are read, decided and written batch by
batch; rejects leave; the read and write sets are validated; the record ends. Every step may be
repeated, and a delivery that fails anywhere before the end is simply delivered again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inventory.domain.absences import Absences
from inventory.domain.announcements import Announcer
from inventory.domain.changelog import log_of
from inventory.domain.errors import BadFileError, HeldFileError, ObjectGoneError, RetryableError
from inventory.domain.fingerprints import BLOCK_HASHES, series_of
from inventory.domain.finishing import Ending, Finisher, admission_of
from inventory.domain.ingestions import (
    LEASE,
    Mode,
    RunReport,
    Status,
    admit,
    asked_by,
    dead_runs,
    run_name,
)
from inventory.domain.jobs import (
    WEIGHER,
    Job,
    SegmentReport,
    Task,
    digest_of,
    how_read_from,
    job_id,
)
from inventory.domain.keysets import KeySets, joined
from inventory.domain.order import (
    base_of,
    later_base,
    latest_time,
    object_time,
    time_of,
    timestamp,
)
from inventory.domain.outcome import Outcome
from inventory.domain.rejects import as_refusal, file_reject, reject_message
from inventory.domain.seen import MOST_SLOTS
from inventory.domain.segments import Segment, SegmentProcessor
from inventory.domain.validation import Validator
from inventory.domain.withdrawal import Withdrawer, due, send_later
from inventory.domain.work import Chain, Command, Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.hold import StockDropHold
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ingestions import Admission, Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import ObjectInfo
    from inventory.domain.settings import IngestSettings
    from inventory.domain.work import Delivery

_ADMISSION_ATTEMPTS = 20

#: Kinds by which a loaded file is read by the settings of the day.
_BY_TODAY = frozenset({Kind.REPLAY, Kind.RELEASE, Kind.RESTORE})


@dataclass(kw_only=True, slots=True)
class _Described:
    """S3's facts about a version, and what follows from them."""

    version: ObjectVersion
    base: str = ""
    latest: str = ""
    refusal: BadFileError | ObjectGoneError | None = None


class Ingest:
    """Processes deliveries of object versions; deliveries of one version are idempotent.

    Idempotency: every item write is conditional on what was read and carries the row's token, the
    record is keyed by the object version, a segment has one report, and messages carry stable ids.

    Args:
        ports: The world.
        settings: Limits of this deployment.
        batch_rows: Rows that are read, decided and written together.
        seen_slots: Memory for the keys of a file, see `seen.SeenKeys`.
        block_hashes: Fingerprints of a block, see `fingerprints.Window`.
        hold: Weighs files before they load; None when nothing is held.
    """

    def __init__(
        self,
        ports: IngestPorts,
        settings: IngestSettings,
        *,
        batch_rows: int = 1000,
        seen_slots: int = MOST_SLOTS,
        block_hashes: int = BLOCK_HASHES,
        hold: StockDropHold | None = None,
    ) -> None:
        self._chain = Chain(ports.work, ports.ended)
        ports = self._ports = replace(ports, work=self._chain)
        self._settings = settings
        self._hold = hold
        self._validator = Validator(ports.registry, ports.ingestions, ports.follow_ups, ports.work)
        self._finisher = Finisher(ports, self._validator)
        self._absences = Absences(ports, self._validator)
        self._withdrawer = Withdrawer(ports, self._validator, self._absences)
        self._announcer = Announcer(ports.ingestions, ports.events, ports.arrivals, ports.feed_of)
        self._segments = SegmentProcessor(
            ports,
            self._absences,
            batch_rows=batch_rows,
            seen_slots=seen_slots,
            full_read_days=settings.full_read_days,
            block_hashes=block_hashes,
        )

    def run(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Outcome:
        """Process one delivery.

        Args:
            delivery: What came and why.
            time_left: Seconds until the invocation ends.

        Raises:
            RetryableError: The delivery must come again.
            ValueError: The delivery's task is not one of ours.
        """
        ports = self._ports
        ports.deadline.start(time_left)
        began = ports.now()
        ports.usage.reset()
        self._chain.go_on(delivery.hops)
        if delivery.kind is Kind.WITHDRAW:
            outcome = self._withdrawer.run(delivery)
        elif delivery.kind is Kind.ANNOUNCE:
            object_id = delivery.version.object_id
            outcome = Outcome(object_id=object_id, mode=Mode.NOTHING, status=None)
        elif delivery.task is None or delivery.kind is Kind.RESTORE:
            outcome = self._version(delivery)
        else:
            outcome = self._task(delivery, Task.from_data(delivery.task))
        if outcome.status is not None or outcome.mode is Mode.NOTHING:
            # Where there is nothing to do, an earlier delivery may have died before it told others.
            self._announcer.announce(outcome.object_id)
        return replace(
            outcome,
            read_units=ports.usage.read_units,
            write_units=ports.usage.write_units,
            seconds=(ports.now() - began).total_seconds(),
        )

    # A whole version

    def _version(self, delivery: Delivery) -> Outcome:
        described = self._describe(delivery.version)
        admission = self._admit(replace(delivery, version=described.version), described)
        outcome = _outcome_of(admission)
        if admission.mode is Mode.NOTHING:
            return outcome
        if admission.mode is Mode.CLOSE:
            return self._close(admission, outcome)
        try:
            if isinstance(described.refusal, ObjectGoneError):
                raise described.refusal
            return self._load(admission, described, outcome)
        except ObjectGoneError as error:
            # Workers of a job find that, too, and know what they have counted.
            return self._go_on(admission, outcome) or self._refuse(admission, error, outcome)
        except BadFileError as error:
            return self._refuse(admission, error, outcome)

    def _describe(self, version: ObjectVersion) -> _Described:
        try:
            info: ObjectInfo = self._ports.objects.describe(version)
        except ObjectGoneError as error:
            return _Described(version=version, refusal=error)
        described = _Described(
            version=info.version,
            latest=latest_time(info.last_modified, self._settings.time_tolerance),
        )
        try:
            time = object_time(
                info.last_modified, info.metadata, tolerance=self._settings.time_tolerance
            )
        except BadFileError as error:
            described.refusal = error
        else:
            described.base = base_of(time, version.sequencer)
        return described

    def _admit(self, delivery: Delivery, described: _Described) -> Admission:
        ingestions = self._ports.ingestions
        command = None
        if delivery.kind is Kind.RESTORE:
            command = Command.from_data(delivery.task or {})
        for _ in range(_ADMISSION_ATTEMPTS):
            record = ingestions.get(delivery.version.object_id)
            admission = admit(
                record,
                kind=delivery.kind,
                version=delivery.version,
                base=described.base or _base_as_before(described, record),
                delivery_id=delivery.delivery_id,
                now=self._ports.now(),
                command=command,
                asked_at=delivery.asked_at,
                untold=delivery.untold,
            )
            if admission.mode is Mode.NOTHING and self._noted(record, described, command):
                return admission
            if admission.mode is Mode.NOTHING:
                continue
            if (
                command is not None
                and record is not None
                and self._restored_later(delivery, record)
            ):
                return replace(admission, mode=Mode.NOTHING)
            if self._must_wait(record, described):
                return replace(admission, mode=Mode.NOTHING)
            if record is not None or delivery.kind is not Kind.CREATED:
                # An event comes again until it is done with. What others ask for may not, and the
                # listing does not name the version once it is deleted.
                self._ports.follow_ups.add(delivery.version)
            if ingestions.open(admission, accepted=self._hold is None):
                if record is not None:
                    self._join_dead(delivery.version.object_id, record)
                return admission
        raise RetryableError(f"{delivery.version.object_id}: the record keeps changing")

    def _drop_expired(self, admission: Admission) -> None:
        """Take names of dead runs away before an item is read; this run's stands for them.

        A job lives longer than a run, and may be at work: what its attempts write from then on,
        their own names tell. The latest one is replaced under its name, see `Finisher.store`.
        """
        record = admission.record
        names = admission.expired - {record.job if record else ""}
        self._ports.ingestions.leave(admission.version.object_id, names)

    def _join_dead(self, object_id: str, record: Record) -> None:
        """Have one name stand for those of many dead runs."""
        dead, name = dead_runs(record, self._ports.now())
        if dead:
            self._ports.ingestions.join_dead(object_id, dead, name)

    def _must_be_weighed(self, admission: Admission) -> bool:
        """Tell whether the file has to be weighed before it loads."""
        accepted = admission.record is not None and admission.record.accepted
        return self._hold is not None and admission.mode is Mode.PROCESS and not accepted

    def _must_wait(self, record: Record | None, described: _Described) -> bool:
        """Have a version wait that has not begun, and whose folder is paused."""
        version = described.version
        if record is not None and record.status is not Status.WAITING:
            return False
        if not version.key.startswith(tuple(self._ports.pauses.prefixes())):
            return False
        if record is not None and record.base >= described.base:
            return True
        # First of all: no listing names it any more once it is deleted.
        self._ports.follow_ups.add(version)
        return self._ports.ingestions.wait(version, described.base)

    def _noted(self, record: Record | None, described: _Described, command: Command | None) -> bool:
        """Note what a delivery tells that changes nothing now; False when it may by now.

        Only its event knows the sequencer, which does not come again when a version is restored or
        released. And a withdrawal that was asked for before a restore may come after it.
        """
        ingestions, object_id = self._ports.ingestions, described.version.object_id
        if record is None:
            return True
        waits = record.status in (Status.WITHDRAWN, Status.HELD)
        later = waits and described.base > record.base
        if later and not ingestions.note_base(object_id, described.base, record.status):
            return False
        if _withdrawn(record) or command is None or command.asked_at <= record.decided_at:
            return True
        return ingestions.note_decision(object_id, command.asked_at)

    def _restored_later(self, delivery: Delivery, record: Record) -> bool:
        """Have a version restored once its withdrawal is finished and nothing of it on its way."""
        moment = self._ports.now() + LEASE if record.withdrawal else due(record)
        message = WorkMessage(kind=Kind.RESTORE, version=delivery.version, task=delivery.task)
        return send_later(self._ports, message, moment)

    def _load(self, admission: Admission, described: _Described, outcome: Outcome) -> Outcome:
        """Process a version, or have it processed by other invocations."""
        version = admission.version
        if version.key.endswith("/") and version.size_bytes == 0:
            # What consoles create as a folder; it holds no rows.
            self._ports.ingestions.complete(admission, self._empty_report())
            return replace(outcome, status=Status.COMPLETED)
        how_before = self._how_read_before(admission)
        loaded = admission.record is not None and admission.record.has_rows
        if how_before is not None and loaded and admission.kind not in _BY_TODAY:
            how = how_before
        else:
            how = self._how_read_today(described)
        job = self._job(admission, how)
        outcome = replace(outcome, profile=str(job.state["profile"]))
        if how is not how_before:
            self._read_from_now_on(admission, job, how_before)
        weigh = self._must_be_weighed(admission)
        if weigh and job.part:
            # Rows that were refused say nothing of the stock of a whole file.
            self._let_in(version, admission.now)
            weigh = False
        replaced = ""
        if admission.has_job:
            assert admission.record is not None
            stored = self._finisher.stored(version.object_id, admission.record.job)
            if stored is not None:
                # Only its event knows a version's sequencer, and this may be a listing.
                job = replace(job, base=later_base(job.base, stored.base))
                if _would_be_the_same(stored, job, admission.kind):
                    return self._help(admission, stored, outcome)
                job = replace(job, untold=job.untold or stored.untold)
            replaced = admission.record.job
            # What the workers of that job wrote, nobody will validate but this one.
            job = replace(job, recovering=True)
        self._drop_expired(admission)
        if weigh and not self._weigh(job, version, replaced):
            return outcome
        if replaced or job.workers > 1:
            # Before an item is read: what the other job's workers write from then on, their names
            # tell, see `_attempt`.
            self._finisher.store(job, version, replaced)
            # Others may take up a job that is stored; only attempts with names of their own work.
            return _ended(outcome, self._finisher.resume(job, version, weigh=False))
        return self._first_segment(job, admission, outcome)

    def _how_read_before(self, admission: Admission) -> dict[str, Any] | None:
        """How the file is read by now; None where nobody has come to its end, or knows any more.

        Whatever has it read again reads it so, but for a replay: a change of settings, or a slip in
        them, would come to some rows of old files else.
        """
        if admission.record is None:
            return None
        object_id, reads_by = admission.version.object_id, admission.record.reads_by
        text = self._ports.readings.get(object_id, reads_by)
        return None if text is None else how_read_from(text)

    def _how_read_today(self, described: _Described) -> dict[str, Any]:
        """How the file is read by today's settings."""
        if described.refusal is not None:
            raise described.refusal
        version = described.version
        feed = self._ports.open_feed(
            self._ports.objects.source(version), key=version.key, latest=described.latest
        )
        expected = self._ports.feed_of(version.key)
        return {
            "state": feed.state(),
            "start_byte": feed.start_byte,
            "start_line": feed.start_line,
            "latest": described.latest,
            "complete": expected.prefix if expected.complete else "",
            "absent": expected.absent,
            "part": feed.corrected,
        }

    def _read_from_now_on(
        self, admission: Admission, job: Job, before: dict[str, Any] | None
    ) -> None:
        """Have everybody else read the file in another way than before, from now on.

        Rows of equal tokens replace each other: whoever has read the file as before, and writes or
        ends after that, does not close its run, and the file is read once more.

        Raises:
            RetryableError: The run is not open any more.
        """
        version, record = admission.version, admission.record
        if record is None or not (record.reads_by or admission.kind is Kind.REPLAY):
            return
        if before is not None and before["complete"] not in ("", job.complete):
            # First, because who goes on after a crash here would not know it: by the reading of
            # before, the file comes into its feed again.
            self._absences.give_up(before["complete"], version)
        self._finisher.remember(job, version)
        if not self._ports.ingestions.read_by(version.object_id, admission.run, job.reads_by):
            raise RetryableError(f"{version.object_id}: another run has taken this one's place")

    def _job(self, admission: Admission, how_read: dict[str, Any]) -> Job:
        version = admission.version
        first = admission.mode is Mode.PROCESS
        fingerprints = first and self._settings.has_fingerprints(version.size_bytes)
        complete = "" if how_read["part"] else how_read["complete"]
        record, command = admission.record, admission.command
        return Job(
            run=admission.run,
            mode=admission.mode,
            base=admission.base,
            began=admission.now,
            message_limit=self._ports.rejects.message_limit,
            workers=self._settings.workers_for(version.size_bytes),
            recovering=admission.recovering,
            recheck=tuple(sorted(admission.recheck)),
            released=_released(admission),
            series=series_of(version, complete) if fingerprints else "",
            decided_at=command.asked_at if command else record.decided_at if record else "",
            untold=admission.untold,
            **how_read,
        )

    def _go_on(self, admission: Admission, outcome: Outcome) -> Outcome | None:
        """Have an unfinished job of a version that is gone come to its end; None without one."""
        if not admission.has_job:
            return None
        assert admission.record is not None
        job = self._finisher.stored(admission.version.object_id, admission.record.job)
        if job is None or job.mode is not admission.mode or not job.lasts(admission.now):
            return None
        if admission.record.reads_by not in ("", job.reads_by):
            return None  # it may not end, see `Finisher.end`
        return self._help(admission, job, outcome)

    def _help(self, admission: Admission, job: Job, outcome: Outcome) -> Outcome:
        """Send again what an unfinished job waits for, unless somebody is at work on it."""
        version, record = admission.version, admission.record
        assert record is not None
        ending = None
        # The run that began the job may have crashed before it sent the messages.
        comes_again = asked_by(job.run) == asked_by(admission.run)
        if comes_again or record.lease_until <= admission.now:
            weigh = self._must_be_weighed(admission)
            ending = self._finisher.resume(job, version, weigh=weigh)
        self._ports.ingestions.leave(version.object_id, {admission.run})
        return _ended(outcome, ending)

    def _first_segment(self, job: Job, admission: Admission, outcome: Outcome) -> Outcome:
        version = admission.version
        segment = Segment(
            job=job,
            version=version,
            record=admission.record,
            worker=0,
            attempt=job.run,
            recovering=job.recovering,
        )
        report, keys = self._segments.process(segment)
        reports, sets = [report], [keys]
        outcome = _counted(outcome, report)
        if report.ended and job.complete:
            name = f"{job.run}/{job.workers}"  # what it stores has other names
            segment = replace(segment, worker=job.workers, attempt=name, reports=reports)
            lacking, keys = self._segments.process(segment)
            reports, sets = [report, lacking], [*sets, keys]
            outcome = replace(
                outcome,
                absent=lacking.absent,
                known=report.known + lacking.known,
                drifted=report.drifted + lacking.drifted,
            )
        if reports[-1].ended:
            ending = self._finisher.end(job, version, admission.record, reports, joined(sets))
            return _ended(outcome, ending)
        # Before others may take the job up: they would do again what no report tells of.
        for worker, each in enumerate(reports):
            task = Task(run=job.run, worker=worker, segment=0)
            self._finisher.enter(job, version, task, each, sets[worker])
        self._finisher.store(job, version, "")
        self._finisher.send(job, version, [replace(task, segment=1)])
        return outcome

    def _weigh(self, job: Job, version: ObjectVersion, replaced: str) -> bool:
        """Weigh a file that has not begun to load.

        Returns:
            Whether it may load now; else other invocations weigh on.

        Raises:
            HeldFileError: It may not.
        """
        report = self._weigh_segment(job, version, None)
        if report.ended:
            self._accept(job, version, report, job.began)
            return True
        self._finisher.store(job, version, replaced)
        task = Task(run=job.run, worker=WEIGHER, segment=0)
        self._finisher.enter(job, version, task, report, KeySets())
        self._finisher.send(job, version, [replace(task, segment=1)])
        return False

    # A segment of a job

    def _task(self, delivery: Delivery, task: Task) -> Outcome:
        version, object_id = delivery.version, delivery.version.object_id
        record = self._ports.ingestions.get(object_id)
        outcome = Outcome(object_id=object_id, mode=Mode.NOTHING, status=None)
        if record is None or task.run not in record.open_runs or _withdrawn(record):
            return outcome  # the job has ended, or another one took its place
        job = self._finisher.stored(object_id, task.run)
        if job is None or not job.lasts(timestamp(self._ports.now())):
            raise RetryableError(f"{object_id}: the job {task.run} is not there any more")
        outcome = replace(outcome, mode=job.mode, profile=str(job.state["profile"]))
        if task.worker != WEIGHER:
            return self._work(job, version, task, outcome)
        try:
            return self._weigh_on(job, version, task, record, outcome)
        except (BadFileError, ObjectGoneError) as error:
            latest = self._ports.ingestions.get(object_id)
            if latest is None or latest.accepted:
                return outcome  # a twin has let it in, and workers find out by themselves
            admission = admission_of(job, version, record)
            return self._refuse(admission, error, outcome, weighing=True)

    def _work(self, job: Job, version: ObjectVersion, task: Task, outcome: Outcome) -> Outcome:
        name = job_id(version.object_id, job.run)
        standing = self._ports.reports.get(name, task.worker, task.segment)
        if standing is None:
            before = None
            if task.segment:
                before = self._ports.reports.get(name, task.worker, task.segment - 1)
                if before is None:
                    raise RetryableError(f"{version.object_id}: no report before {task}")
            report, standing = self._attempt(job, version, task, before)
            if standing.attempt == report.attempt:
                outcome = _counted(outcome, report)
            following = [replace(task, segment=task.segment + 1)]
        else:
            # The message came again: whoever sent the next one may have died before.
            latest = self._ports.reports.latest(name, task.worker)
            assert latest is not None
            standing = latest[1]
            following = [replace(task, segment=latest[0] + 1)]
        if not standing.ended:
            self._finisher.send(job, version, following)
            return outcome
        if self._finisher.send(job, version) < job.workers:
            return outcome
        return _ended(outcome, self._finisher.imply(job, version))

    def _attempt(
        self, job: Job, version: ObjectVersion, task: Task, before: SegmentReport | None
    ) -> tuple[SegmentReport, SegmentReport]:
        """Process a segment under a name of its own.

        Like any run, an attempt stands in the record's `open_runs` while it goes on. It takes its
        own name away, and no other, once its own report stands. One that wrote although another
        attempt's report stands keeps it, and so does one whose job another one has replaced
        meanwhile: its writes are in no write set.

        Returns:
            Its report, and the one that stands.
        """
        ingestions, object_id = self._ports.ingestions, version.object_id
        place = f"{job_id(object_id, job.run)}/{task.worker}/{task.segment}"
        attempt = run_name(self._ports.now(), place)
        if not ingestions.enter(object_id, attempt, job.run):
            raise RetryableError(f"{object_id}: the job {job.run} has just ended")
        record = ingestions.get(object_id)
        if record is None:
            raise RetryableError(f"{object_id}: the record is gone")
        self._join_dead(object_id, record)
        if _withdrawn(record):
            ingestions.leave(object_id, {attempt})
            raise RetryableError(f"{object_id}: the file has just been withdrawn")
        unresolved = before is not None and before.unresolved
        reports: tuple[SegmentReport, ...] = ()
        if task.worker == job.workers:
            reports = tuple(self._ports.reports.all(job_id(object_id, job.run)))
        report, keys = self._segments.process(
            Segment(
                job=job,
                version=version,
                record=record,
                worker=task.worker,
                attempt=attempt,
                before=before,
                recovering=job.recovering or unresolved,
                reports=reports,
            )
        )
        standing = self._finisher.enter(job, version, task, report, keys)
        noted = report.written or report.absent or any(each.writes for each in keys.values())
        if not (noted or report.unresolved):
            ingestions.leave(object_id, {attempt})
        elif standing.attempt == attempt:
            ingestions.leave(object_id, {attempt}, job=job.run)
        return report, standing

    def _weigh_on(
        self, job: Job, version: ObjectVersion, task: Task, record: Record, outcome: Outcome
    ) -> Outcome:
        began = timestamp(self._ports.now())
        if self._hold is None or record.accepted:
            if not record.accepted:
                self._let_in(version, began)
            return _ended(outcome, self._finisher.resume(job, version, weigh=False))
        name = job_id(version.object_id, job.run)
        latest = self._ports.reports.latest(name, WEIGHER)
        segment, report = (-1, None) if latest is None else latest
        if report is None or not report.ended:
            task = replace(task, segment=segment + 1)
            report = self._weigh_segment(job, version, report)
            report = self._finisher.enter(job, version, task, report, KeySets())
        if not report.ended:
            self._finisher.send(job, version, [replace(task, segment=task.segment + 1)])
            return outcome
        self._accept(job, version, report, began)
        return _ended(outcome, self._finisher.resume(job, version, weigh=False))

    def _weigh_segment(
        self, job: Job, version: ObjectVersion, before: SegmentReport | None
    ) -> SegmentReport:
        assert self._hold is not None
        report = SegmentReport(
            attempt=run_name(self._ports.now(), job.run),
            end_byte=before.end_byte if before else job.start_byte,
            end_line=before.end_line if before else job.start_line,
            quantity=before.quantity if before else "0",
        )
        feed = self._ports.open_part(
            job.state,
            self._ports.objects.source(version),
            start_byte=report.end_byte,
            start_line=report.end_line,
            latest=job.latest,
        )
        self._hold.weigh(feed, report)
        return report

    def _accept(self, job: Job, version: ObjectVersion, report: SegmentReport, since: str) -> None:
        assert self._hold is not None
        self._hold.judge(version, job.base, report, released=job.released)
        self._let_in(version, since)

    def _let_in(self, version: ObjectVersion, since: str) -> None:
        if not self._ports.ingestions.accept(version.object_id, since):
            raise RetryableError(f"{version.object_id}: it has just been held or withdrawn")

    # Versions that do not load

    def _close(self, admission: Admission, outcome: Outcome) -> Outcome:
        assert admission.record is not None
        rechecks = self._abandon(admission)
        self._ports.ingestions.close(admission, written=0)
        return replace(outcome, rechecks=rechecks)

    def _abandon(self, admission: Admission) -> int:
        """Validate what other runs of the version may have written before they crashed."""
        self._ports.ingestions.leave(admission.version.object_id, admission.expired)
        # Only now: workers of a living job note shards, and keep their names from here on.
        record = self._ports.ingestions.get(admission.version.object_id)
        if record is None or not (admission.expired or record.open_runs - {admission.run}):
            return 0
        log_of(self._ports, admission.version, admission.run).store(lost=True)
        return self._validator.abandon(
            admission.version, record, run=admission.run, now=admission.now
        )

    def _refuse(
        self,
        admission: Admission,
        error: BadFileError | ObjectGoneError,
        outcome: Outcome,
        *,
        weighing: bool = False,
    ) -> Outcome:
        """End a version of which this run has read no row.

        Args:
            admission: Its run.
            error: Why.
            outcome: What is known of the delivery so far.
            weighing: True if the run is a job's, which workers go on with once it is accepted.
        """
        ports, record = self._ports, admission.record
        refusal = as_refusal(error)
        # A recheck drops no names, so whoever does validates for them. If it did so as well, two
        # versions that are gone could ask each other without end.
        rechecks = 0 if admission.mode is Mode.RECHECK else self._abandon(admission)
        held = isinstance(error, HeldFileError)
        gone = isinstance(error, ObjectGoneError)
        loaded = record is not None and record.has_rows
        # A held file has not begun to imply anything, and one that is loaded is read as before.
        if gone or not (held or loaded):
            self._absences.refused(admission.version)
        report = replace(self._empty_report(), profile=outcome.profile)
        report.error = f"{refusal.code}: {refusal}"
        report.first_error_line = refusal.line or None
        status: Status | None = None
        messages = 0
        if admission.mode is Mode.PROCESS or (record and record.status is Status.COMPLETED):
            body = reject_message(
                file_reject(refusal), admission.version, report.profile, admission.now
            )
            ports.rejects.queue.send("file", [body])
            messages = 1
        if admission.mode is Mode.PROCESS:
            status = Status.HELD if held else Status.FAILED
            ports.ingestions.fail(admission, report, status, weighing=weighing)
        else:
            ports.ingestions.close(admission, written=0)
        return replace(
            outcome, status=status, rechecks=rechecks, error=report.error, reject_messages=messages
        )

    def _empty_report(self) -> RunReport:
        return RunReport(finished_at=timestamp(self._ports.now()))


def _base_as_before(described: _Described, record: Record | None) -> str:
    """Base of a loaded version whose time would be refused today; "" for any other.

    Its event may be the first to know the sequencer.
    """
    sequencer = described.version.sequencer
    refused = isinstance(described.refusal, BadFileError)
    if record is None or not (record.has_rows and refused and sequencer):
        return ""
    return base_of(time_of(record.base), sequencer)


def _withdrawn(record: Record) -> bool:
    return record.status is Status.WITHDRAWN


def _would_be_the_same(stored: Job, job: Job, kind: Kind) -> bool:
    """Tell whether an unfinished job is what a delivery of this kind would do again."""
    if kind in (Kind.REPLAY, Kind.RELEASE) or stored.mode is not job.mode:
        return False
    if job.released and not stored.released:
        return False  # it would hold the file again
    if not stored.lasts(job.began):
        return False  # its sums would lack what has vanished
    return digest_of(stored.state, stored.base, stored.latest) == digest_of(
        job.state, job.base, job.latest
    )


def _released(admission: Admission) -> bool:
    """Tell whether an operator has let the file in; a replay has it judged again."""
    if admission.kind is Kind.RELEASE:
        return True
    released = admission.record is not None and bool(admission.record.released)
    return released and admission.kind is not Kind.REPLAY


def _outcome_of(admission: Admission) -> Outcome:
    return Outcome(object_id=admission.version.object_id, mode=admission.mode, status=None)


def _counted(outcome: Outcome, report: SegmentReport) -> Outcome:
    return replace(
        outcome,
        counts=report.counts,
        written=report.written,
        absent=report.absent,
        known=report.known,
        drifted=report.drifted,
    )


def _ended(outcome: Outcome, ending: Ending | None) -> Outcome:
    if ending is None:
        return outcome
    return replace(
        outcome,
        status=ending.status,
        rechecks=ending.rechecks,
        reject_messages=ending.reject_messages,
        error=ending.report.error,
        nothing_loaded=ending.report.nothing_loaded,
        balanced=ending.report.counts.balanced,
    )
