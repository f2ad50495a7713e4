"""The `inventory` command: what an operator does with a deployed stack.

Each subcommand is a module of its own beside this one, named as the command is (`MODULES` has the
exceptions), that has a `register(app)` function; all other modules are helpers. What is slow to
import (boto3, the reader) is imported by the commands when they run, so that `--help` is quick; and
this module imports nothing at all before it can answer Ctrl-C.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as that of `typing`, which takes its time
if TYPE_CHECKING:
    from sys import UnraisableHookArgs

    import typer

#: Subcommands in the order in which the help lists them.
COMMANDS = (
    "check",
    "profile",
    "upload",
    "status",
    "files",
    "feeds",
    "stock",
    "history",
    "changes",
    "low",
    "out",
    "rejects",
    "redrive",
    "replay",
    "release",
    "undo",
    "restore",
    "remove",
    "pause",
    "resume",
    "summary",
    "cost",
    "doctor",
    "review",
    "apply",
)

#: Modules of commands that are called otherwise.
MODULES = {"low": "shortages", "out": "shortages"}

_NO_COLOR = "--no-color"

# `Exit.INTERRUPTED`, which may not be imported yet.
_INTERRUPTED = 130


def command_line() -> typer.Typer:
    """The command with all its subcommands."""
    import importlib

    import typer

    from inventory_cli.examples import EXAMPLES
    from inventory_cli.exits import EXIT_CODES_HELP, Exit
    from inventory_cli.options import inventory

    app = typer.Typer(
        name="inventory",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        # The one mode in which paragraphs of docstrings are filled to the width of the terminal.
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=EXIT_CODES_HELP)(inventory)
    for module in dict.fromkeys(MODULES.get(name, name) for name in COMMANDS):
        importlib.import_module(f"inventory_cli.{module}").register(app)
    for name, command in zip(COMMANDS, app.registered_commands, strict=True):
        examples = "\n".join(
            f"- `inventory {name} {each}`".rstrip() for each in EXAMPLES.get(name, ())
        )
        command.epilog = f"Examples:\n\n{examples}\n\n{command.epilog or EXIT_CODES_HELP}"
    # 2, the usual code of a wrong command line, says here that a file was refused.
    typer.BadParameter.__mro__[1].exit_code = Exit.USAGE  # type: ignore[attr-defined]  # click's class
    return app


def main() -> None:
    """Run the command line; a failure ends in one line and an exit code, without a traceback."""
    usual, sys.unraisablehook = sys.unraisablehook, _unraised
    _set_up_output()
    try:
        if _NO_COLOR in sys.argv:
            os.environ["NO_COLOR"] = "1"
            sys.argv.remove(_NO_COLOR)
        code = _run()
        _flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except RuntimeError as error:
        # What Python 3.11 makes of Ctrl-C while an import makes a class.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        code = _INTERRUPTED
    except OSError as error:
        code = _unwritten(error)
    finally:
        sys.unraisablehook = usual
    sys.exit(code)


def _set_up_output() -> None:
    """Have any text printed: what the encoding lacks is escaped, what is closed takes nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  stays open
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _check_encoding() -> None:
    """Refuse arguments that are no text: as keys or reasons they could never be stored.

    Raises:
        UsageError: There is one.
    """
    from inventory_cli.errors import UsageError

    for argument in sys.argv[1:]:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"the argument {argument} is not text in UTF-8; rename the file, or set the "
                "terminal to UTF-8"
            ) from None


def _unraised(lost: UnraisableHookArgs) -> None:
    """End on Ctrl-C in a callback of Python's own, such as an import's, which would go on."""
    if isinstance(lost.exc_value, KeyboardInterrupt):
        os._exit(_INTERRUPTED)
    sys.__unraisablehook__(lost)


def _run() -> int | str | None:
    """Run the command line; its exit code."""
    from inventory_cli.errors import CliError
    from inventory_cli.exits import Exit
    from inventory_cli.failures import explain
    from inventory_cli.rendering import complain

    try:
        _check_encoding()
        command_line()(prog_name="inventory")
    except SystemExit as ended:
        return ended.code
    except CliError as error:
        complain(str(error))
        return error.exit_code
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        complain(reason)
        return Exit.OUT_OF_REACH
    return Exit.OK


def _flush() -> None:
    """Write what is buffered while a failure can still be told."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _unwritten(error: OSError) -> int:
    """Exit code where the answer could not be written.

    Raises:
        OSError: It is about something else.
    """
    import errno

    from inventory_cli.exits import Exit

    if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO):
        raise error
    # What is still buffered would fail again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        from inventory_cli.rendering import complain

        complain(f"the answer could not be written: {error.strerror}")
    return Exit.ATTENTION if error.errno == errno.EPIPE else Exit.OUT_OF_REACH


if __name__ == "__main__":
    main()
