"""How long a schedule leaves between two calls, and who rests on it."""

from __future__ import annotations

import pytest

from constructs_lib.schedule_gap import longest_gap_hours


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("rate(1 hour)", 1),
        ("rate(90 minutes)", 2),
        ("rate(7 days)", 168),
        ("cron(0/15 * * * ? *)", 24),
        ("cron(0 6 * * ? *)", 24),
        ("cron(0 6 ? * MON-FRI *)", 72),
        ("cron(0 6 ? * sun,4 *)", 96),
        ("cron(0 6 ? * 2 *)", 168),
        ("cron(0 6 */2 * ? *)", 48),
        ("cron(0 6 1/7 * ? *)", 168),
        ("cron(0 6 1 * ? *)", 744),
        # A leap day comes every four years; other years are left out of the four looked at.
        ("cron(0 6 29 2 ? *)", None),
        ("cron(0 6 30 2 ? *)", None),
        ("cron(0 6 L * ? *)", None),
        ("cron(0 6 ? * 2#1 *)", None),
        ("cron(0 6 * * ? 2027)", None),
        ("at(2026-11-22T06:00:00)", None),
        ("every day", None),
    ],
)
def test_the_longest_gap_of_a_schedule(expression, hours) -> None:
    """As days of the calendar have it."""
    assert longest_gap_hours(expression) == hours
