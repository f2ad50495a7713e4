"""`inventory resume`: let the files in that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from inventory.adapters.dynamodb_notes import DynamoDbFollowUps, DynamoDbPauses
from inventory.domain.work import Kind, WorkMessage
from inventory_cli.errors import UsageError
from inventory_cli.lanes import lanes_of
from inventory_cli.objects import key_of
from inventory_cli.queues import send_work
from inventory_cli.records import get_records
from inventory_cli.rendering import figure, remark, say
from inventory_cli.session import EnvironmentOption, OutputsOption, connect


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(resume)


def resume(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="As it was paused; '' for all files.")
    ],
    *,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Let files in that wait.

    Those whose keys begin with PREFIX, in any order: their times decide.

    What was being put aside at this very moment follows with the next reconcile, within an hour.
    """
    session = connect(outputs, env)
    remark(session.where)
    lanes = lanes_of(session)
    pauses, start = DynamoDbPauses(lanes), key_of(session, prefix)
    paused = sorted(pauses.prefixes())
    if start not in paused:
        there = ", ".join(map(repr, paused)) or "nothing"
        raise UsageError(f"{start!r} is not paused; paused: {there}")
    pauses.remove(start)
    under = [
        each
        for each in DynamoDbFollowUps(lanes, partial(datetime.now, UTC)).all()
        if each.key.startswith(start)
    ]
    records = get_records(session, [each.object_id for each in under])
    waiting = [
        each
        for each in under
        if (record := records.get(each.object_id)) is not None and record.status == "WAITING"
    ]
    send_work(session, [WorkMessage(kind=Kind.REDRIVE, version=each).to_text() for each in waiting])
    say(f"{figure(len(waiting))} files sent to be loaded; see `inventory files`")
