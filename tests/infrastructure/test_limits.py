"""Limits of constructs: just below, at, at, just above, and values that only Terraform knows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import cdktf
import pytest
from cdktf import TerraformStack, TerraformVariable, Token

from constructs_lib.access_log_bucket import AccessLogBucket, AccessLogBucketProps
from constructs_lib.account import Account
from constructs_lib.alarm_topic import AlarmTopic, AlarmTopicProps
from constructs_lib.alarms import Alarms, AlarmSpec, AlarmsProps
from constructs_lib.dashboard import Dashboard, DashboardProps, Graph
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.event_bus import EventBus, EventBusProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.iam import PolicyStatement
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps, WarmThroughput
from constructs_lib.metrics import Metric
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.queue_event_rule import QueueEventRule, QueueEventRuleProps
from constructs_lib.validation import InvalidPropsError
from synthesised import a_function, a_queue, resources

ACCOUNT = Account(
    account_id="123456789012",
    partition="aws",
    dns_suffix="amazonaws.com",
    region="us-east-1",
)


def bucket(stack: TerraformStack, **props: Any) -> PrivateBucket:
    """Add a bucket."""
    return PrivateBucket(stack, "It", PrivateBucketProps(**{"bucket_name": "it-is", **props}))


def bucket_below(stack: TerraformStack, **days: int) -> None:
    """Add a bucket that keeps what is below a prefix for some days."""
    bucket(stack, days_below={name[12:-1]: each for name, each in days.items()})


def prefix_grant(stack: TerraformStack, **props: Any) -> None:
    """Add a bucket and a grant below a prefix."""
    bucket(stack).grant_put(a_function(stack), **props)


def table(stack: TerraformStack, **props: Any) -> None:
    """Add a table."""
    defaults = {"table_name": "the", "partition_key": "k"}
    InventoryTable(stack, "It", InventoryTableProps(**{**defaults, **props}))


def warm_table(stack: TerraformStack, **units: int) -> None:
    """Add a warmed table."""
    table(stack, warm_throughput=WarmThroughput(**units))


def rule(stack: TerraformStack, **props: Any) -> None:
    """Add a rule."""
    bucket_props = PrivateBucketProps(bucket_name="it-is", sends_events=props.pop("events", True))
    defaults = {
        "rule_name": "r",
        "bucket": PrivateBucket(stack, "It", bucket_props),
        "function": a_function(stack),
    }
    ObjectCreatedRule(stack, "Rule", ObjectCreatedRuleProps(**{**defaults, **props}))


def schedule(stack: TerraformStack, **props: Any) -> None:
    """Add a schedule."""
    defaults = {
        "schedule_name": "s",
        "expression": "rate(1 hour)",
        "function": a_function(stack),
        "account": ACCOUNT,
    }
    FunctionSchedule(stack, "It", FunctionScheduleProps(**{**defaults, **props}))


def queue_source(stack: TerraformStack, **props: Any) -> None:
    """Add a function that consumes a queue."""
    queue = a_queue(stack, "Jobs", visibility_timeout_seconds=5400)
    a_function(stack).add_queue_source("Jobs", queue, **{"maximum_concurrency": 2, **props})


def key(stack: TerraformStack, **props: Any) -> EncryptionKey:
    """Add a key."""
    defaults = {"key_alias": "k", "account": ACCOUNT}
    return EncryptionKey(stack, "It", EncryptionKeyProps(**{**defaults, **props}))


def topic(stack: TerraformStack, **props: Any) -> AlarmTopic:
    """Add a topic."""
    defaults = {"topic_name": "t", "encryption_key": key(stack), "account": ACCOUNT}
    return AlarmTopic(stack, "Topic", AlarmTopicProps(**{**defaults, **props}))


def alarm(stack: TerraformStack, **spec: Any) -> None:
    """Add an alarm."""
    defaults = {
        "key": "Key",
        "alarm_name": "a",
        "description": "d",
        "metrics": (Metric(namespace="n", metric_name="m"),),
        "threshold": 0,
    }
    specs = (AlarmSpec(**{**defaults, **spec}),)
    Alarms(stack, "Alarms", AlarmsProps(topic=topic(stack), specs=specs))


def daily_alarm(stack: TerraformStack, **spec: Any) -> None:
    """Add an alarm whose data points are days."""
    alarm(stack, period_seconds=86_400, **spec)


def hourly_alarm(stack: TerraformStack, **spec: Any) -> None:
    """Add an alarm whose data points are hours."""
    alarm(stack, period_seconds=3600, **spec)


def quick_alarm(stack: TerraformStack, **spec: Any) -> None:
    """Add an alarm whose data points are minutes."""
    alarm(stack, period_seconds=60, **spec)


def three_period_alarm(stack: TerraformStack, **spec: Any) -> None:
    """Add an alarm on three data points."""
    alarm(stack, evaluation_periods=3, **spec)


def dashboard(stack: TerraformStack, **props: Any) -> None:
    """Add a dashboard with one graph."""
    names = ("metrics", "period_seconds", "view")
    own = {name: props.pop(name) for name in names if name in props}
    graph = Graph(title="t", **{"metrics": (METRIC,), **own})
    defaults = {"dashboard_name": "d", "region": "us-east-1", "graphs": (graph,)}
    Dashboard(stack, "It", DashboardProps(**{**defaults, **props}))


def bus(stack: TerraformStack, **props: Any) -> None:
    """Add an event bus."""
    EventBus(stack, "It", EventBusProps(**{"bus_name": "b", "account": ACCOUNT, **props}))


def bus_rule(stack: TerraformStack, **props: Any) -> None:
    """Add a rule on a bus."""
    defaults = {
        "rule_name": "r",
        "bus": EventBus(stack, "It", EventBusProps(bus_name="b", account=ACCOUNT)),
        "queue": a_queue(stack, "Queue"),
        "dead_letter_queue": a_queue(stack),
    }
    QueueEventRule(stack, "Rule", QueueEventRuleProps(**{**defaults, **props}))


def log_bucket(stack: TerraformStack, **props: Any) -> None:
    """Add a bucket for access logs."""
    defaults = {"bucket_name": "it-is", "account": ACCOUNT}
    AccessLogBucket(stack, "It", AccessLogBucketProps(**{**defaults, **props}))


def permission(stack: TerraformStack, **props: Any) -> None:
    """Add a statement to a function's policy."""
    defaults = {"actions": ("s3:GetObject",), "resources": ("*",)}
    a_function(stack).add_to_policy(PolicyStatement(**{**defaults, **props}))


NUMBERS = [
    (bucket, "noncurrent_version_days", 1, 3653),
    (bucket, "incomplete_upload_days", 1, 365),
    (bucket, "expiration_days", 1, 3653),
    (bucket_below, "days_below (a/)", 1, 3653),
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
    (daily_alarm, "evaluation_periods", 1, 7),
    (hourly_alarm, "evaluation_periods", 1, 168),
    (quick_alarm, "evaluation_periods", 1, 1440),
    (three_period_alarm, "datapoints_to_alarm", 1, 3),
]
TEXTS = [
    (bucket, "bucket_name", 3, 63),
    (a_queue, "queue_name", 1, 80),
    (table, "table_name", 3, 255),
    (table, "partition_key", 1, 255),
    (table, "sort_key", 1, 255),
    (table, "expiry_attribute", 1, 255),
    (a_function, "function_name", 1, 64),
    (a_function, "role_name", 1, 64),
    (a_function, "description", 0, 256),
    (a_function, "handler", 1, 128),
    (rule, "rule_name", 1, 64),
    (rule, "target_id", 1, 64),
    (rule, "description", 0, 512),
    (schedule, "schedule_name", 1, 64),
    (schedule, "schedule_group", 1, 64),
    (schedule, "role_name", 1, 64),
    (schedule, "description", 0, 512),
    (key, "key_alias", 1, 250),
    (key, "description", 0, 8192),
    (topic, "topic_name", 1, 256),
    (alarm, "alarm_name", 1, 255),
    (alarm, "description", 1, 1024),
    (dashboard, "dashboard_name", 1, 255),
    (dashboard, "region", 1, 64),
]
METRIC = Metric(namespace="n", metric_name="m")
WRONG: list[tuple[Any, ...]] = [
    (bucket, "bucket_name", "Upper-case"),
    (bucket, "bucket_name", "-begins"),
    (bucket, "bucket_name", "two..dots"),
    *((bucket, "bucket_name", name) for name in ("10.0.0.1", "a.-b", "a-.b", "xn--a", "a-s3alias")),
    *((bucket, "days_below", {prefix: 1}) for prefix in ("", "${a}/", "x" * 1025)),
    (prefix_grant, "prefix", "*"),
    (prefix_grant, "prefix", "rejects"),
    (prefix_grant, "prefix", "x" * 1024 + "/"),
    (prefix_grant, "prefix", "a?/"),
    (a_queue, "queue_name", "first-in-first-out.fifo"),
    (table, "table_name", "a table"),
    (table, "sort_key", "k"),
    (table, "expiry_attribute", "k"),
    (a_function, "function_name", "dots.are.not"),
    (a_function, "handler", "a module.handler"),
    (a_function, "runtime", "nodejs22.x"),
    (a_function, "architecture", "arm"),
    (a_function, "recursive_loop", "allow"),
    (a_function, "log_retention_days", 8),
    (a_function, "environment", {"NAME": "x" * 4093}),
    (a_function, "environment", {"A-B": "x"}),
    (a_function, "environment", {"AWS_REGION": "x"}),
    (rule, "rule_name", "no/slash"),
    (schedule, "expression", "every hour"),
    (schedule, "expression", "rate(0 hours)"),
    (schedule, "expression", "cron(0 6 * *)"),
    (schedule, "expression", "cron(0 6 * * * *)"),
    (schedule, "expression", "cron(99 6 * * ? *)"),
    (schedule, "expression", "at(tomorrow)"),
    (schedule, "payload", "no JSON"),
    (schedule, "time_zone", "Mars/Olympus"),
    (schedule, "schedule_group", "a group"),
    (key, "key_alias", "aws/mine"),
    (key, "key_alias", "alias/mine"),
    (bus, "bus_name", "default"),
    (bus, "bus_name", "a/b"),
    (key, "key_alias", "a.b"),
    (topic, "topic_name", "first-in-first-out.fifo"),
    (topic, "email", "nobody"),
    (topic, "email", "${x}@example.com"),
    (alarm, "threshold", float("nan")),
    (alarm, "threshold", float("inf")),
    (alarm, "operator", "Above"),
    (alarm, "missing_data", "good"),
    (alarm, "period_seconds", 45),
    (alarm, "period_seconds", -60),
    (alarm, "metrics", ()),
    *((alarm, "metrics", (replace(METRIC, statistic=each),)) for each in ("banana", "p99")),
    (alarm, "metrics", (METRIC, METRIC)),
    (dashboard, "dashboard_name", "a.b"),
    (dashboard, "graphs", ()),
    (dashboard, "graphs", (Graph(title="t", metrics=(METRIC,)),) * 501),
    (dashboard, "metrics", ()),
    (dashboard, "metrics", (replace(METRIC, statistic="banana"),)),
    *((dashboard, "period_seconds", each) for each in (0, -60, 45, 61, 2_592_060)),
    (bus_rule, "detail", {"feed": "stores/"}),
    (bus_rule, "detail", {"feed": []}),
    (bus_rule, "detail", {"counts": {"rejected": {}}}),
    (dashboard, "view", "pie"),
    (log_bucket, "retention_days", 0),
]


#: Values of another type than the prop declares; the last column is the type that it declares.
TYPES = [
    (a_queue, "queue_name", None, "str"),
    (a_queue, "queue_name", object(), "str"),
    (a_queue, "retention_seconds", "60", "int"),
    (a_queue, "retention_seconds", None, "int"),
    (a_queue, "maximum_receive_count", True, "int"),
    (a_queue, "deletion_protection", None, "bool"),
    (a_queue, "encryption_key", "a-key", "EncryptionKey | None"),
    (a_function, "timeout_seconds", None, "int"),
    (a_function, "runtime", None, "str"),
    (a_function, "package", "x.zip", "FunctionPackage"),
    (a_function, "environment", {"AB": 5}, "Mapping[str, str]"),
    (bucket, "bucket_name", None, "str"),
    (bucket, "sends_events", "no", "bool"),
    (bucket, "days_below", {"a/": "1"}, "Mapping[str, int]"),
    (log_bucket, "account", "123456789012", "Account"),
    (table, "table_name", None, "str"),
    (warm_table, "read_units_per_second", "12000", "int"),
    (rule, "function", None, "PythonFunction"),
    (schedule, "time_zone", None, "str"),
    (key, "deletion_window_days", None, "int"),
    (topic, "encryption_key", None, "EncryptionKey"),
    (bus, "bus_name", None, "str"),
    (bus_rule, "detail_types", "Stock file", "tuple[str, ...]"),
    (bus_rule, "detail", None, "Mapping[str, Any]"),
    (alarm, "threshold", "0", "float"),
    (alarm, "metrics", ("Errors",), "tuple[Metric, ...]"),
    (dashboard, "period_seconds", None, "int"),
    (permission, "actions", "s3:GetObject", "tuple[str, ...]"),
]


def cases(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Give each row an id: the construct and the prop."""
    return [pytest.param(*row, id=f"{row[0].__name__}-{row[1]}-{row[-1]}"[:60]) for row in rows]


@pytest.mark.parametrize(("add", "name", "least", "most"), cases(NUMBERS))
def test_a_number_may_be_anything_within_its_limits(new_stack, add, name, least, most) -> None:
    """The limits themselves are allowed."""
    add(new_stack(), **{name: least})
    add(new_stack(), **{name: most})


@pytest.mark.parametrize(("add", "name", "least", "most"), cases(NUMBERS))
def test_fails_for_a_number_outside_its_limits(new_stack, add, name, least, most) -> None:
    """The message has the prop, the value got and the values allowed."""
    for wrong in (least - 1, most + 1, -5):
        with pytest.raises(InvalidPropsError) as caught:
            add(new_stack(), **{name: wrong})
        assert f"{name}: got {wrong}, allowed {least} to {most}" in str(caught.value)


@pytest.mark.parametrize(("add", "name", "least", "most"), cases(NUMBERS))
def test_fails_for_a_number_that_is_no_whole_number(new_stack, add, name, least, most) -> None:
    """Half a day and infinitely many are not what AWS takes."""
    for wrong in (least + 0.5, most - 0.5, float("inf"), float("-inf"), float("nan")):
        with pytest.raises(InvalidPropsError, match=re.escape(name)):
            add(new_stack(), **{name: wrong})


@pytest.mark.parametrize(("add", "name", "least", "most"), cases(TEXTS))
def test_a_text_may_be_as_long_as_aws_takes(new_stack, add, name, least, most) -> None:
    """The limits themselves are allowed."""
    add(new_stack(), **{name: "x" * least})
    add(new_stack(), **{name: "x" * most})


@pytest.mark.parametrize(("add", "name", "least", "most"), cases(TEXTS))
def test_fails_for_a_text_that_is_too_short_or_too_long(new_stack, add, name, least, most) -> None:
    """The message has the prop, the value got and the values allowed."""
    for length in (least - 1, most + 1):
        if length >= 0:
            with pytest.raises(InvalidPropsError, match=rf"{name}: got '.*, allowed "):
                add(new_stack(), **{name: "x" * length})


@pytest.mark.parametrize(("add", "name", "wrong"), cases(WRONG))
def test_fails_for_a_value_that_aws_refuses(new_stack, add, name, wrong) -> None:
    """The message has the prop and the values allowed."""
    with pytest.raises(InvalidPropsError, match=rf"{name}.*: got .*allowed "):
        add(new_stack(), **{name: wrong})


@pytest.mark.parametrize(("add", "name", "wrong", "type_"), cases(TYPES))
def test_fails_for_a_value_of_another_type(new_stack, add, name, wrong, type_) -> None:
    """None above all: providers take it for a default that nobody chose."""
    with pytest.raises(InvalidPropsError) as caught:
        add(new_stack(), **{name: wrong})

    assert f"{name}: got {wrong!r}, allowed {type_}" in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "rejects/", "x" * 1023 + "/"])
def test_a_grant_may_be_for_a_folder_or_for_everything(new_stack, prefix) -> None:
    """The slash keeps folders apart whose names begin alike."""
    prefix_grant(new_stack(), prefix=prefix)


def test_a_graph_may_have_percentiles_and_an_expression_alone(new_stack) -> None:
    """Alarms have neither: a percentile is another argument of theirs, and math needs metrics."""
    dashboard(new_stack(), metrics=(replace(METRIC, statistic="p99.9"),), period_seconds=30)
    graph = Graph(title="t", metrics=(), expression="TIME_SERIES(1)", period_seconds=2_592_000)
    dashboard(new_stack(), graphs=(graph,))


@pytest.mark.parametrize(
    "detail", [{}, {"feed": ["a"]}, {"counts": {"rejected": [{"numeric": []}]}}]
)
def test_a_detail_may_be_any_pattern(new_stack, detail) -> None:
    """Lists of values or conditions, at any depth."""
    bus_rule(new_stack(), detail=detail)


def test_a_payload_may_have_context_attributes(new_stack) -> None:
    """Scheduler replaces them; a number stands without quotes."""
    schedule(new_stack(), payload='{"attempt": <aws.scheduler.attempt-number>}')


@pytest.mark.parametrize(
    ("add", "name"),
    [(row[0], row[1]) for row in NUMBERS] + [(a_function, "log_retention_days")],
)
def test_a_number_that_only_terraform_knows_is_taken(new_stack, add, name) -> None:
    """A token stands for it, and no limit applies to a token."""
    stack = new_stack()
    token = Token.as_number(TerraformVariable(stack, "number", type="number").value)

    add(stack, **{name: token})


@pytest.mark.parametrize(
    ("add", "name"),
    [(row[0], row[1]) for row in TEXTS if row[0] is not dashboard and row[1] != "prefix"]
    + [(schedule, "expression"), (schedule, "time_zone"), (topic, "email")],
)
def test_a_text_that_only_terraform_knows_is_taken(new_stack, add, name) -> None:
    """Alone or within other text."""
    for before in ("", "a!" * 40):
        stack = new_stack()
        token = TerraformVariable(stack, "text", type="string").string_value
        add(stack, **{name: before + token})


def test_variables_that_only_terraform_knows_do_not_count(new_stack) -> None:
    """Their length is Lambda's to judge."""
    stack = new_stack()
    token = TerraformVariable(stack, "text", type="string").string_value

    a_function(stack, environment={f"NAME_{number}": token for number in range(300)})


def test_fails_with_every_broken_rule_in_one_message(new_stack) -> None:
    """Somebody who repairs a construct repairs it once."""
    with pytest.raises(InvalidPropsError) as caught:
        a_queue(new_stack(), queue_name="", retention_seconds=1, maximum_receive_count=0)

    assert str(caught.value) == (
        "test/Dlq: queue_name: got '', allowed 1 to 80 letters, digits and any of -_; "
        "retention_seconds: got 1, allowed 60 to 1209600; "
        "maximum_receive_count: got 0, allowed 1 to 1000"
    )


def test_fails_for_a_rule_on_a_bucket_without_events(new_stack) -> None:
    """Such a rule would never match anything."""
    with pytest.raises(InvalidPropsError, match=r"bucket: .*allowed a bucket with sends_events"):
        rule(new_stack(), events=False)


@pytest.mark.parametrize(("differs", "named"), [("alarm_name", "keys"), ("key", "alarm_names")])
def test_fails_for_two_alarms_of_one_key_or_name(new_stack, differs, named) -> None:
    """The construct ids would collide, or the second alarm would overwrite the first."""
    spec = AlarmSpec(key="Same", alarm_name="a", description="d", metrics=(METRIC,), threshold=0)
    changed: dict[str, Any] = {differs: "other"}
    other = replace(spec, **changed)
    stack = new_stack()

    with pytest.raises(InvalidPropsError, match=rf"{named}: .*no two alike"):
        Alarms(stack, "Alarms", AlarmsProps(topic=topic(stack), specs=(spec, other)))


def test_alarms_and_their_topic_may_be_in_two_stacks() -> None:
    """Terraform takes a resource of its own stack in `depends_on`, and no other."""
    app = cdktf.Testing.app()
    alarm_stack = TerraformStack(app, "alarms")
    spec = AlarmSpec(key="Key", alarm_name="a", description="d", metrics=(METRIC,), threshold=0)
    specs = AlarmsProps(topic=topic(TerraformStack(app, "topic")), specs=(spec,))
    Alarms(alarm_stack, "Alarms", specs)

    (alarm_made,) = resources(
        json.loads(cdktf.Testing.synth(alarm_stack)), "aws_cloudwatch_metric_alarm"
    )

    assert "depends_on" not in alarm_made
