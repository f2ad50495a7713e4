"""Rules for each message of the dead-letter queue.

A rejected row waits for one of two things. Either the rules have changed (a profile was added, a
defect repaired) and it can be read now: then its object version is processed again, and the order
decides whether it becomes stock or is stale. Or a newer file has corrected it: then it is stale
already and its message is done with. A row for which neither holds stays in the queue.

What can be read now of a file that an operator has withdrawn is settled: it comes again with the
file, if that is restored.

A row counts as corrected when every item it is about holds a later row, or has a later row in
another version of the same object that was loaded (which need not be stored, where it changed
nothing); a row whose items cannot be told does not. A refused file counts as replaced when a newer
version was loaded without a single reject: what it would have held, nobody can tell. Later and
newer are meant in the order of rows, not of uploads: an `as-of` may be of last week.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ObjectGoneError
from inventory.domain.model import ObjectVersion
from inventory.domain.order import Tokens, base_of, latest_time, object_time, timestamp
from inventory.domain.work import Kind, WorkMessage
from inventory_cli.dead_letters import DeadLetterKind
from inventory_cli.decisions import Action, Decision
from inventory_cli.deployed import Deployed
from inventory_cli.events import WorkAgain, plan_event
from inventory_cli.objects import versions_of
from inventory_cli.records import get_record
from inventory_cli.rendering import figure
from inventory_cli.rereading import Rereading, StockKey, keys_among, reread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inventory.domain.ports import ObjectInfo
    from inventory_cli.dead_letters import DeadLetter
    from inventory_cli.records import Record
    from inventory_cli.session import Session


class RedriveRules:
    """Decides about messages by what is stored now; changes nothing.

    Args:
        session: Connection.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._deployed = Deployed(session)
        self._objects = self._deployed.objects
        self._loaded: dict[str, list[tuple[str, ObjectVersion, Record]]] = {}

    def decide(self, dead_letters: Sequence[DeadLetter]) -> Iterator[Decision]:
        """Decisions about messages, those of one object version together.

        Args:
            dead_letters: Messages.
        """
        rejects: dict[tuple[str, str, str | None], list[DeadLetter]] = {}
        for dead_letter in dead_letters:
            if dead_letter.kind is DeadLetterKind.EVENT:
                yield self._event(dead_letter)
            else:
                bucket, key = dead_letter.bucket_and_key or ("", "")
                rejects.setdefault((bucket, key, dead_letter.version_id), []).append(dead_letter)
        for (bucket, key, version_id), group in rejects.items():
            yield from self._rejects(bucket, key, version_id, group)

    def _event(self, dead_letter: DeadLetter) -> Decision:
        task = plan_event(dead_letter, self._session.outputs)
        if task is None:
            reason = "not an event of this stack"
            return Decision(dead_letter=dead_letter, action=Action.UNKNOWN, reason=reason)
        reason = "to the work queue" if isinstance(task, WorkAgain) else f"to {task.function_name}"
        return Decision(dead_letter=dead_letter, action=Action.AGAIN, reason=reason, task=task)

    def _rejects(
        self, bucket: str, key: str, version_id: str | None, group: list[DeadLetter]
    ) -> Iterator[Decision]:
        if bucket != self._session.outputs.uploads_bucket_name:
            for dead_letter in group:
                reason = f"bucket {bucket} is not this stack's"
                yield Decision(dead_letter=dead_letter, action=Action.UNKNOWN, reason=reason)
            return
        named = ObjectVersion(
            bucket=bucket,
            key=key,
            version_id=version_id,
            etag=_etag(group[0], bucket, key) if version_id is None else "",
            size_bytes=0,
        )
        try:
            info = self._objects.describe(named)
            time = object_time(
                info.last_modified, info.metadata, tolerance=self._deployed.tolerance
            )
        except ObjectGoneError:
            yield from self._unread(named, group, self._base(named), "the object version is gone")
        except BadFileError as error:
            stored = base_of(timestamp(info.last_modified), "")
            yield from self._unread(named, group, stored, str(error))
        else:
            record = get_record(self._session, info.version.object_id)
            withdrawn = record is not None and record.status == "WITHDRAWN"
            for decision in self._rejects_of(info, time, record, group):
                if withdrawn and decision.task:
                    yield _settled(decision.dead_letter, "its file is withdrawn, and readable", "")
                else:
                    yield decision

    def _base(self, version: ObjectVersion) -> str:
        """Base of a version by its record; "" when there is none."""
        record = get_record(self._session, version.object_id)
        return str(record.attributes.get("base", "")) if record else ""

    def _unread(
        self, version: ObjectVersion, group: Sequence[DeadLetter], base: str, refusal: str
    ) -> Iterator[Decision]:
        """Decisions about a version whose rows cannot be told: only a file may be replaced."""
        for each in group:
            is_file = each.kind is DeadLetterKind.FILE
            yield _settled(each, self._replacement(version, base) if is_file else "", refusal)

    def _rejects_of(
        self, info: ObjectInfo, time: str, record: Record | None, group: list[DeadLetter]
    ) -> Iterator[Decision]:
        # Of a file that was loaded, a file reject stands for rows beyond the limit of messages, or
        # for all of which it was found out later that they cannot be read.
        loaded = record is not None and record.status == "COMPLETED"
        stands_for_rows = loaded and any(each.kind is DeadLetterKind.FILE for each in group)
        reading = reread(
            self._objects.source(info.version),
            key=info.version.key,
            profiles=self._deployed.profiles,
            latest=latest_time(info.last_modified, self._deployed.tolerance),
            lines=None if stands_for_rows else {each.line for each in group},
        )
        base = (str(record.attributes.get("base", "")) if record else "") or base_of(time, "")
        if reading.refusal:
            yield from self._unread(info.version, group, base, reading.refusal)
            return
        settled = _SettledItems(
            self._session,
            Tokens(base, info.version.object_id),
            self._restated(info.version, base, reading),
        )
        held = record is not None and record.status == "HELD"
        broke_off = record is not None and bool(record.attributes.get("last_reads_by"))
        for dead_letter in group:
            if dead_letter.kind is DeadLetterKind.ROW:
                yield self._row(dead_letter, info.version, reading, settled)
            elif record is not None and loaded:
                yield self._rows_of(dead_letter, info.version, record, reading, settled)
            elif held and self._replacement(info.version, base):
                yield _settled(dead_letter, self._replacement(info.version, base), "")
            else:
                # The decision about a held file stands unless it is asked for anew, and a file of
                # which rows are loaded is read as before.
                kind = Kind.REPLAY if held or broke_off else Kind.REDRIVE
                yield _again(dead_letter, kind, info.version)

    def _row(
        self,
        dead_letter: DeadLetter,
        version: ObjectVersion,
        reading: Rereading,
        settled: _SettledItems,
    ) -> Decision:
        line = dead_letter.line
        keys = reading.still_refused(line, dead_letter.document.get("column"))
        if keys is None:
            return _again(dead_letter, Kind.REPLAY, version)
        return _settled(dead_letter, settled.why(line, keys), _refusal(dead_letter))

    def _rows_of(
        self,
        dead_letter: DeadLetter,
        version: ObjectVersion,
        record: Record,
        reading: Rereading,
        settled: _SettledItems,
    ) -> Decision:
        open_lines = [
            line
            for line, columns in reading.refused.items()
            if not all(settled.why(line, keys) for keys in columns.values())
        ]
        refused = sum(map(len, reading.refused.values()))
        # What is refused when a loaded file is read once more, its record does not tell of.
        told = str(dead_letter.document.get("timestamp", ""))
        since = told > str(record.attributes.get("finished_at", ""))
        if not open_lines and (since or refused < record.count("rejected")):
            return _again(dead_letter, Kind.REPLAY, version)
        why = "" if open_lines else "no row is left to correct"
        return _settled(dead_letter, why, f"{figure(len(open_lines))} rows are still refused")

    def _replacement(self, version: ObjectVersion, base: str) -> str:
        """Why a file counts as replaced by a newer version of it; "" if it does not.

        Args:
            version: Its version.
            base: Base of its rows; "" when that cannot be told.
        """
        for other, _, record in self._others(version):
            if base and other > base and not record.count("rejected"):
                return "a newer version of the file was loaded whole"
        return ""

    def _others(self, version: ObjectVersion) -> list[tuple[str, ObjectVersion, Record]]:
        """Other loaded versions of the same object, each with its base, the newest first."""
        if version.object_id not in self._loaded:
            found = self._loaded[version.object_id] = []
            for stored in versions_of(self._session, version.key):
                other = stored.version
                record = get_record(self._session, other.object_id)
                if other.object_id != version.object_id and record and record.status == "COMPLETED":
                    found.append((str(record.attributes.get("base", "")), other, record))
            found.sort(key=itemgetter(0), reverse=True)
        return self._loaded[version.object_id]

    def _restated(
        self, version: ObjectVersion, own_base: str, reading: Rereading
    ) -> dict[tuple[str, str], str]:
        """Items that refused rows are about and other versions state, with their rows' tokens."""
        keys = [
            key for columns in reading.refused.values() for each in columns.values() for key in each
        ]
        wanted = {(key.sku, key.location) for key in keys}
        timed = any(key.updated_at for key in keys)
        found: dict[tuple[str, str], str] = {}
        for base, other, record in self._others(version):
            # Rows with times of their own may be later in any version.
            if not timed and (len(found) == len(wanted) or base <= own_base):
                break
            try:
                feed, tokens = self._deployed.opened(other, record)
            except (BadFileError, ObjectGoneError):
                continue
            for item, token in keys_among(feed, wanted, tokens).items():
                found[item] = max(token, found.get(item, ""))
        return found


class _SettledItems:
    """Tells which rows of one object version are done with.

    Args:
        session: Connection.
        tokens: Tokens of the version's rows.
        restated: Items that other versions of the file state, with the tokens of their rows.
    """

    def __init__(
        self, session: Session, tokens: Tokens, restated: dict[tuple[str, str], str]
    ) -> None:
        self._session = session
        self._tokens = tokens
        self._restated = restated

    def why(self, line: int, keys: Sequence[StockKey]) -> str:
        """Why a refused row is done with; "" when it is not, or its items cannot be told.

        Args:
            line: Its physical line.
            keys: The items it is about.
        """
        left = [
            key
            for key in keys
            if self._restated.get((key.sku, key.location), "")
            <= self._tokens.of(line, key.updated_at)
        ]
        if keys and not left:
            return "a newer version of the file has the row"
        if keys and all(self._newer_stored(line, key) for key in left):
            return "the item holds newer stock"
        return ""

    def _newer_stored(self, line: int, key: StockKey) -> bool:
        answer = self._session.dynamodb.get_item(
            TableName=self._session.outputs.items_table_name,
            Key={"sku": {"S": key.sku}, "location": {"S": key.location}},
            ProjectionExpression="order_token",
            ConsistentRead=True,
        )
        stored = answer.get("Item", {}).get("order_token", {}).get("S", "")
        return stored > self._tokens.of(line, key.updated_at)


def _again(dead_letter: DeadLetter, kind: Kind, version: ObjectVersion) -> Decision:
    message = WorkMessage(kind=kind, version=version, untold=kind is Kind.REPLAY)
    task = WorkAgain(body=message.to_text())
    reason = "can be read now"
    return Decision(dead_letter=dead_letter, action=Action.AGAIN, reason=reason, task=task)


def _settled(dead_letter: DeadLetter, correction: str, refusal: str) -> Decision:
    """Done with when there is a correction, else still refused."""
    if correction:
        return Decision(dead_letter=dead_letter, action=Action.STALE, reason=correction)
    return Decision(dead_letter=dead_letter, action=Action.REFUSED, reason=refusal)


def _refusal(dead_letter: DeadLetter) -> str:
    """Why a row is refused, without its value, so that alike rows are shown as one."""
    column = dead_letter.document.get("column")
    return f"{dead_letter.document.get('error')}{f' in {column}' if column else ''}"


def _etag(dead_letter: DeadLetter, bucket: str, key: str) -> str:
    """Entity tag of a version without an id, out of the reject's id."""
    identity = str(dead_letter.document.get("id", "")).removeprefix(f"{bucket}/{key}#")
    return identity.rpartition("/")[0]
