"""Holding a file that would take away more of its feed's stock than a set share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, World
from faults.fakes import TinyFeed
from ingest_steps import counts, deliver, die_after_first_write, drain, looks, put, quantities
from inventory.domain.errors import OutOfTimeError
from inventory.domain.hold import RESERVE_SECONDS
from inventory.domain.ingestions import LEASE, Mode, Status
from inventory.domain.jobs import WEIGHER, Task
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion
    from inventory.domain.outcome import Outcome

HALF: dict[str, Any] = {"share": Decimal("0.5")}
SEVERAL = IngestSettings(large_object_bytes=0, workers=3)


def _load(world: World, *lines: str, hour: float, key: str = "a.csv", **options: Any) -> Outcome:
    return deliver(world, put(world, *lines, hour=hour, key=key), **{**HALF, **options})


def _stocked() -> World:
    """100 pieces in the feed's file of one o'clock."""
    world = World()
    assert _load(world, "A,x,60,,", "B,x,40,,", hour=1).status is Status.COMPLETED
    return world


def _held(lines: tuple[str, ...] = ("A,x,1,,",), **options: Any) -> tuple[World, ObjectVersion]:
    """A file that is held."""
    world = _stocked()
    version = put(world, *lines, hour=2)
    assert deliver(world, version, **{**HALF, **options}).status is Status.HELD
    return world, version


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (["A,x,51,,"], False),
        (["A,x,50,,"], False),
        (["A,x,49.9,,"], True),
        (["A,x,0,,", "B,x,0,,"], True),
        (["A,x,30,,", "B,x,20,,"], False),
        (["C,y,50,,"], False),  # what it holds counts, not of which articles
        (["A,x,1000,,"], False),
        (["A,x,-10,,"], True),
        (["!bad", "-blank sku"], True),  # a file without rows holds nothing
    ],
)
def test_a_file_is_held_only_above_the_share(
    lines: list[str],
    held: bool,
) -> None:
    """Just below, at and above half of the 100 pieces of the last file of the feed."""
    world = _stocked()
    before = world.items()
    version = put(world, *lines, hour=2)
    outcome = deliver(world, version, **HALF)
    assert outcome.status is (Status.HELD if held else Status.COMPLETED)
    if held:
        assert world.items() == before
        record = world.record(version)
        assert (record["status"], record["rows_read"]) == ("HELD", 0)
        assert record["error"].startswith("constraint-error: ")
        assert "accepted" not in record
        assert "open_runs" not in record
        ((kind, body),) = world.rejects.bodies
        assert (kind, body["column"]) == ("file", "quantity")
        assert "inventory release" in body["message"]


@pytest.mark.parametrize(
    ("share", "quantity", "held"), [("0.01", "99", False), ("0.01", "98", True), ("1", "0", False)]
)
def test_the_share_is_a_setting(
    share: str,
    quantity: str,
    held: bool,
) -> None:
    """At most one percent; or all of it."""
    outcome = _load(_stocked(), f"A,x,{quantity},,", hour=2, share=Decimal(share))
    assert (outcome.status is Status.HELD) is held


def test_without_the_setting_nothing_is_weighed() -> None:
    """And nothing held."""
    world = _stocked()
    version = put(world, "A,x,0,,", hour=2)
    outcome = deliver(world, version)
    assert outcome.status is Status.COMPLETED
    assert world.record(version)["accepted"] is True


@pytest.mark.parametrize(("hour", "held"), [(0, False), (1.5, True), (4, False)])
def test_a_file_is_compared_with_the_one_before_it(
    hour: float,
    held: bool,
) -> None:
    """By the files' times, in whatever order they arrive: 100 at one o'clock, 10 at three."""
    world = _stocked()
    _load(world, "A,x,10,,", hour=3, share=Decimal(1))
    assert (_load(world, "A,x,9,,", hour=hour).status is Status.HELD) is held


@pytest.mark.parametrize("last", ["0", "-5"])
def test_a_feed_that_held_nothing_can_lose_nothing(last: str) -> None:
    """A share of nothing is nothing."""
    world = World()
    _load(world, f"A,x,{last},,", hour=1)
    assert _load(world, "A,x,-10,,", hour=2).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("lots", "held"), [((*["A,2.5"] * 4, "B,10"), False), (("A,5", "A,4"), True)]
)
def test_lots_of_one_article_are_weighed_once_each(lots: tuple[str, ...], held: bool) -> None:
    """Each of their rows states the sum; how many lots there are says nothing of the stock."""
    profiles = ProfileSet(feeds={"lots/": {"on_duplicate": "sum"}})
    reader: dict[str, Any] = {
        "open_feed": partial(open_feed, profiles=profiles),
        "open_part": continue_feed,
    }
    world = World()
    for number, rows in enumerate((("A,10", "B,10"), lots, ("A,10", "B,10"))):
        text = "\n".join(("sku,quantity", *rows))
        at = BEGIN + timedelta(hours=number)
        version = world.objects.put("lots/a.csv", text, last_modified=at)
        outcome = deliver(world, version, **HALF, **reader)
        expected = Status.HELD if held and number == 1 else Status.COMPLETED
        assert outcome.status is expected


def test_feeds_are_weighed_apart() -> None:
    """The names that the reader gives them; here each key is a feed."""
    assert _load(_stocked(), "A,x,0,,", hour=2, key="b.csv").status is Status.COMPLETED


def test_a_file_that_was_held_is_not_what_others_are_compared_with() -> None:
    """The next one is held as well, until somebody says that the drop is right."""
    world, _ = _held()
    assert _load(world, "A,x,2,,", hour=3).status is Status.HELD


@pytest.mark.parametrize("kind", [Kind.CREATED, Kind.REDRIVE, Kind.RECHECK])
def test_a_verdict_stands_whatever_comes_again(kind: Kind) -> None:
    """Also when another file has raised or lowered what it is compared with since."""
    world, version = _held()
    _load(world, "A,x,1,,", hour=1.5, share=Decimal(1))
    again = replace(version, sequencer="0A")  # an event after a listing: a later base
    assert deliver(world, again, kind, **HALF).mode is Mode.NOTHING
    assert world.record(version)["status"] == "HELD"
    assert len(world.rejects.bodies) == 1


def test_a_released_file_loads_and_is_what_others_are_compared_with() -> None:
    """An operator has looked at it."""
    world, version = _held()
    outcome = deliver(world, version, Kind.RELEASE, **HALF)
    assert (outcome.mode, outcome.status) == (Mode.PROCESS, Status.COMPLETED)
    assert quantities(world)["A"] == "1"
    record = world.record(version)
    assert (record["status"], record["accepted"], record["loaded"]) == ("COMPLETED", True, 1)
    assert "error" not in record
    assert _load(world, "A,x,1,,", hour=3).status is Status.COMPLETED


def test_a_replay_of_a_held_file_weighs_it_again() -> None:
    """It is held again, unless what it is compared with has changed."""
    world, version = _held()
    assert deliver(world, version, Kind.REPLAY, **HALF).status is Status.HELD
    _load(world, "A,x,1,,", hour=1.5, share=Decimal(1))
    assert deliver(world, version, Kind.REPLAY, **HALF).status is Status.COMPLETED


def test_a_file_that_was_accepted_is_not_weighed_again() -> None:
    """A half loaded file is not held; the verdict stands in the record."""
    world = _stocked()
    version = put(world, "A,x,60,,", hour=2)
    with pytest.raises(OutOfTimeError):
        # Weighed in the time given; then the worker finds none.
        deliver(world, version, time_left=looks(1), **HALF)
    assert world.record(version)["accepted"] is True
    _load(world, "A,x,9999,,", hour=1.5)
    assert deliver(world, version, share=Decimal("0.01")).status is Status.COMPLETED


def test_a_held_file_has_the_writes_of_a_crashed_run_validated() -> None:
    """Before the hold was switched on, a run wrote over what a newer file relied on, and died."""
    world = _stocked()
    _load(world, "A,x,60,,", "B,x,40,,", hour=3)
    version = put(world, "A,x,1,,", hour=2)
    die_after_first_write(world, version)
    assert quantities(world)["A"] == "1"
    # The record says that it was accepted, since nothing was weighed: as before a release.
    item = world.tables.tables["ingestions"].items[version.object_id,]
    del item["accepted"]
    outcome = deliver(world, version, **HALF)
    assert (outcome.status, outcome.rechecks) == (Status.HELD, 1)
    drain(world, **HALF)
    assert quantities(world)["A"] == "60"
    world.clock.move(seconds=LEASE.total_seconds() + 1)
    redriven = deliver(world, version, Kind.REDRIVE, **HALF)
    assert (redriven.mode, redriven.status, redriven.rechecks) == (Mode.CLOSE, None, 1)
    assert world.record(version)["status"] == "HELD"
    assert "open_runs" not in world.record(version)


LONG = tuple(f"S{number},x,2,," for number in range(30))


def _weigh_then_load(world: World, version: ObjectVersion, **options: Any) -> list[Task]:
    """Deliver a file whose weighing takes several invocations; the tasks in their order."""
    options = {**HALF, "batch_rows": 4, **options}
    first = deliver(world, version, time_left=looks(2, 19.0), **options)
    assert first.status is None
    assert world.items().keys() <= {("A", "x"), ("B", "x")}
    tasks = []
    while world.work.messages:
        (message, *_) = world.work.messages
        tasks.append(Task.from_data(message.task or {}))
        waiting = world.work.messages
        world.work.messages = []
        weighing = tasks[-1].worker == WEIGHER
        deliver(
            world,
            version,
            message.kind,
            task=message.task,
            delivery_id=f"m{len(tasks)}",
            time_left=looks(2, 19.0) if weighing else lambda: 900.0,
            **options,
        )
        world.work.messages = waiting[1:] + world.work.messages
    return tasks


@pytest.mark.parametrize("settings", [IngestSettings(large_object_bytes=1 << 30), SEVERAL])
def test_a_file_is_weighed_by_as_many_invocations_as_it_takes(settings: IngestSettings) -> None:
    """And loads only then; its counts are those of a file that is weighed at once."""
    world = _stocked()
    version = put(world, *LONG, hour=2)
    tasks = _weigh_then_load(world, version, settings=settings)
    weighed = [task.segment for task in tasks if task.worker == WEIGHER]
    assert weighed == list(range(1, len(weighed) + 1))
    assert len(weighed) > 2
    assert [task.worker for task in tasks[len(weighed) :]] == list(
        range(3 if settings is SEVERAL else 1)
    )
    record = world.record(version)
    assert (record["status"], record["accepted"]) == ("COMPLETED", True)
    once = _stocked()
    at_once = put(once, *LONG, hour=2)
    deliver(once, at_once, **HALF)
    assert counts(record) == counts(once.record(at_once))
    assert quantities(world) == quantities(once)


def test_a_file_that_is_found_too_light_by_a_later_invocation_is_held() -> None:
    """Nothing of it is loaded, and its job is over."""
    world = _stocked()
    version = put(world, *(f"S{number},x,1,," for number in range(30)), hour=2)
    _weigh_then_load(world, version)
    record = world.record(version)
    assert record["status"] == "HELD"
    assert "open_runs" not in record
    assert quantities(world) == {"A": "60", "B": "40"}
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]


def test_a_redelivery_helps_a_weighing_that_stands_still() -> None:
    """It goes on where the last report stands."""
    world = _stocked()
    version = put(world, *LONG, hour=2)
    options = {**HALF, "batch_rows": 4}
    deliver(world, version, time_left=looks(2, 19.0), **options)
    world.work.messages.clear()
    world.clock.move(hours=1)
    deliver(world, version, Kind.REDRIVE, **options)
    (message,) = world.work.messages
    assert Task.from_data(message.task or {}).worker == WEIGHER
    drain(world, **options)
    assert world.record(version)["status"] == "COMPLETED"


def test_fails_when_the_time_does_not_suffice_to_sum_up_one_batch() -> None:
    """The event comes again; nothing was loaded, and the record stays open."""
    world = _stocked()
    before = world.items()
    version = put(world, *LONG, hour=2)
    with pytest.raises(OutOfTimeError):
        deliver(world, version, time_left=lambda: RESERVE_SECONDS - 0.1, **HALF)
    assert world.items() == before
    assert world.record(version)["status"] == "IN_PROGRESS"


def test_a_file_that_breaks_off_while_it_is_weighed_is_refused() -> None:
    """One that is damaged is not held but FAILED."""
    world = _stocked()
    version = put(world, "A,x,60,,", "BROKEN", hour=2)
    assert deliver(world, version, **HALF).status is Status.FAILED
    assert world.record(version)["error"].startswith("source-error")
    assert quantities(world) == {"A": "60", "B": "40"}


def test_a_corrected_reject_file_is_not_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a part of its feed's stock, and the next whole file is not compared with it."""
    world = _stocked()
    with monkeypatch.context() as patched:
        patched.setattr("faults.fakes.TinyFeed", partial(TinyFeed, corrected=True))
        assert _load(world, "A,x,1,,", hour=2).status is Status.COMPLETED
    assert _load(world, "A,x,40,,", hour=3).status is Status.HELD
