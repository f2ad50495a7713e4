"""The steps of setup; each returns at once when its stamp says that nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from project_setup.running import digest_of, is_done, mark_done, run_logged, say
from terraform_runner.errors import MissingToolError
from terraform_runner.paths import NODE_MODULES, ROOT, TOOLS, VENV, VENV_BIN

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PIPENV = TOOLS / "pipenv"
CHECKOV = TOOLS / "checkov"
WITNESSES = TOOLS / "witnesses"
SUCCESSOR = TOOLS / "cdktn"
SUCCESSOR_PACKAGES = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1")
NEEDED_BY_SYNTHESIS = (
    "aws-lambda-powertools",
    "et-xmlfile",
    "jmespath",
    "openpyxl",
    "pydantic-settings",
    "typing-extensions",
    "tzdata",
)
"""Packages that main.py imports or packs beside cdktf."""
PIPENV_REQUIREMENTS = Path(__file__).with_name("pipenv.txt")


def python_environment() -> None:
    """`.venv` from the lock, compiled, with jsii's caches filled.

    Raises:
        MissingToolError: Python or Node are missing or too old, or a package could not be had.
    """
    node_version()
    interpreter = python_interpreter()
    stamp = digest_of(
        ROOT / "Pipfile", ROOT / "Pipfile.lock", ROOT / "pyproject.toml", text=str(interpreter)
    )
    if not ((VENV_BIN / "python").exists() and is_done("python", stamp)):
        pipenv = pipenv_command(interpreter)
        locked = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
        total = len({*locked["default"], *locked["develop"]})
        say(f"installing the {total} locked Python packages into .venv")
        run_logged(
            [pipenv, "sync", "--dev"],
            "the locked Python packages could not be installed",
            environment=_pipenv_environment(interpreter),
            progress=lambda: f"{_installed()} of {total} packages",
        )
        # Bindings without byte code cost every first import about 40 seconds.
        say("compiling the bindings")
        run_logged(
            [
                VENV_BIN / "python",
                "-m",
                "compileall",
                "-q",
                "-j",
                "0",
                *VENV.glob("lib/python*/site-packages"),
            ],
            None,
        )
        mark_done("python", stamp)
    _prime_jsii(stamp)


def _installed() -> int:
    """How many packages `.venv` has so far."""
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))


def peer_packages() -> None:
    """The readers that `make faults` measures beside ours."""
    interpreter = python_interpreter()
    stamp = digest_of(ROOT / "Pipfile.lock", text=str(interpreter))
    if is_done("peers", stamp):
        return
    say("installing the peers that are measured beside ours")
    run_logged(
        [pipenv_command(interpreter), "sync", "--categories", "peers"],
        "the peer packages could not be installed",
        environment=_pipenv_environment(interpreter),
    )
    mark_done("peers", stamp)


def policy_tools() -> None:
    """Checkov, in an environment of its own: it pins another boto3 than the functions have.

    Raises:
        MissingToolError: It could not be had.
    """
    _locked_environment("Checkov", ROOT / "policy", CHECKOV)


def witnesses() -> None:
    """AWS's runtime client and moto, in an environment of their own with another boto3.

    Raises:
        MissingToolError: They could not be had.
    """
    _locked_environment("moto and awslambdaric", ROOT / "tests" / "witnesses", WITNESSES)


def successor() -> None:
    """CDK Terrain in an environment of its own, beside the locked packages that synthesis needs.

    Raises:
        MissingToolError: It could not be had.
    """
    interpreter = python_interpreter()
    locked = json.loads((ROOT / "Pipfile.lock").read_text())["default"]
    requirements = [
        *SUCCESSOR_PACKAGES,
        *(name + locked[name]["version"] for name in NEEDED_BY_SYNTHESIS),
    ]
    stamp = digest_of(text=" ".join((str(interpreter), *requirements)))
    if (SUCCESSOR / "bin" / "python").exists() and is_done("successor", stamp):
        return
    say("installing CDK Terrain for this project alone")
    shutil.rmtree(SUCCESSOR, ignore_errors=True)
    run_logged([interpreter, "-m", "venv", SUCCESSOR], "Python has no working venv module")
    run_logged(
        [SUCCESSOR / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements],
        "CDK Terrain could not be installed",
    )
    mark_done("successor", stamp)


def node_modules() -> None:
    """The pinned CDKTF CLI in `node_modules`.

    Raises:
        MissingToolError: Node or npm is missing, or a package could not be had.
    """
    version = node_version()
    npm = shutil.which("npm")
    if npm is None:
        raise MissingToolError("npm is missing: install Node.js 20 or newer with npm")
    stamp = digest_of(ROOT / "package.json", ROOT / "package-lock.json", text=version)
    if (NODE_MODULES / ".bin" / "cdktf").exists() and is_done("node", stamp):
        return
    say("installing the pinned CDKTF CLI")
    run_logged(
        # Whatever NODE_ENV says: the CLI is a development dependency.
        [npm, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"],
        "the pinned CDKTF CLI could not be installed",
    )
    mark_done("node", stamp)


def browser() -> None:
    """Chromium or Chrome, for the tests of the summary page.

    Installed by apt-get where that is there and this user may use it (containers, CI machines).

    Raises:
        MissingToolError: There is no browser and it could not be installed.
    """
    mac = Path("/Applications/Google Chrome.app").exists()
    if os.environ.get("CHROMIUM_PATH") or mac or any(map(shutil.which, BROWSERS)):
        return
    missing = "no Chromium or Chrome was found: install one, or name it in CHROMIUM_PATH"
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise MissingToolError(missing)
    say("installing Chromium")
    run_logged([apt, "update", "-qq"], missing)
    run_logged([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], missing)


def python_interpreter() -> Path:
    """An interpreter that is new enough: this one, else another on PATH."""
    if sys.version_info >= OLDEST_PYTHON:
        return Path(getattr(sys, "_base_executable", sys.executable))
    for minor in (13, 12, 11):
        found = shutil.which(f"python3.{minor}")
        # A version manager's shim may exist for a version that is not installed.
        if (
            found
            and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return Path(found)
    have = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise MissingToolError(
        f"Python 3.11 or newer is needed, python3 is {have}: install Python 3.11 to 3.13"
    )


def node_version() -> str:
    """Node's version text, such as `v20.20.2`."""
    node = shutil.which("node")
    if node is None:
        raise MissingToolError("node is missing: install Node.js 20 or newer")
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", done.stdout)
    if found is None or int(found[1]) < OLDEST_NODE:
        raise MissingToolError(
            f"Node.js 20 or newer is needed, node is {done.stdout.strip() or 'broken'}: install it"
        )
    return done.stdout.strip()


def pipenv_command(interpreter: Path) -> Path:
    """Pipenv, in an environment of its own with a pip of its own.

    Args:
        interpreter: What the environment is made with.

    Raises:
        MissingToolError: It could not be had.
    """
    stamp = digest_of(PIPENV_REQUIREMENTS, text=str(interpreter))
    pipenv = PIPENV / "bin" / "pipenv"
    if pipenv.exists() and is_done("pipenv", stamp):
        return pipenv
    say("installing pipenv for this project alone")
    shutil.rmtree(PIPENV, ignore_errors=True)
    PIPENV.parent.mkdir(parents=True, exist_ok=True)
    run_logged(
        [interpreter, "-m", "venv", PIPENV],
        "Python has no working venv module: install it (python3-venv on Debian and Ubuntu)",
    )
    run_logged(
        [
            PIPENV / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--disable-pip-version-check",
            "--requirement",
            PIPENV_REQUIREMENTS,
        ],
        "pipenv could not be installed: is the package index of pip in reach?",
    )
    mark_done("pipenv", stamp)
    return pipenv


def jsii_cache() -> Path:
    """Where jsii keeps unpacked packages; another home directory has another one.

    Source: https://github.com/aws/jsii, packages/@jsii/kernel/src/tar-cache/default-cache-root.ts.
    """
    named = os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT")
    if named:
        return Path(named)
    mac = sys.platform == "darwin"
    of_a_user = "Library/Caches/com.amazonaws.jsii" if mac else ".cache/aws/jsii"
    return Path.home() / of_a_user / "package-cache"


def _locked_environment(what: str, folder: Path, target: Path) -> None:
    interpreter = python_interpreter()
    stamp = digest_of(folder / "Pipfile", folder / "Pipfile.lock", text=str(interpreter))
    if (target / "bin" / "python").exists() and is_done(target.name, stamp):
        return
    pipenv = pipenv_command(interpreter)
    say(f"installing {what} for this project alone")
    shutil.rmtree(target, ignore_errors=True)
    environment = _pipenv_environment(interpreter)
    del environment["PIPENV_VENV_IN_PROJECT"]
    run_logged(
        [pipenv, "sync"],
        f"{what} could not be installed",
        environment={
            **environment,
            "PIPENV_PIPFILE": str(folder / "Pipfile"),
            "WORKON_HOME": str(target.parent),
            "PIPENV_CUSTOM_VENV_NAME": target.name,
        },
    )
    mark_done(target.name, stamp)


def _pipenv_environment(interpreter: Path) -> dict[str, str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"VIRTUAL_ENV", "PYTHONPATH", "PIPENV_PIPFILE", "PIPENV_ACTIVE"}
    }
    return {
        **environment,
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_DEFAULT_PYTHON_VERSION": str(interpreter),
        "PIPENV_NOSPIN": "1",
        "PIPENV_VERBOSITY": "-1",
        "PIPENV_YES": "1",
    }


def _prime_jsii(stamp: str) -> None:
    # jsii indexes the bindings' types in a worker that a quick run does not wait for; on a cache
    # that only quick runs have touched, every run would pay 2 s. This one waits.
    cache = jsii_cache()
    name = "jsii-" + hashlib.sha256(str(cache).encode()).hexdigest()[:12]
    if cache.exists() and is_done(name, stamp):
        return
    say("filling jsii's cache")
    quiet = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    run_logged(
        [VENV_BIN / "python", "-m", "fastsynth", "prime"],
        "cdktf could not be loaded",
        environment={**os.environ, **quiet},
    )
    mark_done(name, stamp)
