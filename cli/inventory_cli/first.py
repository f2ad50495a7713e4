"""The checks of `inventory doctor --first`: what only a real account can prove.

They do what nothing else of the stack does by itself in its first hour: set off an alarm, and
upload an empty object whose key ends in a slash, which the pipeline accepts as a file without rows.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from inventory_cli.checks import Finding, Level
from inventory_cli.errors import NotYetError
from inventory_cli.records import await_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from inventory_cli.checks import Checks
    from inventory_cli.session import Session

PROBE_KEY = "inventory-doctor/"
_PROBE_SECONDS = 120.0
_ALARM_SECONDS = 60.0
_PAUSE_SECONDS = 2.0


def versioning(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether the uploads bucket keeps versions."""
    bucket = session.outputs.uploads_bucket_name
    status = session.s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
    level = Level.OK if status == "Enabled" else Level.FAIL
    yield Finding(level, "versioning of uploads", status)


def access_logs(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether S3 has delivered an access log."""
    answer = session.s3.get_bucket_logging(Bucket=session.outputs.uploads_bucket_name)
    target = answer.get("LoggingEnabled")
    if not target:
        yield Finding(Level.OK, "access logs", "off in this environment")
        return
    listed = session.s3.list_objects_v2(Bucket=target["TargetBucket"], MaxKeys=1)
    if listed.get("KeyCount"):
        yield Finding(Level.OK, "access logs", f"arrive in {target['TargetBucket']}")
        return
    text = f"none in {target['TargetBucket']} yet: S3 takes hours, so look again tomorrow"
    yield Finding(Level.WARN, "access logs", text)


def recursion(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether Lambda lets the chunk processor call itself through the work queue."""
    name = session.outputs.chunk_processor_function_name
    loop = session.functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"]
    text = loop if loop == "Allow" else f"{loop}: files of more than 16 invocations would stop"
    yield Finding(Level.OK if loop == "Allow" else Level.FAIL, "recursive loop", text)


def dead_letters(
    session: Session, _now: datetime, _interval: timedelta | None
) -> Iterator[Finding]:
    """Tell whether the dead-letter queue takes what the rule could not deliver."""
    url = session.outputs.dead_letter_queue_url
    answer = session.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    statements = json.loads(answer.get("Attributes", {}).get("Policy", "{}")).get("Statement", [])
    lets = any(
        each.get("Effect") == "Allow"
        and "events.amazonaws.com" in json.dumps(each.get("Principal", ""))
        for each in statements
    )
    text = "EventBridge may send to it" if lets else "EventBridge may not send to it"
    yield Finding(Level.OK if lets else Level.FAIL, "dead letters of the rule", text)


def mail(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether somebody has confirmed that alarms reach him."""
    topic = session.outputs.alarm_topic_arn
    listed = session.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in listed if each["SubscriptionArn"].startswith("arn:")]
    if confirmed:
        yield Finding(Level.OK, "mail of alarms", f"{len(confirmed)} confirmed subscriptions")
    elif listed:
        yield Finding(Level.FAIL, "mail of alarms", "nobody has confirmed: look for AWS's mail")
    else:
        yield Finding(Level.WARN, "mail of alarms", "no subscription: set alarm_email")


def alarm_action(session: Session, now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether an alarm may publish to the encrypted topic; sets one off to see.

    CloudWatch writes what became of an action into the alarm's history, and tells nobody else when
    the topic's policy or its key's refuses it.
    Source: https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
    """
    name = f"{session.outputs.summary_function_name}-duration"
    session.cloudwatch.set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="inventory doctor --first"
    )
    deadline = time.monotonic() + _ALARM_SECONDS
    while True:
        history = session.cloudwatch.describe_alarm_history(
            AlarmName=name, HistoryItemType="Action", StartDate=now
        )["AlarmHistoryItems"]
        summaries = [each["HistorySummary"] for each in history]
        if summaries or time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_SECONDS)
    if not summaries:
        text = f"{name} says nothing of it within {_ALARM_SECONDS:g} s"
        yield Finding(Level.WARN, "alarm to topic", text)
        return
    failed = [each for each in summaries if "Successfully" not in each]
    yield Finding(
        Level.FAIL if failed else Level.OK, "alarm to topic", failed[0] if failed else summaries[0]
    )


def end_to_end(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether an upload comes through S3, EventBridge, Lambda and DynamoDB to its record."""
    bucket = session.outputs.uploads_bucket_name
    stored = session.s3.put_object(Bucket=bucket, Key=PROBE_KEY, Body=b"")
    version = stored.get("VersionId") or stored["ETag"].strip('"')
    try:
        record = await_record(
            session, f"{bucket}/{PROBE_KEY}#{version}", timeout_seconds=_PROBE_SECONDS
        )
    except NotYetError:
        text = (
            f"{bucket}/{PROBE_KEY} has no record after {_PROBE_SECONDS:g} s: in a bucket younger "
            "than 15 minutes try again, else see the rule and the processor's logs"
        )
        yield Finding(Level.FAIL, "an upload", text)
        return
    level = Level.OK if record.status == "COMPLETED" else Level.FAIL
    yield Finding(level, "an upload", f"its record is {record.status}")


#: Checks in the order in which they are made, after all others.
FIRST_CHECKS: Checks = {
    "versioning of uploads": versioning,
    "an upload": end_to_end,
    "recursive loop": recursion,
    "dead letters of the rule": dead_letters,
    "mail of alarms": mail,
    "alarm to topic": alarm_action,
    "access logs": access_logs,
}
