"""Alarms reach an encrypted topic that CloudWatch can publish to."""

from __future__ import annotations

import json
import re

import pytest

from synthesised import only, readable, resources, statements


def metrics_of(alarm) -> list[dict]:
    """Give the metrics an alarm looks at, those of its expression included."""
    if "metric_query" not in alarm:
        return [alarm]
    return [each["metric"] for each in alarm["metric_query"] if "metric" in each]


def named(document, name: str) -> dict:
    """Give the alarm of a name, without its prefix and suffix."""
    alarms = resources(document, "aws_cloudwatch_metric_alarm")
    (alarm,) = (each for each in alarms if each["alarm_name"] == f"inventory-{name}")
    return alarm


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
    """Logs, EventBridge, CloudWatch and access logs, each on behalf of this account."""
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
        "logging.s3.amazonaws.com",
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
        (
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            {"inventory-work-dev", "inventory-dlq-dev"},
        ),
        ("FailedInvocations", "RuleName", {"inventory-upload-rule-dev"}),
        ("InvocationsFailedToBeSentToDlq", "RuleName", {"inventory-upload-rule-dev"}),
        ("SummariesWritten", "service", {"summary"}),
        *(
            (metric, "service", {"processor", "chunk-processor"})
            for metric in ("RowsRejected", "RowsRead", "AccountingBreaches")
        ),
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
            for metric in (
                "Errors",
                "Throttles",
                "DeadLetterErrors",
                "Duration",
                "RecursiveInvocationsDropped",
            )
        ),
        *(
            (
                metric,
                "TableName",
                {"inventory-items-dev", "inventory-ingestions-dev", "inventory-lanes-dev"},
            )
            for metric in ("ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors")
        ),
    ],
)
def test_every_resource_with_a_metric_of_trouble_has_its_alarm(
    whole_stack, metric, dimension, watched
) -> None:
    """Each metric is watched for every resource that has it, by the resource's name."""
    alarms = resources(whole_stack(), "aws_cloudwatch_metric_alarm")

    assert {
        each["dimensions"][dimension]
        for alarm in alarms
        for each in metrics_of(alarm)
        if each["metric_name"] == metric
    } == watched


def test_a_feed_that_does_not_arrive_is_noticed_in_time(whole_stack) -> None:
    """No data is no file; the hours are a setting, a week at most."""
    alarms = resources(whole_stack(expected_feed_interval_hours=168), "aws_cloudwatch_metric_alarm")
    (alarm,) = (each for each in alarms if each["alarm_name"] == "inventory-no-feed-arrived-dev")

    assert alarm["treat_missing_data"] == "breaching"
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["period"], alarm["evaluation_periods"]) == (3600, 168)
    assert alarm["dimensions"] == {"FunctionName": "inventory-processor-dev"}


def test_a_summary_that_is_not_written_is_noticed_within_26_hours(whole_stack) -> None:
    """Every hour of the window without one, where no data is none."""
    alarm = named(whole_stack(), "no-summary-written-dev")

    assert alarm["treat_missing_data"] == "breaching"
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["period"], alarm["evaluation_periods"]) == (3600, 26)
    assert alarm["dimensions"] == {"environment": "dev", "service": "summary"}


def test_rejected_rows_are_measured_against_the_rows_read(whole_stack) -> None:
    """Five in a hundred within an hour, over both functions; an hour without rows is well."""
    alarm = named(whole_stack(), "rejected-rows-dev")
    expression, *inputs = alarm["metric_query"]

    assert expression["expression"] == "100*(FILL(m1,0)+FILL(m2,0))/(FILL(m3,0)+FILL(m4,0))"
    assert expression["return_data"] is True
    assert [(each["id"], each["metric"]["metric_name"]) for each in inputs] == [
        ("m1", "RowsRejected"),
        ("m2", "RowsRejected"),
        ("m3", "RowsRead"),
        ("m4", "RowsRead"),
    ]
    assert {each["metric"]["period"] for each in inputs} == {3600}
    assert (alarm["threshold"], alarm["treat_missing_data"]) == (5, "notBreaching")


def test_a_table_whose_trouble_is_over_is_well_again(whole_stack) -> None:
    """DynamoDB's metrics have gaps where all is well, which alarms on them would wait through."""
    for table in ("items", "ingestions", "lanes"):
        for what in ("throttles", "system-errors"):
            alarm = named(whole_stack(), f"{table}-dev-{what}")
            ids = [each["id"] for each in alarm["metric_query"] if "metric" in each]
            assert alarm["metric_query"][0]["expression"] == "+".join(
                f"FILL({each},0)" for each in ids
            )
            assert (alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (1, 3)


def test_an_invocation_is_long_at_four_fifths_of_its_own_timeout(whole_stack) -> None:
    """The thresholds follow the functions' timeouts."""
    document = whole_stack()
    functions = resources(document, "aws_lambda_function")

    assert len(functions) == 4
    for function in functions:
        name = function["function_name"]
        alarm = named(document, f"{name.removeprefix('inventory-')}-duration")
        assert alarm["threshold"] == function["timeout"] * 800
        assert alarm["statistic"] == "Maximum"


def test_a_queue_that_stops_reporting_keeps_its_alarm(whole_stack) -> None:
    """SQS falls silent about a queue nobody uses, and its messages still wait."""
    for name in ("dlq-not-empty-dev", "dlq-age-dev"):
        assert named(whole_stack(), name)["treat_missing_data"] == "ignore"


def test_expressions_of_the_dashboard_name_lines_that_are_there(whole_stack) -> None:
    """An unknown id would leave an empty graph; the cost is that of six kinds of units."""
    dashboard = only(whole_stack(), "aws_cloudwatch_dashboard")
    found = 0
    for widget in json.loads(dashboard["dashboard_body"])["widgets"]:
        options = [each[-1] for each in widget["properties"]["metrics"]]
        ids = {each["id"] for each in options if "id" in each}
        for each in options:
            if "expression" in each:
                used = set(re.findall(r"[a-z]\w*", each["expression"])) - {"FILL"}
                assert used == ids
                found += 1

    assert found == 2


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
            if len(metric) == 1:
                assert set(metric[0]) == {"expression", "label"}
            elif metric[0] == "Inventory":
                assert metric[2:4] == ["environment", "dev"]
                assert f"inventory-{metric[5]}-dev" in names
            else:
                assert metric[3] in names
