"""AWS is asked about what changes, in its own words, and about nothing else."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from inventory_cli.access_analyzer import RESOURCE_TYPES, verdicts
from plan_review.plan import read_plan
from plan_review.review import review

READ, ALL = (
    json.dumps({"Statement": [{"Effect": "Allow", "Action": each, "Resource": "*"}]})
    for each in ("s3:GetObject", "*")
)


def reviewed(kind: str, before: str | None, after: str | None, **masks):
    """Give the review of a plan that changes one policy."""
    sides = {
        "before": None if before is None else {"bucket": "b", "role": "r", "policy": before},
        "after": None if after is None else {"bucket": "b", "role": "r", "policy": after},
    }
    actions = ["create"] if before is None else ["delete"] if after is None else ["update"]
    one = {"address": f"{kind}.P", "type": kind, "change": {"actions": actions, **sides, **masks}}
    return review(read_plan({"format_version": "1.2", "resource_changes": [one]}))


@pytest.fixture
def stub():
    """Give Access Analyzer with answers that were put into it."""
    client = boto3.client(
        "accessanalyzer",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # no key of anybody
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(("result", "passed"), [("PASS", True), ("FAIL", False)])
def test_a_changed_policy_is_asked_about(stub, result, passed) -> None:
    """With both documents, as what it is."""
    stub.add_response(
        "check_no_new_access",
        {"result": result, "message": "It grants new access."},
        {
            "existingPolicyDocument": READ,
            "newPolicyDocument": ALL,
            "policyType": "IDENTITY_POLICY",
        },
    )

    found = verdicts(reviewed("aws_iam_role_policy", READ, ALL), "us-east-1", stub.client)

    assert [each.passed for each in found.values()] == [passed]


def test_a_policy_of_a_bucket_is_asked_about_the_public(stub) -> None:
    """Also one that is new; that nobody is let in does not make it narrow."""
    wanted = {"policyDocument": ALL, "resourceType": "AWS::S3::Bucket"}
    result = reviewed("aws_s3_bucket_policy", None, ALL)
    stub.add_response("check_no_public_access", {"result": "FAIL", "message": "Public."}, wanted)
    stub.add_response("check_no_public_access", {"result": "PASS"}, wanted)

    assert verdicts(result, "us-east-1", stub.client)["aws_s3_bucket_policy.P"].words == "Public."
    assert verdicts(result, "us-east-1", stub.client) == {}


TRUST = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    }
)


@pytest.mark.parametrize(
    "more",
    [
        {"managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"inline_policy": [{"name": "x", "policy": ALL}]},
        {"permissions_boundary": None},
    ],
)
def test_what_aws_does_not_compare_is_not_asked(stub, more) -> None:
    """That the trust of a role stays as it is says nothing about its other policies."""
    before = {"name": "r", "assume_role_policy": TRUST, "permissions_boundary": "arn:b"}
    sides = {"before": before, "after": {**before, **more}}
    one = {
        "address": "aws_iam_role.R",
        "type": "aws_iam_role",
        "change": {"actions": ["update"], **sides},
    }
    result = review(read_plan({"format_version": "1.2", "resource_changes": [one]}))

    assert result.widening
    assert verdicts(result, "us-east-1", stub.client) == {}


def test_a_denial_that_goes_is_not_asked_about(stub) -> None:
    """A document without it allows nothing new; another one may."""
    denial = json.loads(READ)
    denial["Statement"].append({"Effect": "Deny", "Action": "*", "Resource": "*"})
    result = reviewed("aws_iam_role_policy", json.dumps(denial), READ)

    assert result.widening
    assert verdicts(result, "us-east-1", stub.client) == {}


@pytest.mark.parametrize(
    ("kind", "before", "after", "masks"),
    [
        ("aws_iam_role_policy", READ, None, {}),
        ("aws_iam_role_policy", READ, ALL, {"after_unknown": {"policy": True}}),
        ("aws_iam_role_policy", READ, ALL, {"after_sensitive": {"policy": True}}),
        ("aws_ecr_repository_policy", READ, ALL, {}),
    ],
)
def test_what_is_not_known_or_not_checked_is_not_asked(stub, kind, before, after, masks) -> None:
    """A policy that goes, that nobody knows yet, that is secret, or of another kind."""
    assert verdicts(reviewed(kind, before, after, **masks), "us-east-1", stub.client) == {}


def test_nothing_is_asked_without_credentials(monkeypatch) -> None:
    """And nothing is said about it."""
    monkeypatch.setattr("boto3.Session.get_credentials", lambda _: None)

    assert verdicts(reviewed("aws_iam_role_policy", READ, ALL), "us-east-1") == {}


@pytest.mark.parametrize("error", ["AccessDeniedException", None])
def test_our_own_judgement_stands_where_aws_does_not_answer(
    stub, capsys, monkeypatch, error
) -> None:
    """A role that may not ask reviews all the same, and says so."""
    if error:
        stub.add_client_error("check_no_new_access", error)
    else:

        def refuse(**_: str) -> None:
            raise NoCredentialsError

        monkeypatch.setattr(stub.client, "check_no_new_access", refuse)
    result = reviewed("aws_iam_role_policy", READ, ALL)

    assert verdicts(result, "us-east-1", stub.client) == {}
    assert "Access Analyzer" in capsys.readouterr().err
    assert result.widening


def test_the_types_are_those_that_aws_knows() -> None:
    """By the service's own model."""
    client = boto3.client(
        "accessanalyzer",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # no key of anybody
    )
    model = client.meta.service_model.shape_for("AccessCheckResourceType")

    assert {*RESOURCE_TYPES.values()} <= {*model.enum}
