"""The short text that announces a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.summary.model import LISTED_UNCHANGED_DAYS
from inventory.domain.summary.page_parts import UNSPECIFIED, figure, printable

if TYPE_CHECKING:
    from inventory.domain.summary.report import Summary

_CURRENCIES = 5
_ERRORS = 3


def subject(summary: Summary) -> str:
    """The subject line, plain ASCII whatever the feeds hold.

    Args:
        summary: What is announced.
    """
    return f"Inventory summary of {summary.date}"


def announcement(summary: Summary, location: str) -> str:
    """The message: a few figures, and where the page lies.

    Args:
        summary: What is announced.
        location: Where the page lies.
    """
    stock, feeds, changes = summary.stock, summary.feeds, summary.changes
    totals = stock.totals
    values = [
        f"{figure(totals.value[currency])} {currency or 'without currency'}"
        for currency in sorted(totals.value)
    ]
    more = [] if len(values) <= _CURRENCIES else [f"{len(values) - _CURRENCIES} more currencies"]
    newly = "" if changes is None else f" ({figure(changes.newly_out_total)} newly)"
    errors = ", ".join(
        f"{error or UNSPECIFIED} {figure(rows)}"
        for error, rows in list(feeds.rejected_by_error.items())[:_ERRORS]
    )
    locations = figure(len(stock.by_location.named))
    if stock.by_location.other is not None:
        locations += " or more"
    failed = feeds.by_status.get("FAILED", 0)
    lines = [
        f"Inventory on {summary.date} ({summary.timezone})",
        f"Items: {figure(totals.items)} at {locations} locations",
        f"Units: {figure(totals.quantity)}",
        f"Stock value: {', '.join(values[:_CURRENCIES] + more) or 'no prices'}",
        f"Out of stock: {figure(totals.out)}{newly}",
        f"Running low: {figure(totals.low)}",
        f"Unchanged for {LISTED_UNCHANGED_DAYS} days: {figure(stock.unchanged.total)}",
        f"Files received: {figure(feeds.received)}, failed: {figure(failed)}",
        f"Rows rejected: {figure(feeds.rows['rejected'])}{f' ({errors})' if errors else ''}",
        f"Page: {location}",
    ]
    return printable("\n".join(lines))
