"""Cron expressions are those that EventBridge Scheduler takes.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import pytest

from constructs_lib.cron import cron_fields


@pytest.mark.parametrize(
    "fields",
    [
        "0 6 * * ? *",
        "0 6 ? * * *",
        "0,59 0-23 1 1-12 ? 1970-2199",
        "0/15 */2 1/7 JAN,jul-DEC ? 2026/2",
        "0 6 L * ? *",
        "0 6 31W * ? *",
        "0 6 ? * SUN-SAT/3 *",
        "0 6 ? * mon,4 *",
        "0 6 ? * L *",
        "0 6 ? * FRIL *",
        "0 6 ? * 3#5 *",
        "0 6 ? * TUE#1 *",
    ],
)
def test_an_expression_that_aws_takes_is_taken(fields) -> None:
    """Values, names in either case, lists, ranges, steps, and days of the calendar."""
    expected = [{"?": "*"}.get(field, field) for field in fields.split()]

    assert cron_fields(f"cron({fields})") == expected


@pytest.mark.parametrize(
    "fields",
    [
        # Exactly one of the two days is left open.
        "0 6 * * * *",
        "0 6 ? * ? *",
        "0 6 1 * MON *",
        "0 6 ?/2 * MON *",
        "? 6 * * ? *",
        "0 6 * ? ? *",
        # Each field has its limits.
        "60 6 * * ? *",
        "0 24 * * ? *",
        "0 6 0 * ? *",
        "0 6 32 * ? *",
        "0 6 0-31 * ? *",
        "0 6 * 13 ? *",
        "0 6 ? * 0 *",
        "0 6 ? * 8 *",
        "0 6 * * ? 1969",
        "0 6 * * ? 2200",
        "0 6 32W * ? *",
        "0 6 ? * 8L *",
        "0 6 ? * 3#6 *",
        # Names have their fields.
        "x y * * ? *",
        "0 6 MON * ? *",
        "0 6 ? JANUARY MON *",
        # Days of the calendar stand alone, each in its field.
        "0 6 1,L * ? *",
        "0 6 3#1 * ? *",
        "0 6 ? * 3W *",
        "0 6 ? * 3#1,6#3 *",
        "L 6 * * ? *",
        # And what is written by mistake.
        "0 6 5-1 * ? *",
        "0 6 1-0 * ? *",
        "0/0 6 * * ? *",
        "0/60 6 * * ? *",
        "0 6 1 JAN2 ? *",
        "0 6 1 1JAN ? *",
        "0 6 1, * ? *",
        "0 6 -1 * ? *",
        "0 6 * * ?",
        "0 6 * * ? * *",
        "0  6 * * ? *",
        "\u0663 6 * * ? *",
        "0 6 ? * \u017fUN *",
    ],
)
def test_fails_for_an_expression_that_aws_refuses(fields) -> None:
    """Before anything is deployed."""
    assert cron_fields(f"cron({fields})") is None
