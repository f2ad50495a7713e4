"""The summary as one CSV table for spreadsheets: a line per fact, a column per kind of figure."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from inventory.domain.summary.exact import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.summary.model import Breakdown, ItemList, StockGroup
    from inventory.domain.summary.report import Summary

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


def text_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run.

    Args:
        text: Text of a feed; with a leading formula sign it comes back behind an apostrophe.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def render_csv(summary: Summary) -> str:
    """The summary as CSV with a header, RFC 4180 line ends and a byte order mark for Excel.

    Args:
        summary: What to write.
    """
    sink = io.StringIO()
    sink.write("\ufeff")
    writer = csv.DictWriter(sink, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_lines(summary))
    return sink.getvalue()


def _lines(summary: Summary) -> Iterator[dict[str, str | int]]:
    stock, feeds = summary.stock, summary.feeds
    yield {"section": "summary", "name": summary.date, "as_of": summary.as_of}
    yield from _group("total", "", stock.totals)
    yield {"section": "total", "name": "negative", "items": stock.negative}
    yield {"section": "total", "name": "unpriced", "items": stock.unpriced}
    yield {"section": "total", "name": "unreadable", "items": stock.unreadable}
    yield from _breakdown("location", stock.by_location)
    yield from _breakdown("category", stock.by_category)
    for days, count in stock.unchanged_by_days.items():
        yield {"section": "unchanged", "name": f"{days} days", "items": count}
    yield from _items("low", stock.low)
    yield from _items("out of stock", stock.out)
    yield from _items("unchanged", stock.unchanged)
    yield from _changes(summary)
    for status, files in feeds.by_status.items():
        yield {"section": "feeds by status", "name": text_cell(status), "files": files}
    for profile, files in feeds.by_profile.items():
        yield {"section": "feeds by profile", "name": text_cell(profile), "files": files}
    for profile in feeds.missing_profiles:
        moment = text_cell(feeds.last_received[profile])
        yield {"section": "feeds missing", "name": text_cell(profile), "as_of": moment}
    for outcome, rows in feeds.rows.items():
        yield {"section": "rows", "name": outcome, "rows": rows}
    for error, rows in feeds.rejected_by_error.items():
        yield {"section": "rejected by error", "name": text_cell(error), "rows": rows}
    for feed in feeds.trouble:
        yield {
            "section": f"file {feed.status.lower()}",
            "name": text_cell(feed.object_id),
            "category": text_cell(feed.error),
            "as_of": feed.finished_at,
            "rows": feed.rejected,
        }
    yield {"section": "cost", "name": "dollars", "value": plain(summary.cost.dollars)}
    for note in summary.notes:
        yield {"section": "note", "name": text_cell(note)}


def _group(section: str, name: str, group: StockGroup) -> Iterator[dict[str, str | int]]:
    yield {
        "section": section,
        "name": text_cell(name),
        "items": group.items,
        "quantity": plain(group.quantity),
        "low": group.low,
        "out_of_stock": group.out,
    }
    for currency in sorted(group.value):
        yield {
            "section": f"{section} value",
            "name": text_cell(name),
            "currency": text_cell(currency),
            "value": plain(group.value[currency]),
        }


def _breakdown(section: str, breakdown: Breakdown) -> Iterator[dict[str, str | int]]:
    for name, group in breakdown.named.items():
        yield from _group(section, name, group)
    if breakdown.other is not None:
        yield from _group(f"{section} (all others)", "", breakdown.other)


def _items(section: str, found: ItemList) -> Iterator[dict[str, str | int]]:
    for item in found.items:
        yield {
            "section": section,
            "name": text_cell(item.name),
            "sku": text_cell(item.sku),
            "location": text_cell(item.location),
            "category": text_cell(item.category),
            "quantity": plain(item.quantity),
            "limit": plain(item.limit),
            "as_of": text_cell(item.as_of),
        }


def _changes(summary: Summary) -> Iterator[dict[str, str | int]]:
    changes = summary.changes
    if changes is None:
        return
    section = f"change since {changes.since_date}"
    yield {
        "section": section,
        "items": changes.items,
        "quantity": plain(changes.quantity),
        "low": changes.low,
        "out_of_stock": changes.out,
    }
    for currency, amount in changes.value.items():
        yield {"section": section, "currency": text_cell(currency), "value": plain(amount)}
    for change in changes.locations:
        yield {
            "section": section,
            "location": text_cell(change.location),
            "items": change.items,
            "quantity": plain(change.quantity),
        }
    for key in changes.newly_out:
        yield {
            "section": "newly out of stock",
            "name": text_cell(key.name),
            "sku": text_cell(key.sku),
            "location": text_cell(key.location),
        }
