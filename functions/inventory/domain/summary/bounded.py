"""Collections that stay small while millions of items pass, whatever their order."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from inventory.domain.summary.model import StockGroup

if TYPE_CHECKING:
    from _typeshed import SupportsDunderLT

EntryT = TypeVar("EntryT", bound="SupportsDunderLT[Any]")


class Smallest(Generic[EntryT]):
    """The smallest of all entries offered.

    A heap would compare in Python per entry; sorting a short buffer now and then is done in C.

    Args:
        limit: Number of entries kept.

    Attributes:
        offered: Number of entries offered in all.
    """

    __slots__ = ("_buffer_size", "_cutoff", "_entries", "_limit", "offered")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer_size = 2 * limit + 64
        self._entries: list[EntryT] = []
        self._cutoff: EntryT | None = None
        self.offered = 0

    def offer(self, entry: EntryT) -> None:
        """Take the entry if it may be among the smallest."""
        self.offered += 1
        if self._cutoff is None or entry < self._cutoff:
            self._entries.append(entry)
            if len(self._entries) >= self._buffer_size:
                self._trim()

    def smallest(self) -> list[EntryT]:
        """Return the smallest entries in ascending order."""
        self._trim()
        return list(self._entries)

    def _trim(self) -> None:
        self._entries.sort()
        if len(self._entries) > self._limit:
            del self._entries[self._limit :]
            self._cutoff = self._entries[-1]


class Groups:
    """Stock figures by name for a bounded number of names; all others share one group.

    The names that come first in the alphabet are kept. A name that is dropped never returns, so the
    kept ones are complete, and neither they nor the rest depend on the order of arrival.

    Args:
        limit: Number of names kept.

    Attributes:
        named: Figures by name.
        other: Figures of all names beyond the limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: list[str] = []
        self.named: dict[str, StockGroup] = {}
        self.other = StockGroup()

    def add(self, name: str, group: StockGroup) -> None:
        """Add a group's figures to those of a name."""
        if name not in self.named and (len(self._names) < self._limit or name < self._names[-1]):
            self.named[name] = StockGroup()
            insort(self._names, name)
            if len(self._names) > self._limit:
                self.other.merge(self.named.pop(self._names.pop()))
        self.named.get(name, self.other).merge(group)
