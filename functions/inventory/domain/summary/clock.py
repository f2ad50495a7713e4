"""Which time a summary stands for, and which day that is where the shops are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping


def canonical(instant: datetime) -> str:
    """Write a time as all stored times are written, so that text compares as time.

    Args:
        instant: A time with a zone.

    Returns:
        `YYYY-MM-DDTHH:MM:SS.ffffffZ`, in UTC.
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime | None:
    """Read an ISO 8601 time that names its zone; None for any other text.

    Args:
        text: Such as `2026-11-22T05:00:00Z`.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(UTC)


def scheduled_time(event: Mapping[str, object], now: datetime) -> datetime:
    """The time for which the schedule called, so that a late or repeated call stands for that day.

    Args:
        event: The schedule's input; its `scheduled_time` is `<aws.scheduler.scheduled-time>`, which
            EventBridge Scheduler replaces by the time.
        now: Stands in where the event names no time: a call by hand, or a scheduler that does not
            replace the attribute.

    Source: docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    given = event.get("scheduled_time")
    instant = parse_instant(given) if isinstance(given, str) else None
    return instant or now


def day_in(timezone: str, instant: datetime) -> str:
    """The day of a time in a time zone, `YYYY-MM-DD`.

    Args:
        timezone: IANA name.
        instant: A time with a zone.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: There is no such time zone.
    """
    return instant.astimezone(ZoneInfo(timezone)).date().isoformat()
