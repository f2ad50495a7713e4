"""The summary as one CSV table for spreadsheets: a line per fact, a column per kind of figure."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from inventory.domain.summary.exact import decimal_text
from inventory.domain.summary.model import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import DataclassInstance

    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.model import Breakdown, StockGroup, Summary

    Line = dict[str, str | int | Decimal]

COLUMNS = (
    "section",
    "name",
    "sku",
    "location",
    "category",
    "items",
    "quantity",
    "low",
    "out_of_stock",
    "currency",
    "value",
    "limit",
    "as_of",
    "files",
    "rows",
)

# A cell that begins like this is run as a formula by Excel, LibreOffice or Google Sheets; the
# full-width signs are read as their plain forms where East Asian input is set.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_csv(summary: Summary) -> str:
    """Return the summary as CSV with RFC 4180 line ends and a byte order mark for Excel."""
    sink = io.StringIO()
    sink.write("\ufeff")
    writer = csv.DictWriter(sink, COLUMNS, restval="")
    writer.writeheader()
    for line in _lines(summary):
        writer.writerow({column: cell(value) for column, value in line.items()})
    return sink.getvalue()


def cell(value: str | int | Decimal) -> str | int:
    """Return a value as a spreadsheet shows it, and never runs it.

    Args:
        value: A figure, or text of a feed; text with a leading formula sign gets an apostrophe.
    """
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _lines(summary: Summary) -> Iterator[Line]:
    stock = summary.stock
    yield {"section": "summary", "name": summary.date, "as_of": summary.as_of}
    yield from _group("total", "", stock.totals)
    yield {"section": "total", "name": "negative", "items": stock.negative}
    yield {"section": "total", "name": "unpriced", "items": stock.unpriced}
    yield {"section": "total", "name": "unreadable", "items": stock.unreadable}
    yield from _breakdown("location", stock.locations)
    yield from _breakdown("category", stock.categories)
    for days, count in stock.unchanged_by_days.items():
        yield {"section": "unchanged", "name": f"{days} days", "items": count}
    for section, listed in (
        ("low", stock.low),
        ("out of stock", stock.out_of_stock),
        ("unchanged", stock.unchanged),
    ):
        for item in listed.items:
            yield {"section": section, **_columns(item)}
    yield from _changes(summary)
    yield from _feeds(summary.feeds)
    yield {"section": "cost", "name": "dollars", "value": summary.dollars}
    for note in summary.notes:
        yield {"section": "note", "name": note}


def _columns(figures: DataclassInstance) -> Line:
    """Return the attributes of a dataclass that have a column of their name and fit into it."""
    return {
        name: value
        for name, value in attributes(figures).items()
        if name in COLUMNS and not isinstance(value, dict)
    }


def _group(section: str, name: str, group: StockGroup) -> Iterator[Line]:
    yield {"section": section, "name": name, **_columns(group)}
    for currency, amount in group.value.items():
        yield {"section": f"{section} value", "name": name, "currency": currency, "value": amount}


def _breakdown(section: str, breakdown: Breakdown) -> Iterator[Line]:
    for name, group in breakdown.named.items():
        yield from _group(section, name, group)
    if breakdown.other is not None:
        yield from _group(f"{section} (all others)", "", breakdown.other)


def _changes(summary: Summary) -> Iterator[Line]:
    changes = summary.changes
    if changes is None:
        return
    section = f"change since {changes.since_date}"
    yield {"section": section, **_columns(changes)}
    for currency, amount in changes.value.items():
        yield {"section": section, "currency": currency, "value": amount}
    for change in changes.locations:
        yield {"section": section, **_columns(change)}
    for key in changes.newly_out:
        yield {"section": "newly out of stock", **key._asdict()}


def _feeds(feeds: Feeds) -> Iterator[Line]:
    for state in feeds.late:
        yield {"section": "feeds late", "name": state.feed, "as_of": state.due_at}
    for status, files in feeds.by_status.items():
        yield {"section": "feeds by status", "name": status, "files": files}
    for profile, files in feeds.by_profile.items():
        yield {"section": "feeds by profile", "name": profile, "files": files}
    for profile in feeds.missing_profiles:
        time = feeds.last_received[profile]
        yield {"section": "feeds missing", "name": profile, "as_of": time}
    for outcome, rows in feeds.rows.items():
        yield {"section": "rows", "name": outcome, "rows": rows}
    for error, rows in feeds.rejected_by_error.items():
        yield {"section": "rejected by error", "name": error, "rows": rows}
    for record in feeds.trouble:
        yield {
            "section": f"file {record.status.lower()}",
            "name": record.object_id,
            "category": record.error,
            "as_of": record.finished_at,
            "rows": record.rejected,
        }
