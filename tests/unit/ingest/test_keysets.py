"""Sets of item keys: they may know too many keys, never too few, and read the same for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_steps import row
from inventory.domain import keysets
from inventory.domain.keysets import (
    MAX_KEYS,
    SHARDS,
    KeyHasher,
    KeySet,
    KeySets,
    ShardKeys,
)
from inventory.domain.model import Rows

HASHES = st.lists(st.integers(0, 2**32 - 1), max_size=30)
EVERYTHING = KeySet(everything=True)


def test_a_set_knows_every_key_it_was_given_and_no_other() -> None:
    """As long as it is small, it is exact."""
    keys = KeySet([1, 2])
    keys.update([3])
    assert [number for number in range(6) if number in keys] == [1, 2, 3]
    assert keys
    assert not KeySet()


@pytest.mark.parametrize(("count", "everything"), [(MAX_KEYS, False), (MAX_KEYS + 1, True)])
@pytest.mark.parametrize("together", [True, False])
def test_a_set_that_grows_too_large_stands_for_every_key(
    count: int,
    everything: bool,
    together: bool,
) -> None:
    """At the limit and above it, filled at once or by two; a key that comes again adds nothing."""
    keys = KeySet()
    keys.update(range(MAX_KEYS))
    keys.update(range(MAX_KEYS))
    if together:
        keys.update(range(count))
    else:
        keys.join(KeySet(range(count)))
    assert keys.everything is everything
    assert ((1 << 31) in keys) is everything
    assert len(keys.to_bytes()) == (0 if everything else 4 * MAX_KEYS)
    keys.update([1])
    assert keys.everything is everything


def test_a_set_that_is_joined_with_every_key_stands_for_every_key() -> None:
    """Whatever it knew before."""
    keys = KeySet([1])
    keys.join(EVERYTHING)
    assert keys.everything
    assert keys.hashes() is None
    assert keys.to_bytes() == b""


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (KeySet(), KeySet(), False),
        (KeySet([1, 2]), KeySet([2, 3]), True),
        (KeySet([1, 2]), KeySet([3, 4]), False),
        (KeySet([1]), KeySet(), False),
        (EVERYTHING, KeySet(), False),
        (EVERYTHING, KeySet([7]), True),
        (EVERYTHING, EVERYTHING, True),
    ],
)
def test_sets_meet_where_they_may_have_a_key_in_common(
    one: KeySet,
    other: KeySet,
    meet: bool,
) -> None:
    """Every key meets whatever is not empty."""
    assert (one.meets(other), other.meets(one)) == (meet, meet)


def test_stored_sets_are_read_in_every_release() -> None:
    """Four bytes a hash, the lowest first, each once; changing it would lose what is stored."""
    assert KeySet([258, 1, 258]).to_bytes() == b"\x01\x00\x00\x00\x02\x01\x00\x00"


@given(HASHES)
def test_a_set_survives_being_stored(hashes: list[int]) -> None:
    """Which keys it knows, not how often it was told."""
    assert KeySet.from_bytes(KeySet(hashes).to_bytes()).hashes() == frozenset(hashes)


@given(st.dictionaries(st.integers(0, SHARDS - 1), st.tuples(HASHES, st.none() | HASHES)))
def test_sets_of_all_shards_survive_being_stored(
    shards: dict[int, tuple[list[int], list[int] | None]],
) -> None:
    """With their bounds and epochs; None stands for every key."""
    sets = KeySets()
    for shard, (reads, writes) in shards.items():
        written = EVERYTHING if writes is None else KeySet(writes)
        sets[shard] = ShardKeys(
            epoch=shard,
            reads=KeySet(reads),
            highest="9",
            writes=written,
            lowest="1",
            others=written,
        )
    again = KeySets.from_text(sets.to_text())
    assert again.to_text() == sets.to_text()
    assert {
        shard: (keys.epoch, keys.highest, keys.lowest, keys.reads.hashes(), keys.others.hashes())
        for shard, keys in again.items()
    } == {
        shard: (shard, "9", "1", frozenset(reads), None if writes is None else frozenset(writes))
        for shard, (reads, writes) in shards.items()
    }


def test_what_runs_did_in_a_shard_is_joined() -> None:
    """The earliest epoch, the highest token left alone, the lowest one written."""
    one = ShardKeys(epoch=5, reads=KeySet([1]), highest="b", writes=KeySet([2]), lowest="c")
    one.join(ShardKeys(epoch=3, reads=KeySet([4]), highest="a", writes=KeySet([5]), lowest="b"))
    assert (one.epoch, one.highest, one.lowest) == (3, "b", "b")
    assert (one.reads.hashes(), one.writes.hashes()) == ({1, 4}, {2, 5})
    one.join(ShardKeys(epoch=9, others=KeySet([6])))
    assert one.others.hashes() == {6}
    one.join(ShardKeys(epoch=9))
    assert (one.epoch, one.highest, one.lowest) == (3, "b", "b")


def test_a_shard_without_writes_takes_over_the_lowest_token_of_one_that_has_some() -> None:
    """No token is not a low token."""
    keys = ShardKeys(epoch=0)
    keys.join(ShardKeys(epoch=0, writes=KeySet([1]), lowest="c"))
    assert keys.lowest == "c"


def test_shards_of_several_runs_are_joined_one_by_one() -> None:
    """Those of both, and those of either alone."""
    sets = KeySets({1: ShardKeys(epoch=1), 2: ShardKeys(epoch=2)})
    sets.join(KeySets({2: ShardKeys(epoch=1), 3: ShardKeys(epoch=3)}))
    assert {shard: keys.epoch for shard, keys in sets.items()} == {1: 1, 2: 1, 3: 3}


def test_the_lowest_token_of_the_writes_is_kept() -> None:
    """In whatever order they come."""
    keys = ShardKeys(epoch=0)
    for number, token in enumerate("bac"):
        keys.note_write(number, token)
    assert keys.lowest == "a"
    assert keys.writes.hashes() == {0, 1, 2}


@pytest.mark.parametrize(
    ("location", "shard"), [("default", 31), ("Oslo", 28), ("FBA", 33), ("Köln", 59)]
)
def test_shards_never_change(location: str, shard: int) -> None:
    """They are part of stored data."""
    assert KeyHasher().shard(location) == shard


@pytest.mark.parametrize(
    ("sku", "location", "key_hash"),
    [
        ("A", "x", 1763876706),
        ("00-7/ä", "Köln", 3306954774),
        ("x\udcff", "default", 2814452917),
    ],
)
def test_hashes_never_change(sku: str, location: str, key_hash: int) -> None:
    """Also of text that is none."""
    assert KeyHasher().hash(row(sku, location=location)) == key_hash


def test_a_hash_tells_sku_and_location_apart() -> None:
    """Where one ends and the other begins counts."""
    hasher = KeyHasher()
    assert hasher.hash(row("AB", location="C")) != hasher.hash(row("A", location="BC"))
    assert hasher.hash(row("A", location="BC")) != hasher.hash(row("CA", location="B"))


def test_rows_are_gathered_by_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one by one, also when more locations come than are remembered."""
    monkeypatch.setattr(keysets, "_CACHED_LOCATIONS", 3)
    rows = [row(f"S{number}", location=f"l{number % 7}") for number in range(200)]
    one_by_one: dict[int, list[int]] = {}
    for each in rows:
        hasher = KeyHasher()
        one_by_one.setdefault(hasher.shard(each.location), []).append(hasher.hash(each))
    assert KeyHasher().by_shard(Rows(rows)) == one_by_one


def test_every_shard_is_used() -> None:
    """Locations spread over all of them."""
    rows = [row("A", location=str(number)) for number in range(2000)]
    assert set(KeyHasher().by_shard(Rows(rows))) == set(range(SHARDS))
