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
    if _sync("python", "the locked Python packages", "--dev", reads=(ROOT / "pyproject.toml",)):
        # Bindings without byte code cost every first import about 40 seconds.
        say("compiling the bindings")
        packages = VENV.glob("lib/python*/site-packages")
        # Files for other Pythons do not compile, which is why the answer is not looked at.
        compiling = ("-c", "import compileall; compileall.main()", "-q", "-j", "0")
        run_logged([VENV_BIN / "python", *compiling, *packages], "Python does not start")
    _prime_jsii()


def peer_packages() -> None:
    """The readers that `make faults` measures beside ours."""
    _sync("peers", "the peers that are measured beside ours", "--categories", "peers")


def policy_tools() -> None:
    """Checkov, in an environment of its own: it pins another boto3 than the functions have."""
    _sync("checkov", "Checkov", folder=ROOT / "policy", environment=CHECKOV)


def witnesses() -> None:
    """AWS's runtime client and moto, in an environment of their own with another boto3."""
    folder = ROOT / "tests" / "witnesses"
    _sync("witnesses", "moto and awslambdaric", folder=folder, environment=WITNESSES)


def successor() -> None:
    """CDK Terrain in an environment of its own, beside the locked packages that synthesis needs."""
    locked = json.loads((ROOT / "Pipfile.lock").read_text())["default"]
    beside = [name + locked[name]["version"] for name in NEEDED_BY_SYNTHESIS]
    requirements = "\n".join((*SUCCESSOR_PACKAGES, *beside))
    install("CDK Terrain", SUCCESSOR, python_interpreter(), requirements)


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
    if is_done("node", stamp, NODE_MODULES / ".bin" / "cdktf"):
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
            and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
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


def install(what: str, folder: Path, interpreter: Path, requirements: str, *options: str) -> None:
    """Make an environment with some packages, anew where they or the interpreter have changed.

    Args:
        what: What they are, for whoever waits.
        folder: The environment.
        interpreter: Its Python.
        requirements: The packages, as pip reads them.
        options: More options of `pip install`.

    Raises:
        MissingToolError: They could not be had.
    """
    stamp = digest_of(text=f"{interpreter}{requirements}")
    if is_done(folder.name, stamp, folder / "bin" / "python"):
        return
    # Distributions may keep pip apart from Python, and pipenv's serves all other environments.
    pip = (folder if folder == PIPENV else _pipenv().parents[1]) / "bin" / "python"
    say(f"installing {what}")
    shutil.rmtree(folder, ignore_errors=True)
    bare = () if folder == PIPENV else ("--without-pip",)
    run_logged(
        [interpreter, "-m", "venv", *bare, folder],
        f"{interpreter} has no working venv module: install it (python3-venv on Debian and Ubuntu)",
    )
    listed = folder / "requirements.txt"
    listed.write_text(requirements)
    quiet = ("--quiet", "--disable-pip-version-check")
    run_logged(
        [pip, "-m", "pip", "--python", folder, "install", *quiet, *options, "-r", listed],
        f"{what} could not be installed: is the package index of pip in reach?",
    )
    mark_done(folder.name, stamp)


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


def _pipenv() -> Path:
    """Pipenv, in an environment of its own with a pip of its own."""
    requirements = PIPENV_REQUIREMENTS.read_text()
    install("pipenv", PIPENV, python_interpreter(), requirements, "--require-hashes")
    return PIPENV / "bin" / "pipenv"


def _sync(
    name: str,
    what: str,
    *options: str,
    folder: Path = ROOT,
    environment: Path = VENV,
    reads: tuple[Path, ...] = (),
) -> bool:
    """Install what a lock names; True if that was not done already."""
    interpreter = python_interpreter()
    stamp = digest_of(folder / "Pipfile", folder / "Pipfile.lock", *reads, text=str(interpreter))
    if is_done(name, stamp, environment / "bin" / "python"):
        return False
    pipenv = _pipenv()
    say(f"installing {what} into {environment.relative_to(ROOT)}, a minute or two")
    place = {"PIPENV_VENV_IN_PROJECT": "1"}
    if environment != VENV:
        shutil.rmtree(environment, ignore_errors=True)
        place = {
            "PIPENV_VENV_IN_PROJECT": "0",
            "PIPENV_CUSTOM_VENV_NAME": environment.name,
            "WORKON_HOME": str(environment.parent),
        }
    # Whatever environment the caller is in is not the one that is meant.
    outside = ("env", "-u", "VIRTUAL_ENV", "-u", "PYTHONPATH", "-u", "PIPENV_ACTIVE")
    run_logged(
        [*outside, pipenv, "sync", *options],
        f"{what} could not be installed",
        **place,
        PIPENV_PIPFILE=str(folder / "Pipfile"),
        PIPENV_IGNORE_VIRTUALENVS="1",
        PIPENV_DEFAULT_PYTHON_VERSION=str(interpreter),
        PIPENV_NOSPIN="1",
        PIPENV_VERBOSITY="-1",
        PIPENV_YES="1",
    )
    mark_done(name, stamp)
    return True


def _prime_jsii() -> None:
    # jsii indexes the bindings' types in a worker that a quick run does not wait for; on a cache
    # that only quick runs have touched, every run would pay 2 s. This one waits.
    cache = jsii_cache()
    name = "jsii-" + hashlib.sha256(str(cache).encode()).hexdigest()[:12]
    stamp = digest_of(ROOT / "Pipfile.lock", text=str(python_interpreter()))
    if is_done(name, stamp, cache):
        return
    say("filling jsii's cache")
    run_logged(
        [VENV_BIN / "python", "-m", "fastsynth", "prime"],
        "cdktf could not be loaded",
        JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="20",
    )
    mark_done(name, stamp)
