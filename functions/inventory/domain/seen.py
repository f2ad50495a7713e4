"""The keys that a run has met in its file, in a bounded amount of memory."""

from __future__ import annotations

from array import array
from itertools import repeat
from mmap import mmap
from operator import and_, or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inventory.domain.model import Rows

#: Most slots; a power of two. 2**20 slots of 16 bytes remember the keys of some 700,000 rows.
MOST_SLOTS = 1 << 20

#: Of so many slots' keys, the dictionary may hold one. It takes the memory of seven slots there,
#: and is still there while the arrays are filled from it.
_SLOTS_FOR_A_KEY = 32
_FULL = 0.7  # beyond this share of used slots, open addressing becomes slow
#: Bits of the outcome, and those of a mark that are of a time and of a quantity.
_OUTCOME, _TIME, _QUANTITY = 7, 0x7FFFFFFF, 0xFFFFFFF8
_PIECE = 1 << 10


class SeenKeys:
    """Latest outcome of each key of a file, so that earlier rows can be counted as duplicates.

    A dictionary holds the keys of a file of ordinary size. Those of a larger one move to two arrays
    with open addressing, which take less memory and more time. When these are full all keys are
    forgotten; beyond that the stored token decides, which is right for the table and only less
    exact for the counts.

    Beside each outcome stands what the key's latest row said (`mark_of`), which tells conflicts.

    Args:
        most_slots: Slots of each array, a power of two.

    Attributes:
        conflicts: Rows so far whose mark contradicts that of the row after them.
    """

    __slots__ = ("_few", "_size", "_slots", "_used", "_values", "conflicts")

    def __init__(self, most_slots: int = MOST_SLOTS) -> None:
        self.conflicts = 0
        self._size = most_slots
        self._few: dict[int, int] = {}
        self._slots = self._values = _zeros(0)
        self._used = 0

    def outcome(self, key_hash: int) -> int:
        """Outcome of a key so far; 0 when there is none.

        Args:
            key_hash: `hash((sku, location))`.
        """
        if not self._slots:
            return self._few.get(key_hash, 0) & _OUTCOME
        slots, values, last = self._slots, self._values, len(self._slots) - 1
        at = key_hash & last
        while (value := values[at]) and slots[at] != key_hash:
            at = (at + 1) & last
        return value & _OUTCOME

    def swap_all(
        self, key_hashes: Sequence[int], outcome: int, marks: Iterable[int] = repeat(0)
    ) -> list[int]:
        """Set the outcome of several keys and get those before, where there are any.

        Args:
            key_hashes: `hash((sku, location))` of each; none comes twice.
            outcome: 1 to 7.
            marks: `mark_of` of each; 0 where it is not known.
        """
        values = map(or_, marks, repeat(outcome))
        if not self._slots:
            most = self._size // _SLOTS_FOR_A_KEY
            if len(self._few) + len(key_hashes) <= most:
                return self._swap_few(dict(zip(key_hashes, values, strict=False)))
            self._slots, self._values = _zeros(self._size), _zeros(self._size)
            few, self._few = self._few, {}
            self._swap_many(few.items())
        return self._swap_many(zip(key_hashes, values, strict=False))

    def _swap_few(self, values: dict[int, int]) -> list[int]:
        few = self._few
        earlier = []
        if not few.keys().isdisjoint(values):
            for key_hash, value in values.items():
                if before := few.get(key_hash):
                    earlier.append(before & _OUTCOME)
                    self._compare(before, value)
        few.update(values)
        return earlier

    def _swap_many(self, pairs: Iterable[tuple[int, int]]) -> list[int]:
        earlier = []
        slots, values, last, used = self._slots, self._values, len(self._slots) - 1, self._used
        limit = int(len(slots) * _FULL)
        for key_hash, value in pairs:
            at = key_hash & last
            while (before := values[at]) and slots[at] != key_hash:
                at = (at + 1) & last
            slots[at], values[at] = key_hash, value
            if before:
                earlier.append(before & _OUTCOME)
                self._compare(before, value)
                continue
            used += 1
            if used > limit:
                self._forget()
                used = 0
        self._used = used
        return earlier

    def _compare(self, before: int, value: int) -> None:
        mark, other = before & ~_OUTCOME, value & ~_OUTCOME
        self.conflicts += bool(mark and other) and contradict(mark, other)

    def _forget(self) -> None:
        # In place and by the piece: arrays of this size twice would be too much memory.
        zeros = array("q", (0,)) * min(_PIECE, len(self._slots))
        for at in range(0, len(self._slots), len(zeros)):
            self._values[at : at + len(zeros)] = zeros


def mark_of(quantity: str, updated_at: str | None) -> int:
    """What a row says, in 60 bits: 31 of its own time, if it has one, and 29 of its quantity.

    The last three bits are 0.
    """
    time = hash(updated_at) & _TIME if updated_at else 0
    return time << 32 | hash(quantity) & _QUANTITY


def marks_of(rows: Rows) -> list[int]:
    """`mark_of` of each row, without a call for each where none has a time of its own."""
    if any(rows.times):
        return list(map(mark_of, rows.quantities, rows.times))
    return list(map(and_, map(hash, rows.quantities), repeat(_QUANTITY)))


def contradict(mark: int, other: int) -> bool:
    """Tell whether two rows have different quantities, and neither a later time."""
    return mark != other and mark >> 32 == other >> 32


def _zeros(slots: int) -> memoryview[int]:
    """An array of its own pages, which are the system's again with the file that filled them.

    Once malloc has freed so large a block it takes the next one from the heap, which keeps it.
    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html (M_MMAP_THRESHOLD)
    """
    return memoryview(mmap(-1, slots * 8) if slots else b"").cast("q")
