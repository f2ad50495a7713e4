"""A withdrawn version: the table is as if it had never been delivered, until it is restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, INGESTIONS, ITEMS, World, memory_tables, open_tiny_feed
from faults.dynamodb import parsed
from ingest_steps import deliver, drain, looks, put, quantities
from inventory.adapters.dynamodb_api import ConditionFailedError
from inventory.domain.errors import RetryableError
from inventory.domain.ingestions import LEASE, Mode, Record, RunReport, Status, admit, run_name
from inventory.domain.order import timestamp
from inventory.domain.settings import IngestSettings
from inventory.domain.withdrawal import due
from inventory.domain.work import Command, Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.model import ObjectVersion

HALF = Decimal("0.5")


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


def come_to_rest(world: World, **how: Any) -> None:
    """Have the reconcile send what is left to do, until nothing is."""
    for _ in range(5):
        world.clock.move(hours=2)
        world.work.time_passes()
        if not world.reconcile().run(time_left=lambda: 300.0).redriven and not world.work.messages:
            return
        drain(world, **how)
    pytest.fail("it never comes to rest")


class Before:
    """A port that does something before the first call of one of its methods."""

    def __init__(self, port: Any, method: str, act: Callable[[], object]) -> None:
        self._port, self._method, self._acts = port, method, [act]

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._acts:
            self._acts.pop()()
        return getattr(self._port, name)


class Halted:
    """A run that has read and decided, and validates only when it is let go."""

    def __init__(self, world: World, version: ObjectVersion) -> None:
        self._halted, self._free = Event(), Event()
        registry = Before(world.ports().registry, "register", self._halt)
        self._thread = Thread(target=lambda: deliver(world, version, registry=registry))
        self._thread.start()
        assert self._halted.wait(10)

    def _halt(self) -> None:
        self._halted.set()
        assert self._free.wait(10)

    def go_on(self) -> None:
        """Let it go, to its end."""
        self._free.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def three_files(page_items: int = 1000) -> tuple[World, list[ObjectVersion]]:
    """A file, one that is wrong, and one that says in part what the wrong one says."""
    world = World(tables=memory_tables(page_items=page_items))
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


def test_every_open_run_is_waited_for() -> None:
    """The last one that was entered need not be the last one that began."""
    record = Record(
        status=Status.WITHDRAWN,
        withdrawal="w",
        last_run=run_name(BEGIN, "a"),
        open_runs=frozenset({run_name(BEGIN + timedelta(minutes=1), "b"), run_name(BEGIN, "a")}),
    )
    assert due(record) == BEGIN + timedelta(minutes=1) + 2 * LEASE


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


def test_every_version_of_a_nightly_file_is_asked_once() -> None:
    """The newest first: what it writes is written over by nobody, who would ask others again."""
    world = World()
    nights = [
        put(world, "SAME,x,1,,", f"A,x,{stock},,", hour=24 * night)
        for night, stock in enumerate((1, 1, 2, 2, 3, 3, 4, 4, 9))
    ]
    for version in nights:
        deliver(world, version)
        drain(world)
    command(world, nights[-1], Kind.WITHDRAW)
    world.clock.move(hours=1)
    world.work.time_passes()
    outcomes = drain(world)
    assert quantities(world) == {"SAME": "1", "A": "4"}
    assert len([each for each in outcomes if each.mode is not Mode.WITHDRAW]) == len(nights) - 1
    assert sum(each.written for each in outcomes) == 1


@pytest.mark.parametrize("deleted", [False, True])
def test_an_attempt_that_dies_leaves_the_keys(*, deleted: bool) -> None:
    """The next one deletes what it has found, and asks for the same keys."""
    world, (_, wrong, _) = three_files(page_items=3)
    ports = world.ports()

    class Dying:
        """Deletes, or does not, and dies."""

        written_by = ports.items.written_by

        @staticmethod
        def delete(items: Any) -> None:
            if deleted:
                ports.items.delete(items)
            if items:
                raise MemoryError

    world.clock.move(hours=1)
    with pytest.raises(MemoryError):
        command(world, wrong, Kind.WITHDRAW, items=Dying())
    assert ("OWN" in quantities(world)) is not deleted
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


def test_a_file_publishes_its_keys_in_one_small_write() -> None:
    """Those that it has written and those that it has left alone.

    Another logs its changes, and one more says how it was read.
    """
    world = World(tables=memory_tables(metered=True))
    puts: list[str] = []

    def counted(operation: str, payload: Any) -> Any:
        answer = world.tables(operation, payload)
        if operation == "PutItem":
            name = parsed(payload)["Item"]["lane"]["S"]
            puts.append("reads" if name.endswith("#reads") else name.partition("#")[0])
        return answer

    world.transport = counted
    deliver(world, put(world, "A,x,1,,", "B,x,1,,", key="first.csv"))
    assert sorted(puts) == ["changes", "reading", "reads"]
    puts.clear()
    deliver(world, put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,", hour=1, key="next.csv"))
    assert sorted(puts) == ["changes", "reading", "reads"]


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
    for sequencer in ("", "0B"):  # whatever a listing or a later event knows of it
        deliver(world, replace(waiting, sequencer=sequencer), Kind.REPLAY)
        assert world.record(waiting)["status"] == "WAITING"
    world.clock.move(days=20)
    assert world.reconcile().run(time_left=lambda: 300.0).waiting == 1
    assert not world.work.messages
    world.pauses().remove("north/")
    world.reconcile().run(time_left=lambda: 300.0)
    drain(world)
    assert quantities(world) == {"A": "1"}
    assert world.record(waiting)["status"] == "COMPLETED"
    assert "0B" in world.tables.tables[INGESTIONS].items[waiting.object_id,]["base"]["S"]


def test_a_file_that_has_begun_goes_on_although_its_folder_is_paused() -> None:
    """Its rows are in the table; what must be decided again is."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver(world, version)
    world.pauses().add("", "ann", "now")
    assert deliver(world, version, Kind.REPLAY).mode is Mode.REPROCESS


@pytest.mark.parametrize(("line", "hour"), [("A,x,1,,", 0), ("A,x,2,,", 2)])
@pytest.mark.parametrize("moment", ["before it is told", "before others are asked", "afterwards"])
def test_a_run_at_work_decides_what_is_deleted_again(line: str, hour: int, moment: str) -> None:
    """Whether it was stale or left its row alone, and whenever it looks what was deleted."""
    world = World()
    wrong = put(world, "A,x,2,,", hour=1, key="wrong.csv")
    deliver(world, wrong)
    world.clock.move(hours=1)
    run = Halted(world, put(world, line, hour=hour, key="other.csv"))
    registry = world.ports().registry
    if moment == "before it is told":
        command(world, wrong, Kind.WITHDRAW, registry=Before(registry, "append", run.go_on))
    elif moment == "before others are asked":
        asking = Before(registry, "registered", run.go_on)
        command(world, wrong, Kind.WITHDRAW, registry=asking)
    else:
        command(world, wrong, Kind.WITHDRAW)
        assert quantities(world) == {}
        run.go_on()
    drain(world)
    assert quantities(world) == {"A": line.split(",")[2]}


def test_a_request_to_delete_that_arrives_late_deletes_nothing_else() -> None:
    """An item is deleted if its token is the one that was found."""
    world = World()
    wrong = put(world, "A,x,2,,", key="wrong.csv")
    deliver(world, wrong)
    deletes: list[Any] = []

    def kept(operation: str, payload: Any) -> Any:
        if operation == "DeleteItem" and payload["TableName"] == ITEMS:
            deletes.append(payload)
        return world.tables(operation, payload)

    world.transport = kept
    undo(world, wrong)
    deliver(world, put(world, "A,x,3,,", hour=1, key="new.csv"))
    (late,) = deletes
    with pytest.raises(ConditionFailedError):
        world.tables("DeleteItem", late)
    assert quantities(world) == {"A": "3"}


def test_an_item_that_is_written_over_before_it_is_deleted_stays() -> None:
    """And whoever wrote it is asked in vain."""
    world, (_, wrong, _) = three_files()
    world.clock.move(hours=1)
    other = put(world, "OWN,x,9,,", hour=3, key="other.csv")
    written: list[str] = []

    class Overtaken:
        """Somebody writes over an item once it is found."""

        written_by = world.ports().items.written_by

        @staticmethod
        def delete(found: Any) -> None:
            if found:
                deliver(world, other)
            world.ports().items.delete(found)
            written.append(quantities(world).get("OWN", ""))

    command(world, wrong, Kind.WITHDRAW, items=Overtaken())
    assert written[-1] == "9"
    drain(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8", "OWN": "9"}


def test_one_attempt_is_at_work_at_a_time() -> None:
    """Another one comes again until the first is over for sure, and goes on where that was."""
    world, (_, wrong, _) = three_files()
    modes: list[Mode] = []

    def again() -> None:
        modes.append(deliver(world, wrong, Kind.WITHDRAW).mode)
        raise MemoryError

    world.clock.move(hours=1)
    registry = Before(world.ports().registry, "append", again)
    with pytest.raises(MemoryError):
        command(world, wrong, Kind.WITHDRAW, registry=registry)
    assert modes == [Mode.NOTHING]
    come_to_rest(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_of_two_attempts_that_begin_at_once_one_comes_again() -> None:
    """Both have found that nobody is at work."""
    world, (_, wrong, _) = three_files()
    ingestions = world.ports().ingestions

    def other() -> None:
        items = Before(world.ports().items, "written_by", die)
        with pytest.raises(MemoryError):
            deliver(world, wrong, Kind.WITHDRAW, items=items)

    def die() -> None:
        raise MemoryError

    world.clock.move(hours=1)
    with pytest.raises(RetryableError, match="another attempt"):
        command(world, wrong, Kind.WITHDRAW, ingestions=Before(ingestions, "claim", other))
    come_to_rest(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_an_attempt_goes_on_where_another_one_has_come_to_meanwhile() -> None:
    """What that has deleted nobody finds in the table any more; it is asked for all the same."""
    world, (_, wrong, _) = three_files()
    ingestions = world.ports().ingestions

    def other() -> None:
        deliver(world, wrong, Kind.WITHDRAW, time_left=looks(2))
        assert quantities(world) == {"LATER": "8"}
        assert "withdrawing" not in world.record(wrong)

    world.clock.move(hours=1)
    command(world, wrong, Kind.WITHDRAW, ingestions=Before(ingestions, "claim", other))
    drain(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_an_attempt_whose_place_was_taken_stores_nothing_any_more() -> None:
    """It is over for sure, and yet goes on: what the other one stored stands."""
    world, (_, wrong, _) = three_files()

    def taken() -> None:
        world.clock.move(hours=1)
        deliver(world, wrong, Kind.WITHDRAW)
        drain(world)

    stopped = Before(world.ports().ingestions, "note_withdrawal", taken)
    world.clock.move(hours=1)
    with pytest.raises(RetryableError, match="another attempt"):
        command(world, wrong, Kind.WITHDRAW, ingestions=stopped)
    assert world.record(wrong)["items_removed"] == 3
    come_to_rest(world)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_a_restore_that_waits_is_taken_back_by_another_withdrawal() -> None:
    """Of what operators ask for, the last counts."""
    world, (_, wrong, _) = three_files()
    undo(world, wrong)
    command(world, wrong, Kind.RESTORE)
    world.clock.move(minutes=1)
    command(world, wrong, Kind.WITHDRAW)
    come_to_rest(world)
    assert world.record(wrong)["status"] == "WITHDRAWN"
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}


def test_a_restore_waits_for_a_withdrawal_that_is_under_way() -> None:
    """Which deletes first; then the version loads."""
    world, (_, wrong, _) = three_files()
    before = quantities(world)
    command(world, wrong, Kind.WITHDRAW)
    world.clock.move(minutes=1)
    command(world, wrong, Kind.RESTORE)
    come_to_rest(world)
    assert world.record(wrong)["status"] == "COMPLETED"
    assert quantities(world) == before


@pytest.mark.parametrize("first", [0, 1])
def test_two_files_that_had_a_key_are_withdrawn_one_after_the_other(first: int) -> None:
    """In either order; at last nobody has it, and both come back."""
    world = World()
    versions = [put(world, f"A,x,{each},,", hour=each, key=f"{each}.csv") for each in range(2)]
    for version in versions:
        deliver(world, version)
    undo(world, versions[first])
    assert quantities(world) == {"A": str(1 - first)}
    undo(world, versions[1 - first])
    come_to_rest(world)
    assert quantities(world) == {}
    for version in versions:
        command(world, version, Kind.RESTORE)
    come_to_rest(world)
    assert quantities(world) == {"A": "1"}


def test_a_file_that_waits_comes_in_after_a_withdrawal() -> None:
    """Nobody has to ask it: it has decided nothing yet."""
    world = World()
    wrong = put(world, "A,x,2,,", hour=1, key="wrong.csv")
    deliver(world, wrong)
    world.pauses().add("north/", "ann", "now")
    waiting = put(world, "A,x,1,,", key="north/a.csv")
    deliver(world, waiting)
    undo(world, wrong)
    assert quantities(world) == {}
    world.pauses().remove("north/")
    come_to_rest(world)
    assert quantities(world) == {"A": "1"}


@pytest.mark.parametrize("status", ["WAITING", "HELD", "FAILED"])
def test_a_version_that_never_loaded_is_withdrawn(status: str) -> None:
    """And comes to rest; what it waited for does not let it in."""
    world = World()
    deliver(world, put(world, "A,x,10,,", hour=-1), share=HALF)
    if status == "WAITING":
        world.pauses().add("a", "ann", "now")
    version = put(world, "BROKEN" if status == "FAILED" else "A,x,1,,")
    deliver(world, version, share=HALF)
    assert world.record(version)["status"] == status
    undo(world, version, share=HALF)
    world.pauses().remove("a")
    deliver(world, version, Kind.RELEASE, share=HALF)
    come_to_rest(world, share=HALF)
    assert (world.record(version)["status"], quantities(world)) == ("WITHDRAWN", {"A": "10"})


def test_a_version_that_is_in_the_bucket_no_more_is_withdrawn() -> None:
    """The table knows what it brought; and it cannot be restored."""
    world, (_, wrong, _) = three_files()
    world.objects.delete(wrong)
    undo(world, wrong)
    assert quantities(world) == {"OVER": "1", "SAME": "6", "LATER": "8"}
    command(world, wrong, Kind.RESTORE)
    come_to_rest(world)
    assert world.record(wrong)["status"] == "FAILED"


@pytest.mark.parametrize("share", [HALF, Decimal(0)])
def test_a_restored_version_that_does_not_load_is_asked_in_vain(share: Decimal) -> None:
    """By whoever is withdrawn afterwards; once, and not every hour."""
    world = World()
    gone = put(world, "A,x,10,,", key="gone.csv")
    wrong = put(world, "A,x,1,,", hour=1, key="wrong.csv")
    for version in (gone, wrong):
        deliver(world, version, share=share)
    undo(world, gone, share=share)
    world.objects.delete(gone)
    command(world, gone, Kind.RESTORE, share=share)
    come_to_rest(world, share=share)
    undo(world, wrong, share=share)
    refusals = len(world.rejects.bodies)
    come_to_rest(world, share=share)
    assert len(world.rejects.bodies) == refusals


def test_a_restored_version_that_is_held_is_asked_in_vain() -> None:
    """It loads when it is released, and decides everything then."""
    world = World()
    held = put(world, "A,x,10,,", key="a.csv")
    wrong = put(world, "A,x,1,,", hour=1, key="wrong.csv")
    for version in (held, wrong, put(world, "B,x,100,,", hour=-1, key="a.csv")):
        deliver(world, version, share=HALF)
    undo(world, held, share=HALF)
    command(world, held, Kind.RESTORE, share=HALF)
    come_to_rest(world, share=HALF)
    assert world.record(held)["status"] == "HELD"
    undo(world, wrong, share=HALF)
    come_to_rest(world, share=HALF)
    assert quantities(world) == {"B": "100"}
    deliver(world, held, Kind.RELEASE, share=HALF)
    come_to_rest(world, share=HALF)
    assert quantities(world) == {"A": "10", "B": "100"}


def test_corrected_rows_come_back_where_files_are_held() -> None:
    """A reject file is not weighed, and yet its rows are decided again."""
    world = World()
    how: dict[str, Any] = {
        "share": HALF,
        "open_feed": lambda source, *, key, latest: replace(
            open_tiny_feed(source, key=key, latest=latest), corrected=key == "corrected.csv"
        ),
    }
    wrong = put(world, "A,x,9,,", hour=1, key="wrong.csv")
    for version in (put(world, "A,x,5,,", key="corrected.csv"), wrong):
        deliver(world, version, **how)
    undo(world, wrong, **how)
    come_to_rest(world, **how)
    assert quantities(world) == {"A": "5"}


def test_a_sum_is_forgotten_whenever_the_sequencer_became_known() -> None:
    """The reconcile may have had the file weighed before its event came."""
    world = World()
    deliver(world, put(world, "A,x,10,,"), share=HALF)
    version = put(world, "A,x,1000,,", hour=1, sequencer="0B")
    deliver(world, replace(version, sequencer=""), Kind.REDRIVE, share=HALF)
    deliver(world, version, share=HALF)
    undo(world, version, share=HALF)
    assert deliver(world, put(world, "A,x,9,,", hour=3), share=HALF).written == 1


def test_a_file_that_is_withdrawn_while_it_is_weighed_is_compared_with_no_more() -> None:
    """Its sum is known after it should have been forgotten."""
    world = World()
    deliver(world, put(world, "A,x,10,,"), share=HALF)
    version = put(world, "A,x,1000,,", hour=1)
    ingestions = world.ports().ingestions

    def withdrawn() -> None:
        command(world, version, Kind.WITHDRAW, share=HALF)

    with pytest.raises(RetryableError):
        deliver(world, version, share=HALF, ingestions=Before(ingestions, "accept", withdrawn))
    come_to_rest(world, share=HALF)
    assert deliver(world, put(world, "A,x,9,,", hour=3), share=HALF).written == 1


def test_a_file_that_is_held_while_another_run_accepts_it_is_not_compared_with() -> None:
    """By a process with another setting; the verdict that is in the record stands."""
    world = World()
    deliver(world, put(world, "A,x,10,,"), share=HALF)
    version = put(world, "A,x,1,,", hour=1)

    def held() -> None:
        deliver(world, version, share=HALF, delivery_id="other")

    ingestions = Before(world.ports().ingestions, "accept", held)
    with pytest.raises(RetryableError):
        deliver(world, version, share=Decimal("0.95"), ingestions=ingestions)
    last = put(world, "A,x,4,,", hour=2)
    deliver(world, last, share=HALF)
    assert [world.record(each)["status"] for each in (version, last)] == ["HELD", "HELD"]


def test_a_version_of_several_workers_is_withdrawn_while_they_are_at_work() -> None:
    """What they have written goes, and those that have not begun never do."""
    world = World()
    lines = [f"S{number},x,{{}},," for number in range(8)]
    deliver(world, put(world, *(line.format(1) for line in lines), key="old.csv"))
    settings = IngestSettings(large_object_bytes=50, workers=2)
    wrong = put(world, *(line.format(2) for line in lines), hour=1, key="wrong.csv")
    deliver(world, wrong, settings=settings)
    message = world.work.messages.pop()
    drain(world, settings=settings)
    assert set(quantities(world).values()) == {"1", "2"}
    command(world, wrong, Kind.WITHDRAW)
    deliver(world, wrong, message.kind, task=message.task, settings=settings)
    come_to_rest(world)
    assert set(quantities(world).values()) == {"1"}


def test_a_worker_that_begins_while_its_file_is_withdrawn_writes_nothing() -> None:
    """Its message was received before, and nobody waits for a run that has no name yet."""
    world = World()
    wrong = put(world, "A,x,2,,", "B,x,2,,", key="wrong.csv")
    settings = IngestSettings(large_object_bytes=0, workers=2)
    deliver(world, wrong, settings=settings)
    message = world.work.messages.pop()
    world.clock.move(hours=1)

    def withdrawn() -> None:
        command(world, wrong, Kind.WITHDRAW)

    ingestions = Before(world.ports().ingestions, "enter", withdrawn)
    with pytest.raises(RetryableError, match="ended"):
        deliver(world, wrong, message.kind, task=message.task, ingestions=ingestions)
    assert quantities(world) == {}
    assert world.record(wrong)["status"] == "WITHDRAWN"


def test_rows_with_times_of_their_own_are_found_and_asked() -> None:
    """By the hash in their tokens, which begin with another time than the file's."""
    world = World()
    old = put(world, "A,x,1,,2026-11-20T00:00:00.000000Z", hour=1, key="old.csv")
    wrong = put(world, "A,x,2,,2026-11-21T00:00:00.000000Z", key="wrong.csv")
    for version in (wrong, old):
        deliver(world, version)
    assert quantities(world) == {"A": "2"}
    undo(world, wrong)
    assert quantities(world) == {"A": "1"}


def test_more_keys_than_a_set_holds_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that grew too large stands for every key, of the deletion and of who is asked."""
    monkeypatch.setattr("inventory.domain.keysets.MAX_KEYS", 2)
    world = World()
    lines = [f"S{number},x,{{}},," for number in range(5)]
    versions = [
        put(world, *(line.format(quantity) for line in lines), hour=quantity, key=f"{quantity}.csv")
        for quantity in (1, 2)
    ]
    for version in versions:
        deliver(world, version)
    undo(world, versions[1])
    assert list(quantities(world).values()) == ["1"] * 5


def test_a_new_profile_takes_nothing_from_a_withdrawal() -> None:
    """The table knows what was written, whatever would be read of the file today."""
    world = World()
    deliver(world, put(world, "A,x,1,,", key="old.csv"))
    wrong = put(world, "A,x,2,,", "B,x,2,,", hour=1, key="wrong.csv")
    deliver(world, wrong)

    def fewer(source: Any, *, key: str, latest: str) -> Any:
        feed = open_tiny_feed(source, key=key, latest=latest)
        return replace(feed, lines=feed.lines[:1], profile="newer")

    deliver(world, wrong, Kind.REPLAY, open_feed=fewer)
    undo(world, wrong)
    assert quantities(world) == {"A": "1"}
