"""Each number that a construct checks: just below, at, at, just above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.account import Account
from constructs_lib.alarm_topic import AlarmTopic, AlarmTopicProps
from constructs_lib.alarms import Alarms, AlarmSpec, AlarmsProps
from constructs_lib.dashboard import Dashboard, DashboardProps, Graph
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps, WarmThroughput
from constructs_lib.landing_bucket import LandingBucket
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.validation import InvalidPropsError
from synthesised import a_function, a_queue

if TYPE_CHECKING:
    from cdktf import TerraformStack

ACCOUNT = Account(account_id="123456789012", partition="aws", region="us-east-1")


def bucket(stack: TerraformStack, **props: Any) -> None:
    """Make a bucket."""
    PrivateBucket(stack, "It", PrivateBucketProps(**{"bucket_name": "b", **props}))


def table(stack: TerraformStack, **props: Any) -> None:
    """Make a table."""
    defaults = {"table_name": "t", "partition_key": "k"}
    InventoryTable(stack, "It", InventoryTableProps(**{**defaults, **props}))


def warm_table(stack: TerraformStack, **units: int) -> None:
    """Make a warmed table."""
    table(stack, warm_throughput=WarmThroughput(**units))


def rule(stack: TerraformStack, **props: Any) -> None:
    """Make a rule."""
    queue = a_queue(stack)
    defaults = {
        "rule_name": "r",
        "target_id": "t",
        "bucket": LandingBucket(stack, "B", PrivateBucketProps(bucket_name="b")),
        "function": a_function(stack, dead_letter_queue=queue),
        "dead_letter_queue": queue,
    }
    ObjectCreatedRule(stack, "It", ObjectCreatedRuleProps(**{**defaults, **props}))


def schedule(stack: TerraformStack, **props: Any) -> None:
    """Make a schedule."""
    queue = a_queue(stack)
    defaults = {
        "schedule_name": "s",
        "description": "d",
        "expression": "rate(1 hour)",
        "function": a_function(stack, dead_letter_queue=queue),
        "dead_letter_queue": queue,
        "account": ACCOUNT,
    }
    FunctionSchedule(stack, "It", FunctionScheduleProps(**{**defaults, **props}))


def queue_source(stack: TerraformStack, **props: Any) -> None:
    """Make a function that takes messages off a queue."""
    queue = a_queue(stack, "Jobs", visibility_timeout_seconds=5400)
    a_function(stack).add_queue_source("Jobs", queue, **{"maximum_concurrency": 2, **props})


def key(stack: TerraformStack, **props: Any) -> EncryptionKey:
    """Make a key."""
    defaults = {"key_alias": "k", "account": ACCOUNT}
    return EncryptionKey(stack, "It", EncryptionKeyProps(**{**defaults, **props}))


def topic(stack: TerraformStack, **props: Any) -> AlarmTopic:
    """Make a topic."""
    defaults = {"topic_name": "t", "encryption_key": key(stack), "account": ACCOUNT}
    return AlarmTopic(stack, "Topic", AlarmTopicProps(**{**defaults, **props}))


def alarm(stack: TerraformStack, **spec: Any) -> None:
    """Make an alarm."""
    defaults = {
        "key": "Key",
        "alarm_name": "a",
        "description": "d",
        "namespace": "n",
        "metric_name": "m",
        "threshold": 0,
    }
    specs = (AlarmSpec(**{**defaults, **spec}),)
    Alarms(stack, "Alarms", AlarmsProps(topic=topic(stack), specs=specs))


def weekly_alarm(stack: TerraformStack, evaluation_periods: int) -> None:
    """Make an alarm that looks at days."""
    alarm(stack, period_seconds=86_400, evaluation_periods=evaluation_periods)


def hourly_alarm(stack: TerraformStack, evaluation_periods: int) -> None:
    """Make an alarm that looks at hours."""
    alarm(stack, period_seconds=3600, evaluation_periods=evaluation_periods)


def quick_alarm(stack: TerraformStack, evaluation_periods: int) -> None:
    """Make an alarm that looks at minutes."""
    alarm(stack, period_seconds=60, evaluation_periods=evaluation_periods)


def dashboard(stack: TerraformStack, **props: Any) -> None:
    """Make a dashboard; graphs are given by their number."""
    graphs = tuple(Graph(title=str(index), metrics=()) for index in range(props.pop("graphs", 1)))
    defaults = {"dashboard_name": "d", "region": "us-east-1", "graphs": graphs}
    Dashboard(stack, "It", DashboardProps(**{**defaults, **props}))


NUMBERS = [
    (bucket, "noncurrent_version_days", 1, 3650),
    (bucket, "incomplete_upload_days", 1, 365),
    (a_queue, "visibility_timeout_seconds", 0, 43_200),
    (a_queue, "retention_seconds", 60, 1_209_600),
    (a_queue, "maximum_receive_count", 1, 1000),
    (warm_table, "read_units_per_second", 12_000, 40_000),
    (warm_table, "write_units_per_second", 4_000, 40_000),
    (a_function, "timeout_seconds", 1, 900),
    (a_function, "memory_mib", 128, 10_240),
    (a_function, "reserved_concurrency", 1, 1000),
    (queue_source, "maximum_concurrency", 2, 1000),
    (queue_source, "batch_size", 1, 10),
    (rule, "maximum_event_age_seconds", 60, 86_400),
    (rule, "maximum_retry_attempts", 0, 185),
    (schedule, "maximum_event_age_seconds", 60, 86_400),
    (schedule, "maximum_retry_attempts", 0, 185),
    (key, "deletion_window_days", 7, 30),
    (weekly_alarm, "evaluation_periods", 1, 7),
    (hourly_alarm, "evaluation_periods", 1, 168),
    (quick_alarm, "evaluation_periods", 1, 1440),
    (dashboard, "graphs", 1, 500),
]
NAMES = [
    (bucket, "bucket_name", 63),
    (a_queue, "queue_name", 80),
    (table, "table_name", 255),
    (table, "partition_key", 255),
    (a_function, "function_name", 64),
    (a_function, "description", 256),
    (a_function, "handler", 128),
    (rule, "rule_name", 64),
    (rule, "target_id", 64),
    (schedule, "schedule_name", 64),
    (schedule, "description", 512),
    (key, "key_alias", 250),
    (topic, "topic_name", 256),
    (alarm, "alarm_name", 255),
    (alarm, "description", 1024),
    (dashboard, "dashboard_name", 255),
]
TEXTS = [
    (schedule, "expression", "every hour"),
    (alarm, "operator", "Above"),
    (alarm, "missing_data", "good"),
    (alarm, "period_seconds", 45),
    (a_function, "log_retention_days", 8),
    (a_function, "environment", {"NAME": "x" * 4093}),
]


def named(cases: list[tuple[Any, ...]]) -> list[Any]:
    """Give each case an id: what is made and what is limited."""
    return [pytest.param(*case, id=f"{case[0].__name__}-{case[1]}") for case in cases]


@pytest.mark.parametrize(("make", "name", "least", "most"), named(NUMBERS))
def test_a_number_may_be_anything_within_its_limits(new_stack, make, name, least, most) -> None:
    """The limits themselves are allowed."""
    make(new_stack(), **{name: least})
    make(new_stack(), **{name: most})


@pytest.mark.parametrize(("make", "name", "least", "most"), named(NUMBERS))
def test_fails_for_a_number_outside_its_limits(new_stack, make, name, least, most) -> None:
    """The message has the value got and the values allowed."""
    for wrong in (least - 1, most + 1):
        with pytest.raises(InvalidPropsError, match=f"got .*{wrong}|looked at") as caught:
            make(new_stack(), **{name: wrong})
        assert "allowed" in str(caught.value)


@pytest.mark.parametrize(("make", "name", "most"), named(NAMES))
def test_a_name_may_be_as_long_as_aws_takes(new_stack, make, name, most) -> None:
    """One character is enough, and the limit itself is allowed."""
    make(new_stack(), **{name: "x"})
    make(new_stack(), **{name: "x" * most})


@pytest.mark.parametrize(("make", "name", "most"), named(NAMES))
def test_fails_for_a_name_that_is_empty_or_too_long(new_stack, make, name, most) -> None:
    """The message names the prop and its limit."""
    for wrong in ("", "x" * (most + 1)):
        with pytest.raises(InvalidPropsError, match=rf"{name}: got .*, allowed 1 to {most} char"):
            make(new_stack(), **{name: wrong})


@pytest.mark.parametrize(("make", "name", "wrong"), named(TEXTS))
def test_fails_for_a_value_that_is_not_on_the_list(new_stack, make, name, wrong) -> None:
    """The message names the prop."""
    with pytest.raises(InvalidPropsError, match=name):
        make(new_stack(), **{name: wrong})


def test_fails_with_every_broken_rule_in_one_message(new_stack) -> None:
    """Somebody who fixes a construct fixes it once."""
    with pytest.raises(InvalidPropsError) as caught:
        a_queue(new_stack(), queue_name="", retention_seconds=1, maximum_receive_count=0)

    assert str(caught.value) == (
        "test/Dlq: queue_name: got '', allowed 1 to 80 characters; "
        "retention_seconds: got 1, allowed 60 to 1209600; "
        "maximum_receive_count: got 0, allowed 1 to 1000"
    )
