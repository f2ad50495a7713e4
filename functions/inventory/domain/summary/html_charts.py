"""Charts of the summary page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from inventory.domain.summary.exact import ZERO
from inventory.domain.summary.page_parts import UNNAMED, UNSPECIFIED, Bar, escape, figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.summary.model import Breakdown, StockGroup
    from inventory.domain.summary.page_parts import DrawBars
    from inventory.domain.summary.report import Summary

_BARS = 10


def charts(summary: Summary, draw: DrawBars) -> str:
    """The section of charts; one without bars is left out.

    Args:
        summary: What to show.
        draw: Draws one chart.
    """
    stock = summary.stock
    drawn = (
        ("Units by location", _largest(stock.by_location, lambda group: group.quantity)),
        ("Units by category", _largest(stock.by_category, lambda group: group.quantity)),
        ("Low or out of stock by location", _largest(stock.by_location, _wanting)),
        (
            "Rejected rows by error",
            [
                Bar(error or UNSPECIFIED, Decimal(rows), figure(rows))
                for error, rows in list(summary.feeds.rejected_by_error.items())[:_BARS]
            ],
        ),
    )
    figures = "".join(
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f"{draw(title, bars)}</figure>\n"
        for title, bars in drawn
        if bars
    )
    return f'<section class="charts" aria-label="Charts">\n{figures}</section>\n'


def _wanting(group: StockGroup) -> Decimal:
    return Decimal(group.low + group.out)


def _largest(breakdown: Breakdown, measure: Callable[[StockGroup], Decimal]) -> list[Bar]:
    """The largest groups above zero; a bar of nothing or of a negative stock says nothing."""
    measured = [(measure(group), name) for name, group in breakdown.named.items()]
    above = sorted(
        (pair for pair in measured if pair[0] > ZERO),
        key=lambda pair: (pair[0].copy_negate(), pair[1]),
    )
    return [Bar(name or UNNAMED, value, figure(value)) for value, name in above[:_BARS]]
