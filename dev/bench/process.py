"""Cost of a whole process tree: CPU seconds, wall seconds and memory at its peak."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[2]

SAMPLE_SECONDS = 0.01
MEGABYTE = 1_000_000
TIMEOUT_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One run, or the median of several.

    Attributes:
        cpu_seconds: User and system time of the process and all it waited for.
        wall_seconds: From start to end.
        peak_mb: Resident memory of all its processes together, at the highest sample, in MB.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float

    def columns(self) -> dict[str, float]:
        """Give the figures rounded to what they are good for."""
        return {
            "cpu_seconds": round(self.cpu_seconds, 3),
            "wall_seconds": round(self.wall_seconds, 3),
            "peak_mb": round(self.peak_mb, 1),
        }


def measure(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end and give what it cost.

    Raises:
        RuntimeError: The command failed; with the end of what it wrote on standard error.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(environment), stdout=subprocess.DEVNULL, stderr=errors
        )
        sampler = _Sampler(process.pid)
        sampler.start()
        # Popen's own wait would leave the resource usage out.
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.stop()
        if process.returncode != 0:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Cost(
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        wall_seconds=wall_seconds,
        # Without /proc there is the largest process alone.
        peak_mb=(sampler.peak_bytes or usage.ru_maxrss * 1024) / MEGABYTE,
    )


def result_of(module: str, *arguments: str, **variables: str) -> Any:  # noqa: ANN401  any JSON
    """Run a module in a process of its own and give the JSON that it prints.

    Args:
        module: Its name, as `python -m` takes it.
        arguments: Its arguments.
        variables: Environment variables besides those of this process.

    Raises:
        subprocess.CalledProcessError: It failed.
        subprocess.TimeoutExpired: It took longer than a quarter of an hour.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables, "PYTHONPATH": "functions:dev"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    return json.loads(done.stdout)


def median(costs: Iterable[Cost]) -> Cost:
    """Give the median of each figure."""
    runs = list(costs)
    return Cost(
        cpu_seconds=statistics.median(run.cpu_seconds for run in runs),
        wall_seconds=statistics.median(run.wall_seconds for run in runs),
        peak_mb=statistics.median(run.peak_mb for run in runs),
    )


def peak_bytes(pid: int | str = "self") -> int:
    """Give the resident memory of a process at its peak, as the kernel keeps it; 0 when it is gone.

    Not `ru_maxrss`, which begins with the memory of the process that started this one.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class _Sampler(threading.Thread):
    """Adds up the resident memory of a process and its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, _tree_bytes(self._pid))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _tree_bytes(pid: int) -> int:
    total = 0
    # Processes end while they are being read; what is gone uses nothing.
    with suppress(OSError, ValueError, IndexError):
        resident_pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        total += resident_pages * os.sysconf("SC_PAGE_SIZE")
        for task in Path(f"/proc/{pid}/task").iterdir():
            children = (task / "children").read_text(encoding="ascii").split()
            total += sum(_tree_bytes(int(child)) for child in children)
    return total
