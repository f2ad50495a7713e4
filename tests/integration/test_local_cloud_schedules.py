"""Schedules fire on the wall clock of their zone, and dead-letter what they cannot deliver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from emulated_resources import attributes
from local_cloud.patches.schedules import due_time

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources


def schedule(expression: str, zone: str, created: datetime) -> dict[str, Any]:
    """MiniStack's record of a schedule."""
    return {
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": zone,
        "CreationDate": created.timestamp(),
        "LastModificationDate": created.timestamp(),
    }


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Europe/Berlin", "2026-07-01T04:59:59+00:00", None),
        ("Europe/Berlin", "2026-07-01T05:00:00+00:00", "2026-07-01T05:00:00+00:00"),
        ("Europe/Berlin", "2026-12-01T05:59:59+00:00", None),
        ("Europe/Berlin", "2026-12-01T06:00:00+00:00", "2026-12-01T06:00:00+00:00"),
        ("UTC", "2026-07-01T07:00:00+00:00", "2026-07-01T07:00:00+00:00"),
    ],
)
def test_daily_schedule_follows_its_zone_and_summer_time(
    zone: str, now: str, due: str | None
) -> None:
    """Seven o'clock in Berlin is five in summer and six in winter, in universal time."""
    present = datetime.fromisoformat(now)
    record = schedule("cron(0 7 * * ? *)", zone, present - timedelta(hours=2))

    found = due_time(record, None, present)

    assert (found and found.astimezone(UTC).isoformat()) == due


def test_occurrence_that_fired_does_not_fire_again() -> None:
    """A schedule that has just fired waits for the next occurrence."""
    present = datetime(2026, 7, 1, 7, 0, 1, tzinfo=UTC)
    record = schedule("cron(0 7 * * ? *)", "UTC", present - timedelta(hours=2))

    assert due_time(record, (present - timedelta(seconds=1)).timestamp(), present) is None


def test_rate_counts_from_creation_and_then_from_the_last_time() -> None:
    """A rate fires one interval after it was made, and one after it last fired."""
    made = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
    record = schedule("rate(1 hour)", "UTC", made)
    hour = timedelta(hours=1)

    assert due_time(record, None, made + hour - timedelta(seconds=1)) is None
    assert due_time(record, None, made + hour) == made + hour
    assert due_time(record, (made + hour).timestamp(), made + hour + hour / 2) is None


def test_schedule_that_may_not_invoke_its_target_ends_in_its_queue(
    emulated: EmulatedResources,
) -> None:
    """A one-time schedule fires within seconds; its role's missing permission dead-letters it."""
    seen, _ = emulated.queue("seen")
    url, queue = emulated.queue("dead")
    arn = emulated.function("echo", emulated.role("role", "lambda.amazonaws.com"), seen)
    role = emulated.role("scheduler", "scheduler.amazonaws.com", ("sqs:SendMessage", queue))
    at = datetime.now(UTC) + timedelta(hours=2, seconds=1)
    emulated.cloud.client("scheduler").create_schedule(
        Name=emulated.name,
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="Etc/GMT-2",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": arn,
            "RoleArn": role,
            "Input": '{"scheduled_time": "<aws.scheduler.scheduled-time>"}',
            "DeadLetterConfig": {"Arn": queue},
        },
    )

    [message] = emulated.receive(url)

    found = attributes(message)
    assert message["Body"] == f'{{"scheduled_time": "{found["SCHEDULED_TIME"]}"}}'
    assert found["ERROR_CODE"] == "AccessDeniedException"
    assert found["TARGET_ARN"] == arn
    assert found["SCHEDULE_ARN"].endswith(f":schedule/default/{emulated.name}")
    assert found["IS_PAYLOAD_TRUNCATED"] == "false"
    assert found["RETRY_ATTEMPTS"] == "0"
    assert found["EXECUTION_ID"]
