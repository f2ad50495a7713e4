"""Exact decimal arithmetic: every figure is right to the last digit, or an error."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

ZERO = Decimal(0)

# Stored numbers have up to 38 significant digits and lie between 1E-130 and 1E+125, so a product
# spans at most 512 digits and a sum over any table that fits AWS a few more. Inexact is trapped:
# no sum is ever rounded silently. Digits that are not there cost nothing.
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EXACT = Context(
    prec=600,
    Emin=-2000,
    Emax=2000,
    traps=[Inexact, InvalidOperation, Overflow, DivisionByZero],
)

_CACHED_NUMBERS = 16_384


@lru_cache(maxsize=_CACHED_NUMBERS)
def parse_decimal(text: str) -> Decimal:
    """Return a stored number; quantities and prices repeat, so most answers come from the cache.

    Args:
        text: Decimal text as DynamoDB returns it.

    Raises:
        ArithmeticError: The text is not a number, or one outside of the exact range.
        ValueError: The number is infinite or NaN.
    """
    value = EXACT.create_decimal(text)
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return value


def decimal_text(value: Decimal) -> str:
    """Return a number without exponent, trailing zeros or a negative zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
