"""Rows into the table: each is decided alone; what a run relied on and wrote over is known."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import BUCKET
from ingest_steps import row
from inventory.domain.decide import Decision, decide
from inventory.domain.errors import OutOfTimeError
from inventory.domain.keysets import KeyHasher
from inventory.domain.model import Counts, ObjectVersion, Row, Rows
from inventory.domain.order import Tokens, base_of, ceiling
from inventory.domain.ports import Change, Deadline, Epoch, Stored
from inventory.domain.seen import SeenKeys
from inventory.domain.writing import RESERVE_SECONDS, RowWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

VERSION = ObjectVersion(bucket=BUCKET, key="a.csv", version_id="v1", etag="e", size_bytes=9)
OWN, FOREIGN = VERSION.object_id, "uploads/b.csv#v1"
BASE = base_of("2026-11-22T20:00:00.000000Z", "0a")
EARLIER_BASE = base_of("2026-11-22T20:00:00.000000Z", "09")
OLDER = base_of("2026-11-22T19:00:00.000000Z", "0b")
NEWER = base_of("2026-11-22T21:00:00.000000Z", "0c")
EARLY, LATE = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"

HASHER = KeyHasher()
SHARD = HASHER.shard("x")

#: What may be stored: base, object and line of its token, or no item, or one without a token.
TOKENS = (
    st.none()
    | st.just("")
    | st.builds(
        lambda base, object_id, line: Tokens(base, object_id).of(line, None),
        st.sampled_from([OLDER, BASE, NEWER, EARLIER_BASE]),
        st.sampled_from([OWN, FOREIGN]),
        st.integers(1, 6),
    )
)


class Table:
    """Holds what a test says. A write to one of `races` finds that somebody was faster.

    Attributes:
        stored: By SKU.
        races: By SKU: what the faster one wrote, once.
        written: Changes that were made, in order.
        calls: What the writer asked of the world, in order.
    """

    def __init__(self, stored: dict[str, Stored | None]) -> None:
        self.stored = stored
        self.races: dict[str, Stored] = {}
        self.written: list[Change] = []
        self.calls: list[str] = []
        self.notes: list[str] = []
        self.logged: list[tuple[str, Stored | None]] = []
        self.doubtful: list[str] = []
        self.epochs = dict.fromkeys(range(64), Epoch(7, 0))

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """See `ports.ItemStore`."""
        self.calls.append("read")
        return [self.stored.get(each.sku) for each in rows]

    def write(self, changes: Sequence[Change], **_: object) -> list[Change]:
        """See `ports.ItemStore`."""
        self.calls.append("write")
        refused = []
        for change in changes:
            sku = change.row.sku
            if sku in self.races:
                self.stored[sku] = self.races.pop(sku)
                refused.append(change)
                continue
            self.written.append(change)
            self.stored[sku] = _stored(change.token, equal=True)
        return refused

    def epoch(self, shard: int) -> Epoch:
        """See `ports.Registry`."""
        self.calls.append(f"epoch {shard}")
        return self.epochs[shard]

    def wrote(self, changes: Sequence[Change], at: str) -> None:
        """See `changelog.ChangeLog`."""
        assert at
        self.logged += [(change.row.sku, change.stored) for change in changes]

    def may_have_changed(self, keys: Sequence[Row]) -> None:
        """See `changelog.ChangeLog`."""
        self.doubtful += [each.sku for each in keys]

    def touch(self, object_id: str, notes: Collection[str]) -> None:
        """See `ports.Ingestions`."""
        assert object_id == OWN
        self.calls.append("touch")
        self.notes += sorted(notes)


def _stored(token: str, *, equal: bool) -> Stored:
    return Stored(token, equal, ())


def _token(base: str = BASE, *, line: int = 2, of: str = OWN, at: str | None = None) -> str:
    return Tokens(base, of).of(line, at)


def _writer(table: Table, **options: Any) -> RowWriter:
    arguments: dict[str, Any] = {
        "items": table,
        "registry": table,
        "ingestions": table,
        "deadline": Deadline(),
        "version": VERSION,
        "tokens": Tokens(BASE, OWN),
        "reading": "ab",
        "floors": {},
        "recovering": False,
        "only": None,
        "first_line": 2,
        "counts": Counts(),
        "seen": SeenKeys(),
        "now": lambda: "2026-11-22T20:01:00.000000Z",
        "changes": table,
    }
    return RowWriter(**arguments | options)


def _write(
    stored: Stored | None, *, line: int = 2, updated_at: str | None = None, **options: Any
) -> tuple[RowWriter, Table, Counts]:
    """Write one row of A where something is stored."""
    table, counts = Table({"A": stored}), Counts()
    writer = _writer(table, counts=counts, **options)
    writer.write(Rows([row("A", line=line, updated_at=updated_at)]))
    return writer, table, counts


def _hash(sku: str) -> int:
    return HASHER.hash(row(sku))


@pytest.mark.parametrize("recovering", [False, True])
@given(st.lists(st.tuples(TOKENS, st.booleans()), min_size=1, max_size=6))
def test_every_row_comes_to_the_end_that_was_decided(
    recovering: bool,
    items: list[tuple[str | None, bool]],
) -> None:
    """As `decide` says of each, in whatever company it comes.

    What an earlier row of the file has loaded, a later one that says the same counts as loaded.
    """
    tokens, counts = Tokens(BASE, OWN), Counts()
    rows = [row(f"S{line}", line=line) for line in range(1, len(items) + 1)]
    stored = {
        each.sku: None if token is None else _stored(token, equal=equal)
        for each, (token, equal) in zip(rows, items, strict=True)
    }
    expected = {
        each.sku: decide(
            tokens.of(each.line, None),
            None if (old := stored[each.sku]) is None else old.token,
            equal=old is not None and old.equal,
            own=old is not None and tokens.is_own(old.token),
        )
        for each in rows
    }
    table = Table(dict(stored))
    writer = _writer(table, counts=counts, recovering=recovering, first_line=1)
    writer.write(Rows(rows))
    for sku, old in stored.items():
        if old is not None and tokens.is_own(old.token) and (recovering or old.token >= BASE):
            again = {Decision.UNCHANGED: Decision.LOADED}
            expected[sku] = again.get(expected[sku], expected[sku])
    ends = list(expected.values())
    written = [change.row.sku for change in table.written]
    assert written == [sku for sku, end in expected.items() if end is Decision.WRITE]
    assert writer.written == len(written)
    assert counts == Counts(
        loaded=ends.count(Decision.LOADED) + ends.count(Decision.WRITE),
        unchanged=ends.count(Decision.UNCHANGED),
        stale=ends.count(Decision.STALE),
        duplicates=ends.count(Decision.DUPLICATE),
    )


@given(st.lists(st.tuples(TOKENS, st.booleans()), min_size=1, max_size=6))
def test_read_and_write_sets_hold_what_was_relied_on_and_what_was_written_over(
    items: list[tuple[str | None, bool]],
) -> None:
    """No key of an item that was inserted, was newer, or was the row's own already."""
    rows = [row(f"S{line}", line=line) for line in range(1, len(items) + 1)]
    stored = {
        each.sku: None if token is None else _stored(token, equal=equal)
        for each, (token, equal) in zip(rows, items, strict=True)
    }
    table = Table(dict(stored))
    writer = _writer(table, first_line=1)
    writer.write(Rows(rows))
    keys = writer.keys[SHARD]
    over = [change for change in table.written if change.stored is not None]
    assert keys.writes.hashes() == {_hash(change.row.sku) for change in over}
    assert keys.lowest == min((change.token for change in over), default="")
    alone = [
        each
        for each in rows
        if (old := stored[each.sku]) is not None
        and old.equal
        and old.token < Tokens(BASE, OWN).of(each.line, None)
    ]
    assert keys.reads.hashes() == {_hash(each.sku) for each in alone}
    assert all(keys.highest >= Tokens(BASE, OWN).of(each.line, None) for each in alone)
    assert keys.highest <= ceiling(BASE)


def test_a_row_that_is_stored_with_other_content_is_written_again() -> None:
    """After a defect: equal token, other content; whoever relied on the item is to be asked."""
    writer, table, counts = _write(_stored(_token(), equal=False))
    assert [change.token for change in table.written] == [_token()]
    assert (counts.loaded, writer.written) == (1, 1)
    assert _hash("A") in writer.keys[SHARD].writes
    assert writer.keys[SHARD].lowest == _token()


def test_a_row_that_is_stored_already_is_loaded_without_a_write() -> None:
    """An earlier attempt has written it; what that one did, it has validated or left as open."""
    writer, table, counts = _write(_stored(_token(), equal=True))
    assert table.written == []
    assert (counts.loaded, writer.written) == (1, 0)
    assert not writer.keys[SHARD].writes


@pytest.mark.parametrize(
    ("token", "equal", "lowest"),
    [
        (_token(), True, _token()),  # the row itself
        (_token(line=9), False, _token()),  # a later row of the version
        (_token(line=1), True, _token(line=1)),  # an earlier one, left alone
        (_token(EARLIER_BASE), True, _token(EARLIER_BASE)),  # the row at an earlier base
        (_token(line=1), False, _token(line=1)),  # an earlier one, written over
        (_token(OLDER, of=FOREIGN), True, None),  # of another version: never
        (_token(NEWER, of=FOREIGN), False, None),
    ],
)
def test_a_run_that_recovers_takes_the_versions_own_items_for_written(
    token: str,
    equal: bool,
    lowest: str | None,
) -> None:
    """A crashed run may have written them and left no write set."""
    old = _stored(token, equal=equal)
    writer, _, _ = _write(old, recovering=True)
    keys = writer.keys[SHARD]
    assert (_hash("A") in keys.writes) is (lowest is not None)
    assert keys.lowest == (lowest or "")
    plain, _, _ = _write(old)
    wrote_over = not equal and token < _token()
    assert bool(plain.keys[SHARD].writes) is wrote_over


def test_a_write_whose_answer_was_lost_counts_as_written() -> None:
    """The condition fails because the item is this row already."""
    table, counts = Table({"A": _stored(_token(OLDER), equal=False)}), Counts()
    table.races["A"] = _stored(_token(), equal=True)
    writer = _writer(table, counts=counts)
    writer.write(Rows([row("A")]))
    assert table.written == []
    assert (counts.loaded, writer.written) == (1, 1)
    assert writer.keys[SHARD].writes.hashes() == {_hash("A")}
    assert writer.keys[SHARD].lowest == _token()


@pytest.mark.parametrize(
    ("faster", "counts", "writes"),
    [
        (_stored(_token(NEWER, of=FOREIGN), equal=False), Counts(stale=1), 0),
        (_stored(_token(OLDER, of=FOREIGN), equal=False), Counts(loaded=1), 1),
        (_stored(_token(OLDER, of=FOREIGN), equal=True), Counts(unchanged=1), 0),
        (_stored(_token(line=9), equal=False), Counts(duplicates=1), 0),
    ],
)
def test_a_row_that_somebody_overtook_is_decided_again(
    faster: Stored, counts: Counts, writes: int
) -> None:
    """By what is stored then."""
    table, found = Table({"A": None}), Counts()
    table.races["A"] = faster
    _writer(table, counts=found).write(Rows([row("A")]))
    assert found == counts
    assert len(table.written) == writes
    assert [call for call in table.calls if call in ("read", "write")].count("read") == 2


def test_of_the_rows_of_a_key_in_a_batch_the_last_one_counts() -> None:
    """The others are duplicates."""
    table, counts = Table({}), Counts()
    _writer(table, counts=counts).write(
        Rows([row("A", line=2), row("B", line=3), row("A", line=4)])
    )
    assert [(change.row.sku, change.row.line) for change in table.written] == [("A", 4), ("B", 3)]
    assert counts == Counts(loaded=2, duplicates=1)


@pytest.mark.parametrize("ends", [(3,), (1, 3), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize(
    ("quantities", "times", "conflicting"),
    [
        (("1", "1", "1"), (None, None, None), 0),
        (("1", "4", "4"), (None, None, None), 1),
        (("1", "4", "5"), (None, None, None), 2),
        (("1", "4", "1"), (None, None, None), 2),
        (("1", "1", "4"), (None, None, None), 1),
        (("1", "4", "5"), (EARLY, EARLY, LATE), 1),
        (("1", "4", "5"), (EARLY, LATE, LATE), 1),
    ],
)
def test_rows_that_contradict_the_next_row_of_their_key_are_counted(
    ends: Sequence[int], quantities: Sequence[str], times: Sequence[str | None], conflicting: int
) -> None:
    """Wherever batches end; a later time contradicts nothing."""
    rows = [
        row("A", line=line)._replace(quantity=quantity, updated_at=time)
        for line, (quantity, time) in enumerate(zip(quantities, times, strict=True), 2)
    ]
    counts = Counts()
    table = Table({})
    writer = _writer(table, counts=counts)
    for start, end in pairwise((0, *ends)):
        if "A" in table.stored:
            table.stored["A"] = table.stored["A"]._replace(equal=False)  # type: ignore[union-attr]  # it is there
        writer.write(Rows(rows[start:end]))
    assert (counts.duplicates, counts.conflicting) == (2, conflicting)


def test_a_contradicted_row_is_counted_when_the_file_comes_again_after_a_crash() -> None:
    """Its successor is stored already, and comes later in the file."""
    table, counts = Table({"A": _stored(_token(line=3), equal=False)}), Counts()
    writer = _writer(table, counts=counts)
    writer.write(Rows([row("A", line=2)._replace(quantity="1")]))
    table.stored["A"] = _stored(_token(line=3), equal=True)
    writer.write(Rows([row("A", line=3)._replace(quantity="4")]))
    assert counts == Counts(loaded=1, duplicates=1, conflicting=1)


def test_of_rows_with_times_of_their_own_the_latest_time_counts() -> None:
    """In one batch and over several; then a later line with an earlier time is a duplicate."""
    table, counts = Table({}), Counts()
    writer = _writer(table, counts=counts)
    writer.write(Rows([row("A", line=2, updated_at=LATE), row("A", line=3, updated_at=EARLY)]))
    assert [change.row.line for change in table.written] == [2]
    table.stored["A"] = table.stored["A"]._replace(equal=False)  # type: ignore[union-attr]  # it is there
    writer.write(Rows([row("A", line=4, updated_at=EARLY)]))
    assert [change.row.line for change in table.written] == [2]
    assert counts == Counts(loaded=1, duplicates=2)
    assert writer.timed


def test_rows_with_times_of_their_own_bound_what_was_left_alone_by_their_tokens() -> None:
    """Not by the file's time: a writer between both must be told."""
    writer, _, counts = _write(_stored(_token(at=EARLY, of=FOREIGN), equal=True), updated_at=LATE)
    assert counts == Counts(unchanged=1)
    assert writer.keys[SHARD].highest == _token(at=LATE)


def test_a_row_without_a_time_in_a_file_of_timed_ones_is_bound_by_its_token_too() -> None:
    """Whether any row of the file has one decides, not whether this row has."""
    table = Table({"B": _stored(_token(OLDER, of=FOREIGN), equal=True)})
    writer = _writer(table)
    writer.write(Rows([row("A", line=2, updated_at=EARLY)]))
    writer.write(Rows([row("B", line=3)]))
    assert writer.keys[SHARD].highest == _token(line=3)


@pytest.mark.parametrize(
    ("first_line", "seen", "counts"),
    [
        (5, False, Counts(duplicates=1)),  # an earlier segment has counted the key as loaded
        (5, True, Counts(loaded=1)),  # this segment has met it: it takes its outcome over
        (3, False, Counts(loaded=1)),  # written by an earlier attempt at this segment
    ],
)
def test_a_key_that_an_earlier_segment_loaded_is_counted_once(
    first_line: int,
    seen: bool,
    counts: Counts,
) -> None:
    """The later row is written, and counted as the duplicate that the earlier one became."""
    table, found = Table({"A": _stored(_token(line=3), equal=False)}), Counts()
    remembered = SeenKeys()
    writer = _writer(table, counts=found, first_line=first_line, seen=remembered)
    if seen:
        remembered.swap_all([hash(("A", "x"))], Decision.LOADED)
        found.loaded += 1
        counts = Counts(loaded=1, duplicates=1)
    writer.write(Rows([row("A", line=6)]))
    assert found == counts
    assert [change.row.line for change in table.written] == [6]


@pytest.mark.parametrize(
    ("first_line", "counts"), [(5, Counts(duplicates=1)), (3, Counts(loaded=1))]
)
def test_a_row_that_says_what_an_earlier_one_has_loaded_is_loaded(
    first_line: int, counts: Counts
) -> None:
    """By the file itself; of a key, one row is, also when an earlier segment has counted it."""
    writer, table, found = _write(
        _stored(_token(line=3), equal=True), line=6, first_line=first_line
    )
    assert table.written == []
    assert found == counts
    assert writer.keys[SHARD].reads.hashes() == {_hash("A")}


def test_a_key_that_an_earlier_segment_loaded_is_counted_once_however_often_it_comes() -> None:
    """Written, equal and written again, in batches of their own."""
    table, counts = Table({"A": _stored(_token(line=3), equal=False)}), Counts()
    writer = _writer(table, counts=counts, first_line=5)
    writer.write(Rows([row("A", line=6)]))
    writer.write(Rows([row("A", line=7)]))
    table.stored["A"] = _stored(_token(line=6), equal=False)
    writer.write(Rows([row("A", line=8)]))
    assert [change.row.line for change in table.written] == [6, 8]
    assert counts == Counts(duplicates=3)


def test_a_later_row_takes_an_unchanged_one_over() -> None:
    """Of two batches with the same key, the row of the earlier one ends as a duplicate."""
    counts = Counts()
    equal = _stored(_token(OLDER, of=FOREIGN), equal=True)
    writer = _writer(Table({"A": equal, "B": equal}), counts=counts)
    writer.write(Rows([row("A", line=2), row("B", line=3)]))
    writer.write(Rows([row("A", line=4)]))
    assert counts == Counts(unchanged=2, duplicates=1)


def test_only_the_keys_asked_for_are_decided() -> None:
    """Others are neither read nor counted."""
    table, counts = Table({}), Counts()
    writer = _writer(table, counts=counts, only={_hash("B")})
    writer.write(Rows([row("A", line=2), row("B", line=3)]))
    writer.write(Rows([row("C", line=4)]))
    assert [change.row.sku for change in table.written] == ["B"]
    assert counts == Counts(loaded=1)
    assert table.calls.count("read") == 1


def test_the_epoch_of_a_shard_is_read_before_its_items_and_once() -> None:
    """Write sets after it may be of items that were read before they were written."""
    table = Table({"A": _stored(_token(OLDER, of=FOREIGN), equal=True)})
    writer = _writer(table)
    writer.write(Rows([row("A", line=2)]))
    table.epochs[SHARD] = Epoch(9, 0)
    writer.write(Rows([row("A", line=3)]))
    writer.write(Rows([row("A", line=4, location="default")]))
    assert table.calls == [f"epoch {SHARD}", "read", "read", "epoch 31", "read"]
    assert {shard: keys.epoch for shard, keys in writer.keys.items()} == {SHARD: 7, 31: 7}


def test_a_shard_is_noted_before_an_item_in_it_is_written_over_and_once() -> None:
    """An insert needs no note: nobody can have relied on an item that was not stored."""
    old = _stored(_token(OLDER, of=FOREIGN), equal=False)
    table = Table({"A": old, "B": old})
    writer = _writer(table)
    writer.write(Rows([row("C", line=2)]))
    writer.write(Rows([row("A", line=3)]))
    writer.write(Rows([row("B", line=4)]))
    assert table.calls[1:] == ["read", "write", "read", "touch", "write", "read", "write"]
    assert table.notes == [f"{SHARD}#ab#{BASE}"]


@pytest.mark.parametrize(
    ("times", "floors"),
    [
        ([None], [BASE]),
        (["2026-12-01T00:00:00.000000Z"], [BASE]),
        ([LATE], ["2026-01"]),
        ([LATE, EARLY], ["2026-01"]),
        ([LATE, "2025-12-31T00:00:00.000000Z"], ["2026-01", "2025"]),
        (
            [LATE, "2025-12-31T00:00:00.000000Z", "2024-01-01T00:00:00.000000Z"],
            ["2026-01", "2025", "0"],
        ),
        ([None, "2024-01-01T00:00:00.000000Z"], [BASE, "2024-01"]),
    ],
)
def test_a_floor_lies_below_every_token_and_few_are_noted(
    times: list[str | None], floors: list[str]
) -> None:
    """A month, a year, all: few notes a shard, however times fall, and none is empty."""
    old = _stored("", equal=False)
    table = Table({f"S{number}": old for number in range(len(times))})
    writer = _writer(table)
    for number, at in enumerate(times):
        writer.write(Rows([row(f"S{number}", line=2 + number, updated_at=at)]))
    assert table.notes == [f"{SHARD}#ab#{floor}" for floor in floors]
    assert all(min(floors) <= change.token for change in table.written)


def test_what_an_earlier_segment_has_noted_is_not_noted_again() -> None:
    """A file of hundreds of segments would else fill its record."""
    table = Table({"S0": _stored("", equal=False)})
    writer = _writer(table, floors={SHARD: "2025"})
    writer.write(Rows([row("S0", updated_at=LATE)]))
    assert table.notes == []


def test_fails_when_no_time_is_left_for_a_batch() -> None:
    """Nothing is read or written; just above the reserve it is."""
    deadline = Deadline()
    table = Table({})
    writer = _writer(table, deadline=deadline)
    deadline.start(lambda: RESERVE_SECONDS - 0.1)
    with pytest.raises(OutOfTimeError):
        writer.write(Rows([row("A")]))
    assert "read" not in table.calls
    deadline.start(lambda: RESERVE_SECONDS)
    writer.write(Rows([row("A")]))
    assert len(table.written) == 1


class Compared:
    """Promises that are compared with the items; every row is promised."""

    trusted = False

    def open_shard(self, *_: object) -> None:
        """See `fingerprints.Promises`."""

    def distrust(self, _: object) -> None:
        """See `fingerprints.Promises`."""

    def hold(self, hashes: Sequence[object], *_: object) -> list[bool]:
        """See `fingerprints.Promises`."""
        return [True] * len(hashes)


@pytest.mark.parametrize(
    ("stored", "drifted"),
    [
        (_stored(_token(OLDER, of=FOREIGN), equal=True), 0),
        (_stored(_token(OLDER, of=FOREIGN), equal=False), 1),
        (None, 1),
        (_stored(_token(line=2), equal=True), 1),  # another attempt was faster to set it right
    ],
)
def test_an_item_that_is_not_what_was_promised_is_counted(
    stored: Stored | None, drifted: int
) -> None:
    """Also where another attempt at the segment has written it meanwhile."""
    writer = _writer(Table({"A": stored}), promises=Compared())
    writer.write(Rows([row("A", line=2)]))
    assert len(writer.drifted) == drifted
