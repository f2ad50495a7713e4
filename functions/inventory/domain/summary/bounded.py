"""Collections that stay small while a million items pass, whatever their order."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Generic, Protocol, Self, TypeVar


class Comparable(Protocol):
    """A value with an order."""

    def __lt__(self, other: Self, /) -> bool:
        """Whether this value comes first."""


class Mergeable(Protocol):
    """A running total that can take in another one."""

    def merge(self, other: Self, /) -> None:
        """Add the other's figures to these."""


EntryT = TypeVar("EntryT", bound=Comparable)
GroupT = TypeVar("GroupT", bound=Mergeable)


class Smallest(Generic[EntryT]):
    """Keeps the smallest entries of everything offered; the result does not depend on the order.

    A heap would compare in Python per entry; sorting a short buffer now and then is done in C.

    Args:
        limit: How many entries are kept at least and returned at most.

    Attributes:
        offered: How many entries were offered in all.
        cutoff: Entries at or above this one cannot be among the smallest; None while all can.
    """

    __slots__ = ("_entries", "_limit", "_room", "cutoff", "offered")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._room = 2 * limit + 64
        self._entries: list[EntryT] = []
        self.offered = 0
        self.cutoff: EntryT | None = None

    def offer(self, entry: EntryT) -> None:
        """Take the entry if it may be among the smallest."""
        self.offered += 1
        if self.cutoff is None or entry < self.cutoff:
            self._entries.append(entry)
            if len(self._entries) >= self._room:
                self._trim()

    def smallest(self) -> list[EntryT]:
        """The smallest entries in ascending order."""
        self._trim()
        return list(self._entries)

    def _trim(self) -> None:
        self._entries.sort()
        if len(self._entries) > self._limit:
            del self._entries[self._limit :]
            self.cutoff = self._entries[-1]


class Groups(Generic[GroupT]):
    """Running totals by name for a bounded number of names; the rest share one total.

    The names that come first in the alphabet are kept. A name that is dropped never returns, so the
    kept ones are complete, and neither they nor the rest depend on the order of arrival.

    Args:
        limit: How many names are kept.

    Attributes:
        named: Totals by name.
        other: Total of all names beyond the limit; None while there are none.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: list[str] = []
        self.named: dict[str, GroupT] = {}
        self.other: GroupT | None = None

    def add(self, name: str, group: GroupT) -> None:
        """Add figures to a name; the given group becomes ours.

        Args:
            name: Whose figures these are.
            group: The figures.
        """
        known = self.named.get(name)
        if known is not None:
            known.merge(group)
        elif len(self._names) < self._limit:
            insort(self._names, name)
            self.named[name] = group
        elif name < self._names[-1]:
            last = self._names.pop()
            self._add_other(self.named.pop(last))
            self._names.insert(bisect_left(self._names, name), name)
            self.named[name] = group
        else:
            self._add_other(group)

    def _add_other(self, group: GroupT) -> None:
        if self.other is None:
            self.other = group
        else:
            self.other.merge(group)
