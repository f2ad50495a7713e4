"""Alarms reach an encrypted topic that CloudWatch can publish to."""

from __future__ import annotations

import json

import pytest

from synthesised import only, readable, resources, statements


def test_the_topic_is_encrypted_with_a_key_that_cloudwatch_may_use(whole_stack) -> None:
    """With the key AWS manages for SNS, alarms would go nowhere."""
    document = whole_stack()
    key = only(document, "aws_kms_key")

    assert readable(only(document, "aws_sns_topic")["kms_master_key_id"]) == "<Key>"
    assert key["enable_key_rotation"] is True
    administrator, cloudwatch = statements(document, key["policy"])
    assert readable(administrator["principals"][0]["identifiers"][0]) == (
        "arn:<Partition.partition>:iam::<Caller.account_id>:root"
    )
    for statement in (administrator, cloudwatch):
        assert statement["resources"] == ["*"]
    assert cloudwatch["actions"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert cloudwatch["principals"] == [
        {"type": "Service", "identifiers": ["cloudwatch.amazonaws.com"]}
    ]
    assert cloudwatch["condition"][0]["variable"] == "aws:SourceAccount"


def test_a_key_of_our_own_lets_the_services_in_that_need_it(whole_stack) -> None:
    """Logs, EventBridge and CloudWatch, each on behalf of this account."""
    document = whole_stack(customer_managed_keys=True)
    services = {
        principal["identifiers"][0]
        for statement in statements(document, only(document, "aws_kms_key")["policy"])
        for principal in statement["principals"]
        if principal["type"] == "Service"
    }

    assert services == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "logs.us-east-1.amazonaws.com",
    }


def test_the_topic_takes_alarms_of_this_account_and_no_plain_http(whole_stack) -> None:
    """Two statements, and nobody else."""
    document = whole_stack()
    alarms, tls = statements(document, only(document, "aws_sns_topic_policy")["policy"])

    assert alarms["principals"][0]["identifiers"] == ["cloudwatch.amazonaws.com"]
    assert readable(alarms["condition"][0]["values"][0]) == "<Caller.account_id>"
    assert (tls["effect"], tls["actions"]) == ("Deny", ["sns:Publish"])


def test_nobody_gets_mail_unless_an_address_is_set(whole_stack) -> None:
    """A subscription needs somebody to confirm it."""
    assert not resources(whole_stack(), "aws_sns_topic_subscription")
    subscription = only(whole_stack(alarm_email="stock@example.com"), "aws_sns_topic_subscription")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "stock@example.com")


def test_every_alarm_announces_that_it_went_off_and_that_all_is_well(whole_stack) -> None:
    """An alarm nobody hears of is none; missing data is decided for each."""
    alarms = resources(whole_stack(), "aws_cloudwatch_metric_alarm")

    assert len(alarms) >= 20
    for alarm in alarms:
        assert readable(alarm["alarm_actions"][0]) == "<AlarmTopic>"
        assert alarm["ok_actions"] == alarm["alarm_actions"]
        assert alarm["treat_missing_data"] in {"breaching", "notBreaching", "ignore", "missing"}
        assert alarm["alarm_description"].endswith(".")


@pytest.mark.parametrize(
    ("metric", "dimension", "watched"),
    [
        (
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            {"inventory-dlq-dev"},
        ),
        ("ApproximateAgeOfOldestMessage", "QueueName", {"inventory-work-dev"}),
        ("FailedInvocations", "RuleName", {"inventory-upload-rule-dev"}),
        *(
            (
                metric,
                "FunctionName",
                {
                    "inventory-processor-dev",
                    "inventory-chunk-processor-dev",
                    "inventory-summary-dev",
                    "inventory-reconcile-dev",
                },
            )
            for metric in ("Errors", "Throttles", "DeadLetterErrors")
        ),
        *(
            (
                metric,
                "TableName",
                {"inventory-items-dev", "inventory-ingestions-dev", "inventory-lanes-dev"},
            )
            for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
        ),
    ],
)
def test_what_must_not_happen_is_watched(whole_stack, metric, dimension, watched) -> None:
    """Each metric for every resource that has it; the names are those of the resources."""
    alarms = resources(whole_stack(), "aws_cloudwatch_metric_alarm")

    assert {
        each["dimensions"][dimension] for each in alarms if each["metric_name"] == metric
    } >= watched


def test_a_feed_that_does_not_arrive_is_noticed_in_time(whole_stack) -> None:
    """No data is no file; the hours are a setting, a week at most."""
    alarms = resources(whole_stack(expected_feed_interval_hours=168), "aws_cloudwatch_metric_alarm")
    (alarm,) = (each for each in alarms if each["alarm_name"] == "inventory-no-feed-arrived-dev")

    assert alarm["treat_missing_data"] == "breaching"
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["period"], alarm["evaluation_periods"]) == (3600, 168)
    assert alarm["dimensions"] == {"FunctionName": "inventory-processor-dev"}


def test_the_dashboard_shows_what_is_there(whole_stack) -> None:
    """Every name on the page is a name of the stack, and no graph covers another."""
    document = whole_stack()
    dashboard = only(document, "aws_cloudwatch_dashboard")
    widgets = json.loads(dashboard["dashboard_body"])["widgets"]
    names = {
        each.get("name") or each.get("function_name")
        for type_ in (
            "aws_dynamodb_table",
            "aws_sqs_queue",
            "aws_lambda_function",
            "aws_cloudwatch_event_rule",
        )
        for each in resources(document, type_)
    }

    assert dashboard["dashboard_name"] == "inventory-dev"
    assert len({(each["x"], each["y"]) for each in widgets}) == len(widgets)
    for widget in widgets:
        assert widget["properties"]["region"] == "us-east-1"
        for metric in widget["properties"]["metrics"]:
            assert metric[3] in names
