"""Counts of a file as they must be when nothing fails: a second, plain way of counting.

Files are processed one after the other here. A row is compared with what is stored for its key
when its batch comes, and a key counts once a file, by its last row that was decided.

Two things nobody knows without keeping more than the pipeline does, and docs/feeds.md says so. A
recheck moves as many rows from `unchanged` to `loaded` as it writes, whatever its keys counted as,
which rows with times of their own can tell apart. And a row whose item is known by its fingerprint
to be equal is `unchanged`, although a row of the same time may stand there that comes after it.
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
        self.rechecked: Counter[str] = Counter()

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

    def recheck(self, facts: list[Fact], batch_rows: int) -> None:
        """Decide rows again that were left alone; as many count as loaded as are written now.

        Args:
            facts: Its rows in file order, all of one version.
            batch_rows: Lines a batch.
        """
        written = 0
        for fact in _decided(facts, batch_rows):
            stored = self.items[_key(fact)]
            if rank(stored) < rank(fact) and content(stored) != content(fact):
                self.items[_key(fact)] = fact
                written += 1
        if written and self._tally(facts[0].object_id)["unchanged"] >= written:
            self.rechecked[facts[0].object_id] += written

    def agrees(self, object_id: str, counts: dict[str, int], *, fingerprints: bool) -> bool:
        """Tell whether the counts of a record are right.

        Args:
            object_id: Object version.
            counts: Its loaded, unchanged, stale and duplicate rows.
            fingerprints: True if items may have been known by them.
        """
        tally = self._tally(object_id)
        known = counts["unchanged"] - tally["unchanged"]
        most = tally["stale, the same"] if fingerprints else 0
        return 0 <= known <= most and counts == {
            "loaded": tally["loaded"],
            "unchanged": tally["unchanged"] + known,
            "stale": tally["stale"] + tally["stale, the same"] - known,
            "duplicates": self.duplicates[object_id],
        }

    def _tally(self, object_id: str) -> Counter[str]:
        tally = Counter(self.outcomes.get(object_id, {}).values())
        tally["loaded"] += self.rechecked[object_id]
        tally["unchanged"] -= self.rechecked[object_id]
        return tally

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
            same = content(stored) == content(fact) and rank(stored)[0] == rank(fact)[0]
            stale = "stale, the same" if same else "stale"
            outcomes[key] = "unchanged" if rank(stored) < rank(fact) else stale


def _key(fact: Fact) -> _Key:
    return fact.sku, fact.location


def _decided(facts: Iterable[Fact], batch_rows: int) -> Iterator[Fact]:
    """Rows in the order in which they are decided: of each batch the last row of each key."""
    batches: dict[int, list[Fact]] = {}
    for fact in facts:
        batches.setdefault((fact.line - 2) // batch_rows, []).append(fact)
    for batch in batches.values():
        yield from {_key(fact): fact for fact in sorted(batch, key=rank)}.values()
