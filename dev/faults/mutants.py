"""Writers with one rule taken out; the campaign must go red on every one of them.

The first four are the designs that peers use. A mutant replaces functions of the real modules
while a schedule runs, so everything around the missing rule is the shipped code.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from threading import get_ident
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from inventory.domain.ledger import Admission, Mode, Record, Status

from faults.dynamodb import MemoryDynamoDb, Table, parsed
from faults.fakes import ITEMS
from inventory.adapters import dynamodb_ledger
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_statements import Statements
from inventory.domain import ledger, order
from inventory.domain.ingest import Ingest
from inventory.domain.reconcile import Reconcile, Reconciliation
from inventory.domain.seen import SeenKeys
from inventory.domain.work import Kind, WorkMessage
from inventory.domain.writing import RowWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from inventory.domain.model import ObjectVersion, Row
    from inventory.domain.ports import Change, Stored, WorkQueue

Patch = tuple[object, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A writer without one rule.

    Attributes:
        name: What it does instead.
        patches: Fresh replacements for one schedule: owner, attribute, replacement.
    """

    name: str
    patches: Callable[[], Sequence[Patch]]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The mutant instead of the writer."""
        with ExitStack() as stack:
            for owner, attribute, replacement in self.patches():
                target = import_module(owner) if isinstance(owner, str) else owner
                stack.enter_context(patch.object(target, attribute, replacement))
            yield


def _put_all(
    self: DynamoDbItems, changes: Sequence[Change], *, version: ObjectVersion, written_at: str
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
    """Remember the last base of each key in the ledger's table; older files are skipped."""
    gates: dict[str, str] = {}
    load = Ingest._load  # noqa: SLF001  a mutant

    def gated(self: Ingest, run: Any) -> None:  # noqa: ANN401  private
        key = run.admission.version.key
        if run.admission.base < gates.get(key, ""):
            return
        gates[key] = run.admission.base
        load(self, run)

    return [*_blind(), (Ingest, "_load", gated)]


def _no_look_back() -> Sequence[Patch]:
    return [(RowWriter, "look_back", lambda _self, _queue: 0)]


def _eventually_consistent() -> Sequence[Patch]:
    """Reads that are not asked to be consistent see what was there before."""

    def stale(_: MemoryDynamoDb, table: Table, key: tuple[str, ...]) -> Any:  # noqa: ANN401  JSON
        history = table.history.get(key)
        return history[-1] if history else table.items.get(key)

    read_keys = DynamoDbItems._read_keys  # noqa: SLF001  a mutant
    looks = [0]

    def inconsistent(self: DynamoDbItems, keys: Any) -> Any:  # noqa: ANN401  private
        looks[0] += 1
        with patch.object(self, "_api", _Inconsistent(self._api, looks[0] % 3 == 0)):
            return read_keys(self, keys)

    return [(MemoryDynamoDb, "stale_item", stale), (DynamoDbItems, "_read_keys", inconsistent)]


class _Inconsistent:
    """An API whose reads of items are eventually consistent, and sometimes behind."""

    def __init__(self, api: Any, behind: bool) -> None:  # noqa: ANN401, FBT001  private
        self._api = api
        self._behind = behind

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  passed through
        return getattr(self._api, name)

    def call(self, operation: str, payload: Any) -> Any:  # noqa: ANN401  JSON
        if self._behind and operation == "BatchGetItem":
            payload = parsed(payload)
            payload["RequestItems"][ITEMS]["ConsistentRead"] = False
        return self._api.call(operation, payload)


def _look_back_first() -> Sequence[Patch]:
    """Ask who relied on the items before they are written instead of after."""
    write = DynamoDbItems.write
    settle = RowWriter._settle  # noqa: SLF001  a mutant
    asked: dict[int, dict[str, ObjectVersion]] = {}
    current: dict[int, RowWriter] = {}  # by thread: interleaved runs have one each

    def early(
        self: DynamoDbItems, changes: Sequence[Change], *, version: ObjectVersion, written_at: str
    ) -> list[Change]:
        writer = current[get_ident()]
        for change in changes:
            if change.stored is not None:
                lane = writer._lane_of(change.row.location)  # noqa: SLF001  a mutant
                for other in writer._lanes.announced_after(lane, change.token):  # noqa: SLF001  a mutant
                    if other.object_id != version.object_id:
                        asked.setdefault(id(writer), {})[other.object_id] = other
        return write(self, changes, version=version, written_at=written_at)

    def settled(self: RowWriter, *arguments: Any) -> Any:  # noqa: ANN401  private
        current[get_ident()] = self
        return settle(self, *arguments)

    def late(self: RowWriter, queue: WorkQueue) -> int:
        again = asked.pop(id(self), {})
        if again:
            queue.send([WorkMessage(kind=Kind.RECHECK, version=one) for one in again.values()])
        return len(again)

    return [
        (DynamoDbItems, "write", early),
        (RowWriter, "_settle", settled),
        (RowWriter, "look_back", late),
    ]


def _announce_late() -> Sequence[Patch]:
    """Announce after the items were read."""
    announce, settle = RowWriter._announce, RowWriter._settle  # noqa: SLF001  a mutant
    waiting: dict[int, Any] = {}

    def remember(self: RowWriter, pending: Any) -> None:  # noqa: ANN401  private
        waiting[id(self)] = list(pending)

    def settled(self: RowWriter, *arguments: Any) -> Any:  # noqa: ANN401  private
        left = settle(self, *arguments)
        if (pending := waiting.pop(id(self), None)) is not None:
            announce(self, pending)
        return left

    return [(RowWriter, "_announce", remember), (RowWriter, "_settle", settled)]


def _no_tie_breaker() -> Sequence[Patch]:
    return [(order, "object_hash", lambda _object_id: "00000000")]


def _forget_dead_runs() -> Sequence[Patch]:
    """Do not look after rows that a dead run wrote."""
    admit = ledger.admit

    def careless(*arguments: Any, **named: Any) -> Admission:  # noqa: ANN401  passed through
        return replace(admit(*arguments, **named), thorough=False)

    return [("inventory.domain.ingest", "admit", careless)]


def _believe_completed() -> Sequence[Patch]:
    """Answer every delivery of a completed version, whoever died on it."""
    mode = ledger._mode  # noqa: SLF001  a mutant
    record = dynamodb_ledger._record  # noqa: SLF001  a mutant

    def believing(found: Record | None, kind: Kind, base: str, *, unattended: bool) -> Mode:
        completed = found is not None and found.status is Status.COMPLETED
        return mode(found, kind, base, unattended=unattended and not completed)

    def terminal(item: Any) -> Record:  # noqa: ANN401  JSON
        found = record(item)
        completed = found.status is Status.COMPLETED
        return replace(found, open_runs=frozenset()) if completed else found

    return [(ledger, "_mode", believing), (dynamodb_ledger, "_record", terminal)]


def _update_unconditionally() -> Sequence[Patch]:
    """UPDATE without the token that was read."""
    statements = Statements.of
    condition = ' AND "order_token"=?'

    def shorter(self: Statements, *arguments: Any) -> list[str]:  # noqa: ANN401  passed through
        made = [json.loads(text) for text in statements(self, *arguments)]
        for one in made:
            if condition in one["Statement"]:
                one["Statement"] = one["Statement"].replace(condition, "")
                one["Parameters"].pop()
        return [json.dumps(one) for one in made]

    return [(Statements, "of", shorter)]


def _success_is_200() -> Sequence[Patch]:
    """Take HTTP 200 for the success of every statement."""
    return [
        (DynamoDbItems, "_write_statements", _write_once),
    ]


def _write_once(self: DynamoDbItems, pairs: list[Any]) -> tuple[list[Change], float]:
    statements = [json.loads(statement) for _, statement in pairs]
    self._api.call("BatchExecuteStatement", {"Statements": statements})
    return [], 0.0


def _keep_old_attributes() -> Sequence[Patch]:
    """UPDATE that leaves attributes the new row lacks."""
    update = Statements._update  # noqa: SLF001  a mutant

    def keeping(self: Statements, shape: int, _: Any, *, has_token: bool) -> str:  # noqa: ANN401  private
        return update(self, shape, frozenset(), has_token=has_token)

    return [(Statements, "_update", keeping)]


def _first_row_wins() -> Sequence[Patch]:
    """Of the rows of one key in a batch, keep the first."""
    winners = RowWriter._winners  # noqa: SLF001  a mutant

    def reverse(self: RowWriter, rows: Sequence[Row]) -> Any:  # noqa: ANN401  private
        return winners(self, list(reversed(rows)))

    return [(RowWriter, "_winners", reverse)]


def _skip_unlooked() -> Sequence[Patch]:
    """Take every older item for equal to its row."""
    skip = RowWriter._skip_equal  # noqa: SLF001  a mutant

    def unlooked(self: RowWriter, pending: Any, stored: Sequence[Stored | None], *rest: Any) -> Any:  # noqa: ANN401  private
        return skip(self, pending, [old and old._replace(equal=True) for old in stored], *rest)

    return [(RowWriter, "_skip_equal", unlooked)]


def _forget_times() -> Sequence[Patch]:
    """Do not remember, within a file, that a row with a later time of its own was met."""
    return [(SeenKeys, "newest", lambda _self, _hash, _time: True)]


def _processing_time() -> Sequence[Patch]:
    """Order by the time of processing."""
    describe = Ingest._describe  # noqa: SLF001  a mutant

    def base(self: Ingest, version: ObjectVersion) -> Any:  # noqa: ANN401  private
        info, refusal, base = describe(self, version)
        now = order.timestamp(self._ports.now())
        return info, refusal, base and order.base_of(now, version.sequencer)

    return [(Ingest, "_describe", base)]


def _complete_first() -> Sequence[Patch]:
    """Complete the record before the rejects leave."""
    publish = Ingest._settle  # noqa: SLF001  a mutant

    def early(self: Ingest, run: Any, writer: RowWriter, publisher: Any) -> None:  # noqa: ANN401  private
        if run.admission.mode is Mode.WORK:
            self._ports.ledger.complete(run.admission, run.report)
        publish(self, run, writer, publisher)

    return [(Ingest, "_settle", early)]


def _no_reconcile() -> Sequence[Patch]:
    return [(Reconcile, "run", lambda _self, **_: Reconciliation())]


def _read_latest() -> Sequence[Patch]:
    """GET without the version id."""
    load = Ingest._load  # noqa: SLF001  a mutant

    def latest(self: Ingest, run: Any) -> None:  # noqa: ANN401  private
        version = run.admission.version
        source = self._ports.objects.source
        stored = [
            one.version
            for one in self._ports.objects._world.objects.stored  # type: ignore[attr-defined]  # noqa: SLF001  a mutant
            if one.version.key == version.key
        ]
        with patch.object(self._ports.objects, "source", lambda _: source(stored[-1])):
            load(self, run)

    return [(Ingest, "_load", latest)]


MUTANTS = (
    Mutant("BatchWriteItem without conditions", _blind),
    Mutant("a gate per object", _gate_per_object),
    Mutant("skip without token (no look-back)", _no_look_back),
    Mutant("eventually consistent skip", _eventually_consistent),
    Mutant("look back before the writes", _look_back_first),
    Mutant("announce after the read", _announce_late),
    Mutant("no tie-breaker in the token", _no_tie_breaker),
    Mutant("dead runs forgotten", _forget_dead_runs),
    Mutant("completed versions believed", _believe_completed),
    Mutant("UPDATE without the token", _update_unconditionally),
    Mutant("HTTP 200 taken for success", _success_is_200),
    Mutant("attributes of the older row kept", _keep_old_attributes),
    Mutant("first row of a batch wins", _first_row_wins),
    Mutant("older items skipped unlooked at", _skip_unlooked),
    Mutant("times inside a file forgotten", _forget_times),
    Mutant("ordered by processing time", _processing_time),
    Mutant("completed before rejects leave", _complete_first),
    Mutant("no reconcile", _no_reconcile),
    Mutant("latest version read", _read_latest),
)
