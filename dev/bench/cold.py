"""Cold start: sizes of the built zips, and the time each handler takes to import from its own.

Every import is a fresh interpreter with the zip's modules first on its path; what Lambda's runtime
brings along (boto3) is this environment's. The bare interpreter's start is subtracted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median

from bench import canned
from bench.process import ROOT

HANDLERS = ("processor", "chunk_processor", "summary", "reconcile")
RUNS, QUICK_RUNS = 15, 5

_TIMED = (
    "import importlib,sys,time;start=time.process_time();importlib.import_module(sys.argv[1]);"
    "print(time.process_time()-start)"
)


def run(*, quick: bool) -> dict[str, object]:
    """Import every handler from the zip of the synthesised stack."""
    runs = QUICK_RUNS if quick else RUNS
    with tempfile.TemporaryDirectory() as folder:
        sizes: dict[str, int] = {}
        for archive in _archives(Path(folder) / "synth"):
            handler = archive.stem.replace("-", "_")
            sizes[handler] = archive.stat().st_size
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(Path(folder) / handler)
        samples: dict[str, list[float]] = {handler: [] for handler in HANDLERS}
        for number in range(runs + 1):
            for handler, seconds in samples.items():
                cpu_seconds = _import_seconds(handler, Path(folder) / handler)
                # The first one writes the bytecode.
                if number:
                    seconds.append(cpu_seconds)
    milliseconds = {name: round(median(s) * 1000, 1) for name, s in samples.items()}
    return {
        "cold_import_ms": milliseconds["processor"],
        "cold_import_ms_by_handler": milliseconds,
        "zip_bytes": sizes["processor"],
        "zip_bytes_by_handler": sizes,
    }


def _archives(outdir: Path) -> list[Path]:
    """Synthesise, and find the zip of every function."""
    subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENT_SUFFIX": "dev", "CDKTF_OUTDIR": str(outdir)},
        check=True,
        capture_output=True,
    )
    return sorted(outdir.rglob("*.zip"))


def _import_seconds(handler: str, task: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, f"inventory.handlers.{handler}"],
        cwd=task,
        env={
            **{key: value for key, value in os.environ.items() if key == "PATH"},
            **canned.ENVIRONMENT,
            "PYTHONPATH": str(task),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))
