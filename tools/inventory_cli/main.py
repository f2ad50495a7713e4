"""The `inventory` command.

Each subcommand is a module of its own beside this one, named as the command is, that has a
`register(app)` function; a module without one is a helper.
"""

from __future__ import annotations

import importlib
import pkgutil

import typer

import inventory_cli

app = typer.Typer(
    name="inventory",
    help="Operate the inventory pipeline, on AWS or on the local cloud.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def inventory() -> None:
    """Operate the inventory pipeline, on AWS or on the local cloud."""


def register_commands(application: typer.Typer) -> None:
    """Add every command of this package."""
    for found in pkgutil.iter_modules(inventory_cli.__path__):
        if found.name.startswith("_") or found.name == "main":
            continue
        module = importlib.import_module(f"inventory_cli.{found.name}")
        register = getattr(module, "register", None)
        if register is not None:
            register(application)


def main() -> None:
    """Run the command that was asked for."""
    register_commands(app)
    app(prog_name="inventory")


if __name__ == "__main__":
    main()
