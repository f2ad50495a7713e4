"""The checks of `inventory doctor`, one function each."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from inventory_cli.feeds import states_of
from inventory_cli.queues import depth_of
from inventory_cli.records import scan_records
from inventory_cli.rendering import age, figure, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from inventory_cli.session import Session

# What is expected of feeds where neither the command line nor an alarm says it: the default of the
# setting expected_feed_interval_hours.
_DEFAULT_FEED_INTERVAL = timedelta(hours=24)

# Late feeds that are named; `inventory feeds` has all.
_NAMED_FEEDS = 20

# What commands do beyond reading, as the action and the resource they need.
_WRITES = (
    ("upload, remove", "s3:PutObject", "uploads"),
    ("replay, release, undo, restore", "sqs:SendMessage", "work"),
    ("redrive", "sqs:DeleteMessage", "dead letters"),
    ("pause", "dynamodb:PutItem", "lanes"),
    ("pause, resume", "dynamodb:Query", "lanes"),
    ("resume", "dynamodb:DeleteItem", "lanes"),
    ("summary --run", "lambda:InvokeFunction", "summary"),
)


class Level(StrEnum):
    """How good or bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """Result of one check.

    Attributes:
        level: How good or bad it is.
        check: What was looked at.
        found: What was found, in a few words.
    """

    level: Level
    check: str
    found: str


Checks: TypeAlias = (
    "Mapping[str, Callable[[Session, datetime, timedelta | None], Iterator[Finding]]]"
)


def credentials(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Check the identity of the caller, and that it is of the account the stack is in."""
    identity = session.sts.get_caller_identity()
    account = session.outputs.account
    level = Level.OK if identity["Account"] == account else Level.FAIL
    remark = "" if level is Level.OK else f", but the stack is in account {account}"
    yield Finding(level, "credentials", f"{identity['Arn']}{remark}")


def functions(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether each function is active, its last update went through and it may run."""
    names = session.outputs
    for name in (
        names.processor_function_name,
        names.chunk_processor_function_name,
        names.summary_function_name,
        names.reconcile_function_name,
    ):
        if not name:
            continue
        found = session.functions.get_function_configuration(FunctionName=name)
        # A function that was idle for weeks is woken by its next event.
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        well = state in ("Active", "Inactive") and update == "Successful"
        reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or ""
        text = f"{state}, last update {update} {reason}".rstrip()
        if _reserved(session, name) == 0:
            well, text = False, f"{text}, but its reserved concurrency is 0: it never runs"
        yield Finding(Level.OK if well else Level.FAIL, f"function {name}", text)


def _reserved(session: Session, name: str) -> int | None:
    """Executions that are set aside for a function; None where there is no such limit."""
    answer = session.functions.get_function_concurrency(FunctionName=name)
    return answer.get("ReservedConcurrentExecutions")


def concurrency(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether the account's concurrency is enough for what may run at the same time.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    """
    names = session.outputs
    limits = session.functions.get_account_settings()["AccountLimit"]
    reserved = _reserved(session, names.processor_function_name)
    mappings = session.functions.list_event_source_mappings(
        FunctionName=names.chunk_processor_function_name
    )["EventSourceMappings"]
    workers = sum(each.get("ScalingConfig", {}).get("MaximumConcurrency", 0) for each in mappings)
    # The summary and the reconcile, and a file where nothing is set aside for files.
    others = 3 if reserved is None else 2
    free = limits["UnreservedConcurrentExecutions"]
    text = (
        f"{figure(limits['ConcurrentExecutions'])} in the account, {figure(free)} of them "
        f"unreserved; {reserved or 'none'} reserved for files, and {workers} workers of large "
        f"files and {others} others may run beside them"
    )
    if workers + others > free:
        hint = "ask AWS for more, or lower work_queue_concurrency"
        yield Finding(Level.WARN, "concurrency", f"{text}: {hint}")
        return
    yield Finding(Level.OK, "concurrency", text)


def tables(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether each table is active."""
    for name in (session.outputs.items_table_name, session.outputs.ingestions_table_name):
        table = session.dynamodb.describe_table(TableName=name)["Table"]
        state = table.get("TableStatus", "unknown")
        count = figure(table.get("ItemCount", 0))
        level = Level.OK if state in ("ACTIVE", "UPDATING") else Level.FAIL
        yield Finding(level, f"table {name}", f"{state}, about {count} items")


def buckets(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether each bucket can be listed."""
    for name in (session.outputs.uploads_bucket_name, session.outputs.reports_bucket_name):
        session.s3.head_bucket(Bucket=name)
        yield Finding(Level.OK, f"bucket {name}", "reachable")


def queues(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether the dead-letter queue is empty, and how much work waits."""
    dead = depth_of(session, session.outputs.dead_letter_queue_url).messages
    yield Finding(
        Level.WARN if dead else Level.OK,
        "dead-letter queue",
        f"{figure(dead)} messages: see `inventory rejects`" if dead else "empty",
    )
    waiting = depth_of(session, session.outputs.work_queue_url).messages
    text = f"{figure(waiting)} messages" if waiting else "empty"
    yield Finding(Level.OK, "work queue", text)


def alarms(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Alarms of the stack that are on."""
    names = []
    total = 0
    pages = session.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="inventory-"
    )
    for page in pages:
        for alarm in page.get("MetricAlarms", ()):
            if session.outputs.alarm_topic_arn not in alarm.get("AlarmActions", ()):
                continue
            total += 1
            if alarm.get("StateValue") == "ALARM":
                names.append(alarm["AlarmName"])
    for name in names:
        yield Finding(Level.WARN, f"alarm {name}", "ALARM: see docs/operations.md")
    if not total:
        yield Finding(Level.FAIL, "alarms", "the stack has none")
    elif not names:
        yield Finding(Level.OK, "alarms", f"none of {total} is on")


def freshness(session: Session, now: datetime, interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether a feed was loaded within the interval."""
    expected = interval or _watched_interval(session) or _DEFAULT_FEED_INTERVAL
    hours = f"{expected.total_seconds() / 3600:g} h"
    moments = (
        parse_moment(record.moment)
        for record in scan_records(session)
        if record.status == "COMPLETED"
    )
    latest = max((moment for moment in moments if moment), default=None)
    if latest is None:
        yield Finding(Level.WARN, "feeds", f"none was loaded yet; expected every {hours}")
        return
    late = now - latest > expected
    text = f"the latest was loaded {age(latest, now)} ago; expected every {hours}"
    yield Finding(Level.WARN if late else Level.OK, "feeds", text)


def late_feeds(session: Session, now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Feeds of the settings that are late."""
    states = states_of(session, now)
    if paused := [state.feed for state in states if state.paused]:
        named = ", ".join(paused[:_NAMED_FEEDS])
        more = f" and {figure(len(paused) - _NAMED_FEEDS)} more" if paused[_NAMED_FEEDS:] else ""
        yield Finding(Level.WARN, "paused", f"files wait of {named}{more}: see `inventory pause`")
    late = [state for state in states if state.late]
    for state in late[:_NAMED_FEEDS]:
        yield Finding(Level.WARN, "late feed", state.sentence)
    if len(late) > _NAMED_FEEDS:
        more = figure(len(late) - _NAMED_FEEDS)
        yield Finding(Level.WARN, "late feed", f"and {more} more: see `inventory feeds`")
    if not late:
        expected = sum(state.due is not None for state in states)
        text = f"none of {figure(expected)} of which files are expected"
        yield Finding(Level.OK, "late feeds", text)


def _watched_interval(session: Session) -> timedelta | None:
    """The window of the alarm that goes off when no feed came."""
    answer = session.cloudwatch.describe_alarms(
        AlarmNames=[f"inventory-no-feed-arrived-{session.outputs.suffix}"]
    )
    for alarm in answer.get("MetricAlarms", ()):
        periods = [alarm.get("Period"), *(m.get("Period") for m in alarm.get("Metrics", ()))]
        stats = [m["MetricStat"]["Period"] for m in alarm.get("Metrics", ()) if "MetricStat" in m]
        period = next((each for each in (*periods, *stats) if each), None)
        if period:
            return timedelta(seconds=period * alarm.get("EvaluationPeriods", 1))
    return None


def permissions(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether the caller may do what the commands do beyond reading."""
    names = session.outputs
    caller = session.sts.get_caller_identity()["Arn"]
    partition = names.alarm_topic_arn.split(":")[1]
    tables = f"arn:{partition}:dynamodb:{names.region}:{names.account}:table"
    arns = {
        "uploads": f"arn:{partition}:s3:::{names.uploads_bucket_name}/*",
        "lanes": f"{tables}/{names.lanes_table_name}",
        "work": _queue_arn(session, names.work_queue_url),
        "dead letters": _queue_arn(session, names.dead_letter_queue_url),
        "summary": session.functions.get_function_configuration(
            FunctionName=names.summary_function_name
        )["FunctionArn"],
    }
    if ":root" in caller:
        yield Finding(Level.OK, "permissions", "the account's root user may do everything")
        return
    principal = _principal(caller)
    for commands, action, resource in _WRITES:
        decision = _simulate(session, principal, action, arns[resource])
        if decision is None:
            yield Finding(
                Level.WARN, "permissions", "cannot be told: iam:SimulatePrincipalPolicy is refused"
            )
            return
        allowed = decision == "allowed"
        yield Finding(
            Level.OK if allowed else Level.FAIL,
            f"may {commands}",
            f"{action} {'allowed' if allowed else decision}",
        )


def _simulate(session: Session, principal: str, action: str, resource: str) -> str | None:
    """IAM's decision; None when the caller may not ask."""
    from botocore.exceptions import ClientError

    try:
        answer = session.iam.simulate_principal_policy(
            PolicySourceArn=principal, ActionNames=[action], ResourceArns=[resource]
        )
    except ClientError:
        return None
    results = answer["EvaluationResults"]
    return results[0]["EvalDecision"] if results else None


def _principal(caller: str) -> str:
    """The role of an assumed role's session, which is what a policy is attached to."""
    prefix, _, path = caller.partition(":assumed-role/")
    if not path:
        return caller
    return f"{prefix.replace(':sts:', ':iam:')}:role/{path.split('/')[0]}"


def _queue_arn(session: Session, queue_url: str) -> str:
    attributes = session.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]
    return attributes["QueueArn"]


#: Checks in the order in which they are made.
CHECKS: Checks = {
    "credentials": credentials,
    "functions": functions,
    "concurrency": concurrency,
    "tables": tables,
    "buckets": buckets,
    "queues": queues,
    "alarms": alarms,
    "feeds": freshness,
    "late feeds": late_feeds,
    "permissions": permissions,
}
