"""Rows into the table: register, read, decide, write, and look back for those who skipped.

Why the final table does not depend on order, crashes or concurrency: docs/adr/0002.
"""

from __future__ import annotations

from datetime import datetime
from itertools import compress
from operator import itemgetter, not_
from typing import TYPE_CHECKING

from inventory.domain.decide import Decision, decide
from inventory.domain.errors import OutOfTimeError
from inventory.domain.lanes import RETENTION_SECONDS, LaneIndex
from inventory.domain.order import TIME_LENGTH
from inventory.domain.ports import Change
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.domain.chunks.trace import PartTrace
    from inventory.domain.ledger import Admission
    from inventory.domain.model import Counts, ObjectVersion, Row
    from inventory.domain.order import Tokens
    from inventory.domain.ports import Deadline, ItemStore, Lanes, Stored, WorkQueue
    from inventory.domain.seen import SeenKeys

#: Seconds that must be left to begin another batch; requests of one batch take far less.
RESERVE_SECONDS = 10.0

_KEY = itemgetter(1, 2)
_UPDATED_AT = itemgetter(10)


class RowWriter:
    """Writes the rows of one run.

    Args:
        items: The items table.
        lanes: Announcements.
        deadline: Seconds left.
        admission: What the run may do.
        tokens: Tokens of the object version.
        counts: Counted into.
        seen: Keys of the file so far.
        now: The time, for `written_at`.
        part: Kept for the other parts, where the rows are one part of a file.
    """

    def __init__(
        self,
        *,
        items: ItemStore,
        lanes: Lanes,
        deadline: Deadline,
        admission: Admission,
        tokens: Tokens,
        counts: Counts,
        seen: SeenKeys,
        now: Callable[[], str],
        part: PartTrace | None = None,
    ) -> None:
        self._items = items
        self._lanes = lanes
        self._deadline = deadline
        self._version = admission.version
        self._thorough = admission.thorough
        self._expires_at = _epoch(admission.now) + RETENTION_SECONDS
        self._tokens = tokens
        self._counts = counts
        self._seen = seen
        self._now = now
        self._part = part
        self._lane_of = LaneIndex().of
        self._announced: dict[str, str] = {}
        self._lowest: dict[str, str] = {}
        self._highest_skipped = ""
        self._timed = False
        self._times_unknown = False
        self._overtaken = False
        self.written = 0

    @property
    def timed(self) -> bool:
        """Whether rows had times of their own so far."""
        return self._timed

    def write(self, rows: Sequence[Row]) -> None:
        """Bring one batch into the table and count every row.

        Batches of a file must come one after the other: a later row of a key may only be read
        once the earlier one is written.

        Raises:
            RetryableError: The table did not answer, or no time is left.
        """
        pending: Sequence[Row] = self._winners(rows)
        if not pending:
            return
        self._announce(pending)
        attempted: set[tuple[str, str]] = set()
        while pending:
            self.check_time()
            pending = self._settle(pending, attempted)

    def look_back(self, queue: WorkQueue) -> int:
        """Send every version again that may have relied on an item this run overwrote.

        Must run after every write is acknowledged: only then does a version that this does not
        find announce itself too late to have read the older item.

        Returns:
            Number of versions sent.
        """
        again: dict[str, ObjectVersion] = {}
        own = self._version.object_id
        for lane, token in self._lowest.items():
            for version in self._lanes.announced_after(lane, token):
                if version.object_id != own:
                    again[version.object_id] = version
        if self._overtaken:
            again[own] = self._version
        if again:
            queue.send([WorkMessage(kind=Kind.RECHECK, version=v) for v in again.values()])
        return len(again)

    def check_time(self) -> None:
        """Refuse to go on when the invocation is about to end.

        Raises:
            OutOfTimeError: It is.
        """
        if self._deadline.left() < RESERVE_SECONDS:
            raise OutOfTimeError(f"{self._version.object_id}: no time left for another batch")

    def _winners(self, rows: Sequence[Row]) -> list[Row]:
        """The row with the highest token of each key."""
        of = self._tokens.of
        if not self._timed and any(map(_UPDATED_AT, rows)):
            self._timed = True
            self._times_unknown = self._counts.loaded + self._counts.unchanged > 0
            self._highest_skipped = self._tokens.bound(of(0, None))
        if not self._timed:
            # Without times the last line of a key has its highest token.
            last = dict(zip(map(_KEY, rows), rows, strict=True))
            self._counts.duplicates += len(rows) - len(last)
            return list(last.values())
        winners: dict[tuple[str, str], tuple[Row, str]] = {}
        for row in rows:
            key, token = (row[1], row[2]), of(row[0], row[10])
            if key in winners and token < winners[key][1]:
                continue
            if self._seen.newest(hash(key), token[:TIME_LENGTH]):
                winners[key] = (row, token)
        self._counts.duplicates += len(rows) - len(winners)
        return [row for row, _ in winners.values()]

    def _announce(self, pending: Sequence[Row]) -> None:
        """Announce, before anything is read, up to which token rows may be skipped."""
        lane_of = self._lane_of
        of = self._tokens.of
        highest: dict[str, str] = {}
        if self._timed:
            for row in pending:
                lane, token = lane_of(row[2]), of(row[0], row[10])
                if token > highest.get(lane, ""):
                    highest[lane] = token
        else:
            token = of(pending[0][0], None)
            highest = {lane_of(location): token for location in {row[2] for row in pending}}
        for lane, token in highest.items():
            bound = self._tokens.bound(token)
            if bound > self._announced.get(lane, ""):
                self._lanes.announce(lane, bound, self._version, expires_at=self._expires_at)
                self._announced[lane] = bound

    def _settle(self, pending: Sequence[Row], attempted: set[tuple[str, str]]) -> list[Row]:
        """One round of read, decide, write; returns what somebody else changed in between."""
        stored: Sequence[Stored | None] = self._items.read(pending)
        of, mine = self._tokens.of, self._tokens.mine
        part = self._part
        settled: dict[Decision, list[Row]] = {decision: [] for decision in Decision}
        if part is None and not self._timed:
            pending, stored = self._skip_equal(pending, stored, settled)
        changes: list[Change] = []
        for row, old in zip(pending, stored, strict=True):
            token = of(row[0], row[10])
            if old is None:
                changes.append(Change(row, token, None))
                continue
            old_token, equal = old[0], old[1]
            own = mine(old_token)
            if own and equal and part is not None:
                equal = part.may_rely_on(old_token, timed=self._timed)
            decision = decide(token, old_token, equal=equal, mine=own)
            if decision is Decision.WRITE:
                changes.append(Change(row, token, old))
                continue
            if decision is Decision.UNCHANGED and self._timed:
                self._highest_skipped = max(self._highest_skipped, token)
            elif decision is Decision.LOADED:
                ambiguous = (row[1], row[2]) in attempted
                if ambiguous or self._thorough:
                    self._note_written(row[2], token)
                self.written += ambiguous
            if part is not None:
                part.skips += decision is Decision.UNCHANGED
                if own and self._thorough:
                    # An earlier run of this part may have written it and left no trace.
                    part.overtook.add(row[1], row[2])
            settled[decision].append(row)
        refused: list[Change] = []
        outcomes: dict[int, int] = dict.fromkeys(Decision, 0)
        if changes:
            refused = self._items.write(changes, version=self._version, written_at=self._now())
            self._count_written(changes, refused, settled, outcomes)
            attempted.update((change.row[1], change.row[2]) for change in refused)
        for decision, rows in settled.items():
            self._take_over(rows, decision, outcomes)
        counts = self._counts
        counts.loaded += outcomes[Decision.LOADED]
        counts.unchanged += outcomes[Decision.UNCHANGED]
        counts.stale += outcomes[Decision.STALE]
        counts.duplicates += outcomes[Decision.DUPLICATE]
        return [change.row for change in refused]

    def _skip_equal(
        self,
        pending: Sequence[Row],
        stored: Sequence[Stored | None],
        settled: dict[Decision, list[Row]],
    ) -> tuple[Sequence[Row], Sequence[Stored | None]]:
        """Settle the rows whose item is equal and older than the whole file; gives the others.

        `decide` would say the same of each, and they are most rows of most files.
        """
        base = self._tokens.base
        equal = [old is not None and old[1] and old[0] < base for old in stored]
        settled[Decision.UNCHANGED] += compress(pending, equal)
        others = list(map(not_, equal))
        return list(compress(pending, others)), list(compress(stored, others))

    def _count_written(
        self,
        changes: Sequence[Change],
        refused: Sequence[Change],
        settled: dict[Decision, list[Row]],
        outcomes: dict[int, int],
    ) -> None:
        failed = {(change.row[1], change.row[2]) for change in refused}
        for row, token, old in changes:
            if failed and (row[1], row[2]) in failed:
                continue
            if old is not None:
                # Nobody can have skipped a row for which nothing was stored.
                self._note_written(row[2], token)
            self.written += 1
            part = self._part
            if part is not None and old is not None:
                if self._tokens.mine(old[0]):
                    self._count_over_own(part, row, outcomes)
                    continue
                part.over_foreign += 1
                part.overtook.add(row[1], row[2])
            settled[Decision.LOADED].append(row)

    def _count_over_own(self, part: PartTrace, row: Row, outcomes: dict[int, int]) -> None:
        """Count a row written over one of its own file.

        Of two such rows one is loaded and one is a duplicate. Where the earlier one is another
        part's, which has counted it as loaded, this one is the duplicate: so no part has to
        know what another one has counted.
        """
        key = hash((row[1], row[2]))
        earlier = self._seen.swap(key, Decision.LOADED)
        outcomes[Decision.DUPLICATE] += 1
        if earlier in {Decision.LOADED, Decision.UNCHANGED, Decision.STALE}:
            outcomes[earlier] -= 1
            outcomes[Decision.LOADED] += 1
            return
        self._seen.swap(key, Decision.DUPLICATE)
        if not earlier:
            part.over_own += 1

    def _note_written(self, location: str, token: str) -> None:
        lane = self._lane_of(location)
        lowest = self._lowest.get(lane)
        if lowest is None or token < lowest:
            self._lowest[lane] = token
        if self._timed and token < self._highest_skipped:
            # Only when a row of this very key was skipped would it have to win now, and as long
            # as every key is remembered, `_winners` has kept such a row away.
            self._overtaken = self._overtaken or self._times_unknown or self._seen.forgot

    def _take_over(self, rows: Sequence[Row], decision: Decision, outcomes: dict[int, int]) -> None:
        """Count rows; a later one of a key turns the outcome of the earlier into a duplicate."""
        outcomes[decision] += len(rows)
        if decision is Decision.DUPLICATE:
            return
        for earlier in self._seen.swap_all(map(hash, map(_KEY, rows)), decision):
            outcomes[earlier] -= 1
            outcomes[Decision.DUPLICATE] += 1


def _epoch(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
