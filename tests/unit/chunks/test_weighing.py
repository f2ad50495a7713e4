"""Files whose weighing takes several invocations end as if one had sufficed."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, INGESTIONS, MemoryQueue, memory_tables
from inventory.adapters.dynamodb_api import TransientError
from inventory.domain.errors import OutOfTimeError, ThrottledError
from inventory.domain.ledger import Mode
from inventory.domain.ports import Deadline
from inventory.domain.reconcile import Reconcile
from inventory.domain.work import Delivery, Kind
from part_world import PartWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.domain.model import ObjectVersion
    from inventory.domain.outcome import Outcome
    from inventory.domain.work import WorkMessage

KNOWN = 100
COUNTS = ("rows_read", "loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")


def snapshot(quantities: Sequence[int]) -> str:
    """Body of a feed with these quantities at four shops."""
    lines = [f"K{number},s{number % 4},{each}\n" for number, each in enumerate(quantities)]
    return "sku,location,quantity\n" + "".join(lines)


def stocked(rows: int, *, share: str = "0.5", **options: Any) -> PartWorld:
    """A world in which 100 pieces of every SKU are known, with the hold switched on."""
    tables = options.pop("tables", None)
    world = PartWorld(**{"chunk_bytes": 4000, "large_object_bytes": 1 << 30, **options})
    world.tables = tables or world.tables
    world.deliver(world.objects.put("known.csv", snapshot([KNOWN] * rows)))
    world.outcomes.clear()
    world.share = Decimal(share)
    world.clock.move(hours=1)
    return world


def put(world: PartWorld, body: str, *, packed: bool = False) -> ObjectVersion:
    """Upload a file, as it is or compressed."""
    version = world.objects.put("new.csv", body, last_modified=BEGIN + timedelta(hours=1))
    if packed:
        stored = world.objects.stored.pop()
        data = gzip.compress(body.encode())
        version = replace(version, key="new.csv.gz", size_bytes=len(data))
        world.objects.stored.append(replace(stored, version=version, body=data))
    return version


def looks(count: int) -> Callable[[], Callable[[], float]]:
    """Invocations that look so often at the clock before the time is up."""

    def start() -> Callable[[], float]:
        left = iter([900.0] * count)
        return lambda: next(left, 15.0)

    return start


def queued(world: PartWorld) -> list[Kind]:
    """What waits in the work queue."""
    return [message.kind for message in world.work.messages]


def process(world: PartWorld, message: WorkMessage) -> Outcome:
    """Deliver one message."""
    delivery = Delivery(
        kind=message.kind, version=message.version, delivery_id="m", task=message.task
    )
    return world.process().run(delivery, time_left=world.time_left())


def weigh(world: PartWorld) -> int:
    """Deliver the messages that weigh until there are none; how many there were."""
    count = 0
    while Kind.WEIGH in queued(world):
        process(world, world.work.messages.pop(0))
        count += 1
    return count


def finish(world: PartWorld, **options: Any) -> None:
    """Process what is left with all the time of an invocation."""
    world.time_left = lambda: lambda: 900.0
    world.drain(**options)


def outcome(world: PartWorld, version: ObjectVersion) -> dict[str, Any]:
    """What a file came to: what its record says of it, its rejects and the table."""
    record = world.record(version)
    names = ("status", "accepted", "error", "profile", "first_error_line", *COUNTS)
    return {
        "record": {name: record.get(name) for name in names},
        "rejects": {kind: (body["id"], body["message"]) for kind, body in world.rejects.bodies},
        "table": {
            key: (item["quantity"], item["order_token"]) for key, item in world.items().items()
        },
    }


def at_once(body: str, rows: int, *, packed: bool = False, **options: Any) -> dict[str, Any]:
    """What comes of a file that is weighed in one invocation."""
    world = stocked(rows, **options)
    version = put(world, body, packed=packed)
    world.deliver(version)
    return outcome(world, version)


PASSES = [KNOWN - 20] * 600
FALLS = [KNOWN] * 250 + [0] * 350


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("large_object_bytes", [0, 1 << 30])
@pytest.mark.parametrize("quantities", [PASSES, FALLS])
def test_several_invocations_come_to_what_one_comes_to(
    quantities: list[int],
    large_object_bytes: int,
    packed: bool,  # noqa: FBT001  a parameter of the table
) -> None:
    """A file that passes loads completely, one that is held does not load at all."""
    world = stocked(600)
    world.large_object_bytes = large_object_bytes
    before = world.items()
    version = put(world, snapshot(quantities), packed=packed)

    world.time_left = looks(4)
    assert world.deliver(version).status is None
    messages = 0
    while queued(world) == [Kind.WEIGH]:
        assert world.items() == before
        assert "accepted" not in world.record(version)
        process(world, world.work.messages.pop())
        messages += 1
    finish(world)

    assert messages > 3
    assert outcome(world, version) == at_once(snapshot(quantities), 600, packed=packed)
    assert len(world.rejects.bodies) == (quantities is FALLS)
    assert "open_runs" not in world.record(version)
    assert (world.items() == before) == (quantities is FALLS)


@pytest.mark.parametrize(("drop", "held"), [(9, False), (10, False), (11, True)])
def test_the_share_is_met_exactly(drop: int, held: bool) -> None:  # noqa: FBT001  a parameter of the table
    """Just below, at and just above a tenth of the 6,000 pieces known."""
    body = snapshot([KNOWN - 10] * 59 + [KNOWN - drop])
    world = stocked(60, share="0.1", batch_rows=7)
    version = put(world, body)

    world.time_left = looks(2)
    world.deliver(version)
    assert weigh(world) > 3
    finish(world)

    assert (world.record(version)["status"] == "FAILED") == held
    assert outcome(world, version) == at_once(body, 60, share="0.1", batch_rows=7)


def test_the_known_stock_may_take_several_invocations_too() -> None:
    """Of a table of many pages each invocation sums up a few, and none twice."""
    world = stocked(600, tables=memory_tables(page_items=20), share="0.1", batch_rows=100)
    version = put(world, snapshot([KNOWN - 10] * 599 + [KNOWN - 11]))

    world.time_left = looks(4)
    world.deliver(version)
    messages = weigh(world)

    assert messages > 8
    assert "by 6001 of 60000," in world.record(version)["error"]
    assert world.record(version)["read_units"] == 600 + 600


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("quantities", [PASSES, FALLS])
def test_messages_that_come_twice_and_in_any_order_change_nothing(
    quantities: list[int], seed: int
) -> None:
    """What was weighed is not weighed again, and there is one verdict."""
    world = stocked(600, batch_rows=100)
    version = put(world, snapshot(quantities))

    world.time_left = looks(2)
    world.deliver(version)
    world.time_left = looks(4)
    world.drain(order=random.Random(seed), twice=True)

    assert outcome(world, version) == at_once(snapshot(quantities), 600)
    assert "open_runs" not in world.record(version)


class Fragile:
    """A part of the world each call of which is a step."""

    def __init__(self, inner: Any, step: Callable[..., Any]) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str) -> Any:
        """A call of it, or what it holds."""
        found = getattr(self._inner, name)
        return partial(self._step, found) if callable(found) else found


class Crash:
    """Breaks a world once, at one step, before or after it takes effect."""

    def __init__(self, world: PartWorld, at: int, *, after: bool) -> None:
        self.happened = False
        self._left = at
        self._after = after
        fragile: Any = [Fragile(each, self._step) for each in (world.store, world.work)]
        world.store, world.work = fragile
        world.transport = partial(self._step, world.tables)

    def _step(self, call: Callable[..., Any], *arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            self._break()
        result = call(*arguments)
        if self._left == 0 and self._after:
            self._break()
        return result

    def _break(self) -> None:
        self.happened = True
        raise RuntimeError


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("quantities", [[KNOWN - 20] * 12, [KNOWN] * 4 + [0] * 8])
def test_a_crash_at_any_step_changes_nothing(quantities: list[int], after: bool) -> None:  # noqa: FBT001
    """The event or message comes again; another delivery helps where a message was lost."""
    expected = at_once(snapshot(quantities), 12)
    for at in count(1):
        world = stocked(12, batch_rows=2)
        version = put(world, snapshot(quantities))
        crash = Crash(world, at, after=after)
        world.time_left = looks(2)
        again(partial(world.deliver, version))
        while world.work.messages:
            if Kind.WEIGH not in queued(world):
                world.time_left = lambda: lambda: 900.0
            again(partial(process, world, world.work.messages.pop()))

        assert outcome(world, version) == expected, f"step {at}"
        assert "open_runs" not in world.record(version) or crash.happened
        if not crash.happened:
            break

    assert at > 40


def again(deliver: Callable[[], object]) -> None:
    """Deliver something until that succeeds."""
    try:
        deliver()
    except RuntimeError:
        deliver()


def test_a_redelivery_helps_the_weighing_that_was_begun() -> None:
    """It weighs nothing itself, and what was lost on the way is sent again."""
    world = stocked(600)
    version = put(world, snapshot(PASSES))
    world.time_left = looks(4)
    world.deliver(version)
    for _ in range(2):
        process(world, world.work.messages.pop())
    world.work.messages.clear()

    helping = world.deliver(version)
    messages = weigh(world)
    finish(world)

    assert helping.read_units < 5
    assert messages == 4
    assert outcome(world, version) == at_once(snapshot(PASSES), 600)
    assert "open_runs" not in world.record(version)


def test_a_file_that_was_accepted_meanwhile_is_not_weighed_on() -> None:
    """The verdict of another delivery stands, also for messages that are still on their way."""
    world = stocked(600)
    version = put(world, snapshot(FALLS))
    world.time_left = looks(4)
    world.deliver(version)
    stored = world.tables.tables[INGESTIONS].items[version.object_id,]
    stored["accepted"] = {"BOOL": True}

    messages = weigh(world)
    finish(world)

    assert messages == 1
    assert world.record(version)["status"] == "COMPLETED"


def test_a_file_is_not_held_once_another_delivery_was_accepted() -> None:
    """The record is looked at again before a refusal, for weighing takes long."""
    world = stocked(600)
    version = put(world, snapshot(FALLS))
    world.time_left = looks(4)
    world.deliver(version)
    ingest = world.process()
    hold = ingest._hold
    assert hold is not None
    world.time_left = lambda: lambda: 900.0
    weigh_rows = hold.weigh

    def accepted_meanwhile(*arguments: Any) -> bool:
        stored = world.tables.tables[INGESTIONS].items[version.object_id,]
        stored["accepted"] = {"BOOL": True}
        return weigh_rows(*arguments)

    process(world, world.work.messages.pop())
    ingest._chunks._weigher._hold.weigh = accepted_meanwhile
    (message,) = world.work.messages
    world.work.messages = []
    delivery = Delivery(kind=message.kind, version=version, delivery_id="m", task=message.task)
    ingest.run(delivery, time_left=lambda: 900.0)
    finish(world)

    assert world.record(version)["status"] == "COMPLETED"


def test_a_file_loads_when_the_hold_is_switched_off_while_it_is_weighed() -> None:
    """Messages of its weighing are on their way then."""
    world = stocked(600)
    version = put(world, snapshot(FALLS))
    world.time_left = looks(4)
    world.deliver(version)
    world.share = Decimal(0)

    finish(world)

    assert world.record(version)["status"] == "COMPLETED"


def test_fails_when_an_invocation_gets_nowhere() -> None:
    """The event or message comes again and ends in the dead-letter queue; nothing loops."""
    world = stocked(600)
    version = put(world, snapshot(PASSES))
    world.time_left = looks(0)
    with pytest.raises(OutOfTimeError):
        world.deliver(version)
    assert world.work.messages == []

    world.time_left = looks(4)
    world.deliver(version)
    world.time_left = looks(0)
    with pytest.raises(OutOfTimeError):
        world.drain()
    assert world.work.messages == []


def test_a_table_that_keeps_throttling_is_left_to_another_invocation() -> None:
    """What was weighed until then counts; where that is nothing the message comes again."""
    world = stocked(600)
    version = put(world, snapshot(PASSES))
    reads = 0

    def throttling(operation: str, payload: Any) -> Any:
        nonlocal reads
        reads += operation == "BatchGetItem"
        if operation == "BatchGetItem" and reads > 4:
            raise TransientError("ThrottlingException", "slower")
        return world.tables(operation, payload)

    world.transport = throttling
    world.deliver(version)
    process(world, world.work.messages.pop())
    (message,) = world.work.messages
    with pytest.raises(ThrottledError):
        process(world, message)
    world.transport = None
    finish(world)

    assert outcome(world, version) == at_once(snapshot(PASSES), 600)


def test_the_reconcile_leaves_a_file_alone_as_long_as_it_is_weighed() -> None:
    """When nothing was weighed for too long, it comes again and ends right."""
    world = stocked(600)
    version = put(world, snapshot(PASSES))
    redriven: list[WorkMessage] = []

    def reconcile() -> int:
        ports = world.ports()
        service = Reconcile(
            listing=world.objects,
            ledger=ports.ledger,
            work=MemoryQueue(redriven),
            deadline=Deadline(),
            now=world.clock,
            deadline_minutes=0,
        )
        return service.run(time_left=lambda: 300.0).redriven

    world.time_left = looks(4)
    world.deliver(version)
    for _ in range(4):
        world.clock.move(minutes=30)
        assert reconcile() == 0
        process(world, world.work.messages.pop())
    world.work.messages.clear()
    world.clock.move(minutes=60)

    assert reconcile() == 1
    world.work.messages += redriven
    world.drain()
    assert outcome(world, version) == at_once(snapshot(PASSES), 600)
    assert "open_runs" not in world.record(version)


def test_an_object_that_vanishes_while_it_is_weighed_ends_its_record() -> None:
    """There is one reject, and later messages are answered."""
    world = stocked(600)
    before = world.items()
    version = put(world, snapshot(PASSES))
    world.time_left = looks(4)
    world.deliver(version)
    world.work.messages *= 2
    world.objects.delete(version)

    finish(world)

    assert world.record(version)["status"] == "FAILED"
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert world.items() == before
    assert world.outcomes[-1].mode is Mode.ANSWERED
