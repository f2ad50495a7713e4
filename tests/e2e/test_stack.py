"""The applied stack is what was synthesised, and stays so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local_cloud.override import SERVICES
from local_cloud.stack import synthesise

if TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.stack import Deployment

SERVICE_OF_PREFIX = {
    "aws_caller_identity": "sts",
    "aws_cloudwatch_dashboard": "cloudwatch",
    "aws_cloudwatch_event": "events",
    "aws_cloudwatch_log": "logs",
    "aws_cloudwatch_metric": "cloudwatch",
    "aws_cloudwatch_query": "logs",
    "aws_dynamodb": "dynamodb",
    "aws_iam": "iam",
    "aws_kms": "kms",
    "aws_lambda": "lambda",
    "aws_partition": "sts",
    "aws_s3": "s3",
    "aws_scheduler": "scheduler",
    "aws_sns": "sns",
    "aws_sqs": "sqs",
}


def test_second_plan_is_empty(deployment: Deployment) -> None:
    """A plan right after the apply finds nothing to change."""
    changed, plan = deployment.terraform.plan()

    assert not changed, plan


def test_synthesised_file_is_what_a_synthesis_without_a_cloud_writes(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The local cloud leaves the synthesised file alone: it has the bytes that go to AWS."""
    plain = synthesise(tmp_path / "cdktf.out")

    for name in ("cdk.tf.json", "assets/processor.zip", "assets/summary.zip"):
        assert (deployment.folder / name).read_bytes() == (plain / name).read_bytes()


def test_every_service_of_the_stack_is_pointed_at_the_local_cloud(deployment: Deployment) -> None:
    """No resource type belongs to a service without an endpoint in the override file."""
    stack = json.loads((deployment.folder / "cdk.tf.json").read_text())
    kinds = {*stack["resource"], *stack.get("data", {})}

    services = {
        kind: next((s for p, s in SERVICE_OF_PREFIX.items() if kind.startswith(p)), None)
        for kind in kinds
    }

    assert {kind: name for kind, name in services.items() if name not in SERVICES} == {}


@pytest.mark.parametrize(
    "name",
    [
        "uploads_bucket_name",
        "reports_bucket_name",
        "items_table_name",
        "ingestions_table_name",
        "dead_letter_queue_url",
        "work_queue_url",
        "processor_function_name",
        "summary_function_name",
        "alarm_topic_arn",
        "dashboard_name",
    ],
)
def test_stack_has_the_outputs_that_others_rest_on(outputs: dict[str, str], name: str) -> None:
    """Each output of the contract is there and names something of this environment."""
    assert "dev" in outputs[name]
