"""The reconcile: every version has one terminal record, or is sent again, at a bounded cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, BUCKET, INGESTIONS, LANES, World
from ingest_steps import deliver, die_after_first_write, drain, put
from inventory.adapters.dynamodb_notes import DynamoDbFollowUps
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.ingestions import LEASE, Status, run_name
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.ports import ConsumedCapacity, Deadline, VersionPage
from inventory.domain.reconcile import RESERVE_SECONDS, Reconciliation, Walk
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = BEGIN + timedelta(hours=5)
OLD_RUN, YOUNG_RUN = run_name(BEGIN, "d"), run_name(NOW, "d")
FIGURES = ("missing", "expired", "crashed", "rechecks", "terminal", "running")


class Bucket:
    """A listing of object versions, some a page; counts the pages it gives."""

    def __init__(self, ages: Sequence[datetime] = (), *, per_page: int = 1000) -> None:
        self.versions = [(_version(number), at) for number, at in enumerate(ages)]
        self.per_page = per_page
        self.pages_given = 0

    def pages(self, start: tuple[str, str] | None) -> Iterator[VersionPage]:
        """See `ports.ObjectListing`."""
        at = 0 if start is None else int(start[0]) + 1
        while True:
            page = self.versions[at : at + self.per_page]
            at += self.per_page
            self.pages_given += 1
            more = at < len(self.versions)
            yield VersionPage(page, (page[-1][0].key, "v") if more else None)
            if not more:
                return


def _version(number: int) -> ObjectVersion:
    return ObjectVersion(bucket=BUCKET, key=f"{number:06d}", version_id="v", etag="e", size_bytes=1)


def _store(world: World, version: ObjectVersion, **record: Any) -> None:
    """Put a record as it may be found."""
    item: dict[str, Any] = {
        "object_id": {"S": version.object_id},
        "status": {"S": record.get("status", Status.COMPLETED).value},
        "accepted": {"BOOL": record.get("accepted", True)},
    }
    for name in ("open_runs", "recheck"):
        if record.get(name):
            item[name] = {"SS": [record[name]]}
    if "last_reads_by" in record:
        item["last_reads_by"] = {"S": record["last_reads_by"]}
    if "lease_until" in record:
        item["lease_until"] = {"S": timestamp(record["lease_until"])}
    world.tables.tables[INGESTIONS].items[version.object_id,] = item


def _world(now: datetime = NOW) -> World:
    world = World()
    world.clock.at = now
    return world


def _reconcile(
    world: World, bucket: Bucket | None = None, *, left: Any = lambda: 300.0, **instead: Any
) -> Reconciliation:
    options = {"listing": bucket or Bucket(), "deadline_minutes": 60, **instead}
    return world.reconcile(**options).run(time_left=left)


def _sent(world: World) -> list[tuple[Kind, str]]:
    return [(message.kind, message.version.key) for message in world.work.messages]


@pytest.mark.parametrize(
    ("record", "finding", "kind"),
    [
        (None, "missing", Kind.REDRIVE),
        ({"status": Status.COMPLETED}, "terminal", None),
        ({"status": Status.FAILED}, "terminal", None),
        ({"status": Status.HELD}, "terminal", None),
        ({"status": Status.IN_PROGRESS, "lease_until": NOW}, "expired", Kind.REDRIVE),
        ({"status": Status.IN_PROGRESS, "lease_until": NOW + LEASE}, "running", None),
        ({"status": Status.IN_PROGRESS}, "expired", Kind.REDRIVE),
        ({"open_runs": OLD_RUN}, "crashed", Kind.REDRIVE),
        ({"open_runs": YOUNG_RUN}, "running", None),
        ({"open_runs": OLD_RUN, "lease_until": NOW + LEASE}, "running", None),
        ({"open_runs": OLD_RUN, "lease_until": BEGIN}, "crashed", Kind.REDRIVE),
        ({"status": Status.HELD, "open_runs": OLD_RUN}, "crashed", Kind.REDRIVE),
        ({"recheck": "3#1"}, "rechecks", Kind.RECHECK),
        ({"recheck": "3#1", "open_runs": YOUNG_RUN}, "rechecks", Kind.RECHECK),
        ({"recheck": "3#1", "open_runs": OLD_RUN}, "crashed", Kind.REDRIVE),
        ({"status": Status.FAILED, "recheck": "3#1"}, "terminal", None),
        (
            {"status": Status.FAILED, "recheck": "3#1", "last_reads_by": "r"},
            "rechecks",
            Kind.RECHECK,
        ),
        ({"status": Status.FAILED, "recheck": "3#1", "accepted": False}, "terminal", None),
        ({"status": Status.HELD, "recheck": "3#1", "accepted": False}, "terminal", None),
    ],
)
def test_what_is_sent_again(record: dict[str, Any] | None, finding: str, kind: Kind | None) -> None:
    """Each state of a record, and whether its version is sent to the work queue."""
    world = _world()
    bucket = Bucket([BEGIN])
    ((version, _),) = bucket.versions
    if record is not None:
        _store(world, version, **record)
    result = _reconcile(world, bucket)
    assert {name: getattr(result, name) for name in FIGURES} == {
        name: int(name == finding) for name in FIGURES
    }
    assert _sent(world) == ([] if kind is None else [(kind, version.key)])
    assert result.redriven == len(world.work.messages)
    followed = list(world.ports().follow_ups.all())
    assert followed == ([] if finding == "terminal" else [version])


def test_a_run_may_have_crashed_only_when_its_lease_is_over() -> None:
    """Just before, and just after."""
    found = []
    for seconds in (-1, 1):
        world = _world()
        bucket = Bucket([BEGIN])
        began = NOW - LEASE - timedelta(seconds=seconds)
        _store(world, bucket.versions[0][0], open_runs=run_name(began, "d"))
        found.append(_reconcile(world, bucket).crashed)
    assert found == [0, 1]


@pytest.mark.parametrize(("minutes", "looked_at"), [(59, 0), (61, 1)])
def test_young_versions_are_left_alone(minutes: int, looked_at: int) -> None:
    """Only versions past the deadline must have a record."""
    world = _world()
    result = _reconcile(world, Bucket([NOW - timedelta(minutes=minutes)]))
    assert (result.versions, result.listed) == (looked_at, 1)


def test_a_version_that_is_noted_again_while_it_is_let_go_stays_noted() -> None:
    """Its record was terminal when the reconcile looked."""
    world = _world()
    version = put(world, "A,x,1,,")
    _store(world, version, status=Status.COMPLETED)
    ports = world.ports()
    ports.follow_ups.add(version)
    world.clock.move(hours=1)

    class Requesting(DynamoDbFollowUps):
        def remove(self, version: ObjectVersion, *, before: datetime) -> None:
            self.add(version)
            super().remove(version, before=before)

    lanes = PartitionedTable(world.api(Deadline()), LANES, ConsumedCapacity())
    _reconcile(world, follow_ups=Requesting(lanes, world.clock))

    assert list(ports.follow_ups.all()) == [version]


def test_what_is_followed_up_is_looked_at_however_old_until_it_is_done() -> None:
    """Also when the bucket does not list it any more."""
    world = _world()
    version = put(world, "A,x,1,,")
    world.ports().follow_ups.add(version)
    _store(world, version, recheck="3#1")
    assert _reconcile(world).rechecks == 1
    assert _sent(world) == [(Kind.RECHECK, "a.csv")]
    _store(world, version, status=Status.COMPLETED)
    world.clock.move(hours=1)
    result = _reconcile(world)
    assert (result.terminal, result.redriven) == (1, 0)
    assert list(world.ports().follow_ups.all()) == []
    assert _reconcile(world).versions == 0


def test_a_version_is_sent_again_once() -> None:
    """Also when it is followed up and listed."""
    world = _world()
    bucket = Bucket([BEGIN])
    world.ports().follow_ups.add(bucket.versions[0][0])
    result = _reconcile(world, bucket)
    assert (result.versions, result.missing, len(world.work.messages)) == (1, 1, 1)


def test_versions_are_looked_at_in_bounded_pieces() -> None:
    """No more than one request's worth is held at a time, whether listed or followed up."""
    world = _world()
    for number in range(1000, 1250):
        world.ports().follow_ups.add(_version(number))
    asked: list[int] = []
    ingestions: Any = world.ports().ingestions

    class Counting:
        def get_many(self, object_ids: Sequence[str]) -> Any:
            asked.append(len(object_ids))
            return ingestions.get_many(object_ids)

    result = _reconcile(world, Bucket([BEGIN] * 250), ingestions=Counting())
    assert asked == [100, 100, 50, 100, 100, 50]
    assert result.missing == len(world.work.messages) == 500


def test_a_walk_that_does_not_come_to_the_end_goes_on_where_it_stopped() -> None:
    """Page by page; the hours since it began say how far it lags behind."""
    world = _world()
    bucket = Bucket([BEGIN] * 10, per_page=2)
    found = []
    for hour in range(5):
        world.clock.at = NOW + timedelta(hours=hour)
        result = _reconcile(world, bucket, left=lambda: RESERVE_SECONDS - 1)
        found.append((result.listed, result.finished, round(result.hours_behind)))
    # Without time, nothing is followed up either; the listing goes on all the same.
    assert found == [(2, False, 0), (2, False, 1), (2, False, 2), (2, False, 3), (2, True, 0)]
    keys = {key for _, key in _sent(world)}
    assert keys == {version.key for version, _ in bucket.versions}


def test_with_enough_time_a_walk_takes_all_pages() -> None:
    """Just at the reserve it goes on."""
    world = _world()
    result = _reconcile(world, Bucket([BEGIN] * 10, per_page=2), left=lambda: RESERVE_SECONDS)
    assert (result.listed, result.finished, result.hours_behind) == (10, True, 0)


def test_a_walk_that_dies_begins_again_where_the_last_one_stopped() -> None:
    """Its place is stored at the end of an invocation."""
    world = _world()
    bucket = Bucket([BEGIN] * 10, per_page=2)

    class Dying(Bucket):
        def pages(self, start: tuple[str, str] | None) -> Iterator[VersionPage]:
            yield from islice(bucket.pages(start), 3)
            raise MemoryError

    with pytest.raises(MemoryError):
        _reconcile(world, Dying())
    assert _reconcile(world, bucket).listed == 10


class Days:
    """A walk that comes to the end every hour, over days."""

    def __init__(self) -> None:
        self.world = _world(datetime(2026, 11, 20, 0, 30, tzinfo=BEGIN.tzinfo))
        self.bucket = Bucket()

    def reconcile(self, **delta: float) -> Reconciliation:
        """Let time pass, then reconcile."""
        self.world.clock.move(**delta)
        return _reconcile(self.world, self.bucket)

    def add(self, **age: float) -> None:
        """Have a version appear that was modified so long ago."""
        at = self.world.clock.at - timedelta(**age)
        self.bucket.versions.append((_version(len(self.bucket.versions)), at))


def test_the_first_pass_looks_at_every_version() -> None:
    """However old they are: none of them was looked at before."""
    days = Days()
    days.add(days=4000)
    assert days.reconcile().missing == 1


@pytest.mark.parametrize(("hours", "looked_at"), [(2, 1), (23, 1), (30, 0), (24 * 7, 0)])
def test_later_passes_look_at_what_was_modified_since_the_day_before(
    hours: float, looked_at: int
) -> None:
    """Versions that appear late are those of long uploads."""
    days = Days()
    days.reconcile()
    days.reconcile(hours=1)
    days.add(hours=hours)
    assert days.reconcile(hours=1).versions == looked_at


@pytest.mark.parametrize(("passed", "looked_at"), [({"hours": 1}, 0), ({"hours": 24}, 1)])
def test_the_first_pass_of_a_day_looks_back_as_far_as_an_upload_may_take(
    passed: dict[str, float], looked_at: int
) -> None:
    """A multipart upload that was begun seven days ago, and completed now."""
    days = Days()
    days.reconcile()
    days.reconcile(hours=1)
    days.add(days=6.5)
    assert days.reconcile(**passed).versions == looked_at


def test_a_version_that_is_too_young_in_one_pass_is_looked_at_in_the_next() -> None:
    """However the passes fall."""
    days = Days()
    days.reconcile()
    days.add(minutes=30)
    assert days.reconcile(minutes=20).versions == 0
    assert days.reconcile(minutes=20).versions == 1


@pytest.mark.slow
def test_a_bucket_of_many_versions_costs_what_is_new() -> None:
    """Read units of the records of young versions; the others cost their line in a listing."""
    days = Days()
    old = days.world.clock.at - timedelta(days=30)
    days.bucket.versions = [(_version(number), old) for number in range(10_000)]
    for version, _ in days.bucket.versions:
        _store(days.world, version)
    first = days.reconcile()
    usual = days.reconcile(hours=1)
    assert (first.listed, first.terminal, usual.listed) == (10_000, 10_000, 10_000)
    costs = {}
    for new in (10, 500):
        for _ in range(new):
            days.add(hours=2)
            _store(days.world, days.bucket.versions[-1][0])
        costs[new] = days.reconcile(hours=1).read_units
    assert first.read_units == pytest.approx(10_000, abs=10)
    assert usual.read_units < 10
    assert costs == {10: pytest.approx(10, abs=10), 500: pytest.approx(510, abs=10)}
    assert days.bucket.pages_given == 4 * 10 + 2  # the new ones begin a page


def test_the_place_of_a_walk_survives_being_stored() -> None:
    """In the middle and between two passes."""
    walk = Walk(began="2026", since="2025", position=("a", "v"), before="2024")
    assert Walk.from_state(walk.to_state()) == walk
    assert Walk.from_state(Walk(before="2024").to_state()) == Walk(before="2024")
    assert Walk.from_state({}) == Walk()


def test_what_a_crashed_run_leaves_is_repaired_by_reconciles_alone() -> None:
    """The delivery never comes again: the reconcile redrives, and rechecks follow."""
    world = World()
    deliver(world, put(world, "A,x,5,,", hour=0))
    deliver(world, put(world, "A,x,5,,", hour=3))
    version = put(world, "A,x,9,,", hour=2)
    die_after_first_write(world, version)
    world.clock.move(hours=6)
    assert world.reconcile().run(time_left=lambda: 300.0).expired == 1
    drain(world)
    assert world.items()["A", "x"]["quantity"] == {"N": "5"}
    world.clock.move(hours=1)
    assert world.reconcile().run(time_left=lambda: 300.0).redriven == 0
