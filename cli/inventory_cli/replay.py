"""`inventory replay`: object versions through the pipeline again."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import typer

from inventory.domain.work import Kind, WorkMessage
from inventory_cli.objects import StoredVersion, versions_under
from inventory_cli.queues import ENTRIES_PER_BATCH, send_work
from inventory_cli.rendering import (
    emit_json,
    emit_table,
    figure,
    progress,
    remark,
    say,
    since_option,
)
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    prefix: Annotated[str, typer.Argument(help="Folder or key; '' for all files.")],
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Only versions stored since: ISO 8601, or an age such as 36h, 7d."
        ),
    ],
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="At most so many, the oldest first.", min=1, show_default=False
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, send nothing.")
    ] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Process every file version in a folder, or of one file, again.

    Safe at any time: rows take their old place in the order, so nothing newer is overwritten.
    After an interruption the same command may simply be run again.
    """
    start = since_option(since)
    session = connect(outputs, env)
    remark(session.where)
    found = sorted(
        versions_under(session, prefix, start),
        key=lambda each: each.last_modified,
    )[:limit]
    if not dry_run:
        with progress("sending", len(found), quiet=json_) as advance:
            for at in range(0, len(found), ENTRIES_PER_BATCH):
                part = found[at : at + ENTRIES_PER_BATCH]
                send_work(session, [_message(each) for each in part])
                advance(len(part))
    if json_:
        emit_json({"dry_run": dry_run, "versions": [_document(each) for each in found]})
        return
    if dry_run and found:
        emit_table(
            ("stored (UTC)", "bytes", "key", "version"),
            [
                (
                    f"{each.last_modified.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                    figure(each.version.size_bytes),
                    each.version.key,
                    each.version.version_id or each.version.etag,
                )
                for each in found
            ],
            right=("bytes",),
            folded=("key", "version"),
        )
    verb = "would be sent" if dry_run else "sent"
    say(f"{figure(len(found))} object versions {verb} to the work queue")


def _message(stored: StoredVersion) -> str:
    return WorkMessage(kind=Kind.REPLAY, version=stored.version).to_text()


def _document(stored: StoredVersion) -> dict[str, object]:
    return {
        "object_id": stored.version.object_id,
        "stored_at": stored.last_modified,
        "size_bytes": stored.version.size_bytes,
    }
