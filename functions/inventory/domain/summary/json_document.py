"""The summary as JSON: for programs, and for the next summary to compare with.

Amounts and quantities are decimal text, because a JSON number is rounded by most readers.
"""

from __future__ import annotations

import json
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

from inventory.domain.errors import InventoryError
from inventory.domain.summary.exact import number, plain
from inventory.domain.summary.model import Breakdown, ItemKey, ItemList, OutOfStockKeys, StockGroup
from inventory.domain.summary.report import Changes, EarlierSummary, Summary

if TYPE_CHECKING:
    from decimal import Decimal

VERSION = 1


class UnreadableSummaryError(InventoryError):
    """A stored summary is not what we write."""


def render_json(summary: Summary) -> str:
    """The whole summary as a JSON document.

    Args:
        summary: What to write.
    """
    stock, feeds = summary.stock, summary.feeds
    document = {
        "version": VERSION,
        "date": summary.date,
        "timezone": summary.timezone,
        "as_of": summary.as_of,
        "low_stock_threshold": summary.low_stock_threshold,
        "totals": {
            **_group(stock.totals),
            "negative": stock.negative,
            "unpriced": stock.unpriced,
            "unreadable": stock.unreadable,
        },
        "locations": _breakdown(stock.by_location),
        "categories": _breakdown(stock.by_category),
        "low": _items(stock.low),
        "out_of_stock": _items(stock.out),
        "unchanged": {
            "by_days": {str(days): count for days, count in stock.unchanged_by_days.items()},
            **_items(stock.unchanged),
        },
        "changes": None if summary.changes is None else _changes(summary.changes),
        "feeds": {
            "since": feeds.since,
            "until": feeds.until,
            "received": feeds.received,
            "by_status": feeds.by_status,
            "by_profile": feeds.by_profile,
            "rows": feeds.rows,
            "rejected_by_error": feeds.rejected_by_error,
            "trouble_total": feeds.trouble_total,
            "trouble": [feed._asdict() for feed in feeds.trouble],
            "missing_profiles": list(feeds.missing_profiles),
            "last_received": feeds.last_received,
        },
        "cost": {
            "items_read_units": plain(summary.cost.items_read_units),
            "ingestions_read_units": plain(summary.cost.ingestions_read_units),
            "dollars": plain(summary.cost.dollars),
        },
        "notes": list(summary.notes),
        "out_of_stock_keys": _keys(stock.out_of_stock_keys),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_earlier(text: str) -> EarlierSummary:
    """Read what a comparison needs from a stored summary.

    Args:
        text: A document that `render_json` wrote.

    Raises:
        UnreadableSummaryError: It is no such document, or of another version.
    """
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise UnreadableSummaryError(f"version {document['version']!r}, expected {VERSION}")
        locations, keys = document["locations"], document["out_of_stock_keys"]
        return EarlierSummary(
            date=str(document["date"]),
            as_of=str(document["as_of"]),
            totals=_read_group(document["totals"]),
            by_location={named["name"]: _read_group(named) for named in locations["named"]},
            locations_complete=locations["other"] is None,
            out_of_stock_keys=OutOfStockKeys(
                tuple(
                    ItemKey(sku, location, "")
                    for sku, places in keys["skus"].items()
                    for location in places
                ),
                bool(keys["complete"]),
            ),
            last_received={
                str(profile): str(moment)
                for profile, moment in document["feeds"]["last_received"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise UnreadableSummaryError(f"{type(error).__name__}: {error}") from error


def _group(group: StockGroup) -> dict[str, Any]:
    return {
        "items": group.items,
        "quantity": plain(group.quantity),
        "low": group.low,
        "out_of_stock": group.out,
        "value": _amounts(group.value),
    }


def _read_group(document: dict[str, Any]) -> StockGroup:
    return StockGroup(
        items=int(document["items"]),
        quantity=number(document["quantity"]),
        low=int(document["low"]),
        out=int(document["out_of_stock"]),
        value={str(name): number(amount) for name, amount in document["value"].items()},
    )


def _amounts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {currency: plain(amounts[currency]) for currency in sorted(amounts)}


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    return {
        "named": [{"name": name, **_group(group)} for name, group in breakdown.named.items()],
        "other": None if breakdown.other is None else _group(breakdown.other),
    }


def _items(found: ItemList) -> dict[str, Any]:
    return {
        "total": found.total,
        "items": [
            {
                **item._asdict(),
                "quantity": plain(item.quantity),
                "limit": plain(item.limit),
            }
            for item in found.items
        ],
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "since_date": changes.since_date,
        "items": changes.items,
        "quantity": plain(changes.quantity),
        "low": changes.low,
        "out_of_stock": changes.out,
        "value": _amounts(changes.value),
        "locations_total": changes.locations_total,
        "locations": [
            {**change._asdict(), "quantity": plain(change.quantity)} for change in changes.locations
        ],
        "newly_out_total": changes.newly_out_total,
        "newly_out": [key._asdict() for key in changes.newly_out],
        "back_in_stock": changes.back_in_stock,
        "complete": changes.complete,
    }


def _keys(keys: OutOfStockKeys) -> dict[str, Any]:
    skus: dict[str, list[str]] = {}
    for key in keys.keys:
        skus.setdefault(key.sku, []).append(key.location)
    return {"complete": keys.complete, "skus": skus}
