"""The pinned CDKTF CLI deploys two environments at once, and destroys what is not protected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from local_cloud.server import LocalCloud
from terraform_runner.__main__ import cdktf_command, cdktf_environment
from terraform_runner.errors import ProtectedError
from terraform_runner.paths import NODE_MODULES, ROOT
from terraform_runner.protection import insist_on_no_protection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEV, PROD = "dev", "prod"
SENT = "HTTP Request Sent"
PREFIXES = {
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "DynamoDB": "dynamodb",
    "EventBridge": "events",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "STS": "sts",
    "Scheduler": "scheduler",
}
# Where the action is not named as the operation is.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
S3_ACTIONS = {
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
}
# What tells a caller who it is: allowed to everybody, or asked because STS is a local one.
ALWAYS = {"iam:GetUser", "sts:GetCallerIdentity"}
# Of the subscription that `alarm_email` makes.
UNUSED_HERE = {"sns:GetSubscriptionAttributes"}
LIMIT_SECONDS = 600


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, so that what is left over is this test's."""
    with LocalCloud(auth=True) as running:
        yield running


class Checkout:
    """One output folder, into which every environment is synthesised."""

    def __init__(self, cloud: LocalCloud, output: Path) -> None:
        self.output = output
        self._environment = {**cdktf_environment(), "LOCAL_CLOUD_ENDPOINT": cloud.endpoint}

    def folder(self, environment: str) -> Path:
        """An environment's folder."""
        return (self.output / "stacks" / f"inventory-{environment}").resolve()

    def start(self, environment: str, command: list[str]) -> subprocess.Popen[str]:
        """Start a command for an environment."""
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**self._environment, "ENVIRONMENT_SUFFIX": environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def synthesise(self, environment: str, *, by_cli: bool = False) -> None:
        """Synthesise, or have the CLI do so, as anybody may by hand."""
        app = [sys.executable, "-m", "local_cloud.cdktf_app"]
        cli = str(NODE_MODULES / ".bin" / "cdktf")
        by_hand = [cli, "synth", "--app", " ".join(app), "--output", str(self.output)]
        alone = ["env", f"CDKTF_OUTDIR={self.output}", *app]
        end(self.start(environment, by_hand if by_cli else alone))

    def run(self, command: str, environment: str) -> subprocess.Popen[str]:
        """Start what `make deploy` and `make destroy` run."""
        folder = self.folder(environment)
        return self.start(environment, cdktf_command(command, folder, "--auto-approve"))


def end(process: subprocess.Popen[str]) -> str:
    """Wait for a command that must succeed; what it printed."""
    printed, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, printed[-4000:]
    return printed


@pytest.fixture(scope="module")
def checkout(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Both environments, deployed at the same time, dev synthesised while prod was applied."""
    checkout = Checkout(cloud, tmp_path_factory.mktemp("project") / "cdktf.out")
    checkout.synthesise(PROD)
    checkout.synthesise(DEV)
    deploys = [checkout.run("deploy", environment) for environment in (PROD, DEV)]
    limit = time.monotonic() + LIMIT_SECONDS
    while not names(cloud, PROD)["roles"]:
        assert time.monotonic() < limit
        assert [each.poll() for each in deploys] == [None, None]
        time.sleep(0.2)
    checkout.synthesise(DEV, by_cli=True)
    assert deploys[0].poll() is None, "it was to be synthesised during an apply"
    for environment, deploy in zip((PROD, DEV), deploys, strict=True):
        assert f"processor_function_name = inventory-processor-{environment}" in end(deploy)
    return checkout


def names(cloud: LocalCloud, environment: str) -> dict[str, list[str]]:
    """The names of everything of an environment that the stack's services hold."""
    client = cloud.client
    found = {
        "buckets": [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
        "functions": [
            each["FunctionName"] for each in client("lambda").list_functions()["Functions"]
        ],
        "rules": [each["Name"] for each in client("events").list_rules()["Rules"]],
        "schedules": [each["Name"] for each in client("scheduler").list_schedules()["Schedules"]],
        "alarms": [
            each["AlarmName"]
            for page in client("cloudwatch").get_paginator("describe_alarms").paginate()
            for each in page["MetricAlarms"]
        ],
        "logs": [
            each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]
        ],
        "roles": [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
    }
    return {
        kind: sorted(each for each in those if "inventory" in each and environment in each)
        for kind, those in found.items()
    }


def action_of(entry: str) -> str:
    """The action that an entry of the provider's log asks to be allowed."""
    fields = dict(re.findall(r'rpc\.(method|service)=("[^"]+"|\w+)', entry))
    method, service = fields["method"], fields["service"].strip('"')
    return f"{PREFIXES[service]}:{S3_ACTIONS.get(method, method) if service == 'S3' else method}"


def test_two_environments_are_deployed_at_once_from_one_checkout(
    cloud: LocalCloud, checkout: Checkout
) -> None:
    """Each has all it needs and a state of its own."""
    for environment in (PROD, DEV):
        assert [kind for kind, those in names(cloud, environment).items() if not those] == []
        assert (checkout.output.parent / f"terraform.inventory-{environment}.tfstate").is_file()


def test_a_plan_asks_for_nothing_but_what_its_role_may(checkout: Checkout, tmp_path: Path) -> None:
    """What the provider calls for a plan that changes nothing, against the role's policy."""
    log = tmp_path / "provider.log"
    folder = str(checkout.folder(PROD))
    options = ("-input=false", "-detailed-exitcode", "-lock=false")
    plan = subprocess.run(
        [sys.executable, "-m", "terraform_runner", "terraform", folder, "plan", *options],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": "cli",
            "TF_LOG_PROVIDER": "DEBUG",
            "TF_LOG_PATH": str(log),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert plan.returncode == 0, plan.stdout + plan.stderr

    # An entry begins with its time; values of several lines follow it.
    entries = re.split(
        r"^(?=\d{4}-\d\d-\d\dT)", log.read_text(errors="replace"), flags=re.MULTILINE
    )
    actions = {action_of(entry) for entry in entries if SENT in entry}
    policy = json.loads((ROOT / "docs" / "plan-role.json").read_text())
    metadata, feeds, *_ = policy["Statement"]

    assert len(actions) > 40
    assert actions - ALWAYS == {*metadata["Action"], *feeds["Action"]} - UNUSED_HERE


def test_destroying_a_protected_environment_changes_nothing(
    cloud: LocalCloud, checkout: Checkout
) -> None:
    """Terraform refuses its plan; `make destroy` refuses before, also by the state alone."""
    state = checkout.output.parent / "terraform.inventory-prod.tfstate"
    before, state_before = names(cloud, PROD), state.read_bytes()

    destroy = checkout.run("destroy", PROD)
    printed, _ = destroy.communicate(timeout=LIMIT_SECONDS)
    with pytest.raises(ProtectedError, match="deletion_protection"):
        insist_on_no_protection(checkout.folder(PROD))

    assert destroy.returncode != 0
    assert "Instance cannot be destroyed" in printed
    assert names(cloud, PROD) == before
    assert state.read_bytes() == state_before


def test_destroying_one_environment_leaves_the_other(cloud: LocalCloud, checkout: Checkout) -> None:
    """Nothing is left of it, and nothing is missing of the other."""
    before = names(cloud, PROD)

    insist_on_no_protection(checkout.folder(DEV))
    end(checkout.run("destroy", DEV))

    assert {kind: those for kind, those in names(cloud, DEV).items() if those} == {}
    assert names(cloud, PROD) == before
