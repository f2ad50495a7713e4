"""`inventory resume`: let the files in that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from inventory.adapters.dynamodb_notes import DynamoDbFollowUps, DynamoDbPauses
from inventory.domain.work import Kind, WorkMessage
from inventory_cli.errors import UsageError
from inventory_cli.exits import Exit
from inventory_cli.lanes import lanes_of
from inventory_cli.objects import keys_of, prefix_of
from inventory_cli.queues import send_work
from inventory_cli.records import get_records
from inventory_cli.rendering import complain, figure, remark, say
from inventory_cli.session import EnvironmentOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.adapters.dynamodb_table import PartitionedTable
    from inventory.domain.model import ObjectVersion
    from inventory_cli.session import Session


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

    Those whose keys begin with PREFIX, in any order: their times decide. After an interruption the
    same command may simply be run again.

    What was being put aside at this very moment follows with the next reconcile, within an hour.

    Exit code 5: some of these files wait still, because another prefix is paused.
    """
    session = connect(outputs, env)
    remark(session.where)
    lanes = lanes_of(session)
    pauses = DynamoDbPauses(lanes)
    paused = sorted(pauses.prefixes())
    named = [each for each in keys_of(session, prefix) if each in paused]
    start = named[0] if named else prefix_of(session, prefix)
    if named:
        pauses.remove(start)
        paused.remove(start)
    waiting = _waiting(session, lanes, start, paused)
    # A command that was interrupted has left files that wait, and no pause.
    if not named and not waiting:
        there = ", ".join(map(repr, paused)) or "nothing"
        raise UsageError(f"{start!r} is not paused; paused: {there}")
    send_work(session, [WorkMessage(kind=Kind.REDRIVE, version=each).to_text() for each in waiting])
    say(f"{figure(len(waiting))} files sent to be loaded; see `inventory files`")
    left = [each for each in paused if each.startswith(start) or start.startswith(each)]
    for each in left:
        complain(f"files wait still whose keys begin with {each!r}, which is paused too")
    raise typer.Exit(Exit.NOT_YET if left else Exit.OK)


def _waiting(
    session: Session, lanes: PartitionedTable, start: str, paused: Sequence[str]
) -> list[ObjectVersion]:
    """Versions that wait, whose keys begin so, and that nothing has wait any more."""
    under = [
        each
        for each in DynamoDbFollowUps(lanes, partial(datetime.now, UTC)).all()
        if each.key.startswith(start) and not each.key.startswith(tuple(paused))
    ]
    records = get_records(session, [each.object_id for each in under])
    return [
        each
        for each in under
        if (record := records.get(each.object_id)) is not None and record.status == "WAITING"
    ]
