"""A copy of a deployed stack, to plan and review on, and to move its state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from terraform_runner.paths import ROOT, VENV_BIN
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.stack import Deployment

PARTS = ("main.py", "cdktf.json", "Pipfile.lock", "constructs_lib", "fastsynth", "functions")


class StackCopy:
    """A copy of the deployed stack's folder and state, to plan and review on.

    The copy keeps the other tests' state as it is; what is applied here is taken back.
    """

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.checkout.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / part, self.checkout / part, ignore=ignore)
            else:
                shutil.copyfile(ROOT / part, self.checkout / part)
        self.output = folder / "cdktf.out"
        # Links stay links: the stack's, and the provider's, which is large.
        shutil.copytree(deployment.folder.parents[1], self.output, symlinks=True)
        self.stack = self.output / "stacks" / "inventory-dev"
        for state in deployment.folder.parents[2].glob("terraform.*.tfstate"):
            shutil.copy(state, folder)
        self.lock = (self.stack / ".terraform.lock.hcl").read_text()
        self.plan_file = self.stack / ".terraform" / "inventory-dev.tfplan"
        self.terraform = Terraform(self.stack, variables=deployment.cloud.variables())

    def synthesise(self, output: Path | None = None, **settings: str) -> None:
        """Synthesise the checkout over the stack; the override and the lock beside it stay."""
        subprocess.run(
            [str(VENV_BIN / "python"), str(self.checkout / "main.py")],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ["HOME"],
                "CDKTF_OUTDIR": str(output or self.output),
                **settings,
            },
            check=True,
        )
        # The deployed stack was initialised with whatever provider there was.
        (self.stack / ".terraform.lock.hcl").write_text(self.lock)

    def change_backend(self, **settings: str) -> dict[str, Any]:
        """Keep the state where settings say, and leave all else; the new backend."""
        other = self.output.with_name("other.out")
        self.synthesise(other, **settings)
        new = json.loads((other / "stacks" / self.stack.name / "cdk.tf.json").read_text())
        document = json.loads((self.stack / "cdk.tf.json").read_text())
        backend: dict[str, Any] = new["terraform"]["backend"]
        document["terraform"]["backend"] = backend
        (self.stack / "cdk.tf.json").write_text(json.dumps(document, indent=2))
        return backend

    def inventory(self, command: str, *options: str) -> tuple[int, str]:
        """Run a command on the plan; its exit code and what it printed."""
        done = subprocess.run(
            [str(VENV_BIN / "inventory"), command, str(self.plan_file), *options],
            env={**os.environ, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout
