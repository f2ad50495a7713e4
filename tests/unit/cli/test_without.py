"""What `inventory undo --dry-run` foretells is what a withdrawal makes of the table."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import INGESTIONS, ITEMS, LANES, World, open_tiny_feed
from ingest_steps import deliver, drain, put
from inventory.domain.order import Tokens, timestamp
from inventory.domain.removals import REMOVED
from inventory.domain.work import Command, Kind
from inventory_cli import without
from inventory_cli.records import get_record
from inventory_cli.without import Without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.model import ObjectVersion

#: Keys of files, each a feed of its own; two of them are complete.
FEEDS = {"whole.csv": "zero", "rest.csv": "remove"}
KEYS = (*FEEDS, "some.csv")


class Tables:
    """DynamoDB of a world, by the names of boto3."""

    def __init__(self, world: World) -> None:
        self._tables = world.tables

    def get_item(self, **request: Any) -> Any:
        """See boto3."""
        return self._tables("GetItem", request)

    def batch_get_item(self, **request: Any) -> Any:
        """See boto3."""
        return self._tables("BatchGetItem", request)

    def query(self, **request: Any) -> Any:
        """See boto3."""
        return self._tables("Query", request)

    def get_paginator(self, _name: str) -> Any:
        """See boto3."""

        def paginate(**request: Any) -> Iterator[Any]:
            answer = self._tables("Scan", request)
            yield answer
            while start := answer.get("LastEvaluatedKey"):
                answer = self._tables("Scan", request | {"ExclusiveStartKey": start})
                yield answer

        return SimpleNamespace(paginate=paginate)


class Reader:
    """The deployed functions' rules in a world; see `inventory_cli.deployed`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def opened(self, version: ObjectVersion, record: Any) -> Any:
        """See `Deployed`."""
        source = self._world.objects.source(version)
        feed = open_tiny_feed(source, key=version.key, latest="~")
        return feed, Tokens(record.attributes["base"], version.object_id)

    def implies(self, version: ObjectVersion, _record: Any) -> Any:
        """See `Deployed`."""
        feed = self._world.feed_of(version.key)
        return feed.prefix if feed.complete else "", feed.absent


def come_to_rest(world: World) -> None:
    """Let hours pass."""
    for _ in range(6):
        drain(world)
        world.clock.move(hours=1)
        world.work.time_passes()
    drain(world)


def withdraw(world: World, version: ObjectVersion) -> None:
    """Withdraw a version and let everything come to rest."""
    task = Command(asked_at=timestamp(world.clock()), by="ann", reason="wrong").to_data()
    deliver(world, version, Kind.WITHDRAW, task=task)
    come_to_rest(world)


def shown(world: World) -> dict[tuple[str, str], str | None]:
    """Quantity of each item; None for one that was removed."""
    return {
        key: None if REMOVED in item.get("attributes", {}).get("M", {}) else item["quantity"]["N"]
        for key, item in world.items().items()
    }


def foretold(
    world: World, version: ObjectVersion, monkeypatch: pytest.MonkeyPatch
) -> dict[tuple[str, str], str | None]:
    """Items that would be without a version; what is gone is left out."""
    session: Any = SimpleNamespace(
        dynamodb=Tables(world),
        s3=None,
        outputs=SimpleNamespace(
            items_table_name=ITEMS,
            ingestions_table_name=INGESTIONS,
            lanes_table_name=LANES,
            reports_bucket_name="reports",
        ),
    )
    kept = [SimpleNamespace(version=each.version) for each in world.objects.stored]
    monkeypatch.setattr(without, "Deployed", lambda _: Reader(world))
    monkeypatch.setattr(without, "S3Reports", lambda *_: world.reports)
    monkeypatch.setattr(without, "list_versions", lambda *_: kept)
    record = get_record(session, version.object_id)
    found = Without(session=session, version=version, record=record)
    changes = found.find(quiet=True)
    assert found.unread == []
    after = shown(world)
    for change in changes:
        after[change.item.sku, change.item.location] = change.quantity
    return after


def there(items: dict[tuple[str, str], str | None]) -> dict[tuple[str, str], str]:
    """Items that are there."""
    return {key: quantity for key, quantity in items.items() if quantity is not None}


@pytest.mark.parametrize("seed", range(60))
def test_a_withdrawal_does_what_was_foretold(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever files of complete and other feeds came in whatever order, and are gone by now."""
    random = Random(seed)
    world = World(complete=FEEDS)
    versions = []
    for number in range(random.randint(2, 6)):
        lines = [
            f"{sku},x,{random.randint(1, 9)},," for sku in "ABCD" if random.random() < 0.6
        ] or ["A,x,1,,"]
        if random.random() < 0.15:
            lines.append("!damaged")  # this file takes nothing away
        versions.append(put(world, *lines, hour=number, key=random.choice(KEYS)))
    world.clock.move(hours=10)
    for version in random.sample(versions, len(versions)):
        deliver(world, version)
        drain(world)
    come_to_rest(world)
    if random.random() < 0.5:
        world.objects.delete(random.choice(versions))
    for version in random.sample(versions, 2):
        expected = foretold(world, version, monkeypatch)
        withdraw(world, version)
        assert there(shown(world)) == there(expected)
