"""Running main.py as a program of its own, and reading all that it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run_main(
    project: Path,
    folder: Path,
    *,
    command: Sequence[str] = (sys.executable,),
    umask: int = -1,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run main.py with a folder as the current one and next to nothing in its environment.

    Args:
        project: Folder of main.py.
        folder: The current folder.
        command: The interpreter, and what it is started by.
        umask: Its umask; by default the one of the tests.
        environment: What it finds beside PATH and HOME.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*command, str(project / "main.py")],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )


def output(folder: Path) -> dict[str, bytes]:
    """Give the bytes of everything that was written, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
