"""The keys that a run has met in its file, in a bounded amount of memory."""

from __future__ import annotations

from array import array
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inventory.domain.model import Rows

#: Most slots; a power of two. 2**20 slots of 16 bytes remember the keys of some 700,000 rows.
MOST_SLOTS = 1 << 20

_FIRST_SLOTS = 1 << 10
#: In few steps, because to move keys costs time; but not in one: where the slots of a small file
#: fit a processor's cache, they are found sooner.
_GROWTH = 1 << 5
_FULL = 0.7  # beyond this share of used slots, open addressing becomes slow
_TAG = 0xFFFFFFFFFFFFFFF8
_OUTCOME = 7
_LOW = 0xFFFFFFFF


class SeenKeys:
    """Latest outcome of each key of a file, so that earlier rows can be counted as duplicates.

    Open addressing over one array: the upper bits of the key's hash and the outcome share a slot.
    When its last size is full it forgets everything; beyond that the stored token decides, which
    is right for the table and only less exact for the counts.

    Beside each slot stands what the key's latest row said (`mark_of`), which tells conflicts.

    Args:
        most_slots: Number of slots at which it forgets instead of growing, a power of two.

    Attributes:
        conflicts: Rows so far whose mark contradicts that of the row after them.
    """

    __slots__ = ("_limit", "_marks", "_mask", "_most", "_slots", "_used", "conflicts")

    def __init__(self, most_slots: int = MOST_SLOTS) -> None:
        self._most = most_slots
        self.conflicts = 0
        self._make(min(_FIRST_SLOTS, most_slots))

    def _make(self, slots: int) -> None:
        self._slots = _zeros(slots)
        self._marks = _zeros(slots)
        self._mask = slots - 1
        self._limit = int(slots * _FULL)
        self._used = 0

    def _forget(self) -> None:
        # In place: new slots would be as much memory again while somebody still holds the old ones.
        self._used = 0
        some = min(_FIRST_SLOTS, self._most)
        zeros = _zeros(some)
        for at in range(0, len(self._slots), some):
            self._slots[at : at + some] = zeros

    def outcome(self, key_hash: int) -> int:
        """Outcome of a key so far; 0 when there is none.

        Args:
            key_hash: `hash((sku, location))`.
        """
        tag = key_hash & _TAG
        index = (key_hash >> 3) & self._mask
        while (entry := self._slots[index]) and entry & _TAG != tag:
            index = (index + 1) & self._mask
        return entry & _OUTCOME

    def swap_all(
        self, key_hashes: Iterable[int], outcome: int, row_marks: Iterable[int] = repeat(0)
    ) -> list[int]:
        """Set the outcome of several keys and get those before, where there are any.

        Args:
            key_hashes: `hash((sku, location))` of each.
            outcome: 1 to 7.
            row_marks: `mark_of` of each; 0 where it is not known.
        """
        earlier = []
        slots, mask, marks, used, limit = self._open()
        for key_hash, mark in zip(key_hashes, row_marks, strict=False):
            tag = key_hash & _TAG
            index = (key_hash >> 3) & mask
            while (entry := slots[index]) and entry & _TAG != tag:
                index = (index + 1) & mask
            slots[index] = tag | outcome
            before, marks[index] = marks[index], mark
            if entry:
                earlier.append(entry & _OUTCOME)
                self.conflicts += bool(before and mark) and contradict(before, mark)
                continue
            used += 1
            if used > limit:
                self._grow()
                slots, mask, marks, used, limit = self._open()
        self._used = used
        return earlier

    def _open(self) -> tuple[array[int], int, array[int], int, int]:
        """The slots for local variables, which are faster than attributes."""
        return self._slots, self._mask, self._marks, self._used, self._limit

    def _grow(self) -> None:
        if len(self._slots) >= self._most:
            self._forget()
            return
        slots, marks = self._slots, self._marks
        self._make(min(len(slots) * _GROWTH, self._most))
        for entry, mark in zip(slots, marks, strict=True):
            if entry:
                index = (entry >> 3) & self._mask
                while self._slots[index]:
                    index = (index + 1) & self._mask
                self._slots[index] = entry
                self._marks[index] = mark
                self._used += 1


def mark_of(quantity: str, updated_at: str | None) -> int:
    """64 bits of what a row says: 32 of its quantity, 32 of its own time."""
    return (hash(quantity) & _LOW) << 32 | hash(updated_at) & _LOW


def marks_of(rows: Rows) -> list[int]:
    """`mark_of` of each row, without a call for each."""
    pairs = zip(map(hash, rows.quantities), map(hash, rows.times), strict=True)
    return [(quantity & _LOW) << 32 | time & _LOW for quantity, time in pairs]


def contradict(mark: int, other: int) -> bool:
    """Tell whether two rows have different quantities, and neither a later time."""
    return mark != other and not (mark ^ other) & _LOW


def _zeros(slots: int) -> array[int]:
    return array("Q", (0,)) * slots
