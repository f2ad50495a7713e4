"""Rows into the table: read, decide and write under a condition, batch by batch."""

from __future__ import annotations

from itertools import compress
from operator import attrgetter, not_
from typing import TYPE_CHECKING

from inventory.domain.decide import Decision, decide
from inventory.domain.errors import OutOfTimeError
from inventory.domain.fingerprints import hashes_of
from inventory.domain.ingestions import touch_note
from inventory.domain.keysets import KeyHasher, KeySets, ShardKeys, by_shard
from inventory.domain.model import Rows
from inventory.domain.order import ceiling, line_of, time_of
from inventory.domain.ports import Change
from inventory.domain.seen import contradict, mark_of, marks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from inventory.domain.changelog import ChangeLog
    from inventory.domain.fingerprints import Notes, Promises
    from inventory.domain.model import Counts, ObjectVersion, Row
    from inventory.domain.order import Tokens
    from inventory.domain.ports import Deadline, Ingestions, ItemStore, Registry, Stored
    from inventory.domain.seen import SeenKeys

#: Seconds that must be left to begin another batch; requests of one batch take far less.
RESERVE_SECONDS = 10.0

#: Lengths to which a time is cut to get a floor below many times: a month, a year, all. Finer ones
#: would be too many: workers note them in one record, each for all shards.
_FLOOR_LENGTHS = (7, 4, 0)

#: Text that sorts before every token; a key condition may not compare with an empty text.
_LOWEST_FLOOR = "0"

#: Drifted items that are counted in one segment.
_MOST_DRIFTED = 100_000

_key = attrgetter("sku", "location")
_row_of_change = attrgetter("row")
_key_of_change = attrgetter("row.sku", "row.location")


class RowWriter:
    """Writes the rows of one run.

    Args:
        items: The items table.
        registry: Read and write sets of the shards.
        ingestions: Takes notes of the shards that are written to.
        deadline: Seconds left.
        version: The object version.
        tokens: Its tokens.
        reading: See `Job.reading`.
        floors: What runs of this reading have noted before, by shard, see `touched_shards`.
        recovering: See `Admission.recovering`.
        only: Hashes of the keys that are decided; None for every row.
        first_line: First line of the segment: items with tokens of earlier lines of the same
            version are rows that earlier segments have counted.
        counts: Counted into.
        seen: Keys of the rows so far.
        now: The time, for `written_at`.
        changes: Takes what is written over.
        promises: What is known of items that are not read yet; None for nothing.
        notes: Takes the fingerprints of the rows; None where nobody wants them.

    Attributes:
        keys: Read and write sets so far.
        written: Items written so far.
        timed: True if rows had times of their own so far.
        known: Rows so far whose items were not read.
        drifted: Shards and key hashes of items that were not what was promised.
        changes: As given.
        promises: As given.
        notes: As given.
    """

    def __init__(
        self,
        *,
        items: ItemStore,
        registry: Registry,
        ingestions: Ingestions,
        deadline: Deadline,
        version: ObjectVersion,
        tokens: Tokens,
        reading: str,
        floors: Mapping[int, str],
        recovering: bool,
        only: Collection[int] | None,
        first_line: int,
        counts: Counts,
        seen: SeenKeys,
        now: Callable[[], str],
        changes: ChangeLog,
        promises: Promises | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._items = items
        self._registry = registry
        self._ingestions = ingestions
        self._deadline = deadline
        self._version = version
        self._tokens = tokens
        self._reading = reading
        self._recovering = recovering
        self._only = only
        self._first_line = first_line
        self._counts = counts
        self._seen = seen
        self._now = now
        self.changes = changes
        self.promises = promises
        self.notes = notes
        self._promised: set[tuple[str, str]] = set()
        self._hasher = KeyHasher()
        self._ceiling = ceiling(tokens.base)
        self._floors = dict(floors)
        self.keys = KeySets()
        self.written = 0
        self.timed = False
        self.known = 0
        self.drifted: set[tuple[int, int]] = set()

    def write(self, rows: Rows) -> None:
        """Bring one batch into the table and count every row.

        Batches of a file must come one after the other: a later row of a key may only be read
        once the earlier one is written.

        Raises:
            RetryableError: The table did not answer, or no time is left.
        """
        if self._only is not None:
            only = self._only
            _, key_hashes = self._hasher.each(rows)
            rows = rows.where(map(only.__contains__, key_hashes))
        rows = self._last_of_each_key(rows)
        if not rows:
            return
        self._read_epochs(rows.locations)
        if self.promises is not None:
            rows = self._leave_promised(rows, self.promises)
        pending = list(rows)
        attempted: set[tuple[str, str]] = set()
        while pending:
            self.check_time()
            pending = self._settle(pending, attempted)

    def check_time(self) -> None:
        """Refuse to go on when the invocation is about to end.

        Raises:
            OutOfTimeError: It is.
        """
        if self._deadline.left() < RESERVE_SECONDS:
            raise OutOfTimeError(f"{self._version.object_id}: no time left for another batch")

    def _last_of_each_key(self, rows: Rows) -> Rows:
        """The row with the highest token of each key; the others are duplicates."""
        if not self.timed:
            self.timed = any(rows.times)
        if not self.timed and len(set(rows.keys)) == len(rows):
            return rows
        each = list(rows)
        if self.timed:
            of = self._tokens.of
            # Sorted by token, the last row of a key is the one with its highest token.
            each.sort(key=lambda row: of(row.line, row.updated_at))
        last = dict(zip(map(_key, each), each, strict=True))
        if len(last) < len(each):
            self._counts.duplicates += len(each) - len(last)
            self._count_conflicts(each, last)
        return Rows(last.values())

    def _count_conflicts(self, rows: Iterable[Row], last: Mapping[tuple[str, str], Row]) -> None:
        """Compare each row that a later one of its key supersedes with the next one.

        The first of a key is compared with what earlier batches had of it, and the last one when
        it is settled.
        """
        seen, before = self._seen, self._seen.conflicts
        marks: dict[tuple[str, str], int] = {}
        for row in rows:
            key, mark = _key(row), mark_of(row.quantity, row.updated_at)
            key_hash = hash(key)
            outcome = seen.outcome(key_hash)
            if not outcome:
                self._counts.conflicting += contradict(marks.get(key, mark), mark)
                marks[key] = mark
            elif row is not last[key]:
                seen.swap_all((key_hash,), outcome, (mark,))
        self._counts.conflicting += seen.conflicts - before

    def _read_epochs(self, locations: Iterable[str]) -> None:
        """Before an item of a shard is read, find out which write sets it has."""
        for location in set(locations):
            shard = self._hasher.shard(location)
            if shard not in self.keys:
                epoch = self._registry.epoch(shard)
                self.keys[shard] = ShardKeys(epoch=epoch.number, expires_at=epoch.expires_at)
                if self.promises is not None:
                    self.promises.open_shard(shard, epoch, self._registry)

    def _leave_promised(self, rows: Rows, promises: Promises) -> Rows:
        """Settle rows of whose items it is known that they are equal and older; give the others.

        It is as if each had been read when the producer of the promise read it.
        """
        hashes, (shards, key_hashes) = hashes_of(rows), self._hasher.each(rows)
        held = promises.hold(hashes, shards, key_hashes)
        if not promises.trusted:
            self._promised = set(compress(rows.keys, held))
            return rows
        tokens: Iterable[str] = ()
        if self.timed:
            places = compress(rows.lines, held), compress(rows.times, held)
            tokens = map(self._tokens.of, *places)
        self._rely_on(by_shard(compress(shards, held), compress(key_hashes, held)), tokens)
        if self.notes is not None:
            self.notes.saw(compress(hashes, held))
        outcomes = dict.fromkeys(Decision, 0)
        keys = list(compress(map(hash, rows.keys), held))
        marks = compress(marks_of(rows), held)
        self._take_over_keys(keys, marks, Decision.UNCHANGED, outcomes)
        self._count(outcomes)
        self.known += len(keys)
        return rows.where(map(not_, held))

    def _rely_on(self, key_hashes: dict[int, list[int]], tokens: Iterable[str] = ()) -> None:
        """Note that rows were left alone whose items are older than they are.

        Args:
            key_hashes: Theirs, by shard.
            tokens: Theirs, where rows have times of their own.
        """
        highest = max(self._ceiling, max(tokens, default=""))
        for shard, hashes in key_hashes.items():
            keys = self.keys[shard]
            keys.reads.update(hashes)
            keys.highest = max(keys.highest, highest)

    def _settle(self, pending: Sequence[Row], attempted: set[tuple[str, str]]) -> list[Row]:
        """One round of read, decide, write; returns what somebody else changed in between."""
        stored: Sequence[Stored | None] = self._items.read(pending)
        outcomes = dict.fromkeys(Decision, 0)
        if not (self.timed or self._recovering):
            pending, stored = self._leave_equal(pending, stored, outcomes)
        for shard, hashes in self._hasher.by_shard(Rows(pending)).items():
            self.keys[shard].others.update(hashes)
        changes: list[Change] = []
        settled: dict[Decision, list[Row]] = {decision: [] for decision in Decision}
        for row, old in zip(pending, stored, strict=True):
            token = self._tokens.of(row.line, row.updated_at)
            if old is None:
                changes.append(Change(row, token, None))
                continue
            decision = self._decide(row, token, old, ambiguous=_key(row) in attempted)
            if decision is Decision.WRITE:
                changes.append(Change(row, token, old))
            else:
                settled[decision].append(row)
        self._saw(Rows(settled[Decision.UNCHANGED]))
        if self._promised:
            self._note_drift(change.row for change in changes)
        refused = self._write(changes, settled[Decision.LOADED])
        attempted.update(map(_key_of_change, refused))
        for decision, rows in settled.items():
            if rows:
                self._take_over(Rows(rows), decision, outcomes)
        self._count(outcomes)
        return [change.row for change in refused]

    def _count(self, outcomes: dict[Decision, int]) -> None:
        counts = self._counts
        counts.loaded += outcomes[Decision.LOADED]
        counts.unchanged += outcomes[Decision.UNCHANGED]
        counts.stale += outcomes[Decision.STALE]
        counts.duplicates += outcomes[Decision.DUPLICATE]

    def _note_drift(self, rows: Iterable[Row]) -> None:
        """Note items that would have been left as they are, had the promise been trusted."""
        drifted = Rows(row for row in rows if _key(row) in self._promised)
        if len(self.drifted) < _MOST_DRIFTED:
            self.drifted.update(zip(*self._hasher.each(drifted), strict=True))

    def _saw(self, rows: Rows) -> None:
        """Leave the fingerprints of rows whose items hold what they say."""
        if self.notes is not None and rows:
            self.notes.saw(hashes_of(rows))

    def _wrote(self, key_hashes: Sequence[int]) -> None:
        """Know that what was seen of these items is not true any more."""
        if self.notes is not None:
            self.notes.wrote(key_hashes)
        if self.promises is not None:
            self.promises.distrust(key_hashes)

    def _leave_equal(
        self,
        pending: Sequence[Row],
        stored: Sequence[Stored | None],
        outcomes: dict[Decision, int],
    ) -> tuple[Sequence[Row], Sequence[Stored | None]]:
        """Settle the rows whose item is equal and older than the whole file; gives the others.

        `decide` would say the same of each, and they are most rows of most files.
        """
        base = self._tokens.base
        equal = [old is not None and old.equal and old.token < base for old in stored]
        alone = Rows(compress(pending, equal))
        self._rely_on(self._hasher.by_shard(alone))
        self._saw(alone)
        self._take_over(alone, Decision.UNCHANGED, outcomes)
        others = list(map(not_, equal))
        return list(compress(pending, others)), list(compress(stored, others))

    def _decide(self, row: Row, token: str, old: Stored, *, ambiguous: bool) -> Decision:
        """Decide about a row for whose key an item is stored, and note what follows from it."""
        own = self._tokens.is_own(old.token)
        decision = decide(token, old.token, equal=old.equal, own=own)
        keys = self.keys[self._hasher.shard(row.location)]
        if decision is Decision.UNCHANGED:
            keys.reads.update((self._hasher.hash(row),))
            keys.highest = max(keys.highest, token)
        if own and self._recovering:
            # A crashed run may have written it and left no write set.
            keys.note_write(self._hasher.hash(row), min(old.token, token))
            self.changes.may_have_changed((row,))
        elif decision is Decision.LOADED and ambiguous:
            keys.note_write(self._hasher.hash(row), token)
            self.changes.may_have_changed((row,))
            self.written += 1
        if own:
            if self._promised:
                self._note_drift((row,))  # another attempt has found it other, and written it
            self._wrote((self._hasher.hash(row),))
            self._remember(row, old)
            if decision is Decision.UNCHANGED:
                return Decision.LOADED  # by an earlier row of the file
        return decision

    def _write(self, changes: Sequence[Change], loaded: list[Row]) -> list[Change]:
        """Write what is to be written.

        Args:
            changes: The writes.
            loaded: Takes the rows that were written.

        Returns:
            The changes whose condition failed.
        """
        if not changes:
            return []
        self._touch([change for change in changes if change.stored is not None])
        now = self._now()
        refused = self._items.write(changes, version=self._version, written_at=now)
        if refused:
            failed = set(map(_key_of_change, refused))
            changes = [change for change in changes if _key_of_change(change) not in failed]
        self.changes.wrote(changes, now)
        self.written += len(changes)
        loaded += map(_row_of_change, changes)
        self._note_writes([change for change in changes if change.stored is not None])
        self._saw(Rows(change.row for change in changes if change.stored is None))
        return refused

    def _note_writes(self, changes: Sequence[Change]) -> None:
        """Note what was written over; nobody can have relied on an item that was not stored."""
        shard_of = self._hasher.shard
        for row, token, _ in changes:
            keys = self.keys[shard_of(row.location)]
            if not keys.lowest or token < keys.lowest:
                keys.lowest = token
        rows = Rows(change.row for change in changes)
        for shard, hashes in self._hasher.by_shard(rows).items():
            self.keys[shard].writes.update(hashes)
            self._wrote(hashes)

    def _remember(self, row: Row, old: Stored) -> None:
        """Know of an earlier row of the key which an earlier segment has counted as loaded."""
        key_hash = hash(_key(row))
        # An implied row, of line 0, is none of the file's.
        if 0 < line_of(old.token) < self._first_line and not self._seen.outcome(key_hash):
            same_time = time_of(old.token) == time_of(self._tokens.of(row.line, row.updated_at))
            mark = mark_of(old.quantity, row.updated_at) if same_time and old.quantity else 0
            self._seen.swap_all((key_hash,), Decision.LOADED, (mark,))

    def close(self) -> None:
        """Give back the memory for keys; no rows come any more, but rejects may take as much."""
        del self._seen

    def _touch(self, changes: Sequence[Change]) -> None:
        """Before items are written over, note in which shards, for `Validator.abandon`."""
        notes = []
        for row, token, _ in changes:
            shard = self._hasher.shard(row.location)
            floor = self._floors.get(shard)
            if floor is None or token < floor:
                floor = self._floor(token, floor)
                self._floors[shard] = floor
                notes.append(touch_note(shard, floor, self._reading))
        if notes:
            self._ingestions.touch(self._version.object_id, set(notes))

    def _floor(self, token: str, before: str | None) -> str:
        """Text below a token, and so far below that few are ever needed."""
        if token >= self._tokens.base:
            return self._tokens.base
        narrower = len(before) if before is not None else len(self._tokens.base)
        length = next((length for length in _FLOOR_LENGTHS if length < narrower), 0)
        return token[:length] or _LOWEST_FLOOR

    def _take_over(self, rows: Rows, decision: Decision, outcomes: dict[Decision, int]) -> None:
        """Count rows; a later one of a key turns the outcome of the earlier into a duplicate."""
        self._take_over_keys(list(map(hash, rows.keys)), marks_of(rows), decision, outcomes)

    def _take_over_keys(
        self,
        key_hashes: Sequence[int],
        marks: Iterable[int],
        decision: Decision,
        outcomes: dict[Decision, int],
    ) -> None:
        outcomes[decision] += len(key_hashes)
        seen, conflicts = self._seen, self._seen.conflicts
        if decision is Decision.DUPLICATE:
            for key_hash, mark in zip(key_hashes, marks, strict=True):
                # It takes over no outcome; what it said is compared with the later row.
                if seen.outcome(key_hash) in (0, Decision.DUPLICATE):
                    seen.swap_all((key_hash,), decision, (mark,))
        else:
            for earlier in seen.swap_all(key_hashes, decision, marks):
                outcomes[Decision(earlier)] -= 1
                outcomes[Decision.DUPLICATE] += 1
        self._counts.conflicting += seen.conflicts - conflicts
