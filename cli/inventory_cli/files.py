"""`inventory files`: file versions, and what became of each."""

from __future__ import annotations

import heapq
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.objects import StoredVersion, versions_under
from inventory_cli.records import Record, get_records
from inventory_cli.rendering import emit_json, emit_table, figure, remark, since_option
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Sequence


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(files)


def files(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="Folder or key. Default: all files.")
    ] = "",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only versions stored since: ISO 8601, an age such as 36h, today, yesterday.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", help="How many of the latest to show.", min=1)
    ] = 50,
    *,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Only files refused, held, with rejected rows or a warning."),
    ] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """List file versions with what became of each, and why.

    The latest come first. One without a record was not processed yet. Versions that the
    bucket does not keep any more are not listed.
    """
    start = None if since is None else since_option(since)
    session = connect(outputs, env)
    remark(session.where)
    recent = versions_under(session, prefix, start)
    latest = heapq.nlargest(
        len(recent) if failed else limit, recent, key=lambda each: each.last_modified
    )
    records = get_records(session, [each.version.object_id for each in latest])
    found = [(each, records.get(each.version.object_id)) for each in latest]
    if failed:
        found = [(each, record) for each, record in found if record and _reason(record)]
    shown = found[:limit]
    if json_:
        emit_json([_document(*each) for each in shown])
    else:
        _show(shown)
    more = (len(found) if failed else len(recent)) - len(shown)
    if more:
        remark(f"and {figure(more)} more; see them with --limit")


def _reason(record: Record) -> str:
    """Why a file is not wholly loaded; "" when it is, or is not done yet."""
    error = str(record.attributes.get("error") or "")
    rejected = record.count("rejected")
    return error or (f"{figure(rejected)} rows rejected" if rejected else record.warning)


def _document(stored: StoredVersion, record: Record | None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "object_id": stored.version.object_id,
        "key": stored.version.key,
        "version_id": stored.version.version_id,
        "is_latest": stored.is_latest,
        "stored_at": stored.last_modified,
        "size_bytes": stored.version.size_bytes,
        "reason": _reason(record) if record else "not processed yet",
    }
    return {**known, "record": record.attributes if record else None}


def _show(found: Sequence[tuple[StoredVersion, Record | None]]) -> None:
    if not found:
        remark("no file is like this")
        return
    emit_table(
        ("stored (UTC)", "status", "rows", "loaded", "key and version"),
        [
            (
                f"{stored.last_modified.astimezone(UTC):%Y-%m-%d %H:%M}",
                record.status if record else "-",
                figure(record.rows_read) if record else "",
                figure(record.count("loaded")) if record else "",
                _name(stored),
            )
            for stored, record in found
        ],
        right=("rows", "loaded"),
        folded=("key and version",),
    )
    reasons = [(_name(stored), _reason(record)) for stored, record in found if record]
    if any(reason for _, reason in reasons):
        emit_table(
            ("key and version", "reason"),
            [each for each in reasons if each[1]],
            folded=("key and version", "reason"),
        )


def _name(stored: StoredVersion) -> str:
    return f"{stored.version.key}#{(stored.version.version_id or stored.version.etag)[:8]}"
