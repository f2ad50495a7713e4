"""EventBridge Scheduler: time zones, context attributes, retries and dead-letter queues.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ministack.core.responses import new_uuid, set_request_account_id, set_request_region
from ministack.services import eventbridge, scheduler

from local_cloud.patches import deliveries, grants, queues

SERVICE = "scheduler.amazonaws.com"
TICK_SECONDS = 1


def apply() -> None:
    """Replace the sweep that fires due schedules, and sweep every second."""
    scheduler._tick_schedules = tick
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS


def tick() -> None:
    """Fire every enabled schedule that is due."""
    now = datetime.now(UTC)
    for state_key, schedule in list(scheduler._schedules._data.items()):
        if schedule.get("State") != "ENABLED" or not _in_window(schedule, now):
            continue
        due = due_time(schedule, scheduler._schedule_last_fired.get(state_key), now)
        if due is None:
            scheduler._schedule_last_fired.setdefault(state_key, _created(schedule).timestamp())
            continue
        scheduler._schedule_last_fired[state_key] = now.timestamp()
        account_id, region, _ = state_key
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(fire, schedule, due, account_id, region), daemon=True
        ).start()
        one_shot = schedule["ScheduleExpression"].startswith("at(")
        if one_shot and schedule.get("ActionAfterCompletion") == "DELETE":
            scheduler._schedules._data.pop(state_key, None)


def due_time(schedule: dict[str, Any], fired: float | None, now: datetime) -> datetime | None:
    """When the schedule should have fired, if that time has come.

    Args:
        schedule: MiniStack's record.
        fired: When it last fired, in seconds since the epoch; None if never.
        now: The present, with a time zone.
    """
    expression = schedule["ScheduleExpression"]
    zone = ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")
    updated = datetime.fromtimestamp(schedule.get("LastModificationDate", 0), UTC)
    after = max(_created(schedule), updated)
    if fired is not None:
        after = max(after, datetime.fromtimestamp(fired, UTC))
    if expression.startswith("at("):
        due = datetime.fromisoformat(expression[3:-1].strip()).replace(tzinfo=zone)
        missed = fired is not None and datetime.fromtimestamp(fired, UTC) >= due
        return None if due > now or missed else due
    seconds = eventbridge._parse_rate_seconds(expression)
    if seconds is not None:
        due = datetime.fromtimestamp(after.timestamp() + seconds, UTC)
        return due if due <= now else None
    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        return None
    # Cron runs on the wall clock of its zone; MiniStack walks it without one.
    wall = after.astimezone(zone).replace(tzinfo=UTC)
    following = eventbridge._cron_next_fire(fields, wall)
    if following is None:
        return None
    due = following.replace(tzinfo=zone)
    return due if due <= now else None


def fire(schedule: dict[str, Any], due: datetime, account_id: str, region: str) -> None:
    """Deliver one occurrence, or put it into the schedule's dead-letter queue."""
    set_request_account_id(account_id)
    set_request_region(region)
    target = schedule["Target"]
    arn = schedule["Arn"]
    scheduled = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution_id = new_uuid()
    payload = _payload(schedule, scheduled, execution_id, account_id, region)
    group = arn.replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]

    def allowed(_func: dict[str, Any]) -> bool:
        return grants.role_allowed(
            target.get("RoleArn", ""),
            service=SERVICE,
            action="lambda:InvokeFunction",
            resource_arn=target["Arn"],
            source_arn=group,
        )

    failed = deliveries.deliver(target["Arn"], payload, target.get("RetryPolicy") or {}, allowed)
    queue_arn = str((target.get("DeadLetterConfig") or {}).get("Arn", ""))
    if failed is None:
        return
    may_send = bool(queue_arn) and grants.role_allowed(
        target.get("RoleArn", ""),
        service=SERVICE,
        action="sqs:SendMessage",
        resource_arn=queue_arn,
        source_arn=group,
    )
    if not may_send:
        queues.logger.error("%s dropped an occurrence for %s", arn, target["Arn"])
        return
    attributes = {
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": target["Arn"],
        "SCHEDULED_TIME": scheduled,
        "EXECUTION_ID": execution_id,
        "ERROR_CODE": failed.error.exception,
        "ERROR_MESSAGE": failed.error.message,
        "RETRY_ATTEMPTS": str(failed.retry_attempts),
        "IS_PAYLOAD_TRUNCATED": "false",
    }
    if failed.exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = failed.exhausted
    queues.put(queue_arn, payload, attributes)


def _payload(
    schedule: dict[str, Any], scheduled: str, execution_id: str, account_id: str, region: str
) -> str:
    """The target's input with context attributes filled in, else Scheduler's own event."""
    text = schedule["Target"].get("Input")
    if not text:
        return json.dumps(
            {
                "version": "0",
                "id": execution_id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": account_id,
                "time": scheduled,
                "region": region,
                "resources": [schedule["Arn"]],
                "detail": "{}",
            }
        )
    values = {
        "schedule-arn": schedule["Arn"],
        "scheduled-time": scheduled,
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _created(schedule: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(schedule.get("CreationDate", time.time()), UTC)


def _in_window(schedule: dict[str, Any], now: datetime) -> bool:
    start, end = (scheduler._to_epoch(schedule.get(name)) for name in ("StartDate", "EndDate"))
    seconds = now.timestamp()
    return (start is None or seconds >= start) and (end is None or seconds <= end)
