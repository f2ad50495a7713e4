"""Permissions are compared pair by pair; what allows more is found."""

from __future__ import annotations

import json

import pytest

from plan_review.permissions import permission_changes
from plan_review.plan import read_plan
from plan_review.policies import OPAQUE, pairs_of


def policy(*statements: dict) -> str:
    """Give a policy's JSON."""
    filled = [{"Effect": "Allow", "Resource": "arn:r", **each} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


@pytest.fixture
def compare(plan_of, change):
    """Give a function that compares two policies of a role."""

    def run(before: str | None, after: str | None, **masks):
        sides = [
            None if each is None else {"role": "r", "policy": each} for each in (before, after)
        ]
        actions = ["create"] if before is None else ["delete"] if after is None else ["update"]
        one = change("aws_iam_role_policy.P", actions, *sides, **masks)
        return permission_changes(read_plan(plan_of(one)))

    return run


READ = {"Action": "s3:GetObject"}
CONDITION = {"StringEquals": {"aws:SourceAccount": "1"}}
DENY = {"Action": "s3:*", "Effect": "Deny"}


@pytest.mark.parametrize(
    ("before", "after", "widening"),
    [
        ([READ], [READ, {"Action": "s3:PutObject"}], ["s3:PutObject on arn:r"]),
        ([READ], [{**READ, "Resource": ["arn:r", "arn:s"]}], ["s3:GetObject on arn:s"]),
        ([READ], [{**READ, "Resource": "*"}], ["s3:GetObject on *"]),
        ([READ], [{"Action": "s3:*"}], ["s3:* on arn:r"]),
        ([{"Action": "s3:Get*"}], [READ], []),
        ([{**READ, "Resource": "arn:*"}], [READ], []),
        ([READ, {"Action": "s3:PutObject"}], [READ], []),
        ([{**READ, "Condition": CONDITION}], [READ], ["s3:GetObject on arn:r"]),
        ([READ], [{**READ, "Condition": CONDITION}], []),
        ([READ, DENY], [READ], ["deny s3:* on arn:r"]),
        ([READ], [READ, DENY], []),
        (
            [READ, DENY],
            [READ, DENY, {"Action": "s3:PutObject"}],
            ["s3:PutObject on arn:r"],
        ),
        ([READ, {"Action": "s3:PutObject", "Effect": "Deny"}], [READ, DENY], []),
        ([READ], [{"NotAction": "s3:PutObject"}], ["everything but s3:PutObject on arn:r"]),
        (
            [{**READ, "Principal": {"AWS": "1"}}],
            [{**READ, "Principal": "*"}],
            ["s3:GetObject on arn:r for everybody"],
        ),
        ([{**READ, "Principal": "*"}], [{**READ, "Principal": {"AWS": "1"}}], []),
    ],
)
def test_what_allows_more_is_found(compare, before, after, widening) -> None:
    """More actions, more resources, fewer conditions, fewer denials, more principals."""
    (found,) = compare(policy(*before), policy(*after))

    assert [str(pair) for pair in found.widening] == widening


def test_the_same_said_otherwise_is_no_change(compare) -> None:
    """Statements in one or in two, a list or a text."""
    one = policy({"Action": ["s3:GetObject", "s3:PutObject"]})
    two = policy({"Action": "s3:PutObject", "Sid": "B"}, {"Action": ["s3:GetObject"], "Sid": "A"})

    assert pairs_of(one) == pairs_of(two)
    assert compare(one, two) == ()


def test_a_policy_that_is_not_known_is_not_harmless(compare) -> None:
    """Known only after apply, or hidden: nobody can tell what it will allow."""
    (unknown,) = compare(policy(READ), "{}", unknown={"policy": True})
    (hidden,) = compare(policy(READ), policy(DENY), after_sensitive={"policy": True})

    assert unknown.unknown
    assert hidden.unknown


def test_a_new_policy_of_an_old_role_widens_it(plan_of, change) -> None:
    """Of a new role, only what is wild is flagged: all of it is new."""
    new_policy = change(
        "aws_iam_role_policy.P",
        ["create"],
        None,
        {"role": "r", "policy": policy(READ, {"Action": "s3:*"})},
    )
    new_role = change("aws_iam_role.R", ["create"], None, {"name": "r"})

    (of_old,) = permission_changes(read_plan(plan_of(new_policy)))
    of_new = permission_changes(read_plan(plan_of(new_role, new_policy)))[-1]

    assert [str(pair) for pair in of_old.widening] == ["s3:* on arn:r", "s3:GetObject on arn:r"]
    assert [str(pair) for pair in of_new.widening] == ["s3:* on arn:r"]


def test_a_bucket_that_loses_its_denial_is_opened(plan_of, change) -> None:
    """Unless the bucket goes, too."""
    side = {"bucket": "b", "policy": policy({**DENY, "Principal": "*"})}
    gone = change("aws_s3_bucket_policy.P", ["delete"], side)
    bucket = change("aws_s3_bucket.B", ["delete"], {"bucket": "b"})

    assert permission_changes(read_plan(plan_of(gone)))[0].widening
    assert not permission_changes(read_plan(plan_of(gone, bucket)))[0].widening


def test_grants_without_a_document_count(plan_of, change) -> None:
    """Who may invoke a function, and policies that are attached by name."""
    permission = change(
        "aws_lambda_permission.P",
        ["create"],
        None,
        {
            "action": "lambda:InvokeFunction",
            "function_name": "f",
            "principal": "events.amazonaws.com",
            "source_arn": "arn:rule",
        },
    )
    attached = change(
        "aws_iam_role_policy_attachment.A",
        ["create"],
        None,
        {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    )
    found = [
        str(pair)
        for each in permission_changes(read_plan(plan_of(permission, attached)))
        for pair in each.widening
    ]

    assert found == [
        "lambda:InvokeFunction on f for events.amazonaws.com if from arn:rule",
        "use of on arn:aws:iam::aws:policy/AdministratorAccess for r",
    ]


def test_what_is_not_known_yet_is_named_by_what_it_is_made_from(plan_of, change) -> None:
    """Of a document that Terraform writes while it applies, actions and origins are known."""
    address = "data.aws_iam_policy_document.D"
    read = change(
        address,
        ["read"],
        None,
        {
            "statement": [
                {"effect": "Allow", "actions": ["s3:GetObject"], "resources": [None]},
                {"effect": "Allow", "actions": ["sqs:SendMessage"], "resources": [None]},
                {"effect": "Deny", "actions": ["s3:*"], "resources": ["*"], "condition": []},
            ]
        },
    )
    role_policy = change(
        "aws_iam_role_policy.P", ["create"], None, {"role": "r"}, unknown={"policy": True}
    )
    source = {
        "resource": {
            "aws_iam_role_policy": {"P": {"policy": "${data.aws_iam_policy_document.D.json}"}}
        },
        "data": {
            "aws_iam_policy_document": {
                "D": {
                    "statement": [
                        {"resources": ["${aws_s3_bucket.B.arn}/*"]},
                        {"resources": ['${replace(aws_sqs_queue.Q.arn, "q", "*")}']},
                        {"resources": ["*"]},
                    ]
                }
            }
        },
    }
    document = plan_of(read, role_policy)

    (found,) = permission_changes(read_plan(document, source))

    assert [str(pair) for pair in found.added] == [
        "s3:GetObject on aws_s3_bucket.B.arn/* (known after apply)",
        f"sqs:SendMessage on {OPAQUE}",
        "deny s3:* on *",
    ]
