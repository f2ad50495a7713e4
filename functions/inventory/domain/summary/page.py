"""The summary as one self-contained HTML page, for a phone as well as a desk."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.domain.summary.exact import ZERO
from inventory.domain.summary.formatting import (
    UNNAMED,
    UNSPECIFIED,
    Money,
    format_change,
    format_number,
    format_share,
    format_time,
)
from inventory.domain.summary.markup import Bar, bar_chart, escape, table, trend_chart
from inventory.domain.summary.model import LISTED_UNCHANGED_DAYS, StockGroup, attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from inventory.domain.summary.changes import Changes
    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.markup import Row
    from inventory.domain.summary.model import Breakdown, ItemList, Stock, Summary
    from inventory.domain.summary.trends import TrendPoint

_BARS = 10
_BREAKDOWN_ROWS = 100
# More currencies than these have a table of their own in place of tiles and columns.
_CURRENCY_COLUMNS = 12
_TREND_CURRENCIES = 4
_NO_CURRENCY = "no currency"
_CENT = Decimal("0.01")
_EMBEDDED_CHARACTERS = 2_000_000
# Longer figures have the room of two tiles, the whole width of a phone.
_FIGURE_CHARACTERS = 11
_UNCHANGED = f"Unchanged for {LISTED_UNCHANGED_DAYS} days"


def render_page(summary: Summary, csv: str) -> str:
    """Return the whole page; it loads nothing, so it can be mailed, stored and opened anywhere.

    Args:
        summary: The summary.
        csv: The same as CSV, which the page holds for downloading.
    """
    style, script = (
        Path(__file__).with_name(name).read_text("utf-8") for name in ("page.css", "page.js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    title = f"Inventory on {escape(summary.date)}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Without an icon of its own, a browser asks the server for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1>\n{_introduction(summary, csv)}</header>\n<main>\n"
        f"{_tiles(summary)}{_trends(summary.trend)}{_charts(summary)}{_attention(summary.stock)}"
        f"{_changes(summary.changes)}{_stock(summary.stock)}{_feeds(summary.feeds)}</main>\n"
        "<footer><p>Reading the tables took "
        f"{format_number(summary.items_read_units)} read units for the items and "
        f"{format_number(summary.ingestions_read_units)} for the ingestion records: "
        f"{_dollars(summary.dollars)} US dollars on demand in us-east-1.</p></footer>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _dollars(amount: Decimal) -> str:
    return "less than 0.01" if amount < _CENT else format_number(Money(amount))


def _introduction(summary: Summary, csv: str) -> str:
    since = "There is no earlier summary to compare with."
    if summary.changes is not None:
        since = f"Compared with the summary of {escape(summary.changes.since_date)}."
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in summary.notes)
    return (
        f'<p class="soft">{escape(summary.timezone)}, as of {escape(format_time(summary.as_of))}. '
        f'{since} <a download="summary-{escape(summary.date)}.csv" href="{_data(csv)}">'
        "All of it as CSV</a>.</p>\n"
        f"{notes}"
    )


def _data(csv: str) -> str:
    """Return an address that is the document: a page from a mail has nothing beside it.

    Of one that is too large for that, the name beside the page.
    """
    if len(csv) > _EMBEDDED_CHARACTERS:
        return "summary.csv"
    text = base64.b64encode(csv.encode("utf-8", "replace")).decode()
    return f"data:text/csv;charset=utf-8;base64,{text}"


def _trends(trend: Sequence[TrendPoint]) -> str:
    """Return small charts of the last summaries, "" where there is one alone."""
    if len(trend) == 1:
        return ""
    days = [point.date for point in trend]
    charts = [
        trend_chart(
            f"Stock value in {currency or _NO_CURRENCY}",
            days,
            [point.value.get(currency, ZERO) for point in trend],
            lambda amount: format_number(Money(amount)),
        )
        for currency in islice(trend[-1].value, _TREND_CURRENCIES)
    ]
    more = len(trend[-1].value) - len(charts)
    shares = [point.rejected_share for point in trend]
    charts.append(trend_chart("Share of rows rejected", days, shares, format_share))
    if any(point.on_time or point.late for point in trend):
        on_time = [Decimal(point.on_time) for point in trend]
        charts.append(trend_chart("Feeds on time", days, on_time, format_number))
    note = f"Trends of {more} more currencies: inventory summary --json"
    rest = f'<p class="soft">{note}</p>\n' if more > 0 else ""
    return f'<section class="charts" aria-label="Trends">\n{"".join(charts)}</section>\n{rest}'


def _tiles(summary: Summary) -> str:
    totals, feeds = summary.stock.totals, summary.feeds
    change = {} if summary.changes is None else attributes(summary.changes)
    value_change = change.get("value", {})
    values = [
        _tile(
            f"Stock value in {currency or _NO_CURRENCY}",
            Money(amount),
            Money(value_change[currency]) if currency in value_change else None,
        )
        for currency, amount in totals.value.items()
    ]
    if len(values) > _CURRENCY_COLUMNS:
        values = [_tile("Currencies of the stock value", len(values), "see Stock below")]
    tiles = (
        _tile("Items in the table", totals.items, change.get("items")),
        _tile("Units in stock", totals.quantity, change.get("quantity")),
        *values,
        _tile("Out of stock", totals.out_of_stock, change.get("out_of_stock"), "bad"),
        _tile("Running low", totals.low, change.get("low"), "warn"),
        _tile(_UNCHANGED, summary.stock.unchanged.total, "items", "warn"),
        _tile("Files received", feeds.received, f"{format_number(feeds.failed)} failed"),
        *([_tile("Late feeds", feeds.late_total, "see Feeds", "bad")] if feeds.late_total else []),
        _tile("Rows rejected", feeds.rows["rejected"], "in these files", "bad"),
    )
    return f'<section class="tiles" aria-label="Key figures">\n{"".join(tiles)}</section>\n'


def _tile(
    label: str, value: Decimal | int, remark: str | Decimal | int | None, tone: str = ""
) -> str:
    """Return a figure with a remark below it, which may be its change since the last summary."""
    css = f' class="{tone}"' if tone and value else ""
    figure = format_number(value)
    wide = " wide" if len(figure) > _FIGURE_CHARACTERS else ""
    if remark is not None and not isinstance(remark, str):
        remark = f"{format_change(remark)} since last time"
    return (
        f'<div class="tile{wide}"><span>{escape(label)}</span><b{css}>{figure}</b>'
        f"<span>{remark or ''}</span></div>\n"
    )


def _charts(summary: Summary) -> str:
    locations, categories = summary.stock.locations, summary.stock.categories
    errors = islice(summary.feeds.rejected_by_error.items(), _BARS)
    charts = (
        _largest("Units by location", locations, lambda group: group.quantity),
        _largest("Units by category", categories, lambda group: group.quantity),
        _largest(
            "Low or out by location",
            locations,
            lambda group: group.low + group.out_of_stock,
        ),
        bar_chart(
            "Rejected rows by error", [Bar(error or UNSPECIFIED, rows) for error, rows in errors]
        ),
    )
    return f'<section class="charts" aria-label="Charts">\n{"".join(charts)}</section>\n'


def _largest(
    title: str, breakdown: Breakdown, measure: Callable[[StockGroup], Decimal | int]
) -> str:
    bars = sorted(Bar(name or UNNAMED, measure(group)) for name, group in breakdown.named.items())
    bars.sort(key=lambda bar: bar.length, reverse=True)
    return bar_chart(title, bars[:_BARS])


def _attention(stock: Stock) -> str:
    ages = ", ".join(
        f"{format_number(count)} for {days} days or more"
        for days, count in stock.unchanged_by_days.items()
    )
    negative = (
        f'<p class="bad">Out of stock and below zero: {format_number(stock.negative)}.</p>\n'
        if stock.negative
        else ""
    )
    return (
        f"<section><h2>Needs attention</h2>\n{negative}"
        f"{_items('Out of stock', stock.out_of_stock)}{_items('Running low', stock.low)}"
        f"{_items(_UNCHANGED, stock.unchanged)}"
        f'<p class="soft">Items unchanged: {ages}. Unchanged means that no feed brought another '
        "value; a feed that repeats what is stored leaves the time of the last change as it is."
        "</p></section>\n"
    )


def _items(title: str, listed: ItemList) -> str:
    rows: list[Row] = [
        {
            "SKU": item.sku,
            "Location": item.location,
            "Name": item.name,
            "Category": item.category,
            "Units": item.quantity,
            "Reorder at": item.limit,
            "Last change": format_time(item.as_of),
        }
        for item in listed.items
    ]
    return table(title, rows, format_number(listed.total))


def _changes(changes: Changes | None) -> str:
    if changes is None:
        return ""
    newly_out = table(
        "Newly out of stock",
        [{"SKU": key.sku, "Location": key.location, "Name": key.name} for key in changes.newly_out],
        format_number(changes.newly_out_total),
    )
    locations = table(
        "Locations that changed",
        [
            {"Location": change.location, "Items": change.items, "Units": change.quantity}
            for change in changes.locations
        ],
        format_number(changes.locations_total),
    )
    partly = " Too many items are out of stock to remember each, so these are not all."
    return (
        f"<section><h2>Changed since {escape(changes.since_date)}</h2>\n"
        f"<p>Items: {format_change(changes.items)}, units: {format_change(changes.quantity)}, "
        f"running low: {format_change(changes.low)}, "
        f"out of stock: {format_change(changes.out_of_stock)}. "
        f"Newly out of stock: {format_number(changes.newly_out_total)}, "
        f"back in stock: {format_number(changes.back_in_stock)}."
        f"{'' if changes.complete else partly}</p>\n{newly_out}{locations}</section>\n"
    )


def _stock(stock: Stock) -> str:
    value, remarks, values = stock.totals.value, "", ""
    currencies = list(value)
    if not stock.totals.items:
        remarks += "There are no items. "
    if stock.unpriced:
        remarks += f"Without a price, so not in the value: {format_number(stock.unpriced)} items. "
    if "" in value:
        remarks += f"Prices of feeds that name no currency are summed up apart, as {_NO_CURRENCY}. "
    if stock.unreadable:
        remarks += f"Not readable, so in no figure: {format_number(stock.unreadable)} items. "
    if len(value) > _CURRENCY_COLUMNS:
        remarks += "Values by location and category are in summary.csv."
        values = table(
            "Stock value by currency",
            [{"Currency": each or _NO_CURRENCY, "Value": Money(value[each])} for each in value],
        )
        currencies = []
    return (
        f"<section><h2>Stock</h2>\n{f'<p>{remarks}</p>' if remarks else ''}{values}"
        f"{_breakdown('Location', stock.locations, currencies)}"
        f"{_breakdown('Category', stock.categories, currencies)}</section>\n"
    )


def _breakdown(title: str, breakdown: Breakdown, currencies: list[str]) -> str:
    def row(name: str, group: StockGroup) -> Row:
        return {
            title: name,
            "Items": group.items,
            "Units": group.quantity,
            "Low": group.low,
            "Out": group.out_of_stock,
            **{
                f"Value in {each or _NO_CURRENCY}": Money(group.value[each])
                if each in group.value
                else ""
                for each in currencies
            },
        }

    groups = list(breakdown.named.items())
    total = format_number(len(groups))
    others = StockGroup()
    for _, group in groups[_BREAKDOWN_ROWS:]:
        others.merge(group)
    if breakdown.other is not None:
        others.merge(breakdown.other)
        total = f"more than {total}"
    return table(
        f"By {title.lower()}",
        [row(name or UNNAMED, group) for name, group in groups[:_BREAKDOWN_ROWS]],
        total,
        row("(all others)", others) if others.items else None,
    )


def _feeds(feeds: Feeds) -> str:
    late = table(
        "Late feeds",
        [
            {
                "Feed": f"{state.feed} (paused)" if state.paused else state.feed,
                "Due": format_time(state.due_at),
                "Last file": format_time(state.arrival.accepted_at)
                if state.arrival.accepted_at
                else "never",
            }
            for state in feeds.late
        ],
        format_number(feeds.late_total),
    )
    outcomes = {outcome: rows for outcome, rows in feeds.rows.items() if outcome != "rows_read"}
    missing = table(
        "Profiles that sent nothing",
        [
            {"Profile": name or UNNAMED, "Last file": format_time(feeds.last_received[name])}
            for name in feeds.missing_profiles
        ],
    )
    trouble = table(
        "Files with trouble",
        [
            {
                "File": _file_name(record.object_id),
                "Outcome": record.status.lower(),
                "Profile": record.profile or UNNAMED,
                "Rejected": record.rejected,
                "Error": record.error,
                "Finished": format_time(record.finished_at),
            }
            for record in feeds.trouble
        ],
        format_number(feeds.trouble_total),
    )
    errors = table(
        "Rejected rows by error",
        [
            {"Error": error or UNSPECIFIED, "Rows": rows}
            for error, rows in feeds.rejected_by_error.items()
        ],
    )
    profiles = table(
        "Files by profile",
        [{"Profile": name or UNNAMED, "Files": files} for name, files in feeds.by_profile.items()],
    )
    return (
        "<section><h2>Feeds</h2>\n"
        f"<p>From {escape(format_time(feeds.since))} to {escape(format_time(feeds.until))}. "
        f"Files: {format_number(feeds.received)} ({_counted(feeds.by_status)}). "
        f"Rows: {format_number(feeds.rows['rows_read'])} ({_counted(outcomes)}).</p>\n"
        f"{late}{missing}{trouble}{errors}{profiles}</section>\n"
    )


def _file_name(object_id: str) -> str:
    """Return the key of a file, as its supplier knows it, without bucket and version."""
    return object_id.partition("/")[2].rpartition("#")[0] or object_id


def _counted(counts: Mapping[str, int]) -> str:
    named = ((name.lower().replace("_", " "), count) for name, count in counts.items() if count)
    return escape(", ".join(f"{format_number(count)} {name}" for name, count in named)) or "none"
