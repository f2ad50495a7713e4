"""Grants say what was granted, and any number of them fit into one policy."""

from __future__ import annotations

import json

import cdktf
import pytest
from constructs import Construct

from constructs_lib.account import Account
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.event_bus import EventBus, EventBusProps
from constructs_lib.iam import Condition, PolicyStatement
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.queue_event_rule import QueueEventRule, QueueEventRuleProps
from constructs_lib.validation import InvalidPropsError
from synthesised import a_function, a_queue, only, readable, resources, statements

ACCOUNT = Account(
    account_id="123456789012",
    partition="aws",
    dns_suffix="amazonaws.com",
    region="us-east-1",
)


def a_bucket(scope, name, **props):
    """Add a bucket; all of them have the same id."""
    return PrivateBucket(scope, "my-files", PrivateBucketProps(bucket_name=name, **props))


def a_key(scope, id_="my-key"):
    """Add a key."""
    return EncryptionKey(scope, id_, EncryptionKeyProps(key_alias=id_, account=ACCOUNT))


def test_a_grant_says_who_may_do_what_to_what(new_stack) -> None:
    """Actions, resources, and the policy to wait for."""
    stack = new_stack()
    function, queue = a_function(stack), a_queue(stack, "Jobs")

    given = queue.grant_send(function)

    (statement,) = given.statements
    (policy,) = given.policies
    assert given.grantee is function
    assert (statement.actions, statement.resources) == (("sqs:SendMessage",), (queue.queue_arn,))
    assert policy.node.path == "test/Work/Policy"


def test_a_grant_on_what_is_encrypted_includes_the_key(new_stack) -> None:
    """In the same policy, which is named once."""
    stack = new_stack()
    key = a_key(stack)
    queue = a_queue(stack, "Jobs", encryption_key=key)

    given = queue.grant_send(a_function(stack))

    assert [each.actions[0] for each in given.statements] == ["sqs:SendMessage", "kms:Decrypt"]
    assert given.statements[1].resources == (key.key_arn,)
    assert len(given.policies) == 1


def test_a_grant_to_a_service_names_both_policies(new_stack) -> None:
    """That of the queue, and the key with its own."""
    stack = new_stack()
    queue = a_queue(stack, "Jobs", encryption_key=a_key(stack))

    given = queue.grant_send_by_rule("the-rule")

    assert given.grantee == "events.amazonaws.com"
    assert [each.node.path for each in given.policies] == [
        "test/Jobs/Policy",
        "test/my-key/Resource",
    ]


def test_rules_and_their_queues_may_use_a_key_of_another_stack() -> None:
    """Terraform takes no resource of another stack in `depends_on`; the key is there before."""
    app = cdktf.Testing.app()
    key_stack, stack = cdktf.TerraformStack(app, "keys"), cdktf.TerraformStack(app, "rules")
    key = a_key(key_stack)
    failed, wanted = (a_queue(stack, id_, encryption_key=key) for id_ in ("Failed", "Wanted"))
    upload = ObjectCreatedRuleProps(
        rule_name="upload",
        bucket=a_bucket(stack, "the-bucket", sends_events=True),
        function=a_function(stack, dead_letter_queue=failed),
    )
    bus = EventBus(stack, "Bus", EventBusProps(bus_name="files", account=ACCOUNT))
    event = QueueEventRuleProps(rule_name="e", bus=bus, queue=wanted, dead_letter_queue=failed)
    ObjectCreatedRule(stack, "Upload", upload)
    QueueEventRule(stack, "Event", event)
    document = json.loads(cdktf.Testing.synth(stack))
    key_document = json.loads(cdktf.Testing.synth(key_stack))

    targets = resources(document, "aws_cloudwatch_event_target")
    assert [len(target["depends_on"]) for target in targets] == [2, 2]
    for target in targets:
        for address in target["depends_on"]:
            type_, _, id_ = address.partition(".")
            assert id_ in document["resource"][type_]
    _, use = statements(key_document, only(key_document, "aws_kms_key")["policy"])
    assert use["principals"][0]["identifiers"] == ["events.amazonaws.com"]


def test_equal_actions_on_several_resources_are_one_statement(synth) -> None:
    """Two prefixes, two buckets of one id, two keys; again changes nothing."""

    def compose(stack) -> None:
        function = a_function(stack)
        inner = Construct(stack, "in-ner")
        for bucket in (
            a_bucket(stack, "one-bucket", encryption_key=a_key(stack)),
            a_bucket(inner, "two-bucket", encryption_key=a_key(inner)),
        ):
            for prefix in ("a/", "b/", "a/"):
                bucket.grant_put(function, prefix)

    document = synth(compose)
    policy = statements(document, only(document, "aws_iam_role_policy")["policy"])
    (puts,) = (each for each in policy if "s3:PutObject" in each["actions"])
    (uses,) = (each for each in policy if "kms:Decrypt" in each["actions"])

    assert [readable(each) for each in puts["resources"]] == [
        "<my-files>/a/*",
        "<my-files>/b/*",
        "<in-ner_my-files>/a/*",
        "<in-ner_my-files>/b/*",
    ]
    assert [readable(each) for each in uses["resources"]] == ["<my-key>", "<in-ner_my-key>"]


def test_statements_of_different_effect_or_conditions_stay_apart(synth) -> None:
    """A denial is not merged with a permission, nor logs of one prefix with another's."""

    def compose(stack) -> None:
        key = a_key(stack)
        key.grant_use_by_logs("/one")
        key.grant_use_by_logs("/two")
        a_bucket(stack, "the-bucket")

    document = synth(compose)
    (denial,) = statements(document, only(document, "aws_s3_bucket_policy")["policy"])
    _, *logs = statements(document, only(document, "aws_kms_key")["policy"])

    assert denial["effect"] == "Deny"
    assert [each["condition"][0]["values"] for each in logs] == [
        ["arn:aws:logs:us-east-1:123456789012:log-group:/one*"],
        ["arn:aws:logs:us-east-1:123456789012:log-group:/two*"],
    ]


def test_a_queue_may_be_the_dead_letter_queue_of_sixty_rules(new_stack) -> None:
    """One statement with one condition for all of them, and a clear refusal of one more.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    """
    stack = new_stack()
    queue = a_queue(stack)
    for number in (*range(60), 0):
        queue.grant_send_by_rule(f"rule-{number}")
    document = json.loads(cdktf.Testing.synth(stack))
    policy = statements(document, only(document, "aws_sqs_queue_policy")["policy"])

    assert [each["effect"] for each in policy] == ["Deny", "Allow"]
    assert policy[1]["condition"] == [
        {
            "test": "ArnEquals",
            "variable": "aws:SourceArn",
            "values": [f"rule-{number}" for number in range(60)],
        }
    ]
    with pytest.raises(InvalidPropsError, match="rules that send to it: got 61, allowed 0 to 60"):
        queue.grant_send_by_rule("rule-60")


def test_sources_of_statements_with_different_resources_stay_apart(synth) -> None:
    """Together they would allow each source the resources of the others."""

    def compose(stack) -> None:
        function = a_function(stack)
        for resource, source in (("one", "a"), ("one", "b"), ("two", "a")):
            function.add_to_policy(
                PolicyStatement(
                    actions=("s3:GetObject",),
                    resources=(resource,),
                    conditions=(
                        Condition(test="ArnLike", variable="aws:SourceArn", values=(source,)),
                    ),
                )
            )

    document = synth(compose)
    policy = statements(document, only(document, "aws_iam_role_policy")["policy"])

    assert [
        (each["resources"], each["condition"][0]["values"])
        for each in policy
        if "s3:GetObject" in each["actions"]
    ] == [(["one"], ["a", "b"]), (["two"], ["a"])]


def test_sids_and_statement_ids_are_unique_and_valid(synth) -> None:
    """Whatever the constructs' ids are, and however often one function is the target."""

    def compose(stack) -> None:
        queue = a_queue(stack)
        function = a_function(stack, dead_letter_queue=queue)
        bucket = a_bucket(stack, "the-bucket", sends_events=True)
        for number, id_ in enumerate(("on-upload", "on upload", "on.upload", "ünïcode", "x" * 150)):
            props = ObjectCreatedRuleProps(rule_name=f"r{number}", bucket=bucket, function=function)
            ObjectCreatedRule(stack, id_, props)

    document = synth(compose)
    ids = [each["statement_id"] for each in resources(document, "aws_lambda_permission")]
    sids = [
        each["sid"]
        for each in statements(document, only(document, "aws_sqs_queue_policy")["policy"])
    ]

    assert len(set(ids)) == len(ids) == 5
    assert len(set(sids)) == len(sids) == 2
    for each in ids:
        assert 1 <= len(each) <= 100
        assert each.replace("-", "").isalnum()
        assert each.isascii()
    assert all(each.isalnum() for each in sids)
