"""The six fields of a cron expression as EventBridge Scheduler takes them.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
#: All values, one or a range of them; each may have a step.
PART = re.compile(r"(?:\*|([0-9]{1,4})(?:-([0-9]{1,4}))?)(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, kw_only=True)
class CronField:
    """Values of a field.

    Attributes:
        least: The least value.
        most: The greatest value.
        names: Names of the values, the first of which is 1. Default: none.
        calendar: Pattern of what stands for days that only a calendar tells. Default: nothing.
    """

    least: int
    most: int
    names: tuple[str, ...] = ()
    calendar: str = ""

    def numbers(self, text: str) -> frozenset[int]:
        """Return the values that a text stands for.

        Args:
            text: The field of an expression.

        Returns:
            Nothing for a text that is refused, and for days that only a calendar tells.
        """
        values: set[int] = set()
        for part in self._in_numbers(text).split(","):
            found = PART.fullmatch(part)
            if not found:
                return frozenset()
            first, last, step = found.groups()
            begin = int(first or self.least)
            end = int(last or (first if first and not step else self.most))
            by = int(step or 1)
            if not (self.least <= begin <= end <= self.most and 1 <= by <= self.most):
                return frozenset()
            values |= set(range(begin, end + 1, by))
        return frozenset(values)

    def takes(self, text: str) -> bool:
        """Return True for a text that the field may have.

        Args:
            text: The field of an expression.
        """
        return bool(self.numbers(text) or re.fullmatch(self.calendar, self._in_numbers(text)))

    def _in_numbers(self, text: str) -> str:
        text = text.upper()
        for number, name in enumerate(self.names, start=1):
            text = re.sub(f"(?<![0-9A-Z]){name}(?![0-9])", str(number), text)
        return text


MINUTES, HOURS, YEARS = (
    CronField(least=0, most=59),
    CronField(least=0, most=23),
    CronField(least=1970, most=2199),
)
MONTH = CronField(least=1, most=12, names=MONTHS)
# The last day, and the weekday closest to one.
DAY_OF_MONTH = CronField(least=1, most=31, calendar="L|(?:[1-9]|[12][0-9]|3[01])W")
# The last day of a week, the last one of these in a month, and one of the first five.
DAY_OF_WEEK = CronField(least=1, most=7, names=WEEKDAYS, calendar="[1-7]?L|[1-7]#[1-5]")
FIELDS = (MINUTES, HOURS, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEARS)


def cron_fields(expression: str) -> list[str] | None:
    """Return the fields of an expression, `*` for the day that is left open as `?`.

    Args:
        expression: `cron(...)`.

    Returns:
        None for what is no cron expression, or one that Scheduler refuses: values out of their
        limits, or two days of which not exactly one is left open.
    """
    found = re.fullmatch(r"cron\(([!-~]+(?: [!-~]+){5})\)", expression)
    if not found:
        return None
    fields = found[1].split(" ")
    open_days = [place for place in (2, 4) if fields[place] == "?"]
    if len(open_days) != 1:
        return None
    fields[open_days[0]] = "*"
    if not all(field.takes(text) for field, text in zip(FIELDS, fields, strict=True)):
        return None
    return fields
