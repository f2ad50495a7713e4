"""The pinned CDKTF CLI deploys and destroys the stack, as the README tells people to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local_cloud.server import LocalCloud
from terraform_runner.__main__ import cdktf_command, cdktf_variables
from terraform_runner.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = "inventory-dev"


@pytest.fixture
def empty_cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, so that what is left over is this test's."""
    with LocalCloud(auth=True) as cloud:
        yield cloud


def cdktf(command: str, cloud: LocalCloud, output: Path) -> str:
    """Run a command of the CLI on the stack; what it printed."""
    done = subprocess.run(
        cdktf_command(
            command,
            STACK,
            "--auto-approve",
            "--app",
            f"{sys.executable} -m local_cloud.cdktf_app",
            "--output",
            str(output),
        ),
        cwd=ROOT,
        env={
            **os.environ,
            **cdktf_variables(),
            "ENVIRONMENT_SUFFIX": "dev",
            "LOCAL_CLOUD_ENDPOINT": cloud.endpoint,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def leftovers(cloud: LocalCloud) -> dict[str, list[str]]:
    """The names of everything that the stack's services hold."""
    roles = cloud.client("iam").list_roles()["Roles"]
    return {
        "buckets": [each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]],
        "tables": cloud.client("dynamodb").list_tables()["TableNames"],
        "queues": cloud.client("sqs").list_queues().get("QueueUrls", []),
        "topics": [each["TopicArn"] for each in cloud.client("sns").list_topics()["Topics"]],
        "functions": [
            each["FunctionName"] for each in cloud.client("lambda").list_functions()["Functions"]
        ],
        "rules": [each["Name"] for each in cloud.client("events").list_rules()["Rules"]],
        "schedules": [
            each["Name"] for each in cloud.client("scheduler").list_schedules()["Schedules"]
        ],
        "alarms": [
            each["AlarmName"]
            for each in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "logs": [
            each["logGroupName"] for each in cloud.client("logs").describe_log_groups()["logGroups"]
        ],
        "roles": [each["RoleName"] for each in roles if "inventory" in each["RoleName"]],
    }


def test_cdktf_deploys_everything_and_destroys_it_again(
    empty_cloud: LocalCloud, tmp_path: Path
) -> None:
    """A deploy leaves the stack's resources, a destroy leaves nothing."""
    printed = cdktf("deploy", empty_cloud, tmp_path / "cdktf.out")
    there = leftovers(empty_cloud)

    assert re.search(r"processor_function_name = inventory-processor-dev", printed)
    assert [kind for kind, names in there.items() if not names] == []

    cdktf("destroy", empty_cloud, tmp_path / "cdktf.out")

    assert {kind: names for kind, names in leftovers(empty_cloud).items() if names} == {}
