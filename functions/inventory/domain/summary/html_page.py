"""The summary as one self-contained HTML page for people, on a phone as on a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.summary.html_charts import charts
from inventory.domain.summary.html_tables import attention, changes, feeds, stock
from inventory.domain.summary.model import LISTED_UNCHANGED_DAYS
from inventory.domain.summary.page_assets import SCRIPT, STYLE, content_security_policy
from inventory.domain.summary.page_parts import escape, figure, minute, signed

if TYPE_CHECKING:
    from decimal import Decimal

    from inventory.domain.summary.page_parts import DrawBars
    from inventory.domain.summary.report import Feeds, Summary


def render_html(summary: Summary, draw: DrawBars) -> str:
    """The whole page; it loads nothing, so it can be mailed, stored and opened anywhere.

    Args:
        summary: What to show.
        draw: Draws the charts.
    """
    body = "".join(
        (
            _head(summary),
            _tiles(summary),
            charts(summary, draw),
            attention(summary.stock),
            changes(summary.changes),
            stock(summary.stock),
            feeds(summary.feeds),
            _foot(summary),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{content_security_policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Without an icon of its own, a browser asks the server for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>Inventory on {escape(summary.date)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{body}<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _head(summary: Summary) -> str:
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in summary.notes)
    since = (
        "There is no earlier summary to compare with."
        if summary.changes is None
        else f"Compared with the summary of {escape(summary.changes.since_date)}."
    )
    return (
        f"<header><h1>Inventory on {escape(summary.date)}</h1>\n"
        f'<p class="soft">{escape(summary.timezone)}, as of {escape(minute(summary.as_of))}. '
        f"{since} "
        "The same as CSV and JSON: summary.csv and summary.json beside this page.</p>"
        f"</header>\n{notes}"
    )


def _tiles(summary: Summary) -> str:
    stock_now, change = summary.stock, summary.changes
    totals = stock_now.totals
    tiles = [
        _tile("Items in the table", figure(totals.items), _delta(change.items if change else None)),
        _tile(
            "Units in stock", figure(totals.quantity), _delta(change.quantity if change else None)
        ),
    ]
    tiles += [
        _tile(
            f"Stock value in {currency or 'no currency'}",
            figure(totals.value[currency]),
            _delta(change.value.get(currency) if change else None),
        )
        for currency in sorted(totals.value)
    ]
    unchanged = f"Unchanged for {LISTED_UNCHANGED_DAYS} days"
    rejected = summary.feeds.rows["rejected"]
    tiles += [
        _tile("Out of stock", figure(totals.out), _delta(change.out if change else None), "bad"),
        _tile("Running low", figure(totals.low), _delta(change.low if change else None), "warn"),
        _tile(unchanged, figure(stock_now.unchanged.total), "items", "warn"),
        _tile("Files received", figure(summary.feeds.received), _failed(summary.feeds)),
        _tile("Rows rejected", figure(rejected), "in these files", "bad"),
    ]
    return f'<section class="tiles" aria-label="Key figures">\n{"".join(tiles)}</section>\n'


def _tile(label: str, value: str, remark: str, tone: str = "") -> str:
    shown = f' class="{tone}"' if tone and value != "0" else ""
    return (
        f'<div class="tile"><span>{escape(label)}</span><b{shown}>{escape(value)}</b>'
        f"<span>{escape(remark)}</span></div>\n"
    )


def _delta(difference: Decimal | int | None) -> str:
    return "" if difference is None else f"{signed(difference)} since last time"


def _failed(received: Feeds) -> str:
    failed = received.by_status.get("FAILED", 0)
    return f"{figure(failed)} failed" if failed else "none failed"


def _foot(summary: Summary) -> str:
    cost = summary.cost
    return (
        "<footer>"
        f"<p>Reading the tables took {figure(cost.items_read_units)} read units for the items and "
        f"{figure(cost.ingestions_read_units)} for the ingestion records: "
        f"{figure(cost.dollars)} US dollars on demand in us-east-1.</p></footer>\n"
    )
