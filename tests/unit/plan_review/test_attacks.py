"""Attacks on the review with plans that nobody can make by an honest change.

Those that real Terraform plans are in `tests/e2e/test_review_attacks.py`.
"""

from __future__ import annotations

import copy
import io
import json

import pytest
from rich.console import Console

from calls import calls_of
from plan_review.digest import NotAPlanFileError, source_of
from plan_review.markdown import markdown
from plan_review.plan import DEEPEST, UnknownPlanError, read_plan
from plan_review.policies import matches, not_covered, pairs_of
from plan_review.review import PolicyCheck, review
from plan_review.sections import headline
from plan_review.terminal import show

FOREIGN = "999999999999"
SECRET = "hunter2"


def policy(*statements: dict) -> str:
    """Give a policy's JSON."""
    filled = [{"Effect": "Allow", "Resource": "arn:r", **each} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


def all_of(result) -> str:
    """Give a review as it stands on a terminal and in a comment."""
    screen = io.StringIO()
    show(result, Console(file=screen, width=300), title="t", digest="d")
    return screen.getvalue() + markdown(result, title="t", digest="d")


# Policies: what one document allows that another does not.


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        # One set with reversed inclusion: fewer exceptions allow more.
        ({"NotAction": ["s3:*", "iam:*"]}, {"NotAction": ["s3:*"]}, True),
        ({"NotAction": ["s3:*"]}, {"NotAction": ["s3:*", "iam:*"]}, False),
        ({"NotAction": ["s3:*"]}, {"NotAction": ["s3:Get*"]}, True),
        ({"NotAction": ["s3:Get*"]}, {"NotAction": ["s3:*"]}, False),
        ({"NotAction": ["s3:*"]}, {"Action": "s3:GetObject"}, True),
        ({"NotAction": ["s3:*"]}, {"Action": "sqs:SendMessage"}, False),
        ({"NotAction": ["s3:Get*"]}, {"Action": "s3:*"}, True),
        ({"Action": "*"}, {"NotAction": ["s3:*"]}, False),
        ({"Action": "s3:*"}, {"NotAction": ["s3:*"]}, True),
        (
            {"Action": "s3:*", "NotResource": ["arn:a", "arn:b"]},
            {"Action": "s3:*", "NotResource": ["arn:a"]},
            True,
        ),
        # A question mark is one character.
        ({"Action": "s3:Get?bject"}, {"Action": "s3:Get*bject"}, True),
        ({"Action": "s3:Get*bject"}, {"Action": "s3:Get?bject"}, False),
        ({"Action": "s3:?"}, {"Action": "s3:*"}, True),
        # Brackets mean nothing to IAM.
        ({"Action": "s3:*", "Resource": "arn:[ab]"}, {"Action": "s3:*", "Resource": "arn:a"}, True),
        # Principals are a set, and everybody but one is none of them.
        (
            {"Action": "s3:*", "Principal": {"AWS": ["1", "2"]}},
            {"Action": "s3:*", "Principal": {"AWS": "1"}},
            False,
        ),
        (
            {"Action": "s3:*", "Principal": {"AWS": "1"}},
            {"Action": "s3:*", "Principal": {"AWS": ["1", "2"]}},
            True,
        ),
        (
            {"Action": "s3:*", "NotPrincipal": {"AWS": ["1", "2"]}},
            {"Action": "s3:*", "NotPrincipal": {"AWS": "1"}},
            True,
        ),
        (
            {"Action": "s3:*", "Principal": {"AWS": "*"}},
            {"Action": "s3:*", "Principal": "*"},
            False,
        ),
        # All services are not all the world.
        (
            {"Action": "s3:*", "Principal": {"Service": "*"}},
            {"Action": "s3:*", "Principal": "*"},
            True,
        ),
        (
            {"Action": "s3:*", "Principal": "*"},
            {"Action": "s3:*", "Principal": {"Service": "*"}},
            False,
        ),
    ],
)
def test_what_one_document_allows_beyond_another(before, after, wider) -> None:
    """More than before is found, less is not called more."""
    old, new = pairs_of(policy(before)), pairs_of(policy(after))

    assert bool(not_covered(new, old, "Allow")) == wider


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A text that looks like two is one.
        (
            {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["1", "2"]}}},
            {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["1 or 2"]}}},
        ),
        # A variable may be what was left out.
        ({"NotResource": "arn:b/secret"}, {"Resource": "arn:b/${aws:PrincipalTag/of}"}),
        ({"NotResource": "arn:b/${aws:username}"}, {"Resource": "arn:b/secret"}),
    ],
)
def test_texts_that_say_more_than_they_seem_to(before, after) -> None:
    """Conditions and variables are taken for what they can be."""
    old, new = (
        pairs_of(
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Action": "s3:GetObject", **each},
                }
            )
        )
        for each in (before, after)
    )

    assert not_covered(new, old, "Allow")


@pytest.mark.parametrize(
    "resource",
    [
        "arn:*",
        "a*",
        "arn:aws:s3:*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::*a",
        "arn:aws:*:us-east-1:1:x",
        "arn:aws:dynamodb:*:*:*/*",
        "arn:aws:dynamodb:*:*:table/*/index/*",
    ],
)
def test_a_resource_that_names_nothing_is_wild(judged, change, resource) -> None:
    """Also of a role that comes with its policy."""
    role = change("aws_iam_role.R", ["create"], None, {"name": "r"})
    after = {"role": "r", "policy": policy({"Action": "s3:GetObject", "Resource": resource})}

    assert judged("aws_iam_role_policy.P", ["create"], None, after, around=[role]).widening


@pytest.mark.parametrize("pattern", ["*a" * 30, "a*" * 30 + "b"])
def test_a_pattern_of_many_stars_is_matched(pattern) -> None:
    """Backtracking would not end."""
    assert not matches(pattern, "a" * 2_000 + "c")


@pytest.fixture
def judged(plan_of, change):
    """Give a function that reviews one change, and what is around it."""

    def run(address: str, actions: list[str], before=None, after=None, **more):
        around = more.pop("around", [])
        source = more.pop("source", None)
        document = plan_of(change(address, actions, before, after, **more), *around)
        return review(read_plan(document, source))

    return run


def test_a_name_makes_no_owner(judged, change) -> None:
    """A new bucket that is called like a role does not make the role new."""
    bucket = change("aws_s3_bucket.B", ["create"], None, {"bucket": "r"})
    after = {"role": "r", "policy": policy({"Action": "s3:GetObject"})}

    result = judged("aws_iam_role_policy.P", ["create"], None, after, around=[bucket])

    assert result.widening


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:GetObject", "Principal": {"AWS": f"arn:aws:iam::{FOREIGN}:root"}},
        {"Action": "s3:GetObject", "Principal": {"AWS": FOREIGN}},
        {"Action": "s3:GetObject", "Principal": "*"},
        {"Action": "s3:GetObject", "Principal": {"Service": "*"}},
        {"Action": "s3:GetObject", "NotPrincipal": {"AWS": FOREIGN}},
        {"Action": "s3:GetObject", "Principal": {"CanonicalUser": "79a5"}},
        {"Action": "s3:GetObject", "Principal": {"Federated": "accounts.google.com"}},
        {"NotAction": "iam:*", "Principal": {"Service": "logs.amazonaws.com"}},
        {"Action": "s3:*", "Principal": {"Service": "logs.amazonaws.com"}},
        {
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::*",
            "Principal": {"Service": "logs.amazonaws.com"},
        },
    ],
)
def test_who_is_none_of_ours_counts_for_new_resources_too(judged, change, statement) -> None:
    """Everybody, another account, everything but: also of a bucket that comes with its policy."""
    bucket = change("aws_s3_bucket.B", ["create"], None, {"bucket": "b"})
    after = {"bucket": "b", "policy": policy(statement)}

    result = judged("aws_s3_bucket_policy.P", ["create"], None, after, around=[bucket])

    assert result.widening


def test_a_permission_without_a_source_is_one_for_everybody(judged, change) -> None:
    """It is absent, not unknown: any bucket of anybody may invoke the function."""
    function = change(
        "aws_lambda_function.F", ["create"], None, {"function_name": "f", "filename": "f"}
    )
    side = {
        "function_name": "f",
        "action": "lambda:InvokeFunction",
        "principal": "s3.amazonaws.com",
    }

    result = judged("aws_lambda_permission.P", ["create"], None, side, around=[function])

    (permission,) = result.permissions
    assert [str(each) for each in permission.widening] == [
        "lambda:InvokeFunction on f for s3.amazonaws.com"
    ]


def test_a_name_that_is_there_already_is_no_new_owner(judged, change) -> None:
    """A provider of another region or account may create one by the same name."""
    old = change("aws_iam_role.OLD", ["no-op"], {"name": "r"}, {"name": "r"})
    new = change("aws_iam_role.NEW", ["create"], None, {"name": "r"})
    document = policy({"Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/a"})
    added = "aws_iam_role_policy.P", ["create"], None, {"role": "r", "policy": document}

    assert judged(*added, around=[new]).attention == ()
    assert judged(*added, around=[old, new]).permissions[0].widening


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("aws_iam_role.R", {"managed_policy_arns": []}, {"managed_policy_arns": ["arn:p"]}),
        (
            "aws_iam_role.R",
            {"inline_policy": []},
            {"inline_policy": [{"name": "x", "policy": policy({"Action": "*"})}]},
        ),
        ("aws_iam_user.U", {"permissions_boundary": "arn:b"}, {"permissions_boundary": None}),
        ("aws_sqs_queue.Q", {"policy": ""}, {"policy": policy({"Action": "*", "Principal": "*"})}),
        ("module.m.aws_sqs_queue.Q", {}, {"policy": policy({"Action": "*", "Principal": "*"})}),
        # Letters as numbers are the same letters.
        (
            "aws_sqs_queue.Q",
            {},
            {"policy": policy({"Action": "*", "Principal": "*"}).replace("S", "\\u0053")},
        ),
        (
            "aws_sqs_queue.Q",
            {},
            {"policy": policy({"Action": "*", "Principal": "*"}).replace("Stat", "stat")},
        ),
        ("aws_vpc_endpoint.E", {}, {"policy": policy({"Action": "*", "Principal": "*"})}),
    ],
)
def test_permissions_within_other_resources_count(judged, address, before, after) -> None:
    """Inline and managed policies, boundaries, and documents of whatever type."""
    source = {"resource": {"aws_sqs_queue": {"Q": {"policy": ""}}}}
    source["resource"] |= {"aws_iam_role": {"R": after}, "aws_iam_user": {"U": after}}
    sides = {"name": "n", **before}, {"name": "n", **after}

    # A list of bodies, or a dynamic block, does not say what the resource has.
    listed: dict = {"resource": {}}
    dynamic: dict = {"resource": {}}
    for kind, named in source["resource"].items():
        listed["resource"][kind] = {name: [body] for name, body in named.items()}
        dynamic["resource"][kind] = {name: {"dynamic": {}} for name in named}
    for its_source in (None, source, listed, dynamic):
        result = judged(address, ["update"], *sides, source=its_source)
        assert result.permissions[0].widening or result.permissions[0].unknown


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        '{"Statement": 7}',
        "no JSON",
        '{"Statement": "x"}',
        # Which of the two counts, and whether AWS reads these, nobody can tell.
        policy({"Action": "*"})[:-1] + ', "Statement": []}',
        policy({"Action": "s3:a", "action": "*"}),
        policy({"Action": "s3:a", "Effect": "ALLOW"}),
        # What looks like a variable or a wildcard and is none.
        policy({"Action": "s3:a", "Resource": "arn:${aws:username}"}).replace("2012", "2008"),
        policy({"Action": "s3:a", "Resource": "arn:${*}"}),
        policy()[:-1] + ', "statement": []}',
    ],
)
def test_a_document_that_is_none_cannot_be_judged(judged, document) -> None:
    """It is neither harmless nor the end of the review."""
    after = {"role": "r", "policy": document}
    result = judged("aws_iam_role_policy.P", ["update"], {"role": "r", "policy": policy()}, after)

    assert result.permissions[0].unknown
    assert result.attention


@pytest.mark.parametrize(
    "expression",
    [
        '${replace(data.aws_iam_policy_document.D.json, "a", "*")}',
        "x${data.aws_iam_policy_document.D.json}",
        "${data.aws_iam_policy_document.Other.json}",
        None,
    ],
)
def test_only_a_plain_reference_says_what_its_document_says(judged, change, expression) -> None:
    """Seen: what a function makes of a document was called what the policy said before."""
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:r"], "effect": None}
    read = change("data.aws_iam_policy_document.D", ["read"], None, {"statement": [statement]})
    before = {"role": "r", "policy": policy({"Action": "s3:GetObject"})}
    source = {
        "resource": {"aws_iam_role_policy": {"P": {"policy": expression}}},
        "data": {"aws_iam_policy_document": {"D": {"statement": [{"resources": ["arn:r"]}]}}},
    }
    options = {"unknown": {"policy": True}, "around": [read]}

    def unknown(its_source):
        result = judged(
            "aws_iam_role_policy.P", ["update"], before, {"role": "r"}, source=its_source, **options
        )
        return [each.unknown for each in result.permissions]

    assert unknown(source) == [True]
    source["resource"]["aws_iam_role_policy"]["P"]["policy"] = (
        "${data.aws_iam_policy_document.D.json}"
    )
    assert unknown(source) == []


@pytest.mark.parametrize(
    "merged",
    [
        {"override_policy_documents": ["{}"]},
        {"source_policy_documents": ["{}"]},
        {"override_json": "{}"},
    ],
)
def test_a_document_that_merges_others_cannot_be_judged(judged, change, merged) -> None:
    """Seen: `*` on `*`, added by an override."""
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:r"], "effect": None}
    read = change(
        "data.aws_iam_policy_document.D", ["read"], None, {"statement": [statement], **merged}
    )
    source = {
        "resource": {
            "aws_iam_role_policy": {"P": {"policy": "${data.aws_iam_policy_document.D.json}"}}
        },
        "data": {"aws_iam_policy_document": {"D": {"statement": [{"resources": ["arn:r"]}]}}},
    }
    before = {"role": "r", "policy": policy({"Action": "s3:GetObject"})}
    result = judged(
        "aws_iam_role_policy.P",
        ["update"],
        before,
        {"role": "r"},
        source=source,
        unknown={"policy": True},
        around=[read],
    )

    assert result.permissions[0].unknown


def test_the_word_of_aws_outranks_ours(judged) -> None:
    """Both ways: it knows what we cannot know."""
    before = {"role": "r", "policy": policy({"Action": "s3:GetObject"})}
    after = {"role": "r", "policy": policy({"Action": "s3:GetObjectVersion"})}
    ours = judged("aws_iam_role_policy.P", ["update"], before, after)
    address = ours.permissions[0].address

    def told(*, passed: bool):
        said = {
            address: PolicyCheck(passed=passed, words="no new access" if passed else "new access")
        }
        return review(ours.plan, verdicts=said)

    assert ours.widening
    assert not told(passed=True).widening
    assert told(passed=False).widening
    assert "AWS: no new access" in all_of(told(passed=True))


# Drift: what somebody did by hand.


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("aws_sqs_queue", {"tags": {"protected": "false"}}),
        ("aws_lambda_function", {"environment": [{"variables": {"SWITCH": "0"}}]}),
    ],
)
def test_a_zero_that_somebody_wrote_by_hand_is_drift(recorded, kind, block) -> None:
    """The provider fills in zeros of its own schema, no tags and no variables."""
    document = recorded("no-op")
    before = {"id": "x", "tags": {}, "environment": [{"variables": {}}]}
    change = {"actions": ["update"], "before": before, "after": {**before, **block}}
    drifted = {"address": f"{kind}.x", "mode": "managed", "type": kind, "change": change}
    document["resource_drift"] = [{**document["resource_drift"][0], **drifted}]
    assert review(read_plan(document, document["source"])).drift


@pytest.mark.parametrize(
    ("kind", "attribute", "by_hand"),
    [
        (
            "aws_iam_role",
            "inline_policy",
            lambda echo: [*echo, {"name": "evil", "policy": policy({"Action": "*"})}],
        ),
        (
            "aws_iam_role",
            "managed_policy_arns",
            lambda echo: [*(echo or []), "arn:aws:iam::1:evil"],
        ),
        ("aws_sns_topic", "policy", lambda _: policy({"Action": "*", "Principal": "*"})),
        ("aws_sqs_queue", "policy", lambda _: policy({"Action": "*", "Principal": "*"})),
        ("aws_sqs_queue", "redrive_policy", lambda _: '{"maxReceiveCount":1000}'),
    ],
)
def test_an_echo_is_hidden_only_if_the_stack_says_the_same(
    recorded, kind, attribute, by_hand
) -> None:
    """Seen: a `*:*` inline policy, put on a role by hand, and "No changes"."""
    document = recorded("no-op")
    change = copy.deepcopy(
        next(each for each in document["resource_drift"] if each["type"] == kind)["change"]
    )
    drifted = copy.deepcopy(document)
    target = next(each for each in drifted["resource_drift"] if each["type"] == kind)["change"]
    target["after"][attribute] = by_hand(change["after"].get(attribute))

    honest = review(read_plan(document, document["source"]))
    attacked = review(read_plan(drifted, document["source"]))

    assert honest.drift == ()
    assert [each.address.partition(".")[0] for each in attacked.drift] == [kind]
    assert attacked.empty
    assert "No changes" not in headline(attacked)
    assert attacked.attention


# What holds data.


@pytest.mark.parametrize(
    ("address", "actions", "more"),
    [
        ("aws_sqs_queue.Q", ["forget"], {}),
        ("aws_nobody_knows_it.X", ["delete"], {}),
        ("aws_nobody_knows_it.X", ["create", "forget"], {}),
        ("aws_nobody_knows_it.X", ["delete", "create"], {}),
    ],
)
def test_what_may_hold_data_is_refused(judged, address, actions, more) -> None:
    """Forgotten as well as destroyed, and a type that nobody knows here."""
    side = {"name": "n"}
    after = None if actions in (["forget"], ["delete"]) else side

    assert judged(address, actions, side, after, **more).refused == (address,)


def test_what_happens_beside_a_change_is_named(plan_of, change) -> None:
    """A move, an import and a replacement that somebody asked for."""
    side, other = {"name": "q"}, {"name": "q", "delay_seconds": 1}
    moved = {**change("aws_sqs_queue.A", ["update"], side, other), "previous_address": "x.Old"}
    imported = change("aws_sqs_queue.B", ["update"], side, other, importing={"id": "url"})
    asked = {
        **change("aws_iam_role.C", ["delete", "create"], side, side),
        "action_reason": "replace_by_request",
    }

    text = all_of(review(read_plan(plan_of(moved, imported, asked))))

    assert "moved from x.Old" in text
    assert "imported as url" in text
    assert "-replace" in text


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([], [{"id": "n", "expiration": [{"days": 5}]}], True),
        (
            [{"id": "a", "expiration": [{"days": 9}]}],
            [{"id": "a", "expiration": [{"days": 8}]}],
            True,
        ),
        (
            [{"id": "a", "expiration": [{"days": 9}]}],
            [{"id": "a", "expiration": [{"days": 10}]}],
            False,
        ),
        ([{"id": "a", "expiration": [{"days": 9}]}], [], False),
        # A short rule elsewhere does not excuse a new one for everything.
        (
            [{"id": "scratch", "expiration": [{"days": 1}], "filter": [{"prefix": "tmp/"}]}],
            [
                {"id": "scratch", "expiration": [{"days": 1}], "filter": [{"prefix": "tmp/"}]},
                {"id": "all", "expiration": [{"days": 2}], "filter": [{"prefix": ""}]},
            ],
            True,
        ),
        (
            [{"id": "scratch", "expiration": [{"days": 1}], "filter": [{"prefix": "tmp/"}]}],
            [{"id": "scratch", "expiration": [{"days": 1}], "filter": [{"prefix": ""}]}],
            True,
        ),
        (
            [{"id": "a", "noncurrent_version_expiration": [{"noncurrent_days": 90}]}],
            [{"id": "a", "noncurrent_version_expiration": [{"noncurrent_days": 1}]}],
            True,
        ),
        ([{"id": "a", "status": "Disabled"}], [{"id": "a", "status": "Enabled"}], True),
        (
            [{"id": "a", "noncurrent_version_expiration": [{"newer_noncurrent_versions": 5}]}],
            [{"id": "a", "noncurrent_version_expiration": [{"noncurrent_days": 9}]}],
            True,
        ),
        (
            [{"id": "a", "noncurrent_version_expiration": [{"newer_noncurrent_versions": 5}]}],
            [{"id": "a", "prefix": "tmp/"}],
            False,
        ),
    ],
)
def test_objects_that_expire_sooner_are_refused(judged, before, after, refused) -> None:
    """Rule by rule; a rule that goes lets them live."""
    address = "aws_s3_bucket_lifecycle_configuration.L"
    result = judged(
        address, ["update"], {"bucket": "b", "rule": before}, {"bucket": "b", "rule": after}
    )

    assert result.refused == ((address,) if refused else ())
    if refused:
        assert f"--allow {address}" in all_of(result)


ALARM = "aws_cloudwatch_metric_alarm"
MEASURE = {"alarm_name": "a", "threshold": 1, "metric_name": "m", "dimensions": {"F": "f"}}
FUNCTION = {
    "function_name": "f",
    "filename": "f.zip",
    "source_code_hash": "h",
    "handler": "f.handler",
    "environment": [{"variables": {"TABLE_NAME": "t"}}],
    "code_signing_config_arn": "arn:c",
}
SCHEDULE = {"schedule_expression": "rate(1 hour)", "target": [{"arn": "arn:f"}]}
ENCRYPTED = "apply_server_side_encryption_by_default"
TEMPORARY = {"id": "a b", "expiration": [{"days": 1}], "filter": [{"prefix": "tmp/"}]}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (ALARM, MEASURE, {"threshold": 1e9}),
        (ALARM, MEASURE, {"metric_name": "other"}),
        (ALARM, MEASURE, {"dimensions": {"F": "other"}}),
        (ALARM, MEASURE, {"datapoints_to_alarm": 99}),
        ("aws_cloudwatch_composite_alarm", {"alarm_rule": "a"}, {"alarm_rule": "FALSE"}),
        ("aws_cloudwatch_log_metric_filter", {"pattern": "ERROR"}, {"pattern": "NEVER"}),
        (
            "aws_lambda_function",
            FUNCTION,
            {"environment": [{"variables": {"TABLE_NAME": "other"}}]},
        ),
        ("aws_lambda_function", FUNCTION, {"handler": "other.handler"}),
        ("aws_lambda_function", FUNCTION, {"code_signing_config_arn": "arn:other"}),
        (
            "aws_lambda_event_source_mapping",
            {"enabled": True},
            {"filter_criteria": [{"filter": [{"pattern": "{}"}]}]},
        ),
        (
            "aws_lambda_code_signing_config",
            {"allowed_publishers": [{"signing_profile_version_arns": ["arn:a"]}]},
            {"allowed_publishers": [{"signing_profile_version_arns": ["arn:a", "arn:b"]}]},
        ),
        (
            "aws_lambda_function_event_invoke_config",
            {"destination_config": [{"on_failure": [{"destination": "arn:q"}]}]},
            {"destination_config": [{"on_failure": [{"destination": "arn:other"}]}]},
        ),
        ("aws_scheduler_schedule", SCHEDULE, {"schedule_expression": "at(2099-01-01T00:00:00)"}),
        ("aws_scheduler_schedule", SCHEDULE, {"end_date": "2000-01-01T00:00:00Z"}),
        ("aws_scheduler_schedule", SCHEDULE, {"target": [{"arn": "arn:other"}]}),
        ("aws_cloudwatch_event_target", {"arn": "arn:q"}, {"arn": "arn:other"}),
        ("aws_dynamodb_table", {"stream_enabled": True}, {"stream_enabled": False}),
        (
            "aws_dynamodb_table",
            {"replica": [{"region_name": "eu-west-1"}]},
            {"replica": [{"region_name": "eu-west-2"}]},
        ),
        ("aws_sqs_queue", {"kms_master_key_id": "arn:k"}, {"kms_master_key_id": "arn:other"}),
        ("aws_sqs_queue", {"visibility_timeout_seconds": 900}, {"visibility_timeout_seconds": 0}),
        ("aws_cloudwatch_log_group", {"kms_key_id": "arn:k"}, {"kms_key_id": "arn:other"}),
        ("aws_sns_topic_subscription", {"endpoint": "arn:q"}, {"filter_policy": '{"a": ["x"]}'}),
        (
            "aws_s3_bucket_server_side_encryption_configuration",
            {"rule": [{ENCRYPTED: [{"sse_algorithm": "aws:kms", "kms_master_key_id": "k"}]}]},
            {"rule": [{ENCRYPTED: [{"sse_algorithm": "AES256"}]}]},
        ),
        (
            "aws_s3_bucket_lifecycle_configuration",
            {"rule": [{"id": "a", "status": "Enabled"}]},
            {"rule": [{"id": "a", "status": "Enabled", "expiration": [{"date": "2026-11-29"}]}]},
        ),
        ("aws_s3_bucket", {"bucket": "b"}, {"acl": "public-read"}),
        ("aws_s3_bucket", {"bucket": "b"}, {"grant": [{"permissions": ["READ"]}]}),
        (
            "aws_s3_bucket",
            {"bucket": "b"},
            {"replication_configuration": [{"rules": [{"status": "Enabled"}]}]},
        ),
        (
            "aws_s3_account_public_access_block",
            {"block_public_acls": True},
            {"block_public_acls": False},
        ),
        (
            "aws_lambda_function",
            {**FUNCTION, "environment": [{"variables": {"MAX_STOCK_DROP_SHARE": "0.5"}}]},
            {"environment": [{"variables": {"MAX_STOCK_DROP_SHARE": "0"}}]},
        ),
        (
            "aws_lambda_function",
            {**FUNCTION, "environment": [{"variables": {"FEED_PROFILES": '{"feeds":{"a":1}}'}}]},
            {"environment": [{"variables": {"FEED_PROFILES": '{"feeds":{}}'}}]},
        ),
        (
            "aws_lambda_function",
            {**FUNCTION, "logging_config": [{"system_log_level": "INFO"}]},
            {"logging_config": [{"system_log_level": "WARN"}]},
        ),
        (
            "aws_lambda_function_recursion_config",
            {"recursive_loop": "Allow"},
            {"recursive_loop": "Terminate"},
        ),
        ("aws_kms_alias", {"target_key_id": "k"}, {"target_key_id": "other"}),
        # The names of two rules that differ in a dot are two names.
        (
            "aws_s3_bucket_lifecycle_configuration",
            {"rule": [TEMPORARY]},
            {"rule": [{**TEMPORARY, "id": "a.b", "filter": [{"prefix": ""}]}, TEMPORARY]},
        ),
    ],
)
def test_what_works_otherwise_needs_attention(judged, kind, before, after) -> None:
    """Alarms that never ring, events that go elsewhere, keys of others: nothing is unseen."""
    assert judged(f"{kind}.X", ["update"], before, {**before, **after}).guards


@pytest.mark.parametrize(
    ("kind", "before", "unknown"),
    [
        ("aws_s3_bucket_lifecycle_configuration", {"rule": None}, {"rule": True}),
        ("aws_cloudwatch_log_group", {"retention_in_days": 0}, {"retention_in_days": True}),
        ("aws_cloudwatch_log_group", {"kms_key_id": ""}, {"kms_key_id": True}),
        ("aws_dynamodb_table", {"ttl": [{"enabled": False}]}, {"ttl": [{"enabled": True}]}),
        ("aws_dynamodb_table", {"ttl": [{"enabled": False}]}, {"ttl": True}),
        ("aws_s3_bucket", {"force_destroy": False}, {"force_destroy": True}),
        ("aws_lambda_event_source_mapping", {"enabled": True}, {"filter_criteria": True}),
        (ALARM, {**MEASURE, "threshold": 0}, {"threshold": True}),
        ("aws_cloudwatch_event_target", {"retry_policy": []}, {"retry_policy": True}),
    ],
)
def test_what_is_not_known_yet_may_take_a_guard_away(judged, kind, before, unknown) -> None:
    """Also where nothing was, and where a whole block is not known."""
    after = {**before, **dict.fromkeys(unknown)}
    if isinstance(unknown.get("ttl"), list):
        after["ttl"] = [{}]

    result = judged(f"{kind}.X", ["update"], before, after, unknown=unknown)

    assert result.guards
    assert result.refused == ()


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("aws_s3_bucket_public_access_block", {"block_public_acls": False}),
        ("aws_s3_object", {"acl": "public-read"}),
    ],
)
def test_what_opens_a_bucket_that_is_there_needs_attention(judged, kind, after) -> None:
    """It is created, but what it opens is not."""
    assert judged(f"{kind}.X", ["create"], None, {"bucket": "b", **after}).guards


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read"])
def test_a_bucket_that_begins_public_needs_attention(judged, acl) -> None:
    """It holds nothing yet, but it will."""
    made = ("aws_s3_bucket.B", ["create"], None)
    assert judged(*made, {"bucket": "b", "acl": acl}).guards
    assert judged(*made, {"bucket": "b", "acl": "private", "force_destroy": True}).guards == ()


def test_another_reader_of_a_queue_that_is_there_needs_attention(judged, change) -> None:
    """What it takes, the function that is meant never sees."""
    made = ("aws_lambda_event_source_mapping.M", ["create"], None)
    after = {"function_name": "thief", "event_source_arn": "arn:aws:sqs:eu-west-1:1:work"}
    thief = change("aws_lambda_function.T", ["create"], None, {"function_name": "thief"})
    queue = change("aws_sqs_queue.W", ["create"], None, {"name": "work"})

    (guard,) = judged(*made, after, around=[thief]).guards
    assert guard.path == "event_source_arn"
    assert judged(*made, after, around=[thief, queue]).guards == ()


@pytest.mark.parametrize("actions", [["delete"], ["update"]])
def test_versioning_that_goes_is_suspended(judged, change, actions) -> None:
    """The provider suspends it when it is destroyed; with its bucket there is nothing to keep."""
    address = "aws_s3_bucket_versioning.V"
    on = {"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]}
    off = {"bucket": "b", "versioning_configuration": [{"status": "Suspended"}]}
    after = None if actions == ["delete"] else off
    gone = change("aws_s3_bucket.B", ["delete"], {"bucket": "b"}, None)

    assert judged(address, actions, on, after).refused == (address,)
    if after is None:
        assert judged(address, actions, on, after, around=[gone]).refused == ("aws_s3_bucket.B",)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ({"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}, True),
        (
            {"lifecycle_rule": [{"id": "a", "noncurrent_version_expiration": [{"days": 90}]}]},
            {"lifecycle_rule": [{"id": "a", "noncurrent_version_expiration": [{"days": 1}]}]},
            True,
        ),
        (
            {"lifecycle_rule": [{"id": "a", "enabled": True, "prefix": "parts/"}]},
            {"lifecycle_rule": [{"id": "a", "enabled": True, "prefix": ""}]},
            True,
        ),
        ({"lifecycle_rule": [{"id": "a", "prefix": "parts/"}]}, {"lifecycle_rule": []}, False),
    ],
)
def test_the_blocks_within_a_bucket_guard_as_their_resources_do(
    judged, before, after, refused
) -> None:
    """Versioning and lifetimes have two ways of being written."""
    result = judged("aws_s3_bucket.B", ["update"], {"bucket": "b", **before}, after)

    assert result.refused == (("aws_s3_bucket.B",) if refused else ())


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (ALARM, MEASURE, {"tags": {"a": "b"}}),
        (ALARM, None, MEASURE),
        ("aws_scheduler_schedule", None, SCHEDULE),
        ("aws_lambda_function", FUNCTION, {"source_code_hash": "other"}),
        (
            "aws_lambda_function",
            FUNCTION,
            {"environment": [{"variables": {"TABLE_NAME": "t", "NEW": "x"}}]},
        ),
    ],
)
def test_everyday_changes_need_none(judged, kind, before, after) -> None:
    """Code, tags, settings and alarms that are added."""
    actions = ["update"] if before else ["create"]

    assert judged(f"{kind}.X", actions, before, {**(before or {}), **after}).attention == ()


def test_code_from_elsewhere_needs_attention(judged) -> None:
    """An image or an object of S3 is no zip that anybody reviewed."""
    old = {"function_name": "f", "filename": "assets/f.zip", "source_code_hash": "h"}
    new = {"function_name": "f", "s3_bucket": "b", "s3_key": "k", "source_code_hash": "h"}

    result = judged("aws_lambda_function.F", ["update"], old, new)

    assert [each.elsewhere for each in result.code] == [True]
    assert result.attention


@pytest.mark.parametrize("actions", [["create"], ["update"]])
@pytest.mark.parametrize("unknown", [True, False])
def test_layers_are_code_from_elsewhere(judged, actions, unknown) -> None:
    """What they hold runs in the function; those that it has already are no news."""
    before = FUNCTION if actions == ["update"] else None
    after = {**FUNCTION, "layers": None if unknown else ["arn:aws:lambda:layer"]}
    mask = {"layers": unknown}

    assert judged("aws_lambda_function.F", actions, before, after, unknown=mask).attention
    tagged = {**after, "tags": {"a": "b"}}
    if not unknown:
        assert judged("aws_lambda_function.F", ["update"], after, tagged).attention == ()


@pytest.mark.parametrize("module", ["", "module.m."])
def test_a_program_that_is_run_needs_attention(plan_of, change, module) -> None:
    """Whoever applies the plan runs it, with all credentials."""
    made = change(f'{module}null_resource.X["a"]', ["create"], None, {})
    configuration: dict[str, object] = {
        "resources": [{"address": "null_resource.X", "provisioners": [{"type": "local-exec"}]}]
    }
    if module:
        configuration = {"module_calls": {"m": {"module": configuration}}}
    document = plan_of(made, configuration={"root_module": configuration})

    assert 'null_resource.X["a"]' in review(read_plan(document)).attention[0]
    assert review(read_plan(plan_of(made))).attention == ()


@pytest.mark.parametrize("kind", ["external", "aws_lambda_invocation"])
def test_a_program_that_is_read_needs_attention(plan_of, change, kind) -> None:
    """A data source that waits for the apply runs then."""
    address = f"data.{kind}.X"
    result = review(read_plan(plan_of(change(address, ["read"], None, {}) | {"type": kind})))

    assert result.programs == (address,)
    assert result.attention


@pytest.mark.parametrize(
    "kind",
    [
        "aws_cloudcontrolapi_resource",
        "aws_cloudformation_stack",
        "aws_dynamodb_table_export",
        "aws_pipes_pipe",
        "aws_s3_bucket_inventory",
        "aws_dynamodb_kinesis_streaming_destination",
        "aws_eks_pod_identity_association",
        "aws_lambda_invocation",
        "aws_rolesanywhere_trust_anchor",
        "aws_s3_bucket_replication_configuration",
    ],
)
def test_what_brings_rights_or_takes_data_along_cannot_be_judged(judged, kind) -> None:
    """Resources that make others, let others in, or send data elsewhere."""
    assert judged(f"{kind}.X", ["create"], None, {"name": "x"}).attention


@pytest.mark.parametrize(
    ("address", "attribute", "value"),
    [
        ("aws_cloudwatch_log_group.L", "kms_key_id", f"arn:aws:kms:us-east-1:{FOREIGN}:key/k"),
        (
            "aws_iam_role_policy.P",
            "policy",
            policy({"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{FOREIGN}:role/x"}),
        ),
        ("aws_scheduler_schedule.P", "target", f"arn:aws:sqs:us-east-1:{FOREIGN}:q"),
    ],
)
def test_what_names_another_account_needs_attention(
    plan_of, change, address, attribute, value
) -> None:
    """Also of a new resource, and in whatever attribute; what is our own is no news."""
    role = change("aws_iam_role.R", ["create"], None, {"name": "r"})

    def judged(text: str):
        made = change(address, ["create"], None, {"role": "r", attribute: text})
        identity = {"type": "aws_caller_identity", "values": {"account_id": "111111111111"}}
        state = {"values": {"root_module": {"resources": [identity]}}}
        return review(read_plan(plan_of(role, made, prior_state=state)))

    assert judged(value).strangers == (address,)
    assert address in judged(value).attention[-1]
    assert judged(value).attention
    assert judged(value.replace(FOREIGN, "111111111111")).attention == ()


def test_many_that_need_attention_leave_room_for_the_rest(plan_of, change) -> None:
    """A comment has a length, and the first lines of it are never cut."""
    many = [change(f"null_resource.X{index}", ["create"], None, {}) for index in range(9_000)]
    resources = [{"address": each["address"], "provisioners": [{}]} for each in many]
    document = plan_of(*many, configuration={"root_module": {"resources": resources}})

    text = markdown(review(read_plan(document)), title="t", digest="d")

    assert "and 8,995 more" in text
    assert len(text) < 65_536


# Plans that are not all there is to do.


@pytest.mark.parametrize(
    "partial",
    [
        {"complete": False},
        {"deferred_changes": [{"reason": "x"}]},
        {"checks": [{"status": "fail"}]},
        {"checks": [{"status": "error"}]},
        {"applyable": True},
        {"action_invocations": [{}]},
    ],
)
def test_a_partial_plan_is_never_no_changes(plan_of, partial) -> None:
    """Whatever it leaves out."""
    result = review(read_plan(plan_of(**partial)))

    assert "No changes" not in headline(result)
    assert result.attention


def test_a_plan_that_may_not_have_looked_is_never_no_changes(plan_of, change) -> None:
    """`-refresh=false` leaves no trace in a plan; without any drift nobody can tell."""
    same = change("aws_sqs_queue.Q", ["no-op"], {"name": "q"}, {"name": "q"})
    plan = read_plan(plan_of(same))

    assert review(plan).attention == ()
    assert review(plan, looked=False).attention


# Text that is more than text.


def test_secrets_hide_in_names_owners_and_pairs(plan_of, change) -> None:
    """One function masks whatever is printed."""
    hidden = {"function_name": True, "principal": True, "name": True, "role": True, "policy": True}
    masks = {"before_sensitive": hidden, "after_sensitive": hidden}
    function = {"function_name": SECRET, "timeout": 1, "filename": "f", "source_code_hash": "a"}
    permission = {"function_name": SECRET, "action": "a", "principal": SECRET, "name": SECRET}
    text = policy({"Action": SECRET})
    document = plan_of(
        change("aws_lambda_function.F", ["update"], function, {**function, "timeout": 2}, **masks),
        change("aws_lambda_permission.P", ["create"], None, permission, **masks),
        change("aws_iam_role_policy.R", ["delete"], {"role": SECRET, "policy": text}, **masks),
        change("aws_kinesis_stream.S", ["delete"], {"name": SECRET}, **masks),
        change("aws_iam_role.T", ["create"], None, {"name": SECRET, "policy": text}, **masks),
    )

    assert SECRET not in all_of(review(read_plan(document)))


def test_text_of_a_plan_stays_text_in_notes_too(plan_of, change) -> None:
    """Addresses with keys, paths and places of origin: nobody is called, nothing is coloured."""
    evil = 'aws_sqs_queue.Q["@octocat `x` #1 \x1b[2J \u202e"]'
    moved = {**change(evil, ["no-op"]), "previous_address": f"{evil} @other"}
    lost = change(
        f"{evil}2", ["delete", "create"], {"name": "q"}, {"name": "q"}, replace_paths=[[evil]]
    )
    text = all_of(review(read_plan(plan_of(moved, lost))))
    comment = markdown(review(read_plan(plan_of(moved, lost))), title="@me", digest="")
    outside = "".join(_outside_of_code(line) for line in comment.splitlines())

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "@" not in outside
    assert "octocat" not in outside


def _outside_of_code(line: str) -> str:
    """Give the part of a line that is not in a code span: equal runs of backticks enclose one."""
    parts, rest = [], line
    while "`" in rest:
        before, _, rest = rest.partition("`")
        fence = "`" + rest[: len(rest) - len(rest.lstrip("`"))]
        rest = rest.lstrip("`")
        parts.append(before)
        _, _, rest = rest.partition(fence)
    return "".join([*parts, rest])


# Plans that are odd, deep or huge.


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"format_version": "1.2", "resource_changes": 7},
        {"format_version": "1.2", "resource_changes": [{}]},
        {"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": None}]},
        {
            "format_version": "1.2",
            "resource_changes": [
                {"address": "a.b", "type": "a", "change": {"actions": ["update"], "before": "x"}}
            ],
        },
    ],
)
def test_fails_in_one_line_for_an_odd_shape(document) -> None:
    """It is no plan that Terraform wrote."""
    with pytest.raises(UnknownPlanError) as raised:
        read_plan(document)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "side"),
    [
        ("aws_dynamodb_table.T", {"point_in_time_recovery": 7}),
        ("aws_lambda_function.F", {"filename": "f.zip", "memory_size": "many"}),
    ],
)
def test_fails_in_one_line_for_a_resource_of_an_odd_shape(judged, address, side) -> None:
    """A table whose recovery is no list, a size that is no number."""
    with pytest.raises(UnknownPlanError, match="shape"):
        judged(address, ["create"], None, side)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("x.tf.json", [{"locals": {"a": 1}}]),
        ("cdk.tf.json", {"terraform": [{}]}),
        ("cdk.tf.json", {"terraform": {"backend": [{}]}}),
        ("cdk.tf.json", {"provider": [{}]}),
        ("cdk.tf.json", {"resource": {"aws_sqs_queue": [{}]}}),
    ],
)
def test_fails_in_one_line_for_blocks_in_lists(name, document) -> None:
    """Terraform takes them; cdktf never writes them."""
    with pytest.raises(NotAPlanFileError, match=f"^{name} .*lists"):
        source_of({name: json.dumps(document).encode()})


def test_fails_in_one_line_for_a_value_without_bottom(plan_of, change) -> None:
    """Whoever shows it would descend as far."""
    value: object = "x"
    for _ in range(DEEPEST):
        value = [value]

    with pytest.raises(UnknownPlanError, match="levels deep"):
        read_plan(plan_of(change("aws_sns_topic.T", ["update"], {"a": 1}, {"a": value})))


def test_a_plan_of_outputs_alone_is_one(plan_of) -> None:
    """Terraform leaves out the changes of resources when there are none."""
    document = plan_of(planned_values={})
    del document["resource_changes"]

    assert review(read_plan(document)).plan.changes == ()


def test_an_output_that_is_shown_from_now_on_needs_attention(plan_of) -> None:
    """Whoever reads the next plan's log has it."""
    output = {"actions": ["update"], "before": SECRET, "after": SECRET, "before_sensitive": True}

    def judged(**more):
        return review(read_plan(plan_of(output_changes={"token": {**output, **more}})))

    shown = judged(after_sensitive=False)
    assert shown.attention == ("an output that was sensitive is shown from now on",)
    assert "token" in all_of(shown)
    assert SECRET not in all_of(shown)
    assert judged(after_sensitive=True).empty


def test_a_document_that_is_nested_without_end_is_text(judged) -> None:
    """Python gives up at a depth that an attacker can reach."""
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000

    result = judged("aws_ssm_parameter.P", ["update"], {"value": "x"}, {"value": deep})
    attacked = judged("aws_iam_role_policy.P", ["update"], {"policy": policy()}, {"policy": deep})

    assert "value" in all_of(result)
    assert attacked.permissions == () or attacked.attention


def test_work_grows_with_the_number_of_changes(plan_of, change) -> None:
    """Judging and telling twenty thousand must not take hours, nor hide a permission."""
    before, after = ({"role": "r", "policy": policy({"Action": each})} for each in ("s3:a", "*"))

    def told(number: int) -> str:
        many = [
            change(f"aws_sqs_queue.Q{n}", ["update"], {"delay_seconds": 1}, {"delay_seconds": 2})
            for n in range(number)
        ]
        document = plan_of(*many, change("aws_iam_role_policy.P", ["update"], before, after))
        screen = io.StringIO()
        show(review(read_plan(document)), Console(file=screen, width=100), title="t", digest="")
        return screen.getvalue()

    text = told(2_000)
    assert text.index("aws_iam_role_policy.P") < text.index("aws_sqs_queue.Q0")
    assert "aws_sqs_queue.Q1999" in text
    assert calls_of(lambda: told(1_000)) < 2.5 * calls_of(lambda: told(500))
