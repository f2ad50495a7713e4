"""The `inventory` command: what an operator does with a deployed stack.

Each subcommand is a module of its own beside this one, named as the command is, that has a
`register(app)` function; all other modules are helpers. What is slow to import (boto3, the reader)
is imported by the commands when they run, so that `--help` is quick.
"""

from __future__ import annotations

import importlib
import sys

import typer

from inventory_cli.errors import CliError
from inventory_cli.exits import EXIT_CODES_HELP, Exit
from inventory_cli.failures import explain
from inventory_cli.rendering import complain

#: Subcommands in the order in which the help lists them.
COMMANDS = (
    "check",
    "upload",
    "status",
    "rejects",
    "redrive",
    "replay",
    "release",
    "summary",
    "doctor",
    "review",
    "apply",
)


def inventory() -> None:
    """Feed, watch and repair the inventory pipeline, on AWS and on the local cloud."""


def command_line() -> typer.Typer:
    """The command with all its subcommands."""
    app = typer.Typer(
        name="inventory",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        # The one mode in which paragraphs of docstrings are filled to the width of the terminal.
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=EXIT_CODES_HELP)(inventory)
    for name in COMMANDS:
        importlib.import_module(f"inventory_cli.{name}").register(app)
    for command in app.registered_commands:
        command.epilog = command.epilog or EXIT_CODES_HELP
    # 2, the usual code of a wrong command line, says here that a file was refused.
    typer.BadParameter.__mro__[1].exit_code = Exit.USAGE  # type: ignore[attr-defined]  # click's class
    return app


def main() -> None:
    """Run the command line; a failure ends in one line and an exit code, without a traceback."""
    try:
        command_line()(prog_name="inventory")
    except CliError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        complain(reason)
        sys.exit(Exit.OUT_OF_REACH)


if __name__ == "__main__":
    main()
