"""The synthesised stack, applied to a local cloud with real Terraform."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_cloud.errors import LocalCloudError
from local_cloud.override import write_override
from local_cloud.server import LocalCloud
from terraform_runner.paths import BUILD, ROOT, VENV_BIN
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

ENVIRONMENT = "dev"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A stack that is applied to a running local cloud.

    Attributes:
        cloud: The cloud, with its endpoint and clients.
        terraform: Terraform in the stack's folder, for a second plan.
        folder: The stack's folder.
        outputs: Terraform's outputs, name to value.
        raw_outputs: `terraform output -json` as it was.
    """

    cloud: LocalCloud
    terraform: Terraform
    folder: Path
    outputs: dict[str, str]
    raw_outputs: dict[str, Any]


def synthesise(target: Path, *, environment: str = ENVIRONMENT) -> Path:
    """Synthesise into a folder of its own.

    Args:
        target: Takes the place of `cdktf.out`.
        environment: Suffix of the environment.

    Returns:
        The stack's folder.

    Raises:
        LocalCloudError: The settings are wrong; what is wrong is in the message.
    """
    # A setting in the caller's shell would make another stack than the one that is documented.
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDKTF_"))
    }
    variables |= {"ENVIRONMENT_SUFFIX": environment, "CDKTF_OUTDIR": str(target)}
    done = subprocess.run(
        [str(VENV_BIN / "python"), str(ROOT / "main.py")],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalCloudError(f"synthesis failed: {done.stderr.strip()}")
    return target / "stacks" / f"inventory-{environment}"


def deploy(folder: Path, cloud: LocalCloud, *, console: Console | None = None) -> Deployment:
    """Apply a synthesised stack to a running cloud.

    Raises:
        TerraformError: Terraform could not.
    """
    write_override(folder, endpoint=cloud.endpoint, account_id=cloud.account_id)
    terraform = Terraform(folder, variables=cloud.variables(), console=console)
    terraform.init(any_provider=True)
    terraform.apply()
    raw = terraform.output()
    return Deployment(
        cloud=cloud,
        terraform=terraform,
        folder=folder,
        outputs={name: output["value"] for name, output in raw.items()},
        raw_outputs=raw,
    )


@contextmanager
def deployed(
    *,
    auth: bool = True,
    functions_endpoint: str | None = None,
    console: Console | None = None,
) -> Iterator[Deployment]:
    """A local cloud with the stack applied, discarded in the end whatever happens.

    Everything lies in a new folder under `build/tmp`, so several may run side by side.

    Args:
        auth: True if IAM policies are enforced.
        functions_endpoint: See `LocalCloud`.
        console: Where progress is shown; None shows none.
    """
    scratch = BUILD / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="stack-", dir=scratch, ignore_cleanup_errors=True
    ) as work:
        folder = synthesise(Path(work) / "cdktf.out")
        with LocalCloud(auth=auth, functions_endpoint=functions_endpoint) as cloud:
            yield deploy(folder, cloud, console=console)
