"""Terraform itself and the AWS provider: found where they are, else fetched and checked."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from terraform_runner.errors import MissingToolError
from terraform_runner.paths import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MINIMUM = (1, 10)
"""The stack's own requirement."""

RELEASE = "1.11.4"

RELEASE_SHA256 = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
}
"""Source: terraform_1.11.4_SHA256SUMS of https://releases.hashicorp.com/terraform/1.11.4/."""

MIRROR_VARIABLES = ("TF_PLUGIN_MIRROR", "TERRAFORM_PLUGIN_MIRROR", "TF_PROVIDER_MIRROR")
PROVIDER = Path("registry.terraform.io/hashicorp/aws")


def os_arch() -> str:
    """This machine as Terraform names it, such as `linux_amd64`."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{arch}"


def find_terraform(*, fetch: bool = True) -> Path:
    """A Terraform that is new enough: on PATH, else the pinned release.

    Args:
        fetch: True if the pinned release may be downloaded when none is found.

    Raises:
        MissingToolError: There is none, and it could not be fetched.
    """
    on_path = shutil.which("terraform")
    if on_path and _version(Path(on_path)) >= MINIMUM:
        return Path(on_path)
    own = TOOLS / f"terraform-{RELEASE}" / "terraform"
    if own.exists():
        return own
    if not fetch:
        raise MissingToolError("terraform is missing: run `make setup-terraform`")
    return _install(own)


def _version(terraform: Path) -> tuple[int, ...]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CLI")}
    environment["CHECKPOINT_DISABLE"] = "1"
    done = subprocess.run(
        [str(terraform), "version", "-json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r'"terraform_version":\s*"(\d+)\.(\d+)', done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)


def _install(target: Path) -> Path:
    expected = RELEASE_SHA256.get(os_arch())
    wanted = f"Terraform {MINIMUM[0]}.{MINIMUM[1]} or newer"
    if expected is None:
        raise MissingToolError(
            f"terraform is missing and none is pinned for {os_arch()}: put {wanted} on PATH"
        )
    url = f"https://releases.hashicorp.com/terraform/{RELEASE}/terraform_{RELEASE}_{os_arch()}.zip"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            archive = answer.read()
    except OSError as error:
        raise MissingToolError(
            f"terraform is missing and {url} is out of reach ({error}): put {wanted} on PATH"
        ) from error
    if hashlib.sha256(archive).hexdigest() != expected:
        raise MissingToolError(f"{url} does not have the pinned SHA-256: put {wanted} on PATH")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform"))
    partial.chmod(partial.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return partial.replace(target)


def find_provider_mirror(
    environment: Mapping[str, str] | None = None, roots: Iterable[Path] | None = None
) -> Path | None:
    """A folder that holds the AWS provider for this machine in Terraform's mirror layout.

    Args:
        environment: Where `TF_PLUGIN_MIRROR` and its like may name one. Default: the process's.
        roots: Folders to look in. Default: Terraform's implied ones and those right under /opt.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file (filesystem mirrors).
    """
    variables = os.environ if environment is None else environment
    named = [Path(variables[name]) for name in MIRROR_VARIABLES if variables.get(name)]
    for root in [*named, *(usual_roots() if roots is None else roots)]:
        pattern = f"*/{os_arch()}"
        if any((root / PROVIDER).glob(pattern)) or any(
            (root / PROVIDER).glob(f"*_{os_arch()}.zip")
        ):
            return root
    return None


def usual_roots() -> list[Path]:
    """Where provider mirrors usually lie."""
    roots = [
        Path.home() / ".terraform.d" / "plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
    ]
    with contextlib.suppress(OSError):  # there may be none, or not for us to read
        roots += sorted(path for path in Path("/opt").iterdir() if path.is_dir())
    return roots


def cli_configuration(mirror: Path | None) -> str:
    """The text of a Terraform CLI configuration that uses the mirror, if there is one.

    The caller's own configuration is left out on purpose: it may name a missing file, and it must
    not decide what the project's commands do.
    """
    lines = ["disable_checkpoint = true"]
    if mirror is not None:
        include = json.dumps([str(PROVIDER)])
        lines += [
            "provider_installation {",
            "  filesystem_mirror {",
            f"    path    = {json.dumps(str(mirror))}",
            f"    include = {include}",
            "  }",
            "  direct {",
            f"    exclude = {include}",
            "  }",
            "}",
        ]
    return "\n".join(lines) + "\n"
