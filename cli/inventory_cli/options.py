"""Options of `inventory` itself, before any subcommand."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it with the option's value
    if wanted:
        typer.echo(f"inventory {version('inventory')}")
        raise typer.Exit


def inventory(
    *,
    version_: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    no_color: Annotated[
        bool,
        typer.Option(
            "--no-color", help="Print without colours; so does NO_COLOR in the environment."
        ),
    ] = False,
) -> None:
    """Feed, watch and repair the inventory pipeline, on AWS and on the local cloud."""
    # `main` takes --no-color out wherever it stands, before anything is printed.
    del version_, no_color
