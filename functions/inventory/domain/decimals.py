"""Exact decimals as text, within what DynamoDB's number type holds.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
(numbers: 38 digits of precision, magnitudes 1E-130 to 9.99E+125).
"""

from __future__ import annotations

import re

#: Digits of precision of a DynamoDB number, leading and trailing zeros not counted.
MAX_SIGNIFICANT_DIGITS = 38
#: Digits before the decimal point of the largest DynamoDB number.
MAX_INTEGER_DIGITS = 126
#: Places after the decimal point of the smallest DynamoDB number.
MAX_FRACTION_DIGITS = 130

# ASCII digits alone: int() and Decimal() would take Arabic-Indic digits, "1_000" and "NaN" as well.
_PLAIN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")


class DecimalTextError(ValueError):
    """The text is no plain decimal number."""


class DecimalRangeError(ValueError):
    """The number has more digits than DynamoDB can store exactly."""


def canonical(text: str) -> str:
    """The one way to write a plain decimal number.

    No plus, no leading zeros, no trailing zeros of a fraction, no exponent, and zero has no sign,
    so that equal numbers are equal texts.

    Args:
        text: Optional sign, ASCII digits, optionally a point and more digits.

    Returns:
        For example "5.5" for "+05.5000", and "0" for "-0".

    Raises:
        DecimalTextError: It is written in any other way, exponents included.
        DecimalRangeError: It does not fit a DynamoDB number exactly.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalTextError(f"{text[:80]!r} is not a plain decimal number")
    sign, whole, fraction = match.groups(default="")
    if not whole and not fraction:
        raise DecimalTextError(f"{text[:80]!r} is not a plain decimal number")
    whole = whole.lstrip("0")
    fraction = fraction.rstrip("0")
    if len((whole + fraction).strip("0")) > MAX_SIGNIFICANT_DIGITS:
        raise DecimalRangeError(f"more than {MAX_SIGNIFICANT_DIGITS} significant digits")
    if len(whole) > MAX_INTEGER_DIGITS or len(fraction) > MAX_FRACTION_DIGITS:
        raise DecimalRangeError("outside the range of a DynamoDB number")
    if not whole and not fraction:
        return "0"
    minus = "-" if sign == "-" else ""
    return f"{minus}{whole or '0'}.{fraction}" if fraction else f"{minus}{whole}"
