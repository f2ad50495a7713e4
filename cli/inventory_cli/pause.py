"""`inventory pause`: have the files of a folder wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from inventory.adapters.dynamodb_notes import DynamoDbPauses
from inventory.domain.order import timestamp
from inventory_cli.caller import user_name
from inventory_cli.lanes import lanes_of
from inventory_cli.objects import prefix_of
from inventory_cli.rendering import emit_json, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(pause)


def pause(
    prefix: Annotated[
        str | None,
        typer.Argument(
            metavar="[PREFIX]",
            help="Beginning of the keys; '' for all files. Default: show what is paused.",
            show_default=False,
        ),
    ] = None,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Have new files wait, from now on.

    Those whose keys begin with PREFIX. Nothing is lost: they load after `inventory
    resume`, and count as of when they were stored. A file that has begun to load goes on.
    """
    session = connect(outputs, env)
    remark(session.where)
    pauses = DynamoDbPauses(lanes_of(session))
    if prefix is not None:
        pauses.add(prefix_of(session, prefix), user_name(), timestamp(datetime.now(UTC)))
    found = sorted(pauses.prefixes())
    if json_:
        emit_json({"paused": found})
        return
    for each in found:
        say(f"files wait whose keys begin with {each!r}")
    if not found:
        say("nothing is paused")
