"""Attacks on the review with plans that real Terraform makes: none of them may be approved.

The real provider plans changes of a state that nobody deployed, without a look at AWS
(`-refresh=false`), so that a case costs a line here and no resource.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from inventory_cli.access_analyzer import IDENTITY_TYPES, RESOURCE_TYPES
from plan_review.data import DATA_TYPES, HOLDS_NOTHING
from plan_review.digest import configuration_of, source_of
from plan_review.guards import GUARDS
from plan_review.permissions import GRANTS, NO_PERMISSIONS, OWNER_TYPES
from plan_review.plan import Kind, read_plan
from plan_review.review import Review, review
from terraform_runner.installation import find_terraform
from terraform_runner.terraform import Terraform, command_line_variables

if TYPE_CHECKING:
    from pathlib import Path

    from plan_review.plan import Plan

OWN, FOREIGN = "111111111111", "999999999999"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
DATA = "aws_iam_policy_document"


def policy(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/*", **more: Any) -> str:
    """Give a policy's JSON."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(account: str) -> str:
    """Give the JSON of who may assume a role."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                }
            ],
        }
    )


@dataclass(frozen=True)
class Attack:
    """A resource as it was, as it would be, and what the review has to say of it.

    `was` is None for what is created, and `becomes` for what goes.
    """

    address: str
    verdict: str
    was: dict[str, Any] | None
    becomes: dict[str, Any] | None
    deposed: str = ""


TABLE = {
    "name": "t",
    "billing_mode": "PAY_PER_REQUEST",
    "hash_key": "k",
    "attribute": [{"name": "k", "type": "S"}],
}
QUEUE = {"name": "q", "message_retention_seconds": 1209600}
ROLE = {"name": "r", "assume_role_policy": trust(OWN)}
FUNCTION = {"function_name": "f", "role": f"arn:aws:iam::{OWN}:role/r", "package_type": "Image"}
RULE = {"id": "old", "status": "Enabled", "filter": [{"prefix": "parts/"}]}
ALARM = {
    "alarm_name": "a",
    "comparison_operator": "GreaterThanThreshold",
    "evaluation_periods": 1,
    "metric_name": "m",
    "namespace": "n",
    "period": 60,
    "statistic": "Sum",
    "threshold": 1,
}
TOPIC = f"arn:aws:sns:us-east-1:{OWN}:t"
ON, OFF = ({"point_in_time_recovery": [{"enabled": each}]} for each in (True, False))


def updated(address: str, verdict: str, was: dict[str, Any], /, **changed: Any) -> Attack:
    """Give an attack that changes attributes of a resource."""
    return Attack(address, verdict, was, {**was, **changed})


ATTACKS = (
    # Life that is shortened, and guards that go.
    updated("aws_dynamodb_table.Backups", "refused", {**TABLE, **ON}, **OFF),
    updated(
        "aws_dynamodb_table.Expiring",
        "refused",
        TABLE,
        ttl=[{"attribute_name": "k", "enabled": True}],
    ),
    updated(
        "aws_dynamodb_table.Open",
        "guard",
        {**TABLE, "deletion_protection_enabled": True},
        deletion_protection_enabled=False,
    ),
    updated("aws_sqs_queue.Short", "refused", QUEUE, message_retention_seconds=60),
    updated(
        "aws_cloudwatch_log_group.Short",
        "refused",
        {"name": "l", "retention_in_days": 0},
        retention_in_days=1,
    ),
    updated(
        "aws_kms_key.Off", "refused", {"is_enabled": True, "policy": policy()}, is_enabled=False
    ),
    updated(
        "aws_kms_key.Still",
        "guard",
        {"enable_key_rotation": True, "is_enabled": True, "policy": policy()},
        enable_key_rotation=False,
    ),
    updated(
        "aws_s3_bucket.Force", "guard", {"bucket": "b", "force_destroy": False}, force_destroy=True
    ),
    updated(
        "aws_s3_bucket_versioning.Suspended",
        "refused",
        {"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]},
        versioning_configuration=[{"status": "Suspended"}],
    ),
    updated(
        "aws_s3_bucket_public_access_block.Open",
        "guard",
        {"bucket": "b", "block_public_acls": True, "block_public_policy": True},
        block_public_policy=False,
    ),
    Attack(
        "aws_s3_bucket_lifecycle_configuration.New",
        "refused",
        None,
        {"bucket": "b", "rule": [{**RULE, "expiration": [{"days": 1}]}]},
    ),
    updated(
        "aws_cloudwatch_event_rule.Off",
        "guard",
        {"name": "r", "event_pattern": '{"source":["aws.s3"]}', "state": "ENABLED"},
        state="DISABLED",
    ),
    updated(
        "aws_lambda_event_source_mapping.Off",
        "guard",
        {
            "function_name": f"arn:aws:lambda:us-east-1:{OWN}:function:f",
            "event_source_arn": f"arn:aws:sqs:us-east-1:{OWN}:q",
            "enabled": True,
        },
        enabled=False,
    ),
    updated(
        "aws_cloudwatch_metric_alarm.Silent",
        "guard",
        {**ALARM, "alarm_actions": [TOPIC]},
        alarm_actions=[],
    ),
    updated(
        "aws_sqs_queue_redrive_policy.Lost",
        "guard",
        {
            "queue_url": "https://q/1/q",
            "redrive_policy": json.dumps({"deadLetterTargetArn": TOPIC, "maxReceiveCount": 5}),
        },
        redrive_policy=json.dumps({"deadLetterTargetArn": TOPIC, "maxReceiveCount": 1000}),
    ),
    updated(
        "aws_lambda_function.Stopped",
        "guard",
        {**FUNCTION, "image_uri": "i", "reserved_concurrent_executions": -1},
        reserved_concurrent_executions=0,
    ),
    # What holds data and goes, by whichever way.
    Attack("aws_dynamodb_table.Forgotten", "refused", TABLE, None),
    Attack("aws_kinesis_stream.Gone", "refused", {"name": "s", "shard_count": 1}, None),
    Attack("aws_codecommit_repository.Gone", "refused", {"repository_name": "c"}, None),
    Attack("aws_sqs_queue.Deposed", "refused", QUEUE, QUEUE, deposed="0123abcd"),
    updated("aws_sqs_queue.Again", "refused", QUEUE),
    # Permissions.
    updated(
        "aws_iam_role_policy.Overridden",
        "unjudged",
        {"name": "p", "role": "r", "policy": policy()},
        policy=f"${{data.{DATA}.Overridden.json}}",
    ),
    updated(
        "aws_iam_role_policy.Rewritten",
        "unjudged",
        {"name": "q", "role": "r", "policy": policy()},
        policy=f'${{replace(data.{DATA}.Same.json, "s3:GetObject", "*")}}',
    ),
    updated("aws_iam_role.Trusts", "widened", ROLE, assume_role_policy=trust(FOREIGN)),
    updated(
        "aws_iam_role.Unbounded",
        "widened",
        {**ROLE, "permissions_boundary": f"arn:aws:iam::{OWN}:policy/b"},
        permissions_boundary="",
    ),
    Attack(
        "aws_iam_role_policy_attachment.Admin",
        "widened",
        None,
        {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    Attack("aws_iam_access_key.Key", "widened", None, {"user": "u"}),
    Attack(
        "aws_lambda_function_url.Open",
        "widened",
        None,
        {"function_name": "f", "authorization_type": "NONE"},
    ),
    Attack(
        "aws_lambda_permission.Anywhere",
        "widened",
        None,
        {"function_name": "f", "action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"},
    ),
    Attack(
        "aws_sns_topic_subscription.Out",
        "widened",
        None,
        {"topic_arn": TOPIC, "protocol": "https", "endpoint": "https://example.net/"},
    ),
    Attack("aws_s3_bucket_acl.Public", "widened", None, {"bucket": "b", "acl": "public-read"}),
    Attack(
        "aws_kms_grant.Grant",
        "widened",
        None,
        {
            "key_id": "k",
            "grantee_principal": f"arn:aws:iam::{FOREIGN}:root",
            "operations": ["Decrypt"],
        },
    ),
    Attack(
        "aws_iam_policy_attachment.All",
        "unjudged",
        None,
        {"name": "x", "policy_arn": f"arn:aws:iam::{OWN}:policy/b", "roles": ["r"]},
    ),
    Attack(
        "aws_ecr_registry_policy.Open",
        "widened",
        None,
        {"policy": policy("ecr:*", "*", Principal="*")},
    ),
)

DOCUMENTS = {
    # Terraform reads both while it applies, since the input is not known before.
    "Overridden": {
        "statement": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"]}],
        "override_policy_documents": ["${terraform_data.Input.output}"],
    },
    "Same": {
        "statement": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"]}],
        "depends_on": ["terraform_data.Input"],
    },
}


def stack() -> dict[str, Any]:
    """Give the configuration with all attacks in it."""
    resources: dict[str, Any] = {"terraform_data": {"Input": {"input": policy("*", "*")}}}
    for each in ATTACKS:
        kind, _, name = each.address.partition(".")
        if each.becomes is not None:
            resources.setdefault(kind, {})[name] = each.becomes
    return {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws"}},
            "backend": {"local": {"path": "state.tfstate"}},
        },
        "provider": {
            "aws": [
                {
                    "region": "us-east-1",
                    "access_key": OWN,
                    "secret_key": "none",
                    "skip_credentials_validation": True,
                    "skip_metadata_api_check": "true",
                    "skip_requesting_account_id": True,
                }
            ]
        },
        "removed": [
            {"from": "aws_dynamodb_table.Forgotten", "lifecycle": [{"destroy": False}]},
        ],
        "check": {
            "Always": {
                "assert": [
                    {
                        "condition": '${terraform_data.Input.input == ""}',
                        "error_message": "there is an input",
                    }
                ]
            }
        },
        "data": {DATA: DOCUMENTS},
        "resource": resources,
    }


def state(schemas: dict[str, Any]) -> dict[str, Any]:
    """Give a state in which everything is as it was."""
    return {
        "version": 4,
        "serial": 1,
        "lineage": "attacks",
        "resources": [
            {
                "mode": "managed",
                "type": each.address.partition(".")[0],
                "name": each.address.partition(".")[2],
                "provider": PROVIDER,
                "instances": [
                    {
                        "schema_version": schemas[each.address.partition(".")[0]]["version"],
                        "attributes": {"id": str(index), **each.was},
                        **({"deposed": each.deposed} if each.deposed else {}),
                    }
                ],
            }
            for index, each in enumerate(ATTACKS)
            if each.was is not None
        ],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder of a stack under attack, initialised."""
    folder = tmp_path_factory.mktemp("attacks") / "inventory-dev"
    folder.mkdir()
    (folder / "cdk.tf.json").write_text(json.dumps(stack(), indent=1))
    Terraform(folder, variables={}).init()
    return folder


@pytest.fixture(scope="module")
def schemas(folder) -> dict[str, Any]:
    """What the provider says of its types: their attributes, and the version of their state."""
    done = subprocess.run(
        [str(find_terraform()), "providers", "schema", "-json"],
        cwd=folder,
        env={**os.environ, **command_line_variables()},
        capture_output=True,
        check=True,
    )
    providers = json.loads(done.stdout)["provider_schemas"]
    return providers["registry.terraform.io/hashicorp/aws"]["resource_schemas"]


def planned(folder: Path, *options: str) -> Plan:
    """Plan and read the plan."""
    terraform, file = Terraform(folder, variables={}), folder / "tfplan"
    terraform.save_plan(file, "-refresh=false", *options)
    return read_plan(terraform.show_plan(file), source_of(configuration_of(file)))


@pytest.fixture(scope="module")
def judged(folder, schemas) -> Review:
    """The review of one plan with all attacks."""
    (folder / "state.tfstate").write_text(json.dumps(state(schemas)))
    return review(planned(folder, "-replace=aws_sqs_queue.Again"), looked=False)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.address)
def test_an_attack_is_not_approved(judged, attack) -> None:
    """Each is refused, or needs attention for what it does, by its own address."""
    verdicts = set()
    if attack.address in judged.refused:
        verdicts.add("refused")
    if attack.address in {each.address for each in judged.guards}:
        verdicts.add("guard")
    for each in judged.permissions:
        if each.address == attack.address:
            verdicts.add("unjudged" if each.unknown else "widened" if each.widening else "narrowed")

    assert attack.verdict in verdicts


def test_a_plan_says_what_it_leaves_out(judged, tmp_path) -> None:
    """A failing check, no look at AWS, and a target: none of them may be called no changes."""
    assert any("check" in each for each in judged.partial)
    assert any("-refresh=false" in each for each in judged.partial)

    # A plan of its own, for which Terraform starts no provider.
    resources = {"terraform_data": {"Input": {"input": "a"}, "Other": {"input": "b"}}}
    (tmp_path / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    targeted = review(planned(tmp_path, "-target=terraform_data.Input"))

    assert any("-target" in each for each in targeted.partial)
    assert targeted.attention


def test_what_happens_beside_a_change_is_named(judged) -> None:
    """A deposed object and one that somebody asked to replace."""
    told = {each.address: each.circumstances for each in judged.plan.changes}
    kinds = {each.address: each.kind for each in judged.plan.changes}

    assert ("asked for by -replace", "") in told["aws_sqs_queue.Again"]
    assert kinds["aws_dynamodb_table.Forgotten"] is Kind.FORGET
    assert any("deposed" in words for words, _ in told["aws_sqs_queue.Deposed"])


def _has(block: dict[str, Any], parts: list[str]) -> bool:
    """Whether a block has an attribute at a path of the table of guards."""
    first, rest = parts[0], [each for each in parts[1:] if each not in {"*", "**"}]
    if first in block.get("block_types", {}):
        return not rest or _has(block["block_types"][first]["block"], rest)
    attribute = block.get("attributes", {}).get(first)
    # The keys of a map are chosen by whoever writes it.
    return attribute is not None and (not rest or attribute["type"][0] == "map")


def test_the_tables_name_what_the_provider_has(schemas) -> None:
    """A type or an attribute with a slip in it would guard nothing."""
    types = {*DATA_TYPES, *HOLDS_NOTHING, *GRANTS, *OWNER_TYPES, *RESOURCE_TYPES, *IDENTITY_TYPES}

    assert types - {*schemas} == {"null_resource", "terraform_data"}
    assert [
        each for each in GUARDS if not _has(schemas[each.type]["block"], each.path.split("."))
    ] == []
    for kind, grant in GRANTS.items():
        for name in (grant.who, grant.resource, *grant.conditions, *filter(None, [grant.opaque])):
            assert _has(schemas[kind]["block"], [name]), (kind, name)


def test_no_type_that_may_be_a_permission_is_silent(schemas) -> None:
    """Whatever it is called: it is read, called one that cannot be judged, or known to be none."""
    named = re.compile(
        r"_(policy|policies|permissions?|attachment|grant|acl|access_key|function_url)$"
    )
    silent = []
    for kind in filter(named.search, schemas):
        one: dict[str, Any] = {
            "actions": ["create"],
            "before": None,
            "after": {},
            "after_unknown": {},
        }
        document = {
            "format_version": "1.2",
            "resource_changes": [{"address": f"{kind}.X", "type": kind, "change": one}],
        }
        if not review(read_plan(document)).permissions and kind not in GRANTS:
            silent.append(kind)
    lets_in = [
        (kind, name)
        for kind in silent
        for name in schemas[kind]["block"].get("attributes", {})
        if re.search(r"principal|grantee|^account_ids?$|^policy_arn$", name)
    ]

    assert all(NO_PERMISSIONS.fullmatch(each) for each in silent)
    assert lets_in == []
