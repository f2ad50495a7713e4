"""A worker without Python and without the project initialises and validates the folder alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from constructs_lib.stack_folder import LOCK
from constructs_lib.terraform import PROVIDER_VERSIONS
from hcp_upload import pack, unpack
from terraform_runner.installation import (
    cli_configuration,
    find_provider_mirror,
    find_terraform,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]
# A configuration version may have 100 MB packed; what is small is quick.
MOST_BYTES = 10_000_000


@pytest.fixture(scope="module")
def uploaded(tmp_path_factory) -> tuple[list[str], Path]:
    """Give the names in the archive of a synthesised stack, and the archive."""
    folder = tmp_path_factory.mktemp("synth")
    subprocess.run(
        [sys.executable, str(PROJECT / "main.py")],
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "CDKTF_OUTDIR": str(folder / "cdktf.out"),
            "ENVIRONMENT_SUFFIX": "prod",
        },
        check=True,
    )
    stack = folder / "cdktf.out" / "stacks" / "inventory-prod"
    # What an earlier run left there must not be uploaded.
    (stack / ".terraform").mkdir()
    (stack / ".terraform" / "inventory-prod.tfplan").write_text("a plan holds secrets")
    archive = folder / "upload.tar.gz"
    return pack(stack, archive), archive


@pytest.fixture
def worker(uploaded, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs Terraform on the unpacked archive, with nothing else in reach."""
    folder = unpack(uploaded[1], tmp_path / "worker")
    (tmp_path / "terraform.rc").write_text(cli_configuration(find_provider_mirror()))
    terraform = str(find_terraform())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [terraform, *arguments, "-no-color"],
            cwd=folder,
            env={
                "PATH": "/nowhere",
                "HOME": str(tmp_path),
                "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"),
                "CHECKPOINT_DISABLE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_archive_holds_the_stack_and_nothing_else(uploaded) -> None:
    """Stack, lock and zips; no plan, no source, no state."""
    names, archive = uploaded

    assert names == [
        ".terraform.lock.hcl",
        "assets/chunk-processor.zip",
        "assets/processor.zip",
        "assets/reconcile.zip",
        "assets/summary.zip",
        "cdk.tf.json",
        "versions.tf.json",
    ]
    assert archive.stat().st_size < MOST_BYTES


def test_a_worker_needs_nothing_but_the_archive(worker) -> None:
    """It takes the locked provider, changes no lock, and finds the stack valid."""
    initialised = worker("init", "-backend=false", "-input=false", "-lockfile=readonly")
    validated = worker("validate")

    assert initialised.returncode == 0, initialised.stderr
    assert "5.100.0" in initialised.stdout
    assert validated.stdout == "Success! The configuration is valid.\n\n", validated.stderr


def test_the_lock_fits_the_stack_and_the_workers() -> None:
    """Its constraint is the stack's, and there is a hash for linux_amd64."""
    text = LOCK.read_text()

    assert f'constraints = "{PROVIDER_VERSIONS}"' in text
    assert re.search(r'version     = "5\.100\.0"', text)
    # Of the provider's release for linux_amd64, which is what workers run on.
    assert "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=" in text


def test_fails_for_a_terraform_that_does_not_lock(worker, tmp_path) -> None:
    """Before 1.10, the S3 backend would let two people write the state."""
    versions = tmp_path / "worker" / "versions.tf.json"
    wanted = json.loads(versions.read_text())["terraform"]["required_version"]
    versions.write_text(versions.read_text().replace(wanted, "< 1.10.0"))

    done = worker("init", "-backend=false", "-input=false")

    assert wanted == ">= 1.10.0"
    assert done.returncode == 1
    assert "Unsupported Terraform Core version" in done.stderr


def test_fails_for_a_provider_with_another_hash(worker, tmp_path) -> None:
    """A lock that is not kept is none."""
    lock = tmp_path / "worker" / ".terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("h1:edXO", "h1:fdXO"))

    done = worker("init", "-backend=false", "-input=false")

    assert done.returncode == 1
    assert "checksums" in done.stderr
