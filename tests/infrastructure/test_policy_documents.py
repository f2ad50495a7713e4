"""Every policy document, written out as Terraform would, and linted."""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
import types
import warnings
from typing import Any

import pytest

REFERENCE = re.compile(r"\$\{(?:data\.)?(aws_\w+?)\.\w+\.(\w+)\}")
ACCOUNT = "123456789012"
ARNS = {
    "aws_cloudwatch_event_bus": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/bus",
    "aws_cloudwatch_event_rule": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rule",
    "aws_cloudwatch_log_group": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:group",
    "aws_dynamodb_table": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/table",
    "aws_kms_key": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111",
    "aws_lambda_function": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:function",
    "aws_s3_bucket": "arn:aws:s3:::bucket",
    "aws_sns_topic": f"arn:aws:sns:us-east-1:{ACCOUNT}:topic",
    "aws_sqs_queue": f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue",
}
VALUES = {"account_id": ACCOUNT, "partition": "aws"}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "dev": {},
    "keys": {"customer_managed_keys": True, "max_stock_drop_share": "0.5"},
    "prod": {"environment": "prod"},
}


@pytest.fixture(scope="module")
def lint():
    """Give a function that gives what parliament finds in a document."""
    with pytest.MonkeyPatch.context() as monkeypatch, warnings.catch_warnings():
        # It leaves the files that it reads open.
        warnings.simplefilter("ignore", ResourceWarning)
        # parliament asks a module for its files that setuptools does not have any more.
        finder: Any = types.ModuleType("pkg_resources")
        finder.resource_filename = lambda package, name: str(
            importlib.resources.files(package).joinpath(name)
        )
        monkeypatch.setitem(sys.modules, "pkg_resources", finder)
        from parliament import analyze_policy_string  # noqa: PLC0415  slow

    def findings(document: dict[str, Any]) -> list[tuple[str, Any]]:
        found = analyze_policy_string(json.dumps(document)).findings
        return [(each.issue, each.detail) for each in found]

    return findings


def resolved(text: str) -> str:
    """Give a text with references replaced by what they could be in an account."""
    return REFERENCE.sub(
        lambda found: ARNS[found[1]] if found[2] == "arn" else VALUES.get(found[2], "name"), text
    )


def one_or_many(texts: list[str]) -> str | list[str]:
    """Give a list as Terraform writes it: a single text stands alone."""
    many = [resolved(each) for each in texts]
    return many[0] if len(many) == 1 else many


def written_out(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Give a data source's document as the policy that Terraform makes of it.

    The linter knows only policies with resources. A trust policy speaks of its own role, and "*"
    in a key's policy is that key; both get the resource that they mean. AWS's own default statement
    of a key, which allows the account everything, is compared and left out.
    """
    statements = []
    for each in document["statement"]:
        if each["actions"] == ["kms:*"]:
            (principal,) = each["principals"]
            assert resolved(principal["identifiers"][0]) == f"arn:aws:iam::{ACCOUNT}:root"
            assert name.startswith("Key_")
            continue
        resources = each.get("resources", [f"arn:aws:iam::{ACCOUNT}:role/role"])
        if name.startswith("Key_"):
            assert resources == ["*"]
            resources = [ARNS["aws_kms_key"]]
        statement = {
            "Effect": each["effect"],
            "Action": one_or_many(each["actions"]),
            "Resource": one_or_many(resources),
        }
        if "sid" in each:
            statement["Sid"] = each["sid"]
        for principal in each.get("principals", []):
            identifiers = one_or_many(principal["identifiers"])
            everybody = principal["type"] == "*"
            statement["Principal"] = "*" if everybody else {principal["type"]: identifiers}
        for condition in each.get("condition", []):
            of_test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            of_test[condition["variable"]] = one_or_many(condition["values"])
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_linter_finds_nothing_in_any_policy(whole_stack, lint, configuration) -> None:
    """Actions exist, fit their resources, and conditions fit their actions."""
    document = whole_stack(**CONFIGURATIONS[configuration])
    documents = document["data"]["aws_iam_policy_document"]

    found = {name: lint(written_out(name, each)) for name, each in documents.items()}

    assert len(found) >= 18
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjects", "Resource": "*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "RESOURCE_MISMATCH"),
        ({"Action": "dynamodb:PutItem", "Resource": "*"}, "RESOURCE_STAR"),
    ],
)
def test_the_linter_is_not_blind(lint, statement, issue) -> None:
    """A wrong action, a wrong resource and a needless wildcard are found."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}

    assert issue in {found for found, _ in lint(document)}
