"""Schedules that gave a wrong table, a held file in stock, or a bill too high, played step by step.

Each fails when the rule is taken out that cures it; `faults.mutants` has most of these rules.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, ITEMS, LANES, TinyFeed, World, open_tiny_feed
from faults.case import Case
from faults.dynamodb import parsed
from faults.mutants import MUTANTS, Mutant
from faults.world import Conditions, FaultyWorld
from ingest_steps import counts, deliver, drain, looks, put, quantities
from inventory.adapters.dynamodb_api import TransientError
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.domain.errors import BadFileError, ErrorCode, ObjectGoneError, RetryableError
from inventory.domain.finishing import Finisher
from inventory.domain.ingest import Ingest
from inventory.domain.ingestions import Status
from inventory.domain.keysets import KeySet
from inventory.domain.model import Rows
from inventory.domain.order import timestamp
from inventory.domain.reading import Share
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Kind
from stage import DIES, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from faults.mutants import Patch
    from inventory.domain.model import Batch


class DiedError(RetryableError):
    """A process that died at some request."""


def workers(count: int) -> IngestSettings:
    """Settings by which every file is processed by so many workers."""
    return IngestSettings(large_object_bytes=0, workers=count)


def come_to_rest(world: World) -> None:
    """Have the queue emptied and the reconcile run until it finds nothing to do."""
    drain(world)
    for _ in range(10):
        world.clock.move(hours=2)
        if not world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).redriven:
            return
        drain(world)
    raise AssertionError("it never comes to rest")


def lose_answers(world: World, operation: str) -> None:
    """Have every request of an operation applied twice, because its first answer is lost."""
    lost: set[str] = set()

    def transport(operation_name: str, payload: Any) -> dict[str, Any]:
        answer = world.tables(operation_name, payload)
        if operation_name == operation and str(payload) not in lost:
            lost.add(str(payload))
            raise TransientError("ReadTimeoutError", "the answer is lost")
        return answer

    world.transport = transport


def die_after(world: World, operation: str, table: str) -> None:
    """Have the process die as soon as a request has changed a table."""

    def transport(operation_name: str, payload: Any) -> dict[str, Any]:
        answer = world.tables(operation_name, payload)
        if operation_name == operation and table in str(payload):
            world.transport = None
            raise DiedError
        return answer

    world.transport = transport


# A write whose answer was lost


@pytest.mark.parametrize("settings", [workers(1), workers(2), workers(4)])
def test_a_key_in_the_first_and_the_last_line_ends_as_the_last_line_says(
    settings: IngestSettings,
) -> None:
    """K=1 is stored; the file says K=2 first and K=1 last, and no answer of a write arrives."""
    world = World()
    deliver(world, put(world, "K,x,1,,"))
    lose_answers(world, "BatchExecuteStatement")
    middle = [f"{sku},x,1,," for sku in "ABCDEF"]
    version = put(world, "K,x,2,,", *middle, "K,x,1,,", hour=1)
    deliver(world, version, settings=settings, batch_rows=1)
    drain(world, settings=settings, batch_rows=1, order=Random(1))
    assert quantities(world)["K"] == "1"
    assert world.record(version)["status"] == "COMPLETED"


def test_a_write_whose_answer_was_lost_still_asks_who_relied_on_the_item() -> None:
    """K=1 is stored and a newer file left it alone; the late file's K=2 arrives unanswered."""
    world = World()
    deliver(world, put(world, "K,x,1,,"))
    deliver(world, put(world, "K,x,1,,", hour=3))
    lose_answers(world, "BatchExecuteStatement")
    assert deliver(world, put(world, "K,x,2,,", hour=2)).rechecks == 1
    drain(world)
    assert quantities(world) == {"K": "1"}


# Settings that change while a file is in work


@pytest.mark.parametrize("then", [1, 2, 8])
@pytest.mark.parametrize("finished", [0, 1, 3])
def test_a_file_is_finished_by_the_workers_it_was_begun_with(then: int, finished: int) -> None:
    """400 rows and four workers; some are done when the setting changes and a redrive comes."""
    world = World()
    version = put(world, *(f"S{number},x,{number},," for number in range(400)))
    deliver(world, version, settings=workers(4))
    messages, world.work.messages = world.work.messages, []
    for message in messages[:finished]:
        deliver(world, version, message.kind, task=message.task, settings=workers(4))
    world.clock.move(hours=1)
    deliver(world, version, Kind.REDRIVE, settings=workers(then))
    drain(world, settings=workers(then))
    assert quantities(world) == {f"S{number}": str(number) for number in range(400)}
    assert counts(world.record(version))["rows_read"] == 400
    assert counts(world.record(version))["loaded"] == 400


# An attempt that wrote although another one's report stands


def test_an_attempt_that_wrote_in_vain_is_not_forgotten() -> None:
    """Two copies of one segment, of which the slower one writes over a newer file's item."""
    stage = Stage()
    # The key K: 1 in an old file; 1 and then 2 in the large one; 2 in a file between them.
    deliver(stage, put(stage, "K,x,1,,"))
    large = put(stage, "K,x,1,,", "K,x,2,,", hour=2, key="large.csv")
    between = put(stage, "K,x,2,,", hour=1, key="between.csv")
    deliver(stage, large, settings=workers(2))
    messages, stage.work.messages = stage.work.messages, []
    shares = [(message, message.task) for message in messages if message.task is not None]
    for message, task in shares:
        # The second copy has time for the first row alone.
        for copy, time_left in (("copy 1", looks(99)), ("copy 2", looks(2))):
            name = f"{copy} of worker {task['worker']}"
            stage.enter(
                name,
                large,
                message.kind,
                task=task,
                time_left=time_left,
                settings=workers(2),
                batch_rows=1,
            )
    stage.enter("between", between)
    busy = "worker 0" if Share.of("K", 2) == 0 else "worker 1"
    idle = "worker 1" if busy == "worker 0" else "worker 0"
    stage.play(
        (f"copy 1 of {idle}", None),
        (f"copy 2 of {idle}", None),
        # Its first row finds 1 stored, equal and older.
        (f"copy 1 of {busy}", ("BatchGetItem", 2)),
        # The file between writes 2, and nobody learns of it.
        ("between", ("BatchExecuteStatement", 1)),
        ("between", DIES),
        # The second row finds 2 stored, equal and older; while it does, the copy has read 2.
        (f"copy 1 of {busy}", ("TransactWriteItems", 1)),
        (f"copy 2 of {busy}", ("BatchExecuteStatement", 1)),
        (f"copy 1 of {busy}", None),
        # It writes the first row over the other file's item, and its report is refused.
        (f"copy 2 of {busy}", None),
    )
    deliver(stage, between, delivery_id="between")
    come_to_rest(stage)
    assert quantities(stage) == {"K": "2"}


# A file that cannot be read again


class Vanishing(TinyFeed):
    """A feed whose object is deleted when one more row of it has been read."""

    def batches(self, *arguments: Any) -> Iterator[Batch]:
        """See `reading.Feed`."""
        first, *_ = super().batches(*arguments)
        if first.rows.skus[0] != "K":
            yield first
        raise ObjectGoneError("The object version was deleted before it was read.")


def vanishing_part(_: Any, source: Any, *, start_line: int, latest: str, **__: Any) -> Vanishing:
    """Open such a feed from a line on."""
    lines = open_tiny_feed(source, key="", latest=latest).lines
    return Vanishing(lines, start_line=start_line)


def throttle_after(transport: Any, key: str) -> Callable[[str, Any], dict[str, Any]]:
    """Have the writes of a file applied, and DynamoDB say that it has not come to them."""

    def throttling(operation: str, payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = transport(operation, payload)
        if operation == "BatchExecuteStatement" and key in str(payload):
            raise TransientError("ThrottlingException", "later")
        return answer

    return throttling


@pytest.mark.parametrize("run", ["died", "was throttled"])
def test_a_run_that_cannot_read_on_looks_after_what_was_written(run: str) -> None:
    """Of two rows the second was written over what a newer file relied on, and is gone."""
    world = World()
    deliver(world, put(world, "K,x,1,,", "L,x,1,,"))
    deliver(world, put(world, "K,x,1,,", hour=3))
    late = put(world, "L,x,1,,", "K,x,2,,", hour=2, key="late.csv")
    parts: dict[str, Any] = {"batch_rows": 1, "open_part": vanishing_part}
    if run == "died":
        die_after(world, "BatchExecuteStatement", ITEMS)
        with pytest.raises(DiedError):
            deliver(world, late, batch_rows=1)
        world.clock.move(hours=1)
        deliver(world, late, Kind.REDRIVE, **parts)
    else:
        world.transport = throttle_after(world.tables, "late.csv")
        deliver(world, late, batch_rows=1)
        world.transport = None
        message = world.work.messages.pop()
        deliver(world, late, message.kind, task=message.task, **parts)
    assert quantities(world)["K"] == "2"
    assert world.record(late)["status"] == "FAILED"
    told = [
        item["lost"]["BOOL"] for item in world.tables.tables[LANES].items.values() if "lost" in item
    ]
    assert True in told  # nobody can say any more what it has changed
    come_to_rest(world)
    assert quantities(world) == {"K": "1", "L": "1"}


class Renamed(TinyFeed):
    """A feed as a repaired profile or release reads it: what was K is another SKU."""

    def batches(self, *arguments: Any) -> Iterator[Batch]:
        """See `reading.Feed`."""
        for batch in super().batches(*arguments):
            batch.rows = Rows(row._replace(sku=row.sku.replace("K", "M")) for row in batch.rows)
            yield batch


def renamed(source: Any, *, key: str, latest: str, profile: str) -> Renamed:
    """Open a feed by what was repaired."""
    return Renamed(open_tiny_feed(source, key=key, latest=latest).lines, profile=profile)


def renamed_part(state: dict[str, Any], source: Any, *, latest: str, **_: Any) -> Renamed:
    """Open a feed by what was repaired once more."""
    return renamed(source, key="", latest=latest, profile=state["profile"])


@pytest.mark.parametrize(("profile", "release"), [("repaired", "1"), ("tiny", "2")])
def test_what_a_dead_run_wrote_is_looked_after_when_its_rows_are_read_otherwise(
    profile: str, release: str
) -> None:
    """It wrote over what a newer file relied on; as it is read today, its file has no such key."""
    world = World()
    deliver(world, put(world, "K,x,1,,"))
    deliver(world, put(world, "K,x,1,,", hour=3))
    late = put(world, "K,x,2,,", hour=2)
    die_after(world, "BatchExecuteStatement", ITEMS)
    with pytest.raises(DiedError):
        deliver(world, late)
    world.clock.move(hours=1)
    parts: dict[str, Any] = {
        "open_feed": partial(renamed, profile=profile),
        "open_part": renamed_part,
        "release": release,
    }
    replayed = deliver(world, late, Kind.REPLAY, **parts)
    assert replayed.rechecks == 1
    come_to_rest(world)
    assert quantities(world) == {"K": "1", "M": "2"}


# A job that another one replaces


def task_of(sku: str, world: World) -> dict[str, Any]:
    """Task of the one of two workers that settles a SKU, from the work queue."""
    tasks = [message.task for message in world.work.messages if message.task]
    (task,) = (each for each in tasks if each["worker"] == Share.of(sku, 2))
    return task


def test_what_a_replaced_job_still_writes_is_not_forgotten() -> None:
    """Its worker writes over the item that a newer file relied on, and then its report stands."""
    stage = Stage()
    deliver(stage, put(stage, "B,x,1,,", "D,x,1,,"))
    large = put(stage, "B,x,1,,", "D,x,1,,", hour=2, key="large.csv")
    deliver(stage, large, settings=workers(2))
    task = task_of("B", stage)
    stage.work.messages.clear()
    stage.enter("worker", large, Kind.SEGMENT, task=task, settings=workers(2))
    stage.enter("replay", large, Kind.REPLAY, batch_rows=1)
    stage.enter("between", put(stage, "B,x,2,,", hour=1, key="between.csv"))
    stage.enter("newer", put(stage, "B,x,2,,", hour=3, key="newer.csv"))
    stage.play(
        ("worker", ("BatchGetItem", 1)),
        ("replay", None),
        ("between", None),
        ("newer", None),
        ("worker", None),
    )
    come_to_rest(stage)
    assert quantities(stage) == {"B": "2", "D": "1"}


def test_an_attempt_whose_writes_were_not_acknowledged_is_not_forgotten() -> None:
    """Two copies of one segment; the slower one ends where DynamoDB wants less."""
    stage = Stage()
    stage.transport = throttle_after(stage.request, "large.csv")
    deliver(stage, put(stage, "K,x,1,,", "L,x,1,,"))
    large = put(stage, "L,x,1,,", "K,x,1,,", hour=2, key="large.csv")
    deliver(stage, large, settings=workers(2))
    task = task_of("K", stage)
    copy: dict[str, Any] = {"task": task, "settings": workers(2), "batch_rows": 1}
    stage.enter("copy 1", large, Kind.SEGMENT, **copy)
    stage.enter("copy 2", large, Kind.SEGMENT, **copy)
    stage.enter("idle", large, Kind.SEGMENT, **copy | {"task": task_of("L", stage)})
    stage.work.messages.clear()
    stage.enter("between", put(stage, "K,x,2,,", hour=1, key="between.csv"))
    stage.enter("newer", put(stage, "K,x,2,,", hour=3, key="newer.csv"))
    stage.play(
        ("copy 2", ("BatchGetItem", 1)),
        ("copy 1", None),
        ("idle", None),
        ("between", None),
        ("newer", None),
        ("copy 2", None),
    )
    stage.transport = None
    come_to_rest(stage)
    assert quantities(stage) == {"K": "2", "L": "1"}


# Write sets that expire


def test_a_number_that_comes_again_hides_no_write_set() -> None:
    """The latest write set expires after a run has read its number, and another takes it."""
    stage = Stage()
    deliver(stage, put(stage, "K,x,1,,", "L,x,1,,"))
    deliver(stage, put(stage, "L,x,2,,", hour=1))
    stage.clock.move(days=31)
    hours = 31 * 24
    stage.enter("reader", put(stage, "K,x,1,,", hour=hours + 2, key="newer.csv"))
    stage.enter("writer", put(stage, "K,x,2,,", hour=hours + 1, key="between.csv"))
    write_sets = [key for key in stage.tables.tables[LANES].items if key[0].endswith("#writes")]

    def expiring(operation: str, payload: Any) -> dict[str, Any]:
        answer = stage.request(operation, payload)
        if operation == "BatchGetItem":
            for key in write_sets:
                stage.tables.tables[LANES].items.pop(key, None)
        return answer

    stage.transport = expiring
    stage.play(("reader", ("PutItem", 1)), ("writer", None), ("reader", None))
    come_to_rest(stage)
    assert quantities(stage) == {"K": "1", "L": "2"}


# A defect that is repaired


class Misread(TinyFeed):
    """A feed that a defect reads: each quantity of 10 as 1,000."""

    def batches(self, *arguments: Any) -> Iterator[Batch]:
        """See `reading.Feed`."""
        for batch in super().batches(*arguments):
            batch.rows = Rows(
                row._replace(quantity="1000") if row.quantity == "10" else row for row in batch.rows
            )
            yield batch


def misread(source: Any, *, key: str, latest: str) -> Misread:
    """Open a feed with the defect."""
    return Misread(open_tiny_feed(source, key=key, latest=latest).lines)


def misread_part(_: Any, source: Any, *, latest: str, **__: Any) -> Misread:
    """Open a feed with the defect once more."""
    return misread(source, key="", latest=latest)


def test_a_replay_after_a_repair_corrects_what_the_defect_had_stored() -> None:
    """1,000 was stored for 10; the row's token is the same, and its content is not."""
    world = World()
    version = put(world, "K,x,10,,", "L,x,10,,", hour=1)
    deliver(world, version, open_feed=misread, open_part=misread_part)
    # This file truly says 1,000, and left alone what the defect had stored.
    newer = put(world, "K,x,1000,,", hour=2)
    deliver(world, newer)
    replayed = deliver(world, version, Kind.REPLAY)
    assert (replayed.written, replayed.rechecks) == (2, 1)
    drain(world)
    assert quantities(world) == {"K": "1000", "L": "10"}


# A run that wrote and died, of a version that never loads again


@pytest.mark.parametrize("end", ["deleted", "refused"])
def test_what_a_dead_run_wrote_is_looked_after_when_its_version_ends_otherwise(end: str) -> None:
    """A newer file relied on the item; its row comes back when the older version is given up."""
    world = World()
    deliver(world, put(world, "K,x,1,,"))
    newer = put(world, "K,x,1,,", hour=3)
    deliver(world, newer)
    late = put(world, "K,x,2,,", hour=2, key="late.csv")
    die_after(world, "BatchExecuteStatement", ITEMS)
    with pytest.raises(DiedError):
        deliver(world, late)
    assert quantities(world) == {"K": "2"}
    options: dict[str, Any] = {}
    if end == "deleted":
        world.objects.delete(late)
    else:
        options["open_feed"] = refuse
    assert deliver(world, late, **options).status is Status.FAILED
    drain(world)
    assert quantities(world) == {"K": "1"}
    assert world.record(newer)["status"] == "COMPLETED"


def refuse(_: Any, *, key: str, latest: str) -> TinyFeed:
    """Open no feed: today's profiles do not know it."""
    assert latest
    raise BadFileError(ErrorCode.MISSING_LABEL, f"{key} fits no profile")


# A held file

HALF: dict[str, Any] = {"share": Decimal("0.5")}


def test_a_held_file_waits_for_a_person_whatever_happens_meanwhile() -> None:
    """An attempt died while weighing, the stock it is compared with falls, the reconcile runs."""
    world = World()
    deliver(world, put(world, "K,x,100,,"), **HALF)
    small = put(world, "K,x,10,,", hour=2)
    die_after(world, "UpdateItem", small.object_id)
    with pytest.raises(DiedError):
        deliver(world, small, delivery_id="one", **HALF)
    assert deliver(world, small, delivery_id="two", **HALF).status is Status.HELD
    between = put(world, "K,x,60,,", hour=0.5)
    deliver(world, between, **HALF)
    deliver(world, put(world, "K,x,15,,", hour=1), Kind.RELEASE, **HALF)
    before = quantities(world)
    world.clock.move(hours=2)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).crashed
    drain(world, **HALF)
    deliver(world, small, delivery_id="three", **HALF)
    assert world.record(small)["status"] == "HELD"
    assert quantities(world) == before
    assert "open_runs" not in world.record(small)
    assert deliver(world, small, Kind.RELEASE, **HALF).status is Status.COMPLETED
    assert quantities(world) == {"K": "10"}


def test_the_first_verdict_on_a_file_stands() -> None:
    """Two deliveries weigh a file at once, and one of them has a stricter share."""
    stage = Stage()
    deliver(stage, put(stage, "K,x,100,,"), **HALF)
    small = put(stage, "K,x,60,,", hour=2)
    stage.enter("strict", small, share=Decimal("0.1"))
    stage.enter("mild", small, **HALF)
    # The mild one has judged and not written its verdict down when the strict one holds.
    stage.play(("mild", ("UpdateItem", 2)), ("strict", None), ("mild", None))
    assert stage.record(small)["status"] == "HELD"
    assert quantities(stage) == {"K": "100"}


def test_a_file_that_is_accepted_is_not_held_any_more() -> None:
    """The stricter delivery has judged when the mild one accepts."""
    stage = Stage()
    deliver(stage, put(stage, "K,x,100,,"), **HALF)
    small = put(stage, "K,x,60,,", hour=2)
    stage.enter("strict", small, share=Decimal("0.1"))
    stage.enter("mild", small, **HALF)
    stage.play(
        ("strict", ("UpdateItem", 2)),
        ("mild", ("BatchExecuteStatement", 1)),
        ("mild", DIES),
        ("strict", None),
    )
    deliver(stage, small, delivery_id="mild", **HALF)
    assert stage.record(small)["status"] == "COMPLETED"
    assert quantities(stage) == {"K": "60"}


def test_a_recheck_does_not_load_a_file_that_was_not_weighed() -> None:
    """A delivery died before it weighed; the message that comes next is a recheck."""
    world = World()
    deliver(world, put(world, "K,x,100,,"), **HALF)
    small = put(world, "K,x,10,,", hour=2)
    die_after(world, "UpdateItem", small.object_id)
    with pytest.raises(DiedError):
        deliver(world, small, Kind.RECHECK, **HALF)
    assert deliver(world, small, Kind.RECHECK, **HALF).status is Status.HELD
    assert quantities(world) == {"K": "100"}


def test_a_file_that_turns_out_broken_while_it_is_weighed_is_refused() -> None:
    """Over several invocations, too; nothing of it loads."""
    world = World()
    broken = put(world, "K,x,1,,", "L,x,1,,", "BROKEN")
    deliver(world, broken, time_left=looks(1, 15.0), batch_rows=1, **HALF)
    assert world.record(broken)["status"] == "IN_PROGRESS"
    (outcome,) = drain(world, batch_rows=1, **HALF)
    assert outcome.status is Status.FAILED
    assert not world.items()


# Nights of many files


class Night(FaultyWorld):
    """Files that are processed under given conditions, and what they cost.

    Attributes:
        items_read: Items read.
        registered: Read sets published, by file.
    """

    def __init__(self, case: Case, seed: int, conditions: Conditions) -> None:
        self.items_read = 0
        self.registered: Counter[str] = Counter()
        super().__init__(case, Random(seed), conditions)

    def request(self, operation: str, payload: Any) -> dict[str, Any]:
        """Count what is read and published."""
        request = parsed(payload)
        if operation == "BatchGetItem" and ITEMS in request["RequestItems"]:
            self.items_read += len(request["RequestItems"][ITEMS]["Keys"])
        if operation == "PutItem" and request["Item"].get("lane", {}).get("S", "").endswith(
            "#reads"
        ):
            self.registered[request["Item"]["key"]["S"]] += 1
        return super().request(operation, payload)


class InOrder(Night):
    """The same files, each after the one that is older."""

    def _turn(self, job: Any) -> tuple[bool, bool]:
        """Sort key of a pending delivery: what began is ended first."""
        return job.delivery.kind is Kind.CREATED, False

    def _choose(self, scheduler: Any) -> Any:
        self.pending.sort(key=self._turn)
        at_rest = scheduler.current is None and not scheduler.running
        if at_rest and self.pending:
            job = self.pending.pop(0)
            return scheduler.start(lambda: self._invoke(job))
        return super()._choose(scheduler)


class OneLate(InOrder):
    """The oldest file of the second night after all the others."""

    def _turn(self, job: Any) -> tuple[bool, bool]:
        late = self.case.uploads[len(self.case.uploads) // 2].version.object_id
        return job.delivery.kind is Kind.CREATED, job.delivery.version.object_id == late


def costs(
    case: Callable[[], Case], conditions: Conditions, seed: int, kind: type[Night] = Night
) -> Night:
    """A night under these conditions, which must cost hardly more than one in order."""
    quiet = InOrder(case(), 0, replace(conditions, processes=1, switch=0.0))
    assert quiet.settle().clean
    night = kind(case(), seed, conditions)
    assert night.settle().clean
    assert night.items_read <= 1.2 * quiet.items_read, (night.items_read, quiet.items_read)
    assert max(night.registered.values(), default=0) <= 64
    return night


def own_skus(files: int, rows: int = 10) -> Case:
    """Two nights of files, each with SKUs of its own: half of its rows change."""
    case = Case()
    for night in (0, 1000):
        for number in range(files):
            lines = [f"S{number}-{row},default,{night * (row % 2)},," for row in range(rows)]
            case.add(f"{number}.csv", lines, seconds=1 + night + number)
    return case


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 12])
def test_a_night_of_many_files_costs_the_same_in_every_order(processes: int) -> None:
    """50 files of two nights at one location, one at a time or twelve at once."""
    conditions = Conditions(processes=processes, switch=0.3, batch_rows=1000)
    night = costs(lambda: own_skus(50, rows=4), conditions, seed=processes)
    assert night.rechecks <= 10


def test_a_late_file_costs_the_newer_ones_nothing() -> None:
    """Five newer files that several workers have processed, and a late one of other SKUs."""
    conditions = Conditions(workers=(4,), batch_rows=1000)
    assert costs(lambda: own_skus(6, rows=40), conditions, 0, OneLate).rechecks == 0


@pytest.mark.slow
def test_a_row_of_long_ago_sends_nobody_through_a_file_again() -> None:
    """Two nights of files whose rows have times of their own, and one of them 200 days back."""

    def case() -> Case:
        case = Case()
        for days in (300, 200):
            time = timestamp(BEGIN - timedelta(days=days))
            case.add("old.csv", [f"OLD,default,{days},,{time}"], seconds=400 - days)
        case.first = 1  # so the second one is no stale row
        for number in range(100):
            time = timestamp(BEGIN - timedelta(minutes=number))
            lines = [f"S{number % 50},default,1,,{time}", f"T{number % 50},default,1,,{time}"]
            case.add(f"{number}.csv", lines, seconds=300 + number)
        return case

    assert costs(case, Conditions(batch_rows=1000), 3).rechecks == 0


@pytest.mark.slow
def test_times_and_places_of_their_own_cost_a_bounded_number_of_read_sets() -> None:
    """A file of 2,000 rows with own times at 200 locations, sent twice."""

    def case() -> Case:
        case = Case()
        for seconds in (1, 2):
            lines = [
                f"S{row},place-{row % 200},1,,{timestamp(BEGIN - timedelta(minutes=row + 9))}"
                for row in range(2000)
            ]
            case.add(f"{seconds}.csv", lines, seconds=seconds)
        return case

    night = costs(case, Conditions(batch_rows=1000), 1)
    assert night.registered == {"1.csv": 64, "2.csv": 64}


# The reconcile of a bucket that one invocation does not get through


def test_the_reconcile_goes_on_where_it_stopped_and_reaches_every_version() -> None:
    """Forty versions at two a page, and time for three pages an invocation."""
    world = World()
    versions = [put(world, "A,x,1,,", key=f"{number:02}.csv") for number in range(40)]
    world.clock.move(hours=2)
    found = [world.reconcile().run(time_left=looks(3))]
    while not found[-1].finished:
        found.append(world.reconcile().run(time_left=looks(3)))
    assert sum(one.listed for one in found) == 40
    assert max(one.listed for one in found) <= 8
    assert {message.version for message in world.work.messages} == set(versions)
    drain(world)
    world.clock.move(hours=3)
    # The next day begins with a look back; from then on, a pass reads what is new.
    world.reconcile().run(time_left=lambda: 300.0)
    world.clock.move(days=10)
    world.reconcile().run(time_left=lambda: 300.0)
    world.clock.move(hours=1)
    new = put(world, "A,x,2,,", hour=10 * 24 + 5)
    world.clock.move(hours=3)
    last = world.reconcile().run(time_left=lambda: 300.0)
    assert (last.versions, last.listed) == (1, 41)
    assert world.work.messages[-1].version == new
    assert last.read_units < 5


# A chain of invocations that is cut


@pytest.mark.slow
def test_a_file_of_200_segments_is_finished_although_its_chain_is_cut_every_16_hops() -> None:
    """A redrive begins at the last segment that is done."""
    world = World()
    rows = [f"S{number},x,{number},," for number in range(200)]
    version = put(world, *rows)

    def one_batch(kind: Kind, task: dict[str, Any] | None, name: str) -> None:
        deliver(world, version, kind, task=task, delivery_id=name, batch_rows=1, time_left=looks(3))

    one_batch(Kind.CREATED, None, "event")
    hops = redrives = 0
    while world.record(version)["status"] == "IN_PROGRESS":
        message = world.work.messages.pop()
        hops += 1
        if hops % 16 == 0:
            # AWS Lambda takes it for a loop and drops it; an hour later the reconcile finds it.
            world.clock.move(hours=1)
            assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).expired
            redrives += 1
            continue
        one_batch(message.kind, message.task, f"message-{hops}")
        assert hops < 300
    assert quantities(world) == {f"S{number}": str(number) for number in range(200)}
    assert counts(world.record(version))["loaded"] == 200
    assert redrives >= 12


# Reports that expire


@pytest.mark.parametrize("again", [Kind.REDRIVE, Kind.SEGMENT])
def test_a_job_whose_reports_expire_begins_again(again: Kind) -> None:
    """After a month a message of it comes, or a redrive, and of two reports one is there."""
    world = World()
    version = put(world, *(f"S{number},x,{number},," for number in range(9)))
    deliver(world, version, batch_rows=1, time_left=looks(3))
    task = world.work.messages.pop().task
    deliver(world, version, Kind.SEGMENT, task=task, batch_rows=1, time_left=looks(3))
    message = world.work.messages.pop()
    world.clock.move(days=30)
    lanes = world.tables.tables[LANES].items
    del lanes[min(key for key in lanes if key[0].startswith("job#") and "#" in key[1])]
    if again is Kind.SEGMENT:
        with pytest.raises(RetryableError, match="is not there"):
            deliver(world, version, again, task=message.task)
    else:
        deliver(world, version, again)
    come_to_rest(world)
    assert world.record(version)["status"] == "COMPLETED"
    assert counts(world.record(version))["rows_read"] == 9


# What each schedule is worth


def _asked_whatever_they_read() -> list[Any]:
    return [(KeySet, "meets", lambda *_: True)]


def _begun_again_at_the_first_segment() -> list[Any]:
    latest = DynamoDbJobs.latest

    def first(self: DynamoDbJobs, job: str, worker: int) -> Any:
        report = self.get(job, worker, 0)
        return (0, report) if report is not None else latest(self, job, worker)

    return [(DynamoDbJobs, "latest", first)]


def _unacknowledged_leaves() -> Sequence[Patch]:
    """An attempt of which no write is acknowledged goes as if it had written nothing."""
    attempt = Ingest._attempt

    def leaving(self: Ingest, job: Any, version: Any, *rest: Any) -> Any:
        report, standing = attempt(self, job, version, *rest)
        if report.unresolved and not report.written:
            self._ports.ingestions.leave(version.object_id, {report.attempt})
        return report, standing

    return [(Ingest, "_attempt", leaving)]


def _unread_rows_left() -> Sequence[Patch]:
    """Do not validate what was written of rows that the run could not, or need not, read again."""
    return [(Finisher, "_abandon", lambda *_, **__: 0)]


WITHOUT = {mutant.name: mutant for mutant in MUTANTS} | {
    "an unacknowledged attempt leaves": Mutant("", "", _unacknowledged_leaves),
    "writes of rows not read again unvalidated": Mutant("", "", _unread_rows_left),
    "whoever read anything is asked": Mutant("", "", _asked_whatever_they_read),
    "a redrive begins at the first segment": Mutant("", "", _begun_again_at_the_first_segment),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "schedule"),
    [
        (
            "ambiguous write not noted",
            test_a_write_whose_answer_was_lost_still_asks_who_relied_on_the_item,
        ),
        (
            "workers by today's settings",
            partial(test_a_file_is_finished_by_the_workers_it_was_begun_with, 8, 1),
        ),
        ("a refused report leaves", test_an_attempt_that_wrote_in_vain_is_not_forgotten),
        (
            "an unacknowledged attempt leaves",
            test_an_attempt_whose_writes_were_not_acknowledged_is_not_forgotten,
        ),
        (
            "writes of rows not read again unvalidated",
            partial(
                test_what_a_dead_run_wrote_is_looked_after_when_its_rows_are_read_otherwise,
                *("repaired", "1"),
            ),
        ),
        (
            "releases not told apart",
            partial(
                test_what_a_dead_run_wrote_is_looked_after_when_its_rows_are_read_otherwise,
                *("tiny", "2"),
            ),
        ),
        (
            "writes of rows not read again unvalidated",
            partial(test_a_run_that_cannot_read_on_looks_after_what_was_written, "died"),
        ),
        (
            "numbers of write sets come once",
            test_a_number_that_comes_again_hides_no_write_set,
        ),
        (
            "equal token, other content: loaded",
            test_a_replay_after_a_repair_corrects_what_the_defect_had_stored,
        ),
        (
            "crashed runs of a refused file unvalidated",
            partial(
                test_what_a_dead_run_wrote_is_looked_after_when_its_version_ends_otherwise,
                "deleted",
            ),
        ),
        (
            "held files judged again",
            test_a_held_file_waits_for_a_person_whatever_happens_meanwhile,
        ),
        ("accepted after it was held", test_the_first_verdict_on_a_file_stands),
        ("held after it was accepted", test_a_file_that_is_accepted_is_not_held_any_more),
        (
            "recheck of a file not weighed",
            test_a_recheck_does_not_load_a_file_that_was_not_weighed,
        ),
        (
            "whoever read anything is asked",
            test_a_row_of_long_ago_sends_nobody_through_a_file_again,
        ),
        ("whoever read anything is asked", test_a_late_file_costs_the_newer_ones_nothing),
        (
            "a redrive begins at the first segment",
            test_a_file_of_200_segments_is_finished_although_its_chain_is_cut_every_16_hops,
        ),
    ],
)
def test_fails_without_the_rule_that_cures_it(rule: str, schedule: Callable[[], None]) -> None:
    """Every schedule here is red on an ingest that lacks its rule."""
    with WITHOUT[rule].applied(), pytest.raises(AssertionError):
        schedule()
