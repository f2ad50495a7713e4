"""`inventory check`: what would become of a file, without AWS."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.absent import Absences, compare, show_absences
from inventory_cli.errors import CliError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.feeds_option import FeedsEnvironmentOption, FeedsOption, load_feeds
from inventory_cli.local_files import STANDARD_INPUT, local_files
from inventory_cli.rendering import emit_json, emit_table, figure, say
from inventory_cli.session import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import Reject, Row
    from inventory.domain.reading import ByteStream, Feed, ProfileSet

_EXAMPLES = 3

# A key may be given with what other commands take before it: the bucket, whose name is that of the
# stack and its account, or a slash.
_BEFORE_KEY = re.compile(r"s3://[^/]*/|/*(inventory-uploads-[^/]+-[0-9]{12}/+)?")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


@dataclass(frozen=True, slots=True)
class Problem:
    """A row, or the file, that would be refused.

    Attributes:
        line: Physical line; 0 for the whole file.
        column: Header of the column, where one can be named.
        error: Code.
        message: What is wrong.
    """

    line: int
    column: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A SKU and location of which rows say different quantities.

    Attributes:
        sku: The SKU.
        location: The location.
        rows: Physical line and quantity of each, in the order of the file.
    """

    sku: str
    location: str
    rows: list[tuple[int, str]]


@dataclass(kw_only=True, slots=True)
class FileReport:
    """Outcome of checking one file.

    Attributes:
        file: Its path.
        profile: Profile it follows; "" when it is refused.
        feed: Prefix of the feed that applies; "" when its key is below none.
        refused: Why the file would be refused; None when it would load.
        rows_read: Stock rows; each has exactly one of the outcomes that follow.
        loads: Rows that would load.
        duplicates: Rows superseded by a later row of the file with the same SKU and location.
        conflicting: Those of them whose quantity is another than that of the row that supersedes
            them, with no later time.
        rejected: Rows that would be rejected.
        skipped: Rows that are no stock by the profile.
        reasons: Skipped rows by reason.
        errors: Rejected rows by code.
        nothing: Why no row of a file that has some is stock; "" where one is.
        first: The first problems.
        conflicts: The first conflicts.
        examples: The first items that would load: SKU and location to the last quantity.
        absences: What it lacks of an older file; None where it was not compared, or is refused.
    """

    file: str
    profile: str = ""
    feed: str = ""
    refused: Problem | None = None
    rows_read: int = 0
    loads: int = 0
    duplicates: int = 0
    conflicting: int = 0
    rejected: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    nothing: str = ""
    first: list[Problem] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    absences: Absences | None = None

    @property
    def kept_out(self) -> bool:
        """Tell whether it would be refused or held."""
        held = self.absences is not None and self.absences.held
        return self.refused is not None or bool(held)

    @property
    def needs_attention(self) -> bool:
        """Tell whether rows would be rejected or contradict each other, or none would load."""
        return bool(self.rejected or self.conflicting or self.nothing)


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files as they were exported, or packed; - for standard input.",
        ),
    ],
    errors: Annotated[
        int, typer.Option(metavar="N", help="How many errors of a file to show.", min=0)
    ] = 10,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Object key, which tells the feed. Default: the path."),
    ] = None,
    feeds: FeedsOption = None,
    environment: FeedsEnvironmentOption = "dev",
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="OLDER",
            help="Older file of the same feed: list what it names and FILE does not, and what "
            "would become of that; - for standard input.",
            show_default=False,
        ),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Show what would become of files, without AWS.

    That is their profile, counts, first errors and what would load. Exit code 1: rows would be
    rejected, contradict each other, or none is stock; 2: a file would be refused, or held.
    """
    if against is not None and len(files) > 1:
        raise UsageError("--against compares one file: name no other")
    known = load_feeds(feeds, environment)
    if key is not None:
        key = _BEFORE_KEY.sub("", key, count=1)
    paths = local_files([*files, *filter(None, [against])], STANDARD_INPUT)
    reports = [check_file(file, known, errors=errors, key=key) for file in paths[: len(files)]]
    for file, report in zip(files, reports, strict=True):
        report.file = str(file)
    if against is not None and reports[0].refused is None:
        name = "standard input" if against == Path("-") else str(against)
        whole = not reports[0].rejected
        reports[0].absences = _absences(paths, known, key=key, whole=whole, name=name)
    if json_:
        emit_json([_as_json(report) for report in reports])
    else:
        for report in reports:
            show(report, errors)
    if any(report.kept_out for report in reports):
        raise typer.Exit(Exit.REFUSED)
    if any(report.needs_attention for report in reports):
        raise typer.Exit(Exit.ATTENTION)


def check_file(
    file: Path, profiles: ProfileSet, *, errors: int, key: str | None = None
) -> FileReport:
    """Read a file as the pipeline would.

    Args:
        file: The file.
        profiles: Profiles it may follow.
        errors: How many problems to keep.
        key: Object key it would get; None for its path.
    """
    from inventory.domain.errors import BadFileError
    from inventory.domain.ingestions import reason_for_nothing
    from inventory.domain.order import timestamp

    key = key or file.as_posix()
    now = timestamp(datetime.now(UTC))
    report = FileReport(file=str(file), feed=profiles.feed_of(key).name)
    keys = _Keys(errors)
    times: dict[tuple[str, str], str] = {}
    try:
        feed = _opened(file, key, profiles)
        report.profile = feed.profile
        for batch in feed.batches():
            report.rows_read += len(batch.rows) + len(batch.rejects) + len(batch.skips)
            report.rejected += len(batch.rejects)
            report.skipped += len(batch.skips)
            report.reasons.update(skip.reason for skip in batch.skips)
            for reject in batch.rejects:
                report.errors[str(reject.error)] += 1
                if len(report.first) < errors:
                    report.first.append(_problem(reject))
            for row in batch.rows:
                keys.add(row)
                item, time = (row.sku, row.location), row.updated_at or now
                if (len(report.examples) < _EXAMPLES or item in report.examples) and (
                    time >= times.get(item, "")
                ):
                    times[item], report.examples[item] = time, row.quantity
            report.loads += len(batch.rows)
        report.conflicts = keys.conflicts(feed)
    except BadFileError as error:
        report.refused = Problem(error.line, error.column or "", str(error.code), error.message)
    except OSError as error:
        report.refused = Problem(0, "", "source-error", error.strerror or str(error))
    report.duplicates = report.loads - len(keys.seen)
    report.conflicting = keys.conflicting
    report.loads = len(keys.seen)
    if report.rows_read and not report.loads and report.refused is None:
        report.nothing = reason_for_nothing(report.rows_read, report.reasons, report.errors)
    return report


def _opened(file: Path, key: str, profiles: ProfileSet) -> Feed:
    from inventory.domain.order import latest_time
    from inventory.domain.reading import open_feed
    from inventory.domain.settings import TIME_TOLERANCE

    return open_feed(
        PathSource(file),
        key=key,
        profiles=profiles,
        latest=latest_time(datetime.now(UTC), TIME_TOLERANCE),
    )


def _absences(
    paths: Sequence[Path], profiles: ProfileSet, *, key: str | None, whole: bool, name: str
) -> Absences:
    """Find what the first of two files lacks of the second; both would get the same key."""
    from inventory.domain.errors import BadFileError

    key = key or paths[0].as_posix()
    newer = _opened(paths[0], key, profiles)
    try:
        # The same feed; but how it is packed, its own name says.
        older = _opened(paths[1], f"{key}{paths[1].suffix}", profiles)
        return compare(newer, older, name=name, whole=whole, settings=profiles.feed_of(key))
    except (BadFileError, OSError) as error:
        raise CliError(f"{name} cannot be read: {error}") from error


class _Keys:
    """The keys of a file; a hash of 64 bits instead of each keeps files of any size checkable.

    Args:
        most: Of how many keys conflicts are listed.

    Attributes:
        seen: Hash of each key to what its latest row says.
        conflicting: Rows that say another quantity than the row after them, at the same time.
    """

    def __init__(self, most: int) -> None:
        self.seen: dict[int, int] = {}
        self.conflicting = 0
        self._most = most
        self._listed: set[int] = set()

    def add(self, row: Row) -> None:
        """Take the next row."""
        from inventory.domain.seen import contradict, mark_of

        key, mark = hash((row.sku, row.location)), mark_of(row.quantity, row.updated_at)
        if contradict(self.seen.get(key, mark), mark):
            self.conflicting += 1
            if len(self._listed) < self._most:
                self._listed.add(key)
        self.seen[key] = mark

    def conflicts(self, feed: Feed) -> list[Conflict]:
        """The conflicts that are listed, from another reading of the file."""
        found: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for batch in feed.batches() if self._listed else ():
            for row in batch.rows:
                item = row.sku, row.location
                if hash(item) in self._listed:
                    found.setdefault(item, []).append((row.line, row.quantity))
        return [Conflict(*item, rows) for item, rows in found.items()]


class PathSource:
    """A file on disk.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, start_byte: int = 0) -> ByteStream:
        """A new stream from `start_byte` to the end."""
        stream = self._path.open("rb")
        stream.seek(start_byte)
        return stream


def _as_json(report: FileReport) -> dict[str, Any]:
    examples = [
        {"sku": sku, "location": location, "quantity": quantity}
        for (sku, location), quantity in report.examples.items()
    ]
    plain = replace(report, examples={}, reasons=Counter(), errors=Counter(), absences=None)
    return {
        **asdict(plain),
        "absences": report.absences.to_json() if report.absences else None,
        "reasons": dict(report.reasons),
        "errors": dict(report.errors),
        "examples": examples,
    }


def _problem(reject: Reject) -> Problem:
    return Problem(reject.line, reject.column or "", str(reject.error), reject.message)


def show(report: FileReport, limit: int) -> None:
    """Print what would become of a file.

    Args:
        report: That.
        limit: Most absent items that are listed.
    """
    if report.refused is not None:
        place = f"line {report.refused.line}: " if report.refused.line else ""
        say(f"{report.file}: refused", "fail")
        say(f"  {place}{report.refused.error}: {report.refused.message}")
        return
    feed = f", feed {report.feed}" if report.feed else ""
    say(f"{report.file}: {report.profile}{feed}", "warn" if report.needs_attention else "ok")
    counts = {
        "rows read": report.rows_read,
        "would load": report.loads,
        "duplicates": report.duplicates,
        "conflicting": report.conflicting,
        "rejected": report.rejected,
        "skipped": report.skipped,
    }
    emit_table(list(counts), [[figure(count) for count in counts.values()]], right=list(counts))
    for what, counter in (("skipped", report.reasons), ("rejected", report.errors)):
        for name, count in counter.most_common():
            say(f"  {what}: {figure(count)} {name}")
    for (sku, location), quantity in report.examples.items():
        say(f"  would load: {sku} at {location}: {quantity}")
    if report.nothing:
        say(f"  nothing would load: {report.nothing}", "fail")
    for conflict in report.conflicts:
        rows = ", ".join(f"{quantity} on line {line}" for line, quantity in conflict.rows)
        say(f"  conflicting: {conflict.sku} at {conflict.location}: {rows}", "warn")
    if report.first:
        emit_table(
            ["line", "column", "error", "message"],
            [[p.line, p.column, p.error, p.message] for p in report.first],
            right=["line"],
            folded=["message"],
        )
        more = report.rejected - len(report.first)
        if more > 0:
            say(f"  and {figure(more)} more")
    if report.absences is not None:
        show_absences(report.absences, limit)
