"""`inventory restore`: take the withdrawal of a file version back."""

from __future__ import annotations

from typing import Annotated

import typer

from inventory.domain.work import Kind, WorkMessage
from inventory_cli.errors import CliError, UsageError
from inventory_cli.objects import find_version
from inventory_cli.queues import send_work
from inventory_cli.records import get_record
from inventory_cli.rendering import remark, say
from inventory_cli.session import EnvironmentOption, OutputsOption, connect
from inventory_cli.undo import command_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(restore)


def restore(
    name: Annotated[
        str,
        typer.Argument(
            metavar="OBJECT", help="Key, s3:// address or record id; a version after #."
        ),
    ],
    *,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Load a withdrawn file again.

    Its rows take their old place in the order. That begins a quarter of an hour after
    the withdrawal has finished.
    """
    session = connect(outputs, env)
    remark(session.where)
    object_id, version = find_version(session, name)
    record = get_record(session, object_id)
    if record is None or record.status != "WITHDRAWN":
        status = "has no record" if record is None else f"is {record.status}"
        raise UsageError(f"{object_id} {status}; only a file that is WITHDRAWN can be restored")
    if version is None:
        raise CliError(f"{object_id} is not in the bucket any more")
    task = command_of(record).to_data()
    message = WorkMessage(kind=Kind.RESTORE, version=version, task=task)
    send_work(session, [message.to_text()])
    say(f"{object_id} will load again; see `inventory status`")
