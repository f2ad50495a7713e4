"""moto as a cloud that Terraform applies a stack to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_cloud.override import write_override
from local_cloud.server import DEFAULT_ACCOUNT_ID, LocalCloud
from project_setup.steps import WITNESSES
from terraform_runner.installation import find_terraform
from terraform_runner.terraform import PARALLELISM, Terraform, terraform_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_IN_MOTO = ("aws_lambda_function_recursion_config",)
"""Types of resources whose requests moto does not answer."""

SERVER = Path(__file__).with_name("moto_process.py")


class MotoCloud(LocalCloud):
    """moto's server on a free loopback port; it ends with the process that started it."""

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._moto = subprocess.Popen(
            [str(WITNESSES / "bin" / "python"), "-I", str(SERVER)],
            env={"PATH": os.environ["PATH"], "MOTO_ACCOUNT_ID": DEFAULT_ACCOUNT_ID},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = next(iter(self._moto.stdout or ()))  # no more: it says nothing else until it ends
        self.endpoint = f"http://127.0.0.1:{port.strip()}"

    def stop(self) -> None:
        """Stop it."""
        while self._clients:
            self._clients.popitem()[1].close()
        self._moto.kill()
        self._moto.communicate()


def joined(folder: Path, stacks: Sequence[Path], cloud: MotoCloud) -> Path:
    """A configuration in a new folder of which each synthesised stack is a module.

    The provider waits far more than it works, and each start of it takes seconds of a processor:
    one plan for all stacks waits once, and starts it once. Its settings are those of the first.
    """
    folder.mkdir()
    modules, provider = {}, None
    for stack in stacks:
        document = json.loads((stack / "cdk.tf.json").read_text())
        resources = document["resource"]
        provider = provider or document["provider"]
        del document["provider"]
        (stack / "cdk.tf.json").write_text(json.dumps(document))
        # Paths count from the folder in which Terraform runs.
        changes: dict[str, Any] = {
            "aws_lambda_function": {
                name: {"filename": f"${{path.module}}/{each['filename']}"}
                for name, each in resources["aws_lambda_function"].items()
            }
        }
        for kind in NOT_IN_MOTO:
            changes[kind] = {name: {"count": 0} for name in resources.get(kind, {})}
        (stack / "moto_override.tf.json").write_text(json.dumps({"resource": changes}))
        modules[stack.name] = {"source": os.path.relpath(stack, folder)}
    required = {"aws": {"source": "hashicorp/aws"}}
    root = {
        "terraform": {"required_providers": required},
        "provider": provider,
        "module": modules,
    }
    (folder / "cdk.tf.json").write_text(json.dumps(root))
    write_override(folder, endpoint=cloud.endpoint, account_id=cloud.account_id)
    return folder


def apply(folder: Path, cloud: MotoCloud) -> None:
    """Apply a configuration to moto, from nothing."""
    # An error of moto's is none that another attempt would not meet.
    variables = {**cloud.variables(), "AWS_MAX_ATTEMPTS": "3"}
    terraform = Terraform(folder, variables=variables)
    terraform.init(any_provider=True)
    terraform.apply()


def destroy(folder: Path, cloud: MotoCloud) -> None:
    """Destroy all of a configuration."""
    options = ["-auto-approve", "-input=false", "-refresh=false", f"-parallelism={PARALLELISM}"]
    subprocess.run(
        [str(find_terraform()), "destroy", *options],
        cwd=folder,
        env={**terraform_environment(), **cloud.variables()},
        capture_output=True,
        check=True,
    )


def names_on(cloud: LocalCloud, service: str) -> list[str]:
    """What a cloud has of a service's main resource."""
    client = cloud.client(service)
    if service == "dynamodb":
        return client.list_tables()["TableNames"]
    if service == "lambda":
        return [each["FunctionName"] for each in client.list_functions()["Functions"]]
    if service == "sqs":
        return client.list_queues().get("QueueUrls", [])
    return [each["Name"] for each in client.list_buckets()["Buckets"]]
