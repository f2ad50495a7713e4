"""The change log: what `inventory changes` makes of it is what a copy of the table says."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import LANES, MemoryReports
from faults.parts import PARTS
from ingest_steps import row
from inventory.adapters.dynamodb_notes import DynamoDbChangeLogs
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.changelog import ChangeLog, Entry, Part, stock_at
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.ports import Change, ConsumedCapacity, Deadline, Stored
from inventory_cli.changed import Kind, Logged
from inventory_cli.items import Item
from inventory_cli.records import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.world import FaultyWorld

T0, T1, T2, T3 = (f"2026-11-22T20:00:0{second}.000000Z" for second in range(4))
VERSION = ObjectVersion(bucket="uploads", key="a.csv", version_id="v1", etag="e", size_bytes=9)

#: Schedules of each kind; what somebody changes by hand no log can tell.
SCHEDULES = {name: 2 if name == "crowds" else 12 for name in PARTS if "by hand" not in name}

#: Kinds in which nothing fails, so that everything is known.
CALM = {"races", "calm, with counts"}


def _stocks(world: FaultyWorld) -> dict[tuple[str, str], Decimal]:
    return {key: Decimal(item["quantity"]["N"]) for key, item in world.items().items()}


def _watched(world: FaultyWorld) -> list[tuple[datetime, dict[tuple[str, str], Decimal]]]:
    """Copies of the table at moments when nobody is at work; filled while the world goes on."""
    copies: list[tuple[datetime, dict[tuple[str, str], Decimal]]] = []
    choose = world.baton._choose

    def watch(baton: Any) -> Any:
        if not baton.running and not world.late:
            copies.append((world.clock(), _stocks(world)))
        return choose(baton)

    world.baton._choose = watch
    return copies


def _parts(world: FaultyWorld, since: datetime) -> Iterator[Part]:
    lanes = PartitionedTable(world.api(Deadline()), LANES, ConsumedCapacity())
    return DynamoDbChangeLogs(lanes).since(since, world.clock.at)


@pytest.mark.parametrize("name", SCHEDULES)
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
    print(name, kinds)
    if name in CALM:
        assert not kinds[Kind.UNKNOWN]
