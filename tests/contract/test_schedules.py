"""A schedule sends what its function reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from inventory.domain.summary.clock import scheduled_time
from synthesised import resources


def test_the_summary_is_told_when_it_was_due(stack) -> None:
    """A retry after midnight still makes the summary of the day that was due."""
    schedules = resources(stack, "aws_scheduler_schedule")
    (text,) = [
        schedule["target"]["input"] for schedule in schedules if "input" in schedule["target"]
    ]
    sent = json.loads(text.replace("<aws.scheduler.scheduled-time>", "2026-11-22T23:59:00Z"))

    due = scheduled_time(sent, datetime(2026, 11, 23, 0, 5, tzinfo=UTC))

    assert due == datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
