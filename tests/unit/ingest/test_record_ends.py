"""Every version ends in one right record, whoever else is at work on it, and whatever was lost."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, LANES, World, open_tiny_feed, open_tiny_part
from ingest_steps import deliver, drain, looks, put, quantities
from inventory.adapters.dynamodb_api import ConditionFailedError, DynamoDbError
from inventory.domain.errors import BadFileError, ErrorCode, RejectedRequestError
from inventory.domain.ingestions import Mode, Status
from inventory.domain.order import timestamp
from inventory.domain.reading import Share
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Command, Kind
from stage import DIES, Stage

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion
    from inventory.domain.work import WorkMessage

HALF: dict[str, Any] = {"share": Decimal("0.5")}
TWO: dict[str, Any] = {"settings": IngestSettings(large_object_bytes=0, workers=2)}


def settle(world: World, *, hours: int = 6, **options: Any) -> None:
    """Let the reconcile look after everything, hour by hour."""
    for _ in range(hours):
        world.clock.move(hours=1)
        world.work.time_passes()
        world.reconcile().run(time_left=lambda: 300.0)
        world.work.time_passes()
        drain(world, **options)


def sent(world: World) -> list[WorkMessage]:
    """Take the messages out of the work queue."""
    messages = list(world.work.messages)
    world.work.messages.clear()
    return messages


def ends(world: World) -> list[str]:
    """What others were told."""
    return [each["status"] for each in world.events.ends]


def followed(world: World) -> list[ObjectVersion]:
    """Versions that the reconcile looks at."""
    return list(world.ports().follow_ups.all())


@pytest.mark.parametrize("kind", [Kind.REPLAY, Kind.REDRIVE])
def test_a_recheck_that_is_still_at_work_when_its_version_is_read_again_is_validated(
    kind: Kind,
) -> None:
    """Its job is older than any run can be, but its workers live, and one writes meanwhile."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)

    def small(quantity: int, hour: float, key: str) -> None:
        deliver(world, put(world, f"X,x,{quantity},,", hour=hour, key=key))

    def work(message: WorkMessage, name: str) -> None:
        deliver(world, version, message.kind, task=message.task, delivery_id=name, **TWO)

    small(7, 1, "1.csv")
    version = put(world, "X,x,7,,", *(f"S{n},x,1,," for n in range(12)), hour=10, key="large.csv")
    deliver(world, version, **TWO)
    drain(world, **TWO)
    small(5, 2, "2.csv")
    sent(world)
    deliver(world, version, Kind.RECHECK, delivery_id="recheck", **TWO)
    rechecks = sent(world)
    small(7, 3, "3.csv")
    sent(world)
    world.clock.move(minutes=20)
    deliver(world, version, kind, delivery_id="again", **TWO)
    again = sent(world)
    settles = Share(0, 2).of("X", 2)
    work(again[settles], "again, X")
    waiting = sent(world)
    small(5, 4, "4.csv")
    small(5, 20, "newest.csv")
    waiting += sent(world)
    work(rechecks[settles], "recheck, X")
    waiting += sent(world)
    work(again[1 - settles], "again, others")
    world.work.messages += [*waiting, rechecks[1 - settles]]
    drain(world, **TWO)
    settle(world, hours=8, **TWO)
    assert quantities(world)["X"] == "5"
    assert "open_runs" not in world.record(version)


def test_a_dead_run_is_not_forgotten_when_an_unfinished_job_is_taken_up() -> None:
    """The job knows nothing of what the dead one wrote, so its name must stand."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")
    deliver(world, version, delivery_id="job", **TWO)
    job = world.record(version)["job"]
    world.ports().ingestions.enter(version.object_id, f"{timestamp(BEGIN)}#dead", job)
    world.clock.move(hours=1)
    deliver(world, version, Kind.REDRIVE, delivery_id="helper", **TWO)
    assert f"{timestamp(BEGIN)}#dead" in world.record(version)["open_runs"]


def _released_beside(second: Kind, *stops: Any, **options: Any) -> tuple[Stage, ObjectVersion]:
    """A held file that an operator releases while another delivery of it is at work."""
    world = Stage()
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,60,,", "B,x,40,,", hour=1), **HALF)
    version = put(world, *(f"A{n},x,1,," for n in range(30)), hour=3)
    assert deliver(world, version, **HALF).status is Status.HELD
    settle(world, hours=2, **HALF)
    world.enter("release", version, Kind.RELEASE, **HALF, **options)
    world.enter("second", version, second, **HALF)
    world.play(("release", ("UpdateItem", 2)), ("second", ("UpdateItem", 2)), *stops)
    return world, version


def test_a_released_file_is_not_held_again_by_who_judges_it_at_the_same_time() -> None:
    """Nor does what it implies get lost with that verdict."""
    world, version = _released_beside(Kind.REDRIVE, ("release", None), ("second", None))
    drain(world, **HALF)
    settle(world, hours=3, **HALF)
    assert world.record(version)["status"] == "COMPLETED"
    assert "HELD" not in ends(world)[2:]
    deliver(world, put(world, "A1,x,50,,", "C,x,50,,", hour=2), **HALF)
    drain(world, **HALF)
    settle(world, hours=3, **HALF)
    assert quantities(world)["C"] == "0"
    assert len(world.rejects.bodies) == 1


def test_a_released_file_that_is_weighed_in_several_invocations_stays_released() -> None:
    """Another delivery of it judges it meanwhile; the operator's word stands."""
    options: dict[str, Any] = {"batch_rows": 4, "time_left": looks(2, 19.0)}
    world, version = _released_beside(Kind.REDRIVE, ("release", None), ("second", None), **options)
    drain(world, **HALF)
    settle(world, hours=4, **HALF)
    assert world.record(version)["status"] == "COMPLETED"
    assert ends(world).count("HELD") == 1


def test_a_replay_after_a_release_judges_the_file_again() -> None:
    """What the operator said last counts."""
    world = World()
    deliver(world, put(world, "A,x,60,,", hour=1), **HALF)
    version = put(world, "BROKEN", hour=2)
    deliver(world, version, Kind.RELEASE, **HALF)
    assert world.record(version)["released"]
    deliver(world, version, Kind.REPLAY, **HALF)
    assert "released" not in world.record(version)


def test_a_file_is_accepted_when_the_hold_is_switched_off_while_it_is_weighed() -> None:
    """Else no recheck of it would ever begin."""
    world = World()
    rows: dict[str, Any] = {"batch_rows": 4}
    deliver(world, put(world, "S1,x,2,,", hour=0, key="u.csv"), **HALF, **rows)
    version = put(world, *(f"S{n},x,2,," for n in range(30)), hour=2)
    deliver(world, version, time_left=looks(2, 19.0), **HALF, **rows)
    drain(world, **rows)
    assert world.record(version)["accepted"] is True
    deliver(world, put(world, "S1,x,9,,", hour=1, key="late.csv"), **rows)
    drain(world, **rows)
    settle(world, **rows)
    assert quantities(world)["S1"] == "2"
    assert "recheck" not in world.record(version)


class DyingPort:
    """A port of which one method is the death of the process."""

    def __init__(self, port: Any, method: str) -> None:
        self._port = port
        self._method = method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            raise MemoryError
        return getattr(self._port, name)


def test_a_held_file_is_not_what_the_next_one_is_compared_with_when_a_run_has_died() -> None:
    """The run died between its sum and the record."""
    world = World()
    deliver(world, put(world, "A,x,18,,", hour=1), **HALF)
    version = put(world, "A,x,10,,", hour=3)
    dying = DyingPort(world.ports().ingestions, "accept")
    with pytest.raises(MemoryError):
        deliver(world, version, ingestions=dying, **HALF)
    deliver(world, put(world, "A,x,100,,", hour=2), **HALF)
    assert deliver(world, version, **HALF).status is Status.HELD
    assert deliver(world, put(world, "A,x,6,,", hour=4), **HALF).status is Status.HELD


@pytest.mark.parametrize("options", [HALF, {}])
def test_a_withdrawn_file_is_not_what_the_next_one_is_compared_with(
    options: dict[str, Any],
) -> None:
    """Also when nothing was held while it was withdrawn."""
    world = World()
    deliver(world, put(world, "A,x,10,,", hour=1), **HALF)
    version = put(world, "A,x,1000,,", hour=2)
    deliver(world, version, **HALF)
    world.clock.at = BEGIN + timedelta(hours=5)
    command = Command(asked_at=timestamp(world.clock()), by="me")
    deliver(world, version, Kind.WITHDRAW, task=command.to_data(), **options)
    settle(world, hours=4, **options)
    assert world.record(version)["status"] == "WITHDRAWN"
    assert deliver(world, put(world, "A,x,9,,", hour=12), **HALF).status is Status.COMPLETED


def test_what_a_recheck_implies_is_counted_once() -> None:
    """Late files of a complete feed come one by one, and the newest lacks a key of each."""
    world = World()
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,60,,", "B,x,40,,", hour=1))
    version = put(world, "A,x,30,,", hour=9)
    deliver(world, version)
    counted = [world.record(version)["absent"]]
    for hour, sku in ((2, "C"), (3, "D"), (4, "E")):
        deliver(world, put(world, f"{sku},x,50,,", hour=hour))
        drain(world)
        counted.append(world.record(version)["absent"])
    assert counted == [1, 2, 3, 4]


def test_a_waiting_file_that_is_deleted_is_not_forgotten() -> None:
    """Its first delivery died when it had been made to wait."""
    world = World()
    version = put(world, "A,x,1,,")
    world.pauses().add("a", "me", "t")
    dying = DyingPort(world.ports().follow_ups, "add")
    with pytest.raises(MemoryError):
        deliver(world, version, follow_ups=dying)
    deliver(world, version)
    world.objects.delete(version)
    world.pauses().remove("a")
    settle(world, hours=3)
    assert (world.record(version)["status"], ends(world)) == ("FAILED", ["FAILED"])


class Repeating:
    """DynamoDB, to which one request comes once more, late."""

    def __init__(self, world: World, text: str) -> None:
        self._world = world
        self._text = text
        self._late: list[Any] = []
        world.transport = self

    def __call__(self, operation: str, payload: Any) -> dict[str, Any]:
        """Take a request, and remember it if it is the one."""
        if operation == "UpdateItem" and self._text in str(payload):
            self._late.append(payload)
        return self._world.tables(operation, payload)

    def arrive(self) -> None:
        """The first of them arrives once more."""
        with suppress(ConditionFailedError):
            self._world.tables("UpdateItem", self._late[0])


@pytest.mark.parametrize(("body", "kind"), [("no feed\n", Kind.REDRIVE), ("tiny\n", Kind.REPLAY)])
def test_a_run_that_is_opened_once_more_after_its_end_is_closed(body: str, kind: Kind) -> None:
    """The request was repeated, and the first one arrived late, when the run had ended.

    The file is so old that no walk of the reconcile looks at it.
    """
    world = World()
    version = world.objects.put("a.csv", body, last_modified=BEGIN)
    deliver(world, version)
    world.clock.move(days=12)
    settle(world, hours=3)
    repeating = Repeating(world, "ADD open_runs :run, attempts")
    deliver(world, version, kind, delivery_id="again")
    world.reconcile().run(time_left=lambda: 300.0)
    repeating.arrive()
    settle(world)
    assert world.record(version)["status"] != "IN_PROGRESS"
    assert "open_runs" not in world.record(version)
    assert followed(world) == []


def test_an_attempt_that_is_entered_once_more_after_the_end_of_its_job_is_closed() -> None:
    """And the file is deleted, so that no listing names it."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    version = put(world, *(f"S{n},x,1,," for n in range(12)), hour=99)
    repeating = Repeating(world, "SET last_run = :run ADD open_runs")
    deliver(world, version, **TWO)
    drain(world, **TWO)
    world.objects.delete(version)
    world.reconcile().run(time_left=lambda: 300.0)
    repeating.arrive()
    settle(world, **TWO)
    assert "open_runs" not in world.record(version)
    assert followed(world) == []


@pytest.mark.parametrize("minutes", [None, 5, 20])
@pytest.mark.parametrize("done", [0, 1])
def test_a_file_that_is_deleted_while_workers_read_it_fails_once_with_what_they_counted(
    done: int, minutes: int | None
) -> None:
    """One of two workers is done; a redrive comes, or none; every message comes twice."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    version = put(world, *(f"S{n},x,1,," for n in range(12)), hour=99)
    deliver(world, version, **TWO)
    messages = sent(world)
    worker = messages[done]
    deliver(world, version, worker.kind, task=worker.task, delivery_id="done", **TWO)
    world.objects.delete(version)
    if minutes is not None:
        world.clock.move(minutes=minutes)
        deliver(world, version, Kind.REDRIVE, **TWO)
    world.work.messages += messages * 2
    drain(world, **TWO)
    settle(world, **TWO)
    record = world.record(version)
    assert record["status"] == "FAILED"
    assert record["loaded"] == record["rows_read"] == len(world.items()) > 0
    assert (ends(world), len(world.rejects.bodies)) == (["FAILED"], 1)


def _between(*lines: str) -> tuple[Stage, ObjectVersion]:
    """A file that comes after a newer one, which leaves X=7 alone, and that sets X=5 before it."""
    world = Stage()
    world.clock.at = BEGIN + timedelta(hours=100)
    deliver(world, put(world, "X,x,7,,", hour=1, key="oldest.csv"))
    deliver(world, put(world, "X,x,7,,", hour=10, key="newest.csv"))
    return world, put(world, "X,x,5,,", *lines, hour=5, key="between.csv")


OTHERS = [f"S{n},x,1,," for n in range(12)]


@pytest.mark.parametrize("again", [Kind.CREATED, Kind.REDRIVE, None])
def test_a_run_that_dies_on_its_way_to_become_a_job_is_validated(again: Kind | None) -> None:
    """It has written, and the next one must not take what it wrote for its own."""
    world, version = _between(*OTHERS)
    rows: dict[str, Any] = {"batch_rows": 2}
    dying = DyingPort(world.ports().reports, "enter")
    with pytest.raises(MemoryError):
        deliver(world, version, delivery_id="one", time_left=looks(4, 19.0), reports=dying, **rows)
    if again is Kind.REDRIVE:
        world.clock.move(hours=1)
    if again is not None:
        deliver(world, version, again, delivery_id="one", **rows)
    drain(world, **rows)
    settle(world, **rows)
    assert quantities(world)["X"] == "7"
    assert "open_runs" not in world.record(version)


@pytest.mark.parametrize("stop", range(1, 6))
def test_an_event_that_comes_twice_while_a_run_becomes_a_job_changes_nothing(stop: int) -> None:
    """Whoever takes the job up finds its first report."""
    world, version = _between(*OTHERS)
    world.enter("first", version, batch_rows=2, time_left=looks(4, 19.0))
    world.enter("twin", version, batch_rows=2)
    world.play(("first", ("PutItem", stop)), ("twin", None), ("first", None))
    drain(world, batch_rows=2)
    settle(world, batch_rows=2)
    assert quantities(world)["X"] == "7"
    assert "open_runs" not in world.record(version)


def test_a_late_twin_of_the_weigher_does_not_end_what_workers_go_on_with() -> None:
    """It read the record before the file was accepted, and would hold it by now."""
    options: dict[str, Any] = {"batch_rows": 4, **HALF, **TWO}
    settles = Share(0, 2).of("X", 2)
    world = Stage()
    world.clock.at = BEGIN + timedelta(hours=100)
    deliver(world, put(world, "X,x,7,,", hour=1, key="oldest.csv"), **HALF)
    deliver(world, put(world, "X,x,7,,", hour=10, key="newest.csv"), **HALF)
    deliver(world, put(world, "A,x,10,,", hour=1), **HALF)
    version = put(world, "X,x,1,,", *OTHERS, hour=5)
    late = put(world, "B,x,100,,", hour=3)
    deliver(world, version, delivery_id="job", time_left=looks(2, 19.0), **options)
    (message,) = sent(world)
    assert message.task is not None
    world.enter("twin", version, message.kind, task=message.task, **options)
    world.enter("weigher", version, message.kind, task=message.task, **options)
    world.enter("late", late, **HALF)
    for name, worker in (("one", settles), ("other", 1 - settles)):
        task = {**message.task, "worker": worker, "segment": 0}
        world.enter(name, version, Kind.SEGMENT, task=task, **options)
    order = ("weigher", "late", "one", "twin", "other")
    world.play(("twin", ("Query", 1)), *((name, None) for name in order))
    drain(world, **options)
    settle(world, **options)
    assert quantities(world)["X"] == "7"
    assert (world.record(version)["status"], world.rejects.bodies) == ("COMPLETED", [])


@pytest.mark.parametrize("stop", range(1, 5))
def test_workers_of_a_job_whose_file_is_refused_meanwhile_are_validated(stop: int) -> None:
    """The job is older than any run can be, and a redrive by another profile refuses its file."""

    def refuse(source: Any, *, key: str, latest: str) -> Any:
        if key == "between.csv":
            raise BadFileError(ErrorCode.MISSING_LABEL, "It fits no profile now.", line=1)
        return open_tiny_feed(source, key=key, latest=latest)

    world, version = _between(*OTHERS)
    settles = Share(0, 2).of("X", 2)
    deliver(world, version, delivery_id="job", **TWO)
    messages = sent(world)
    world.clock.move(minutes=20)
    world.enter("redrive", version, Kind.REDRIVE, open_feed=refuse)
    task = messages[settles].task
    world.enter("worker", version, Kind.SEGMENT, task=task, **TWO)
    world.play(("redrive", ("UpdateItem", stop)), ("worker", None), ("redrive", None))
    world.work.messages.append(messages[1 - settles])
    options: dict[str, Any] = {"open_feed": refuse, **TWO}
    drain(world, **options)
    settle(world, **options)
    assert quantities(world)["X"] == "7"
    assert "open_runs" not in world.record(version)


@pytest.mark.parametrize("complete", [{"a.csv": "keep"}, {}, {"a.csv": "zero"}])
def test_what_a_dead_run_has_implied_is_validated_when_the_feed_changes(
    complete: dict[str, str],
) -> None:
    """By then its file implies nothing."""
    world = Stage()
    world.clock.at = BEGIN + timedelta(hours=100)
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "K,x,5,,", "A,x,1,,", hour=1))
    deliver(world, put(world, "K,x,5,,", hour=10, key="z.csv"))
    world.enter("dies", put(world, "A,x,1,,", hour=5))
    world.play(("dies", ("BatchExecuteStatement", 1)), ("dies", DIES))
    world.complete = complete
    settle(world, hours=8)
    assert quantities(world)["K"] == "5"


def _old(world: World, *lines: str, **options: Any) -> ObjectVersion:
    """A file that no walk of the reconcile looks at any more."""
    version = put(world, *lines, hour=0)
    deliver(world, version, **options)
    drain(world, **options)
    world.clock.move(days=12)
    settle(world, hours=3, **options)
    assert followed(world) == []
    return version


def test_an_attempt_does_not_begin_when_its_job_has_ended() -> None:
    """It had read the record before; and nobody would look after its name."""
    world = Stage()
    version = _old(world, *OTHERS, **TWO)
    deliver(world, version, Kind.REPLAY, delivery_id="job", **TWO)
    one, other = sent(world)
    deliver(world, version, one.kind, task=one.task, delivery_id="one", **TWO)
    for name in ("attempt", "late"):
        world.enter(name, version, other.kind, task=other.task, **TWO)
    world.play(("late", ("UpdateItem", 1)), ("attempt", None), ("late", DIES))
    settle(world, hours=3, **TWO)
    assert "open_runs" not in world.record(version)
    assert followed(world) == []


def test_a_run_that_begins_while_its_version_is_let_go_is_not_forgotten() -> None:
    """Its note stood there from before, and the reconcile had found nothing to do."""
    world = Stage()
    version = _old(world, "BROKEN")
    deliver(world, version, Kind.REDRIVE, delivery_id="before")
    world.clock.move(hours=1)
    world.enter("again", version, Kind.REDRIVE)
    world.call("reconcile", lambda: world.reconcile().run(time_left=lambda: 300.0))
    world.play(("again", ("UpdateItem", 1)), ("reconcile", None), ("again", DIES))
    settle(world, hours=4)
    assert world.record(version)["status"] == "FAILED"
    assert "open_runs" not in world.record(version)
    assert followed(world) == []


# Files that are held, and what comes beside the operator's word


@pytest.mark.parametrize("found_by", ["its event", "the reconcile"])
def test_a_held_file_keeps_the_sequencer_of_its_event(found_by: str) -> None:
    """Two files of one time come in its order, also when the reconcile was faster than an event."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=5)
    same: dict[str, Any] = {"metadata": {"as-of": (BEGIN + timedelta(hours=2)).isoformat()}}
    deliver(world, put(world, "A,x,60,,", hour=1, sequencer="01"), **HALF)
    deliver(world, put(world, "A,x,55,,", hour=3, sequencer="0A", **same), **HALF)
    version = put(world, "A,x,5,,", hour=4, sequencer="0B", **same)
    listed = replace(version, sequencer="")
    if found_by == "the reconcile":
        deliver(world, listed, Kind.REDRIVE, **HALF)
    deliver(world, version, **HALF)
    deliver(world, listed, Kind.RELEASE, **HALF)
    assert quantities(world) == {"A": "5"}


def test_a_replay_that_comes_again_after_a_release_takes_nothing_back() -> None:
    """SQS may deliver a message twice; the release was asked for later."""
    world = World()
    rows: dict[str, Any] = {"batch_rows": 4, **HALF}
    deliver(world, put(world, "A,x,90,,", hour=1), **rows)
    version = put(world, *(f"S{n},x,1,," for n in range(30)), hour=3)
    deliver(world, version, **rows)
    asked = timestamp(world.clock())
    replay = {"delivery_id": "replay", "asked_at": asked, **rows}
    assert deliver(world, version, Kind.REPLAY, **replay).status is Status.HELD
    world.clock.move(minutes=2)
    deliver(world, version, Kind.RELEASE, time_left=looks(2, 19.0), **rows)
    deliver(world, version, Kind.REPLAY, **replay)
    drain(world, **rows)
    assert world.record(version)["status"] == "COMPLETED"
    assert len(world.items()) == 31
    world.clock.move(minutes=2)
    deliver(world, put(world, *(f"S{n},x,9,," for n in range(30)), hour=2), **rows)
    judged = deliver(world, version, Kind.REPLAY, delivery_id="later", **rows)
    assert judged.mode is Mode.REPROCESS


def test_a_late_request_of_a_dead_run_lets_no_file_in_that_was_held_since() -> None:
    """It arrives while the file is judged again, for an operator; the new verdict counts."""
    world = Stage()
    world.clock.at = BEGIN + timedelta(hours=100)
    deliver(world, put(world, "A,x,18,,", hour=1), **HALF)
    version = put(world, "A,x,10,,", hour=3)
    late: list[dict[str, Any]] = []

    def losing(operation: str, payload: Any) -> dict[str, Any]:
        if not late and "SET accepted" in payload.get("UpdateExpression", ""):
            late.append(payload)
            raise MemoryError
        return world.request(operation, payload)

    world.transport = losing
    with suppress(MemoryError):
        deliver(world, version, delivery_id="dies", **HALF)
    world.transport = world.request
    world.clock.move(minutes=1)
    deliver(world, put(world, "A,x,100,,", hour=2), **HALF)
    assert deliver(world, version, **HALF).status is Status.HELD
    world.clock.move(minutes=3)
    world.enter("replay", version, Kind.REPLAY, **HALF)

    def arrive() -> None:
        with suppress(ConditionFailedError):
            world.tables("UpdateItem", late[0])

    world.call("arrive", arrive)
    world.play(("replay", ("UpdateItem", 1)), ("arrive", None), ("replay", None))
    settle(world, hours=4, **HALF)
    assert world.record(version)["status"] == "HELD"
    assert quantities(world) == {"A": "100"}


# Rechecks that meet a file which is refused, or is not whole any more


def _refused(key: str) -> dict[str, Any]:
    """Settings by which the files of a key are refused."""

    def open_feed(source: Any, *, key: str, latest: str) -> Any:
        if key == narrowed:
            raise BadFileError(ErrorCode.MISSING_LABEL, "It fits no profile now.", line=1)
        return open_tiny_feed(source, key=key, latest=latest)

    narrowed = key
    return {"open_feed": open_feed}


def _rejected(key: str) -> dict[str, Any]:
    """Settings by which rows about B are rejected in the files of a key."""

    def open_part(state: Any, source: Any, **place: Any) -> Any:
        feed = open_tiny_part(state, source, **place)
        if source.version.key != key:
            return feed
        return replace(feed, lines=tuple(re.sub("^B,.*", "!B", line) for line in feed.lines))

    return {"open_part": open_part}


def _forget_readings(world: World) -> None:
    """Have what tells how files were read expire."""
    lanes = world.tables.tables[LANES].items
    for key in [key for key in lanes if key[0].startswith("reading#")]:
        del lanes[key]


def test_a_recheck_reads_a_file_as_the_run_has_that_ended_its_record() -> None:
    """Settings were wrong for an hour, in which a late file wrote over an item."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    wrong = _refused("newest.csv")
    deliver(world, put(world, "B,x,7,,", hour=1, key="oldest.csv"))
    newest = put(world, "B,x,7,,", hour=10, key="newest.csv")
    deliver(world, newest)
    deliver(world, put(world, "B,x,5,,", hour=5, key="between.csv"), **wrong)
    drain(world, **wrong)
    assert quantities(world) == {"B": "7"}
    assert world.rejects.bodies == []


@pytest.mark.parametrize("settings", [_refused, _rejected])
def test_a_recheck_that_is_refused_is_told_of_and_a_replay_makes_up_for_it(settings: Any) -> None:
    """Nobody knows any more how the file was read; or a release reads it otherwise."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    wrong = settings("newest.csv")
    deliver(world, put(world, "B,x,7,,", hour=1, key="oldest.csv"))
    newest = put(world, "B,x,7,,", hour=10, key="newest.csv")
    deliver(world, newest)
    _forget_readings(world)
    deliver(world, put(world, "B,x,5,,", hour=5, key="between.csv"), **wrong)
    drain(world, **wrong)
    assert quantities(world) == {"B": "5"}
    ((_, told),) = world.rejects.bodies
    assert told["timestamp"] > world.record(newest)["finished_at"]
    deliver(world, newest, Kind.REPLAY)
    drain(world)
    assert quantities(world) == {"B": "7"}


def test_a_later_base_that_comes_while_a_file_is_refused_is_not_forgotten() -> None:
    """The event that knows it does not come again; a replay goes by it."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    deliver(world, put(world, "B,x,1,,", hour=1, key="a.csv", sequencer="0A"))
    version = put(world, "B,x,2,,", hour=1, key="b.csv", sequencer="0B")
    deliver(world, replace(version, sequencer=""), Kind.REDRIVE)
    assert quantities(world) == {"B": "1"}
    deliver(world, version, **_refused("b.csv"))
    deliver(world, replace(version, sequencer=""), Kind.REPLAY)
    assert quantities(world) == {"B": "2"}


@pytest.mark.parametrize("how", ["deleted", "rejected"])
def test_others_imply_what_the_newest_complete_file_does_not_any_more(how: str) -> None:
    """It is asked what a late file brings that it lacks, and turns out not to be whole."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    world.complete = {"a.csv": "zero"}
    rows: dict[str, Any] = {"batch_rows": 2}
    deliver(world, put(world, "A,x,1,,", hour=5), **rows)
    lines = ("A,x,1,,", *(f"S{n},x,1,," for n in range(6)), "B,x,1,,")
    newest = put(world, *lines, hour=9)
    deliver(world, newest, **rows)
    settle(world, hours=1, **rows)
    deliver(world, put(world, "A,x,3,,", "K,x,5,,", hour=1), **rows)
    if how == "deleted":
        (recheck,) = sent(world)
        deliver(world, newest, recheck.kind, time_left=looks(2, 19.0), **rows)
        world.objects.delete(newest)
    else:
        rows |= _rejected("a.csv")
    drain(world, **rows)
    settle(world, hours=6, **rows)
    assert quantities(world)["K"] == "0"


@pytest.mark.parametrize("then", ["a newer file", "a withdrawal"])
def test_a_complete_file_that_breaks_off_when_it_is_read_again_keeps_its_list(then: str) -> None:
    """All that it has loaded before is still in the table."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    world.complete = {"a.csv": "zero"}
    rows: dict[str, Any] = {"batch_rows": 2}
    version = put(world, *(f"K{n},x,5,," for n in range(6)), hour=1)
    deliver(world, version, **rows)
    if then == "a withdrawal":
        deliver(world, put(world, "A,x,1,,", hour=9), **rows)
        drain(world, **rows)
    deliver(world, version, Kind.REPLAY, time_left=looks(4, 19.0), **rows)
    world.objects.delete(version)
    drain(world, **rows)
    settle(world, hours=3, **rows)
    if then == "a withdrawal":
        task = Command(asked_at=timestamp(world.clock()), by="me").to_data()
        deliver(world, version, Kind.WITHDRAW, task=task, **rows)
    else:
        deliver(world, put(world, "A,x,1,,", hour=9), **rows)
    drain(world, **rows)
    settle(world, hours=8, **rows)
    zeros = {} if then == "a withdrawal" else {f"K{n}": "0" for n in range(6)}
    assert quantities(world) == {"A": "1"} | zeros


# Names of dead runs


def test_a_file_that_fails_for_months_does_not_fill_its_record() -> None:
    """One name of a dead run says as much as thousands, and an item has 400 KB."""
    world = World()
    version = put(world, "K,x,1,,")

    def denied(*_: Any, **__: Any) -> Any:
        raise RejectedRequestError("GetObject: AccessDenied")

    for _ in range(50):
        with suppress(RejectedRequestError):
            deliver(world, version, Kind.REDRIVE, open_feed=denied)
        world.clock.move(hours=1)
    assert len(world.record(version)["open_runs"]) < 20
    deliver(world, version, Kind.REDRIVE)
    assert quantities(world) == {"K": "1"}
    assert "open_runs" not in world.record(version)


def test_workers_that_fail_for_months_do_not_fill_the_record_of_their_version() -> None:
    """Each attempt has a name of its own, and the job goes on once they may write again."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=1)
    version = put(world, *OTHERS)
    deliver(world, version, **TWO)
    tasks = sent(world)

    def denied(operation: str, payload: Any) -> dict[str, Any]:
        if operation == "BatchExecuteStatement":
            raise DynamoDbError("AccessDeniedException", "not authorized")
        return world.tables(operation, payload)

    world.transport = denied
    for _ in range(20):
        for each in tasks:
            with suppress(RejectedRequestError):
                deliver(world, version, each.kind, task=each.task, **TWO)
        world.clock.move(hours=1)
    assert len(world.record(version)["open_runs"]) < 20
    world.transport = None
    settle(world, **TWO)
    assert world.record(version)["status"] == "COMPLETED"
    assert len(world.items()) == len(OTHERS)


@pytest.mark.parametrize("others", [0, 30])
def test_an_attempt_that_died_is_not_forgotten_for_one_whose_report_stands(others: int) -> None:
    """The end of the job takes the latter's name away; many others have died before."""
    world = World()
    deliver(world, put(world, "B,x,1,,", "D,x,1,,"))
    deliver(world, put(world, "B,x,1,,", hour=3, key="newer.csv"))
    version = put(world, "B,x,2,,", "D,x,1,,", hour=2, key="large.csv")
    world.clock.move(hours=4)
    deliver(world, version, **TWO)
    messages = sent(world)
    one, other = messages[Share.of("B", 2)], messages[1 - Share.of("B", 2)]

    def die(operation: str, table: str) -> None:
        def dying(name: str, payload: Any) -> dict[str, Any]:
            answer = world.tables(name, payload)
            if name == operation and table in str(payload):
                raise MemoryError
            return answer

        world.transport = dying
        with suppress(MemoryError):
            deliver(world, version, one.kind, task=one.task, **TWO)
        world.transport = None

    for _ in range(others):
        die("UpdateItem", "last_run")
    die("BatchExecuteStatement", "items")
    world.clock.move(minutes=1)
    die("TransactWriteItems", "lanes")
    world.clock.move(minutes=20)
    deliver(world, version, other.kind, task=other.task, **TWO)
    drain(world, **TWO)
    settle(world, **TWO)
    assert quantities(world)["B"] == "1"
    assert "open_runs" not in world.record(version)


def test_a_recheck_of_a_version_that_is_gone_asks_nobody() -> None:
    """Two of them would ask each other without end; the redrive that drops dead names asks."""
    world = Stage()
    world.clock.at = BEGIN + timedelta(hours=100)
    deliver(world, put(world, "K,x,5,,", hour=1, key="old.csv"))
    deliver(world, put(world, "K,x,5,,", hour=9, key="newest.csv"))
    version = put(world, "K,x,7,,", hour=2, key="gone.csv")
    world.enter("dies", version)
    world.play(("dies", ("BatchExecuteStatement", 1)), ("dies", DIES))
    world.ports().ingestions.request_recheck(version.object_id, {"3#1#1797998400"})
    world.objects.delete(version)
    assert deliver(world, version, Kind.RECHECK).rechecks == 0
    assert sent(world) == []
    world.ports().follow_ups.add(version)  # as whoever requests a recheck does
    settle(world)
    assert world.record(version)["status"] == "FAILED"
    assert quantities(world) == {"K": "5"}


@pytest.mark.parametrize("ended", [False, True])
def test_a_file_of_which_nothing_is_loaded_keeps_no_request(ended: bool) -> None:
    """Neither one that stands at its end, nor one that comes later: they would only add up."""
    world = World()
    version = put(world, "K,x,5,,")

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        deliver(world, version, readings=SimpleNamespace(put=die))
    world.objects.delete(version)
    if ended:
        deliver(world, version, Kind.REDRIVE)
    world.ports().ingestions.request_recheck(version.object_id, {"3#1#1797998400"})
    if not ended:
        deliver(world, version, Kind.REDRIVE)
    assert world.record(version)["status"] == "FAILED"
    assert "recheck" not in world.record(version)


# Reject files, and counts, of files that are read in another way than before


def test_a_job_whose_place_another_one_took_leaves_the_reject_file_alone() -> None:
    """Its worker comes to the end of the file when a replay by better settings has ended."""
    stage = Stage()
    lines = [f"{sku},x,1,," for sku in "ABCDEF"]
    deliver(stage, put(stage, *lines))
    large = put(stage, *lines, hour=2, key="large.csv")
    rejecting = _rejected("large.csv")
    deliver(stage, large, **TWO, **rejecting)
    (first,) = (each for each in sent(stage) if each.task and each.task["worker"] == 0)
    stage.enter("worker", large, Kind.SEGMENT, task=first.task, **TWO, **rejecting)
    stage.enter("replay", large, Kind.REPLAY)
    stage.call("segments", lambda: drain(stage))
    ends_later = ("worker", ("BatchGetItem", 1)), ("replay", None), ("segments", None)
    stage.play(*ends_later, ("worker", None))
    assert stage.record(large)["rejected"] == 0
    (file,) = (data for key, data in stage.reports.files.items() if key.startswith("rejects/"))
    assert file.count(b"\n") == 1  # its header


def test_a_replay_that_refuses_nothing_takes_the_rows_out_of_the_reject_file() -> None:
    """Given back, they would stand above the file's own."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", key="a.csv")
    deliver(world, version, **_rejected("a.csv"))
    (name,) = (key for key in world.reports.files if key.startswith("rejects/"))
    assert world.reports.files[name].count(b"\n") == 2
    deliver(world, version, Kind.REPLAY)
    assert world.record(version)["rejected"] == 0
    assert world.reports.files[name].count(b"\n") == 1


def test_a_replay_of_the_millisecond_of_a_release_gets_through() -> None:
    """SQS tells times in milliseconds."""
    world = World()
    version = put(world, "A,x,1,,")
    asked_at = timestamp(world.clock())
    deliver(world, version)
    deliver(world, version, Kind.RELEASE, asked_at=asked_at)
    assert deliver(world, version, Kind.REPLAY, asked_at=asked_at).status is Status.COMPLETED


def test_a_row_that_its_own_file_has_implied_is_none_that_it_repeats() -> None:
    """A profile has skipped the row, so that the item was implied; a replay reads it."""
    world = World()
    world.clock.at = BEGIN + timedelta(hours=100)
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,1,,", "K,x,7,,"))
    version = put(world, "A,x,1,,", "K,x,5,,", hour=1)

    def skipping(state: Any, source: Any, **place: Any) -> Any:
        feed = open_tiny_part(state, source, **place)
        return replace(feed, lines=tuple(re.sub("^K,.*", "-K", line) for line in feed.lines))

    deliver(world, version, open_part=skipping)
    drain(world, open_part=skipping)
    assert quantities(world) == {"A": "1", "K": "0"}
    replayed = deliver(world, version, Kind.REPLAY)
    assert quantities(world) == {"A": "1", "K": "5"}
    assert (replayed.counts.loaded, replayed.counts.duplicates) == (1, 0)


# Rows that are refused now, and have no message


def _reading(wrong: str) -> dict[str, Any]:
    """Settings or code by which rows about one SKU are refused in every file."""

    def open_part(state: Any, source: Any, **place: Any) -> Any:
        feed = open_tiny_part(state, source, **place)
        refused = (re.sub(f"^{wrong},.*", f"!{wrong}", line) for line in feed.lines)
        return replace(feed, lines=tuple(refused))

    return {"open_part": open_part}


@pytest.mark.parametrize(
    ("release", "untold", "told"),
    [("1", False, ["1/2"]), ("2", False, ["1/2", "1/0"]), ("1", True, ["1/2", "1/0"])],
)
def test_a_replay_tells_of_rows_that_may_have_no_message(
    release: str, untold: bool, told: list[str]
) -> None:
    """As many are refused as before: another release refuses others, or their message is gone."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,")
    deliver(world, version, **_reading("A"))
    wrong = "A" if release == "1" else "B"
    deliver(world, version, Kind.REPLAY, untold=untold, release=release, **_reading(wrong))
    assert [body["id"][-3:] for _, body in world.rejects.bodies] == told


def test_messages_that_another_release_has_sent_stand_for_no_others() -> None:
    """Its run dies before the end; the next one refuses another row, and sends its message."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        deliver(world, version, readings=SimpleNamespace(put=die), **_reading("A"))
    deliver(world, version, release="2", **_reading("B"))
    assert [body["id"][-3:] for _, body in world.rejects.bodies] == ["1/2", "1/3"]


def test_a_recheck_before_the_first_end_does_not_tell_of_rejects() -> None:
    """Each has a message of the run that has read them all, and died before the record's end."""
    world = World()
    deliver(world, put(world, "B,x,1,,"))
    version = put(world, "B,x,1,,", "!C", hour=3)

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        deliver(world, version, readings=SimpleNamespace(put=die))
    deliver(world, put(world, "B,x,9,,", hour=2, key="late.csv"))
    drain(world)
    deliver(world, version, Kind.REDRIVE)
    drain(world)
    assert quantities(world) == {"B": "1"}
    assert [body["id"][-2:] for _, body in world.rejects.bodies] == ["/3"]
