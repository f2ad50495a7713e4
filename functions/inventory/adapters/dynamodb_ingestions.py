"""The ingestions table: one record per object version."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from inventory.adapters.dynamodb_api import ConditionFailedError
from inventory.domain.announcements import end_announcement, withdrawal_announcement
from inventory.domain.ingestions import Admission, Mode, Record, RunReport, Status
from inventory.domain.order import timestamp
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import ConsumedCapacity
    from inventory.domain.work import Command

_Json = dict[str, Any]

#: Nobody has the file read in another way by now.
_READ_SO = "(attribute_not_exists(reads_by) OR reads_by = :by)"

#: What a quantity in every feed means, so that a reader of the record need not ask.
QUANTITY_MEANING = "absolute stock at as_of"

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_READ = 100


class DynamoDbIngestions:
    """The ingestions table behind `ports.Ingestions`.

    Idempotency: a run is a member of the set `open_runs`, entered and removed by name, and all
    other attributes are set, never added to, so a lost acknowledgement may be repeated. The one
    exception, `attempts`, informs and decides nothing.

    Args:
        api: DynamoDB.
        table_name: Name of the ingestions table.
        usage: Where consumed units are counted.
    """

    def __init__(self, api: DynamoDbApi, table_name: str, usage: ConsumedCapacity) -> None:
        self._api = api
        self._table = table_name
        self._usage = usage

    def get(self, object_id: str) -> Record | None:
        """The record; see `ports.Ingestions`."""
        answer = self._api.call(
            "GetItem",
            {
                "TableName": self._table,
                "Key": {"object_id": {"S": object_id}},
                "ConsistentRead": True,
            },
        )
        self._usage.read_units += 1
        item = answer.get("Item")
        return None if item is None else _record(item)

    def get_many(self, object_ids: Sequence[str]) -> dict[str, Record]:
        """The records of several object versions, those that exist, strongly consistent."""
        records: dict[str, Record] = {}
        for at in range(0, len(object_ids), _KEYS_PER_READ):
            keys = [{"object_id": {"S": name}} for name in object_ids[at : at + _KEYS_PER_READ]]
            backoff = self._api.backoff()
            while keys:
                answer = self._api.call(
                    "BatchGetItem",
                    {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}},
                )
                self._usage.read_units += len(keys)
                for item in answer.get("Responses", {}).get(self._table, ()):
                    records[item["object_id"]["S"]] = _record(item)
                keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
                if keys:
                    backoff.pause_throttled(f"{len(keys)} unprocessed keys")
        return records

    def open(self, admission: Admission, *, accepted: bool) -> bool:
        """Enter a run in the record; see `ports.Ingestions`."""
        version = admission.version
        values: _Json = {
            ":run": {"SS": [admission.run]},
            ":me": {"S": admission.run},
            ":one": {"N": "1"},
        }
        names = {"#status": "status"}
        setting = "SET last_run = :me"
        if admission.mode is Mode.PROCESS:
            which, which_names, which_values = _version(version)
            names |= {"#base": "base"} | which_names
            values |= which_values | {
                ":status": {"S": Status.IN_PROGRESS.value},
                ":now": {"S": admission.now},
                ":lease": {"S": admission.lease_until},
                ":base": {"S": admission.base},
                ":meaning": {"S": QUANTITY_MEANING},
            }
            setting += (
                f", #status = :status, {which}, started_at = :now, lease_until = :lease, "
                "#base = :base, quantity_meaning = :meaning"
            )
            if accepted:
                setting += ", accepted = :accepted"
                values[":accepted"] = {"BOOL": True}
            condition = "#status = :found AND #base <= :base"
        else:
            condition = "#status = :found"
        removing = ""
        if admission.kind is Kind.RELEASE:
            setting += ", released = :asked"
            values[":asked"] = {"S": admission.asked_at}
        elif admission.kind is Kind.REPLAY:
            removing = " REMOVE released"
            values[":asked"] = {"S": admission.asked_at}
            condition += " AND (attribute_not_exists(released) OR released <= :asked)"
        elif admission.command is not None:
            # Until it has ended again, it is known by that to be one that is being restored.
            removing = " REMOVE finished_at"
            values[":asked"] = {"S": admission.command.asked_at}
            values[":by"] = {"S": admission.command.by}
            setting += ", decided_at = :asked, restored_at = :asked, restored_by = :by"
            condition += " AND decided_at < :asked"
        if admission.record is None:
            condition = "attribute_not_exists(object_id)"
        else:
            values[":found"] = {"S": admission.record.status.value}
        # A request that is repeated finds its own run; one that arrives after the end does not. By
        # then another run may have held the file, or an operator withdrawn it.
        values |= {
            ":withdrawn": {"S": Status.WITHDRAWN.value},
            ":held": {"S": Status.HELD.value},
        }
        condition += " OR (contains(open_runs, :me) AND #status <> :withdrawn AND #status <> :held)"
        taking = ""
        if admission.recheck:
            # The request for the recheck is taken in the update that enters the run.
            values[":rechecks"] = {"SS": sorted(admission.recheck)}
            taking = " DELETE recheck :rechecks"
        return self._update(
            version.object_id,
            f"{setting}{removing} ADD open_runs :run, attempts :one{taking}",
            condition,
            names,
            values,
        )

    def complete(self, admission: Admission, report: RunReport) -> None:
        """Close the run and make the record COMPLETED; see `ports.Ingestions`."""
        if not self._end(admission, report, Status.COMPLETED, "#base <= :base"):
            self.close(admission, written=0, reads_by=report.reads_by)

    def fail(
        self, admission: Admission, report: RunReport, status: Status, *, weighing: bool = False
    ) -> None:
        """Close the run and make the record FAILED or HELD; see `ports.Ingestions`."""
        condition = "#base <= :base AND #status <> :completed"
        if status is Status.HELD:
            condition += " AND attribute_not_exists(accepted) AND attribute_not_exists(released)"
        else:
            # A verdict stands until an operator lets the file in, which makes it IN_PROGRESS.
            condition += " AND #status <> :held"
            if weighing:
                condition += " AND attribute_not_exists(accepted)"
        if not self._end(admission, report, status, condition) and not weighing:
            self.close(admission, written=0, reads_by=report.reads_by)

    def _end(self, admission: Admission, report: RunReport, status: Status, condition: str) -> bool:
        found = admission.record
        values: _Json = {
            ":status": {"S": status.value},
            ":withdrawn": {"S": Status.WITHDRAWN.value},
            ":base": {"S": admission.base},
            ":at": {"S": report.finished_at},
            ":reads": {"N": _number(report.read_units + (found.read_units if found else 0))},
            ":writes": {"N": _number(report.write_units + (found.write_units if found else 0))},
            ":run": {"S": admission.run},
            ":runs": {"SS": sorted(admission.expired | {admission.run})},
            ":told": {"SS": [end_announcement(admission, report, status)]},
        }
        setting = (
            "SET #status = :status, #base = :base, finished_at = :at, "
            "read_units = :reads, write_units = :writes"
        )
        removing = ["lease_until", "messages_sent"]
        loaded = found is not None and found.has_rows
        if status is Status.FAILED and not (report.reads_by or loaded):
            removing.append("recheck")
        if report.reads_by or not loaded:
            # A run that has read no row leaves what is known of those that are loaded.
            figures = _figures(report)
            setting += "".join(f", {name} = :{name}" for name in figures)
            values |= {f":{name}": figure for name, figure in figures.items()}
        if report.reads_by:
            values[":by"] = {"S": report.reads_by}
            setting += ", reads_by = :by, last_reads_by = :by"
            condition += f" AND {_READ_SO}"
        if status is not Status.COMPLETED:
            values[":completed"] = {"S": Status.COMPLETED.value}
        if status is Status.FAILED:
            values[":held"] = {"S": Status.HELD.value}
        names = {"#status": "status", "#base": "base", "#error": "error"}
        if report.error:
            values[":error"] = {"S": report.error}
            setting += ", #error = :error"
        else:
            removing.append("#error")
        if report.first_error_line is not None:
            values[":line"] = {"N": str(report.first_error_line)}
            setting += ", first_error_line = :line"
        else:
            removing.append("first_error_line")
        if report.nothing_loaded:
            values[":nothing"] = {"S": report.nothing_loaded}
            setting += ", nothing_loaded = :nothing"
        else:
            removing.append("nothing_loaded")
        return self._update(
            admission.version.object_id,
            f"{setting} REMOVE {', '.join(removing)} ADD announcements :told "
            "DELETE open_runs :runs",
            # An answer may be lost and the request arrive once more when others were told of it.
            f"contains(open_runs, :run) AND #status <> :withdrawn AND {condition}",
            names,
            values,
        )

    def close(
        self, admission: Admission, *, written: int, absent: int = 0, reads_by: str = ""
    ) -> None:
        """Close a run that leaves the status alone; see `ports.Ingestions`."""
        object_id = admission.version.object_id
        if admission.mode is Mode.REPROCESS:
            # Its event, which alone knows the later base, does not come again.
            self.note_base(object_id, admission.base, Status.COMPLETED)
        values: _Json = {":runs": {"SS": sorted(admission.expired | {admission.run})}}
        read_so = ""
        if reads_by:
            values[":by"] = {"S": reads_by}
            read_so = f" AND {_READ_SO}"
        found = admission.record
        if (written or absent) and found is not None and found.finished_at:
            moved = self._update(
                object_id,
                "ADD loaded :up, unchanged :down, absent :absent DELETE open_runs :runs",
                # Of the end that the run has found; another one has counted the items itself.
                "#status = :found AND finished_at = :found_at AND unchanged >= :up "
                f"AND contains(open_runs, :run){read_so}",
                {"#status": "status"},
                {
                    **values,
                    ":found": {"S": found.status.value},
                    ":found_at": {"S": found.finished_at},
                    ":up": {"N": str(written)},
                    ":down": {"N": str(-written)},
                    ":absent": {"N": str(absent)},
                    ":run": {"S": admission.run},
                },
            )
            if moved:
                return
        condition = f"attribute_exists(object_id){read_so}"
        self._update(object_id, "DELETE open_runs :runs", condition, {}, values)

    def read_by(self, object_id: str, run: str, reads_by: str) -> bool:
        """Have the file read in this way from now on; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET reads_by = :by, reads_by_since = :run",
            "contains(open_runs, :run) AND #status <> :withdrawn "
            "AND (attribute_not_exists(reads_by_since) OR reads_by_since <= :run)",
            {"#status": "status"},
            {
                ":run": {"S": run},
                ":by": {"S": reads_by},
                ":withdrawn": {"S": Status.WITHDRAWN.value},
            },
        )

    def read_as_before(self, object_id: str, reads_by: str, before: str) -> bool:
        """Have the file read again as before; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET reads_by = :before",
            "reads_by = :by",
            {},
            {":by": {"S": reads_by}, ":before": {"S": before}},
        )

    def begin_job(self, object_id: str, run: str, workers: int, replaced: str) -> None:
        """Note that a run goes on as a job; see `ports.Ingestions`."""
        values: _Json = {":run": {"S": run}, ":total": {"N": str(workers)}, ":none": {"N": "0"}}
        update = "SET job = :run, workers = :total, workers_done = :none"
        if replaced:
            values[":replaced"] = {"SS": [replaced]}
            update += " DELETE open_runs :replaced"
        self._update(object_id, update, "contains(open_runs, :run)", {}, values)

    def progress(self, object_id: str, run: str, workers_done: int, lease_until: str) -> None:
        """Note that a job goes on; see `ports.Ingestions`."""
        self._update(
            object_id,
            "SET workers_done = :done, lease_until = :lease",
            "contains(open_runs, :run)",
            {},
            {
                ":run": {"S": run},
                ":done": {"N": str(workers_done)},
                ":lease": {"S": lease_until},
            },
        )

    def enter(self, object_id: str, run: str, job: str) -> bool:
        """Add an attempt to the open runs; see `ports.Ingestions`."""
        values: _Json = {":runs": {"SS": [run]}, ":run": {"S": run}, ":job": {"S": job}}
        update = "SET last_run = :run ADD open_runs :runs"
        return self._update(object_id, update, "contains(open_runs, :job)", {}, values)

    def leave(self, object_id: str, runs: Collection[str], *, job: str = "") -> None:
        """Remove runs from the open ones; see `ports.Ingestions`."""
        if not runs:
            return
        values: _Json = {":runs": {"SS": sorted(runs)}}
        condition = "attribute_exists(object_id)"
        if job:
            values[":job"] = {"S": job}
            condition = "contains(open_runs, :job)"
        self._update(object_id, "DELETE open_runs :runs", condition, {}, values)

    def join_dead(self, object_id: str, dead: Collection[str], name: str) -> None:
        """Have one name stand for those of dead runs; see `ports.Ingestions`."""
        values: _Json = {":name": {"SS": [name]}, ":one": {"S": max(dead)}}
        # Not where a run has looked after them meanwhile.
        condition = "contains(open_runs, :one)"
        if self._update(object_id, "ADD open_runs :name", condition, {}, values):
            self.leave(object_id, dead)

    def accept(self, object_id: str, since: str) -> bool:
        """Note that the file may load; see `ports.Ingestions`."""
        values: _Json = {
            ":value": {"BOOL": True},
            ":since": {"S": since},
            ":held": {"S": Status.HELD.value},
            ":withdrawn": {"S": Status.WITHDRAWN.value},
        }
        names = {"#status": "status"}
        # A request may arrive late, when another run has held the file and an operator has had it
        # judged again.
        condition = (
            "attribute_exists(object_id) AND #status <> :held AND #status <> :withdrawn AND "
            "(attribute_not_exists(finished_at) OR finished_at < :since)"
        )
        return self._update(object_id, "SET accepted = :value", condition, names, values)

    def touch(self, object_id: str, notes: Collection[str]) -> None:
        """Note shards that are written to; see `ports.Ingestions`."""
        self._set(object_id, "ADD touched :value", {"SS": sorted(notes)})

    def withdraw(
        self, version: ObjectVersion, record: Record | None, command: Command, run: str
    ) -> bool:
        """Make the record WITHDRAWN; see `ports.Ingestions`."""
        names = {"#status": "status"}
        values: _Json = {
            ":asked": {"S": command.asked_at},
            ":withdrawn": {"S": Status.WITHDRAWN.value},
        }
        if record is not None and record.status is Status.WITHDRAWN:
            condition = "#status = :withdrawn AND decided_at < :asked"
            return self._update(
                version.object_id, "SET decided_at = :asked", condition, names, values
            )
        which, which_names, which_values = _version(version)
        names |= which_names
        values |= which_values | {
            ":by": {"S": command.by},
            ":reason": {"S": command.reason},
            ":run": {"S": run},
        }
        setting = (
            f"SET #status = :withdrawn, {which}, decided_at = :asked, withdrawn_at = :asked, "
            "withdrawn_by = :by, withdrawn_reason = :reason, withdrawal = :run"
        )
        if record is None:
            condition = "attribute_not_exists(object_id)"
            setting += ", #base = :none"
            names["#base"] = "base"
            values[":none"] = {"S": ""}
        else:
            condition = (
                "#status = :found AND (attribute_not_exists(decided_at) OR decided_at < :asked)"
            )
            values[":found"] = {"S": record.status.value}
        removing = "lease_until, items_removed, withdrawing, withdrawal_place"
        return self._update(
            version.object_id, f"{setting} REMOVE {removing}", condition, names, values
        )

    def wait(self, version: ObjectVersion, base: str) -> bool:
        """Make a record WAITING; see `ports.Ingestions`."""
        which, names, values = _version(version)
        return self._update(
            version.object_id,
            f"SET #status = :waiting, {which}, #base = :base",
            "attribute_not_exists(object_id) OR (#status = :waiting AND #base <= :base)",
            names | {"#status": "status", "#base": "base"},
            values | {":waiting": {"S": Status.WAITING.value}, ":base": {"S": base}},
        )

    def note_decision(self, object_id: str, asked_at: str) -> bool:
        """Note a request to restore a version; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET decided_at = :asked",
            "#status <> :withdrawn AND attribute_exists(object_id) AND "
            "(attribute_not_exists(decided_at) OR decided_at <= :asked)",
            {"#status": "status"},
            {":asked": {"S": asked_at}, ":withdrawn": {"S": Status.WITHDRAWN.value}},
        )

    def note_base(self, object_id: str, base: str, status: Status) -> bool:
        """Note a later base of a version that has ended; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET #base = :base",
            "#status = :status AND #base <= :base",
            {"#status": "status", "#base": "base"},
            {":base": {"S": base}, ":status": {"S": status.value}},
        )

    def claim(self, object_id: str, run: str, horizon: str) -> bool:
        """Begin an attempt at a withdrawal; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET withdrawing = :run",
            "#status = :withdrawn AND attribute_exists(withdrawal) AND "
            "(attribute_not_exists(withdrawing) OR withdrawing < :horizon OR withdrawing = :run)",
            {"#status": "status"},
            {
                ":run": {"S": run},
                ":horizon": {"S": horizon},
                ":withdrawn": {"S": Status.WITHDRAWN.value},
            },
        )

    def note_withdrawal(self, object_id: str, run: str, place: str) -> bool:
        """Note how far an attempt has come; see `ports.Ingestions`."""
        return self._update(
            object_id,
            "SET withdrawal_place = :place",
            "withdrawing = :run AND "
            "(attribute_not_exists(withdrawal_place) OR withdrawal_place <= :place)",
            {},
            {":run": {"S": run}, ":place": {"S": place}},
        )

    def unclaim(self, object_id: str, run: str) -> None:
        """End an attempt after which another one goes on; see `ports.Ingestions`."""
        values = {":run": {"S": run}}
        self._update(object_id, "REMOVE withdrawing", "withdrawing = :run", {}, values)

    def end_withdrawal(
        self, version: ObjectVersion, record: Record, run: str, removed: int, now: str
    ) -> None:
        """End a withdrawal; see `ports.Ingestions`."""
        removing = (
            "withdrawal, withdrawing, withdrawal_place, open_runs, accepted, released, recheck, "
            "touched, lease_until, messages_sent, last_reads_by"
        )
        told = withdrawal_announcement(version, record, run, removed, now)
        self._update(
            version.object_id,
            f"SET items_removed = :removed, finished_at = :now, last_run = :run "
            f"REMOVE {removing} ADD announcements :told",
            "withdrawing = :run",
            {},
            {
                ":run": {"S": run},
                ":removed": {"N": str(removed)},
                ":now": {"S": now},
                ":told": {"SS": [told]},
            },
        )

    def announced(self, object_id: str, announcements: Collection[str]) -> None:
        """Take announcements out of a record; see `ports.Ingestions`."""
        self._set(object_id, "DELETE announcements :value", {"SS": sorted(announcements)})

    def request_recheck(self, object_id: str, pointers: Collection[str]) -> None:
        """Note write sets that ask for a recheck; see `ports.Ingestions`."""
        values: _Json = {
            ":pointers": {"SS": sorted(pointers)},
            ":failed": {"S": Status.FAILED.value},
        }
        # Whoever loads a version later of which nothing is loaded decides all of its rows.
        condition = (
            "attribute_exists(object_id) AND "
            "(#status <> :failed OR attribute_exists(last_reads_by))"
        )
        names = {"#status": "status"}
        self._update(object_id, "ADD recheck :pointers", condition, names, values)

    def note_messages(self, object_id: str, note: str) -> None:
        """Note how many reject messages were taken; see `ports.Ingestions`."""
        self._set(object_id, "SET messages_sent = :value", {"S": note})

    def _set(self, object_id: str, update: str, value: _Json) -> None:
        self._update(object_id, update, "attribute_exists(object_id)", {}, {":value": value})

    def _update(
        self, object_id: str, update: str, condition: str, names: _Json, values: _Json
    ) -> bool:
        payload: _Json = {
            "TableName": self._table,
            "Key": {"object_id": {"S": object_id}},
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        if names:
            payload["ExpressionAttributeNames"] = names
        self._usage.write_units += 1
        try:
            self._api.call("UpdateItem", payload)
        except ConditionFailedError:
            return False
        return True


def _version(version: ObjectVersion) -> tuple[str, dict[str, str], _Json]:
    """Return an update's part about the version itself, with its names and values."""
    setting = "#bucket = :bucket, #key = :key, #bytes = :bytes"
    values: _Json = {
        ":bucket": {"S": version.bucket},
        ":key": {"S": version.key},
        ":bytes": {"N": str(version.size_bytes)},
    }
    if version.stored_at is not None:
        setting += ", stored_at = :stored"
        values[":stored"] = {"S": timestamp(version.stored_at)}
    if version.version_id is not None:
        setting += ", version_id = :version"
        values[":version"] = {"S": version.version_id}
    return setting, {"#bucket": "bucket", "#key": "key", "#bytes": "bytes"}, values


def _record(item: _Json) -> Record:
    return Record(
        status=Status(item["status"]["S"]),
        base=item.get("base", {}).get("S", ""),
        open_runs=frozenset(item.get("open_runs", {}).get("SS", ())),
        accepted=item.get("accepted", {}).get("BOOL", False),
        released=item.get("released", {}).get("S", ""),
        lease_until=item.get("lease_until", {}).get("S", ""),
        read_units=float(item.get("read_units", {}).get("N", "0")),
        write_units=float(item.get("write_units", {}).get("N", "0")),
        job=item.get("job", {}).get("S", ""),
        recheck=frozenset(item.get("recheck", {}).get("SS", ())),
        touched=frozenset(item.get("touched", {}).get("SS", ())),
        messages_sent=item.get("messages_sent", {}).get("S", ""),
        last_run=item.get("last_run", {}).get("S", ""),
        decided_at=item.get("decided_at", {}).get("S", ""),
        withdrawal=item.get("withdrawal", {}).get("S", ""),
        withdrawing=item.get("withdrawing", {}).get("S", ""),
        withdrawal_place=item.get("withdrawal_place", {}).get("S", ""),
        withdrawn_by=item.get("withdrawn_by", {}).get("S", ""),
        withdrawn_reason=item.get("withdrawn_reason", {}).get("S", ""),
        restored_at=item.get("restored_at", {}).get("S", ""),
        stored_at=item.get("stored_at", {}).get("S", ""),
        finished_at=item.get("finished_at", {}).get("S", ""),
        announcements=frozenset(item.get("announcements", {}).get("SS", ())),
        reading=item.get("reading", {}).get("S", ""),
        reads_by=item.get("reads_by", {}).get("S", ""),
        last_reads_by=item.get("last_reads_by", {}).get("S", ""),
        rejected_by_error=Counter(
            {
                code: int(count["N"])
                for code, count in item.get("rejected_by_error", {}).get("M", {}).items()
            }
        ),
    )


def _figures(report: RunReport) -> _Json:
    counts = asdict(report.counts) | {"absent": report.absent}
    return {
        **{name: {"N": str(count)} for name, count in counts.items()},
        "profile": {"S": report.profile},
        "reading": {"S": report.reading},
        "skipped_by_reason": _tally(report.skipped_by_reason),
        "rejected_by_error": _tally(report.rejected_by_error),
    }


def _tally(counts: dict[str, int]) -> _Json:
    return {"M": {name: {"N": str(count)} for name, count in sorted(counts.items())}}


def _number(units: float) -> str:
    return f"{units:.1f}".removesuffix(".0")
