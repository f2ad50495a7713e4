"""Write what the patches have to say to standard error, each thing once."""

from __future__ import annotations

import sys

_said: set[str] = set()


def say_once(message: str) -> None:
    """Print one line on standard error unless this process has printed it before.

    Args:
        message: One line without the package's name, which is put in front.
    """
    if message not in _said:
        _said.add(message)
        print(f"fastsynth: {message}", file=sys.stderr)  # noqa: T201  a library without a logger
