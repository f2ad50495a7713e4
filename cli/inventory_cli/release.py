"""`inventory release`: let a held file in."""

from __future__ import annotations

from typing import Annotated

import typer

from inventory.domain.work import Kind, WorkMessage
from inventory_cli.errors import UsageError
from inventory_cli.objects import find_version
from inventory_cli.queues import send_work
from inventory_cli.records import get_record
from inventory_cli.rendering import remark, say
from inventory_cli.session import EnvironmentOption, OutputsOption, connect


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(release)


def release(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="Key, s3:// address or record id.")],
    *,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Load a file that is held because it would take away too much stock.

    Its stock then counts as that of the feed's last accepted file. Look at the file first:
    `inventory status OBJECT` says what it would do.
    """
    session = connect(outputs, env)
    remark(session.where)
    object_id, version = find_version(session, name)
    record = get_record(session, object_id)
    if record is None or record.status != "HELD":
        status = "has no record" if record is None else f"is {record.status}"
        raise UsageError(f"{object_id} {status}; only a file that is HELD can be released")
    if version is None:
        raise UsageError(f"{object_id} is not in the bucket any more")
    send_work(session, [WorkMessage(kind=Kind.RELEASE, version=version).to_text()])
    say(f"{object_id} will load; see `inventory status`")
