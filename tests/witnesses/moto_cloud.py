"""moto as a cloud that Terraform applies a stack to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from local_cloud.override import write_override
from local_cloud.server import DEFAULT_ACCOUNT_ID, LocalCloud
from project_setup.steps import WITNESSES
from terraform_runner.installation import find_terraform
from terraform_runner.terraform import PARALLELISM, Terraform, terraform_environment

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


def point_at(folder: Path, cloud: MotoCloud) -> None:
    """Have a synthesised stack go to moto, without what moto does not know."""
    resources = json.loads((folder / "cdk.tf.json").read_text())["resource"]
    left_out = {kind: {name: {"count": 0} for name in resources[kind]} for kind in NOT_IN_MOTO}
    (folder / "moto_override.tf.json").write_text(json.dumps({"resource": left_out}))
    write_override(folder, endpoint=cloud.endpoint, account_id=cloud.account_id)


def apply(folder: Path, cloud: MotoCloud) -> None:
    """Apply a stack to moto, from nothing."""
    # An error of moto's is none that another attempt would not meet.
    variables = {**cloud.variables(), "AWS_MAX_ATTEMPTS": "3"}
    terraform = Terraform(folder, variables=variables)
    terraform.init(any_provider=True)
    terraform.apply()


def destroy(folder: Path, cloud: MotoCloud) -> None:
    """Destroy all of a stack."""
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
