"""Machines of companies and containers: what they have set, and what they lack."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from project_setup import __main__ as setup
from project_setup import steps
from terraform_runner.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SEEN = "seen: ; @env | grep -E '^(CDKTF_OUTDIR|PYTHONSAFEPATH|PIP_USER|JSII_R|npm_config)' | sort"


def seen(**variables: str) -> list[str]:
    """What the targets of the Makefile find in their environment."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-s", "-f", "-", "seen"],
        input=f"include Makefile\n{SEEN}\n",
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_no_target_follows_what_it_is_not_meant_to(tmp_path: Path) -> None:
    """Stacks lie where the next target looks, our packages are found, and pip installs here."""
    found = seen(CDKTF_OUTDIR="/elsewhere", PYTHONSAFEPATH="1", PIP_USER="1", HOME=str(tmp_path))
    assert found == ["PIP_USER=0"]


def test_caches_lie_in_the_project_where_the_home_cannot_be_written() -> None:
    """As in containers that run as anybody."""
    assert seen(HOME="/nonexistent") == [
        f"JSII_RUNTIME_PACKAGE_CACHE_ROOT={ROOT}/build/cache/jsii",
        "PIP_USER=0",
        f"npm_config_cache={ROOT}/build/cache/npm",
    ]


def test_a_full_disk_is_one_line_of_the_setup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no traceback."""

    def fill() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "build/setup.log")

    monkeypatch.setitem(setup.STEPS, "python", fill)
    assert setup.main(["python"]) == 1
    assert capsys.readouterr().err == (
        "error: [Errno 28] No space left on device: 'build/setup.log'\n"
    )


def test_a_folder_that_cannot_be_written_is_one_line_of_the_synthesis(tmp_path: Path) -> None:
    """What was there before stays."""
    (tmp_path / "taken").write_text("")
    done = subprocess.run(
        [sys.executable, ROOT / "main.py"],
        env={"PATH": os.environ["PATH"], "CDKTF_OUTDIR": str(tmp_path / "taken")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("the stack could not be written: [Errno 20]")
    assert len(done.stderr.splitlines()) == 1


def test_the_cli_is_installed_whatever_kind_of_machine_node_is_told_it_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NODE_ENV "production" npm leaves out development dependencies."""
    made: list[list[str]] = []
    monkeypatch.setattr(steps, "run_logged", lambda command, _: made.append(command))
    monkeypatch.setattr(steps, "is_done", lambda *_: False)
    monkeypatch.setattr(steps, "mark_done", lambda *_: None)
    steps.node_modules()
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "package.json").write_text('{"name": "tool", "version": "1.0.0"}')
    wanted = {"name": "project", "version": "1.0.0", "devDependencies": {"tool": "file:tool"}}
    (tmp_path / "package.json").write_text(json.dumps(wanted))
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NODE_ENV": "production",
        "npm_config_offline": "true",
    }
    npm = [shutil.which("npm") or "npm", "install", "--package-lock-only", "--no-audit"]
    for command in (npm, *made):
        subprocess.run(command, cwd=tmp_path, env=variables, check=True, capture_output=True)
    assert (tmp_path / "node_modules" / "tool" / "package.json").exists()
