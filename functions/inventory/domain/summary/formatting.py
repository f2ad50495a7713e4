"""Figures, times and text of feeds as people read them."""

from __future__ import annotations

import re
from decimal import Decimal

from inventory.domain.summary.exact import decimal_text

# Stands for an empty location, category or profile.
UNNAMED = "(none)"
# Stands for the error of rejected rows whose record gives none.
UNSPECIFIED = "(unspecified)"

_SMALLEST_SHARE = Decimal("0.001")

# Characters that no font shows and that HTML does not allow, and those that reverse the order of
# the text after them (CVE-2021-42574); a feed may hold them.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


def printable(text: str) -> str:
    """Return text with every control character replaced by a visible sign."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


class Money(Decimal):
    """An amount of money, which people read with two decimals; the CSV and JSON have all digits."""


def format_number(value: Decimal | int) -> str:
    """Return a number with all its digits (money with two decimals), in groups of three."""
    if isinstance(value, Money):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else f"{Decimal(decimal_text(value)):,f}"


def format_change(value: Decimal | int) -> str:
    """Return a difference with its sign, and `±0` for none."""
    if value == 0:
        return "±0"
    return format_number(value) if value < 0 else f"+{format_number(value)}"


def format_share(share: Decimal) -> str:
    """Return a share as a percentage with one decimal, never 0 for what is more."""
    return "<0.1%" if 0 < share < _SMALLEST_SHARE else f"{share:.1%}"


def format_time(time: str) -> str:
    """Return a stored time to the minute.

    Args:
        time: `YYYY-MM-DDTHH:MM:SS.ffffffZ`; any other text comes back as it is.
    """
    return f"{time[:10]} {time[11:16]} UTC" if time.endswith("Z") else time
