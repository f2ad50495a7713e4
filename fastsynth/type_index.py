"""Lets jsii finish the type index it writes once for each version of the bindings.

The kernel parses the assembly of a package it has no index for, 131 MB of JSON for AWS, and
leaves a worker thread to write the index for the next run. The thread dies with the kernel; a
lazy run is over before the index is written, and so would be every run after it. The Node hook
reports the packages being indexed, and the process waits at its end until their index is there.

``python -m fastsynth prime`` does so ahead of the first run.

Source: https://github.com/aws/jsii, packages/@jsii/kernel/src/runtime-index.ts
"""

from __future__ import annotations

import atexit
import os
import tempfile
import time
from pathlib import Path

from fastsynth.notice import say_once

REPORT = "FASTSYNTH_REPORT"
"""Environment variable with the path where the Node hook lists packages being indexed."""

MANIFEST = ".jsii.runtime.v*.json"
"""The file jsii writes last, which makes an index complete."""

TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05

_started: float | None = None


def install() -> None:
    """Name the file for the reports of the Node processes that this process starts."""
    global _started  # noqa: PLW0603  one kernel a process, as in jsii itself
    _started = time.time()
    # Nothing is created unless an index is missing; nobody else can guess the name.
    name = f"fastsynth-{os.getpid()}-{os.urandom(8).hex()}"
    os.environ[REPORT] = str(Path(tempfile.gettempdir()) / name)


def wait_at_exit() -> None:
    """Wait for missing indexes when the process ends, before the kernel is stopped."""
    atexit.unregister(wait)
    atexit.register(wait)


def wait(timeout_seconds: float = TIMEOUT_SECONDS) -> list[Path]:
    """Wait until jsii has written every index that it began to write for this process.

    Args:
        timeout_seconds: How long to wait at most.

    Returns:
        The package directories whose index is new; empty when none was missing.
    """
    report = Path(os.environ.get(REPORT, ""))
    if _started is None or not report.is_file():
        return []
    directories = [Path(line) for line in report.read_text(encoding="utf-8").splitlines()]
    report.unlink()
    say_once("jsii writes its type index, once for each version of the bindings")
    deadline = time.monotonic() + timeout_seconds
    missing = directories
    while missing := [directory for directory in missing if not _indexed(directory)]:
        if time.monotonic() > deadline:
            say_once(f"jsii has not written its type index to {missing[0]}, runs stay slow")
            break
        time.sleep(POLL_SECONDS)
    return [directory for directory in directories if directory not in missing]


def _indexed(directory: Path) -> bool:
    """Tell whether an index has been completed since the patches were put in place."""
    # A second is the coarsest time stamp of the file systems in use.
    since = (_started or 0.0) - 1.0
    return any(manifest.stat().st_mtime >= since for manifest in directory.glob(MANIFEST))
