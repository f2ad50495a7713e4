"""Least privilege: per role the complete set of actions and resources, and who may take it."""

from __future__ import annotations

import pytest

from synthesised import readable, role_permissions, statements

# A wildcard resource needs a line here, with its reason.
WILDCARDS = {
    ("xray:PutTelemetryRecords", "*"): "X-Ray has no resources to name",
    ("xray:PutTraceSegments", "*"): "X-Ray has no resources to name",
}

FUNCTION_ARN = "arn:<Partition.partition>:lambda:us-east-1:<Caller.account_id>:function"


def own(function: str) -> set[tuple[str, str]]:
    """Give what every function may do: log, trace, and leave failed events."""
    return {
        ("logs:CreateLogStream", f"<{function}_LogGroup>:*"),
        ("logs:PutLogEvents", f"<{function}_LogGroup>:*"),
        ("sqs:SendMessage", "<DeadLetterQueue>"),
        *WILDCARDS,
    }


INGEST = {
    # For what was written while customer_managed_keys was on.
    ("kms:Decrypt", "<Key>"),
    ("dynamodb:BatchGetItem", "<Items>"),
    ("dynamodb:GetItem", "<Ingestions>"),
    ("dynamodb:GetItem", "<Lanes>"),
    ("dynamodb:PartiQLInsert", "<Items>"),
    ("dynamodb:PartiQLUpdate", "<Items>"),
    ("dynamodb:PutItem", "<Lanes>"),
    ("dynamodb:Query", "<Lanes>"),
    ("dynamodb:UpdateItem", "<Ingestions>"),
    ("dynamodb:UpdateItem", "<Lanes>"),
    ("s3:GetObject", "<Uploads>/*"),
    ("s3:GetObjectVersion", "<Uploads>/*"),
    ("s3:ListBucket", "<Uploads>"),
    ("s3:ListBucket", "<Reports>"),
    ("s3:AbortMultipartUpload", "<Reports>/parts/*"),
    ("s3:AbortMultipartUpload", "<Reports>/rejects/*"),
    ("s3:GetObject", "<Reports>/lists/*"),
    ("s3:GetObject", "<Reports>/parts/*"),
    ("s3:GetObjectVersion", "<Reports>/settings/*"),
    ("s3:PutObject", "<Reports>/lists/*"),
    ("s3:PutObject", "<Reports>/parts/*"),
    ("s3:PutObject", "<Reports>/rejects/*"),
    ("events:PutEvents", "<Events>"),
    ("sqs:SendMessage", "<WorkQueue>"),
}
PERMISSIONS = {
    "inventory-processor-dev": own("Processor") | INGEST,
    "inventory-chunk-processor-dev": own("ChunkProcessor")
    | INGEST
    | {
        ("dynamodb:DeleteItem", "<Items>"),
        ("dynamodb:DeleteItem", "<Lanes>"),
        ("dynamodb:Scan", "<Items>"),
        ("sqs:ChangeMessageVisibility", "<WorkQueue>"),
        ("sqs:DeleteMessage", "<WorkQueue>"),
        ("sqs:GetQueueAttributes", "<WorkQueue>"),
        ("sqs:ReceiveMessage", "<WorkQueue>"),
    },
    "inventory-summary-dev": own("Summary")
    | {
        ("dynamodb:Query", "<Lanes>"),
        ("dynamodb:Scan", "<Ingestions>"),
        ("dynamodb:Scan", "<Items>"),
        ("kms:Decrypt", "<Key>"),
        ("kms:GenerateDataKey", "<Key>"),
        ("s3:GetObject", "<Reports>/summaries/*"),
        ("s3:GetObjectVersion", "<Reports>/settings/*"),
        ("s3:PutObject", "<Reports>/summaries/*"),
        ("sns:Publish", "<AlarmTopic>"),
    },
    "inventory-reconcile-dev": own("Reconcile")
    | {
        ("dynamodb:BatchGetItem", "<Ingestions>"),
        ("dynamodb:DeleteItem", "<Lanes>"),
        ("dynamodb:GetItem", "<Lanes>"),
        ("dynamodb:PutItem", "<Lanes>"),
        ("dynamodb:Query", "<Lanes>"),
        ("dynamodb:UpdateItem", "<Lanes>"),
        ("kms:Decrypt", "<Key>"),
        ("kms:GenerateDataKey", "<Key>"),
        ("s3:GetObjectVersion", "<Reports>/settings/*"),
        ("s3:ListBucketVersions", "<Uploads>"),
        ("sns:Publish", "<AlarmTopic>"),
        ("sqs:SendMessage", "<WorkQueue>"),
    },
    "inventory-summary-daily-dev": {
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}:inventory-summary-dev"),
        ("sqs:SendMessage", "<DeadLetterQueue>"),
    },
    "inventory-reconcile-hourly-dev": {
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}:inventory-reconcile-dev"),
        ("sqs:SendMessage", "<DeadLetterQueue>"),
    },
}


def test_there_are_these_roles_and_no_others(whole_stack) -> None:
    """A new role is a visible change."""
    assert role_permissions(whole_stack()).keys() == PERMISSIONS.keys()


@pytest.mark.parametrize("role", PERMISSIONS)
def test_a_role_may_do_this_and_nothing_else(whole_stack, role: str) -> None:
    """A new permission is a visible change."""
    assert role_permissions(whole_stack())[role] == PERMISSIONS[role]


def test_a_limit_on_the_drop_of_stock_needs_no_permission(whole_stack) -> None:
    """A file is compared with the feed's last one, not with the table."""
    assert role_permissions(whole_stack(max_stock_drop_share="0.5")) == PERMISSIONS


def test_a_key_of_our_own_adds_its_use_and_nothing_else(whole_stack) -> None:
    """All who touch encrypted data may use the key, and the key alone is added."""
    with_key = role_permissions(whole_stack(customer_managed_keys=True))
    for role, before in PERMISSIONS.items():
        assert with_key[role] - before <= {
            ("kms:Decrypt", "<Key>"),
            ("kms:GenerateDataKey", "<Key>"),
        }
        assert ("kms:Decrypt", "<Key>") in with_key[role]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_wildcards_are_in_the_list_with_a_reason(whole_stack, environment: str) -> None:
    """No role has an action on everything, or all actions, without a reason."""
    for pairs in role_permissions(whole_stack(environment)).values():
        assert {pair for pair in pairs if pair[1] == "*" or "*" in pair[0]} <= WILDCARDS.keys()


def test_only_the_service_itself_takes_a_role(whole_stack) -> None:
    """Lambda takes the functions' roles, Scheduler the schedules', for this account alone."""
    document = whole_stack()
    takers = {}
    for role in document["resource"]["aws_iam_role"].values():
        (statement,) = statements(document, role["assume_role_policy"])
        assert statement["actions"] == ["sts:AssumeRole"]
        (principal,) = statement["principals"]
        takers[role["name"]] = (
            principal["type"],
            principal["identifiers"],
            {
                each["variable"]: [readable(value) for value in each["values"]]
                for each in statement.get("condition", [])
            },
        )

    account = "<Caller.account_id>"
    function: tuple[str, list[str], dict[str, list[str]]] = (
        "Service",
        ["lambda.amazonaws.com"],
        {},
    )
    schedule = (
        "Service",
        ["scheduler.amazonaws.com"],
        {
            "aws:SourceAccount": [account],
            "aws:SourceArn": [
                f"arn:<Partition.partition>:scheduler:us-east-1:{account}:schedule-group/default"
            ],
        },
    )
    assert takers == {
        role: schedule if role.endswith(("daily-dev", "hourly-dev")) else function
        for role in PERMISSIONS
    }


def test_no_policy_hides_in_a_text(whole_stack) -> None:
    """Every policy is a document that scanners read, never JSON in a string."""
    document = whole_stack(customer_managed_keys=True)
    found = 0
    for instances in document["resource"].values():
        for resource in instances.values():
            for name in ("policy", "assume_role_policy"):
                if name in resource:
                    found += 1
                    assert resource[name].startswith("${data.aws_iam_policy_document.")
    assert found >= 15
