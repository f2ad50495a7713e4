"""Exact decimal arithmetic: a figure of the summary is right to the last digit or an error."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

ZERO = Decimal(0)

# Stored numbers have up to 38 significant digits and lie between 1E-130 and 1E+125, so a product
# spans at most 512 digits and a sum of any table that fits AWS a few more. Inexact is trapped: no
# sum is ever rounded in silence. Digits that are not there cost nothing.
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EXACT = Context(
    prec=600,
    Emin=-2000,
    Emax=2000,
    traps=[Inexact, InvalidOperation, Overflow, DivisionByZero],
)

_DISTINCT_TEXTS = 16_384


@lru_cache(maxsize=_DISTINCT_TEXTS)
def number(text: str) -> Decimal:
    """Read a stored number; quantities and prices repeat, so most answers come from the cache.

    Args:
        text: Decimal text as DynamoDB returns it.

    Raises:
        decimal.InvalidOperation: The text is no number.
    """
    return EXACT.create_decimal(text)


def plain(value: Decimal) -> str:
    """Write a number without exponent, without trailing zeros and without a negative zero.

    Args:
        value: Any finite number.
    """
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
