"""`inventory summary`: the daily summary in the terminal or in the browser."""

from __future__ import annotations

import json
import webbrowser
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory.domain.order import timestamp
from inventory_cli.errors import CliError, UsageError
from inventory_cli.rendering import emit_json, emit_table, figure, minute, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inventory_cli.session import Session

_LOCATIONS = 15
_ITEMS = 10
_CURRENCIES = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(summary)


def summary(
    date: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="Day of the summary. Default: the latest.",
            show_default=False,
        ),
    ] = None,
    *,
    run: Annotated[bool, typer.Option("--run", help="Make the summary now, then show it.")] = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="With --run: send it to the subscribers too.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open its page in the browser.")] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show the daily summary: stock, what runs low, which feeds came."""
    if date is not None and not _is_day(date):
        raise UsageError(f"--date {date!r} is not a day such as 2026-11-22")
    if date is not None and run:
        raise UsageError("--run makes the summary of today; leave out --date")
    if mail and not run:
        raise UsageError("--mail sends what --run makes; give both")
    session = connect(outputs, env)
    remark(session.where)
    day = _run(session, mail=mail) if run else date or _latest_day(session)
    document = json.loads(_read(session, day, "json"))
    if json_:
        emit_json(document)
    else:
        _show(document)
    if open_:
        page = Path(mkdtemp(prefix="inventory-")) / f"summary-{day}.html"
        page.write_bytes(_read(session, day, "html"))
        # A page that cannot hold its CSV links to it, beside it.
        page.with_name("summary.csv").write_bytes(_read(session, day, "csv"))
        remark(f"the page: {page}")
        webbrowser.open(page.as_uri())


def _is_day(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).date().isoformat() == text
    except ValueError:
        return False


def _run(session: Session, *, mail: bool) -> str:
    """Make the summary of today and return its day."""
    name = session.outputs.summary_function_name
    answer = session.functions.invoke(
        FunctionName=name,
        Payload=json.dumps({"scheduled_time": timestamp(datetime.now(UTC)), "mail": mail}).encode(),
    )
    payload = json.loads(answer["Payload"].read() or b"{}")
    if answer.get("FunctionError"):
        raise CliError(f"{name} failed: {payload.get('errorType')}: {payload.get('errorMessage')}")
    return str(payload["date"])


def _latest_day(session: Session) -> str:
    prefix = "summaries/"
    for _ in ("year", "month", "day"):
        answer = session.s3.list_objects_v2(
            Bucket=session.outputs.reports_bucket_name, Prefix=prefix, Delimiter="/"
        )
        folders = [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())]
        if not folders:
            raise CliError("there is no summary yet; make one with `inventory summary --run`")
        prefix = max(folders)
    return prefix.removeprefix("summaries/").strip("/").replace("/", "-")


def _read(session: Session, day: str, extension: str) -> bytes:
    key = f"summaries/{day.replace('-', '/')}/summary.{extension}"
    try:
        answer = session.s3.get_object(Bucket=session.outputs.reports_bucket_name, Key=key)
    except session.s3.exceptions.NoSuchKey as error:
        raise CliError(f"there is no summary of {day}") from error
    return answer["Body"].read()


def _show(document: Mapping[str, Any]) -> None:
    totals, feeds, locations = document["totals"], document["feeds"], document["locations"]
    as_of = minute(document["as_of"])
    say(f"Inventory on {document['date']} ({document['timezone']}), as of {as_of} UTC")
    shown = locations["named"][:_LOCATIONS]
    emit_table(
        ("", "items", "quantity", "low", "out", "value"),
        [_row("all", totals), *(_row(each["name"], each) for each in shown)],
        right=("items", "quantity", "low", "out"),
        folded=("", "value"),
    )
    if locations["other"] is not None or len(shown) < len(locations["named"]):
        say(f"The {len(shown)} locations with most items; all are in the CSV and JSON.")
    for name, title in (("out_of_stock", "Out of stock"), ("low", "Running low")):
        say(f"{title}: {figure(document[name]['total'])}", style="bold")
        if document[name]["total"] > _ITEMS:
            command = name.partition("_")[0]
            say(f"The {_ITEMS} with the largest shortfall; `inventory {command}` lists all.")
        if document[name]["items"]:
            columns = ("sku", "location", "name", "quantity", "limit")
            emit_table(
                columns,
                [
                    [
                        *(item[each] for each in columns[:3]),
                        *(figure(item[each]) for each in columns[3:]),
                    ]
                    for item in document[name]["items"][:_ITEMS]
                ],
                right=("quantity", "limit"),
                folded=("sku", "location", "name"),
            )
    received = _counted(feeds["received"], feeds["by_status"])
    say(f"Files since {minute(feeds['since'])} UTC: {received}")
    rejected = feeds["rows"].get("rejected", 0)
    say(f"Rows rejected: {_counted(rejected, feeds['rejected_by_error'])}")
    for profile in feeds["missing_profiles"]:
        last = minute(feeds["last_received"].get(profile, ""))
        say(f"No file of profile {profile} since {last} UTC", "warn")
    if feeds["late_total"]:
        say(f"Late feeds: {figure(feeds['late_total'])}; see `inventory feeds --late`", "warn")
    for each in feeds["late"][:_ITEMS]:
        paused = ", paused" if each["paused"] else ""
        say(f"  {each['feed']}, due {minute(each['due'])} UTC{paused}", "warn")
    for note in document["notes"]:
        say(note, "warn")


def _counted(total: int, parts: Mapping[str, int]) -> str:
    """A number, and in brackets what it is made of."""
    named = ", ".join(f"{figure(count)} {name or '-'}" for name, count in parts.items())
    return f"{figure(total)}{f' ({named})' if named else ''}"


def _row(name: str, group: Mapping[str, Any]) -> tuple[object, ...]:
    values = [
        f"{Decimal(amount):,.2f} {currency or 'without currency'}"
        for currency, amount in group["value"].items()
    ]
    if len(values) > _CURRENCIES:
        values[_CURRENCIES:] = [f"{len(values) - _CURRENCIES} more currencies"]
    return (
        name or "(none)",
        *(figure(group[name]) for name in ("items", "quantity", "low", "out_of_stock")),
        ", ".join(values),
    )
