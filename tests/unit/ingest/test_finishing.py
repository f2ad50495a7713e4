"""Jobs from invocation to invocation and to their end; all of it may be repeated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, World
from ingest_steps import put
from inventory.domain.errors import BadFileError, ErrorCode, RetryableError
from inventory.domain.fingerprints import Piece
from inventory.domain.finishing import Finisher, admission_of, sum_of
from inventory.domain.ingestions import LEASE, Mode, RunReport, Status, admit, run_name
from inventory.domain.jobs import WEIGHER, Job, SegmentReport, Task, job_id, refusal_to_data
from inventory.domain.keysets import KeySet, KeySets, ShardKeys
from inventory.domain.model import Counts
from inventory.domain.order import timestamp
from inventory.domain.ports import Registration
from inventory.domain.validation import Validator
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from inventory.domain.ingestions import Admission
    from inventory.domain.model import ObjectVersion

SHARD = 3
BASE = "2026-11-22T20:00:00.000000Z#" + "0" * 32


class Setting:
    """A job of two workers whose run is entered in the record of its version."""

    def __init__(self, *, mode: Mode = Mode.PROCESS) -> None:
        self.world = World()
        self.ports = self.world.ports()
        ports = self.ports
        validator = Validator(ports.registry, ports.ingestions, ports.follow_ups, ports.work)
        self.finisher = Finisher(ports, validator)
        self.version = put(self.world, "A,x,1,,")
        self.admission = self.open(Kind.CREATED)
        if mode is not Mode.PROCESS:
            report = RunReport(counts=Counts(rows_read=3, unchanged=3), finished_at="t")
            ports.ingestions.complete(self.admission, report)
            ports.ingestions.request_recheck(self.version.object_id, ["3#1"])
            kind = Kind.RECHECK if mode is Mode.RECHECK else Kind.REPLAY
            self.admission = self.open(kind)
        assert self.admission.mode is mode
        self.job = Job(
            run=self.admission.run,
            mode=mode,
            base=BASE,
            began="2026-11-22T20:00:00.000000Z",
            latest="2026-11-22T21:00:00.000000Z",
            state={"profile": "tiny"},
            start_byte=2,
            start_line=2,
            message_limit=1000,
            workers=2,
        )
        self.name = job_id(self.version.object_id, self.job.run)

    def open(self, kind: Kind) -> Admission:
        """Enter a run in the record."""
        object_id = self.version.object_id
        admission = admit(
            self.ports.ingestions.get(object_id),
            kind=kind,
            version=self.version,
            base=BASE,
            delivery_id=str(kind),
            now=self.world.clock(),
        )
        assert self.ports.ingestions.open(admission, accepted=True)
        return admission

    def enter(
        self, worker: int, segment: int, keys: KeySets | None = None, **fields: Any
    ) -> SegmentReport:
        """Enter a report."""
        report = SegmentReport(
            attempt=run_name(self.world.clock(), "place"), end_byte=9, end_line=9, **fields
        )
        task = Task(run=self.job.run, worker=worker, segment=segment)
        return self.finisher.enter(self.job, self.version, task, report, keys or KeySets())

    @property
    def record(self) -> dict[str, Any]:
        """The record."""
        return self.world.record(self.version)

    def tasks(self) -> list[tuple[int, int]]:
        """Worker and segment of each message."""
        tasks = [Task.from_data(each.task or {}) for each in self.world.work.messages]
        assert {each.kind for each in self.world.work.messages} <= {Kind.SEGMENT}
        assert {task.run for task in tasks} <= {self.job.run}
        return [(task.worker, task.segment) for task in tasks]


def test_a_job_is_stored_and_found_by_its_run() -> None:
    """Whoever has a message takes from there how the file is read; the reconcile looks after it."""
    setting = Setting()
    object_id = setting.version.object_id
    setting.finisher.store(setting.job, setting.version, "")
    assert setting.finisher.stored(object_id, setting.job.run) == setting.job
    assert setting.finisher.stored(object_id, "another") is None
    assert setting.record["job"] == setting.job.run
    assert (setting.record["workers"], setting.record["workers_done"]) == (2, 0)
    assert list(setting.ports.follow_ups.all()) == [setting.version]


def test_a_job_takes_the_place_of_another_one() -> None:
    """The run of the other one is no longer open, so messages of it are answered."""
    setting = Setting()
    object_id = setting.version.object_id
    setting.ports.ingestions.enter(object_id, "other run", setting.job.run)
    setting.finisher.store(setting.job, setting.version, "other run")
    assert setting.record["open_runs"] == [setting.job.run]


def test_a_recheck_leaves_the_job_of_the_record_alone() -> None:
    """A file may be processed by several workers while some of its rows are decided again."""
    setting = Setting(mode=Mode.RECHECK)
    setting.finisher.store(setting.job, setting.version, "")
    assert "job" not in setting.record
    assert setting.finisher.stored(setting.version.object_id, setting.job.run) == setting.job


def test_of_two_reports_of_a_segment_the_first_one_stands() -> None:
    """Whoever comes second takes it over, its read and write sets included."""
    setting = Setting()
    first_keys = KeySets({SHARD: ShardKeys(epoch=1, reads=KeySet([1]), highest="m")})
    first = setting.enter(0, 0, first_keys, written=1)
    second_keys = KeySets({SHARD: ShardKeys(epoch=2, reads=KeySet([2]), highest="n")})
    assert setting.enter(0, 0, second_keys, written=2) == first
    stored = setting.world.reports.files[first.keys_key]
    assert stored.decode() == first_keys.to_text()
    assert len(setting.world.reports.files) == 2


@pytest.mark.parametrize("keys", [KeySets(), KeySets({SHARD: ShardKeys(epoch=1)})])
def test_sets_that_are_empty_are_not_stored(keys: KeySets) -> None:
    """A segment of new rows costs no object."""
    setting = Setting()
    assert setting.enter(0, 0, keys).keys_key == ""
    assert setting.world.reports.files == {}


def test_what_is_sent_keeps_the_job_alive() -> None:
    """The lease covers the waiting in the queue; the record says how far the job has come."""
    setting = Setting()
    setting.enter(1, 0, ended=True)
    task = Task(run=setting.job.run, worker=0, segment=4)
    setting.finisher.send(setting.job, setting.version, [task])
    assert setting.tasks() == [(0, 4)]
    assert setting.record["workers_done"] == 1
    lease = BEGIN + LEASE + timedelta(minutes=15)
    assert timestamp(lease) < setting.record["lease_until"]
    assert setting.record["lease_until"] < timestamp(lease + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("reports", "tasks"),
    [
        ({}, [(0, 0), (1, 0)]),
        ({(0, 0): False}, [(0, 1), (1, 0)]),
        ({(0, 0): True}, [(1, 0)]),
        ({(0, 0): True, (1, 0): False, (1, 1): False}, [(1, 2)]),
        ({(1, segment): False for segment in range(200)}, [(0, 0), (1, 200)]),
    ],
)
def test_a_job_goes_on_where_the_last_report_of_each_worker_stands(
    reports: dict[tuple[int, int], bool], tasks: list[tuple[int, int]]
) -> None:
    """At once, however many segments are done."""
    setting = Setting()
    for (worker, segment), ended in reports.items():
        setting.enter(worker, segment, ended=ended)
    assert setting.finisher.resume(setting.job, setting.version, weigh=False) is None
    assert setting.tasks() == tasks


def test_a_job_whose_workers_have_all_ended_is_ended() -> None:
    """When nobody was left to do that."""
    setting = Setting()
    for worker in (0, 1):
        setting.enter(worker, 0, ended=True)
    ending = setting.finisher.resume(setting.job, setting.version, weigh=False)
    assert ending is not None
    assert ending.status is Status.COMPLETED
    assert setting.tasks() == []
    assert setting.record["status"] == "COMPLETED"


def test_a_file_that_is_to_be_weighed_is_weighed_first() -> None:
    """No worker begins before the verdict."""
    setting = Setting()
    assert setting.finisher.resume(setting.job, setting.version, weigh=True) is None
    assert setting.tasks() == [(WEIGHER, 0)]


def test_a_job_ends_with_the_sums_of_all_its_reports() -> None:
    """The weigher's is none of them."""
    setting = Setting()
    setting.enter(WEIGHER, 0, quantity="7", ended=True, written=9)
    setting.enter(
        0,
        0,
        counts=Counts(rows_read=10, loaded=2, rejected=1, skipped=1),
        skipped_by_reason=Counter(blank=1),
        rejected_by_error=Counter({"type-error": 1}),
        first_error_line=4,
        written=2,
        messages=1,
        read_units=3,
        write_units=2.5,
    )
    setting.enter(0, 1, ended=True, counts=Counts(loaded=1), first_error_line=8, messages=2)
    setting.enter(1, 0, ended=True, counts=Counts(unchanged=2, stale=1, duplicates=2))
    ending = setting.finisher.finish(setting.job, setting.version)
    assert ending.report.counts == Counts(
        rows_read=10, loaded=3, unchanged=2, stale=1, rejected=1, skipped=1, duplicates=2
    )
    assert ending.report.counts.balanced
    assert (ending.report.written, ending.reject_messages) == (2, 3)
    record = setting.record
    assert (record["status"], record["profile"], record["loaded"]) == ("COMPLETED", "tiny", 3)
    assert record["first_error_line"] == 4
    assert record["skipped_by_reason"] == {"blank": {"N": "1"}}
    assert record["rejected_by_error"] == {"type-error": {"N": "1"}}
    assert (record["read_units"], record["write_units"]) == (3, 2.5)
    assert "open_runs" not in record
    assert "lease_until" not in record


def _reader(setting: Setting, key_hash: int, highest: str = "n") -> ObjectVersion:
    """Somebody who left a row of a key alone."""
    reader = put(setting.world, "A,x,1,,", key="reader.csv")
    registration = Registration(reader, "r", highest, KeySet([key_hash]), KeySet())
    setting.ports.registry.register(SHARD, registration, expires_at=1)
    return reader


def test_a_job_is_validated_once_by_the_sets_of_all_its_segments() -> None:
    """One write set a shard, with the lowest token of all."""
    setting = Setting()
    _reader(setting, 2, "l")
    low = KeySets({SHARD: ShardKeys(epoch=4, writes=KeySet([1]), lowest="k")})
    high = KeySets({SHARD: ShardKeys(epoch=2, writes=KeySet([2]), lowest="m")})
    setting.enter(0, 0, high, ended=True)
    setting.enter(1, 0)
    setting.enter(1, 1, low, ended=True)
    assert setting.finisher.finish(setting.job, setting.version).rechecks == 1
    (entry,) = setting.ports.registry.written_since(SHARD, 0)
    assert (entry.lowest, entry.writes.hashes()) == ("k", {1, 2})
    assert [each.version.key for each in setting.world.work.messages] == ["reader.csv"]


@pytest.mark.parametrize(("pieces", "left"), [(2_000, True), (2_600, False)])
def test_a_job_of_so_many_segments_that_no_item_holds_their_fingerprints_ends(
    pieces: int, *, left: bool
) -> None:
    """DynamoDB refuses an item of more than 400 KB; without a set, items are read."""
    setting = Setting()
    setting.job = replace(setting.job, series="series")
    for worker in range(2):
        keys = [f"parts/{number:032x}" for number in range(pieces)]
        found = [Piece(worker=worker, key=key, blocks=1, written=False) for key in keys]
        setting.enter(worker, 0, ended=True, read_at=BASE[:27], fingerprints=found)
    assert setting.finisher.finish(setting.job, setting.version).status is Status.COMPLETED
    assert (setting.ports.fingerprints.get("series") is not None) is left


def test_fails_when_the_sets_of_a_segment_are_not_there() -> None:
    """A job does not end without them: nobody would be asked."""
    setting = Setting()
    keys = KeySets({SHARD: ShardKeys(epoch=1, writes=KeySet([1]), lowest="m")})
    setting.enter(0, 0, keys, ended=True)
    setting.enter(1, 0, ended=True)
    setting.world.reports.files.clear()
    with pytest.raises(RetryableError, match="not there"):
        setting.finisher.finish(setting.job, setting.version)
    assert setting.record["status"] == "IN_PROGRESS"


def test_a_job_ends_the_same_when_its_end_comes_twice() -> None:
    """A message whose handling died after the end changes nothing more."""
    setting = Setting()
    for worker in (0, 1):
        setting.enter(worker, 0, ended=True, counts=Counts(rows_read=1, loaded=1))
    setting.finisher.finish(setting.job, setting.version)
    record = setting.record
    setting.finisher.finish(setting.job, setting.version)
    assert setting.record == record


REFUSAL = refusal_to_data(BadFileError(ErrorCode.SOURCE_ERROR, "It breaks off.", line=7))


@pytest.mark.parametrize("worker", [0, 1])
def test_a_file_that_breaks_off_fails_whichever_worker_saw_it(worker: int) -> None:
    """One file reject says so, and the counts are those of what stood before."""
    setting = Setting()
    setting.enter(worker, 0, ended=True, error=REFUSAL)
    setting.enter(1 - worker, 0, ended=True, counts=Counts(rows_read=1, loaded=1))
    ending = setting.finisher.finish(setting.job, setting.version)
    assert ending.status is Status.FAILED
    record = setting.record
    assert (record["status"], record["loaded"]) == ("FAILED", 1)
    assert record["error"] == "source-error: It breaks off."
    assert record["first_error_line"] == 7
    assert [(kind, body["line"]) for kind, body in setting.world.rejects.bodies] == [("file", 7)]
    assert ending.reject_messages == 1


@pytest.mark.parametrize("mode", [Mode.REPROCESS, Mode.RECHECK])
def test_rows_that_cannot_be_decided_again_leave_a_completed_record(mode: Mode) -> None:
    """It keeps its counts; a message says that the file cannot be read any more."""
    setting = Setting(mode=mode)
    for worker in (0, 1):
        setting.enter(worker, 0, ended=True, error=REFUSAL)
    record = setting.ports.ingestions.get(setting.version.object_id)
    ending = setting.finisher.end(
        setting.job,
        setting.version,
        record,
        list(setting.ports.reports.all(setting.name)),
        KeySets(),
    )
    assert ending.status is None
    assert setting.record["status"] == "COMPLETED"
    assert setting.record["unchanged"] == 3
    assert "open_runs" not in setting.record
    assert [kind for kind, _ in setting.world.rejects.bodies] == ["file"]


def test_what_a_recheck_writes_moves_from_unchanged_to_loaded() -> None:
    """The counts stay those of the file."""
    setting = Setting(mode=Mode.RECHECK)
    for worker in (0, 1):
        setting.enter(worker, 0, ended=True, written=1, counts=Counts(loaded=1))
    ending = setting.finisher.finish(setting.job, setting.version)
    assert ending.status is None
    record = setting.record
    assert (record["loaded"], record["unchanged"], record["rows_read"]) == (2, 1, 3)
    assert "open_runs" not in record


def test_a_file_that_is_processed_again_gets_the_counts_of_this_time() -> None:
    """An operator wants them by today's rules."""
    setting = Setting(mode=Mode.REPROCESS)
    for worker in (0, 1):
        setting.enter(worker, 0, ended=True, counts=Counts(rows_read=1, loaded=1))
    assert setting.finisher.finish(setting.job, setting.version).status is Status.COMPLETED
    assert (setting.record["rows_read"], setting.record["loaded"]) == (2, 2)


def test_last_attempts_are_dropped_at_the_end() -> None:
    """Who ends the job may be faster than one that has yet to take its own name away."""
    setting = Setting()
    for worker in (0, 1):
        report = setting.enter(worker, 0, ended=True)
        setting.ports.ingestions.enter(setting.version.object_id, report.attempt, setting.job.run)
    setting.finisher.finish(setting.job, setting.version)
    assert "open_runs" not in setting.record


def test_the_admission_of_a_job_is_that_of_the_run_that_began_it() -> None:
    """What the record is ended by."""
    setting = Setting()
    found = admission_of(setting.job, setting.version, None)
    assert (found.run, found.base, found.mode) == (setting.job.run, BASE, Mode.PROCESS)


def test_the_sum_of_no_reports_is_nothing() -> None:
    """With the profile all the same."""
    assert sum_of([], profile="p") == RunReport(profile="p")
