"""Sets of the item keys a run relied on or overwrote, for validation (see `validation`).

In the words of optimistic concurrency control: the *read set* holds the keys of rows that were
left alone because an equal, older item was stored; the *write set* the keys of items that the run
wrote over. Sets are kept by shard, a fixed share of the locations.

Source: H. T. Kung and J. T. Robinson, "On Optimistic Methods for Concurrency Control", 1981.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inventory.domain.model import Row, Rows
    from inventory.domain.ports import OwnItem

#: Number of shards; changing it makes earlier registrations unfindable.
SHARDS = 64

#: Keys of a set at most; a larger one stands for every key. At four bytes a key, a set takes
#: 80 KB of an item, whose limit is 400 KB.
MAX_KEYS = 20_000

_SETS = ("reads", "writes", "others")
_CACHED_LOCATIONS = 65_536
_SEPARATOR = b"\x1f"


class KeySet:
    """A set of item keys as 32-bit hashes: it may know too many keys, never too few.

    Attributes:
        everything: True if it stands for every key, because it grew too large.
    """

    __slots__ = ("_hashes", "everything")

    def __init__(self, hashes: Iterable[int] = (), *, everything: bool = False) -> None:
        self._hashes = array("I", hashes)
        self.everything = everything

    def __bool__(self) -> bool:
        return self.everything or bool(self._hashes)

    def __contains__(self, key_hash: int) -> bool:
        return self.everything or key_hash in self._hashes

    def update(self, hashes: Iterable[int]) -> None:
        """Know more keys."""
        if self.everything:
            return
        self._hashes.extend(hashes)
        if len(self._hashes) > MAX_KEYS:
            self._hashes = array("I", set(self._hashes))
            if len(self._hashes) > MAX_KEYS:
                self.everything = True
                self._hashes = array("I")

    def join(self, other: KeySet) -> None:
        """Know all keys of another set."""
        if other.everything:
            self.everything = True
            self._hashes = array("I")
        else:
            self.update(other._hashes)

    def meets(self, other: KeySet) -> bool:
        """Tell whether both sets may have a key in common."""
        if self.everything or other.everything:
            return bool(self) and bool(other)
        return not set(self._hashes).isdisjoint(other._hashes)

    def hashes(self) -> frozenset[int] | None:
        """The keys' hashes; None for every key."""
        return None if self.everything else frozenset(self._hashes)

    def to_bytes(self) -> bytes:
        """The hashes, four bytes each in little-endian order; none for every key."""
        return array("I", sorted(set(self._hashes))).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, everything: bool = False) -> Self:
        """The set whose `to_bytes` this is."""
        keys = cls(everything=everything)
        keys._hashes.frombytes(data)
        return keys


@dataclass(kw_only=True, slots=True)
class ShardKeys:
    """Reads and writes of one run, or of all runs of a job, in one shard.

    Attributes:
        epoch: Number of the latest write set of the shard before the first item was read.
        expires_at: Until when no number comes again, see `ports.Epoch`.
        reads: Keys of the rows left alone.
        highest: A token not lower than theirs.
        writes: Keys of the items written over.
        lowest: The lowest token they were written with.
        others: Keys of the rows that were not left alone: whoever deletes an item asks for them,
            too.
        pointer: Of the write set that was appended, see `ports.WriteSet`; "" before.
    """

    epoch: int
    reads: KeySet = field(default_factory=KeySet)
    highest: str = ""
    writes: KeySet = field(default_factory=KeySet)
    lowest: str = ""
    others: KeySet = field(default_factory=KeySet)
    expires_at: int = 0
    pointer: str = ""

    def join(self, other: ShardKeys) -> None:
        """Take over what another run of the same job did in the shard."""
        self.epoch = min(self.epoch, other.epoch)
        self.expires_at = min(filter(None, (self.expires_at, other.expires_at)), default=0)
        self.reads.join(other.reads)
        self.highest = max(self.highest, other.highest)
        self.writes.join(other.writes)
        self.lowest = min(filter(None, (self.lowest, other.lowest)), default="")
        self.others.join(other.others)

    def note_write(self, key_hash: int, token: str) -> None:
        """Note that an item was written over with this token."""
        self.writes.update((key_hash,))
        if not self.lowest or token < self.lowest:
            self.lowest = token


class KeySets(dict[int, ShardKeys]):
    """Reads and writes of a run or a job, by shard."""

    def join(self, other: KeySets) -> None:
        """Take over what another run of the same job did."""
        for shard, keys in other.items():
            if shard in self:
                self[shard].join(keys)
            else:
                self[shard] = keys

    def to_text(self) -> str:
        """Compact JSON."""
        return json.dumps(
            {
                shard: {
                    "epoch": keys.epoch,
                    "expires_at": keys.expires_at,
                    "reads": _set_to_data(keys.reads),
                    "highest": keys.highest,
                    "writes": _set_to_data(keys.writes),
                    "lowest": keys.lowest,
                    "others": _set_to_data(keys.others),
                }
                for shard, keys in sorted(self.items())
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """The sets whose `to_text` this is."""
        sets = cls()
        for shard, data in json.loads(text).items():
            data |= {name: _set_from_data(data[name]) for name in _SETS}
            sets[int(shard)] = ShardKeys(**data)
        return sets


def joined(sets: Iterable[KeySets]) -> KeySets:
    """Reads and writes of several runs of a job."""
    all_of_them = KeySets()
    for each in sets:
        all_of_them.join(each)
    return all_of_them


def _set_to_data(keys: KeySet) -> Any:  # noqa: ANN401  JSON
    return True if keys.everything else b64encode(keys.to_bytes()).decode()


def _set_from_data(data: Any) -> KeySet:  # noqa: ANN401  JSON
    return KeySet(everything=True) if data is True else KeySet.from_bytes(b64decode(data))


class KeyHasher:
    """Shards and key hashes of rows, the same on every machine and in every release."""

    __slots__ = ("_locations",)

    def __init__(self) -> None:
        self._locations: dict[str, tuple[int, int]] = {}

    def shard(self, location: str) -> int:
        """Shard of a location."""
        return self._of(location)[0]

    def hash(self, row: Row | OwnItem) -> int:
        """Hash of a row's or an item's key."""
        return crc32(row.sku.encode("utf-8", "surrogatepass"), self._of(row.location)[1])

    def each(self, rows: Rows) -> tuple[list[int], list[int]]:
        """Shard of each row, and its key hash."""
        places = {location: self._of(location) for location in set(rows.locations)}
        shards = {location: shard for location, (shard, _) in places.items()}
        starts = {location: start for location, (_, start) in places.items()}
        return (
            list(map(shards.__getitem__, rows.locations)),
            list(map(crc32, encoded(rows.skus), map(starts.__getitem__, rows.locations))),
        )

    def by_shard(self, rows: Rows) -> dict[int, list[int]]:
        """Key hashes of rows, by shard."""
        return by_shard(*self.each(rows))

    def _of(self, location: str) -> tuple[int, int]:
        known = self._locations.get(location)
        if known is None:
            if len(self._locations) >= _CACHED_LOCATIONS:
                self._locations.clear()
            start = crc32(location.encode("utf-8", "surrogatepass"))
            known = start % SHARDS, crc32(_SEPARATOR, start)
            self._locations[location] = known
        return known


def by_shard(shards: Iterable[int], key_hashes: Iterable[int]) -> dict[int, list[int]]:
    """Key hashes by shard.

    Args:
        shards: Shard of each row.
        key_hashes: Key hash of each.
    """
    found: dict[int, list[int]] = defaultdict(list)
    for shard, key_hash in zip(shards, key_hashes, strict=True):
        found[shard].append(key_hash)
    return found


def encoded(texts: Sequence[str]) -> Sequence[bytes]:
    """Texts in UTF-8, each by itself; all at once takes half the time of one by one."""
    joined = "\n".join(texts).encode("utf-8", "surrogatepass").split(b"\n")
    if len(joined) != len(texts):
        return [text.encode("utf-8", "surrogatepass") for text in texts]
    return joined
