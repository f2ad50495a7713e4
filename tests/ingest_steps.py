"""Steps that tests of the ingest share: put files in, deliver them, look at what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, World, tiny
from inventory.domain.model import Row
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from inventory.domain.model import ObjectVersion
    from inventory.domain.outcome import Outcome

COUNTS = ("rows_read", "loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")


def row(sku: str, *, line: int = 2, location: str = "x", updated_at: str | None = None) -> Row:
    """A row of one piece."""
    return Row(line, sku, location, "1", None, None, None, None, None, {}, updated_at)


def put(
    world: World, *lines: str, hour: float = 0, key: str = "a.csv", **named: Any
) -> ObjectVersion:
    """Upload a tiny feed, stored so many hours after the beginning."""
    at = BEGIN + timedelta(hours=hour)
    return world.objects.put(key, tiny(*lines), last_modified=at, **named)


def deliver(
    world: World,
    version: ObjectVersion,
    kind: Kind = Kind.CREATED,
    *,
    delivery_id: str = "",
    time_left: Callable[[], float] = lambda: 900.0,
    task: dict[str, Any] | None = None,
    asked_at: str = "",
    untold: bool = False,
    **options: Any,
) -> Outcome:
    """Deliver a version once; the same kind of delivery comes again under the same id."""
    delivery = Delivery(
        kind=kind,
        version=version,
        delivery_id=delivery_id or f"{kind}-{version.object_id}",
        task=task,
        asked_at=asked_at,
        untold=untold,
    )
    return world.ingest(**options).run(delivery, time_left=time_left)


class FailingItems:
    """An items table that fails from a batch on, before or after it has written."""

    def __init__(
        self, items: Any, error: BaseException, *, batches: int = 0, applied: bool
    ) -> None:
        self._items, self._error = items, error
        self._batches, self._applied = batches, applied

    def read(self, rows: Any) -> Any:
        """See `ports.ItemStore`."""
        return self._items.read(rows)

    def write(self, changes: Any, **how: Any) -> Any:
        """See `ports.ItemStore`."""
        self._batches -= 1
        if self._batches >= 0 or self._applied:
            refused = self._items.write(changes, **how)
        if self._batches < 0:
            raise self._error
        return refused


def die_after_first_write(world: World, version: ObjectVersion) -> None:
    """Deliver a version to a process that dies when its first batch is written."""
    items = FailingItems(world.ports().items, MemoryError(), applied=True)
    with pytest.raises(MemoryError):
        deliver(world, version, items=items)


def drain(
    world: World,
    *,
    order: Random | None = None,
    twice: bool = False,
    time_left: Callable[[], Callable[[], float]] = lambda: lambda: 900.0,
    **options: Any,
) -> list[Outcome]:
    """Process the work queue until it is empty.

    Args:
        world: The world.
        order: Takes messages at random; None takes them in their order.
        twice: True if every message comes twice.
        time_left: Makes the clock of an invocation.
        options: As for `World.ingest`.
    """
    outcomes: list[Outcome] = []
    count = 0
    while world.work.messages:
        at = order.randrange(len(world.work.messages)) if order else 0
        message = world.work.messages.pop(at)
        count += 1
        assert count < 5_000, "the queue never becomes empty"
        outcomes += [
            deliver(
                world,
                message.version,
                message.kind,
                delivery_id=f"message-{count}",
                task=message.task,
                time_left=time_left(),
                **options,
            )
            for _ in range(1 + twice)
        ]
    return outcomes


def looks(count: int, then: float = 0.0) -> Callable[[], float]:
    """The clock of an invocation whose time is up after so many looks at it."""
    left = iter([900.0] * count)
    return lambda: next(left, then)


def quantities(world: World) -> dict[str, str]:
    """Quantity of every SKU."""
    return {sku: item["quantity"]["N"] for (sku, _), item in world.items().items()}


def counts(record: dict[str, Any]) -> dict[str, float]:
    """Counts of a record."""
    return {name: record[name] for name in COUNTS}
