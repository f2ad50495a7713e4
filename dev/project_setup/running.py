"""Run a step of setup: say what it begins, keep a log, and leave a stamp."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

from terraform_runner.errors import MissingToolError
from terraform_runner.paths import BUILD, ROOT, STAMPS

if TYPE_CHECKING:
    from pathlib import Path


def run_logged(command: list[str | Path], failure: str, **environment: str) -> None:
    """Run a command with its output in a log.

    Args:
        command: The command.
        failure: What to say when it fails.
        environment: Variables beside the process's own.

    Raises:
        MissingToolError: It failed.
    """
    log = BUILD / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("ab") as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise MissingToolError(f"{failure}; the log is {log.relative_to(ROOT)}")
    say(f"  done in {time.monotonic() - started:.0f} s")


def digest_of(*files: Path, text: str = "") -> str:
    """Hash what a step depends on."""
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(name: str, digest: str, made: Path) -> bool:
    """Tell whether a step has run, and nothing that it depends on has changed since."""
    stamp = STAMPS / name
    return made.exists() and stamp.exists() and stamp.read_text() == digest


def mark_done(name: str, digest: str) -> None:
    """Leave a step's stamp."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest)


def say(text: str) -> None:
    """Tell whoever waits."""
    print(f"setup: {text}", flush=True)
