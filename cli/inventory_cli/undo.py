"""`inventory undo`: take a file version back, as if it had never been delivered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory.domain.order import timestamp
from inventory.domain.work import Command, Kind, WorkMessage
from inventory_cli.caller import user_name
from inventory_cli.exits import Exit
from inventory_cli.items import place_of
from inventory_cli.objects import find_version, nothing_known
from inventory_cli.queues import send_work
from inventory_cli.records import get_record
from inventory_cli.rendering import (
    complain,
    emit_json,
    emit_table,
    figure,
    remark,
    say,
)
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory_cli.records import Record
    from inventory_cli.without import Change


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(undo)


def undo(
    name: Annotated[
        str,
        typer.Argument(
            metavar="OBJECT", help="Key, s3:// address or record id; a version after #."
        ),
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is kept in the record.")
    ] = "",
    version_id: Annotated[
        str | None,
        typer.Option(
            "--version",
            metavar="ID",
            help="That version. Default: the newest.",
            show_default=False,
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, change nothing.")
    ] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Withdraw a file: the stock becomes what it would be without it.

    Items that it wrote over come back from older files, items that it alone brought go, and no
    delivery of it loads any more. --dry-run reads every file that is kept. `inventory restore`
    takes it back. A file that was just loaded is withdrawn half an hour later, when nothing of it
    can be on its way any more.
    """
    session = connect(outputs, env)
    remark(session.where)
    object_id, version = find_version(session, name, version_id)
    record = get_record(session, object_id)
    if version is None and record is not None:
        version = record.version
    if version is None:
        raise nothing_known(object_id)
    if dry_run:
        # The reader is slow to import, and `--help` does not need it.
        from inventory_cli.without import Without

        without = Without(session=session, version=version, record=record)
        _show(without.find(quiet=json_), object_id, as_json=json_)
        for refusal in without.unread:
            complain(f"may be wrong, for this was not read to its end: {refusal}")
        raise typer.Exit(Exit.ATTENTION if without.unread else Exit.OK)
    command = command_of(record, reason)
    message = WorkMessage(kind=Kind.WITHDRAW, version=version, task=command.to_data())
    send_work(session, [message.to_text()])
    if json_:
        emit_json({"object_id": object_id, **command.to_data()})
        return
    if record is not None and record.status == "WITHDRAWN":
        # Sent all the same: a restore that was asked for and has not begun is taken back.
        say(f"{object_id} is withdrawn already, and stays so; see `inventory status`")
        return
    say(f"{object_id} will be withdrawn; `inventory status` says when it is done")


def command_of(record: Record | None, reason: str = "") -> Command:
    """A command of whoever has started this process, later than the one before.

    Args:
        record: Record of the version; the clock of whoever asked last may go fast.
        reason: Why.
    """
    now = datetime.now(UTC)
    decided = record.attributes.get("decided_at") if record is not None else None
    if decided:
        now = max(now, datetime.fromisoformat(decided) + timedelta(microseconds=1))
    return Command(asked_at=timestamp(now), by=user_name(), reason=reason)


def _show(changes: Sequence[Change], object_id: str, *, as_json: bool) -> None:
    gone = sum(change.quantity is None for change in changes)
    if as_json:
        emit_json({"object_id": object_id, "items": [_document(change) for change in changes]})
        return
    if changes:
        emit_table(
            ("sku", "location", "now", "would be", "by"),
            [
                (
                    change.item.sku,
                    change.item.location,
                    change.item.shown,
                    "gone" if change.quantity is None else change.quantity,
                    place_of(change.key, change.line) if change.key else "",
                )
                for change in changes
            ],
            right=("now", "would be"),
            folded=("sku", "location", "by"),
        )
    say(
        f"{object_id} would be withdrawn: {figure(len(changes) - gone)} items would come back from "
        f"other files, {figure(gone)} would go"
    )


def _document(change: Change) -> dict[str, Any]:
    return {
        "sku": change.item.sku,
        "location": change.item.location,
        "quantity": change.item.quantity,
        "becomes": change.quantity,
        "by": change.key or None,
    }
