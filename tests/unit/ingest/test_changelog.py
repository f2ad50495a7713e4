"""The change log: what `inventory changes` makes of it is what a copy of the table says."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import LANES, MemoryReports, World
from faults.parts import PARTS
from ingest_steps import deliver, put, row
from inventory.adapters.dynamodb_notes import DynamoDbChangeLogs
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.changelog import ChangeLog, Entry, stock_at
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.ports import Change, ConsumedCapacity, Deadline, Stored
from inventory.domain.removals import REMOVED
from inventory.domain.work import Kind as Why
from inventory_cli.changed import Kind, Logged
from inventory_cli.items import Item
from inventory_cli.records import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from faults.world import FaultyWorld
    from inventory.domain.changelog import Part

T0, T1, T2, T3 = (f"2026-11-22T20:00:0{second}.000000Z" for second in range(4))
VERSION = ObjectVersion(bucket="uploads", key="a.csv", version_id="v1", etag="e", size_bytes=9)

#: Of what somebody changes by hand, and after its own time, no log can tell.
_UNTOLD = {"items changed by hand", "expired write sets"}

#: Schedules of each kind.
SCHEDULES = {name: 1 if name == "crowds" else 3 for name in PARTS.keys() - _UNTOLD}

#: Kinds in which nothing fails, so that everything is known.
NO_FAILURES = {"races", "counts without failures"}


def _stocks(world: FaultyWorld) -> dict[tuple[str, str], Decimal]:
    return {key: Decimal(item["quantity"]["N"]) for key, item in world.items().items()}


def _watched(world: FaultyWorld) -> list[tuple[datetime, dict[tuple[str, str], Decimal]]]:
    """Copies of the table at moments when nobody is at work; filled while the world goes on."""
    copies: list[tuple[datetime, dict[tuple[str, str], Decimal]]] = []
    choose = world.scheduler._choose

    def watch(scheduler: Any) -> Any:
        if not scheduler.running and not world.late:
            copies.append((world.clock(), _stocks(world)))
        return choose(scheduler)

    world.scheduler._choose = watch
    return copies


def _parts(world: World, since: datetime) -> Iterator[Part]:
    lanes = PartitionedTable(world.api(Deadline()), LANES, ConsumedCapacity())
    return DynamoDbChangeLogs(lanes).since(since, world.clock.at)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_what_is_listed_is_what_a_copy_of_the_table_says(name: str) -> None:
    """Of random schedules with everything that fails in them, since random moments."""
    kinds: Counter[Kind] = Counter()
    for seed in range(700_000, 700_000 + SCHEDULES[name]):
        world = PARTS[name].world(seed)
        copies = _watched(world)
        world.settle()
        now = _stocks(world)
        items = {key: Item(plain(item)) for key, item in world.items().items()}
        for since, then in Random(seed).sample(copies, min(len(copies), 8)):
            logged = Logged(since=timestamp(since))
            logged.read(_parts(world, since), world.reports)
            listed = {each.key: each for each in logged.changes(items)}
            where = f"seed {seed}, since {since}"
            for key in then.keys() | now.keys() if not logged.lost else ():
                assert then.get(key) == now.get(key) or key in listed, (where, key)
            for key, each in listed.items():
                kinds[each.kind] += 1
                if each.kind is not Kind.UNKNOWN:
                    assert each.before == then.get(key), (where, each)
                same = then.get(key) == now.get(key)
                assert (each.kind is Kind.SAME) == same or each.kind is Kind.UNKNOWN, (where, each)
    assert kinds[Kind.CHANGED] + kinds[Kind.NEW]
    if name in NO_FAILURES:
        assert not kinds[Kind.UNKNOWN]


@pytest.mark.parametrize(
    ("entries", "stock"),
    [
        ([], None),
        ([(T2, "5", T0)], "5"),
        ([(T2, "", "")], ""),
        ([(T0, "4", T0), (T2, "5", T0)], "5"),
        ([(T3, "6", T2), (T2, "5", T0)], "5"),
        ([(T3, "6", T2)], None),
        ([(T3, "", ""), (T2, "5", T0)], "5"),
        ([(T3, "", ""), (T2, "6", T1)], None),
        ([(T3, "", ""), (T2, "", None)], None),
        ([(T3, "5", T0), (T2, "", None)], "5"),
        ([(T2, "", None)], None),
    ],
)
def test_stock_at_a_time_follows_from_the_chain(entries: list[Any], stock: str | None) -> None:
    """Where a link is missing, it is not known."""
    for each in (entries, entries[::-1]):
        made = [Entry(at, "A", "x", before, written_at) for at, before, written_at in each]
        assert stock_at(made, T1) == stock


@pytest.mark.parametrize(("rows", "objects"), [(0, 0), (20, 0), (2_000, 1), (10_000, 2)])
def test_a_part_of_any_length_comes_back(rows: int, objects: int) -> None:
    """A small one with its place, a larger one as objects, of which none is large."""
    reports, parts = MemoryReports(), []
    logs: Any = SimpleNamespace(add=lambda part, **_: parts.append(part))
    log = ChangeLog(reports, logs, version=VERSION, attempt="a", now=World().clock)
    changes = [
        Change(row(f"{number * 7919 % 100_003}"), T1, Stored(T0, False, (), "9", f"{number}", T0))  # noqa: FBT003  a field of a tuple
        for number in range(rows)
    ]
    for at in range(0, rows, 1000):
        log.wrote(changes[at : at + 1000], T2)
    log.store()
    assert len(parts) == bool(rows)
    wanted = [
        Entry(T2, each.row.sku, "x", each.stored.stock, T0) for each in changes if each.stored
    ]
    assert [entry for part in parts for entry in part.entries(reports)] == wanted
    assert [part.blocks for part in parts] == [objects] * len(parts)
    assert all(len(data) < 1 << 17 for data in reports.files.values())
    assert all(len(part.data) <= 4096 for part in parts)
    if objects:
        reports.files.popitem()
        with pytest.raises(LookupError, match=r"a\.csv"):
            list(parts[0].entries(reports))


def test_an_item_that_was_removed_had_no_stock() -> None:
    """Whatever quantity it says."""
    world = World()
    deliver(world, put(world, "A,x,1,,"))
    world.items()["A", "x"]["attributes"] = {"M": {REMOVED: {"S": "ann"}}}
    since = world.clock()
    deliver(world, put(world, "A,x,1,,", hour=1))
    [entry] = [each for part in _parts(world, since) for each in part.entries(world.reports)]
    assert entry.before == ""
    assert "" < (entry.written_at or "") < timestamp(since)


def test_what_a_crashed_run_has_changed_is_lost_with_its_file() -> None:
    """Nobody can name the items any more, and the log says so."""
    world = World()

    def dies(operation: str, payload: Any) -> Any:
        answer = world.tables(operation, payload)
        if operation == "BatchExecuteStatement":
            raise InterruptedError
        return answer

    since, version = world.clock(), put(world, "A,x,1,,")
    world.transport = dies
    with pytest.raises(InterruptedError):
        deliver(world, version)
    world.transport = None
    assert list(_parts(world, since)) == []
    world.objects.delete(version)
    world.clock.move(hours=1)
    deliver(world, version, Why.REDRIVE)
    [part] = _parts(world, since)
    assert (part.lost, part.object_key, list(part.entries(world.reports))) == (True, "a.csv", [])
