"""What a version leaves of the table that it has seen, and when the next one may believe it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.fakes import MemoryReports, World, tiny
from ingest_steps import deliver, drain, looks, put, quantities
from inventory.adapters.dynamodb_statements import Statements
from inventory.domain import fingerprints
from inventory.domain.fingerprints import (
    FingerprintSet,
    Notes,
    Piece,
    Promises,
    full_read_due,
    hashes_of,
    series_of,
    usable,
)
from inventory.domain.keysets import KeySet
from inventory.domain.model import ObjectVersion, Row, Rows
from inventory.domain.ports import Change, Epoch, WriteSet
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
BLOCK = 100
FULL = Row(7, "A", "x", "1", "n", "c", "2.5", "EUR", "3", {"size": "L"}, "2026-11-28T00:00:00Z")
SETTINGS = IngestSettings(large_object_bytes=1 << 30, fingerprint_bytes=0)


class Writes:
    """Write sets of one shard, by number."""

    def __init__(self, *keys: KeySet) -> None:
        self.keys = keys

    def written_since(self, shard: int, epoch: int) -> Iterator[WriteSet]:
        """See `ports.Registry`."""
        for number, keys in enumerate(self.keys, 1):
            if number > epoch:
                yield WriteSet(f"{shard}#{number}", "uploads/b.csv#v1", "1", keys)


def _row(sku: str, quantity: str = "1", line: int = 2) -> Row:
    return Row(line, sku, "x", quantity, None, None, None, None, None, {}, None)


def _left(files: MemoryReports, seen: Sequence[int], written: Sequence[int] = ()) -> Piece:
    notes = Notes(files, 0, "parts/a", block_hashes=BLOCK)
    for at in range(0, len(seen), 7):
        notes.saw(seen[at : at + 7])
    notes.wrote(written)
    piece = notes.store()
    assert piece is not None
    return piece


def _set(*pieces: Piece, expires_at: int = 0, own: str = "") -> FingerprintSet:
    return FingerprintSet(
        base="1",
        began="2026-11-27T03:00:00.000000Z",
        read_at="2026-11-25T03:00:00.000000Z",
        workers=1,
        epochs={5: Epoch(1, expires_at)},
        own=frozenset({own}),
        pieces=pieces,
    )


def _promises(
    files: MemoryReports, given: FingerprintSet, *, place: int = 0, own: Sequence[Piece] = ()
) -> Promises:
    return Promises(
        given, files, 0, own=own, place=place, block_hashes=BLOCK, trusted=True, now=NOW
    )


def _held(promises: Promises, hashes: Sequence[int], keys: Sequence[int] = ()) -> list[bool]:
    return promises.hold(hashes, [5] * len(hashes), keys or hashes)


def test_a_hash_is_that_of_key_and_content_and_the_same_in_every_process() -> None:
    """Whatever else the row is, and however Python hashes text."""
    code = (
        "from inventory.domain.fingerprints import hashes_of\n"
        "from inventory.domain.model import Row, Rows\n"
        f"print(hashes_of(Rows([Row(*{tuple(FULL)!r})]))[0])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {f"{hashes_of(Rows([FULL]))[0]}\n"}
    assert hashes_of(Rows([FULL])) == hashes_of(Rows([FULL._replace(line=8)]))
    changed: dict[str, Any] = {name: f"{value}0" for name, value in FULL._asdict().items()}
    changed |= {"attributes": {"size": "M"}}
    others = [FULL._replace(**{name: changed[name]}) for name in FULL._fields if name != "line"]
    assert len({*hashes_of(Rows([FULL, *others]))}) == len(others) + 1


def _sized(sku: str, location: str, name: str | None, size: str | None) -> Row:
    attributes = {} if size is None else {"size": size}
    return FULL._replace(sku=sku, location=location, name=name, attributes=attributes)


CELLS = st.text(st.sampled_from("\x1e\x1f01a\n"), min_size=1, max_size=3)


@given(st.lists(st.builds(_sized, CELLS, CELLS, st.none() | CELLS, st.none() | CELLS), min_size=1))
def test_rows_have_the_same_hash_if_they_say_the_same(rows: list[Row]) -> None:
    """Whatever stands beside them, and whatever characters are in their cells."""
    hashes = list(hashes_of(Rows(rows)))
    assert hashes == [hashes_of(Rows([row]))[0] for row in rows]
    contents = [(*row[1:9], *row.attributes.items(), row.updated_at) for row in rows]
    assert len(set(hashes)) == len(set(contents))


def test_the_format_of_hashes_stands_for_the_item_that_is_made_of_a_row() -> None:
    """Whoever makes another item of the same row must change the format, and this test."""
    version = ObjectVersion(bucket="b", key="k", version_id="v", etag="", size_bytes=1)
    (text,) = Statements("items").of([Change(FULL, "t", None)], version, "now")
    content = (
        '"sku","location","quantity","name","category","unit_price","currency","reorder_point",'
        '"attributes"'
    )
    assert fingerprints.ITEM_FORMAT == b"item 1"
    for name in content.replace('"', "").split(","):
        assert f"'{name}':" in text
    for value in ('{"S":"A"}', '{"N":"1"}', '{"N":"2.5"}', '{"M":{"size":{"S":"L"}}}'):
        assert value in text.replace(" ", "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("stock/2026-11-27.csv", "stock/2026-11-28.csv", True),
        ("stock_20261127T0300.csv", "stock_20261128T0315.csv", True),
        ("2026/11/27/stock.csv", "2026/11/28/stock.csv", True),
        ("Bestand 27.11.2026 07:15.csv", "Bestand 28.11.2026 07:16.csv", True),
        ("stock-11-27-2026.csv", "stock-11-28-2026.csv", True),
        ("stock27112026.csv", "stock01122026.csv", True),
        ("stock.csv", "stock.csv", True),
        ("shop-1/stock.csv", "shop-2/stock.csv", False),
        ("shop-4711/2026-11-27.csv", "shop-4712/2026-11-28.csv", False),
    ],
)
def test_files_that_differ_by_their_date_alone_are_one_series(
    one: str, other: str, *, same: bool
) -> None:
    """So that the next night's file finds what the last one has seen."""
    version = ObjectVersion(bucket="b", key=one, version_id="v", etag="", size_bytes=1)
    assert (series_of(version) == series_of(replace(version, key=other))) is same


def test_sets_survive_json() -> None:
    """With their epochs, pointers and pieces."""
    given = _set(Piece(worker=1, key="parts/a", blocks=2, written=True), expires_at=9, own="5#2")
    assert FingerprintSet.from_text(given.to_text()) == given


@pytest.mark.parametrize(
    ("base", "workers", "days", "wanted"),
    [
        ("2", 1, 1, True),
        ("1", 1, 1, False),
        ("0", 1, 1, False),
        ("2", 2, 1, False),
        ("2", 1, 27, True),
        ("2", 1, 29, False),
    ],
)
def test_only_a_recent_set_of_an_older_version_with_as_many_workers_is_used(
    base: str, workers: int, days: int, *, wanted: bool
) -> None:
    """A set must not outlive the write sets by which it is judged."""
    now = NOW - timedelta(days=1) + timedelta(days=days)
    assert usable(_set(), base=base, workers=workers, now=now) is wanted


@pytest.mark.parametrize(("hours", "due"), [(7 * 24 - 13, False), (7 * 24 - 11, True)])
def test_every_seventh_night_all_items_are_read(hours: int, *, due: bool) -> None:
    """Counted from when they were really read, whoever has used the set since."""
    began = (NOW - timedelta(days=3) + timedelta(hours=hours)).isoformat()
    assert full_read_due(_set(), began=began, days=7) is due


@pytest.mark.parametrize("window", [1, 30])
def test_a_file_in_about_the_order_of_the_one_before_is_known_nearly_whole(window: int) -> None:
    """Of ten thousand rows some come, some go, and none is far from where it was."""
    rng, files = Random(1), MemoryReports()
    before = list(range(10_000))
    promises = _promises(files, _set(_left(files, before)))
    after = [row for row in before if rng.random() > 0.02]
    for _ in range(300):
        after.insert(rng.randrange(len(after)), 20_000 + rng.randrange(10_000))
    held: list[bool] = []
    for at in range(0, len(after), window):
        held += _held(promises, after[at : at + window])
    known = [row for row, known in zip(after, held, strict=True) if known]
    assert set(known) <= set(before)
    assert len(known) > 0.97 * sum(row < 10_000 for row in after)


def test_a_file_of_few_blocks_may_come_in_any_order() -> None:
    """All of its hashes are in memory at once."""
    files, rows = MemoryReports(), list(range(4 * BLOCK))
    promises = _promises(files, _set(_left(files, rows)))
    Random(1).shuffle(rows)
    assert all(all(_held(promises, rows[at : at + 10])) for at in range(0, len(rows), 10))


def test_a_segment_goes_on_where_the_one_before_has_come_to() -> None:
    """By the number of blocks that it has left behind."""
    files, rows = MemoryReports(), list(range(20 * BLOCK))
    given = _set(_left(files, rows))
    first = _promises(files, given)
    for at in range(0, 12 * BLOCK, 10):
        assert all(_held(first, rows[at : at + 10]))
    assert first.place > 5
    second = _promises(files, given, place=first.place)
    assert all(_held(second, rows[12 * BLOCK : 12 * BLOCK + 10]))
    assert not any(_held(_promises(files, given), rows[12 * BLOCK : 12 * BLOCK + 10]))


def test_nothing_is_promised_of_keys_that_were_written_after_they_were_seen() -> None:
    """By the producer, by this run's segments before, or by this one."""
    files = MemoryReports()
    given = _set(_left(files, [1, 2, 3, 4], written=[2]))
    notes = Notes(files, 0, "parts/own", block_hashes=BLOCK)
    notes.wrote([3])
    own = notes.store()
    assert own is not None
    promises = _promises(files, given, own=[own])
    promises.distrust([4])
    assert _held(promises, [1, 2, 3, 4]) == [True, False, False, False]


@pytest.mark.parametrize("lost", [".seen", ".written"])
def test_objects_that_are_gone_promise_nothing(lost: str) -> None:
    """An object may expire, or nobody may read it: then items are read."""
    files = MemoryReports()
    given = _set(_left(files, [1, 2], written=[2]))
    files.files = {key: body for key, body in files.files.items() if not key.endswith(lost)}
    assert not any(_held(_promises(files, given), [1, 2]))


@pytest.mark.parametrize(
    ("epoch", "own", "held"),
    [
        (Epoch(3, 0), "", [True, False, False]),
        (Epoch(3, 0), "5#2", [True, True, False]),
        (Epoch(1, 0), "", [True, True, True]),  # nobody has written since
    ],
)
def test_keys_in_write_sets_since_the_producer_began_are_read(
    epoch: Epoch, own: str, held: list[bool]
) -> None:
    """Except those that the producer wrote itself, which it tells apart."""
    files = MemoryReports()
    promises = _promises(files, _set(_left(files, [1, 2, 3]), own=own))
    registry: Any = Writes(KeySet([1]), KeySet([2]), KeySet([3]))
    promises.open_shard(5, epoch, registry)
    assert _held(promises, [1, 2, 3]) == held


@pytest.mark.parametrize("why", ["expires", "unknown", "everything", "many"])
def test_all_items_of_a_shard_are_read_where_it_cannot_be_told_who_wrote(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers may come again, nobody has seen it, or there is too much to look at."""
    monkeypatch.setattr(fingerprints, "_MOST_WRITE_SETS", 2)
    files = MemoryReports()
    soon = int((NOW + timedelta(minutes=30)).timestamp())
    given = _set(_left(files, [1]), expires_at=soon if why == "expires" else 0)
    writes = {"everything": [KeySet(everything=True)], "many": [KeySet([9])] * 3}.get(why, [])
    promises = _promises(files, given)
    shard = 6 if why == "unknown" else 5
    registry: Any = Writes(KeySet(), *writes)
    promises.open_shard(shard, Epoch(9, 0), registry)
    assert promises.hold([1], [shard], [1]) == [False]


def test_a_segment_that_wrote_over_too_much_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; the next version reads."""
    monkeypatch.setattr(fingerprints, "MOST_WRITTEN", 10)
    notes = Notes(MemoryReports(), 0, "parts/a", block_hashes=BLOCK)
    notes.wrote(range(11))
    assert notes.store() is None


def _night(world: World, second: int, *lines: str) -> tuple[int, int]:
    """Rows whose items were not read, and rows written, of one more version."""
    at = datetime(2026, 11, 22, 20, tzinfo=UTC) + timedelta(seconds=second)
    version = world.objects.put("a.csv", tiny(*lines), last_modified=at)
    delivery = Delivery(kind=Kind.CREATED, version=version, delivery_id=str(second))
    outcome = world.ingest(settings=SETTINGS).run(delivery, time_left=lambda: 300.0)
    assert outcome.counts.balanced
    assert not outcome.drifted
    return outcome.known, outcome.counts.loaded


def test_a_night_reads_what_changed() -> None:
    """And, once more, what the night before has written over."""
    world = World()
    lines = [f"S{number},x,1,," for number in range(20)]
    assert _night(world, 1, *lines) == (0, 20)
    assert _night(world, 2, *lines) == (20, 0)
    assert _night(world, 3, "S0,x,2,,", *lines[1:]) == (19, 1)
    assert _night(world, 4, "S0,x,2,,", *lines[1:]) == (19, 0)
    assert _night(world, 5, "S0,x,2,,", *lines[1:]) == (20, 0)
    assert _night(world, 6, *lines[1:], "NEW,x,1,,") == (19, 1)


def test_a_version_that_wrote_over_too_much_leaves_no_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one has that of the version before, and reads what was written over since."""
    world = World()
    lines = [f"S{number},x,1,," for number in range(20)]
    assert _night(world, 1, *lines) == (0, 20)
    monkeypatch.setattr(fingerprints, "MOST_WRITTEN", 5)
    changed = [line.replace(",1,", ",2,") for line in lines[:8]]
    assert _night(world, 2, *changed, *lines[8:]) == (12, 8)
    assert _night(world, 3, *changed, *lines[8:]) == (12, 0)


def test_a_segment_trusts_nothing_after_one_that_wrote_over_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have written what a later row of the key sets back."""
    world = World()
    _night(world, 1, "S0,x,1,,", "S1,x,1,,")
    monkeypatch.setattr(fingerprints, "MOST_WRITTEN", 0)
    version = put(world, "S0,x,2,,", "S1,x,1,,", "S0,x,1,,", hour=1)
    how: dict[str, Any] = {"settings": SETTINGS, "batch_rows": 1}
    deliver(world, version, time_left=looks(3), **how)
    assert quantities(world) == {"S0": "2", "S1": "1"}
    drain(world, **how)
    assert quantities(world) == {"S0": "1", "S1": "1"}


def test_a_row_that_was_not_read_is_told_of_by_its_own_time() -> None:
    """Another file of that time is above its file's time, and below the row."""
    world = World()
    line = "A,x,{},,2026-11-22T20:00:09.000000Z"
    for hour, sequencer in ((0, "01"), (0.001, "03")):
        version = put(world, line.format(1), hour=hour, sequencer=sequencer)
        known = deliver(world, version, settings=SETTINGS).known
    assert known == 1
    deliver(world, put(world, line.format(2), key="other.csv", sequencer="02"), settings=SETTINGS)
    assert quantities(world) == {"A": "2"}
    drain(world, settings=SETTINGS)
    assert quantities(world) == {"A": "1"}


def test_a_set_names_what_a_worker_has_left_once() -> None:
    """Each of its segments hands on what those before have left."""
    world = World()
    version = put(world, *(f"S{number},x,1,," for number in range(4)))
    how: dict[str, Any] = {"settings": SETTINGS, "batch_rows": 1}
    deliver(world, version, time_left=looks(3), **how)
    drain(world, time_left=lambda: looks(3), **how)
    text = world.ports().fingerprints.get(series_of(version))
    keys = [piece.key for piece in FingerprintSet.from_text(text or "").pieces]
    assert len(set(keys)) == len(keys) > 1
