"""HTML of the summary page: escaped text, sortable tables and bar charts."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.summary.exact import ZERO, decimal_text
from inventory.domain.summary.formatting import format_number, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = Mapping[str, str | int | Decimal]

# Share of a bar's place that it fills; the rest is the gap to the next one.
_BAR_SHARE = Decimal("0.75")
# A shorter bar is not seen.
_SHORTEST_BAR = Decimal("0.004")


def escape(text: str) -> str:
    """Return text as HTML shows it, in content and in quoted attributes."""
    return html.escape(printable(text))


def table(title: str, rows: Sequence[Row], total: str = "", others: Row | None = None) -> str:
    """Return a table that its headings sort and that scrolls by itself, "" without rows.

    Args:
        title: Caption, also the name of the scrolling region.
        rows: Cells by heading; a column with numbers is set right and sorted by size.
        total: Number of all such rows, if not all are given.
        others: Last row, which stands for all rows that are not given.
    """
    if not rows:
        return ""
    count = format_number(len(rows))
    if total not in {"", count}:
        count += f" of {total}"
    classes = {
        heading: "" if all(isinstance(row[heading], str) for row in rows) else ' class="number"'
        for heading in rows[0]
    }
    head = "".join(
        f'<th scope="col"{css}><button type="button">{escape(heading)}</button></th>'
        for heading, css in classes.items()
    )
    body = "".join(_row(row, classes) for row in rows)
    foot = "" if others is None else f"<tfoot>\n{_row(others, classes)}</tfoot>"
    caption = f"{escape(title)} ({count})"
    return (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0">\n'
        f"<table><caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody>{foot}</table></div>\n"
    )


def _row(row: Row, classes: Mapping[str, str]) -> str:
    cells = []
    for heading, css in classes.items():
        cell = row[heading]
        # On a phone each cell stands in a line of its own, with its heading.
        start = f'<td{css} data-heading="{escape(heading)}"'
        if isinstance(cell, str):
            cells.append(f"{start}>{escape(cell)}</td>")
        else:
            value = decimal_text(Decimal(cell))
            cells.append(f'{start} data-value="{value}">{format_number(cell)}</td>')
    return f"<tr>{''.join(cells)}</tr>\n"


class Bar(NamedTuple):
    """A bar of a chart."""

    label: str
    length: Decimal | int


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """Return a list of labels, figures and bars, "" without one above zero.

    Labels and figures are text of the page, so that they wrap, are selected and are read aloud like
    any other; only the bars are drawn, as SVG, which is printed and kept in forced colours.

    Args:
        title: Caption.
        bars: The bars from top to bottom.
    """
    longest = Decimal(max((bar.length for bar in bars), default=0))
    if longest <= 0:
        return ""
    items = "".join(
        f"<li><bdi>{escape(bar.label)}</bdi><b>{format_number(bar.length)}</b>"
        f'<svg aria-hidden="true"><rect width="{max(bar.length / longest, _SHORTEST_BAR):.1%}" '
        'height="100%"/></svg></li>\n'
        for bar in bars
        if bar.length > 0
    )
    caption = escape(title)
    return (
        f'<figure class="chart" aria-label="{caption}"><figcaption>{caption}</figcaption>\n'
        f'<ol role="list">\n{items}</ol></figure>\n'
    )


def trend_chart(
    title: str, days: Sequence[str], values: Sequence[Decimal], shown: Callable[[Decimal], str]
) -> str:
    """Return a column for each day, with the last figure, the lowest and the highest as text.

    Args:
        title: Caption.
        days: Their dates, the oldest first.
        values: A figure each; columns begin at zero, and lead down where they are below.
        shown: Writes a figure for people.
    """
    highest, lowest = max(values), min(values)
    top = max(highest, ZERO)
    span = (top - min(lowest, ZERO)) or Decimal(1)
    wide = 100 / Decimal(len(values))
    columns = "".join(
        f'<rect x="{place * wide:.2f}%" width="{wide * _BAR_SHARE:.2f}%" '
        f'y="{(top - max(value, ZERO)) / span:.1%}" height="{abs(value) / span:.1%}"/>'
        for place, value in enumerate(values)
        if value
    )
    if lowest < 0:
        columns += f'<line x2="100%" y1="{top / span:.1%}" y2="{top / span:.1%}"/>'
    caption = escape(title)
    return (
        f'<figure class="chart trend" aria-label="{caption}"><figcaption>{caption}</figcaption>\n'
        f"<p><b>{shown(values[-1])}</b></p>\n"
        f'<svg aria-hidden="true">{columns}</svg>\n'
        f'<p class="soft">{escape(days[0])} to {escape(days[-1])}, {len(values)} summaries: '
        f"lowest {shown(lowest)}, highest {shown(highest)}</p></figure>\n"
    )
