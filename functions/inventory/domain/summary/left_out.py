"""Account of what the documents of a summary leave out, and where the rest lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.summary.formatting import format_number
from inventory.domain.summary.model import KEPT_CURRENCIES, LISTED_UNCHANGED_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.summary.changes import Changes
    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.model import Stock


def left_out(stock: Stock, feeds: Feeds, changes: Changes | None) -> Iterator[str]:
    """Sentences about every list that is not complete, in the JSON and CSV as on the page.

    Args:
        stock: The figures over the items.
        feeds: The files delivered.
        changes: Differences from the previous summary; None when there is none.
    """
    lists = [
        ("items out of stock", stock.out_of_stock.total, len(stock.out_of_stock.items), "out"),
        ("items that run low", stock.low.total, len(stock.low.items), "low"),
        (
            f"items unchanged for {LISTED_UNCHANGED_DAYS} days",
            stock.unchanged.total,
            len(stock.unchanged.items),
            "",
        ),
        ("late feeds", feeds.late_total, len(feeds.late), "feeds"),
        ("files with trouble", feeds.trouble_total, len(feeds.trouble), "files --failed"),
    ]
    if changes is not None:
        lists += [
            ("items newly out of stock", changes.newly_out_total, len(changes.newly_out), "out"),
            ("locations that changed", changes.locations_total, len(changes.locations), "changes"),
        ]
    for what, total, listed, command in lists:
        if listed < total:
            where = f"; `inventory {command}` lists all" if command else ""
            yield (
                f"Only {format_number(listed)} of {format_number(total)} {what} are listed{where}."
            )
    for what, breakdown in (("locations", stock.locations), ("categories", stock.categories)):
        if breakdown.other is not None:
            yield (
                f"Only the {format_number(len(breakdown.named))} {what} with most items have "
                f"figures of their own; the others are summed up."
            )
    if len(stock.totals.value) >= KEPT_CURRENCIES:
        yield f"Only the first {KEPT_CURRENCIES} currencies by code have values."
