"""`inventory out`: items out of stock, all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from inventory_cli.session import (
    CsvOption,
    EnvironmentOption,
    JsonOption,
    OutputsOption,
    connect,
)
from inventory_cli.shortages import show_shortages


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(out)


def out(
    location: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only there.", show_default=False)
    ] = None,
    *,
    csv: CsvOption = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show every item that is out of stock, the largest shortfall first.

    That is at or below zero. The list is complete; it is found by reading the whole table.
    """
    show_shortages(connect(outputs, env), "out", location, as_csv=csv, as_json=json_)
