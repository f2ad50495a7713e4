"""Large objects: several workers, each the rows of its SKUs, end as one worker does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from fakes import World
from ingest_steps import counts, deliver, drain, looks, put, quantities
from inventory.domain.errors import OutOfTimeError, RetryableError
from inventory.domain.ingestions import LEASE, Mode, Status
from inventory.domain.jobs import Task
from inventory.domain.reading.sharing import Share
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Kind, WorkMessage

SEVERAL = IngestSettings(large_object_bytes=0, workers=4)
LARGE_FEED = [
    *(f"S{number % 40},x,{number % 7},," for number in range(100)),
    "!bad",
    "-blank sku",
    *(f"S{number},x,1,," for number in range(10, 20)),
    *(f"U{number},x,5,," for number in range(15)),
    "!worse",
]
#: What is stored before; a segment does not know of keys that an earlier one has left alone, so
#: none of them comes again with something else.
STORED = tuple(f"U{number},x,5,," for number in range(15))


@cache  # of a world that nobody changes any more
def _one_worker(*lines: str, before: tuple[str, ...] = ()) -> tuple[World, dict[str, Any]]:
    world = World()
    if before:
        deliver(world, put(world, *before, key="before.csv"))
    version = put(world, *lines, hour=1)
    deliver(world, version)
    return world, world.record(version)


def _tasks(world: World) -> list[tuple[int, int]]:
    tasks = [Task.from_data(message.task or {}) for message in world.work.messages]
    return [(task.worker, task.segment) for task in tasks]


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("looks_each", [2, 5, 1000])
def test_workers_in_any_order_do_what_one_does(
    looks_each: int,
    twice: bool,
) -> None:
    """Table, counts and rejects, in few and in many segments, also if every message comes twice."""
    whole, expected = _one_worker(*LARGE_FEED, before=STORED)
    assert (expected["unchanged"], expected["duplicates"]) == (15, 70)
    world = World()
    deliver(world, put(world, *STORED, key="before.csv"))
    version = put(world, *LARGE_FEED, hour=1)
    first = deliver(world, version, settings=SEVERAL)
    assert (first.mode, first.status, first.written) == (Mode.PROCESS, None, 0)
    assert _tasks(world) == [(worker, 0) for worker in range(4)]
    outcomes = drain(
        world,
        order=Random(looks_each),
        twice=twice,
        settings=SEVERAL,
        batch_rows=7,
        time_left=lambda: looks(looks_each),
    )
    record = world.record(version)
    assert counts(record) == counts(expected)
    assert record["status"] == "COMPLETED"
    assert (record["workers"], record["workers_done"]) == (4, 4)
    assert record["first_error_line"] == expected["first_error_line"]
    assert record["rejected_by_error"] == expected["rejected_by_error"]
    assert "open_runs" not in record
    assert quantities(world) == quantities(whole)
    lines = [body["line"] for _, body in world.rejects.bodies]
    assert lines == [body["line"] for _, body in whole.rejects.bodies]
    file = next(name for name in whole.reports.files if name.startswith("rejects/"))
    assert world.reports.files[file].decode() == whole.reports.files[file].decode()
    ended = [outcome for outcome in outcomes if outcome.status is not None]
    assert ended
    assert all(outcome.status is Status.COMPLETED for outcome in ended)


def _tokens(world: World) -> dict[tuple[str, str], str]:
    return {key: item["order_token"]["S"] for key, item in world.items().items()}


@pytest.mark.parametrize(("size", "workers"), [(-1, 4), (0, 1), (1, 1)])
def test_only_larger_objects_have_several_workers(size: int, workers: int) -> None:
    """Above the limit, at it and below; one worker begins at once and needs no job."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,")
    settings = IngestSettings(large_object_bytes=version.size_bytes + size, workers=4)
    deliver(world, version, settings=settings)
    assert len(world.work.messages) == (workers if workers > 1 else 0)
    assert ("job" in world.record(version)) is (workers > 1)


def test_other_settings_while_a_file_is_processed_change_nothing() -> None:
    """The number of workers is the job's; a redelivery takes it from there."""
    whole, expected = _one_worker(*LARGE_FEED)
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    for _ in range(2):
        message = world.work.messages.pop(0)
        deliver(world, version, message.kind, task=message.task, delivery_id="m", settings=SEVERAL)
    world.work.messages.clear()
    world.clock.move(hours=2)
    others = IngestSettings(large_object_bytes=0, workers=3)
    assert deliver(world, version, Kind.REDRIVE, settings=others).status is None
    assert _tasks(world) == [(2, 0), (3, 0)]
    drain(world, settings=others)
    record = world.record(version)
    assert counts(record) == counts(expected)
    assert (record["workers"], record["workers_done"]) == (4, 4)
    assert _tokens(world) == _tokens(whole)


def _other_profile(world: World) -> Any:
    def opened(source: Any, *, key: str, latest: str) -> Any:
        feed: Any = world.ports().open_feed(source, key=key, latest=latest)
        return replace(feed, profile="another")

    return opened


@pytest.mark.parametrize("change", ["profile", "tolerance", "sequencer", "replay"])
def test_a_file_that_is_read_in_another_way_gets_a_job_of_its_own(change: str) -> None:
    """It takes the place of the one that stands, whose messages are answered from then on."""
    whole, expected = _one_worker(*LARGE_FEED)
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    old_job = world.record(version)["job"]
    message = world.work.messages.pop(0)
    deliver(world, version, message.kind, task=message.task, delivery_id="m", settings=SEVERAL)
    late = list(world.work.messages)
    world.work.messages.clear()
    kind, options = Kind.REDRIVE, {}
    again = version
    if change == "profile":
        options["open_feed"] = _other_profile(world)
    if change == "sequencer":
        again = replace(version, sequencer="0A")
    if change == "replay":
        kind = Kind.REPLAY
    settings = SEVERAL
    if change == "tolerance":
        settings = replace(SEVERAL, time_tolerance=2 * SEVERAL.time_tolerance)
    deliver(world, again, kind, settings=settings, **options)
    record = world.record(version)
    assert record["job"] != old_job
    assert old_job not in record["open_runs"]
    assert _tasks(world) == [(worker, 0) for worker in range(4)]
    for message in late:
        outcome = deliver(
            world, version, message.kind, task=message.task, delivery_id="late", settings=SEVERAL
        )
        assert (outcome.mode, outcome.read_units) == (Mode.NOTHING, 2)
    drain(world, settings=SEVERAL)
    record = world.record(version)
    assert record["status"] == "COMPLETED"
    assert counts(record) == counts(expected)
    assert quantities(world) == quantities(whole)
    assert "open_runs" not in record


def test_a_listing_has_the_job_go_on_that_an_event_began() -> None:
    """Only the event knew the sequencer, and the job alone has kept it."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1, sequencer="0A")
    listed = replace(version, sequencer="")
    deliver(world, listed, Kind.REDRIVE)
    deliver(world, version, settings=SEVERAL)
    job = world.record(version)["job"]
    world.work.messages.clear()
    world.clock.move(hours=2)
    deliver(world, listed, Kind.REDRIVE, settings=SEVERAL)
    drain(world, settings=SEVERAL)
    record = world.record(version)
    assert (record["job"], record["base"][-32:]) == (job, "0A" + "0" * 30)


def test_a_job_whose_file_another_run_has_completed_sends_no_reject_again() -> None:
    """What is left of it is done by one that decides rows again and accounts for nothing."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    ports = world.ports()

    class Overtaken:
        """The ingestions table, where another run is faster than the one that begins a job."""

        def __getattr__(self, name: str) -> Any:
            if name == "begin_job":
                assert deliver(world, version, delivery_id="faster").status is Status.COMPLETED
            return getattr(ports.ingestions, name)

    deliver(world, version, settings=SEVERAL, ingestions=Overtaken())
    world.work.messages.clear()
    world.clock.move(hours=2)
    deliver(world, version, Kind.REDRIVE, settings=SEVERAL)
    drain(world, settings=SEVERAL)
    assert "open_runs" not in world.record(version)
    assert len(world.rejects.bodies) == LARGE_FEED.count("!bad") + LARGE_FEED.count("!worse")


def test_a_new_job_validates_what_the_workers_of_the_old_one_have_written() -> None:
    """Their reports are in nobody's sum: a reader of what they wrote over must be asked."""
    world = World()
    deliver(world, put(world, "A,x,5,,", hour=0, key="old.csv"))
    deliver(world, put(world, "A,x,5,,", hour=3, key="newer.csv"))
    version = put(world, "A,x,9,,", hour=2)
    deliver(world, version, settings=SEVERAL)
    messages = list(world.work.messages)
    world.work.messages.clear()
    message = messages[Share.of("A", SEVERAL.workers)]
    deliver(world, version, message.kind, task=message.task, delivery_id="m", settings=SEVERAL)
    assert quantities(world) == {"A": "9"}
    assert not world.work.messages
    world.clock.move(hours=1)
    deliver(world, version, Kind.REPLAY, settings=SEVERAL)
    drain(world, settings=SEVERAL)
    assert quantities(world) == {"A": "5"}


def test_a_redelivery_leaves_a_job_alone_that_somebody_is_at_work_on() -> None:
    """A second event of the same object sends no message twice."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    messages = list(world.work.messages)
    outcome = deliver(world, version, delivery_id="second event", settings=SEVERAL)
    assert outcome.status is None
    assert world.work.messages == messages
    assert world.record(version)["open_runs"] == [world.record(version)["job"]]


def test_a_redelivery_of_the_run_that_began_a_job_sends_what_it_may_not_have_sent() -> None:
    """It crashed, as far as anybody knows."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    world.work.messages.clear()
    deliver(world, version, settings=SEVERAL)
    assert _tasks(world) == [(worker, 0) for worker in range(4)]
    drain(world, settings=SEVERAL)
    assert world.record(version)["status"] == "COMPLETED"


def test_messages_of_a_file_that_has_ended_are_answered() -> None:
    """A copy that comes late costs one look at the record."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    copies = list(world.work.messages)
    drain(world, settings=SEVERAL)
    record = world.record(version)
    world.work.messages = copies
    outcomes = drain(world, settings=SEVERAL)
    assert {(outcome.mode, outcome.read_units) for outcome in outcomes} == {(Mode.NOTHING, 2)}
    assert world.record(version) == record


def test_who_finds_a_report_sends_the_next_segment_again() -> None:
    """Whoever entered it may have died before."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    message = world.work.messages.pop(0)
    arguments: dict[str, Any] = {"task": message.task, "batch_rows": 7, "settings": SEVERAL}
    deliver(world, version, Kind.SEGMENT, delivery_id="m", time_left=looks(2), **arguments)
    sent = world.work.messages.pop()
    items = dict(world.items())
    deliver(world, version, Kind.SEGMENT, delivery_id="m", **arguments)
    assert world.work.messages.pop() == sent
    assert world.items() == items


def test_fails_when_the_segment_before_is_not_done() -> None:
    """A message that overtakes another one comes again."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    task = {**(world.work.messages[0].task or {}), "segment": 1}
    with pytest.raises(RetryableError, match="no report before"):
        deliver(world, version, Kind.SEGMENT, task=task, settings=SEVERAL)


@pytest.mark.parametrize("gone", ["job", "reports"])
def test_fails_when_the_job_is_not_there(gone: str) -> None:
    """What its workers are to do stands in it; and its sums would lack reports that expire."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    if gone == "job":
        world.reports.files.clear()
    else:
        world.clock.move(days=30, minutes=-10)
    with pytest.raises(RetryableError, match="is not there"):
        drain(world, settings=SEVERAL)


@pytest.mark.parametrize("task", [{}, {"run": "r"}, {"run": "r", "worker": "x", "segment": 0}])
def test_fails_on_a_task_that_is_none(task: dict[str, Any]) -> None:
    """The message ends in the dead-letter queue."""
    world = World()
    version = put(world, "A,x,1,,")
    with pytest.raises(ValueError, match="not a task"):
        deliver(world, version, Kind.SEGMENT, task=task)


def test_fails_when_an_invocation_makes_no_progress_at_all() -> None:
    """The message comes again and ends in the dead-letter queue; nothing loops."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    with pytest.raises(OutOfTimeError):
        drain(world, settings=SEVERAL, time_left=lambda: lambda: 1.0)
    assert len(_tasks(world)) == 3


def test_an_attempt_that_wrote_although_another_ones_report_stands_stays_open() -> None:
    """Its writes are in no write set: the reconcile has the file gone through again."""
    world = World()
    version = put(world, "A,x,1,,", hour=1)
    deliver(world, version, settings=SEVERAL)
    ports = world.ports()
    tasks = list(world.work.messages)
    world.work.messages.clear()

    class Overtaken:
        """Reports: another attempt's is entered first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.reports, name)

        def enter(
            self, job: str, worker: int, segment: int, report: Any, *, expires_at: int
        ) -> Any:
            faster = replace(report, attempt="faster", keys_key="")
            ports.reports.enter(job, worker, segment, faster, expires_at=expires_at)
            return ports.reports.enter(job, worker, segment, report, expires_at=expires_at)

    for message in tasks:
        deliver(
            world,
            version,
            message.kind,
            task=message.task,
            delivery_id="m",
            settings=SEVERAL,
            reports=Overtaken(),
        )
    record = world.record(version)
    assert record["status"] == "COMPLETED"
    (open_run,) = record["open_runs"]
    world.clock.move(seconds=LEASE.total_seconds() + 1)
    result = world.reconcile().run(time_left=lambda: 300.0)
    assert result.crashed == 1
    drain(world, settings=SEVERAL)
    assert "open_runs" not in world.record(version), open_run


def test_an_object_that_vanishes_ends_its_record() -> None:
    """Every worker finds it gone; the file fails once."""
    world = World()
    version = put(world, *LARGE_FEED, hour=1)
    deliver(world, version, settings=SEVERAL)
    world.objects.delete(version)
    drain(world, settings=SEVERAL)
    record = world.record(version)
    assert record["status"] == "FAILED"
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert "open_runs" not in record


@pytest.mark.parametrize("deleted", [False, True])
def test_the_reconcile_has_a_job_go_on_whose_message_is_lost(
    deleted: bool,
) -> None:
    """When its lease is over, and not before; also if nobody lists its version any more."""
    world = World()
    version = put(world, *LARGE_FEED, hour=0)
    deliver(world, version, settings=SEVERAL)
    world.work.messages.clear()
    if deleted:
        world.objects.delete(version)
    world.clock.move(minutes=29)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).redriven == 0
    world.clock.move(minutes=3)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).expired == 1
    drain(world, settings=SEVERAL)
    status = "FAILED" if deleted else "COMPLETED"
    assert world.record(version)["status"] == status


def test_a_large_file_of_a_folder_is_a_folder() -> None:
    """An empty object whose key ends with a slash has no workers."""
    world = World()
    version = world.objects.put("folder/", "")
    assert deliver(world, version, settings=replace(SEVERAL, large_object_bytes=-1)).status
    assert world.work.messages == []


def test_a_recheck_of_a_large_file_has_workers_too() -> None:
    """It decides its keys alone, and the record keeps its job."""
    world = World()
    lines = [f"S{number},x,1,," for number in range(40)]
    deliver(world, put(world, *lines, hour=1, key="old.csv"))
    reader = put(world, *lines, hour=3)
    deliver(world, reader, settings=SEVERAL)
    drain(world, settings=SEVERAL)
    job = world.record(reader)["job"]
    deliver(world, put(world, "S7,x,2,,", hour=2, key="late.csv"))
    assert world.work.messages == [WorkMessage(kind=Kind.RECHECK, version=reader)]
    outcomes = drain(world, settings=SEVERAL)
    assert sum(outcome.written for outcome in outcomes) == 1
    record = world.record(reader)
    assert (record["job"], record["loaded"], record["unchanged"]) == (job, 1, 39)
    assert quantities(world)["S7"] == "1"
    assert "open_runs" not in record
    assert "recheck" not in record
