"""Withdrawal of an object version: the table becomes as if it had never been delivered.

The record first: once it is WITHDRAWN, no run of the version begins. When every run that has met
one of its items is over for sure, its items are found by a scan, noted, and deleted. Then whoever
has a row of a deleted item, whatever its place in the order, decides that row again: an older row
that was written over, a newer one that relied on the item. Runs that are at work meanwhile find
the deletion at their end (see `validation`).

Each step may be repeated. One attempt is at work at a time; another one goes on where it has come
to, when it has ended in order or is over for sure. Why this is right: docs/order.md.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Self

from inventory.domain.changelog import log_of
from inventory.domain.errors import OutOfTimeError, RetryableError
from inventory.domain.ingestions import LEASE, Mode, Status, began_at, run_name
from inventory.domain.jobs import job_id
from inventory.domain.keysets import KeyHasher, KeySets, ShardKeys
from inventory.domain.order import timestamp
from inventory.domain.outcome import Outcome
from inventory.domain.ports import OwnItem, WriteSet
from inventory.domain.work import Command, Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.absences import Absences
    from inventory.domain.changelog import ChangeLog
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ingestions import Record
    from inventory.domain.model import ObjectVersion
    from inventory.domain.validation import Validator
    from inventory.domain.work import Delivery

#: Seconds that must be left to go on; one page of the table or one request takes far less.
RESERVE_SECONDS = 30.0

#: Leases that must have passed since the last run of the version began before its items are
#: deleted: in the first it may write, and in the second others may still act on what was there
#: before. A request on its way would otherwise find that again once the item is deleted.
_LEASES = 2

# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_LONGEST_DELAY = timedelta(seconds=900)

#: Slots for the key hashes of what a version of a complete feed has named.
_SLOTS = 1 << 22

_MARKING_ATTEMPTS = 20
_JSON = "application/json"


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a withdrawal has come.

    Attributes:
        step: How often this was stored.
        start: Where the next page of the table begins; "" for the first.
        scanned: When the whole table was looked through and all items deleted, ISO 8601; "" before.
        implied: Items among those that others had written, because the version named them once.
        found: Items found so far.
        keys: Their keys, by shard, in the sets of what was written over.
        pending: Those of the last page, which are being deleted.
        shard: Shards below were dealt with: everybody was asked.
        pointer: The write set of this shard; "" before it is appended.
        before: Position of the last one that was asked because of it.
    """

    step: int = 0
    start: str = ""
    scanned: str = ""
    implied: int = 0
    found: int = 0
    keys: KeySets = field(default_factory=KeySets)
    pending: list[OwnItem] = field(default_factory=list)
    shard: int = 0
    pointer: str = ""
    before: str = ""

    def to_text(self) -> str:
        """Compact JSON."""
        data: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(data | {"keys": self.keys.to_text()}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """The progress whose `to_text` this is."""
        data = json.loads(text)
        data["keys"] = KeySets.from_text(data["keys"])
        data["pending"] = [OwnItem(*item) for item in data["pending"]]
        return cls(**data)


class Withdrawer:
    """Carries out deliveries of the kind WITHDRAW.

    Args:
        ports: The world.
        validator: Requests rechecks.
        absences: Lists of complete feeds.
    """

    def __init__(
        self,
        ports: IngestPorts,
        validator: Validator,
        absences: Absences,
    ) -> None:
        self._ports = ports
        self._validator = validator
        self._absences = absences

    def run(self, delivery: Delivery) -> Outcome:
        """Withdraw a version, or go on with that.

        Raises:
            RetryableError: The delivery must come again.
            ValueError: Its task is no command.
        """
        version, object_id = delivery.version, delivery.version.object_id
        nothing = Outcome(object_id=object_id, mode=Mode.NOTHING, status=None)
        run = run_name(self._ports.now(), delivery.delivery_id)
        if delivery.task is not None:
            self._mark(version, Command.from_data(delivery.task), run)
        record = self._ports.ingestions.get(object_id)
        if record is None or record.status is not Status.WITHDRAWN or not record.withdrawal:
            return nothing
        # The reconcile looks at it until it is finished, whatever becomes of this delivery.
        self._ports.follow_ups.add(version)
        now = timestamp(self._ports.now())
        moment = due(record, self._absences.drop(version, record.decided_at, now))
        if send_later(self._ports, WorkMessage(kind=Kind.WITHDRAW, version=version), moment):
            return nothing
        horizon = timestamp(self._ports.now() - LEASE)
        if not self._ports.ingestions.claim(object_id, run, horizon):
            raise RetryableError(f"{object_id}: another attempt at the withdrawal is at work")
        # Only now nobody else goes on with it: another attempt may have come further meanwhile.
        record = self._ports.ingestions.get(object_id)
        assert record is not None
        attempt = Withdrawal(
            self._ports, self._validator, self._absences, version=version, record=record, run=run
        )
        with suppress(OutOfTimeError):
            attempt.scan()
            if attempt.waits():
                return nothing
            attempt.ask()
            now = timestamp(self._ports.now())
            self._ports.ingestions.end_withdrawal(version, record, run, attempt.progress.found, now)
            return Outcome(object_id=object_id, mode=Mode.WITHDRAW, status=Status.WITHDRAWN)
        attempt.hand_on()
        return Outcome(object_id=object_id, mode=Mode.WITHDRAW, status=None)

    def _mark(self, version: ObjectVersion, command: Command, run: str) -> None:
        """Make the record WITHDRAWN, unless something else was asked for later."""
        ingestions = self._ports.ingestions
        for _ in range(_MARKING_ATTEMPTS):
            record = ingestions.get(version.object_id)
            if record is not None and record.decided_at >= command.asked_at:
                return
            if ingestions.withdraw(version, record, command, run):
                return
        raise RetryableError(f"{version.object_id}: the record keeps changing")


class Withdrawal:
    """One invocation's attempt at a withdrawal, from where the last one has come to."""

    def __init__(
        self,
        ports: IngestPorts,
        validator: Validator,
        absences: Absences,
        *,
        version: ObjectVersion,
        record: Record,
        run: str,
    ) -> None:
        self._ports = ports
        self._validator = validator
        self._absences = absences
        self._version = version
        self._run = run
        self._name = job_id(version.object_id, record.withdrawal)
        self._hasher = KeyHasher()
        self.progress = self._resumed(record.withdrawal_place)

    def _resumed(self, place: str) -> Progress:
        if not place:
            return Progress()
        key = self._key(place)
        data = self._ports.files.get(key)
        if data is None:
            raise RetryableError(f"{self._version.object_id}: {key} is not there")
        return Progress.from_text(data)

    def scan(self) -> None:
        """Delete every item of the version.

        What is going to be deleted is stored before: an attempt that dies leaves the keys, which
        nobody could find in the table any more.

        Raises:
            OutOfTimeError: The scan has to go on in another invocation.
        """
        progress, items = self.progress, self._ports.items
        if progress.pending:
            # An attempt has died that may have deleted them, long ago or not at all.
            log = self._log()
            log.may_have_changed(progress.pending)
            log.store()
        items.delete(progress.pending)
        progress.pending = []
        named = self._named() if not progress.scanned else bytearray()
        feed = self._absences.feed_of(self._version)
        while not progress.scanned:
            self._check_time()
            own, implied, progress.start = items.written_by(
                self._version, progress.start, feed=feed
            )
            implied = [item for item in implied if named[self._slot(item)]]
            progress.implied += len(implied)
            progress.pending = own + implied
            if progress.pending:
                self._note(progress.pending)
                self._store()
                log = self._log()
                log.will_delete(progress.pending)
                log.store()
                items.delete(progress.pending)
                progress.pending = []
            if not progress.start:
                progress.scanned = timestamp(self._ports.now())

    def _named(self) -> bytearray:
        """Slots of the keys that the version has named; others may share them."""
        named = bytearray(_SLOTS)
        for keys in self._absences.own_keys(self._version):
            for sku, location in keys:
                named[self._slot(OwnItem(sku, location, ""))] = 1
        return named

    def _slot(self, item: OwnItem) -> int:
        return self._hasher.hash(item) & (_SLOTS - 1)

    def waits(self) -> bool:
        """Go on later, if others may write the items again that were deleted.

        Unlike the version itself, they may do so as soon as they are asked, and no request to
        delete an item must be on its way then.
        """
        if not self.progress.implied:
            return False
        moment = datetime.fromisoformat(self.progress.scanned) + LEASE
        if moment <= self._ports.now():
            return False
        self._store()
        self._ports.ingestions.unclaim(self._version.object_id, self._run)
        return send_later(
            self._ports, WorkMessage(kind=Kind.WITHDRAW, version=self._version), moment
        )

    def _log(self) -> ChangeLog:
        return log_of(self._ports, self._version, f"{self.progress.step}#{self._run}")

    def _note(self, items: list[OwnItem]) -> None:
        for item in items:
            keys = self.progress.keys.setdefault(
                self._hasher.shard(item.location), ShardKeys(epoch=0)
            )
            keys.writes.update((self._hasher.hash(item),))
        self.progress.found += len(items)

    def ask(self) -> None:
        """Ask everybody who has a row of a deleted item, whichever attempt has deleted it.

        Raises:
            OutOfTimeError: That has to go on in another invocation.
        """
        progress, version = self.progress, self._version
        for shard, keys in sorted(progress.keys.items()):
            if shard < progress.shard:
                continue
            self._check_time()
            entry = WriteSet(progress.pointer, version.object_id, "", keys.writes)
            if not progress.pointer:
                now = timestamp(self._ports.now())
                entry = self._validator.deleted(shard, version, keys.writes, now=now)
            progress.shard, progress.pointer = shard, entry.pointer
            for one in self._validator.find_deciders(shard, entry, progress.before):
                progress.before = one.position
                self._check_time()
            progress.shard, progress.pointer, progress.before = shard + 1, "", ""
        self._absences.dropped(version)

    def hand_on(self) -> None:
        """Have another invocation go on."""
        self._store()
        self._ports.ingestions.unclaim(self._version.object_id, self._run)
        self._ports.work.send([WorkMessage(kind=Kind.WITHDRAW, version=self._version)])

    def _store(self) -> None:
        # Each time under another name: a request that arrives late replaces nothing.
        self.progress.step += 1
        place = f"{self.progress.step:09d}#{self._run}"
        self._ports.files.put(
            self._key(place), self.progress.to_text().encode(), content_type=_JSON
        )
        if not self._ports.ingestions.note_withdrawal(self._version.object_id, self._run, place):
            raise RetryableError(f"{self._version.object_id}: another attempt is at work")

    def _key(self, place: str) -> str:
        return f"parts/{self._name}/{place.partition('#')[0]}-{job_id(self._name, place)}.json"

    def _check_time(self) -> None:
        if self._ports.deadline.left() < RESERVE_SECONDS:
            raise OutOfTimeError(f"{self._version.object_id}: no time left to go on")


def due(record: Record, dropped_at: str = "") -> datetime | None:
    """When a withdrawal may go on, or else a finished one may be taken back; None for at once.

    A restored version writes its items again, which a request to delete them must not meet.

    Args:
        record: A record that is WITHDRAWN.
        dropped_at: When its list was dropped, ISO 8601: others who have read it before are waited
            for as well; "" for none.
    """
    leases = _LEASES if record.withdrawal else 1
    waits = [(run, leases) for run in (record.last_run, *record.open_runs)]
    waits.append((record.withdrawing, 1))
    times = [began_at(run) + each * LEASE for run, each in waits if run]
    if dropped_at:
        times.append(datetime.fromisoformat(dropped_at) + _LEASES * LEASE)
    return max(times, default=None)


def send_later(ports: IngestPorts, message: WorkMessage, moment: datetime | None) -> bool:
    """Have a message come once its time has come, unless it has.

    Args:
        ports: The world.
        message: The message.
        moment: When it may be acted on; None for at once.

    Returns:
        Whether its time has not come.
    """
    now = ports.now()
    if moment is None or moment <= now:
        return False
    delay = min(moment - now, _LONGEST_DELAY)
    ports.work.send([message], delay_seconds=ceil(delay.total_seconds()))
    return True
