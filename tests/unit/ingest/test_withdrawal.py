"""A withdrawn version: the table is as if it had never been delivered, until it is restored."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from fakes import INGESTIONS, World, memory_tables
from ingest_steps import deliver, drain, looks, put, quantities
from inventory.domain.ingestions import Mode, RunReport, admit
from inventory.domain.order import timestamp
from inventory.domain.work import Command, Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion


def command(world: World, version: ObjectVersion, kind: Kind, **how: Any) -> dict[str, Any]:
    """Have an operator ask for something; gives what the message says."""
    task = Command(asked_at=timestamp(world.clock()), by="ann", reason="wrong day").to_data()
    deliver(world, version, kind, task=task, **how)
    return task


def undo(world: World, version: ObjectVersion, **how: Any) -> None:
    """Withdraw a version that was loaded long ago, and let everybody decide again."""
    world.clock.move(hours=1)
    command(world, version, Kind.WITHDRAW, **how)
    drain(world)


def three_files() -> tuple[World, list[ObjectVersion]]:
    """A file, one that is wrong, and one that says in part what the wrong one says."""
    world = World()
    versions = [
        put(world, "OVER,x,1,,", "SAME,x,5,,", key="old.csv"),
        put(world, "OVER,x,2,,", "SAME,x,6,,", "OWN,x,3,,", "LATER,x,7,,", hour=1, key="wrong.csv"),
        put(world, "SAME,x,6,,", "LATER,x,8,,", hour=2, key="new.csv"),
    ]
    for version in versions:
        deliver(world, version)
    return world, versions


def test_items_come_back_from_older_and_newer_files_or_go() -> None:
    """What it wrote over, what a newer file left alone because of it, what it alone brought."""
    world, (_, wrong, _) = three_files()
    assert quantities(world) == {"OVER": "2", "SAME": "6", "OWN": "3", "LATER": "8"}
    undo(world, wrong)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}
    source = world.items()["SAME", "x"]["source"]["M"]["key"]["S"]
    assert source == "new.csv"
    record = world.record(wrong)
    assert (record["status"], record["withdrawn_by"]) == ("WITHDRAWN", "ann")
    assert (record["withdrawn_reason"], record["items_removed"]) == ("wrong day", 3)


@pytest.mark.parametrize("kind", [Kind.CREATED, Kind.REDRIVE, Kind.REPLAY, Kind.RELEASE])
def test_nothing_loads_it_any_more(kind: Kind) -> None:
    """Nor a delivery that was on its way, nor an operator who replays a whole folder."""
    world, (_, wrong, _) = three_files()
    undo(world, wrong)
    stock = quantities(world)
    assert deliver(world, wrong, kind).mode is Mode.NOTHING
    assert quantities(world) == stock


def test_a_version_that_was_never_delivered_stays_out() -> None:
    """There need not be a record; its event may come later."""
    world = World()
    version = put(world, "A,x,1,,")
    undo(world, version)
    assert deliver(world, version).mode is Mode.NOTHING
    assert quantities(world) == {}


@pytest.mark.parametrize("minutes", [0, 17, 31])
def test_a_version_is_withdrawn_when_nothing_of_it_can_be_on_its_way(minutes: int) -> None:
    """Twice the longest life of a run after its last run began; until then its message waits."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver(world, version)
    world.clock.move(minutes=minutes)
    command(world, version, Kind.WITHDRAW)
    assert quantities(world) == {"A": "1"}
    assert [message.kind for message in world.work.delayed] == [Kind.WITHDRAW]
    world.clock.move(minutes=32)
    world.work.time_passes()
    drain(world)
    assert quantities(world) == {}


def test_a_withdrawal_goes_on_in_other_invocations() -> None:
    """Page by page, and one after the other that is asked; whatever time there is."""
    world = World(tables=memory_tables(page_items=1))
    lines = [f"S{number},L{number},1,," for number in range(4)]
    for hour, quantity in enumerate("12"):
        changed = [line.replace(",1,", f",{quantity},") for line in lines]
        version = put(world, *changed, hour=hour, key=f"{hour}.csv")
        deliver(world, version)
    world.clock.move(hours=1)
    command(world, version, Kind.WITHDRAW, time_left=looks(1))
    outcomes = drain(world, time_left=lambda: looks(2))
    assert sum(outcome.mode is Mode.WITHDRAW for outcome in outcomes) > len(lines)
    assert set(quantities(world).values()) == {"1"}
    assert world.record(version)["items_removed"] == len(lines)


def test_an_attempt_that_dies_after_deleting_leaves_the_keys() -> None:
    """The next one finds nothing in the table, and asks for the same keys."""
    world, (_, wrong, _) = three_files()
    ports = world.ports()

    class Dying:
        """Deletes, and dies."""

        written_by = ports.items.written_by

        @staticmethod
        def delete(items: Any) -> None:
            ports.items.delete(items)
            if items:
                raise MemoryError

    world.clock.move(hours=1)
    with pytest.raises(MemoryError):
        command(world, wrong, Kind.WITHDRAW, items=Dying())
    assert quantities(world) == {"LATER": "8"}
    world.clock.move(hours=1)
    world.reconcile().run(time_left=lambda: 300.0)
    drain(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_a_restored_version_is_loaded_again() -> None:
    """Once nothing can be on its way that deletes; and it has its old place in the order."""
    world, (_, wrong, _) = three_files()
    before = quantities(world)
    undo(world, wrong)
    asked = command(world, wrong, Kind.RESTORE)
    assert world.record(wrong)["status"] == "WITHDRAWN"
    world.clock.move(minutes=16)
    world.work.time_passes()
    drain(world)
    assert quantities(world) == before
    assert world.record(wrong)["status"] == "COMPLETED"
    assert world.record(wrong)["restored_at"] == asked["asked_at"]


def test_a_message_that_comes_again_does_not_withdraw_again() -> None:
    """Of what operators ask for, the last counts, in whatever order it comes."""
    world, (_, wrong, _) = three_files()
    world.clock.move(hours=1)
    asked = command(world, wrong, Kind.WITHDRAW)
    drain(world)
    world.clock.move(hours=1)
    command(world, wrong, Kind.RESTORE)
    stock = quantities(world)
    deliver(world, wrong, Kind.WITHDRAW, task=asked)
    drain(world)
    assert quantities(world) == stock
    assert world.record(wrong)["status"] == "COMPLETED"


def test_a_repeated_request_does_not_open_a_version_that_was_withdrawn_meanwhile() -> None:
    """The run's name stands there already; and yet the record stays as it is."""
    world = World()
    version = put(world, "A,x,1,,")
    ingestions = world.ports().ingestions
    admission = admit(
        None, kind=Kind.CREATED, version=version, base="b", delivery_id="d", now=world.clock()
    )
    assert ingestions.open(admission, accepted=True)
    assert ingestions.open(admission, accepted=True)
    command(world, version, Kind.WITHDRAW)
    assert not ingestions.open(admission, accepted=True)
    ingestions.complete(admission, RunReport())
    assert world.record(version)["status"] == "WITHDRAWN"


def test_a_restore_that_is_overtaken_by_an_older_withdrawal_stands() -> None:
    """What was asked for last counts, also where it changed nothing when it came."""
    world, (_, wrong, _) = three_files()
    older = Command(asked_at=timestamp(world.clock()), by="ann").to_data()
    command(world, wrong, Kind.RESTORE)
    deliver(world, wrong, Kind.WITHDRAW, task=older)
    assert world.record(wrong)["status"] == "COMPLETED"


def test_a_restored_version_knows_the_sequencer_of_the_event_that_came_meanwhile() -> None:
    """Of two files of one second, the sequencer decides; a listing does not know it."""
    world = World()
    version = put(world, "A,x,1,,", key="a.csv", sequencer="0B")
    undo(world, replace(version, sequencer=""))
    deliver(world, version)
    deliver(world, put(world, "A,x,2,,", key="b.csv", sequencer="0A"))
    world.clock.move(hours=1)
    command(world, replace(version, sequencer=""), Kind.RESTORE)
    assert quantities(world) == {"A": "1"}


def test_a_held_back_sum_is_not_compared_with_any_more() -> None:
    """A file is compared with the last accepted one that was not withdrawn."""
    world = World()
    for hour, quantity in enumerate((10, 1000)):
        version = put(world, f"A,x,{quantity},,", hour=hour)
        deliver(world, version, share=Decimal("0.5"))
    undo(world, version, share=Decimal("0.5"))
    assert deliver(world, put(world, "A,x,9,,", hour=3), share=Decimal("0.5")).written == 1


def test_a_file_pays_one_small_write_more_at_most() -> None:
    """One that leaves no row alone publishes its keys; else they share the write there is."""
    world = World(tables=memory_tables(metered=True))
    puts: list[str] = []

    def counted(operation: str, payload: Any) -> Any:
        answer = world.tables(operation, payload)
        puts.extend([operation] if operation == "PutItem" else [])
        return answer

    world.transport = counted
    deliver(world, put(world, "A,x,1,,", "B,x,1,,", key="first.csv"))
    assert len(puts) == 1
    puts.clear()
    deliver(world, put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,", hour=1, key="next.csv"))
    assert len(puts) == 1


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        (Kind.RESTORE, None),
        (Kind.REDRIVE, {"asked_at": "2026-11-22T20:00:00Z", "by": "ann"}),
        (Kind.WITHDRAW, "ann"),
    ],
)
def test_fails_for_a_message_with_a_command_out_of_place(kind: Kind, task: Any) -> None:
    """A withdrawal alone may go on without being asked for again."""
    body = {"kind": kind, "bucket": "b", "key": "k", "etag": "e", "task": task}
    with pytest.raises(ValueError, match="task"):
        WorkMessage.from_body({name: each for name, each in body.items() if each is not None})


@pytest.mark.parametrize("data", [{}, {"asked_at": "yesterday", "by": "ann"}, {"asked_at": 1}])
def test_fails_for_a_command_that_is_none(data: dict[str, Any]) -> None:
    """Who asked, and when, must be there."""
    with pytest.raises(ValueError, match="not a command"):
        Command.from_data(data)


def test_files_of_a_paused_folder_wait_until_it_is_resumed() -> None:
    """Others load; those that wait have a record, and come in with the reconcile."""
    world = World()
    world.pauses().add("north/", "ann", "now")
    waiting = put(world, "A,x,1,,", key="north/a.csv", sequencer="0A")
    other = put(world, "A,x,2,,", key="south/a.csv", hour=-1)
    for version in (waiting, other):
        deliver(world, version)
    assert quantities(world) == {"A": "2"}
    assert world.record(waiting)["status"] == "WAITING"
    world.clock.move(days=20)
    assert world.reconcile().run(time_left=lambda: 300.0).waiting == 1
    assert not world.work.messages
    world.pauses().remove("north/")
    world.reconcile().run(time_left=lambda: 300.0)
    drain(world)
    assert quantities(world) == {"A": "1"}
    assert world.record(waiting)["status"] == "COMPLETED"
    assert "0A" in world.tables.tables[INGESTIONS].items[waiting.object_id,]["base"]["S"]


def test_a_file_that_has_begun_goes_on_although_its_folder_is_paused() -> None:
    """Its rows are in the table; what must be decided again is."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver(world, version)
    world.pauses().add("", "ann", "now")
    assert deliver(world, version, Kind.REPLAY).mode is Mode.REPROCESS
