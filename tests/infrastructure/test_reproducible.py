"""The same sources give the same bytes: any clone, user, clock and Python that is promised."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fastsynth.lazy_index import quoted
from main_process import output, run_main
from project_setup import pythons, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).parents[2]
SHIMS = PROJECT / "tests" / "another_machine"
# Every system has this user, so its name can be looked up.
NOBODY = "nobody"
DAYS_AHEAD = 366
EVERYTHING: dict[str, Any] = {
    "ENVIRONMENT_SUFFIX": "prod",
    "CUSTOMER_MANAGED_KEYS": "true",
    "MAX_RESERVED_CONCURRENCY": "5",
    "ALARM_EMAIL": "stock@example.com",
}


def as_nobody() -> list[str]:
    """Give what starts a command as another user, nothing where the system does not allow it.

    A user namespace needs no password, and still lets the command read what is the caller's.
    macOS has none, and some Linux systems keep them from those who are not root.
    """
    command = ["unshare", "--user", f"--map-user={NOBODY}", "--map-group=65534"]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return [] if allowed.returncode else command


def git(
    *arguments: str, folder: Path, command: Sequence[str] = (), umask: int = -1, **environment: str
) -> str:
    """Run git without the variables that it sets for its hooks."""
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    return subprocess.run(
        [*command, "git", *identity, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Path:
    """Give something to clone: one commit of the working tree as it is, changes included."""
    folder = tmp_path_factory.mktemp("origin")
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=PROJECT)
    for name in names.split("\0"):
        # A file that was deleted is still in the index.
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, folder / name)
    git("init", "--quiet", folder=folder)
    git("add", "--all", "--force", folder=folder)
    git("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message=all", folder=folder)
    # A bundle, since git refuses to clone a folder of another user.
    git("bundle", "create", "--quiet", "origin.bundle", "HEAD", folder=folder)
    return folder / "origin.bundle"


def watched(folder: Path, *, days_ahead: int = 0) -> dict[str, Any]:
    """Give variables that have Python and Node write down what they find, and move their clocks."""
    folder.mkdir()
    return {
        "PYTHONPATH": str(SHIMS),
        "NODE_OPTIONS": f"--require={quoted(str(SHIMS / 'kernel.cjs'))}",
        "TEST_DAYS_AHEAD": str(days_ahead),
        "TEST_WITNESSES": str(folder),
    }


def witnesses(folder: Path) -> dict[str, dict]:
    """Give what Python and Node wrote down."""
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in ("python", "node")}


def differing(one: dict, other: dict) -> set[str]:
    """Give the names whose values are not the same in both."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_two_clones_give_the_same_bytes(origin, tmp_path) -> None:
    """Another path, user, home, umask, locale, time zone and folder, and clocks a year apart."""
    # Given
    home, temporary = tmp_path / "another home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    (home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n")
    nobody = as_nobody()
    here, there = tmp_path / "here", tmp_path / "over there"
    clone = ("clone", "--quiet", str(origin))
    git(*clone, str(here), folder=tmp_path, umask=0o022)
    git(*clone, str(there), folder=tmp_path, umask=0o077, command=nobody, HOME=str(home))
    later = there.stat().st_mtime + DAYS_AHEAD * 86_400
    for path in there.rglob("*"):
        os.utime(path, (later, later))

    # When
    runs = [
        run_main(
            here,
            here,
            umask=0o022,
            ENVIRONMENT_SUFFIX="prod",
            USER="somebody",
            TZ="Asia/Tokyo",
            LC_ALL="C.UTF-8",
            PYTHONHASHSEED="1",
            **watched(tmp_path / "seen here"),
        ),
        run_main(
            there,
            tmp_path,
            command=(*nobody, sys.executable),
            umask=0o077,
            ENVIRONMENT_SUFFIX="prod",
            HOME=str(home),
            TMPDIR=str(temporary),
            TZ="America/Lima",
            LC_ALL="C",
            PYTHONCOERCECLOCALE="0",
            PYTHONUTF8="0",
            PYTHONHASHSEED="2",
            PYTHONDONTWRITEBYTECODE="",
            # What jsii unpacks under a home; a new one would take it half a minute.
            JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(steps.jsii_cache()),
            **watched(tmp_path / "seen there", days_ahead=DAYS_AHEAD),
        ),
    ]

    # Then
    assert [(run.returncode, run.stdout, run.stderr) for run in runs] == [(0, "", "")] * 2
    first, second = (output(folder / "cdktf.out") for folder in (here, there))
    assert len(first) == 8
    assert differing(first, second) == set()
    assert str(tmp_path).encode() not in b"".join(first.values())

    seen = [witnesses(tmp_path / f"seen {place}") for place in ("here", "there")]
    for program in ("python", "node"):
        one, other = (each[program] for each in seen)
        assert min(other["clocks"]) - max(one["clocks"]) > (DAYS_AHEAD - 2) * 86_400
        # Where no other user can be had, all but the user differs.
        same = one["facts"].keys() - differing(one["facts"], other["facts"])
        assert same <= (set() if nobody else {"uid", "user"})


def test_every_python_gives_the_same_bytes(origin, tmp_path) -> None:
    """Stack, manifest and zips from each version that is at hand, with everything switched on."""
    # Given
    project = tmp_path / "project"
    git("clone", "--quiet", str(origin), str(project), folder=tmp_path)
    interpreters = {
        sys.version_info.minor: Path(sys.executable),
        **{minor: pythons.environment(minor) / "bin" / "python" for minor in pythons.others()},
    }
    missing = [str(each) for each in interpreters.values() if not each.exists()]
    assert not missing, "run `make test`, which makes an environment for every Python"

    # When
    made = {}
    for minor, python in interpreters.items():
        folder, seen = tmp_path / f"out {minor}", tmp_path / f"seen {minor}"
        run = run_main(
            project,
            project,
            command=(str(python),),
            CDKTF_OUTDIR=str(folder),
            # Nothing of the other environments is compiled before it is imported once.
            PYTHONDONTWRITEBYTECODE="",
            **EVERYTHING,
            **watched(seen),
        )
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
        assert witnesses(seen)["python"]["version"] == [3, minor]
        made[minor] = output(folder)

    # Then
    first = made[sys.version_info.minor]
    assert len(first) == 8
    assert [minor for minor, each in made.items() if differing(first, each)] == []
