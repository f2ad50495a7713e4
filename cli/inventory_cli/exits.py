"""Exit codes of the `inventory` command, the same for every subcommand."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended.

    OK: Done, and all is well. ATTENTION: Done, but rows were rejected, messages were left, or a
    check failed. REFUSED: A whole file was refused. NOT_YET: It did not happen in time; it may
    still happen. OUT_OF_REACH: AWS, the stack or what was named is missing or out of reach. USAGE:
    The command line makes no sense (sysexits.h). INTERRUPTED: Ctrl-C.
    """

    OK = 0
    ATTENTION = 1
    REFUSED = 2
    NOT_YET = 3
    OUT_OF_REACH = 4
    USAGE = 64
    INTERRUPTED = 130


#: What `--help` says about exit codes.
EXIT_CODES_HELP = (
    "Exit codes: 0 all is well; 1 rows rejected, messages left or a check failed; 2 a file "
    "refused; 3 not in time; 4 something missing or out of reach; 64 wrong command line."
)
