"""Validation at the end of a run: who relied on an item that was written over meanwhile?

A row is left alone where an equal, older item is stored, and the item's token stays what it was.
If somebody then writes over that item with a row that is older than the one left alone, the one
left alone has to be decided again. Like transactions under optimistic concurrency control, runs
find this out by their read and write sets, whichever of the two ends later:

    reader  number of the latest write set ; reads items ...... ; publishes reads ; checks writes
    writer                ... writes items ; appends its writes ; checks the published reads

Either the writer sees the published reads, or they were published after it looked; then the reader
looks at the write sets after that and finds the writer's, unless its number is not above the one
that was read at the beginning: then its writes were there before the reader read an item.

Why the final table does not depend on order, crashes or concurrency: docs/order.md.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inventory.domain.ingestions import LEASE, touched_shards
from inventory.domain.keysets import KeySet, KeySets, ShardKeys
from inventory.domain.ports import Registration, WriteSet
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.ingestions import Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import FollowUps, Ingestions, Registry, WorkQueue

    #: Write sets because of which each version must be rechecked.
    _Rechecks = dict[ObjectVersion, set[str]]

#: How long a read set is kept. A version that is delivered for the first time later than this
#: after a newer one left its rows alone would win over it, so it outlives every redrive.
READS_RETENTION = timedelta(days=400)

#: How long a write set is kept: longer than a job or a recheck can take.
WRITES_RETENTION = timedelta(days=30)


class Validator:
    """Validates runs and jobs; all of it may be repeated.

    Args:
        registry: Read and write sets.
        ingestions: Takes the requests for rechecks, which are durable there.
        follow_ups: Have the reconcile send a recheck again whose message was lost.
        work: Takes the messages.
    """

    def __init__(
        self,
        registry: Registry,
        ingestions: Ingestions,
        follow_ups: FollowUps,
        work: WorkQueue,
    ) -> None:
        self._registry = registry
        self._ingestions = ingestions
        self._follow_ups = follow_ups
        self._work = work

    def validate(
        self, version: ObjectVersion, run: str, keys: KeySets, *, timed: bool, now: str
    ) -> int:
        """Request a recheck of every version that may have relied on what was written over.

        A run that is at work while items are deleted finds that here, too, and requests a recheck
        of its own version.

        Must run after every write is acknowledged, and before the run ends.

        Args:
            version: The object version.
            run: Name of the run or job.
            keys: Its read and write sets.
            timed: True if its rows have times of their own: then it may have left a row alone
                and written an older one of the same key afterwards.
            now: ISO 8601 time.

        Returns:
            Number of versions.
        """
        reads_expire = expiry(now, READS_RETENTION)
        writes_expire = expiry(now, WRITES_RETENTION)
        rechecks: _Rechecks = defaultdict(set)
        decided = {shard: each for shard, each in keys.items() if each.reads or each.others}
        for shard, each in decided.items():
            registration = Registration(version, run, each.highest, each.reads, each.others)
            self._registry.register(shard, registration, expires_at=reads_expire)
        for shard, each in keys.items():
            if each.writes:
                entry = WriteSet("", version.object_id, each.lowest, each.writes)
                entry = self._registry.append(shard, entry, expires_at=writes_expire)
                each.pointer = entry.pointer
                self._find_readers(shard, entry, rechecks)
        for shard, each in decided.items():
            writers = self._writers_since(shard, each, now)
            self._find_writers(writers, each, version, rechecks, timed=timed)
        for reader, pointers in rechecks.items():
            self.request(reader, pointers)
        return len(rechecks)

    def _find_readers(self, shard: int, entry: WriteSet, rechecks: _Rechecks) -> None:
        """Find other versions that relied on what a write set wrote over."""
        for reader in self._registry.registered_after(shard, entry.lowest):
            foreign = reader.version.object_id != entry.object_id
            if foreign and entry.writes.meets(reader.reads):
                rechecks[reader.version].add(entry.pointer)

    def _writers_since(self, shard: int, keys: ShardKeys, now: str) -> Iterator[WriteSet]:
        """Write sets that were appended to a shard since this version began to read."""
        if not 0 < keys.expires_at < expiry(now, LEASE):
            yield from self._registry.written_since(shard, keys.epoch)
            return
        # The latest one of that time may be gone, and its number have come again. Those that
        # were appended since are kept for so much longer that their expiry tells them apart.
        later = keys.expires_at + WRITES_RETENTION.total_seconds() / 2
        for entry in self._registry.written_since(shard, 0):
            if entry.expires_at > later:
                yield entry

    def _find_writers(
        self,
        writers: Iterator[WriteSet],
        keys: ShardKeys,
        version: ObjectVersion,
        rechecks: _Rechecks,
        *,
        timed: bool,
    ) -> None:
        """Find out who wrote over or deleted what this version has met, since it began to read."""
        for writer in writers:
            if not writer.lowest:
                if writer.writes.meets(keys.reads) or writer.writes.meets(keys.others):
                    rechecks[version].add(writer.pointer)
                continue
            foreign = writer.object_id != version.object_id
            relevant = writer.lowest < keys.highest if foreign else timed
            if relevant and writer.writes.meets(keys.reads):
                rechecks[version].add(writer.pointer)

    def abandon(
        self, version: ObjectVersion, record: Record, *, run: str, now: str, but: str = ""
    ) -> int:
        """Validate what crashed runs of a version may have written that nobody will read again.

        Args:
            version: The object version, which is refused, held or gone.
            record: Its record.
            run: Name of the run that finds this out.
            now: ISO 8601 time.
            but: `Job.reading` of the runs of which every row has been read again.

        Returns:
            Number of versions of which a recheck was requested.
        """
        keys = KeySets()
        for shard, floor in touched_shards(record, but=but).items():
            everything = KeySet(everything=True)
            keys[shard] = ShardKeys(epoch=0, writes=everything, lowest=floor)
        return self.validate(version, run, keys, timed=False, now=now)

    def deleted(self, shard: int, version: ObjectVersion, keys: KeySet, *, now: str) -> WriteSet:
        """Tell runs that are at work that items were deleted; every delete must be acknowledged.

        Args:
            shard: The shard.
            version: The withdrawn version.
            keys: Keys of the items.
            now: ISO 8601 time.
        """
        entry = WriteSet("", version.object_id, "", keys)
        return self._registry.append(shard, entry, expires_at=expiry(now, WRITES_RETENTION))

    def find_deciders(self, shard: int, entry: WriteSet, before: str) -> Iterator[Registration]:
        """Request a recheck of all that have a row of a deleted item, whatever its place.

        Those that relied on the item have a higher row; those that it was written over, or that
        were stale, have a lower one. The highest come first: then most others find their rows stale
        and write nothing, over which still others would have to decide again.

        Args:
            shard: The shard.
            entry: From `deleted`.
            before: Position of the last one that was asked; "" for none.

        Yields:
            Each that was looked at, once it is asked.
        """
        asked: set[str] = {entry.object_id}
        for one in self._registry.registered(shard, before):
            name = one.version.object_id
            if name not in asked and (
                entry.writes.meets(one.reads) or entry.writes.meets(one.others)
            ):
                self.request(one.version, {entry.pointer})
                asked.add(name)
            yield one

    def request(self, version: ObjectVersion, pointers: set[str]) -> None:
        """Request a recheck of a version because of write sets."""
        # The request in the record counts, and the message only makes it come sooner. The
        # follow-up comes after the request: the reconcile takes one away only to look at the
        # record once more, and so finds either the request or the follow-up.
        self._ingestions.request_recheck(version.object_id, pointers)
        self._follow_ups.add(version)
        self._work.send([WorkMessage(kind=Kind.RECHECK, version=version)])


def expiry(now: str, retention: timedelta) -> int:
    """Epoch seconds after which what is stored now may vanish."""
    return int((datetime.fromisoformat(now).astimezone(UTC) + retention).timestamp())
