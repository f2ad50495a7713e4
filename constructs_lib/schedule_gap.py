"""The longest time between two calls of a schedule, which bounds how soon one is missed."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from itertools import pairwise

from constructs_lib.cron import DAY_OF_MONTH, DAY_OF_WEEK, MONTH, cron_fields

HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
DAY_IN_HOURS = 24
# Four years, so that a leap day is among them.
DAYS = tuple(date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1))


def longest_gap_hours(expression: str) -> int | None:
    """Return the most hours between two calls, a day where there is one every day.

    Args:
        expression: `rate(...)`, `cron(...)` or `at(...)`.

    Returns:
        None for a schedule that Scheduler refuses, for one that ends, and for one of days that only
        a calendar tells (L, W, #).

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return math.ceil(int(rate[1]) * HOURS[rate[2]])
    match cron_fields(expression):
        case [_, _, day_of_month, month, day_of_week, "*"]:
            in_month = DAY_OF_MONTH.numbers(day_of_month)
            months = MONTH.numbers(month)
            in_week = DAY_OF_WEEK.numbers(day_of_week)
        case _:
            return None
    called = [
        day
        for day in DAYS
        if day.day in in_month and day.month in months and day.isoweekday() % 7 + 1 in in_week
    ]
    days = max(((later - earlier).days for earlier, later in pairwise(called)), default=None)
    return None if days is None else days * DAY_IN_HOURS
