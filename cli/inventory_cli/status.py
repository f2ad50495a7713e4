"""`inventory status`: the record of one object version, or the latest ones."""

from __future__ import annotations

import heapq
from typing import Annotated

import typer

from inventory_cli.errors import NotYetError
from inventory_cli.objects import find_version, nothing_known
from inventory_cli.records import (
    RECORD_COLUMNS,
    Record,
    get_record,
    record_rows,
    scan_records,
    show_record,
)
from inventory_cli.rendering import emit_json, emit_table, remark
from inventory_cli.session import (
    EnvironmentOption,
    JsonOption,
    OutputsOption,
    Session,
    connect,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT",
            help="Key, s3:// address or record id. Default: the latest records.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", help="How many of the latest to show.", min=1)
    ] = 20,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show what became of a file, or of the latest files.

    For one file, its newest version is meant, and the exit code is that of its record: 0 loaded,
    1 rows rejected, 2 refused, 5 not processed yet. The latest records are found by reading the
    whole table of records.
    """
    session = connect(outputs, env)
    remark(session.where)
    if name is None:
        _latest(session, limit, as_json=json_)
        return
    object_id, version = find_version(session, name)
    record = get_record(session, object_id)
    if record is None and version is None:
        raise nothing_known(object_id)
    if record is None:
        raise NotYetError(f"{object_id} has no record yet: it was not processed")
    if json_:
        emit_json(record.attributes)
    else:
        show_record(record)
    raise typer.Exit(record.exit_code)


def _latest(session: Session, limit: int, *, as_json: bool) -> None:
    records: list[Record] = heapq.nlargest(
        limit, scan_records(session), key=lambda record: record.moment
    )
    if as_json:
        emit_json([record.attributes for record in records])
    elif records:
        emit_table(
            RECORD_COLUMNS,
            record_rows(records),
            right=("rows", "loaded", "rejected"),
            folded=("key",),
        )
    else:
        remark("no file was processed yet")
