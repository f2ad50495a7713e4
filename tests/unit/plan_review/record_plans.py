"""Records the plans that the tests of the review read: `python record_plans.py`.

Real Terraform and the real provider plan and apply the stack on a local cloud, once for each kind
of change. What a review does not read is left out, and what differs from one recording to the next
is made equal.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_cloud.override import write_override
from local_cloud.server import LocalCloud
from terraform_runner.paths import BUILD, ROOT
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS = Path(__file__).with_name("plans")
WORK = BUILD / "plan-recording"
KEPT = (
    "applyable",
    "checks",
    "complete",
    "deferred_changes",
    "errored",
    "format_version",
    "resource_changes",
    "resource_drift",
    "terraform_version",
)
PARTS = ("main.py", "cdktf.json", "Pipfile.lock", "constructs_lib", "fastsynth", "functions")

ECHOED = {
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
    "aws_sqs_queue_redrive_policy",
}
NAMES = {"arn", "bucket", "id", "name"}
SOURCES = {
    "arn",
    "assume_role_policy",
    "bucket",
    "function_name",
    "policy",
    "queue_url",
    "role",
    "source_arn",
}

Stack = dict[str, Any]


def trimmed(plan: dict[str, Any], source: Stack) -> dict[str, Any]:
    """Give a plan with what reviews read, and without ports and times.

    Of unchanged resources, what others echo stays; of the synthesised stack, what policies are
    made from.
    """
    kept = {name: plan[name] for name in KEPT if name in plan}
    kept["resource_changes"] = [
        each if each["change"]["actions"] != ["no-op"] else unchanged(each)
        for each in kept.get("resource_changes", [])
        if each["change"]["actions"] != ["no-op"] or each["type"] in ECHOED
    ]
    kept["resource_drift"] = [
        {**each, "change": differing(each["change"])} for each in kept.get("resource_drift", [])
    ]
    kept["output_changes"] = {
        name: each
        for name, each in plan.get("output_changes", {}).items()
        if each["actions"] != ["no-op"]
    }
    prior = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    kept["prior_state"] = {
        "values": {
            "root_module": {
                "resources": [
                    each
                    for each in prior.get("resources", [])
                    if each["type"] == "aws_caller_identity"
                ]
            }
        }
    }
    kept["configuration"] = {"provider_config": plan["configuration"]["provider_config"]}
    kept["source"] = sources_of(source)
    text = json.dumps(kept)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:4566", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+0000)", "2026-01-01T00:00:00Z", text)
    return json.loads(text)


def unchanged(resource: dict[str, Any]) -> dict[str, Any]:
    """Give an unchanged resource with what it is."""
    before = resource["change"]["before"]
    return {
        "address": resource["address"],
        "type": resource["type"],
        "change": {"actions": ["no-op"], "before": before, "after": before},
    }


def sources_of(stack: Stack) -> Stack:
    """Give the part of a synthesised stack that policies are made from."""
    return {
        "resource": {
            kind: {
                name: {key: each[key] for key in each.keys() & SOURCES}
                for name, each in resources.items()
            }
            for kind, resources in stack["resource"].items()
        },
        "data": {
            "aws_iam_policy_document": {
                name: {key: value for key, value in each.items() if key != "//"}
                for name, each in stack["data"]["aws_iam_policy_document"].items()
            }
        },
    }


def differing(change: dict[str, Any]) -> dict[str, Any]:
    """Give a change with its names, the attributes in which its sides differ, and their masks."""
    before, after = change["before"] or {}, change["after"] or {}
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)} | NAMES
    return {
        "actions": change["actions"],
        **{
            side: {name: value for name, value in change[side].items() if name in names}
            if isinstance(change.get(side), dict)
            else change.get(side)
            for side in ("before", "after", "before_sensitive", "after_sensitive", "after_unknown")
        },
    }


def replace_table(stack: Stack) -> None:
    """The items get another sort key, which no table can change."""
    (table,) = (
        each
        for each in stack["resource"]["aws_dynamodb_table"].values()
        if each["name"].startswith("inventory-items")
    )
    table["range_key"] = "shop"
    table["attribute"][1]["name"] = "shop"


def widen_role(stack: Stack) -> None:
    """The processor may delete items, and put them into any table."""
    documents = stack["data"]["aws_iam_policy_document"]
    (name,) = (name for name in documents if name.startswith("Processor_Permissions"))
    documents[name]["statement"].append(
        {"effect": "Allow", "actions": ["dynamodb:DeleteItem"], "resources": ["*"], "sid": "Wide"}
    )


def add_secret(stack: Stack) -> None:
    """The summary's environment gets a secret from a sensitive variable."""
    stack["variable"] = {
        "webhook_token": {"type": "string", "sensitive": True, "default": "s3cr3t-t0ken"}
    }
    (function,) = (
        each
        for each in stack["resource"]["aws_lambda_function"].values()
        if each["function_name"].startswith("inventory-summary")
    )
    function["environment"]["variables"]["WEBHOOK_TOKEN"] = "${var.webhook_token}"


def check_out() -> Path:
    """Copy the sources, so that nobody changes them between two plans."""
    checkout = WORK / "checkout"
    checkout.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, checkout / part)
    return checkout


def synthesise(checkout: Path) -> Path:
    """Synthesise the copied sources; the stack's folder."""
    subprocess.run(
        [sys.executable, str(checkout / "main.py")],
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home())},
        check=True,
    )
    return checkout / "cdktf.out" / "stacks" / "inventory-dev"


def change_code(checkout: Path) -> None:
    """Synthesise once more with one byte added to the summary's handler."""
    handler = checkout / "functions" / "inventory" / "handlers" / "summary.py"
    handler.write_bytes(handler.read_bytes() + b"\n")
    synthesise(checkout)


class Recorder:
    """Plans of one stack on one local cloud.

    Args:
        cloud: The cloud.
        folder: The stack's folder.
    """

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "cdk.tf.json"
        self._original = self._file.read_text()
        write_override(folder, endpoint=cloud.endpoint, account_id=cloud.account_id)
        self.terraform = Terraform(folder, variables=cloud.variables())
        self.terraform.init(any_provider=True)

    def record(self, name: str, *options: str) -> None:
        """Plan and keep what a review reads."""
        plan = WORK / f"{name}.tfplan"
        self.terraform.save_plan(plan, *options)
        document = trimmed(self.terraform.show_plan(plan), json.loads(self._file.read_text()))
        (PLANS / f"{name}.json").write_text(
            json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        sys.stdout.write(f"{name}: {len(document['resource_changes'])} changes\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def changed(self, change: Callable[[Stack], None]):
        """The stack with a change, taken back in the end."""
        stack = copy.deepcopy(json.loads(self._original))
        change(stack)
        self._file.write_text(json.dumps(stack, indent=2))
        try:
            yield
        finally:
            self._file.write_text(self._original)


def main() -> None:
    """Record all plans."""
    shutil.rmtree(WORK, ignore_errors=True)
    PLANS.mkdir(exist_ok=True)
    checkout = check_out()
    folder = synthesise(checkout)
    with LocalCloud() as cloud:
        recorder = Recorder(cloud, folder)
        recorder.record("create")
        recorder.terraform.apply()
        recorder.record("no-op")
        recorder.record("destroy", "-destroy")
        for name, change in {
            "table-replacement": replace_table,
            "widened-role": widen_role,
            "secret": add_secret,
        }.items():
            with recorder.changed(change):
                recorder.record(name)
        cloud.client("logs").put_retention_policy(
            logGroupName="/aws/lambda/inventory-summary-dev", retentionInDays=1
        )
        recorder.record("drift")
        cloud.client("logs").put_retention_policy(
            logGroupName="/aws/lambda/inventory-summary-dev", retentionInDays=7
        )
        change_code(checkout)
        recorder.record("code-change")


if __name__ == "__main__":
    main()
