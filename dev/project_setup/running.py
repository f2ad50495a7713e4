"""Run a step of setup: say what it begins, keep a log, and leave a stamp."""

from __future__ import annotations

import hashlib
import subprocess
import time
from typing import TYPE_CHECKING

from terraform_runner.errors import MissingToolError
from terraform_runner.paths import BUILD, ROOT, STAMPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_PROGRESS_SECONDS = 5


def run_logged(
    command: list[str | Path],
    failure: str | None,
    *,
    environment: dict[str, str] | None = None,
    progress: Callable[[], str] | None = None,
) -> None:
    """Run a command with its output in a log.

    Args:
        command: The command.
        failure: What to say when it fails; without it a failure does not matter.
        environment: Its variables. Default: the process's own.
        progress: Says how far it is, every five seconds. Default: nothing is said.

    Raises:
        MissingToolError: It failed.
    """
    log = BUILD / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        code = _waited_for(process, progress)
    if code and failure:
        raise MissingToolError(f"{failure}; the log is {log.relative_to(ROOT)}")
    say(f"  done in {time.monotonic() - started:.0f} s")


def _waited_for(process: subprocess.Popen[bytes], progress: Callable[[], str] | None) -> int:
    """Exit code of a process; how far it is is told whenever it has changed."""
    told = ""
    with process:
        while True:
            try:
                return process.wait(_PROGRESS_SECONDS if progress else None)
            except subprocess.TimeoutExpired:
                assert progress is not None
                if (now := progress()) != told:
                    say(f"  {now}")
                    told = now
            except BaseException:
                process.kill()  # as `subprocess.run` does
                raise


def digest_of(*files: Path, text: str = "") -> str:
    """Hash what a step depends on.

    Args:
        files: Files that it reads.
        text: Whatever else decides what it makes.
    """
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(name: str, digest: str) -> bool:
    """Tell whether a step has run, and nothing that it depends on has changed since.

    Args:
        name: The step's name.
        digest: What `digest_of` gives now.
    """
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == digest


def mark_done(name: str, digest: str) -> None:
    """Leave a step's stamp.

    Args:
        name: The step's name.
        digest: What `digest_of` gave before it ran.
    """
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest)


def say(text: str) -> None:
    """Tell whoever waits.

    Args:
        text: One line.
    """
    print(f"setup: {text}", flush=True)
