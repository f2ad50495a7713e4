"""Complete feeds: what a file lacks is out of stock, whatever order files come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, ITEMS, World, open_tiny_feed
from ingest_steps import FailingItems, deliver, drain, looks, put, quantities
from inventory.domain import absences
from inventory.domain.absences import KeyNotes, absent_keys, keys_of
from inventory.domain.errors import RetryableError, ThrottledError
from inventory.domain.jobs import KeyList
from inventory.domain.model import Absent
from inventory.domain.order import timestamp
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed, open_feed
from inventory.domain.reading.feed_settings import FeedSettings
from inventory.domain.removals import REMOVED
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Command, Kind
from inventory.feeds_file import FeedsFileError, feeds_from

if TYPE_CHECKING:
    from collections.abc import Callable

TWO_WORKERS = IngestSettings(large_object_bytes=0, workers=2)


def world_of(absent: str = "zero") -> World:
    """A world whose feed a.csv is complete."""
    return World(complete={"a.csv": absent})


class Hooked:
    """The items table, with something that happens before a write or after a deletion."""

    def __init__(
        self, items: Any, *, writing: Callable[[Any], None], deleted: Callable[[Any], None]
    ) -> None:
        self._items, self._writing, self._deleted = items, writing, deleted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items, name)

    def write(self, changes: Any, **how: Any) -> Any:
        """See `ports.ItemStore`."""
        self._writing(changes)
        return self._items.write(changes, **how)

    def delete(self, items: Any) -> None:
        """See `ports.ItemStore`."""
        self._items.delete(items)
        self._deleted(items)


class Recorded:
    """The reports bucket, which tells what is read."""

    def __init__(self, files: Any, read: list[str]) -> None:
        self._files, self._read = files, read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def get(self, key: str) -> bytes | None:
        """See `ports.Reports`."""
        self._read.append(key)
        content: bytes | None = self._files.get(key)
        return content


def load(world: World, *lines: str, hour: int, **how: Any) -> Any:
    """Have a version of the feed come and everything that follows from it."""
    version = put(world, *lines, hour=hour)
    deliver(world, version, **how)
    drain(world, **how)
    return version


def test_what_a_file_lacks_is_out_of_stock() -> None:
    """The item names the file that lacks it, on line 0; the record counts it apart."""
    world = world_of()
    load(world, "A,x,5,,", "B,x,7,bolt,", hour=1)
    version = load(world, "A,x,5,,", hour=2)
    assert quantities(world) == {"A": "5", "B": "0"}
    source = world.items()["B", "x"]["source"]["M"]
    assert source["version_id"] == {"S": version.version_id}
    assert source["line"] == {"N": "0"}
    record = world.record(version)
    assert (record["absent"], record["rows_read"], record["unchanged"]) == (1, 1, 1)
    third = load(world, "A,x,5,,", hour=3)
    assert world.record(third)["absent"] == 0


@pytest.mark.parametrize(("absent", "quantity"), [("remove", "0"), ("keep", "7")])
def test_a_feed_says_what_becomes_of_what_is_absent(absent: str, quantity: str) -> None:
    """It may also be no more, or stay."""
    world = world_of(absent)
    load(world, "A,x,5,,", "B,x,7,,", hour=1)
    load(world, "A,x,5,,", hour=2)
    item = world.items()["B", "x"]
    assert item["quantity"] == {"N": quantity}
    assert (REMOVED in item.get("attributes", {}).get("M", {})) is (absent == "remove")


@pytest.mark.parametrize("settings", [None, TWO_WORKERS])
def test_an_older_version_that_comes_late_takes_nothing_back(
    settings: IngestSettings | None,
) -> None:
    """The newest version reads the lists again."""
    world = world_of()
    load(world, "A,x,5,,", hour=3, settings=settings)
    load(world, "A,x,4,,", "B,x,7,,", "C,x,1,,", hour=1, settings=settings)
    load(world, "B,x,6,,", hour=2, settings=settings)
    assert quantities(world) == {"A": "5", "B": "0", "C": "0"}


@pytest.mark.parametrize("damage", ["!B,x,seven", "BROKEN"])
def test_a_damaged_file_takes_nothing_away(damage: str) -> None:
    """What cannot be read may be any article; the next whole file takes away what is missing."""
    world = world_of()
    load(world, "A,x,5,,", "B,x,7,,", "C,x,1,,", hour=1)
    load(world, "A,x,5,,", damage, hour=2)
    assert quantities(world) == {"A": "5", "B": "7", "C": "1"}
    load(world, "A,x,5,,", "C,x,1,,", hour=3)
    assert quantities(world) == {"A": "5", "B": "0", "C": "1"}


def test_a_file_that_names_nothing_takes_nothing_away() -> None:
    """Like one without a row, which is refused: it says nothing of any stock."""
    world = world_of()
    load(world, "A,x,5,,", hour=1)
    version = load(world, "-blank sku", "-blank sku", hour=2)
    assert quantities(world) == {"A": "5"}
    assert world.record(version)["nothing_loaded"]
    load(world, "B,x,1,,", hour=3)
    assert quantities(world) == {"A": "0", "B": "1"}


@pytest.mark.parametrize("newest", ["damaged", "gone"])
def test_a_late_version_asks_the_newest_that_takes_away(newest: str) -> None:
    """Not one that is damaged, nor one that cannot be read any more."""
    world = world_of()
    load(world, "A,x,5,,", hour=2)
    damage = ["!bad"] if newest == "damaged" else []
    version = load(world, "A,x,5,,", *damage, hour=3)
    if newest == "gone":
        world.objects.delete(version)
        deliver(world, version, Kind.REPLAY)
    load(world, "A,x,4,,", "B,x,7,,", hour=1)
    assert quantities(world) == {"A": "5", "B": "0"}


def test_an_absent_article_whose_write_was_not_acknowledged_is_told_of() -> None:
    """A newer file has relied on the item, and decides its row again."""
    world = world_of()
    load(world, "A,x,5,,", "B,x,7,,", "C,x,7,,", hour=1)
    deliver(world, put(world, "C,x,7,,", hour=4, key="b.csv"))
    version = put(world, "A,x,6,,", hour=2)
    error = ThrottledError("still throttled")
    items = FailingItems(world.ports().items, error, batches=2, applied=True)
    deliver(world, version, items=items, batch_rows=1)
    assert quantities(world) == {"A": "6", "B": "0", "C": "0"}
    drain(world)
    assert quantities(world) == {"A": "6", "B": "0", "C": "7"}


@pytest.mark.parametrize("end", ["", ","])
def test_rows_of_a_complete_file_have_no_times_of_their_own(end: str) -> None:
    """An article that is there again has stock, even if its stock changed long ago."""
    header = f"sku,quantity,updated_at{end}"
    data = f"{header}\nA,5,2026-11-22T21:00:00Z{end}\nB,5,no time{end}\n".encode()
    profiles = ProfileSet(feeds={"shop/": {"complete": True, "max_stock_drop_share": "0.5"}})
    feed = open_feed(BytesSource(data), key="shop/a.csv", profiles=profiles)
    again = continue_feed(
        feed.state(), BytesSource(data), start_byte=len(header) + 1, start_line=2, latest=""
    )
    for each in (feed, again):
        (batch,) = each.batches()
        assert [row.updated_at for row in batch.rows] == [None]
        assert [reject.column for reject in batch.rejects] == ["updated_at"]


def test_a_withdrawn_file_takes_its_articles_with_it() -> None:
    """Also those that a newer file lacks; and what a withdrawn file lacked has stock again."""
    world = world_of()
    wrong = load(world, "A,x,5,,", "WRONG,x,7,,", hour=1)
    newer = load(world, "A,x,5,,", "B,x,2,,", hour=2)
    newest = load(world, "A,x,5,,", hour=3)
    assert quantities(world) == {"A": "5", "B": "0", "WRONG": "0"}
    withdraw(world, wrong)
    assert quantities(world) == {"A": "5", "B": "0"}
    assert world.record(wrong)["items_removed"] == 2  # B is nothing that it has named
    withdraw(world, newest)
    assert quantities(world) == {"A": "5", "B": "2"}
    assert world.record(newer)["status"] == "COMPLETED"


def test_the_newest_that_is_left_is_asked_when_the_newest_is_withdrawn() -> None:
    """A late version has asked the withdrawn one alone."""
    world = world_of()
    load(world, "A,x,5,,", hour=2)
    newest = load(world, "A,x,5,,", hour=3)
    load(world, "A,x,5,,", "B,x,7,,", hour=1)
    withdraw(world, newest)
    assert quantities(world) == {"A": "5", "B": "0"}


def begin_to_withdraw(world: World, version: Any, **how: Any) -> None:
    """Ask for the withdrawal of a version."""
    task = Command(asked_at=timestamp(world.clock()), by="ann", reason="wrong").to_data()
    deliver(world, version, Kind.WITHDRAW, task=task, **how)


def come_to_rest(world: World) -> None:
    """Let hours pass."""
    for _ in range(6):
        drain(world)
        world.clock.move(hours=1)
        world.work.time_passes()
    drain(world)


def withdraw(world: World, version: Any) -> None:
    """Withdraw a version and let everything come to rest."""
    begin_to_withdraw(world, version)
    come_to_rest(world)


def ignore(_: Any) -> None:
    """Do nothing."""


def test_a_run_that_has_read_a_list_is_over_before_the_scan_of_a_withdrawal() -> None:
    """Else it writes an article of the list after that, which nobody would find."""
    world = world_of()
    wrong = load(world, "A,x,5,,", "WRONG,x,7,,", hour=1)
    world.clock.move(hours=3)
    begun: list[str] = []

    def writing(changes: Any) -> None:
        if not begun and any(change.row.line == absences.LINE for change in changes):
            begun.append(wrong.object_id)
            begin_to_withdraw(world, wrong)

    items = Hooked(world.ports().items, writing=writing, deleted=ignore)
    load(world, "A,x,5,,", hour=2, items=items)
    assert begun
    come_to_rest(world)
    assert quantities(world) == {"A": "5"}


def test_a_request_to_delete_that_comes_late_meets_nothing_that_was_written_again() -> None:
    """The newest version writes the same row with the same token, but only when it was asked."""
    world = world_of()
    load(world, "A,x,5,,", "B,x,7,,", hour=1)
    middle = load(world, "A,x,5,,", "B,x,7,,", hour=2)
    load(world, "A,x,5,,", hour=3)
    world.clock.move(hours=3)
    deleted: list[Any] = []
    items = Hooked(world.ports().items, writing=ignore, deleted=deleted.extend)
    begin_to_withdraw(world, middle, items=items)
    while not deleted:
        world.clock.move(minutes=15)
        world.work.time_passes()
        drain(world, items=items)
    world.ports().items.delete(list(deleted))
    come_to_rest(world)
    assert quantities(world) == {"A": "5", "B": "0"}


def test_the_next_version_reads_the_lists_of_one_version_alone() -> None:
    """What a version leaves covers all that are older."""
    world = world_of()
    for hour, sku in enumerate("ABCDE", 1):
        load(world, f"{sku},x,1,,", hour=hour)
    read: list[str] = []
    load(world, "F,x,1,,", hour=6, files=Recorded(world.reports, read))
    own, before, lacking, covers = 1, 1, 1, 1
    assert len([key for key in read if key.startswith("lists/")]) == own + before + lacking + covers
    assert quantities(world) == dict.fromkeys("ABCDE", "0") | {"F": "1"}


def test_articles_that_are_absent_may_take_several_invocations() -> None:
    """Each goes on where the one before has ended; nothing is counted twice."""
    world = world_of()
    skus = [f"S{number}" for number in range(12)]
    load(world, *[f"{sku},x,1,," for sku in skus], hour=1)
    version = put(world, "A,x,1,,", hour=2)
    deliver(world, version, time_left=looks(9), batch_rows=1)
    outcomes = drain(world, time_left=lambda: looks(9), batch_rows=1)
    assert len(outcomes) > 2
    assert quantities(world) == dict.fromkeys(skus, "0") | {"A": "1"}
    assert world.record(version)["absent"] == len(skus)


def test_lists_larger_than_memory_are_read_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each absent key is found once."""
    monkeypatch.setattr(absences, "_MOST_KEYS", 1 << 15)
    files = World().reports

    def stored(name: str, numbers: range) -> KeyList:
        notes = KeyNotes(files, name, block_keys=100)
        notes.saw((f"{number}\n\ud800", "x") for number in numbers)
        return notes.store()

    own, older = stored("own", range(100, 400)), stored("older", range(500))
    known = stored("known", range(10))
    found = [key for keys in absent_keys(files, [own], [known], [older, older]) for key in keys]
    assert sorted(int(sku[:-2]) for sku, _ in found) == [*range(10, 100), *range(400, 500)]


def test_a_list_that_is_not_there_is_not_taken_for_empty() -> None:
    """Else everything would be absent; older lists expire."""
    files = World().reports
    with pytest.raises(RetryableError):
        list(keys_of(files, [KeyList("gone", 1)], required=True))
    assert list(keys_of(files, [KeyList("gone", 1)])) == []


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"complete": True}, "max_stock_drop_share"),
        ({"absent": "keep"}, "set complete as well"),
        ({"complete": True, "absent": "gone", "max_stock_drop_share": 0}, "got 'gone'"),
    ],
)
def test_a_complete_feed_says_what_it_risks(entry: dict[str, Any], complaint: str) -> None:
    """At synth, with the feed's name."""
    with pytest.raises(FeedsFileError, match=rf"feeds\.shop/.*{complaint}"):
        feeds_from({"feeds": {"shop/": entry}})


def test_what_a_complete_feed_says_reaches_the_functions() -> None:
    """Also when nothing is taken away, and then no share is needed."""
    data = feeds_from({"feeds": {"shop/": {"complete": True, "absent": "keep"}}})
    feed = ProfileSet(**data).feed_of("shop/a.csv")
    assert (feed.complete, feed.absent) == (True, Absent.KEEP)


def test_articles_of_a_file_that_is_withdrawn_between_two_invocations_do_not_come_back() -> None:
    """The first has read its list, and the second does not know that it has."""
    world = world_of()
    wrong = load(world, "WRONG,x,7,,", "B,x,1,,", "C,x,1,,", hour=1)
    world.clock.move(hours=3)
    newer = put(world, "A,x,1,,", hour=2)
    deliver(world, newer, time_left=looks(6), batch_rows=1)
    assert quantities(world) == {"A": "1", "WRONG": "0", "B": "0", "C": "1"}
    withdraw(world, wrong)
    assert quantities(world) == {"A": "1"}
    load(world, "A,x,2,,", hour=3)
    assert quantities(world) == {"A": "2"}


def test_all_files_of_a_complete_feed_are_one_series_whatever_their_names() -> None:
    """But a reject file that comes back is no file of it that the next one is compared with."""
    world = World()
    feed = FeedSettings(prefix="shop/", complete=True)
    known: list[int] = []
    for name, corrected in (("one", False), ("two", False), ("two.rejects", True), ("3", False)):
        version = put(world, "A,x,5,,", "B,x,7,,", key=f"shop/{name}.csv", hour=len(known))

        def opened(source: Any, *, corrected: bool = corrected, **how: Any) -> Any:
            return replace(open_tiny_feed(source, **how), corrected=corrected)

        outcome = deliver(
            world,
            version,
            settings=IngestSettings(large_object_bytes=1 << 30, fingerprint_bytes=0),
            feed_of=lambda _: feed,
            open_feed=opened,
        )
        known.append(outcome.known)
    assert known == [0, 2, 0, 2]


def test_an_absent_item_that_was_changed_by_hand_is_counted_and_set_right() -> None:
    """On the night of the full read; until then it is known without being read."""
    world = world_of()
    settings = IngestSettings(large_object_bytes=1 << 30, fingerprint_bytes=0, full_read_days=4)
    outcomes = []
    for night in range(5):
        world.clock.at = BEGIN + timedelta(days=night)
        if night == 3:
            item = world.tables.tables[ITEMS].items["B", "x"]
            item["quantity"] = {"N": "7"}
        lines = ["A,x,5,,"] if night else ["A,x,5,,", "B,x,7,,"]
        outcomes.append(deliver(world, put(world, *lines, hour=24 * night), settings=settings))
        assert quantities(world)["B"] == "70070"[night]
    assert [outcome.drifted for outcome in outcomes] == [0, 0, 0, 0, 1]
    assert [outcome.known for outcome in outcomes] == [0, 1, 1, 2, 0]
