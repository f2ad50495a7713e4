"""Result of a schedule, against the expected one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faults.fakes import INGESTIONS
from faults.oracle import differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faults.case import Case, Upload
    from faults.fakes import World

_OUTCOMES = ("loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")


@dataclass(slots=True)
class Findings:
    """Faults after one schedule; empty lists when there are none.

    Attributes:
        wrong: Items with the content of the wrong row, and records that do not add up.
        lost: Rows, rejects and object versions of which there is no trace.
        invented: Items and rejects that no file holds.
    """

    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Tell whether nothing is wrong."""
        return not (self.wrong or self.lost or self.invented)


def examine(case: Case, world: World) -> Findings:
    """Compare the world with what the case demands."""
    doubtful = case.facts(doubtful=True)
    found = differences(case.facts(doubtful=False), world.items(), doubtful=doubtful)
    findings = Findings(found["wrong"], found["lost"], found["invented"])
    for upload in case.uploads:
        _examine_record(upload, world, findings)
    wanted = {name for upload in case.uploads for name in upload.rejects}
    possible = {
        name for upload in case.uploads for name in upload.possible_rejects(reread=case.reread)
    }
    got = {str(body["id"]) for _, body in world.rejects.bodies}
    findings.lost += [f"reject {name}" for name in sorted(wanted - got)]
    findings.invented += [f"reject {name}" for name in sorted(got - possible)]
    return findings


def counts_of(upload: Upload, world: World, names: Iterable[str]) -> dict[str, int]:
    """Counts in the record of an upload, by these names."""
    stored = world.tables.tables[INGESTIONS].items[upload.version.object_id,]
    return {name: int(stored.get(name, {"N": "0"})["N"]) for name in names}


def _examine_record(upload: Upload, world: World, findings: Findings) -> None:
    object_id = upload.version.object_id
    stored = world.tables.tables[INGESTIONS].items.get((object_id,))
    if stored is None:
        if upload.doubtful and not upload.events:
            return  # it was deleted before anything told of it
        findings.lost.append(f"{object_id} has no record")
        return
    status = stored["status"]["S"]
    if status not in upload.statuses:
        target = findings.lost if status == "IN_PROGRESS" else findings.wrong
        target.append(f"{object_id} is {status}, not one of {upload.statuses}")
    # What is asked of a version that is withdrawn or held, and stands in its record, is for later.
    to_do = {"WITHDRAWN": ("withdrawal",), "HELD": ("open_runs",)}
    for name in to_do.get(status, ("open_runs", "recheck")):
        if name in stored:
            findings.lost.append(f"{object_id} still has {name} {stored[name]}")
    _examine_announcements(object_id, world, findings)
    if status in ("COMPLETED", "FAILED"):
        _examine_sum(object_id, stored, findings)
    if status == "COMPLETED":
        _examine_counts(upload, stored, findings)
        _examine_file(upload, world, findings)


def _examine_announcements(object_id: str, world: World, findings: Findings) -> None:
    """Others were told of the end at which the record stands, and nothing waits."""
    stored = world.tables.tables[INGESTIONS].items[object_id,]
    if "announcements" in stored:
        findings.lost.append(f"{object_id} still has announcements")
    end = (object_id, stored["status"]["S"], stored.get("finished_at", {}).get("S"))
    told = {(each["object_id"], each["status"], each["ended_at"]) for each in world.events.ends}
    if end not in told:
        findings.lost.append(f"nobody was told that {end} has ended")


def _examine_sum(object_id: str, stored: dict[str, Any], findings: Findings) -> None:
    outcomes = [int(stored[name]["N"]) for name in _OUTCOMES]
    if min(outcomes) < 0 or sum(outcomes) != int(stored["rows_read"]["N"]):
        findings.wrong.append(f"{object_id} counts {outcomes} of {stored['rows_read']}")


def _examine_counts(upload: Upload, stored: dict[str, Any], findings: Findings) -> None:
    counts = {name: int(stored[name]["N"]) for name in ("rows_read", "rejected", "skipped")}
    wanted = {
        "rows_read": len(upload.lines),
        "rejected": sum(line.startswith("!") for line in upload.lines),
        "skipped": sum(line.startswith("-") for line in upload.lines),
    }
    if counts != wanted:
        findings.wrong.append(f"{upload.version.object_id} counts {counts}, wanted {wanted}")


def _examine_file(upload: Upload, world: World, findings: Findings) -> None:
    rejected = sum(line.startswith("!") for line in upload.lines)
    name = f"rejects/{upload.version.key}/{upload.version.version_id}.csv"
    lines = world.reports.files.get(name, b"").count(b"\n")
    # One of the header alone takes the place of what a run that died may have left.
    if lines != rejected + 1 and (rejected or lines):
        findings.lost.append(f"{name} has {lines} lines for {rejected} rejects")
