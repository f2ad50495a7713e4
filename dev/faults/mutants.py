"""Ingests with one rule taken out; the campaign must go red on every one of them.

The first four are the designs that peers use. A mutant replaces functions of the real modules
while a schedule runs, so everything around the missing rule is the shipped code.
"""
# ruff: noqa: SLF001, ANN401  mutants replace private functions, whose arguments they pass through

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from faults.dynamodb import parsed
from faults.fakes import INGESTIONS, ITEMS, LANES
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_notes import DynamoDbFollowUps, DynamoDbListings
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_statements import Statements
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain import decide, fingerprints, ingestions, order, reconcile, withdrawal
from inventory.domain.absences import Absences, KeyNotes, Listing
from inventory.domain.decide import Decision
from inventory.domain.fingerprints import Notes, Promises
from inventory.domain.finishing import Finisher
from inventory.domain.ingest import Ingest
from inventory.domain.ingestions import Mode, Status, asked_by
from inventory.domain.keysets import KeySet, KeySets, ShardKeys
from inventory.domain.model import Rows
from inventory.domain.ports import Epoch, Registration, WriteSet
from inventory.domain.reconcile import Reconcile, Reconciliation
from inventory.domain.seen import SeenKeys
from inventory.domain.segments import SegmentProcessor
from inventory.domain.validation import Validator
from inventory.domain.withdrawal import Progress, Withdrawal
from inventory.domain.work import Command, Kind
from inventory.domain.writing import RowWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from inventory.domain.ingestions import Admission, Record, RunReport
    from inventory.domain.model import Row
    from inventory.domain.ports import Change, Stored

Patch = tuple[object, str, Any]

_LATER = 4_000_000_000  # seconds after the epoch: nothing expires


@dataclass(frozen=True, slots=True)
class Mutant:
    """An ingest without one rule.

    Attributes:
        name: What it does instead.
        part: Part of the campaign that it is hunted in.
        patches: Fresh replacements for one schedule: owner, attribute, replacement.
    """

    name: str
    part: str
    patches: Callable[[], Sequence[Patch]]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The mutant instead of the ingest."""
        with ExitStack() as stack:
            for owner, attribute, replacement in self.patches():
                target = import_module(owner) if isinstance(owner, str) else owner
                stack.enter_context(patch.object(target, attribute, replacement))
            yield


# Designs of peers


def _put_all(
    self: DynamoDbItems, changes: Sequence[Change], *, version: Any, written_at: str
) -> list[Change]:
    """BatchWriteItem, which knows no conditions."""
    requests = []
    blank = [change._replace(stored=None) for change in changes]
    for text in self._statements.of(blank, version, written_at):
        statement = json.loads(text)
        names = [part.split("'")[1] for part in statement["Statement"].split("{")[1].split(",")]
        item = dict(zip(names, statement["Parameters"], strict=True))
        requests.append({"PutRequest": {"Item": item}})
    for at in range(0, len(requests), 25):
        self._api.call("BatchWriteItem", {"RequestItems": {ITEMS: requests[at : at + 25]}})
    return []


def _read_nothing(_: DynamoDbItems, rows: Sequence[Row]) -> list[Stored | None]:
    return [None] * len(rows)


def _blind() -> Sequence[Patch]:
    return [(DynamoDbItems, "write", _put_all), (DynamoDbItems, "read", _read_nothing)]


def _gate_per_object() -> Sequence[Patch]:
    """Remember the last base of each key; older files are skipped."""
    gates: dict[str, str] = {}
    load = Ingest._load

    def gated(self: Ingest, admission: Admission, described: Any, outcome: Any) -> Any:
        key = admission.version.key
        if admission.base < gates.get(key, ""):
            with patch.object(DynamoDbItems, "write", lambda *_, **__: []):
                return load(self, admission, described, outcome)
        gates[key] = admission.base
        return load(self, admission, described, outcome)

    return [*_blind(), (Ingest, "_load", gated)]


def _no_validation() -> Sequence[Patch]:
    return [(Validator, "validate", lambda *_, **__: 0)]


def _inconsistent(operations: set[str], table: str, partition: str = "") -> Sequence[Patch]:
    """Reads that are not asked to be consistent."""
    call = DynamoDbApi.call

    def careless(self: DynamoDbApi, operation: str, payload: Any) -> Any:
        if operation in operations:
            payload = json.loads(json.dumps(parsed(payload)))
            request = payload.get("RequestItems", {}).get(table, payload)
            about = request is not payload or payload.get("TableName") == table
            if about and partition in json.dumps(payload):
                request["ConsistentRead"] = False
        return call(self, operation, payload)

    return [(DynamoDbApi, "call", careless)]


def _eventually_consistent_items() -> Sequence[Patch]:
    return _inconsistent({"BatchGetItem"}, ITEMS)


def _eventually_consistent_reads() -> Sequence[Patch]:
    return _inconsistent({"Query"}, LANES, "#reads")


def _eventually_consistent_writes() -> Sequence[Patch]:
    return _inconsistent({"Query"}, LANES, "#writes")


def _eventually_consistent_jobs() -> Sequence[Patch]:
    return _inconsistent({"Query", "GetItem"}, LANES, "job#")


def _eventually_consistent_records() -> Sequence[Patch]:
    return _inconsistent({"GetItem"}, INGESTIONS)


# Writes of rows


def _update_unconditionally() -> Sequence[Patch]:
    """UPDATE without the token that was read."""
    statements = Statements.of
    condition = ' AND "order_token"=?'

    def shorter(self: Statements, *arguments: Any) -> list[str]:
        made = [json.loads(text) for text in statements(self, *arguments)]
        for one in made:
            if condition in one["Statement"]:
                one["Statement"] = one["Statement"].replace(condition, "")
                one["Parameters"].pop()
        return [json.dumps(one) for one in made]

    return [(Statements, "of", shorter)]


def _success_is_200() -> Sequence[Patch]:
    """Take HTTP 200 for the success of every statement."""

    def write_once(self: DynamoDbItems, pairs: list[Any]) -> tuple[list[Change], float]:
        statements = [json.loads(statement) for _, statement in pairs]
        self._api.call("BatchExecuteStatement", {"Statements": statements})
        return [], 0.0

    return [(DynamoDbItems, "_write_statements", write_once)]


def _keep_old_attributes() -> Sequence[Patch]:
    """UPDATE that leaves attributes the new row lacks."""
    update = Statements._update

    def keeping(self: Statements, shape: int, _: Any, *, has_token: bool) -> str:
        return update(self, shape, frozenset(), has_token=has_token)

    return [(Statements, "_update", keeping)]


def _first_row_wins() -> Sequence[Patch]:
    """Of the rows of one key in a batch, keep the first."""
    last = RowWriter._last_of_each_key

    def first(self: RowWriter, rows: Rows) -> Any:
        return last(self, Rows(reversed(list(rows))))

    return [(RowWriter, "_last_of_each_key", first)]


def _unsorted_times() -> Sequence[Patch]:
    """Keep the last row of a key in a batch, whatever its time."""
    last = RowWriter._last_of_each_key

    def unsorted(self: RowWriter, rows: Rows) -> Any:
        kept = last(self, rows)
        return Rows(dict(zip(rows.keys, rows, strict=True)).values()) if kept else kept

    return [(RowWriter, "_last_of_each_key", unsorted)]


def _skip_unlooked() -> Sequence[Patch]:
    """Take every older item for equal to its row."""
    leave = RowWriter._leave_equal

    def unlooked(self: RowWriter, pending: Any, stored: Sequence[Stored | None], *rest: Any) -> Any:
        return leave(self, pending, [old and old._replace(equal=True) for old in stored], *rest)

    return [(RowWriter, "_leave_equal", unlooked)]


def _equal_tokens_are_loaded() -> Sequence[Patch]:
    """Believe a token: an item with the row's own token has its content."""
    shipped = decide.decide

    def trusting(token: str, stored_token: str | None, **known: Any) -> Any:
        if stored_token == token:
            return decide.Decision.LOADED
        return shipped(token, stored_token, **known)

    return [("inventory.domain.writing", "decide", trusting)]


def _no_tie_breaker() -> Sequence[Patch]:
    return [(order, "object_hash", lambda _object_id: "00000000")]


def _processing_time() -> Sequence[Patch]:
    """Order by the time of processing."""
    describe = Ingest._describe

    def described(self: Ingest, version: Any) -> Any:
        found = describe(self, version)
        now = order.timestamp(self._ports.now())
        found.base = found.base and order.base_of(now, version.sequencer)
        return found

    return [(Ingest, "_describe", described)]


def _read_latest() -> Sequence[Patch]:
    """GET without the version id."""
    load = Ingest._load

    def latest(self: Ingest, admission: Admission, *rest: Any) -> Any:
        objects: Any = self._ports.objects
        source, key = objects.source, admission.version.key
        stored = [one.version for one in objects._world.objects.stored if one.version.key == key]
        with patch.object(objects, "source", lambda _: source(stored[-1])):
            return load(self, admission, *rest)

    return [(Ingest, "_load", latest)]


# Read and write sets


def _ambiguous_forgotten() -> Sequence[Patch]:
    """Do not note a write whose answer was lost."""
    shipped = RowWriter._decide

    def forgetting(self: RowWriter, row: Row, token: str, old: Stored, *, ambiguous: bool) -> Any:
        assert ambiguous in (True, False)
        return shipped(self, row, token, old, ambiguous=False)

    return [(RowWriter, "_decide", forgetting)]


def _epoch_after_items() -> Sequence[Patch]:
    """Read a shard's latest number after its items instead of before."""
    shipped, read = RowWriter._read_epochs, DynamoDbItems.read
    waiting: dict[int, tuple[RowWriter, Any]] = {}

    def later(self: RowWriter, locations: Any) -> None:
        waiting[id(self._items)] = self, locations

    def reading(self: DynamoDbItems, rows: Any) -> Any:
        stored = read(self, rows)
        if id(self) in waiting:
            shipped(*waiting.pop(id(self)))
        return stored

    return [(RowWriter, "_read_epochs", later), (DynamoDbItems, "read", reading)]


@dataclass(frozen=True, slots=True)
class _Validation:
    """The steps of a validation, for one shard each."""

    validator: Any
    version: Any
    run: str
    timed: bool
    rechecks: Any

    def publish(self, shard: int, keys: ShardKeys) -> None:
        if keys.reads:
            registration = Registration(
                self.version, self.run, keys.highest, keys.reads, keys.others
            )
            self.validator._registry.register(shard, registration, expires_at=_LATER)

    def append(self, shard: int, keys: ShardKeys) -> Any:
        if not keys.writes:
            return None
        entry = WriteSet("", self.version.object_id, keys.lowest, keys.writes)
        return self.validator._registry.append(shard, entry, expires_at=_LATER)

    def append_and_look_up(self, shard: int, keys: ShardKeys) -> None:
        if (entry := self.append(shard, keys)) is not None:
            self.validator._find_readers(shard, entry, self.rechecks)

    def look_up_and_append(self, shard: int, keys: ShardKeys) -> None:
        found: Any = defaultdict(set)
        entry = WriteSet("", self.version.object_id, keys.lowest, keys.writes)
        if keys.writes:
            self.validator._find_readers(shard, entry, found)
        entry = self.append(shard, keys)
        for reader in found:
            self.rechecks[reader].add(entry.pointer)

    def check(self, shard: int, keys: ShardKeys) -> None:
        if keys.reads:
            find = self.validator._find_writers
            find(shard, keys, self.version, self.rechecks, timed=self.timed)


def _validated(*steps: str) -> Sequence[Patch]:
    """The steps of a validation in another order."""

    def validate(self: Any, version: Any, run: str, keys: Any, *, timed: bool, now: str) -> int:
        assert now
        validation = _Validation(self, version, run, timed, defaultdict(set))
        for step in steps:
            for shard, each in keys.items():
                getattr(validation, step)(shard, each)
        for reader, pointers in validation.rechecks.items():
            self._request(reader, pointers)
        return len(validation.rechecks)

    return [(Validator, "validate", validate)]


def _check_before_publishing() -> Sequence[Patch]:
    return _validated("append_and_look_up", "check", "publish")


def _look_up_before_appending() -> Sequence[Patch]:
    return _validated("publish", "look_up_and_append", "check")


def _no_look_forward() -> Sequence[Patch]:
    return [(Validator, "_find_readers", lambda *_: None)]


def _no_look_at_oneself() -> Sequence[Patch]:
    return [(Validator, "_find_writers", lambda *_, **__: None)]


def _own_writes_ignored() -> Sequence[Patch]:
    """Rows with times of their own: do not compare a file's reads with its own writes."""
    find = Validator._find_writers

    def foreign(self: Validator, *arguments: Any, timed: bool) -> None:
        assert timed in (True, False)
        find(self, *arguments, timed=False)

    return [(Validator, "_find_writers", foreign)]


def _joined(name: str, join: Callable[[Any, Any], Any]) -> Sequence[Patch]:
    """Reports of a job joined in another way."""
    shipped = ShardKeys.join

    def joined(self: ShardKeys, other: ShardKeys) -> None:
        value = join(getattr(self, name), getattr(other, name))
        if isinstance(value, KeySet):
            value = KeySet.from_bytes(value.to_bytes(), everything=value.everything)
        shipped(self, other)
        setattr(self, name, value)

    return [(ShardKeys, "join", joined)]


def _last_lowest() -> Sequence[Patch]:
    return _joined("lowest", max)


def _last_epoch() -> Sequence[Patch]:
    return _joined("epoch", max)


def _last_reads() -> Sequence[Patch]:
    return _joined("reads", lambda _, other: other)


def _last_writes() -> Sequence[Patch]:
    return _joined("writes", lambda _, other: other)


def _lower_ceiling() -> Sequence[Patch]:
    """Publish reads under the file's base instead of above all its rows."""
    return [("inventory.domain.writing", "ceiling", lambda base: base)]


# Runs that crash


def _forget_dead_runs() -> Sequence[Patch]:
    """Do not look after rows that a dead run wrote."""
    admit = ingestions.admit

    def careless(*arguments: Any, **named: Any) -> Admission:
        return replace(admit(*arguments, **named), recovering=False)

    return [("inventory.domain.ingest", "admit", careless)]


def _believe_completed() -> Sequence[Patch]:
    """Answer every delivery of a completed version, whoever died on it."""
    mode, record = ingestions._mode, "inventory.adapters.dynamodb_ingestions"
    shipped = import_module(record)._record

    def believing(found: Record, kind: Kind, base: str, *, recovering: bool) -> Mode:
        completed = found.status is Status.COMPLETED
        return mode(found, kind, base, recovering=recovering and not completed)

    def terminal(item: Any) -> Record:
        found: Record = shipped(item)
        completed = found.status is Status.COMPLETED
        return replace(found, open_runs=frozenset()) if completed else found

    return [(ingestions, "_mode", believing), (record, "_record", terminal)]


def _expired(names: Callable[[Admission], frozenset[str]]) -> Sequence[Patch]:
    admit = ingestions.admit

    def dropping(*arguments: Any, **named: Any) -> Admission:
        admission = admit(*arguments, **named)
        return replace(admission, expired=admission.expired | names(admission))

    return [("inventory.domain.ingest", "admit", dropping)]


def _redrive_drops_living() -> Sequence[Patch]:
    """A redrive drops the names of runs that may be alive."""

    def every(admission: Admission) -> frozenset[str]:
        repeats = admission.kind in ingestions._REPEATS and admission.record is not None
        return admission.record.open_runs if repeats and admission.record else frozenset()

    return _expired(every)


def _redelivery_drops_others() -> Sequence[Patch]:
    """A delivery that comes again drops the names of other runs."""

    def every(admission: Admission) -> frozenset[str]:
        return admission.record.open_runs if admission.record else frozenset()

    return _expired(every)


def _redelivery_drops_its_own() -> Sequence[Patch]:
    """A delivery that comes again drops the names of its own runs before."""

    def own(admission: Admission) -> frozenset[str]:
        runs = admission.record.open_runs if admission.record else frozenset()
        me = asked_by(admission.run)
        return frozenset(run for run in runs if asked_by(run) == me)

    return _expired(own)


def _completed_first() -> Sequence[Patch]:
    """Complete the record before its rows are in the table."""
    first = Ingest._first_segment

    def early(self: Ingest, job: Any, admission: Admission, *rest: Any) -> Any:
        if admission.mode is Mode.PROCESS:
            self._ports.ingestions.complete(admission, self._empty_report())
        return first(self, job, admission, *rest)

    return [(Ingest, "_first_segment", early)]


def _earlier_base_wins() -> Sequence[Patch]:
    """Let a run complete a record that has a later base."""

    def complete(self: DynamoDbIngestions, admission: Admission, report: Any) -> None:
        self._end(admission, report, Status.COMPLETED, "attribute_exists(object_id)")

    return [(DynamoDbIngestions, "complete", complete)]


def _nothing_abandoned() -> Sequence[Patch]:
    """Do not validate the crashed runs of a version that is refused, held or gone."""
    return [(Validator, "abandon", lambda *_, **__: 0)]


def _unread_unvalidated() -> Sequence[Patch]:
    """Do not validate what a crashed run wrote of rows that are not read again."""
    return [(Finisher, "_abandon", lambda *_, **__: 0)]


def _other_readings_unvalidated() -> Sequence[Patch]:
    """Take every row of a crashed run for read again, by whatever profile it was read."""
    abandon = Finisher._abandon

    def abandoning(self: Finisher, *arguments: Any, refused: bool) -> int:
        return abandon(self, *arguments, refused=refused) if refused else 0

    return [(Finisher, "_abandon", abandoning)]


def _touched_late() -> Sequence[Patch]:
    """Note the shards that are written to after the writes."""
    touch, write = RowWriter._touch, RowWriter._write

    def writing(self: RowWriter, changes: Sequence[Change], *rest: Any) -> Any:
        refused = write(self, changes, *rest)
        late = [change for change in changes if change.stored is not None]
        if late:
            touch(self, late)
        return refused

    return [(RowWriter, "_touch", lambda *_: None), (RowWriter, "_write", writing)]


# Jobs


def _resolved_at_once() -> Sequence[Patch]:
    """Do not tell the next segment of writes that are not acknowledged."""
    load = SegmentProcessor._load

    def forgetting(self: SegmentProcessor, *arguments: Any, **named: Any) -> None:
        load(self, *arguments, **named)
        arguments[-1].unresolved = False

    return [(SegmentProcessor, "_load", forgetting)]


def _refused_leaves() -> Sequence[Patch]:
    """An attempt whose report was refused goes as if it had written nothing."""
    attempt = Ingest._attempt

    def leaving(self: Ingest, job: Any, version: Any, *rest: Any) -> Any:
        report, standing = attempt(self, job, version, *rest)
        self._ports.ingestions.leave(version.object_id, report.attempt)
        return report, standing

    return [(Ingest, "_attempt", leaving)]


def _unacknowledged_leaves() -> Sequence[Patch]:
    """An attempt leaves that may have written more than it knows."""
    enter = Finisher.enter

    def entering(self: Finisher, *arguments: Any) -> Any:
        standing = enter(self, *arguments)
        arguments[3].unresolved = False
        return standing

    return [(Finisher, "enter", entering)]


def _replaced_leaves() -> Sequence[Patch]:
    """An attempt whose job another one has replaced goes when its report stands."""
    leave = DynamoDbIngestions.leave

    def leaving(self: DynamoDbIngestions, object_id: str, run: str, **_: str) -> None:
        leave(self, object_id, run)

    return [(DynamoDbIngestions, "leave", leaving)]


def _replaced_late() -> Sequence[Patch]:
    """A job takes the place of another one when it ends."""
    store = Finisher.store

    def storing(self: Finisher, job: Any, version: Any, replaced: str) -> None:
        if job.workers > 1 or not replaced:
            store(self, job, version, replaced)

    return [(Finisher, "store", storing)]


def _numbers_come_once() -> Sequence[Patch]:
    """Look for later numbers alone, although the latest write set may have expired."""

    def since(self: Validator, shard: int, keys: ShardKeys, _: str) -> Iterator[WriteSet]:
        return self._registry.written_since(shard, keys.epoch)

    return [(Validator, "_writers_since", since)]


def _nameless_attempts() -> Sequence[Patch]:
    return [(DynamoDbIngestions, "enter", lambda *_: None)]


def _replaced_forgotten() -> Sequence[Patch]:
    """Begin another job in place of one without looking after what that one wrote."""

    def kept(value: Any, **changes: Any) -> Any:
        if "expired" in changes:
            changes.pop("recovering")
        return replace(value, **changes)

    return [("inventory.domain.ingest", "replace", kept)]


def _count_apart() -> Sequence[Patch]:
    """Enter a report, and count its worker as done afterwards."""

    def transact(self: DynamoDbJobs, items: list[Any]) -> bool:
        for action in items:
            ((kind, request),) = action.items()
            try:
                self._table.api.call(f"{kind}Item", request)
            except import_module("inventory.adapters.dynamodb_api").ConditionFailedError:
                return False
        return True

    return [(DynamoDbJobs, "_transact", transact)]


def _reports_replaced() -> Sequence[Patch]:
    """A later attempt's report takes the place of an earlier one."""
    putting = PartitionedTable.putting

    def replacing(
        self: PartitionedTable, partition: str, position: str, attributes: Any, *, new: bool
    ) -> Any:
        first = new and not partition.startswith("job#")
        return putting(self, partition, position, attributes, new=first)

    return [(PartitionedTable, "putting", replacing)]


def _todays_workers() -> Sequence[Patch]:
    """Take the number of workers from today's settings."""
    work = Ingest._work

    def working(self: Ingest, job: Any, *rest: Any) -> Any:
        return work(self, replace(job, workers=self._settings.workers), *rest)

    return [(Ingest, "_work", working)]


def _adopt_any() -> Sequence[Patch]:
    """Go on with a job whatever it was begun with."""
    return [("inventory.domain.ingest", "digest_of", lambda *_: "")]


def _finish_at_the_first() -> Sequence[Patch]:
    """End a job when its first worker is done."""
    return [(DynamoDbJobs, "workers_done", lambda *_: 99)]


def _every_share() -> Sequence[Patch]:
    """Every worker settles every row."""
    load = SegmentProcessor._load

    def loading(self: SegmentProcessor, segment: Any, *rest: Any, **named: Any) -> None:
        with patch("inventory.domain.segments.Share", lambda *_: None):
            load(self, segment, *rest, **named)

    return [(SegmentProcessor, "_load", loading)]


# Rechecks


def _flag_cleared_late() -> Sequence[Patch]:
    """Take the request for a recheck off the record when the recheck ends."""
    opening, close = DynamoDbIngestions.open, DynamoDbIngestions.close

    def opened(self: DynamoDbIngestions, admission: Admission, **how: Any) -> bool:
        return opening(self, replace(admission, recheck=frozenset()), **how)

    def closed(self: DynamoDbIngestions, admission: Admission, **how: Any) -> None:
        close(self, admission, **how)
        if admission.mode is Mode.RECHECK:
            payload = {
                "TableName": self._table,
                "Key": {"object_id": {"S": admission.version.object_id}},
                "UpdateExpression": "REMOVE recheck",
            }
            self._api.call("UpdateItem", payload)

    return [(DynamoDbIngestions, "open", opened), (DynamoDbIngestions, "close", closed)]


def _no_flag() -> Sequence[Patch]:
    """Request a recheck by a message alone."""
    return [(DynamoDbIngestions, "request_recheck", lambda *_: None)]


def _fewer_keys() -> Sequence[Patch]:
    """Take a write set that is gone for empty."""
    return [(DynamoDbRegistry, "writes_of", lambda *_: KeySet())]


# Held files


def _verdict_expires() -> Sequence[Patch]:
    """Judge a held file again whenever it is delivered."""
    mode = ingestions._mode

    def again(found: Record, kind: Kind, base: str, *, recovering: bool) -> Mode:
        if found.status is Status.HELD and kind is not Kind.RECHECK:
            return Mode.PROCESS
        return mode(found, kind, base, recovering=recovering)

    return [(ingestions, "_mode", again)]


def _last_verdict_stands() -> Sequence[Patch]:
    """Accept a file that another run has just held."""

    def accept(self: DynamoDbIngestions, object_id: str) -> bool:
        self._set(object_id, "SET accepted = :value", {"BOOL": True})
        return True

    return [(DynamoDbIngestions, "accept", accept)]


def _hold_accepted() -> Sequence[Patch]:
    """Hold a file that another run has just accepted."""
    end = DynamoDbIngestions._end

    def ending(
        self: DynamoDbIngestions,
        admission: Admission,
        report: RunReport,
        status: Status,
        condition: str,
    ) -> None:
        condition = condition.replace(" AND attribute_not_exists(accepted)", "")
        end(self, admission, report, status, condition)

    return [(DynamoDbIngestions, "_end", ending)]


def _recheck_unweighed() -> Sequence[Patch]:
    """Let a recheck load a file that was not weighed."""
    mode = ingestions._mode

    def rechecking(found: Record, kind: Kind, base: str, *, recovering: bool) -> Mode:
        held = found.status is Status.HELD
        return mode(replace(found, accepted=not held), kind, base, recovering=recovering)

    return [(ingestions, "_mode", rechecking)]


def _unweighed() -> Sequence[Patch]:
    """Weigh nothing."""
    return [("inventory.domain.ingest", "_decided", lambda _: True)]


# Paused folders


def _waiting_unseen() -> Sequence[Patch]:
    return _unseen("waiting")


def _nothing_waits() -> Sequence[Patch]:
    return [(Ingest, "_must_wait", lambda *_: False)]


# Withdrawals


def _withdrawn_run_again() -> Sequence[Patch]:
    """Take a withdrawn version for a completed one."""
    admit = ingestions.admit

    def admitting(record: Record | None, **named: Any) -> Admission:
        admission = admit(record, **named)
        withdrawn = record is not None and record.status is Status.WITHDRAWN
        if not withdrawn or named["kind"] is Kind.RESTORE:
            return admission
        mode = Mode.RECHECK if named["kind"] is Kind.RECHECK else Mode.REPROCESS
        return replace(admission, mode=mode)

    return [("inventory.domain.ingest", "admit", admitting)]


def _withdrawn_overwritten() -> Sequence[Patch]:
    """Let a run that is at work complete a withdrawn version."""
    update = DynamoDbIngestions._update

    def updating(self: DynamoDbIngestions, name: str, text: str, condition: str, *rest: Any) -> Any:
        condition = condition.replace(" AND #status <> :withdrawn", "")
        return update(self, name, text, condition, *rest)

    return [(DynamoDbIngestions, "_update", updating)]


def _runs_not_awaited() -> Sequence[Patch]:
    """Delete while runs of the version may be at work."""
    shipped = withdrawal.due

    def early(record: Record, dropped_at: str = "") -> Any:
        return None if record.withdrawal else shipped(record, dropped_at)

    return [(withdrawal, "due", early)]


def _noted_after_deleting() -> Sequence[Patch]:
    """Store what is deleted after that."""

    def scan(self: Withdrawal) -> None:
        progress, items = self.progress, self._ports.items
        while not progress.scanned:
            found, _, progress.start = items.written_by(self._version, progress.start)
            progress.scanned = "" if progress.start else "now"
            self._note(found)
            items.delete(found)
            self._store()

    return [(Withdrawal, "scan", scan)]


def _begun_anew() -> Sequence[Patch]:
    """Ask for what this attempt has deleted alone."""
    return [(Withdrawal, "_resumed", lambda *_: Progress())]


def _told_before_deleting() -> Sequence[Patch]:
    """Append the deletion, and ask, before the items are deleted."""
    ask = Withdrawal.ask

    def scan(self: Withdrawal) -> None:
        progress = self.progress
        while not progress.scanned:
            found, _, progress.start = self._ports.items.written_by(self._version, progress.start)
            progress.scanned = "" if progress.start else "now"
            progress.pending += found
            self._note(found)
            self._store()

    def asking(self: Withdrawal) -> None:
        ask(self)
        self._ports.items.delete(self.progress.pending)

    return [(Withdrawal, "scan", scan), (Withdrawal, "ask", asking)]


def _keys_of_readers_alone() -> Sequence[Patch]:
    """Publish the keys of rows left alone, and of no others."""
    register = DynamoDbRegistry.register

    def publishing(self: Any, shard: int, registration: Registration, **how: Any) -> None:
        register(self, shard, registration._replace(others=KeySet()), **how)

    return [(DynamoDbRegistry, "register", publishing)]


def _newer_asked_alone() -> Sequence[Patch]:
    """Ask versions above the withdrawn one."""
    find = Validator.find_deciders

    def newer(self: Validator, shard: int, entry: WriteSet, after: str) -> Any:
        return find(self, shard, entry, after or "2")

    return [(Validator, "find_deciders", newer)]


def _nobody_asked() -> Sequence[Patch]:
    return [(Validator, "find_deciders", lambda *_: iter(()))]


def _eventually_consistent_scan() -> Sequence[Patch]:
    return _inconsistent({"Scan"}, ITEMS)


def _asked_again() -> Sequence[Patch]:
    """Act on a command whenever it comes."""
    from_data = Command.from_data

    def latest(data: Any) -> Command:
        return replace(from_data(data), asked_at=f"9{next(numbers):09d}")

    numbers = count()
    return [(Command, "from_data", latest)]


# Fingerprints


def _writes_since_ignored() -> Sequence[Patch]:
    """Use a set whatever has been written since."""
    return [(Promises, "open_shard", lambda *_: None)]


def _giver_forgets_writes() -> Sequence[Patch]:
    """Leave no word of the items that were written over."""
    return [(Notes, "wrote", lambda *_: None)]


def _own_writes_trusted() -> Sequence[Patch]:
    """Use a set also for keys that this run has written."""

    def wrote(self: RowWriter, key_hashes: Sequence[int]) -> None:
        if self.notes is not None:
            self.notes.wrote(key_hashes)

    return [(RowWriter, "_wrote", wrote)]


def _segments_before_forgotten() -> Sequence[Patch]:
    """Use a set also for keys that segments before have written."""
    init = Promises.__init__

    def without(self: Promises, *rest: Any, **named: Any) -> None:
        init(self, *rest, **{**named, "own": ()})

    return [(Promises, "__init__", without)]


def _recovering_trusts() -> Sequence[Patch]:
    """Use a set also where an open run may have written."""
    promises = SegmentProcessor._promises

    def trusting(self: SegmentProcessor, segment: Any) -> Any:
        return promises(self, replace(segment, recovering=False))

    return [(SegmentProcessor, "_promises", trusting)]


def _known_not_relied_on() -> Sequence[Patch]:
    """Publish nothing of the rows whose items were not read."""
    leave, rely = RowWriter._leave_promised, RowWriter._rely_on
    silent: set[RowWriter] = set()

    def leaving(self: RowWriter, *rest: Any) -> Any:
        silent.add(self)
        left = leave(self, *rest)
        silent.discard(self)
        return left

    def relying(self: RowWriter, *rest: Any) -> None:
        if self not in silent:
            rely(self, *rest)

    return [(RowWriter, "_leave_promised", leaving), (RowWriter, "_rely_on", relying)]


def _write_sets_before_epoch() -> Sequence[Patch]:
    """Look at the write sets since the giver's, and then read the number of the latest."""
    shipped, look = RowWriter._read_epochs, Promises.open_shard

    def early(self: RowWriter, locations: Sequence[str]) -> None:
        if self.promises is not None:
            for shard in set(map(self._hasher.shard, locations)) - self.keys.keys():
                look(self.promises, shard, Epoch(-1, 0), self._registry)
        shipped(self, locations)

    return [(RowWriter, "_read_epochs", early), (Promises, "open_shard", lambda *_: None)]


def _latest_epoch_left() -> Sequence[Patch]:
    """Leave the numbers that the shards have at the end."""
    leave = Finisher._leave_fingerprints

    def leaving(self: Finisher, job: Any, reports: Any, keys: Any) -> None:
        for shard, each in keys.items():
            each.epoch = self._ports.registry.epoch(shard).number
        leave(self, job, reports, keys)

    return [(Finisher, "_leave_fingerprints", leaving)]


def _stale_left() -> Sequence[Patch]:
    """Leave fingerprints of stale rows as well."""
    take = RowWriter._take_over

    def taking(self: RowWriter, rows: Any, decision: Decision, outcomes: Any) -> None:
        if decision is Decision.STALE:
            self._saw(rows)
        take(self, rows, decision, outcomes)

    return [(RowWriter, "_take_over", taking)]


def _keys_alone() -> Sequence[Patch]:
    """Hash keys without what the rows say."""
    shipped = fingerprints.hashes_of

    def hashes(rows: Any) -> Any:
        return shipped(Rows(row._replace(quantity="1") for row in rows))

    return [("inventory.domain.writing", "hashes_of", hashes)]


def _never_in_full() -> Sequence[Patch]:
    return [("inventory.domain.segments", "full_read_due", lambda *_, **__: False)]


def _later_sets_used() -> Sequence[Patch]:
    """Use a set of a later version as well."""
    shipped = fingerprints.usable

    def any_base(given: Any, **named: Any) -> bool:
        return shipped(given, **{**named, "base": "9"})

    return [("inventory.domain.segments", "usable", any_base)]


# Complete feeds


def _previous_alone() -> Sequence[Patch]:
    """Read the list of the version before and no other."""
    shipped = Absences._older

    def older(self: Absences, job: Any, version: Any, listings: Any) -> Any:
        before = [each for each in listings if each.live and each.base < job.base]
        newest = sorted(before, key=lambda each: each.base)[-1:]
        with patch("inventory.domain.absences._older_of", lambda *_: None):
            return shipped(self, job, version, newest)

    return [(Absences, "_older", older)]


def _read_before_entered() -> Sequence[Patch]:
    """Enter a version's list when those of others were read."""
    put, older = DynamoDbListings.put, Absences._older
    waiting: dict[int, Any] = {}

    def putting(self: DynamoDbListings, feed: str, listing: Any, **named: Any) -> None:
        waiting[id(self)] = partial(put, self, feed, listing, **named)

    def reading(self: Absences, *arguments: Any) -> Any:
        found = older(self, *arguments)
        entering = waiting.pop(id(self._ports.listings), None)
        if entering is not None:
            entering()
        return found

    return [(DynamoDbListings, "put", putting), (Absences, "_older", reading)]


def _newest_not_asked() -> Sequence[Patch]:
    return [(Absences, "ask_newest", lambda *_: None)]


def _asked_before_entered() -> Sequence[Patch]:
    """Ask the newest version, and then enter one's own list."""
    begin, ask = Absences.begin, Absences.ask_newest

    def beginning(self: Absences, job: Any, version: Any, *rest: Any) -> Any:
        if job.mode is not Mode.RECHECK:
            ask(self, job.complete, version, job.base)
        return begin(self, job, version, *rest)

    return [(Absences, "begin", beginning), (Absences, "ask_newest", lambda *_: None)]


def _asked_in_vain() -> Sequence[Patch]:
    """Decide only what is written over again when lists have changed."""

    def only(self: SegmentProcessor, segment: Any) -> Any:
        with patch("inventory.domain.segments.ASKED", "no such request"):
            return shipped(self, segment) if _pointers(segment.job) else frozenset()

    def _pointers(job: Any) -> bool:
        return job.mode is not Mode.RECHECK or not any("absent" in one for one in job.recheck)

    shipped = SegmentProcessor._only
    return [(SegmentProcessor, "_only", only)]


def _stale_unlisted() -> Sequence[Patch]:
    """Leave keys of stale rows out of the list."""
    take, saw = RowWriter._take_over, KeyNotes.saw
    stale: set[tuple[str, str]] = set()

    def taking(self: RowWriter, rows: Any, decision: Decision, outcomes: Any) -> None:
        if decision is Decision.STALE:
            stale.update(rows.keys)
        take(self, rows, decision, outcomes)

    def seeing(self: KeyNotes, keys: Any) -> None:
        saw(self, [key for key in keys if key not in stale])
        stale.clear()

    return [(RowWriter, "_take_over", taking), (KeyNotes, "saw", seeing)]


def _implied_unvalidated() -> Sequence[Patch]:
    """Tell nobody of implied rows."""
    imply = SegmentProcessor._imply

    def implying(self: SegmentProcessor, segment: Any) -> Any:
        return imply(self, segment)[0], KeySets()

    return [(SegmentProcessor, "_imply", implying)]


def _implied_not_rechecked() -> Sequence[Patch]:
    """Decide implied rows again only when lists have changed."""
    shipped = SegmentProcessor._only

    def only(self: SegmentProcessor, segment: Any) -> Any:
        found = shipped(self, segment)
        last = segment.worker == segment.job.workers
        return frozenset() if last and found is not None else found

    return [(SegmentProcessor, "_only", only)]


def _damaged_are_whole() -> Sequence[Patch]:
    """Take away what damaged rows may have named."""
    begin = Absences.begin

    def beginning(self: Absences, job: Any, version: Any, attempt: str, reports: Any) -> Any:
        clean = [
            replace(each, error=None, counts=replace(each.counts, rejected=0)) for each in reports
        ]
        return begin(self, job, version, attempt, clean)

    return [(Absences, "begin", beginning)]


def _own_list_of_first_worker() -> Sequence[Patch]:
    """Look for what a file lacks when its first worker has come to the end."""
    begin = Absences.begin

    def beginning(self: Absences, job: Any, version: Any, attempt: str, reports: Any) -> Any:
        return begin(self, job, version, attempt, reports[:1])

    return [(Absences, "begin", beginning)]


def _withdrawn_lists_count() -> Sequence[Patch]:
    return [(Listing, "live", property(lambda self: bool(self.name)))]


def _lists_before_restoring_dead() -> Sequence[Patch]:
    """Count no list of a version that was ever withdrawn."""
    return [(Listing, "live", property(lambda self: self.name and not self.dropped))]


def _zeros_of_withdrawn_stay() -> Sequence[Patch]:
    return [(Absences, "own_keys", lambda *_: iter(()))]


def _cumulative_in_any_case() -> Sequence[Patch]:
    """Believe what a version has left of older ones although one of them was withdrawn."""
    shipped = Absences._older

    def older(self: Absences, job: Any, version: Any, listings: Any) -> Any:
        return shipped(self, job, version, [each for each in listings if each.live])

    return [(Absences, "_older", older)]


# The reconcile


def _no_reconcile() -> Sequence[Patch]:
    return [(Reconcile, "run", lambda _self, **_: Reconciliation())]


def _no_follow_ups() -> Sequence[Patch]:
    return [(DynamoDbFollowUps, "add", lambda *_: None)]


def _unseen(finding: str) -> Sequence[Patch]:
    """A reconcile that takes one finding for nothing to do."""
    shipped = reconcile._finding

    def blind(*arguments: Any) -> str:
        found = shipped(*arguments)
        return "terminal" if found == finding else found

    return [(reconcile, "_finding", blind)]


def _missing_unseen() -> Sequence[Patch]:
    return _unseen("missing")


def _expired_unseen() -> Sequence[Patch]:
    return _unseen("expired")


def _crashed_unseen() -> Sequence[Patch]:
    return _unseen("crashed")


def _rechecks_unseen() -> Sequence[Patch]:
    return _unseen("rechecks")


# Counts


def _forgetful() -> Sequence[Patch]:
    """Count every row of a key that comes in another batch."""
    return [(SeenKeys, "swap_all", lambda *_: [])]


_ORDERS = "orders"
_WITHDRAWALS = "withdrawals"
_RACED = "raced withdrawals"
_HALF_READ = "files half read again"
_NIGHTS = "fingerprints"
_COMPLETE = "complete feeds"
_COMPLETE_RACED = "complete feeds raced"
_COMPLETE_BACK = "complete feeds withdrawn"
_RACED_NIGHTS = "raced fingerprints"

MUTANTS = (
    Mutant("BatchWriteItem without conditions", _ORDERS, _blind),
    Mutant("a gate per object", _ORDERS, _gate_per_object),
    Mutant("no validation", _ORDERS, _no_validation),
    Mutant("eventually consistent reads of items", "one worker", _eventually_consistent_items),
    Mutant("UPDATE without the token", "races", _update_unconditionally),
    Mutant("HTTP 200 taken for success", "lost answers", _success_is_200),
    Mutant("attributes of the older row kept", "one worker", _keep_old_attributes),
    Mutant("first row of a batch wins", "one worker", _first_row_wins),
    Mutant("times in a batch not sorted", "one worker", _unsorted_times),
    Mutant("older items taken for equal", _ORDERS, _skip_unlooked),
    Mutant("equal token, other content: loaded", "a repaired defect", _equal_tokens_are_loaded),
    Mutant("no tie-breaker in the token", "one worker", _no_tie_breaker),
    Mutant("ordered by processing time", _ORDERS, _processing_time),
    Mutant("latest version read", _ORDERS, _read_latest),
    Mutant("ambiguous write not noted", "lost answers", _ambiguous_forgotten),
    Mutant("epoch read after the items", "races", _epoch_after_items),
    Mutant("writes checked before reads are published", "races", _check_before_publishing),
    Mutant("readers looked up before appending", "races", _look_up_before_appending),
    Mutant("writer does not look for readers", _ORDERS, _no_look_forward),
    Mutant("reader does not look for writers", "races", _no_look_at_oneself),
    Mutant("own writes not met with own reads", "one worker", _own_writes_ignored),
    Mutant("highest instead of lowest of all reports", "several workers", _last_lowest),
    Mutant("latest epoch of all reports", "races", _last_epoch),
    Mutant("reads of the last report alone", "races", _last_reads),
    Mutant("writes of the last report alone", "races", _last_writes),
    Mutant("reads published under the base", "races", _lower_ceiling),
    Mutant("inconsistent query of read sets", "races", _eventually_consistent_reads),
    Mutant("inconsistent query of write sets", "races", _eventually_consistent_writes),
    Mutant("inconsistent reads of reports", "several workers", _eventually_consistent_jobs),
    Mutant("inconsistent reads of records", "files given up", _eventually_consistent_records),
    Mutant("dead runs forgotten", "dead runs", _forget_dead_runs),
    Mutant("completed versions believed", "crashes", _believe_completed),
    Mutant("a redrive drops names of the living", "known by name", _redrive_drops_living),
    Mutant("a redelivery drops names of others", "dead runs", _redelivery_drops_others),
    Mutant("a redelivery drops its own names", "known by name", _redelivery_drops_its_own),
    Mutant("completed before rows are in", "crashes", _completed_first),
    Mutant("an earlier base completes", "sequencers", _earlier_base_wins),
    Mutant("crashed runs of a refused file unvalidated", "files given up", _nothing_abandoned),
    Mutant("writes of rows not read again unvalidated", _HALF_READ, _unread_unvalidated),
    Mutant("writes of another reading unvalidated", _HALF_READ, _other_readings_unvalidated),
    Mutant("shards noted after the write", "files given up", _touched_late),
    Mutant("unresolved writes not handed on", "lost answers", _resolved_at_once),
    Mutant("a refused report leaves", "twins", _refused_leaves),
    Mutant("an unacknowledged attempt leaves", "overtaken attempts", _unacknowledged_leaves),
    Mutant("an attempt of a replaced job leaves", "replaced jobs", _replaced_leaves),
    Mutant("a job replaced at its end", "replaced jobs", _replaced_late),
    Mutant("numbers of write sets come once", "expired write sets", _numbers_come_once),
    Mutant("attempts without a name", "dead runs", _nameless_attempts),
    Mutant("a replaced job forgotten", "dead runs", _replaced_forgotten),
    Mutant("workers counted after the report", "lost answers", _count_apart),
    Mutant("reports replaced", "several workers", _reports_replaced),
    Mutant("workers by today's settings", "several workers", _todays_workers),
    Mutant("any job adopted", "sequencers", _adopt_any),
    Mutant("ended with the first worker", "several workers", _finish_at_the_first),
    Mutant("every worker settles every row", "several workers", _every_share),
    Mutant("recheck flag cleared at the end", "old files", _flag_cleared_late),
    Mutant("recheck by message alone", "old files", _no_flag),
    Mutant("rechecks of no key", _ORDERS, _fewer_keys),
    Mutant("held files judged again", "held files", _verdict_expires),
    Mutant("accepted after it was held", "held files", _last_verdict_stands),
    Mutant("held after it was accepted", "held files", _hold_accepted),
    Mutant("recheck of a file not weighed", "held files", _recheck_unweighed),
    Mutant("nothing weighed", "held files", _unweighed),
    Mutant("waiting files forgotten", "paused folders", _waiting_unseen),
    Mutant("paused files begun", "paused folders", _nothing_waits),
    Mutant("withdrawn versions run again", _WITHDRAWALS, _withdrawn_run_again),
    Mutant("a run completes a withdrawn version", _WITHDRAWALS, _withdrawn_overwritten),
    Mutant("runs of the version not awaited", _WITHDRAWALS, _runs_not_awaited),
    Mutant("deleted keys stored afterwards", _RACED, _noted_after_deleting),
    Mutant("asked for this attempt's deletions alone", _RACED, _begun_anew),
    Mutant("deletions told before they are done", _RACED, _told_before_deleting),
    Mutant("keys of rows left alone published alone", _WITHDRAWALS, _keys_of_readers_alone),
    Mutant("versions with reads asked alone", _WITHDRAWALS, _newer_asked_alone),
    Mutant("nobody asked after deletions", _WITHDRAWALS, _nobody_asked),
    Mutant("inconsistent scan", _WITHDRAWALS, _eventually_consistent_scan),
    Mutant("commands acted on again", _WITHDRAWALS, _asked_again),
    Mutant("writes since the giver ignored", _NIGHTS, _writes_since_ignored),
    Mutant("giver does not tell what it wrote", _NIGHTS, _giver_forgets_writes),
    Mutant("own writes trusted", _NIGHTS, _own_writes_trusted),
    Mutant("writes of segments before trusted", _NIGHTS, _segments_before_forgotten),
    Mutant("fingerprints used when recovering", "fingerprints of the dead", _recovering_trusts),
    Mutant("known rows not published", _NIGHTS, _known_not_relied_on),
    Mutant("write sets looked at before the epoch", _RACED_NIGHTS, _write_sets_before_epoch),
    Mutant("epoch of the giver's end left", _NIGHTS, _latest_epoch_left),
    Mutant("fingerprints of stale rows left", _NIGHTS, _stale_left),
    Mutant("fingerprints of keys alone", _NIGHTS, _keys_alone),
    Mutant("never read in full", "items changed by hand", _never_in_full),
    Mutant("fingerprints of later versions", "calm, with counts", _later_sets_used),
    Mutant("list of the version before alone", _COMPLETE, _previous_alone),
    Mutant("lists read before one's own is entered", _COMPLETE_RACED, _read_before_entered),
    Mutant("newest version not asked", _COMPLETE, _newest_not_asked),
    Mutant("newest asked before the list is entered", _COMPLETE_RACED, _asked_before_entered),
    Mutant("lists not read again", _COMPLETE, _asked_in_vain),
    Mutant("keys of stale rows not listed", _COMPLETE, _stale_unlisted),
    Mutant("implied rows not validated", _COMPLETE_RACED, _implied_unvalidated),
    Mutant("implied rows not rechecked", _COMPLETE_RACED, _implied_not_rechecked),
    Mutant("files with damaged rows taken for whole", _COMPLETE, _damaged_are_whole),
    Mutant("list of the first worker alone", _COMPLETE, _own_list_of_first_worker),
    Mutant("lists of withdrawn versions count", _COMPLETE_BACK, _withdrawn_lists_count),
    Mutant("lists of restored versions dead", _COMPLETE_BACK, _lists_before_restoring_dead),
    Mutant("zeros of withdrawn versions stay", _COMPLETE_BACK, _zeros_of_withdrawn_stay),
    Mutant("cumulative lists of withdrawn ones", _COMPLETE_BACK, _cumulative_in_any_case),
    Mutant("no reconcile", "one worker", _no_reconcile),
    Mutant("no follow-ups", "old files", _no_follow_ups),
    Mutant("missing records not seen", "one worker", _missing_unseen),
    Mutant("expired leases not seen", "meddling", _expired_unseen),
    Mutant("crashed runs not seen", "old files", _crashed_unseen),
    Mutant("standing flags not seen", "old files", _rechecks_unseen),
    Mutant("keys forgotten between batches", "calm, with counts", _forgetful),
)
