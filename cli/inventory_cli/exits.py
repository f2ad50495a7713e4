"""Exit codes of the `inventory` command: one table for every subcommand."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended.

    OK: Done, and all is well. ATTENTION: Done, but rows were rejected, messages were left, or a
    check failed. REFUSED: A whole file was refused. PLAN_REFUSED: A plan was refused, or is not the
    one that was reviewed. OUT_OF_REACH: AWS, Terraform, the stack or what was named is missing, out
    of reach or failed. NOT_YET: It did not happen in time; it may still happen. USAGE: The command
    line makes no sense (sysexits.h). INTERRUPTED: Ctrl-C.
    """

    OK = 0
    ATTENTION = 1
    REFUSED = 2
    PLAN_REFUSED = 3
    OUT_OF_REACH = 4
    NOT_YET = 5
    USAGE = 64
    INTERRUPTED = 130


#: What `--help` says about exit codes.
EXIT_CODES_HELP = (
    "Exit codes: 0 all is well; 1 rows rejected, messages left or a check failed; 2 a file "
    "refused; 3 a plan refused; 4 something missing, out of reach or failed; 5 not in time; "
    "64 wrong command line."
)
