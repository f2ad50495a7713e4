"""Files that a command line names, and standard input."""

from __future__ import annotations

import atexit
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, TextIO

from inventory_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What `check` and `profile` call standard input.
STANDARD_INPUT = "standard-input.csv"

_DASH = Path("-")


def local_files(files: Sequence[Path], name: str) -> list[Path]:
    """The files, standard input among them as one, which may be read from the beginning again.

    Args:
        files: Paths, `-` for standard input.
        name: Name of the file that standard input becomes.

    Raises:
        UsageError: One of them is not there, or standard input is closed or named twice.
    """
    for path in files:
        # typer's own check does not know the dash.
        if path != _DASH and not path.is_file():
            raise UsageError(f"there is no file {path}")
    if list(files).count(_DASH) > 1:
        raise UsageError("standard input can be read once")
    return [_spooled(name) if path == _DASH else path for path in files]


def standard_input() -> TextIO:
    """Standard input, to be read.

    Raises:
        UsageError: It is closed.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed: pipe something in, or name a file")
    return sys.stdin


def can_ask() -> bool:
    """Tell whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()


def _spooled(name: str) -> Path:
    """Standard input as a file, until this process ends."""
    folder = Path(mkdtemp(prefix="inventory-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with (folder / name).open("wb") as file:
        shutil.copyfileobj(standard_input().buffer, file)
    return folder / name
