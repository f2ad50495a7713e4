"""Alarms reach an encrypted topic that CloudWatch can publish to."""

from __future__ import annotations

import json
import re

import pytest

from constructs_lib.alarm_table import QUEUE_READERS
from constructs_lib.names import Names
from synthesised import only, readable, resources, role_permissions, statements


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


def test_the_topic_takes_alarms_of_this_account_and_no_plain_http(whole_stack) -> None:
    """Two statements, and nobody else."""
    document = whole_stack()
    alarms, tls = statements(document, only(document, "aws_sns_topic_policy")["policy"])

    assert alarms["principals"][0]["identifiers"] == ["cloudwatch.amazonaws.com"]
    assert readable(alarms["condition"][0]["values"][0]) == (
        "arn:<Partition.partition>:cloudwatch:us-east-1:<Caller.account_id>:alarm:*"
    )
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


@pytest.mark.parametrize(
    ("metric", "dimension", "watched"),
    [
        (
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            # The work queue tells that the stack is there.
            {"inventory-dlq-dev", "inventory-work-dev"},
        ),
        (
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            {"inventory-work-dev"},
        ),
        ("FailedInvocations", "RuleName", {"inventory-upload-rule-dev"}),
        ("InvocationsFailedToBeSentToDlq", "RuleName", {"inventory-upload-rule-dev"}),
        ("SummariesWritten", "service", {"summary"}),
        ("LateFeeds", "service", {"reconcile"}),
        ("UnannouncedFiles", "service", {"reconcile"}),
        *(
            (metric, "service", {"ingest"})
            for metric in ("RowsRejected", "RowsRead", "AccountingBreaches", "ItemsDrifted")
        ),
        ("Duration", "FunctionName", {"inventory-summary-dev"}),
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


@pytest.mark.parametrize(
    ("name", "changes", "watched", "hours"),
    [
        ("no-feed-arrived-dev", {}, "Invocations", 24),
        ("no-feed-arrived-dev", {"expected_feed_interval_hours": 168}, "Invocations", 168),
        ("no-summary-written-dev", {}, "SummariesWritten", 26),
        (
            "no-summary-written-dev",
            {"summary_schedule": "cron(0 6 ? * MON,THU *)"},
            "SummariesWritten",
            98,
        ),
        (
            "no-summary-written-dev",
            {"summary_schedule": "rate(166 hours)"},
            "SummariesWritten",
            168,
        ),
    ],
)
def test_what_does_not_happen_is_noticed_in_time(
    whole_stack, name, changes, watched, hours
) -> None:
    """Within as many hours as the setting says, or as the schedule leaves between two summaries."""
    alarm = named(whole_stack(**changes), name)
    expression, event, there = alarm["metric_query"]

    assert expression["expression"] == "IF(m2,m1)"
    assert (event["id"], event["metric"]["metric_name"]) == ("m1", watched)
    assert (there["id"], there["metric"]["stat"]) == ("m2", "SampleCount")
    assert there["metric"]["dimensions"] == {"QueueName": "inventory-work-dev"}
    assert {each["metric"]["period"] for each in (event, there)} == {3600}
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert alarm["evaluation_periods"] == hours
    assert "datapoints_to_alarm" not in alarm


def test_no_alarm_is_on_before_anything_could_have_happened(whole_stack) -> None:
    """A new alarm sees nothing but missing data, and breaching would set it off at birth.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    for alarm in resources(whole_stack("prod"), "aws_cloudwatch_metric_alarm"):
        assert alarm["treat_missing_data"] != "breaching", alarm["alarm_name"]


def test_rejected_rows_are_measured_against_the_rows_read(whole_stack) -> None:
    """Five in a hundred within an hour, over both functions; an hour without rows is well."""
    alarm = named(whole_stack(), "rejected-rows-dev")
    expression, *inputs = alarm["metric_query"]

    assert expression["expression"] == "100*FILL(m1,0)/FILL(m2,0)"
    assert expression["return_data"] is True
    assert [(each["id"], each["metric"]["metric_name"]) for each in inputs] == [
        ("m1", "RowsRejected"),
        ("m2", "RowsRead"),
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


def test_an_invocation_is_long_only_where_it_does_not_end_in_time_by_itself(whole_stack) -> None:
    """The summary alone: the others work until their time is nearly up, and are well.

    One of them that is cut off all the same is an error, and has that alarm.
    """
    document = whole_stack()
    (summary,) = (
        each
        for each in resources(document, "aws_lambda_function")
        if each["function_name"] == "inventory-summary-dev"
    )
    alarms = resources(document, "aws_cloudwatch_metric_alarm")
    long = {each["alarm_name"]: each for each in alarms if "duration" in each["alarm_name"]}

    assert long.keys() == {"inventory-summary-dev-duration"}
    assert long["inventory-summary-dev-duration"]["threshold"] == summary["timeout"] * 800
    assert long["inventory-summary-dev-duration"]["statistic"] == "Maximum"


def test_an_error_is_what_lambda_counts_as_one(whole_stack) -> None:
    """A function that reports the messages that failed has succeeded; what crashes has not.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    document = whole_stack()
    readers = {
        readable(each["function_name"]).strip("<>")
        for each in resources(document, "aws_lambda_event_source_mapping")
        if "ReportBatchItemFailures" in each["function_response_types"]
    }

    assert readers == set(QUEUE_READERS)
    for id_, name in Names("dev").functions.items():
        alarm = named(document, f"{name.removeprefix('inventory-')}-errors")
        meaning = alarm["alarm_description"].partition(". First:")[0].removeprefix(f"{name} ")
        assert meaning == (
            "ran out of time, crashed or could not start; messages that fail are not counted here"
            if id_ in readers
            else "raised an error or ran out of time"
        )


def test_every_operation_that_a_function_may_use_is_watched_for_faults(whole_stack) -> None:
    """DynamoDB counts its faults by table and operation, and PartiQL and transactions as such.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    document = whole_stack()
    counted_as = {
        ("items", "PartiQLInsert"): "BatchExecuteStatement",
        ("items", "PartiQLUpdate"): "BatchExecuteStatement",
    }
    used: dict[str, set[str]] = {}
    for pairs in role_permissions(document).values():
        for action, resource in pairs:
            service, _, operation = action.partition(":")
            if service == "dynamodb":
                table = resource.strip("<>").lower()
                used.setdefault(table, set()).add(counted_as.get((table, operation), operation))
    watched = {
        table: {
            each["dimensions"]["Operation"]
            for each in metrics_of(named(document, f"{table}-dev-system-errors"))
        }
        for table in used
    }

    # Transactions need the permissions of their parts, and are counted by a name of their own.
    used["lanes"].add("TransactWriteItems")
    assert watched == used


def test_a_queue_that_stops_reporting_keeps_its_alarm(whole_stack) -> None:
    """SQS falls silent about a queue nobody uses, and its messages still wait."""
    assert named(whole_stack(), "dlq-not-empty-dev")["treat_missing_data"] == "ignore"


def test_messages_that_wait_too_long_are_noticed_however_often_somebody_looks(whole_stack) -> None:
    """Four days with something in the dead-letter queue in every hour; the last report stands.

    The age of the oldest message leaves out what was received three times.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    alarm = named(whole_stack(), "dlq-age-dev")
    expression, waiting = alarm["metric_query"]

    assert expression["expression"] == "FILL(m1,REPEAT)"
    assert waiting["metric"] == {
        "namespace": "AWS/SQS",
        "metric_name": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": "inventory-dlq-dev"},
        "stat": "Maximum",
        "period": 3600,
    }
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["evaluation_periods"], alarm["treat_missing_data"]) == (96, "notBreaching")
    assert "datapoints_to_alarm" not in alarm


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
                assert metric[5] in {"ingest", "summary", "reconcile"}
            else:
                assert metric[3] in names
