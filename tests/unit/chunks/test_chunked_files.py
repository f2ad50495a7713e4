"""Files in parts end in the same table, counts and rejects as files in one piece."""

from __future__ import annotations

import random
from typing import Any

import pytest

from part_world import PartWorld

HEADER = "sku,quantity,name\n"


def rows(count: int, *, bad_every: int = 0, prefix: str = "S") -> str:
    """Body of a feed with quoted line breaks, and bad rows now and then."""
    lines = [HEADER]
    for number in range(count):
        quantity = "many" if bad_every and number % bad_every == 0 else str(number % 100)
        name = f'"Kettle ""{number}""\nwhite"' if number % 3 == 0 else "Plain, no"[:5]
        lines.append(f"{prefix}{number},{quantity},{name}\n")
    return "".join(lines)


def table(world: PartWorld) -> dict[tuple[str, str], tuple[str, str]]:
    """What every item states, and its token."""
    return {
        key: (item["quantity"]["N"], item["order_token"]["S"])
        for key, item in world.items().items()
    }


COUNTS = ("rows_read", "loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")


def counts(record: dict[str, Any]) -> dict[str, float]:
    """The counts of a record."""
    return {name: record[name] for name in COUNTS}


def in_one_piece(body: str) -> tuple[PartWorld, dict[str, Any]]:
    """The file, processed as a whole."""
    world = PartWorld(chunk_bytes=1 << 20, large_object_bytes=1 << 30)
    version = world.objects.put("a.csv", body)
    world.deliver(version)
    return world, world.record(version)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("twice", [False, True])
def test_parts_in_any_order_give_what_the_whole_gives(seed: int, twice: bool) -> None:  # noqa: FBT001
    """Table, counts and status equal those of one reading, also if all comes twice."""
    body = rows(3000, bad_every=100)
    whole, expected = in_one_piece(body)
    world = PartWorld(chunk_bytes=7000)
    version = world.objects.put("a.csv", body)

    world.deliver(version)
    messages = len(world.work.messages)
    world.drain(order=random.Random(seed), twice=twice)
    record = world.record(version)

    assert messages > 5
    assert table(world) == table(whole)
    assert counts(record) == counts(expected)
    assert record["status"] == "COMPLETED"
    assert record["chunks_done"] == record["chunks_total"] == messages
    assert record["first_error_line"] == expected["first_error_line"]
    assert "open_runs" not in record
    assert sum(o.status is not None for o in world.outcomes) >= 1
