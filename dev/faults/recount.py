"""Counts of a file as they must be when nothing fails: a second, plain way of counting.

Files are processed one after the other here. A row is compared with what is stored for its key
when its batch comes, and a key counts once a file, by its last row that was decided.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from faults.oracle import Fact, content, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Key = tuple[str, str]


class Recount:
    """Items and counts, file by file."""

    def __init__(self) -> None:
        self.items: dict[_Key, Fact] = {}
        self.outcomes: dict[str, dict[_Key, str]] = {}
        self.duplicates: Counter[str] = Counter()

    def load(self, facts: list[Fact], batch_rows: int) -> None:
        """Load a file.

        Args:
            facts: Its rows in file order, all of one version.
            batch_rows: Lines a batch.
        """
        outcomes = self.outcomes.setdefault(facts[0].object_id, {})
        for fact in _decided(facts, batch_rows):
            self._decide(fact, outcomes)
        self.duplicates[facts[0].object_id] = len(facts) - len(outcomes)

    def recheck(self, facts: Iterable[Fact], batch_rows: int) -> None:
        """Decide rows again that were left alone; what is written now counts as loaded.

        Args:
            facts: Its rows in file order, all of one version.
            batch_rows: Lines a batch.
        """
        for fact in _decided(facts, batch_rows):
            stored = self.items[_key(fact)]
            if rank(stored) < rank(fact) and content(stored) != content(fact):
                self.items[_key(fact)] = fact
                outcomes = self.outcomes[fact.object_id]
                if outcomes[_key(fact)] == "unchanged":
                    outcomes[_key(fact)] = "loaded"

    def counts(self, object_id: str) -> dict[str, int]:
        """Loaded, unchanged, stale and duplicate rows of a version."""
        tally = Counter(self.outcomes.get(object_id, {}).values())
        counts = {name: tally[name] for name in ("loaded", "unchanged", "stale")}
        return counts | {"duplicates": self.duplicates[object_id]}

    def _decide(self, fact: Fact, outcomes: dict[_Key, str]) -> None:
        key = _key(fact)
        stored = self.items.get(key)
        own = stored is not None and stored.object_id == fact.object_id
        if stored is None or (rank(stored) < rank(fact) and content(stored) != content(fact)):
            self.items[key] = fact
            outcomes[key] = "loaded"
        elif own:
            return  # an earlier line has said the same, or has a later time
        else:
            outcomes[key] = "unchanged" if rank(stored) < rank(fact) else "stale"


def _key(fact: Fact) -> _Key:
    return fact.sku, fact.location


def _decided(facts: Iterable[Fact], batch_rows: int) -> Iterator[Fact]:
    """Rows in the order in which they are decided: of each batch the last row of each key."""
    batches: dict[int, list[Fact]] = {}
    for fact in facts:
        batches.setdefault((fact.line - 2) // batch_rows, []).append(fact)
    for batch in batches.values():
        yield from {_key(fact): fact for fact in sorted(batch, key=rank)}.values()
