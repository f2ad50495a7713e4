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
from datetime import timedelta
from functools import partial, wraps
from itertools import count
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from faults.dynamodb import parsed
from faults.fakes import BEGIN, INGESTIONS, ITEMS, LANES
from inventory.adapters import dynamodb_ingestions
from inventory.adapters.dynamodb_api import ConditionFailedError, DynamoDbApi
from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_notes import (
    DynamoDbFollowUps,
    DynamoDbListings,
    DynamoDbReadings,
)
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_statements import Statements
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain import (
    finishing,
    ingest,
    ingestions,
    order,
    reconcile,
    segments,
    withdrawal,
    writing,
)
from inventory.domain.absences import Absences, KeyNotes, Listing
from inventory.domain.decide import Decision
from inventory.domain.fingerprints import Notes, Promises
from inventory.domain.finishing import Finisher
from inventory.domain.ingest import Ingest
from inventory.domain.ingestions import Mode, Status, asked_by
from inventory.domain.jobs import Job
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

    from inventory.domain.ingestions import Admission, Record
    from inventory.domain.model import Row
    from inventory.domain.ports import Change, Stored

Patch = tuple[object, str, Any]

_LATER = 4_000_000_000  # seconds after the epoch: nothing expires


@dataclass(frozen=True, slots=True)
class Mutant:
    """An ingest without one rule.

    Attributes:
        name: What it does instead.
        part: Part of the campaign that it runs.
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
                stack.enter_context(patch.object(owner, attribute, replacement))
            yield


MUTANTS: list[Mutant] = []


def _mutant(name: str, part: str, *patches: Patch) -> None:
    """Define a mutant whose replacements remember nothing."""
    MUTANTS.append(Mutant(name, part, lambda: patches))


def _patched(name: str, part: str) -> Callable[[Callable[[], Sequence[Patch]]], object]:
    """Define a mutant by a function that makes its patches."""

    def define(patches: Callable[[], Sequence[Patch]]) -> object:
        MUTANTS.append(Mutant(name, part, patches))
        return patches

    return define


def _instead(
    name: str, part: str, owner: object, attribute: str
) -> Callable[[Callable[..., Any]], object]:
    """Define a mutant by what it does instead of one function, which it is given first."""

    def define(function: Callable[..., Any]) -> object:
        shipped = getattr(owner, attribute)

        @wraps(function)
        def replacement(*arguments: Any, **named: Any) -> Any:
            return function(shipped, *arguments, **named)

        _mutant(name, part, (owner, attribute, replacement))
        return function

    return define


# Designs of peers

_ORDERS = "orders"


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


_BLIND: tuple[Patch, ...] = (
    (DynamoDbItems, "write", _put_all),
    (DynamoDbItems, "read", lambda _, rows: [None] * len(rows)),
)
_mutant("BatchWriteItem without conditions", _ORDERS, *_BLIND)


@_patched("a gate per object", _ORDERS)
def _() -> Sequence[Patch]:
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

    return [*_BLIND, (Ingest, "_load", gated)]


_mutant("no validation", _ORDERS, (Validator, "validate", lambda *_, **__: 0))


def _inconsistent(
    name: str, part: str, operations: set[str], table: str, partition: str = ""
) -> None:
    """Reads that are not asked to be consistent."""

    @_instead(name, part, DynamoDbApi, "call")
    def _(call: Any, self: DynamoDbApi, operation: str, payload: Any) -> Any:
        if operation in operations:
            payload = json.loads(json.dumps(parsed(payload)))
            request = payload.get("RequestItems", {}).get(table, payload)
            about = request is not payload or payload.get("TableName") == table
            if about and partition in json.dumps(payload):
                request["ConsistentRead"] = False
        return call(self, operation, payload)


_inconsistent("eventually consistent reads of items", "one worker", {"BatchGetItem"}, ITEMS)


# Writes of rows


@_instead("UPDATE without the token", "races", Statements, "of")
def _(statements: Any, self: Statements, *arguments: Any) -> list[str]:
    condition = ' AND "order_token"=?'
    made = [json.loads(text) for text in statements(self, *arguments)]
    for one in made:
        if condition in one["Statement"]:
            one["Statement"] = one["Statement"].replace(condition, "")
            one["Parameters"].pop()
    return [json.dumps(one) for one in made]


@_instead("HTTP 200 taken for success", "lost answers", DynamoDbItems, "_write_statements")
def _(_: Any, self: DynamoDbItems, pairs: list[Any]) -> tuple[list[Change], float]:
    statements = [json.loads(statement) for _, statement in pairs]
    self._api.call("BatchExecuteStatement", {"Statements": statements})
    return [], 0.0


@_instead("attributes of the older row kept", "one worker", Statements, "_update")
def _(update: Any, self: Statements, shape: int, _: Any, *, has_token: bool) -> Any:
    return update(self, shape, frozenset(), has_token=has_token)


@_instead("first row of a batch wins", "one worker", RowWriter, "_last_of_each_key")
def _(last: Any, self: RowWriter, rows: Rows) -> Any:
    return last(self, Rows(reversed(list(rows))))


@_instead("times in a batch not sorted", "one worker", RowWriter, "_last_of_each_key")
def _(last: Any, self: RowWriter, rows: Rows) -> Any:
    kept = last(self, rows)
    return Rows(dict(zip(rows.keys, rows, strict=True)).values()) if kept else kept


@_instead("older items taken for equal", _ORDERS, RowWriter, "_leave_equal")
def _(
    leave: Any, self: RowWriter, pending: Any, stored: Sequence[Stored | None], *rest: Any
) -> Any:
    return leave(self, pending, [old and old._replace(equal=True) for old in stored], *rest)


@_instead("equal token, other content: loaded", "a repaired defect", writing, "decide")
def _(decide: Any, token: str, stored_token: str | None, **known: Any) -> Any:
    return Decision.LOADED if stored_token == token else decide(token, stored_token, **known)


_mutant("no tie-breaker in the token", "one worker", (order, "object_hash", lambda _: "00000000"))


@_instead("ordered by processing time", _ORDERS, Ingest, "_describe")
def _(describe: Any, self: Ingest, version: Any) -> Any:
    found = describe(self, version)
    now = order.timestamp(self._ports.now())
    found.base = found.base and order.base_of(now, version.sequencer)
    return found


@_instead("latest version read", _ORDERS, Ingest, "_load")
def _(load: Any, self: Ingest, admission: Admission, *rest: Any) -> Any:
    objects: Any = self._ports.objects
    source, key = objects.source, admission.version.key
    stored = [one.version for one in objects._world.objects.stored if one.version.key == key]
    with patch.object(objects, "source", lambda _: source(stored[-1])):
        return load(self, admission, *rest)


# Read and write sets


@_instead("ambiguous write not noted", "lost answers", RowWriter, "_decide")
def _(decide: Any, self: RowWriter, row: Row, token: str, old: Stored, *, ambiguous: bool) -> Any:
    assert ambiguous in (True, False)
    return decide(self, row, token, old, ambiguous=False)


@_patched("epoch read after the items", "races")
def _() -> Sequence[Patch]:
    shipped, read = RowWriter._read_epochs, DynamoDbItems.read
    waiting: dict[int, tuple[RowWriter, Any]] = {}

    def later(self: RowWriter, locations: Any) -> None:
        if self.promises is not None:  # they are settled without a read of items
            shipped(self, locations)
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
    now: str
    rechecks: Any

    def publish(self, shard: int, keys: ShardKeys) -> None:
        if keys.reads or keys.others:
            registration = Registration(
                self.version, self.run, keys.highest, keys.reads, keys.others
            )
            self.validator._registry.register(shard, registration, expires_at=_LATER)

    def append(self, shard: int, keys: ShardKeys) -> Any:
        if not keys.writes:
            return None
        entry = WriteSet("", self.version.object_id, keys.lowest, keys.writes)
        entry = self.validator._registry.append(shard, entry, expires_at=_LATER)
        keys.pointer = entry.pointer
        return entry

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
        if keys.reads or keys.others:
            writers = self.validator._writers_since(shard, keys, self.now)
            find = self.validator._find_writers
            find(writers, keys, self.version, self.rechecks, timed=self.timed)


def _validated(name: str, *steps: str) -> None:
    """The steps of a validation in another order."""

    @_instead(name, "races", Validator, "validate")
    def _(_: Any, self: Any, version: Any, run: str, keys: Any, *, timed: bool, now: str) -> int:
        validation = _Validation(self, version, run, timed, now, defaultdict(set))
        for step in steps:
            for shard, each in keys.items():
                getattr(validation, step)(shard, each)
        for reader, pointers in validation.rechecks.items():
            self.request(reader, pointers)
        return len(validation.rechecks)


_validated("writes checked before reads are published", "append_and_look_up", "check", "publish")
_validated("readers looked up before appending", "publish", "look_up_and_append", "check")
_mutant("writer does not look for readers", _ORDERS, (Validator, "_find_readers", lambda *_: None))
_mutant(
    "reader does not look for writers", "races", (Validator, "_find_writers", lambda *_, **__: None)
)


@_instead("own writes not met with own reads", "one worker", Validator, "_find_writers")
def _(find: Any, self: Validator, *arguments: Any, timed: bool) -> None:
    assert timed in (True, False)
    find(self, *arguments, timed=False)


def _joined(name: str, part: str, attribute: str, join: Callable[[Any, Any], Any]) -> None:
    """Reports of a job joined in another way."""

    @_instead(name, part, ShardKeys, "join")
    def _(shipped: Any, self: ShardKeys, other: ShardKeys) -> None:
        value = join(getattr(self, attribute), getattr(other, attribute))
        if isinstance(value, KeySet):
            value = KeySet.from_bytes(value.to_bytes(), everything=value.everything)
        shipped(self, other)
        setattr(self, attribute, value)


_joined("highest instead of lowest of all reports", "several workers", "lowest", max)
_joined("latest epoch of all reports", "races", "epoch", max)
_joined("reads of the last report alone", "races", "reads", lambda _, other: other)
_joined("writes of the last report alone", "races", "writes", lambda _, other: other)
_mutant("reads published under the base", "races", (writing, "ceiling", lambda base: base))
_inconsistent("inconsistent query of read sets", "races", {"Query"}, LANES, "#reads")
_inconsistent("inconsistent query of write sets", "races", {"Query"}, LANES, "#writes")
# The query of all reports of a job ends with the highest number of a worker.
_inconsistent("inconsistent query of reports", "several workers", {"Query"}, LANES, '"9999#')
_inconsistent("inconsistent reads of records", "files given up", {"GetItem"}, INGESTIONS)


# Runs that crash


@_instead("dead runs forgotten", "dead runs", ingest, "admit")
def _(admit: Any, *arguments: Any, **named: Any) -> Any:
    return replace(admit(*arguments, **named), recovering=False)


@_patched("completed versions believed", "crashes")
def _() -> Sequence[Patch]:
    """Answer every delivery of a completed version, whoever died on it."""
    mode, shipped = ingestions._mode, dynamodb_ingestions._record

    def believing(found: Record, kind: Kind, base: str, *, recovering: bool) -> Mode:
        completed = found.status is Status.COMPLETED
        return mode(found, kind, base, recovering=recovering and not completed)

    def terminal(item: Any) -> Record:
        found: Record = shipped(item)
        completed = found.status is Status.COMPLETED
        return replace(found, open_runs=frozenset()) if completed else found

    return [(ingestions, "_mode", believing), (dynamodb_ingestions, "_record", terminal)]


def _expired(name: str, part: str, runs: Callable[[Admission, frozenset[str]], Any]) -> None:
    """Drop names of open runs."""

    @_instead(name, part, ingest, "admit")
    def _(admit: Any, *arguments: Any, **named: Any) -> Any:
        admission = admit(*arguments, **named)
        standing = admission.record.open_runs if admission.record else frozenset()
        dropped = frozenset(runs(admission, standing))
        return replace(admission, expired=admission.expired | dropped)


_expired(
    "a redrive drops names of the living",
    "known by name",
    lambda admission, runs: runs if admission.kind in ingestions._REPEATS else (),
)
_expired("a redelivery drops names of others", "dead runs", lambda _, runs: runs)
_expired(
    "a redelivery drops its own names",
    "known by name",
    lambda me, runs: (run for run in runs if asked_by(run) == asked_by(me.run)),
)


@_instead("completed before rows are in", "crashes", Ingest, "_first_segment")
def _(first: Any, self: Ingest, job: Any, admission: Admission, *rest: Any) -> Any:
    if admission.mode is Mode.PROCESS:
        self._ports.ingestions.complete(admission, self._empty_report())
    return first(self, job, admission, *rest)


@_instead("an earlier base completes", "sequencers", DynamoDbIngestions, "complete")
def _(_: Any, self: DynamoDbIngestions, admission: Admission, report: Any) -> None:
    self._end(admission, report, Status.COMPLETED, "attribute_exists(object_id)")


_mutant(
    "crashed runs of a refused file unvalidated",
    "refused jobs",
    (Validator, "abandon", lambda *_, **__: 0),
)
_HALF_READ = "files half read again"
_mutant(
    "writes of rows not read again unvalidated",
    _HALF_READ,
    (Finisher, "_abandon", lambda *_, **__: 0),
)


@_instead("writes of another reading unvalidated", _HALF_READ, Finisher, "_abandon")
def _(abandon: Any, self: Finisher, *arguments: Any, refused: bool) -> Any:
    return abandon(self, *arguments, refused=refused) if refused else 0


@_instead("releases not told apart", _HALF_READ, Job, "reading")
def _(reading: Any, self: Job, _: str) -> str:
    return cast("str", reading(self, ""))


_mutant(
    "ended whatever the file is read by",
    "replayed by other settings",
    (dynamodb_ingestions, "_READ_SO", "(attribute_exists(object_id) OR reads_by = :by)"),
)
_mutant(
    "a replay that broke off ends",
    "replays that break off",
    (Finisher, "_gives_back", lambda *_: False),
)

_mutant(
    "read again by today's settings",
    "settings with a slip",
    (DynamoDbReadings, "get", lambda *_: None),
)


@_patched("shards noted after the write", "files half read again")
def _() -> Sequence[Patch]:
    touch, write = RowWriter._touch, RowWriter._write

    def writing_first(self: RowWriter, changes: Sequence[Change], *rest: Any) -> Any:
        refused = write(self, changes, *rest)
        late = [change for change in changes if change.stored is not None]
        if late:
            touch(self, late)
        return refused

    return [(RowWriter, "_touch", lambda *_: None), (RowWriter, "_write", writing_first)]


# Jobs

_BECOMING = "runs that become jobs"


@_instead("unresolved writes not handed on", _BECOMING, SegmentProcessor, "_load")
def _(load: Any, self: SegmentProcessor, *arguments: Any, **named: Any) -> None:
    load(self, *arguments, **named)
    arguments[-1].unresolved = False


@_instead("a refused report leaves", "twins", Ingest, "_attempt")
def _(attempt: Any, self: Ingest, job: Any, version: Any, *rest: Any) -> Any:
    report, standing = attempt(self, job, version, *rest)
    self._ports.ingestions.leave(version.object_id, {report.attempt})
    return report, standing


@_instead("an unacknowledged attempt leaves", "overtaken attempts", Finisher, "enter")
def _(enter: Any, self: Finisher, *arguments: Any) -> Any:
    standing = enter(self, *arguments)
    arguments[3].unresolved = False
    return standing


@_instead("an attempt of a replaced job leaves", "replaced jobs", DynamoDbIngestions, "leave")
def _(leave: Any, self: DynamoDbIngestions, object_id: str, run: str, **_: str) -> None:
    leave(self, object_id, run)


@_patched("names of living jobs fall at the end", "rechecks outlived")
def _() -> Sequence[Patch]:
    expired: dict[str, frozenset[str]] = {}
    end = DynamoDbIngestions._end

    def later(_: Any, admission: Admission) -> None:
        expired[admission.run] = admission.expired

    def dropping(self: DynamoDbIngestions, admission: Admission, *rest: Any) -> None:
        names = admission.expired | expired.get(admission.run, frozenset())
        end(self, replace(admission, expired=names), *rest)

    return [(Ingest, "_drop_expired", later), (DynamoDbIngestions, "_end", dropping)]


@_instead("names of the dead fall with a job's helper", "jobs beside the dead", Ingest, "_help")
def _(helping: Any, self: Ingest, admission: Admission, *rest: Any) -> Any:
    self._drop_expired(admission)
    return helping(self, admission, *rest)


@_patched("a job stored before its first report", _BECOMING)
def _() -> Sequence[Patch]:
    late: dict[str, list[Any]] = defaultdict(list)
    enter, send = Finisher.enter, Finisher.send

    def entering(self: Finisher, job: Any, *rest: Any) -> Any:
        report = rest[2]
        if not report.attempt.startswith(job.run):
            return enter(self, job, *rest)
        late[job.run].append((job, *rest))
        return report

    def sending(self: Finisher, job: Any, *rest: Any) -> int:
        for each in late.pop(job.run, ()):
            enter(self, *each)
        return send(self, job, *rest)

    return [(Finisher, "enter", entering), (Finisher, "send", sending)]


@_instead("shards read before names fall", "refused jobs", Ingest, "_abandon")
def _(_: Any, self: Any, admission: Admission) -> int:
    record = self._ports.ingestions.get(admission.version.object_id)
    self._ports.ingestions.leave(admission.version.object_id, admission.expired)
    if record is None or not (admission.expired or record.open_runs - {admission.run}):
        return 0
    named = {"run": admission.run, "now": admission.now}
    return int(self._validator.abandon(admission.version, record, **named))


@_instead("numbers of write sets come once", "expired write sets", Validator, "_writers_since")
def _(_: Any, self: Validator, shard: int, keys: ShardKeys, *__: str) -> Iterator[WriteSet]:
    return self._registry.written_since(shard, keys.epoch)


_mutant("attempts without a name", "dead runs", (DynamoDbIngestions, "enter", lambda *_: None))


@_instead("a replaced job forgotten", "replaced jobs", ingest, "replace")
def _(_: Any, value: Any, **changes: Any) -> Any:
    return value if changes == {"recovering": True} else replace(value, **changes)


@_instead("workers counted after the report", "lost answers", DynamoDbJobs, "_transact")
def _(_: Any, self: DynamoDbJobs, items: list[Any]) -> bool:
    for action in items:
        ((kind, request),) = action.items()
        try:
            self._table.api.call(f"{kind}Item", request)
        except ConditionFailedError:
            return False
    return True


@_instead("reports replaced", "several workers", PartitionedTable, "putting")
def _(putting: Any, self: Any, partition: str, position: str, attributes: Any, *, new: bool) -> Any:
    first = new and not partition.startswith("job#")
    return putting(self, partition, position, attributes, new=first)


@_instead("workers by today's settings", "several workers", Ingest, "_work")
def _(work: Any, self: Ingest, job: Any, *rest: Any) -> Any:
    return work(self, replace(job, workers=self._settings.workers), *rest)


_mutant("any job adopted", "sequencers", (ingest, "digest_of", lambda *_: ""))
_mutant(
    "ended with the first worker",
    "several workers",
    (DynamoDbJobs, "workers_done", lambda *_: 99),
    (Finisher, "_leave_fingerprints", lambda *_: None),  # there may be none
)


@_instead("every worker settles every row", "several workers", SegmentProcessor, "_load")
def _(load: Any, self: SegmentProcessor, segment: Any, *rest: Any, **named: Any) -> None:
    with patch.object(segments, "Share", lambda *_: None):
        load(self, segment, *rest, **named)


# Rechecks


@_patched("recheck flag cleared at the end", "old files")
def _() -> Sequence[Patch]:
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


_mutant(
    "recheck by message alone",
    "old files",
    (DynamoDbIngestions, "request_recheck", lambda *_: None),
)
# A write set that is gone is taken for empty.
_mutant("rechecks of no key", _ORDERS, (DynamoDbRegistry, "writes_of", lambda *_: KeySet()))


# Held files

_HELD = "held files"


@_instead("held files judged again", _HELD, ingestions, "_mode")
def _(mode: Any, found: Record, kind: Kind, base: str, *, recovering: bool) -> Any:
    if found.status is Status.HELD and kind is not Kind.RECHECK:
        return Mode.PROCESS
    return mode(found, kind, base, recovering=recovering)


@_instead("accepted after it was held", _HELD, DynamoDbIngestions, "accept")
def _(_: Any, self: DynamoDbIngestions, object_id: str, *_rest: str) -> bool:
    self._set(object_id, "SET accepted = :value", {"BOOL": True})
    return True


@_instead("held after it was accepted", _HELD, DynamoDbIngestions, "_end")
def _(end: Any, self: DynamoDbIngestions, *arguments: Any) -> None:
    *rest, condition = arguments
    end(self, *rest, condition.replace(" AND attribute_not_exists(accepted)", ""))


@_instead("failed after it was held", "held and deleted", DynamoDbIngestions, "_end")
def _(end: Any, self: DynamoDbIngestions, *arguments: Any) -> None:
    *rest, condition = arguments
    end(self, *rest, condition.replace(" AND #status <> :held", ""))


@_instead("held after it was released", "held files raced", DynamoDbIngestions, "_end")
def _(end: Any, self: DynamoDbIngestions, *arguments: Any) -> Any:
    *rest, condition = arguments
    return end(self, *rest, condition.replace(" AND attribute_not_exists(released)", ""))


_mutant(
    "releases forgotten by the next delivery",
    "held files raced",
    (ingest, "_released", lambda admission: admission.kind is Kind.RELEASE),
)


@_instead("accepted however late", "judged again", DynamoDbIngestions, "accept")
def _(accept: Any, self: DynamoDbIngestions, object_id: str, _: str) -> Any:
    return accept(self, object_id, "9999")


@_instead("whatever an operator asks is asked now", "judged again", ingest, "admit")
def _(admit: Any, *arguments: Any, **named: Any) -> Any:
    return admit(*arguments, **named | {"asked_at": ""})


@_instead(
    "sequencer of a held file forgotten", "held in one second", DynamoDbIngestions, "note_base"
)
def _(note: Any, self: DynamoDbIngestions, object_id: str, base: str, status: Status) -> Any:
    return status is Status.HELD or note(self, object_id, base, status)


@_instead("loaded without being accepted", "hold on and off", Ingest, "_let_in")
def _(let_in: Any, self: Ingest, *arguments: Any) -> None:
    if self._hold is not None:
        let_in(self, *arguments)


@_instead("recheck of a file not weighed", "held and restored", ingestions, "_mode")
def _(mode: Any, found: Record, kind: Kind, base: str, *, recovering: bool) -> Any:
    held = found.status is Status.HELD
    return mode(replace(found, accepted=not held), kind, base, recovering=recovering)


_mutant("nothing weighed", _HELD, (Ingest, "_must_be_weighed", lambda *_: False))


def _unseen(name: str, part: str, finding: str) -> None:
    """A reconcile that takes one finding for nothing to do."""

    @_instead(name, part, reconcile, "_finding")
    def _(shipped: Any, *arguments: Any) -> Any:
        found = shipped(*arguments)
        return "terminal" if found == finding else found


# Paused folders

_unseen("waiting files forgotten", "paused folders", "waiting")
_mutant("paused files begun", "paused folders", (Ingest, "_must_wait", lambda *_: False))


@_instead("waiting files not followed up", "paused folders", Ingest, "_must_wait")
def _(must_wait: Any, self: Ingest, *arguments: Any) -> Any:
    with patch.object(DynamoDbFollowUps, "add", lambda *_: None):
        return must_wait(self, *arguments)


# Withdrawals

_WITHDRAWALS, _RACED = "withdrawals", "raced withdrawals"


@_instead("withdrawn versions run again", _WITHDRAWALS, ingest, "admit")
def _(admit: Any, record: Record | None, **named: Any) -> Any:
    admission = admit(record, **named)
    withdrawn = record is not None and record.status is Status.WITHDRAWN
    if not withdrawn or named["kind"] is Kind.RESTORE:
        return admission
    mode = Mode.RECHECK if named["kind"] is Kind.RECHECK else Mode.REPROCESS
    return replace(admission, mode=mode)


@_instead("a run completes a withdrawn version", _WITHDRAWALS, DynamoDbIngestions, "_update")
def _(update: Any, self: Any, name: str, text: str, condition: str, *rest: Any) -> Any:
    return update(self, name, text, condition.replace(" AND #status <> :withdrawn", ""), *rest)


@_instead("runs of the version not awaited", _WITHDRAWALS, withdrawal, "due")
def _(due: Any, record: Record, dropped_at: str = "") -> Any:
    return None if record.withdrawal else due(record, dropped_at)


@_instead("deleted keys stored afterwards", _RACED, Withdrawal, "scan")
def _(_: Any, self: Withdrawal) -> None:
    progress, items = self.progress, self._ports.items
    while not progress.scanned:
        found, _, progress.start = items.written_by(self._version, progress.start)
        progress.scanned = "" if progress.start else "now"
        self._note(found)
        items.delete(found)
        self._store()


_mutant(
    "asked for this attempt's deletions alone",
    _RACED,
    (Withdrawal, "_resumed", lambda *_: Progress()),
)


@_patched("deletions told before they are done", _RACED)
def _() -> Sequence[Patch]:
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


@_instead("keys of rows left alone published alone", _WITHDRAWALS, DynamoDbRegistry, "register")
def _(register: Any, self: Any, shard: int, registration: Registration, **how: Any) -> None:
    register(self, shard, registration._replace(others=KeySet()), **how)


@_instead("versions with reads asked alone", _WITHDRAWALS, DynamoDbRegistry, "registered")
def _(registered: Any, self: Any, *arguments: Any) -> Any:
    return (each for each in registered(self, *arguments) if each.highest)


_mutant(
    "nobody asked after deletions",
    _WITHDRAWALS,
    (Validator, "find_deciders", lambda *_: iter(())),
)
_inconsistent("inconsistent scan", _WITHDRAWALS, {"Scan"}, ITEMS)


@_patched("commands acted on again", _WITHDRAWALS)
def _() -> Sequence[Patch]:
    from_data = Command.from_data
    numbers = count()

    def latest(data: Any) -> Command:
        return replace(from_data(data), asked_at=f"9{next(numbers):09d}")

    return [(Command, "from_data", latest)]


# Fingerprints

_NIGHTS, _RACED_NIGHTS = "fingerprints", "raced fingerprints"

_mutant("writes since the producer ignored", _NIGHTS, (Promises, "open_shard", lambda *_: None))
_mutant("producer does not tell what it wrote", _NIGHTS, (Notes, "wrote", lambda *_: None))


@_instead("own writes trusted", _NIGHTS, RowWriter, "_wrote")
def _(_: Any, self: RowWriter, key_hashes: Sequence[int]) -> None:
    if self.notes is not None:
        self.notes.wrote(key_hashes)


@_instead("writes of segments before trusted", _NIGHTS, Promises, "__init__")
def _(init: Any, self: Promises, *rest: Any, **named: Any) -> None:
    init(self, *rest, **{**named, "own": ()})


@_instead(
    "fingerprints used when recovering",
    "fingerprints of the dead",
    SegmentProcessor,
    "_promises",
)
def _(promises: Any, self: SegmentProcessor, segment: Any) -> Any:
    return promises(self, replace(segment, recovering=False))


@_patched("known rows not published", _NIGHTS)
def _() -> Sequence[Patch]:
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


@_patched("write sets looked at before the epoch", _RACED_NIGHTS)
def _() -> Sequence[Patch]:
    shipped, look = RowWriter._read_epochs, Promises.open_shard

    def early(self: RowWriter, locations: Sequence[str]) -> None:
        if self.promises is not None:
            for shard in set(map(self._hasher.shard, locations)) - self.keys.keys():
                look(self.promises, shard, Epoch(-1, 0), self._registry)
        shipped(self, locations)

    return [(RowWriter, "_read_epochs", early), (Promises, "open_shard", lambda *_: None)]


@_instead("epoch of the producer's end left", _NIGHTS, Finisher, "_leave_fingerprints")
def _(leave: Any, self: Finisher, job: Any, reports: Any, keys: Any) -> None:
    for shard, each in keys.items():
        each.epoch = self._ports.registry.epoch(shard).number
    leave(self, job, reports, keys)


@_instead("fingerprints of stale rows left", _NIGHTS, RowWriter, "_take_over")
def _(take: Any, self: RowWriter, rows: Any, decision: Decision, outcomes: Any) -> None:
    if decision is Decision.STALE:
        self._saw(rows)
    take(self, rows, decision, outcomes)


@_instead("fingerprints of keys alone", _NIGHTS, writing, "hashes_of")
def _(hashes_of: Any, rows: Any) -> Any:
    return hashes_of(Rows(row._replace(quantity="1") for row in rows))


_mutant(
    "never read in full",
    "items changed by hand",
    (segments, "full_read_due", lambda *_, **__: False),
)


@_instead("fingerprints of later versions", "counts without failures", segments, "usable")
def _(usable: Any, given: Any, **named: Any) -> Any:
    return usable(given, **{**named, "base": "9"})


# Complete feeds

_COMPLETE = "complete feeds"
_COMPLETE_RACED = "complete feeds raced"
_COMPLETE_BACK = "complete feeds withdrawn"


@_instead("list of the version before alone", _COMPLETE, Absences, "_older")
def _(shipped: Any, self: Absences, job: Any, version: Any, listings: Any) -> Any:
    before = [each for each in listings if each.live and each.base < job.base]
    newest = sorted(before, key=lambda each: each.base)[-1:]
    with patch("inventory.domain.absences._older_of", lambda *_: None):
        return shipped(self, job, version, newest)


@_patched("lists read before one's own is entered", _COMPLETE_RACED)
def _() -> Sequence[Patch]:
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


_mutant("newest version not asked", _COMPLETE, (Absences, "ask_newest", lambda *_: None))


@_patched("newest asked before the list is entered", _COMPLETE_RACED)
def _() -> Sequence[Patch]:
    begin, ask = Absences.begin, Absences.ask_newest

    def beginning(self: Absences, job: Any, version: Any, *rest: Any) -> Any:
        if job.mode is not Mode.RECHECK:
            ask(self, job.complete, version, job.base)
        return begin(self, job, version, *rest)

    return [(Absences, "begin", beginning), (Absences, "ask_newest", lambda *_: None)]


@_instead("register read before the own list is there", "complete feeds raced", Absences, "begin")
def _(begin: Any, self: Any, job: Any, *rest: Any) -> Any:
    before, older = list(self._ports.listings.all(job.complete)), self._older
    with patch.object(self, "_older", lambda job, version, _: older(job, version, before)):
        return begin(self, job, *rest)


@_instead("lists not read again", _COMPLETE, SegmentProcessor, "_only")
def _(only: Any, self: SegmentProcessor, segment: Any) -> Any:
    """Decide only what is written over again when lists have changed."""
    job = segment.job
    with patch.object(segments, "ASKED", "no such request"):
        if job.mode is not Mode.RECHECK or not any("absent" in one for one in job.recheck):
            return only(self, segment)
        return frozenset()


@_patched("keys of stale rows not listed", _COMPLETE)
def _() -> Sequence[Patch]:
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


@_instead("implied rows not validated", _COMPLETE_RACED, SegmentProcessor, "_imply")
def _(imply: Any, self: SegmentProcessor, segment: Any) -> Any:
    return imply(self, segment)[0], KeySets()


@_instead("implied rows not rechecked", _COMPLETE_RACED, SegmentProcessor, "_only")
def _(only: Any, self: SegmentProcessor, segment: Any) -> Any:
    """Decide implied rows again only when lists have changed."""
    found = only(self, segment)
    last = segment.worker == segment.job.workers
    return frozenset() if last and found is not None else found


@_instead("files with damaged rows taken for whole", _COMPLETE, Absences, "begin")
def _(begin: Any, self: Absences, *arguments: Any) -> Any:
    *rest, reports = arguments
    clean = [replace(each, error=None, counts=replace(each.counts, rejected=0)) for each in reports]
    return begin(self, *rest, clean)


@_instead("list of the first worker alone", _COMPLETE, Absences, "begin")
def _(begin: Any, self: Absences, *arguments: Any) -> Any:
    *rest, reports = arguments
    return begin(self, *rest, reports[:1])


_mutant(
    "lists of withdrawn versions count",
    _COMPLETE_BACK,
    (Listing, "live", property(lambda self: bool(self.name))),
)
_mutant(
    "lists of restored versions dead",
    _COMPLETE_BACK,
    (Listing, "live", property(lambda self: self.name and not self.dropped)),
)
_mutant(
    "zeros of withdrawn versions stay",
    _COMPLETE_BACK,
    (Absences, "own_keys", lambda *_: iter(())),
)


@_instead("cumulative lists of withdrawn ones", _COMPLETE_BACK, Absences, "_older")
def _(older: Any, self: Absences, job: Any, version: Any, listings: Any) -> Any:
    """Believe what a version has left of older ones although one of them was withdrawn."""
    return older(self, job, version, [each for each in listings if each.live])


# The reconcile

_mutant("no reconcile", "one worker", (Reconcile, "run", lambda _, **__: Reconciliation()))
_mutant("no follow-ups", "old files", (DynamoDbFollowUps, "add", lambda *_: None))


@_instead("first runs not followed up", "deleted versions", Ingest, "_admit")
def _(admit: Any, self: Any, delivery: Any, described: Any) -> Any:
    first = self._ports.ingestions.get(delivery.version.object_id) is None
    return admit(self, replace(delivery, kind=Kind.CREATED) if first else delivery, described)


@_instead("ended by a run that is closed", "deleted versions", DynamoDbIngestions, "_update")
def _(update: Any, self: Any, name: str, text: str, condition: str, *rest: Any) -> Any:
    ending = condition.removeprefix("contains(open_runs, :run) AND #status <> :withdrawn AND ")
    return update(self, name, text, ending, *rest)


@_instead("let go before all requests are in", "deleted versions", DynamoDbFollowUps, "remove")
def _(remove: Any, self: DynamoDbFollowUps, version: Any, **_: Any) -> None:
    remove(self, version, before=BEGIN + timedelta(days=4_000))


_unseen("missing records not seen", "one worker", "missing")
_unseen("expired leases not seen", "interventions", "expired")
_unseen("crashed runs not seen", "old files", "crashed")
_unseen("standing flags not seen", "old files", "rechecks")


# Counts

_mutant(
    "keys forgotten between batches",
    "counts without failures",
    (SeenKeys, "swap_all", lambda *_: []),
)
_mutant(
    "told again that rows are refused",
    "interventions",
    (finishing, "_refuses_others", lambda _, total, __: total.counts.rejected > 0),
)
