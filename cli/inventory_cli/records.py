"""Ingestion records as operators read them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.domain.model import ObjectVersion
from inventory_cli.errors import NotYetError
from inventory_cli.exits import Exit
from inventory_cli.rendering import emit_table, figure, minute, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from inventory_cli.session import Session

#: Counts of a record in the order in which they are shown; they add up to rows_read.
OUTCOMES = ("loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")

#: Follows the name of a version whose folder is paused.
_WAITS = "waits, because its folder is paused: see `inventory pause`"
_TERMINAL = frozenset({"COMPLETED", "FAILED", "HELD"})
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_READ = 100
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 3.0
_USUAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Record:
    """One ingestion record.

    Attributes:
        attributes: The stored item, numbers as `int` or `Decimal`.
    """

    attributes: Mapping[str, Any]

    @property
    def object_id(self) -> str:
        """`<bucket>/<key>#<version id, else etag>`."""
        return str(self.attributes["object_id"])

    @property
    def key(self) -> str:
        """Key of the object."""
        return self.object_id.partition("/")[2].rpartition("#")[0]

    @property
    def status(self) -> str:
        """IN_PROGRESS, COMPLETED, FAILED, HELD, WITHDRAWN or WAITING."""
        return str(self.attributes.get("status", ""))

    @property
    def was_refused(self) -> bool:
        """Tell whether the file was refused, be it that it was withdrawn since."""
        withdrawn = self.status == "WITHDRAWN" and "error" in self.attributes
        return self.status == "FAILED" or withdrawn

    @property
    def ended(self) -> bool:
        """Tell whether the status is terminal and no run of the version is open."""
        if self.status == "WITHDRAWN":
            return "withdrawal" not in self.attributes
        return self.status in _TERMINAL and not self.attributes.get("open_runs")

    @property
    def version(self) -> ObjectVersion:
        """The object version, also where the bucket has it no more."""
        version_id = self.attributes.get("version_id")
        return ObjectVersion(
            bucket=self.object_id.partition("/")[0],
            key=self.key,
            version_id=version_id,
            etag="" if version_id else self.object_id.rpartition("#")[2],
            size_bytes=self.count("bytes"),
        )

    @property
    def rows_read(self) -> int:
        """Stock rows of the version."""
        return self.count("rows_read")

    @property
    def moment(self) -> str:
        """When the version's latest run ended, else when it began."""
        return str(self.attributes.get("finished_at") or self.attributes.get("started_at") or "")

    @property
    def exit_code(self) -> Exit:
        """Exit code of a command that asked for this record."""
        if self.status in ("FAILED", "HELD"):
            return Exit.REFUSED
        if self.status in ("", "IN_PROGRESS", "WAITING"):
            return Exit.NOT_YET
        if self.status == "WITHDRAWN":
            return Exit.OK if self.ended else Exit.NOT_YET
        return Exit.ATTENTION if self.count("rejected") or self.warning else Exit.OK

    @property
    def warning(self) -> str:
        """Oddity of a file that was loaded without a reject; "" where there is none."""
        if self.status != "COMPLETED" or not self.rows_read:
            return ""
        if self.count("stale") == self.rows_read:
            return "newer stock is stored for every row: this file is older than what was loaded"
        if nothing := self.attributes.get("nothing_loaded"):
            return f"no row of this file became stock: {nothing}"
        if not self.count("loaded") and not self.count("unchanged"):
            return "no row of this file became stock"
        if conflicting := self.count("conflicting"):
            return (
                f"{figure(conflicting)} rows say another quantity than a later row of the same SKU "
                "and location; `inventory check` lists them"
            )
        return ""

    def count(self, name: str) -> int:
        """One of the counts; 0 while it is not known."""
        return int(self.attributes.get(name, 0))


def get_record(session: Session, object_id: str) -> Record | None:
    """The record of an object version, strongly consistent; None when there is none.

    Args:
        session: Connection.
        object_id: Partition key of the record.
    """
    answer = session.dynamodb.get_item(
        TableName=session.outputs.ingestions_table_name,
        Key={"object_id": {"S": object_id}},
        ConsistentRead=True,
    )
    item = answer.get("Item")
    return Record(plain(item)) if item else None


def get_records(session: Session, object_ids: Sequence[str]) -> dict[str, Record]:
    """The records of several object versions, those that exist, strongly consistent.

    Args:
        session: Connection.
        object_ids: Partition keys of the records.
    """
    keys = [{"object_id": {"S": name}} for name in object_ids]
    found = map(Record, get_items(session, session.outputs.ingestions_table_name, keys))
    return {record.object_id: record for record in found}


def get_items(session: Session, table: str, keys: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Items of a table, those that exist, in no order, strongly consistent.

    Args:
        session: Connection.
        table: Its name.
        keys: Keys in the JSON of DynamoDB.
    """
    for at in range(0, len(keys), _KEYS_PER_READ):
        some: Any = keys[at : at + _KEYS_PER_READ]
        while some:
            answer = session.dynamodb.batch_get_item(
                RequestItems={table: {"Keys": some, "ConsistentRead": True}}
            )
            yield from map(plain, answer["Responses"].get(table, ()))
            left: Any = answer.get("UnprocessedKeys", {}).get(table, {})
            if len(left.get("Keys", ())) == len(some):
                time.sleep(_FIRST_PAUSE_SECONDS)
            some = left.get("Keys", [])


def scan_records(session: Session) -> Iterator[Record]:
    """Every record of the table, in no order; reads the whole table.

    Args:
        session: Connection.
    """
    pages = session.dynamodb.get_paginator("scan").paginate(
        TableName=session.outputs.ingestions_table_name
    )
    for page in pages:
        for item in page["Items"]:
            yield Record(plain(item))


def await_record(
    session: Session,
    object_id: str,
    *,
    timeout_seconds: float,
    after: str = "",
    on_silence: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Record:
    """The record once it has ended.

    Args:
        session: Connection.
        object_id: Partition key of the record.
        timeout_seconds: How long to wait.
        after: ISO 8601 time; the record must have ended later than that.
        on_silence: Called once, after a minute without any record.
        sleep: Takes seconds.
        clock: Seconds of a monotonic clock.

    Raises:
        NotYetError: It has not ended in time, or waits until its folder is resumed.
    """
    began = clock()
    deadline = began + timeout_seconds
    silent = False
    pause = _FIRST_PAUSE_SECONDS
    while True:
        record = get_record(session, object_id)
        if record is not None and record.ended and record.moment > after:
            return record
        if record is not None and record.status == "WAITING":
            raise NotYetError(f"{object_id} {_WAITS}")
        if record is None and not silent and clock() - began >= _USUAL_SECONDS:
            silent = True
            on_silence()
        if clock() + pause > deadline:
            state = "no record yet" if record is None else f"the record is {record.status}"
            raise NotYetError(
                f"{object_id} has not ended within {timeout_seconds:g} s ({state}); "
                "look again with `inventory status`"
            )
        sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def show_record(record: Record) -> None:
    """Print one record for people."""
    attributes = record.attributes
    say(f"{record.object_id}")
    say(record.status, style=record.status)
    if attributes.get("error"):
        say(f"error: {attributes['error']}", style="fail")
    if record.warning:
        say(f"warning: {record.warning}", style="warn")
    if record.status == "WAITING":
        say(f"it {_WAITS}")
    if record.status == "WITHDRAWN":
        say(
            f"withdrawn by {attributes['withdrawn_by']}, asked at {attributes['withdrawn_at']}: "
            f"{attributes.get('withdrawn_reason') or 'no reason given'}"
        )
        removed = attributes.get("items_removed")
        if removed is None:
            say("its items are not removed yet")
        else:
            say(f"{figure(int(removed))} items removed")
    facts = [
        f"profile {attributes['profile']}" if attributes.get("profile") else "",
        f"{figure(int(attributes['bytes']))} bytes" if "bytes" in attributes else "",
        f"attempt {attributes['attempts']}" if attributes.get("attempts") else "",
        f"{attributes.get('workers_done', 0)} of {attributes['workers']} workers done"
        if attributes.get("workers")
        else "",
        f"{attributes['write_units']} write units" if "write_units" in attributes else "",
        f"{attributes['read_units']} read units" if "read_units" in attributes else "",
    ]
    say(", ".join(fact for fact in facts if fact))
    times = [
        f"{name} {attributes[f'{name}_at']}"
        for name in ("started", "finished")
        if attributes.get(f"{name}_at")
    ]
    if times:
        say(", ".join(times))
    if attributes.get("first_error_line"):
        say(f"first reject in line {attributes['first_error_line']}")
    _show_counts(record)


def _show_counts(record: Record) -> None:
    attributes = record.attributes
    if "rows_read" in attributes:
        columns = ("rows read", *OUTCOMES)
        counts = (record.rows_read, *(record.count(name) for name in OUTCOMES))
        emit_table(columns, [[figure(count) for count in counts]], right=columns)
    if absent := record.count("absent"):
        say(f"{figure(absent)} items set that the file lacks, because its feed is complete")
    skipped = attributes.get("skipped_by_reason")
    if skipped:
        reasons = ", ".join(f"{reason} {figure(int(n))}" for reason, n in sorted(skipped.items()))
        say(f"skipped: {reasons}")


def record_rows(records: list[Record]) -> list[list[str]]:
    """Table rows of several records, see `RECORD_COLUMNS`."""
    return [
        [
            minute(record.moment),
            record.status,
            *(figure(record.count(name)) for name in ("rows_read", "loaded", "rejected")),
            record.key,
        ]
        for record in records
    ]


RECORD_COLUMNS = ("time (UTC)", "status", "rows", "loaded", "rejected", "key")


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an item in the JSON of DynamoDB; numbers as `Decimal`.

    Args:
        item: As a client gives it.
    """
    from boto3.dynamodb.types import TypeDeserializer

    plain = TypeDeserializer().deserialize
    return {name: plain(value) for name, value in item.items()}
