"""`inventory history`: what each file version said about an item, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from inventory_cli.errors import CliError
from inventory_cli.exits import Exit
from inventory_cli.items import GONE, items_of
from inventory_cli.objects import StoredVersion, versions_under
from inventory_cli.records import Record, get_records
from inventory_cli.rendering import (
    emit_json,
    emit_table,
    figure,
    minute,
    progress,
    remark,
    say,
    since_option,
)
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory_cli.mentions import Statement
    from inventory_cli.session import Session


class _Said(NamedTuple):
    """A statement and the file version that made it."""

    statement: Statement
    stored: StoredVersion
    record: Record | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(history)


def history(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="Stock keeping unit.")],
    location: Annotated[
        str | None,
        typer.Argument(metavar="LOCATION", help="Only there. Default: everywhere."),
    ] = None,
    prefix: Annotated[
        str,
        typer.Option(metavar="PREFIX", help="Only files in this folder, or this file."),
    ] = "",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only versions stored since: ISO 8601, an age such as 36h, today, yesterday.",
            show_default=False,
        ),
    ] = None,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show what each file version said about a SKU.

    The newest comes first, each with what became of it. The files themselves are read, all that the
    bucket keeps: name a --prefix or --since where they are many. Exit code 1: a row is not in the
    table although it should be, or a file that was not refused cannot be read any more.
    """
    start = None if since is None else since_option(since)
    session = connect(outputs, env)
    remark(session.where)
    versions = versions_under(session, prefix, start)
    found, unread, incomplete = _said(session, versions, sku, location, quiet=json_)
    found.sort(key=lambda each: each.statement.token, reverse=True)
    if json_:
        emit_json([_document(each) for each in found])
    else:
        _show(found)
    for refusal in unread:
        remark(f"not read: {refusal}")
    if not found:
        where = "" if location is None else f" at {location}"
        raise CliError(f"no file of {figure(len(versions))} versions mentions SKU {sku!r}{where}")
    contradicts = any(each.statement.fate.name == "CONTRADICTS" for each in found)
    if contradicts and not json_:
        say(
            "a row is not in the table although its file was loaded; if that stays so, `inventory "
            "replay` its file",
            style="fail",
        )
    raise typer.Exit(Exit.ATTENTION if contradicts or incomplete else Exit.OK)


def _said(
    session: Session,
    versions: Sequence[StoredVersion],
    sku: str,
    location: str | None,
    *,
    quiet: bool,
) -> tuple[list[_Said], list[str], bool]:
    """Statements of all versions; files that could not be read, with the reason.

    And whether statements may lack: one of those files was not refused when it came.
    """
    # The reader is slow to import, and `--help` does not need it.
    from inventory.domain.decimals import canonical
    from inventory.domain.errors import BadFileError, ObjectGoneError
    from inventory_cli.deployed import Deployed
    from inventory_cli.mentions import implied_by, mentions_in, statements_of

    deployed = Deployed(session)
    records = get_records(session, [each.version.object_id for each in versions])
    stored = {
        (item.sku, item.location): (
            item.token,
            GONE if item.removed_by else canonical(f"{item.quantity:f}"),
        )
        for item in items_of(session, sku, location)
    }
    found: list[_Said] = []
    unread: list[str] = []
    incomplete = False
    with progress("reading files", len(versions), quiet=quiet) as advance:
        for each in versions:
            object_id = each.version.object_id
            record = records.get(object_id)
            try:
                feed, tokens = deployed.opened(each.version, record)
                mentions = mentions_in(feed, sku=sku, location=location)
                loaded = record is not None and record.status == "COMPLETED"
                statements = statements_of(
                    [*mentions, *implied_by(tokens, stored)],
                    tokens=tokens,
                    loaded=loaded,
                    stored=stored,
                )
            except (BadFileError, ObjectGoneError) as error:
                unread.append(f"{object_id}: {error}")
                incomplete |= record is not None and not record.was_refused
            else:
                found.extend(_Said(statement, each, record) for statement in statements)
            advance(1)
    return found, unread, incomplete


def _document(said: _Said) -> dict[str, Any]:
    mention = said.statement.mention
    return {
        "sku": mention.item[0],
        "location": mention.item[1],
        "as_of": said.statement.as_of,
        "quantity": mention.quantity,
        "fate": said.statement.fate.value,
        "error": mention.error or None,
        "key": said.stored.version.key,
        "version_id": said.stored.version.version_id,
        "line": mention.line,
        "stored_at": said.stored.last_modified,
        "status": said.record.status if said.record else None,
    }


def _show(found: Sequence[_Said]) -> None:
    if not found:
        return
    emit_table(
        ("as of (UTC)", "location", "quantity", "became", "file and line"),
        [
            (
                minute(said.statement.as_of),
                said.statement.mention.item[1],
                _quantity(said),
                _became(said),
                _place(said),
            )
            for said in found
        ],
        right=("quantity",),
        folded=("location", "became", "file and line"),
    )


def _quantity(said: _Said) -> str:
    quantity = said.statement.mention.quantity
    return quantity or "" if quantity in (None, GONE) else figure(quantity)


def _place(said: _Said) -> str:
    version, line = said.stored.version, said.statement.mention.line
    name = f"{version.key}#{(version.version_id or version.etag)[:8]}"
    return f"{name}:{line}" if line else f"absent from {name}"


def _became(said: _Said) -> str:
    fate = said.statement.fate
    if fate.name == "REFUSED":
        return f"{fate}: {said.statement.mention.error}"
    if fate.name == "NOT_LOADED":
        return f"{fate}: {said.record.status if said.record else 'not processed yet'}"
    return str(fate)
