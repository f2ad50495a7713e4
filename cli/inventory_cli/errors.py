"""Errors of the `inventory` command.

CliError                what is needed is missing or failed
|-- UsageError          the command line makes no sense
|-- OutOfReachError     AWS or the stack's outputs could not be reached
|   `-- ForeignAnswerError  something else than AWS answered
`-- NotYetError         something did not happen in time
"""

from __future__ import annotations

from inventory_cli.exits import Exit


class CliError(Exception):
    """A failure that is told without a traceback."""

    exit_code: int = Exit.OUT_OF_REACH


class UsageError(CliError):
    """The command line makes no sense."""

    exit_code = Exit.USAGE


class OutOfReachError(CliError):
    """AWS or the stack's outputs could not be reached."""


class ForeignAnswerError(OutOfReachError):
    """Something else than AWS answered, such as a proxy."""


class NotYetError(CliError):
    """Something did not happen in time; it may still happen."""

    exit_code = Exit.NOT_YET
