"""Files in parts end in the same table, counts and rejects as files in one piece."""

from __future__ import annotations

import random
from typing import Any

import pytest

from faults.fakes import MemoryQueue
from inventory.domain.chunks.model import Task
from inventory.domain.errors import ObjectGoneError, OutOfTimeError
from inventory.domain.ledger import Mode, Status
from inventory.domain.ports import Deadline
from inventory.domain.reconcile import Reconcile
from inventory.domain.work import Delivery, Kind
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


def snapshot(pairs: list[tuple[str, int]]) -> str:
    """Body of a feed with these SKUs and quantities."""
    return "sku,quantity\n" + "".join(f"{sku},{quantity}\n" for sku, quantity in pairs)


def quantities(world: PartWorld) -> dict[str, str]:
    """Quantity of every SKU."""
    return {sku: item["quantity"]["N"] for (sku, _), item in world.items().items()}


@pytest.mark.parametrize("seed", range(12))
def test_a_row_left_alone_wins_over_an_earlier_row_that_another_part_writes(seed: int) -> None:
    """The later row equals what is stored, the earlier one does not: the later one must win."""
    first = [(f"K{number}", 5) for number in range(900)]
    # Every fiftieth SKU stands twice: first with another amount, at the end with the stored one.
    second = [(sku, 9 if number % 50 == 0 else 5) for number, (sku, _) in enumerate(first)]
    second += [(f"K{number}", 5) for number in range(0, 900, 50)]
    world = PartWorld(chunk_bytes=700, large_object_bytes=1 << 20)
    world.deliver(world.objects.put("a.csv", snapshot(first)))
    world.large_object_bytes = 0
    world.clock.move(hours=1)
    version = world.objects.put("b.csv", snapshot(second), last_modified=world.clock())

    world.deliver(version)
    world.drain(order=random.Random(seed))

    assert set(quantities(world).values()) == {"5"}
    record = world.record(version)
    assert record["status"] == "COMPLETED"
    assert record["rows_read"] == len(second) == sum(record[name] for name in COUNTS[1:])


def test_the_second_look_reads_only_what_others_have_changed() -> None:
    """Rows whose items no part has overwritten are not read again."""
    first = [(f"K{number}", 5) for number in range(2000)]
    second = [(sku, 9 if number < 20 else 5) for number, (sku, _) in enumerate(first)]
    world = PartWorld(chunk_bytes=1500, large_object_bytes=1 << 20)
    world.deliver(world.objects.put("a.csv", snapshot(first)))
    world.large_object_bytes = 0
    world.clock.move(hours=1)
    version = world.objects.put("b.csv", snapshot(second), last_modified=world.clock())

    world.deliver(version)
    world.drain()

    record = world.record(version)
    assert (record["loaded"], record["unchanged"]) == (20, 1980)
    assert record["read_units"] < 2000 + 20 + 200


@pytest.mark.parametrize("limit", [0, 1, 7, 1000])
def test_all_parts_together_keep_the_limit_of_messages(limit: int) -> None:
    """One more message points at the file, in which all rejects stand in order."""
    body = rows(3000, bad_every=100)
    world = PartWorld(chunk_bytes=7000)
    version = world.objects.put("a.csv", body)

    world.deliver(version, message_limit=limit)
    world.drain(order=random.Random(1), message_limit=limit)

    kinds = [kind for kind, _ in world.rejects.bodies]
    ids = {body["id"] for kind, body in world.rejects.bodies if kind == "row"}
    assert len(ids) == kinds.count("row") <= limit
    assert kinds.count("row") >= min(limit, 30) * 0.5
    assert kinds.count("file") == (1 if kinds.count("row") < 30 else 0)
    file = world.store.files[f"rejects/a.csv/{version.version_id}.csv"].decode("utf-8-sig")
    assert file.splitlines()[0] == "sku,quantity,name,line,error,message"
    lines = [int(line.split(",")[-3]) for line in file.splitlines() if "type-error" in line]
    assert len(lines) == 30
    assert lines == sorted(lines)


def test_a_part_goes_on_in_another_invocation_when_time_runs_out() -> None:
    """Each invocation does a few batches and reports; the file ends as if there were one."""
    body = rows(3000, bad_every=100)
    whole, expected = in_one_piece(body)
    world = PartWorld(chunk_bytes=1 << 20)
    version = world.objects.put("a.csv", body)

    def short() -> Any:
        looks = iter([900.0] * 30)
        return lambda: next(looks, 15.0)

    world.deliver(version)
    world.time_left = short
    world.drain()

    record = world.record(version)
    assert len(world.outcomes) > 4
    assert table(world) == table(whole)
    assert counts(record) == counts(expected)


@pytest.mark.parametrize("chunk_bytes", [7000, 1 << 20])
def test_a_file_that_turns_out_to_be_too_long_is_handed_over(chunk_bytes: int) -> None:
    """A file below the limit whose time runs out is gone on with in parts."""
    body = rows(3000, bad_every=100)
    whole, expected = in_one_piece(body)
    world = PartWorld(chunk_bytes=chunk_bytes, large_object_bytes=1 << 30)
    version = world.objects.put("a.csv", body)
    looks = iter([900.0] * 30)
    world.time_left = lambda: lambda: next(looks, 5.0)

    outcome = world.deliver(version)
    world.time_left = lambda: lambda: 900.0
    world.drain()

    assert outcome.status is None
    record = world.record(version)
    assert table(world) == table(whole)
    assert counts(record) == counts(expected)


def test_fails_when_an_invocation_makes_no_progress_at_all() -> None:
    """The message comes again and ends in the dead-letter queue; nothing loops."""
    world = PartWorld(chunk_bytes=1 << 20)
    world.deliver(world.objects.put("a.csv", rows(300)))
    world.time_left = lambda: lambda: 5.0

    with pytest.raises(OutOfTimeError):
        world.drain()

    assert world.work.messages == []


def test_an_object_that_vanishes_ends_its_record() -> None:
    """The first part that cannot be read fails the file; the others are answered."""
    world = PartWorld(chunk_bytes=2000)
    version = world.objects.put("a.csv", rows(300))
    world.deliver(version)
    world.objects.delete(version)

    world.drain()

    record = world.record(version)
    assert record["status"] == "FAILED"
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert "open_runs" not in record


def test_an_object_that_vanishes_while_it_is_read_has_its_writes_looked_after() -> None:
    """Newer versions that relied on what the part overwrote are sent again."""
    world = PartWorld(chunk_bytes=1 << 20, large_object_bytes=1 << 20, batch_rows=100)
    pairs = [(f"K{number}", 5) for number in range(1000)]
    world.deliver(world.objects.put("a.csv", snapshot(pairs)))
    world.clock.move(hours=2)
    newer = world.objects.put("c.csv", snapshot(pairs), last_modified=world.clock())
    world.deliver(newer)
    world.clock.move(hours=-1)
    changed = [(sku, 9) for sku, _ in pairs]
    version = world.objects.put("b.csv", snapshot(changed), last_modified=world.clock())
    world.large_object_bytes = 0
    world.deliver(version)
    vanishing = world.process()
    writes = vanishing._chunks._ports.items.write
    written = []

    def write(changes: Any, **options: Any) -> Any:
        written.append(writes(changes, **options))
        if len(written) == 3:
            raise ObjectGoneError("gone")
        return written[-1]

    vanishing._chunks._ports.items.write = write
    (message,) = world.work.messages
    world.work.messages = []
    delivery = Delivery(kind=message.kind, version=version, delivery_id="m", task=message.task)

    outcome = vanishing.run(delivery, time_left=lambda: 900.0)
    sent = [(each.kind, each.version.key) for each in world.work.messages]
    world.drain()

    assert outcome.status is Status.FAILED
    assert sent == [(Kind.RECHECK, "c.csv")]
    assert set(quantities(world).values()) == {"5"}


def test_a_scan_that_takes_too_long_goes_on_in_another_invocation() -> None:
    """Chunks are sent as they are found, and the place where the scan stopped after them."""
    body = rows(60_000)
    world = PartWorld(chunk_bytes=100_000, batch_rows=1000)
    version = world.objects.put("a.csv", body)

    def short() -> Any:
        looks = iter([900.0] * 2)
        return lambda: next(looks, 15.0)

    world.time_left = short
    world.deliver(version)
    sent = [message.kind.value for message in world.work.messages]
    while any(message.kind is Kind.PLAN for message in world.work.messages):
        (plan,) = [message for message in world.work.messages if message.kind is Kind.PLAN]
        world.work.messages.remove(plan)
        delivery = Delivery(
            kind=Kind.PLAN, version=version, delivery_id=f"p{len(sent)}", task=plan.task
        )
        world.process().run(delivery, time_left=short())
        sent += ["plan done"]
    tasks = [Task.from_data(message.task or {}) for message in world.work.messages]
    world.time_left = lambda: lambda: 900.0
    world.drain()

    assert sent.count("plan done") > 1
    assert [task.place.chunk for task in tasks] == list(range(tasks[0].parts))
    ends = [task.end_byte for task in tasks]
    assert [task.start_byte for task in tasks[1:]] == ends[:-1]
    record = world.record(version)
    assert (record["status"], record["loaded"]) == ("COMPLETED", 60_000)
    assert record["chunks_done"] == record["chunks_total"] == len(tasks)


def test_a_redelivery_helps_the_job_that_was_begun() -> None:
    """What was done is not done again; what was lost on the way is sent again."""
    world = PartWorld(chunk_bytes=7000)
    version = world.objects.put("a.csv", rows(3000))
    world.deliver(version)
    lost = world.work.messages.pop(2)
    world.drain()
    assert world.record(version)["status"] == "IN_PROGRESS"
    writes = len(world.items())

    world.deliver(version)
    again = list(world.work.messages)
    world.drain()

    record = world.record(version)
    assert lost.task is not None
    assert [m.task["place"] for m in again if m.task].count(lost.task["place"]) == 1
    assert (record["status"], record["loaded"]) == ("COMPLETED", 3000)
    assert writes < len(world.items()) == 3000
    assert record["write_units"] < 3000 + 300
    assert "open_runs" not in record


def test_messages_of_a_file_that_has_ended_are_answered() -> None:
    """A copy that comes late costs one look at the record."""
    world = PartWorld(chunk_bytes=7000)
    version = world.objects.put("a.csv", rows(1000))
    world.deliver(version)
    copies = list(world.work.messages)
    world.drain()
    record = world.record(version)
    world.outcomes.clear()

    world.work.messages = copies
    world.drain()

    assert {outcome.mode for outcome in world.outcomes} == {Mode.ANSWERED}
    assert {outcome.read_units for outcome in world.outcomes} == {1.0}
    assert world.record(version) == record


def test_the_reconcile_leaves_a_file_alone_that_is_gone_through_again_in_parts() -> None:
    """As long as parts are done; when none is for too long, it comes again."""
    world = PartWorld(chunk_bytes=7000)
    version = world.objects.put("a.csv", rows(1000))
    world.deliver(version)
    world.drain()
    redriven = []

    def reconcile() -> int:
        ports = world.ports()
        return (
            Reconcile(
                listing=world.objects,
                ledger=ports.ledger,
                work=MemoryQueue(redriven),
                deadline=Deadline(),
                now=world.clock,
                deadline_minutes=30,
            )
            .run(time_left=lambda: 300.0)
            .redriven
        )

    world.clock.move(hours=2)
    recheck = Delivery(kind=Kind.RECHECK, version=version, delivery_id="again")
    world.process().run(recheck, time_left=lambda: 900.0)
    for message in list(world.work.messages)[:-1]:
        world.clock.move(minutes=14)
        world.work.messages.remove(message)
        delivery = Delivery(kind=message.kind, version=version, delivery_id="m", task=message.task)
        world.process().run(delivery, time_left=lambda: 900.0)
        assert reconcile() == 0
    world.clock.move(minutes=40)

    assert reconcile() == 1
    world.drain()
    assert world.record(version)["status"] == "COMPLETED"
    assert "open_runs" not in world.record(version)
