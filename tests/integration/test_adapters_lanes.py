"""The lanes table in memory and on the local cloud: what runs tell each other is what they read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from fakes import BEGIN
from inventory.adapters.dynamodb_notes import DynamoDbListings
from inventory.domain.absences import Listing
from inventory.domain.jobs import WEIGHER, KeyList, SegmentReport
from inventory.domain.keysets import MAX_KEYS, KeySet
from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.ports import Registration, WriteSet

if TYPE_CHECKING:
    from dynamodb_adapters import DynamoDb

VERSION = ObjectVersion(
    bucket="uploads", key="a+b/ø %.csv", version_id="v1", etag="e", size_bytes=7, sequencer="0A"
)
UNVERSIONED = replace(VERSION, key="b.csv", version_id=None, sequencer="")
BASE = "2026-11-22T20:00:00.000000Z#0A" + "0" * 30
EXPIRES = 2_000_000_000
EVERYTHING = KeySet(everything=True)


def _entry(writes: KeySet, lowest: str = BASE, object_id: str = "uploads/b.csv#v1") -> WriteSet:
    return WriteSet("", object_id, lowest, writes)


def test_items_are_put_got_and_deleted(adapters: DynamoDb) -> None:
    """Binary and Boolean attributes included; deleting what is not there is no error."""
    table = adapters.table
    attributes = {"keys": {"B": "AAECAw=="}, "everything": {"BOOL": True}, "n": {"N": "1"}}
    assert table.get("p", "1") is None
    assert table.put("p", "1", attributes)
    assert table.get("p", "1") == {**table.key("p", "1"), **attributes}
    assert not table.put("p", "1", {}, new=True), "there is one already"
    assert table.get("p", "1") == {**table.key("p", "1"), **attributes}
    assert table.put("p", "1", {}), "it is replaced whole"
    assert table.get("p", "1") == table.key("p", "1")
    table.delete("p", "1")
    table.delete("p", "1")
    assert table.get("p", "1") is None
    assert table.put("p", "1", {}, new=True)


def test_a_partition_is_read_in_the_order_of_its_positions(adapters: DynamoDb) -> None:
    """Forwards and backwards, over several pages, as many as are wanted."""
    table = adapters.table
    for number in range(20):
        table.put("p", f"{number:02}", {})
    table.put("q", "05", {})

    def positions(condition: str = "", values: dict | None = None, **how) -> list[str]:
        found = table.query("p", condition, values=values, **how)
        return [item["position"]["S"] for item in found]

    every = [f"{number:02}" for number in range(20)]
    after = {":p": {"S": "16"}}
    assert positions() == every
    assert positions(last_first=True) == every[::-1]
    assert positions("#p > :p", after) == ["17", "18", "19"]
    assert positions("#p < :p", after, last_first=True, limit=2) == ["15", "14"]
    assert positions(limit=9) == every[:9]
    assert positions(last_first=True, limit=1) == ["19"]
    between = {":from": {"S": "03"}, ":to": {"S": "05"}}
    assert positions("#p BETWEEN :from AND :to", between) == ["03", "04", "05"]
    assert list(table.query("r")) == []
    assert list(table.query("r", last_first=True, limit=1)) == []


def pointer(shard: int, number: int) -> str:
    """Pointer of a write set."""
    return f"{shard}#{number}#{EXPIRES}"


ONE, TWO = pointer(3, 1), pointer(3, 2)


def test_write_sets_are_numbered_without_gaps(adapters: DynamoDb) -> None:
    """Each shard on its own; later ones are found with their keys."""
    registry = adapters.registry
    assert registry.epoch(3) == (0, 0)
    first = registry.append(3, _entry(KeySet([1, 2])), expires_at=EXPIRES)
    second = registry.append(3, _entry(EVERYTHING, "2025"), expires_at=EXPIRES)
    other = registry.append(4, _entry(KeySet([9])), expires_at=EXPIRES)
    assert [entry.pointer for entry in (first, second, other)] == [ONE, TWO, pointer(4, 1)]
    assert [registry.epoch(shard) for shard in (3, 4, 5)] == [(2, EXPIRES), (1, EXPIRES), (0, 0)]
    found = [
        (entry.pointer, entry.object_id, entry.lowest, entry.writes.hashes())
        for entry in registry.written_since(3, 0)
    ]
    assert found == [
        (ONE, "uploads/b.csv#v1", BASE, {1, 2}),
        (TWO, "uploads/b.csv#v1", "2025", None),
    ]
    assert [entry.pointer for entry in registry.written_since(3, 1)] == [TWO]
    assert list(registry.written_since(3, 2)) == []
    assert registry.writes_of(ONE).hashes() == {1, 2}
    assert registry.writes_of(TWO).everything


@pytest.mark.parametrize("count", [0, 1, 128, 129, MAX_KEYS])
def test_write_sets_of_any_size_come_back(adapters: DynamoDb, count: int) -> None:
    """Large ones are kept beside their number; looking for the latest number costs a unit."""
    registry = adapters.registry
    registry.append(3, _entry(KeySet(range(count))), expires_at=EXPIRES)
    before = adapters.usage.read_units
    assert registry.epoch(3) == (1, EXPIRES)
    assert adapters.usage.read_units - before <= 1
    (entry,) = registry.written_since(3, 0)
    assert entry.writes.hashes() == set(range(count))
    assert registry.writes_of(ONE).hashes() == set(range(count))


def test_every_key_stands_for_a_write_set_whose_number_has_come_again(adapters: DynamoDb) -> None:
    """The one that was meant has expired, and the keys of the new one are others."""
    registry = adapters.registry
    old = registry.append(3, _entry(KeySet([1])), expires_at=EXPIRES)
    adapters.table.delete("3#writes", f"{1:012d}")
    new = registry.append(3, _entry(KeySet([2])), expires_at=EXPIRES + 1)
    assert registry.writes_of(old.pointer).everything
    assert registry.writes_of(new.pointer).hashes() == {2}
    (entry,) = registry.written_since(3, 0)
    assert entry.pointer == new.pointer


def test_every_key_stands_for_write_sets_that_have_expired(adapters: DynamoDb) -> None:
    """The number, or the keys beside it."""
    registry = adapters.registry
    assert registry.writes_of(ONE).everything
    registry.append(3, _entry(KeySet(range(500))), expires_at=EXPIRES)
    item = adapters.item("lanes", "3#writes", f"{1:012d}")
    assert item is not None
    adapters.table.delete("3#keys", item["keys_at"]["S"])
    assert registry.writes_of(ONE).everything
    (entry,) = registry.written_since(3, 0)
    assert entry.writes.everything


def test_write_sets_that_are_appended_at_once_are_all_there(adapters: DynamoDb) -> None:
    """Each under a number of its own; the fake is for one thread at a time."""
    with ThreadPoolExecutor(1 if adapters.in_memory else 6) as pool:
        entries = list(
            pool.map(
                lambda number: adapters.registry.append(
                    3, _entry(KeySet([number])), expires_at=EXPIRES
                ),
                range(24),
            )
        )
    assert {entry.pointer for entry in entries} == {pointer(3, number) for number in range(1, 25)}
    found = [set(entry.writes.hashes() or ()) for entry in adapters.registry.written_since(3, 0)]
    assert sorted(found, key=min) == [{number} for number in range(24)]


def test_read_sets_above_a_token_are_found(adapters: DynamoDb) -> None:
    """With all that delivers their versions again; publishing twice is publishing once."""
    registry = adapters.registry
    low = Registration(VERSION, "run 1", "2025", KeySet([1]), KeySet([2]))
    high = Registration(UNVERSIONED, "run#2", f"{BASE}~", EVERYTHING, KeySet())
    for shard, registration in ((3, high), (3, low), (3, low), (4, low)):
        registry.register(shard, registration, expires_at=EXPIRES)

    def found(token: str) -> list[tuple]:
        return [
            (each.version, each.run, each.highest, each.reads.hashes())
            for each in registry.registered_after(3, token)
        ]

    as_low = (VERSION, "run 1", "2025", {1})
    as_high = (UNVERSIONED, "run#2", f"{BASE}~", None)
    assert found("0") == [as_low, as_high], "below every token"
    assert found("2025") == [as_low, as_high], "as high as the token may be above it"
    assert found("2025~") == [as_high]
    assert found(f"{BASE}~~") == []
    first, second = registry.registered(3, "")
    assert [each.run for each in (first, second)] == ["run#2", "run 1"], "the highest first"
    assert [each.run for each in registry.registered(3, first.position)] == ["run 1"]
    assert list(registry.registered(3, second.position)) == []


def test_read_sets_of_several_runs_of_a_version_stand_beside_one_another(
    adapters: DynamoDb,
) -> None:
    """Each relied on what it read."""
    for run in ("run 1", "run 2"):
        registration = Registration(VERSION, run, BASE, KeySet([1]), KeySet())
        adapters.registry.register(3, registration, expires_at=EXPIRES)
    found = adapters.registry.registered_after(3, "2026")
    assert {each.run for each in found} == {"run 1", "run 2"}


def test_large_read_sets_are_found_over_several_pages(adapters: DynamoDb) -> None:
    """Thirty of 60 KB are more than one answer holds."""
    hashes = KeySet(range(15_000))
    for number in range(30):
        registration = Registration(VERSION, f"run {number}", BASE, hashes, KeySet())
        adapters.registry.register(3, registration, expires_at=EXPIRES)
    found = list(adapters.registry.registered_after(3, "2026"))
    assert {each.run for each in found} == {f"run {number}" for number in range(30)}
    assert all(each.reads.hashes() == hashes.hashes() for each in found)


def _report(**fields: object) -> SegmentReport:
    return SegmentReport(attempt="a", end_byte=9, end_line=3, **fields)  # type: ignore[arg-type]  # fields of any type


def test_a_report_is_entered_once_and_a_worker_counted_once(adapters: DynamoDb) -> None:
    """Whoever comes second gets the one that stands."""
    jobs = adapters.jobs
    going_on, ended = _report(counts=Counts(loaded=3)), _report(ended=True)
    assert jobs.get("job", 1, 0) is None
    assert jobs.latest("job", 1) is None
    assert jobs.enter("job", 1, 0, going_on, expires_at=EXPIRES) == going_on
    assert jobs.enter("job", 1, 0, ended, expires_at=EXPIRES) == going_on
    assert jobs.workers_done("job") == 0
    assert jobs.enter("job", 1, 1, ended, expires_at=EXPIRES) == ended
    assert jobs.enter("job", 1, 1, ended, expires_at=EXPIRES) == ended
    assert jobs.enter("job", 1, 1, replace(ended, attempt="b"), expires_at=EXPIRES) == ended
    assert jobs.workers_done("job") == 1
    assert jobs.get("job", 1, 0) == going_on
    assert jobs.latest("job", 1) == (1, ended)


def test_reports_of_a_job_come_by_worker_and_segment(adapters: DynamoDb) -> None:
    """Over several pages; the weigher's, other jobs' and the number of workers stay out."""
    jobs = adapters.jobs
    places = [(worker, segment) for worker in (10, 2, 0) for segment in (11, 2, 0)]
    for worker, segment in places:
        jobs.enter("job", worker, segment, _report(written=segment), expires_at=EXPIRES)
    jobs.enter("job", 0, 12, _report(ended=True, written=12), expires_at=EXPIRES)
    jobs.enter("job", WEIGHER, 0, _report(ended=True, quantity="7"), expires_at=EXPIRES)
    jobs.enter("another", 5, 0, _report(), expires_at=EXPIRES)
    assert [report.written for report in jobs.all("job")] == [0, 2, 11, 12, 0, 2, 11, 0, 2, 11]
    assert jobs.latest("job", 2) == (11, _report(written=11))
    assert jobs.latest("job", 3) is None
    assert jobs.workers_done("job") == 1, "the weigher is no worker"
    assert list(jobs.all("no job")) == []


def test_the_weighers_reports_are_kept_apart(adapters: DynamoDb) -> None:
    """In their order, the last one found at once."""
    jobs = adapters.jobs
    for segment in range(3):
        jobs.enter("job", WEIGHER, segment, _report(quantity=str(segment)), expires_at=EXPIRES)
    assert jobs.latest("job", WEIGHER) == (2, _report(quantity="2"))
    assert jobs.get("job", WEIGHER, 1) == _report(quantity="1")
    assert list(jobs.all("job")) == []


def test_reports_that_arrive_at_once_are_all_counted(adapters: DynamoDb) -> None:
    """Each twice, from several workers; the fake is for one thread at a time."""
    workers = list(range(12)) * 2
    with ThreadPoolExecutor(1 if adapters.in_memory else 8) as pool:
        list(
            pool.map(
                lambda worker: adapters.jobs.enter(
                    "job", worker, 0, _report(ended=True), expires_at=EXPIRES
                ),
                workers,
            )
        )
    assert adapters.jobs.workers_done("job") == 12


def test_what_is_to_be_looked_at_is_remembered_until_it_is_removed(adapters: DynamoDb) -> None:
    """Once each, however often it is added; with all that a message names."""
    follow_ups = adapters.follow_ups
    long_key = replace(VERSION, key="k" * 1024, version_id="v" * 200)
    for version in (VERSION, UNVERSIONED, VERSION, long_key):
        follow_ups.add(version)
    assert sorted(follow_ups.all(), key=str) == sorted([VERSION, UNVERSIONED, long_key], key=str)
    follow_ups.remove(VERSION, before=BEGIN)
    assert VERSION in list(follow_ups.all())
    for _ in range(2):
        follow_ups.remove(VERSION, before=BEGIN + timedelta(seconds=1))
    assert sorted(follow_ups.all(), key=str) == sorted([UNVERSIONED, long_key], key=str)


def test_the_sums_of_the_files_before_are_found(adapters: DynamoDb) -> None:
    """By the files' bases, each feed on its own; to the last digit."""
    sums = adapters.sums
    exact = Decimal("12345678901234567890.123456789")
    sums.add("feed", "b2", "o2", Decimal("-5.50"))
    sums.add("feed", "b1", "o1", exact)
    sums.add("another", "b2", "o3", Decimal(7))
    assert list(sums.before("feed", "b1")) == []
    assert list(sums.before("feed", "b2")) == [("o1", exact)]
    assert list(sums.before("feed", "b3")) == [("o2", Decimal("-5.5")), ("o1", exact)]
    assert list(sums.before("no feed", "b3")) == []


def test_the_sums_of_all_files_before_are_found(adapters: DynamoDb) -> None:
    """However many there are, a few at a time."""
    for number in range(25):
        adapters.sums.add("many", f"b{number:02}", f"o{number}", Decimal(number))
    found = [name for name, _ in adapters.sums.before("many", "b24")]
    assert found == [f"o{number}" for number in reversed(range(24))]


def test_a_checkpoint_is_what_was_saved_last(adapters: DynamoDb) -> None:
    """And nothing before that."""
    assert adapters.checkpoint.load() == {}
    adapters.checkpoint.save({"position": ["ø", "v"], "began": ""})
    adapters.checkpoint.save({"position": None, "began": "2026"})
    assert adapters.checkpoint.load() == {"position": None, "began": "2026"}


def test_the_register_of_a_feed_knows_its_lists(adapters: DynamoDb) -> None:
    """A later base or restoration wins; a withdrawn version's list counts no more."""
    listings = DynamoDbListings(adapters.table)
    listing = Listing(VERSION, BASE, "one", (KeyList("s", 2),), implies=True, decided_at="")
    other = listing._replace(version=UNVERSIONED, own=())
    for each in (listing, other, listing._replace(base="", name="two")):
        listings.put("shop/", each, expires_at=EXPIRES)
    assert sorted(listings.all("shop/"), key=lambda each: each.version.key) == [listing, other]
    assert listings.all("shop") == []
    asked = "2026-11-23T00:00:00.000000Z"
    assert listings.drop("shop/", VERSION, asked, "t1", expires_at=EXPIRES) == "t1"
    assert listings.drop("shop/", VERSION, asked, "t2", expires_at=EXPIRES) == "t1"
    listings.put("shop/", listing, expires_at=EXPIRES)
    assert {each.version: each.live for each in listings.all("shop/")} == {
        VERSION: False,
        UNVERSIONED: True,
    }
    restored = listing._replace(decided_at="2026-11-24T00:00:00.000000Z", name="three")
    listings.put("shop/", restored, expires_at=EXPIRES)
    assert restored._replace(dropped=asked) in listings.all("shop/")
    assert restored._replace(dropped=asked).live
    for _ in range(2):
        assert listings.give_up("shop/", UNVERSIONED)
        assert not listings.give_up("shop/", replace(VERSION, key="not listed"))
