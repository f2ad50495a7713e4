"""The other Pythons of this machine, each with what synthesis needs, to compare what they make."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from project_setup.steps import install
from terraform_runner.paths import ROOT, TOOLS, VENV_BIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINORS = (11, 12, 13)
"""Versions 3.x that the project promises."""

ASK = "import sys, venv; print(sys.version_info.minor, sys._base_executable)"


def environments_of_others() -> None:
    """An environment for each other Python at hand, with what the lock names for the product.

    The bindings are not compiled: synthesis imports a twentieth of them.

    Raises:
        MissingToolError: A package could not be had.
    """
    wanted = requirements(json.loads((ROOT / "Pipfile.lock").read_text())["default"])
    options = ("--require-hashes", "--no-deps", "--no-compile")
    for minor, interpreter in others().items():
        what = f"what synthesis needs for Python 3.{minor} too"
        install(what, environment(minor), interpreter, wanted, *options)


def others() -> dict[int, Path]:
    """Interpreters of promised versions, beside the one of `.venv`, by minor version."""
    found = {}
    for minor in MINORS:
        if not (VENV_BIN / f"python3.{minor}").exists():
            for candidate in _candidates(minor):
                done = subprocess.run(
                    [candidate, "-I", "-c", ASK], capture_output=True, text=True, check=False
                )
                # A version manager's shim may exist for a version that is not chosen.
                if done.stdout.startswith(f"{minor} "):
                    found[minor] = Path(done.stdout.split(maxsplit=1)[1].strip())
                    break
    return found


def environment(minor: int) -> Path:
    """Where the environment of a version is."""
    return TOOLS / f"python3.{minor}"


def requirements(locked: Mapping[str, Mapping[str, Any]]) -> str:
    """Packages of the lock as pip reads them: exact versions with their hashes.

    Args:
        locked: A category of the lock. This project itself is in it without a version, and
            main.py finds it beside itself.
    """
    lines = []
    for name, package in sorted(locked.items()):
        if "version" in package:
            markers = f" ; {package['markers']}" if "markers" in package else ""
            hashes = "".join(f" --hash={each}" for each in package["hashes"])
            lines.append(f"{name}{package['version']}{markers}{hashes}\n")
    return "".join(lines)


def _candidates(minor: int) -> Iterator[Path | str]:
    """Candidates for a Python of a version: on PATH, or beside this one in a version manager."""
    on_path = shutil.which(f"python3.{minor}")
    if on_path:
        yield on_path
    yield from sorted(Path(sys.base_prefix).parent.glob(f"3.{minor}.*/bin/python"), reverse=True)
