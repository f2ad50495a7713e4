"""The demo: files in, stock out, and what happened in between."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.panel import Panel
from rich.table import Table

from local_cloud import observe
from local_cloud.errors import LocalCloudError, NotReadyError
from local_cloud.samples import Sample, next_day, sample_files
from terraform_runner.paths import BUILD, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from local_cloud.stack import Deployment

FILE_LIMIT_SECONDS = 90
REPORT_FOLDER = BUILD / "demo"


class Outcome(NamedTuple):
    """Outcome of one sample.

    Attributes:
        sample: The file.
        record: Its ingestion record.
    """

    sample: Sample
    record: dict[str, Any]


def feed(deployment: Deployment, console: Console) -> list[Outcome]:
    """Upload every sample and wait for its record; then the next day of the first one."""
    samples = sample_files()
    rows = sum(sample.rows for sample in samples)
    with console.status(f"uploading {len(samples)} files with {rows:,} rows, all at once"):
        outcomes = _wait_for_all(deployment, samples)
    tomorrow = next_day(samples[0])
    with console.status(f"uploading {tomorrow.key} again, {tomorrow.note}"):
        outcomes += _wait_for_all(deployment, [tomorrow])
    return outcomes


def _wait_for_all(deployment: Deployment, samples: list[Sample]) -> list[Outcome]:
    waiting = [
        (sample, observe.upload(deployment, sample.key, sample.content)) for sample in samples
    ]
    return [
        Outcome(sample, _record(deployment, sample, object_id)) for sample, object_id in waiting
    ]


def _record(deployment: Deployment, sample: Sample, object_id: str) -> dict[str, Any]:
    try:
        return observe.wait_for(
            lambda: observe.ingestion(deployment, object_id),
            f"the ingestion of {sample.key}",
            seconds=FILE_LIMIT_SECONDS,
        )
    except NotReadyError as error:
        failures = {
            message
            for letter in observe.dead_letters(deployment)
            for name, message in letter["attributes"].items()
            if name in {"ERROR_MESSAGE", "ErrorMessage"}
        }
        reasons = "; ".join(sorted(failures)) or "no failed event is in the dead-letter queue"
        raise NotReadyError(f"{error}: {reasons}") from error


def check(outcomes: list[Outcome], item_count: int) -> None:
    """Refuse a demo whose figures do not add up.

    Raises:
        LocalCloudError: Some row is not accounted for; which file is in the message.
    """
    for outcome in outcomes:
        completed = outcome.record["status"] == "COMPLETED"
        if completed and not observe.balanced(outcome.record):
            raise LocalCloudError(f"{outcome.sample.key}: the counts do not add up")
        if completed and int(outcome.record["rows_read"]) != outcome.sample.rows:
            raise LocalCloudError(f"{outcome.sample.key}: not every row was read")
    loaded = sum(int(outcome.record.get("loaded", 0)) for outcome in outcomes[:-1])
    if item_count != loaded:
        raise LocalCloudError(f"{loaded} rows were loaded, but the table holds {item_count} items")


def show(deployment: Deployment, outcomes: list[Outcome], console: Console) -> None:
    """Print what was loaded, what was refused and why, and one dead-letter message."""
    console.print(_files_table(outcomes))
    with console.status("reading the tables and the dead-letter queue"):
        item_count = sum(1 for _ in observe.items(deployment))
        letters = observe.dead_letters(deployment)
        rejects = _reject_files(deployment, outcomes)
    check(outcomes, item_count)
    console.print(f"The items table holds {item_count:,} items. Every row is accounted for.")
    console.print(_rejects_table(outcomes, rejects))
    if not letters:
        raise LocalCloudError("rows were rejected, but the dead-letter queue is empty")
    letter = next((each for each in letters if each["kind"] == "row"), letters[0])
    body = json.dumps(letter["body"], indent=2, ensure_ascii=False)
    console.print(Panel(body, title=f"one dead-letter message (kind: {letter['kind']})"))


def _files_table(outcomes: list[Outcome]) -> Table:
    totals = {
        name: sum(int(outcome.record.get(name, 0)) for outcome in outcomes)
        for name in ("rows_read", *observe.OUTCOMES)
    }
    shown = [name for name, total in totals.items() if total]
    none = ", ".join(name for name, total in totals.items() if not total)
    table = Table(title="What became of the files", caption=f"none: {none}" if none else None)
    table.add_column("file", overflow="fold")
    table.add_column("status")
    for name in shown:
        heading = "rows" if name == "rows_read" else name
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        profile = outcome.record.get("profile") or "unknown format"
        table.add_row(
            f"{outcome.sample.key}\n[dim]{profile}: {outcome.sample.note}[/dim]",
            str(outcome.record["status"]).lower(),
            *(f"{int(outcome.record.get(name, 0)):,}" for name in shown),
        )
    table.add_section()
    table.add_row("total", "", *(f"{totals[name]:,}" for name in shown))
    return table


def _reject_files(deployment: Deployment, outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    """Rejected rows by error, for each file that has some, from its reject file."""
    found: dict[str, Counter[str]] = {}
    for key in {outcome.sample.key for outcome in outcomes}:
        for data in observe.reports(deployment, f"rejects/{key}/").values():
            _header, *rows = csv.reader(io.StringIO(data.decode()))
            # A row with too few or too many cells is why the error is counted from the end.
            found.setdefault(key, Counter()).update(row[-2] for row in rows)
    return found


def _rejects_table(outcomes: list[Outcome], rejects: dict[str, Counter[str]]) -> Table:
    table = Table(title="What was refused, and why")
    table.add_column("file")
    table.add_column("why", overflow="fold")
    table.add_column("rows", justify="right")
    for key, errors in rejects.items():
        for error, rows in sorted(errors.items()):
            table.add_row(key, error, str(rows))
    for outcome in outcomes:
        if outcome.record["status"] == "FAILED":
            reason = str(outcome.record.get("error") or "unreadable")
            table.add_row(outcome.sample.key, reason, "the whole file")
    return table


def summarise(deployment: Deployment, console: Console) -> Path:
    """Run the daily summary, show its figures, and fetch its documents.

    Returns:
        The page, in `build/demo`.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with console.status("making the daily summary"):
        function = deployment.outputs["summary_function_name"]
        observe.invoke(deployment, function, {"scheduled_time": now})
        files = _fetch_reports(deployment)
    documents = {path.suffix: path for path in files}
    if not {".json", ".html"} <= documents.keys():
        raise LocalCloudError("the summary did not leave its documents in the reports bucket")
    console.print(_summary_table(json.loads(documents[".json"].read_text(encoding="utf-8"))))
    return documents[".html"]


def _fetch_reports(deployment: Deployment) -> list[Path]:
    shutil.rmtree(REPORT_FOLDER, ignore_errors=True)
    REPORT_FOLDER.mkdir(parents=True)
    fetched = []
    for key, data in observe.reports(deployment, "summaries/").items():
        path = REPORT_FOLDER / key.rsplit("/", 1)[-1]
        path.write_bytes(data)
        fetched.append(path)
    return fetched


def _summary_table(summary: dict[str, Any]) -> Table:
    table = Table(title=f"The summary of {summary['date']}", show_header=False)
    table.add_column("figure")
    table.add_column("value", overflow="fold")
    for name, value in {
        **summary["totals"],
        "files received": summary["feeds"]["received"],
    }.items():
        if isinstance(value, dict):
            text = ", ".join(f"{part or 'no currency'} {amount}" for part, amount in value.items())
        else:
            text = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), text or "-")
    return table


def run(deployment: Deployment, console: Console) -> None:
    """The whole story on a stack that is applied."""
    console.rule("files in, stock out")
    show(deployment, feed(deployment, console), console)
    console.rule("the daily summary")
    page = summarise(deployment, console)
    console.print(f"The report lies in {page.relative_to(ROOT)}, beside its JSON and CSV.")
