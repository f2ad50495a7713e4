"""Which keys a run has met in its file, in a fixed amount of memory."""

from __future__ import annotations

from array import array

#: Slots; a power of two. 2**20 slots of 8 bytes hold the keys of some 700,000 rows.
SLOTS = 1 << 20

_OUTCOME_BITS = 7
_FULL = 0.7  # beyond this share of used slots, open addressing becomes slow


class SeenKeys:
    """Latest outcome of each key of a file, so that earlier rows can be counted as duplicates.

    Open addressing over one array: the upper bits of the key's hash and the outcome share a slot.
    When it is full it forgets everything; beyond it the stored token decides, which is right for
    the table and only less exact for the counts (`unchanged` instead of `duplicates`).

    Args:
        slots: Number of slots, a power of two.
    """

    __slots__ = ("_limit", "_mask", "_slots", "_used", "forgot")

    def __init__(self, slots: int = SLOTS) -> None:
        self._mask = slots - 1
        self._limit = int(slots * _FULL)
        self._slots = array("Q", bytes(8 * slots))
        self._used = 0
        self.forgot = False

    def swap(self, key_hash: int, outcome: int) -> int:
        """Set the outcome of a key and get the one before.

        Args:
            key_hash: `hash((sku, location))`.
            outcome: 1 to 7.

        Returns:
            The earlier outcome of the key in this file, 0 when there is none.
        """
        slots = self._slots
        mask = self._mask
        tag = key_hash & 0xFFFFFFFFFFFFFFF8
        index = (key_hash >> 3) & mask
        while entry := slots[index]:
            if entry & 0xFFFFFFFFFFFFFFF8 == tag:
                slots[index] = tag | outcome
                return entry & _OUTCOME_BITS
            index = (index + 1) & mask
        slots[index] = tag | outcome
        self._used += 1
        if self._used > self._limit:
            self._slots = array("Q", bytes(8 * (mask + 1)))
            self._used = 0
            self.forgot = True
        return 0
