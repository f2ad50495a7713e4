"""What to do with each message of the dead-letter queue.

A rejected row waits for one of two things. Either the rules have changed (a profile was added, a
defect repaired) and it can be read now: then its object version is processed again, and the order
decides whether it becomes stock or is stale. Or a newer file has corrected it: then it is stale
already and its message is done with. A row for which neither holds stays in the queue.

A row counts as corrected when the item it is about holds a later order token; a row or a file,
when a newer version of the same object was loaded without a single reject.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from inventory.adapters.s3_objects import S3Objects
from inventory.domain.errors import BadFileError, ObjectGoneError
from inventory.domain.model import ObjectVersion
from inventory.domain.order import Tokens, base_of, latest_time, object_time
from inventory.domain.reading import ProfileSet
from inventory.domain.work import Kind, WorkMessage
from inventory_cli.dead_letters import DeadLetterKind
from inventory_cli.decisions import Action, Decision
from inventory_cli.errors import OutOfReachError
from inventory_cli.events import WorkAgain, plan_event
from inventory_cli.objects import versions_of
from inventory_cli.records import get_record
from inventory_cli.rereading import Rereading, StockKey, reread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from inventory.domain.ports import ObjectInfo
    from inventory_cli.dead_letters import DeadLetter
    from inventory_cli.session import Session

_T = TypeVar("_T")


class RedriveRules:
    """Decides about messages by what is stored now; changes nothing.

    Args:
        session: Connection.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._objects = S3Objects(session.s3)
        self._corrected: dict[tuple[str, str | None], str] = {}

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
        correction = self._correction(named)
        try:
            info = self._objects.describe(named)
            time = object_time(info.last_modified, info.metadata, tolerance=self._tolerance)
        except ObjectGoneError:
            yield from _all_settled(group, correction, "the object version is gone")
        except BadFileError as error:
            yield from _all_settled(group, correction, str(error))
        else:
            yield from self._rejects_of(info, time, group, correction)

    def _rejects_of(
        self, info: ObjectInfo, time: str, group: list[DeadLetter], correction: str
    ) -> Iterator[Decision]:
        record = get_record(self._session, info.version.object_id)
        # Of a file that was loaded, a file reject stands for rows beyond the limit of messages.
        loaded = record is not None and record.status == "COMPLETED"
        stands_for_rows = loaded and any(each.kind is DeadLetterKind.FILE for each in group)
        reading = reread(
            self._objects.source(info.version),
            key=info.version.key,
            profiles=self._profiles,
            latest=latest_time(info.last_modified, self._tolerance),
            lines=None if stands_for_rows else {each.line for each in group},
        )
        if reading.refusal:
            yield from _all_settled(group, correction, reading.refusal)
            return
        base = str(record.attributes.get("base", "")) if record else ""
        tokens = Tokens(base or base_of(time, ""), info.version.object_id)
        held = record is not None and record.status == "HELD"
        for dead_letter in group:
            if dead_letter.kind is DeadLetterKind.ROW:
                yield self._row(dead_letter, info.version, reading, tokens, correction)
            elif loaded:
                yield self._rows_beyond_the_limit(dead_letter, reading, tokens, correction)
            elif held and correction:
                yield _settled(dead_letter, correction, "")
            else:
                # The decision about a held file stands unless it is asked for anew.
                yield _again(dead_letter, Kind.REPLAY if held else Kind.REDRIVE, info.version)

    def _row(
        self,
        dead_letter: DeadLetter,
        version: ObjectVersion,
        reading: Rereading,
        tokens: Tokens,
        correction: str,
    ) -> Decision:
        line = dead_letter.line
        keys = reading.still_refused(line, dead_letter.document.get("column"))
        if keys is None:
            return _again(dead_letter, Kind.REPLAY, version)
        why = "the item holds newer stock" if self._stale(tokens, line, keys) else correction
        return _settled(dead_letter, why, _refusal(dead_letter))

    def _rows_beyond_the_limit(
        self, dead_letter: DeadLetter, reading: Rereading, tokens: Tokens, correction: str
    ) -> Decision:
        open_lines = [
            line
            for line, columns in reading.refused.items()
            if not all(self._stale(tokens, line, keys) for keys in columns.values())
        ]
        why = correction if open_lines else "no row is left to correct"
        return _settled(dead_letter, why, f"{len(open_lines)} rows are still refused")

    def _stale(self, tokens: Tokens, line: int, keys: Sequence[StockKey]) -> bool:
        """Tell whether all items of a row are known and hold newer stock."""
        return bool(keys) and all(self._newer_stored(tokens, line, each) for each in keys)

    def _newer_stored(self, tokens: Tokens, line: int, key: StockKey) -> bool:
        answer = self._session.dynamodb.get_item(
            TableName=self._session.outputs.items_table_name,
            Key={"sku": {"S": key.sku}, "location": {"S": key.location}},
            ProjectionExpression="order_token",
            ConsistentRead=True,
        )
        stored = answer.get("Item", {}).get("order_token", {}).get("S", "")
        return stored > tokens.of(line, key.updated_at)

    def _correction(self, version: ObjectVersion) -> str:
        """Why the version counts as corrected by a newer one; "" if it does not."""
        known = self._corrected.get((version.key, version.version_id))
        if known is None:
            known = self._find_correction(version)
            self._corrected[version.key, version.version_id] = known
        return known

    def _find_correction(self, version: ObjectVersion) -> str:
        versions = [each.version.object_id for each in versions_of(self._session, version.key)]
        if version.object_id not in versions:
            return ""  # which ones are newer cannot be told any more
        for object_id in versions[: versions.index(version.object_id)]:
            record = get_record(self._session, object_id)
            if record and record.status == "COMPLETED" and not record.count("rejected"):
                return "a newer version of the file was loaded whole"
        return ""

    @cached_property
    def _profiles(self) -> ProfileSet:
        """The profiles that the deployed function reads by."""
        settings: Any = self._setting("FEED_PROFILES", json.loads)
        return ProfileSet.from_settings(settings)

    @cached_property
    def _tolerance(self) -> timedelta:
        """How far a stated time may lie ahead for the deployed function."""
        return timedelta(minutes=self._setting("TIME_TOLERANCE_MINUTES", int))

    def _setting(self, variable: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(self._variables[variable])
        except (KeyError, ValueError) as error:
            name = self._session.outputs.processor_function_name
            raise OutOfReachError(f"{name} has no readable {variable}: {error!r}") from error

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        name = self._session.outputs.processor_function_name
        configuration = self._session.functions.get_function_configuration(FunctionName=name)
        return configuration.get("Environment", {}).get("Variables", {})


def _again(dead_letter: DeadLetter, kind: Kind, version: ObjectVersion) -> Decision:
    task = WorkAgain(body=WorkMessage(kind=kind, version=version).to_text())
    reason = "can be read now"
    return Decision(dead_letter=dead_letter, action=Action.AGAIN, reason=reason, task=task)


def _settled(dead_letter: DeadLetter, correction: str, refusal: str) -> Decision:
    """Done with when there is a correction, else still refused."""
    if correction:
        return Decision(dead_letter=dead_letter, action=Action.STALE, reason=correction)
    return Decision(dead_letter=dead_letter, action=Action.REFUSED, reason=refusal)


def _all_settled(group: Sequence[DeadLetter], correction: str, refusal: str) -> Iterator[Decision]:
    return (_settled(each, correction, refusal) for each in group)


def _refusal(dead_letter: DeadLetter) -> str:
    """Why a row is refused, without its value, so that alike rows are shown as one."""
    column = dead_letter.document.get("column")
    return f"{dead_letter.document.get('error')}{f' in {column}' if column else ''}"


def _etag(dead_letter: DeadLetter, bucket: str, key: str) -> str:
    """Entity tag of a version without an id, out of the reject's id."""
    identity = str(dead_letter.document.get("id", "")).removeprefix(f"{bucket}/{key}#")
    return identity.rpartition("/")[0]
