"""The longest time between two calls of a schedule, which bounds how soon one is missed."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from itertools import pairwise

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
DAY_IN_HOURS = 24
# Four years, so that a leap day is among them.
DAYS = tuple(date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1))


def longest_gap_hours(expression: str) -> int | None:
    """Return the most hours between two calls, a day where there is one every day.

    Args:
        expression: `rate(...)`, `cron(...)` or `at(...)`.

    Returns:
        None for a schedule that ends, and for one of days that only a calendar tells (L, W, #).

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return math.ceil(int(rate[1]) * HOURS[rate[2]])
    cron = re.fullmatch(r"cron\((.+)\)", expression)
    match cron[1].split() if cron else []:
        case [_, _, day_of_month, month, day_of_week, "*"]:
            in_month = _values(day_of_month, 1, 31, ())
            months = _values(month, 1, 12, MONTHS)
            in_week = _values(day_of_week, 1, 7, WEEKDAYS)
        case _:
            return None
    if not (in_month and months and in_week):
        return None
    called = [
        day
        for day in DAYS
        if day.day in in_month and day.month in months and day.isoweekday() % 7 + 1 in in_week
    ]
    days = max(((later - earlier).days for earlier, later in pairwise(called)), default=None)
    return None if days is None else days * DAY_IN_HOURS


def _values(field: str, least: int, most: int, names: tuple[str, ...]) -> set[int]:
    """Return what a field of a cron expression stands for; nothing where that is not known."""
    for number, name in enumerate(names, start=1):
        field = field.upper().replace(name, str(number))
    values: set[int] = set()
    for part in field.split(","):
        found = re.fullmatch(r"(?:[*?]|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not found:
            return set()
        first, last, step = (int(each) if each else None for each in found.groups())
        begin = least if first is None else first
        alone = first is not None and last is None and step is None
        end = begin if alone else last or most
        values |= set(range(begin, end + 1, step or 1))
    return values
