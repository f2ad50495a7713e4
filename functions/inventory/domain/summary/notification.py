"""The short message that tells subscribers of a summary."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from inventory.domain.summary.formatting import UNSPECIFIED, Money, format_number, printable
from inventory.domain.summary.model import LISTED_UNCHANGED_DAYS

if TYPE_CHECKING:
    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.model import Summary

_CURRENCIES = 5
_ERRORS = 3
_FEEDS = 5
#: Hours for which the link to the page opens, at most. It ends with the credentials that signed it,
#: those of the function's role, whose end AWS does not say.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html (who can
#: create a presigned URL) and https://repost.aws/knowledge-center/presigned-url-s3-bucket-expiration
LINK_HOURS = 12


def render_subject(summary: Summary) -> str:
    """Return the subject line, in plain ASCII whatever the feeds hold."""
    return f"Inventory summary of {summary.date}"


def render_message(summary: Summary, page: str) -> str:
    """Return a few figures and the page's link, with how long it opens.

    Args:
        summary: The summary.
        page: Address that opens the page without signing in.
    """
    stock, feeds, changes = summary.stock, summary.feeds, summary.changes
    totals = stock.totals
    values = [
        f"{format_number(Money(amount))} {currency or 'without currency'}"
        for currency, amount in islice(totals.value.items(), _CURRENCIES)
    ]
    if len(totals.value) > _CURRENCIES:
        values.append(f"{len(totals.value) - _CURRENCIES} more currencies")
    errors = ", ".join(
        f"{error or UNSPECIFIED} {format_number(rows)}"
        for error, rows in islice(feeds.rejected_by_error.items(), _ERRORS)
    )
    newly = "" if changes is None else f" ({format_number(changes.newly_out_total)} newly)"
    more = "" if stock.locations.other is None else " or more"
    lines = [
        f"Inventory on {summary.date} ({summary.timezone})",
        f"Items: {format_number(totals.items)}",
        f"Locations: {format_number(len(stock.locations.named))}{more}",
        f"Units: {format_number(totals.quantity)}",
        f"Stock value: {', '.join(values) or 'no prices'}",
        f"Out of stock: {format_number(totals.out_of_stock)}{newly}",
        f"Running low: {format_number(totals.low)}",
        f"Unchanged for {LISTED_UNCHANGED_DAYS} days: {format_number(stock.unchanged.total)}",
        f"Files received: {format_number(feeds.received)}, failed: {format_number(feeds.failed)}",
        f"Rows rejected: {format_number(feeds.rows['rejected'])}{f' ({errors})' if errors else ''}",
        *([f"Late feeds: {_late(feeds)}"] if feeds.late else []),
        f"The page, for whoever has this link, {LINK_HOURS} hours at most (AWS may end it sooner):",
        page,
        f"Later: inventory summary --date {summary.date} --open",
    ]
    # A line break in the text of a feed starts no line of its own.
    return "\n".join(" ".join(printable(line).split()) for line in lines)


def _late(feeds: Feeds) -> str:
    named = [state.feed for state in feeds.late[:_FEEDS]]
    if feeds.late_total > len(named):
        named.append(f"{format_number(feeds.late_total - len(named))} more")
    return f"{format_number(feeds.late_total)} ({', '.join(named)})"
