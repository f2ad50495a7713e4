"""Files that a command line names, and standard input."""

from __future__ import annotations

import atexit
import shutil
import sys
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import TYPE_CHECKING, TextIO

from inventory_cli.errors import CliError, UsageError

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
        CliError: One of them cannot be looked at, or standard input cannot be kept.
    """
    for path in files:
        # typer's own check does not know the dash.
        if path != _DASH and not _is_file(path):
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


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from error


def _spooled(name: str) -> Path:
    """Standard input as a file, until this process ends."""
    source = standard_input().buffer
    try:
        folder = Path(mkdtemp(prefix="inventory-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with (folder / name).open("wb") as file:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise CliError(
            f"standard input cannot be kept as {name} in {gettempdir()}, see TMPDIR: "
            f"{error.strerror}"
        ) from error
    return folder / name
