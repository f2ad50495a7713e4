"""Removals: whatever comes in which order, what the summary reads is what the rows say."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, INGESTIONS, ITEMS, World
from ingest_steps import deliver, drain
from inventory.adapters.dynamodb_scan import ScannedTables
from inventory.domain.order import timestamp
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.removals import FOLDER, REMOVED
from inventory.domain.work import Command, Kind

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion

KEYS = [("A", "x"), ("A", "y"), ("B", "x")]
#: What a file says: stock by key, None for an item that is no more.
Said = dict[tuple[str, str], str | None]


def body(said: Said, *, removal: bool) -> str:
    """A file, or a removal as `inventory remove` writes it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(("sku", "location", "quantity", *([REMOVED] if removal else [])))
    for (sku, location), quantity in said.items():
        lines.writerow((sku, location, quantity or 0, *(["ann"] if removal else [])))
    return text.getvalue()


def read(world: World) -> Said:
    """What whoever makes a summary finds."""

    class Calls:
        """Scans the tables in memory."""

        @staticmethod
        def call(operation: str, payload: dict[str, Any]) -> dict[str, Any]:
            return dict(world.tables(operation, payload))

    tables = ScannedTables(Calls(), ITEMS, INGESTIONS, segments=1)
    return {(row.sku, row.location): row.quantity for page in tables.items() for row in page.rows}


def expected(files: list[Said], withdrawn: set[int]) -> Said:
    """The oracle: of each key the newest file that counts, unless that is a removal."""
    stock: Said = {}
    for place, said in enumerate(files):
        stock |= {} if place in withdrawn else said
    return {key: quantity for key, quantity in stock.items() if quantity is not None}


@pytest.mark.parametrize("seed", range(40))
def test_the_table_is_a_function_of_files_removals_and_withdrawals(seed: int) -> None:
    """Delivered in any order and twice, each file and each removal withdrawn or not."""
    random = Random(seed)
    world, opened = World(), partial(open_feed, profiles=ProfileSet())
    how: dict[str, Any] = {"open_feed": opened, "open_part": continue_feed}
    removals = {1 + random.randrange(4), 4}
    files: list[Said] = []
    versions: list[ObjectVersion] = []
    for place in range(6):
        keys = random.sample(KEYS, 1 + random.randrange(3))
        # Few quantities, zero among them: rows that are equal to others are the hard ones.
        said: Said = {k: None if place in removals else str(random.randrange(2)) for k in keys}
        files.append(said)
        name = FOLDER if place in removals else "stores/"
        versions.append(
            world.objects.put(
                f"{name}{place}.csv",
                body(said, removal=place in removals),
                last_modified=BEGIN + timedelta(minutes=place),
            )
        )
    withdrawn = set(random.sample(range(6), random.randrange(3)))
    world.clock.move(hours=1)

    deliveries = [*versions, *random.sample(versions, 2)]
    random.shuffle(deliveries)
    for version in deliveries:
        deliver(world, version, **how)
        drain(world, order=random, **how)
    assert read(world) == expected(files, set())

    world.clock.move(hours=1)
    for place in withdrawn:
        task = Command(asked_at=timestamp(world.clock()), by="ann").to_data()
        deliver(world, versions[place], Kind.WITHDRAW, task=task, **how)
    while world.work.messages or world.work.delayed:
        drain(world, order=random, **how)
        world.clock.move(hours=1)
        world.work.time_passes()
    assert read(world) == expected(files, withdrawn)
