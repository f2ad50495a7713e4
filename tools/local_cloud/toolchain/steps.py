"""The steps of setup; each returns at once when its stamp says that nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from local_cloud.errors import MissingToolError
from local_cloud.paths import BUILD, NODE_MODULES, ROOT, STAMPS, TOOLS, VENV, VENV_BIN

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PIPENV = TOOLS / "pipenv"
CHECKOV = TOOLS / "checkov"
SUCCESSOR = TOOLS / "cdktn"
SUCCESSOR_PACKAGES = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1")
NEEDED_BY_SYNTHESIS = (
    "aws-lambda-powertools",
    "importlib-metadata",
    "jmespath",
    "pydantic-settings",
    "pygal",
    "typing-extensions",
    "tzdata",
    "zipp",
)
"""What main.py imports or packs beside cdktf."""
PIPENV_REQUIREMENTS = Path(__file__).with_name("pipenv.txt")


def python_environment() -> None:
    """`.venv` from the lock, compiled, with jsii's caches filled.

    Raises:
        MissingToolError: Python or Node are missing or too old, or a package could not be had.
    """
    node_version()
    interpreter = python_interpreter()
    stamp = _digest(
        ROOT / "Pipfile", ROOT / "Pipfile.lock", ROOT / "pyproject.toml", text=str(interpreter)
    )
    if not ((VENV_BIN / "python").exists() and _stamped("python", stamp)):
        pipenv = _pipenv(interpreter)
        _say("installing the locked Python packages into .venv")
        _run(
            [pipenv, "sync", "--dev"],
            "the locked Python packages could not be installed",
            environment=_pipenv_environment(interpreter),
        )
        # Bindings without byte code cost every first import about 40 seconds.
        _say("compiling the bindings")
        _run(
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
        _stamp("python", stamp)
    _prime_jsii(stamp)


def peer_packages() -> None:
    """The readers that `make faults` measures beside ours."""
    interpreter = python_interpreter()
    stamp = _digest(ROOT / "Pipfile.lock", text=str(interpreter))
    if _stamped("peers", stamp):
        return
    _say("installing the peers that are measured beside ours")
    _run(
        [_pipenv(interpreter), "sync", "--categories", "peers"],
        "the peer packages could not be installed",
        environment=_pipenv_environment(interpreter),
    )
    _stamp("peers", stamp)


def policy_tools() -> None:
    """Checkov, in an environment of its own: it pins another boto3 than the functions have.

    Raises:
        MissingToolError: It could not be had.
    """
    interpreter = python_interpreter()
    folder = ROOT / "policy"
    stamp = _digest(folder / "Pipfile", folder / "Pipfile.lock", text=str(interpreter))
    if (CHECKOV / "bin" / "checkov").exists() and _stamped("policy", stamp):
        return
    pipenv = _pipenv(interpreter)
    _say("installing Checkov for this project alone")
    shutil.rmtree(CHECKOV, ignore_errors=True)
    environment = _pipenv_environment(interpreter)
    del environment["PIPENV_VENV_IN_PROJECT"]
    _run(
        [pipenv, "sync"],
        "Checkov could not be installed",
        environment={
            **environment,
            "PIPENV_PIPFILE": str(folder / "Pipfile"),
            "WORKON_HOME": str(CHECKOV.parent),
            "PIPENV_CUSTOM_VENV_NAME": CHECKOV.name,
        },
    )
    _stamp("policy", stamp)


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
    stamp = _digest(text=" ".join((str(interpreter), *requirements)))
    if (SUCCESSOR / "bin" / "python").exists() and _stamped("successor", stamp):
        return
    _say("installing CDK Terrain for this project alone")
    shutil.rmtree(SUCCESSOR, ignore_errors=True)
    _run([interpreter, "-m", "venv", SUCCESSOR], "Python has no working venv module")
    _run(
        [SUCCESSOR / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements],
        "CDK Terrain could not be installed",
    )
    _stamp("successor", stamp)


def node_modules() -> None:
    """The pinned CDKTF CLI in `node_modules`.

    Raises:
        MissingToolError: Node or npm is missing, or a package could not be had.
    """
    version = node_version()
    npm = shutil.which("npm")
    if npm is None:
        raise MissingToolError("npm is missing: install Node.js 20 or newer with npm")
    stamp = _digest(ROOT / "package.json", ROOT / "package-lock.json", text=version)
    if (NODE_MODULES / ".bin" / "cdktf").exists() and _stamped("node", stamp):
        return
    _say("installing the pinned CDKTF CLI")
    _run(
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        "the pinned CDKTF CLI could not be installed",
    )
    _stamp("node", stamp)


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
    _say("installing Chromium")
    _run([apt, "update", "-qq"], missing)
    _run([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], missing)


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


def _pipenv(interpreter: Path) -> Path:
    stamp = _digest(PIPENV_REQUIREMENTS, text=str(interpreter))
    pipenv = PIPENV / "bin" / "pipenv"
    if pipenv.exists() and _stamped("pipenv", stamp):
        return pipenv
    _say("installing pipenv for this project alone")
    shutil.rmtree(PIPENV, ignore_errors=True)
    PIPENV.parent.mkdir(parents=True, exist_ok=True)
    _run(
        [interpreter, "-m", "venv", PIPENV],
        "Python has no working venv module: install it (python3-venv on Debian and Ubuntu)",
    )
    _run(
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
    _stamp("pipenv", stamp)
    return pipenv


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
    cache = _jsii_cache()
    name = "jsii-" + hashlib.sha256(str(cache).encode()).hexdigest()[:12]
    if cache.exists() and _stamped(name, stamp):
        return
    _say("filling jsii's cache")
    quiet = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    _run(
        [VENV_BIN / "python", "-m", "fastsynth", "prime"],
        "cdktf could not be loaded",
        environment={**os.environ, **quiet},
    )
    _stamp(name, stamp)


def _jsii_cache() -> Path:
    """Where jsii keeps unpacked packages; another home directory has another one."""
    named = os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT")
    if named:
        return Path(named)
    mac = sys.platform == "darwin"
    return Path.home() / ("Library/Caches/com.amazonaws.jsii" if mac else ".cache/aws/jsii")


def _run(
    command: list[str | Path], failure: str | None, *, environment: dict[str, str] | None = None
) -> None:
    """Run a step with its output in a log; on failure show the log's end and one line."""
    log = BUILD / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("ab") as output:
        code = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
    if code and failure:
        raise MissingToolError(f"{failure}; the log is {log.relative_to(ROOT)}")
    _say(f"  done in {time.monotonic() - started:.0f} s")


def _digest(*files: Path, text: str = "") -> str:
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamped(name: str, digest: str) -> bool:
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == digest


def _stamp(name: str, digest: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest)


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)
