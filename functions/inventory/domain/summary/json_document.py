"""The summary as JSON: for programs, and for the next summary to compare with.

Amounts and quantities are decimal text, because a JSON number is rounded by most readers.
"""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from inventory.domain.errors import InventoryError
from inventory.domain.order import timestamp
from inventory.domain.summary.changes import PreviousSummary
from inventory.domain.summary.exact import decimal_text, parse_decimal
from inventory.domain.summary.model import ItemKey, StockGroup, attributes
from inventory.domain.summary.trends import TrendPoint

if TYPE_CHECKING:
    from inventory.domain.arrivals import FeedState
    from inventory.domain.summary.model import Breakdown, IngestionRecord, Summary

VERSION = 1
_DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class UnreadableSummaryError(InventoryError):
    """A stored summary is not what `render_json` writes."""


def render_json(summary: Summary) -> str:
    """Return the whole summary as a JSON document."""
    stock, feeds, changes = summary.stock, summary.feeds, summary.changes
    keys: dict[str, list[str]] = {}
    for key in stock.out_of_stock_keys:
        keys.setdefault(key.sku, []).append(key.location)
    document = {
        "version": VERSION,
        "date": summary.date,
        "timezone": summary.timezone,
        "as_of": summary.as_of,
        "low_stock_threshold": summary.low_stock_threshold,
        "totals": {
            **attributes(stock.totals),
            "negative": stock.negative,
            "unpriced": stock.unpriced,
            "unreadable": stock.unreadable,
        },
        "locations": _breakdown(stock.locations),
        "categories": _breakdown(stock.categories),
        "low": stock.low,
        "out_of_stock": stock.out_of_stock,
        "unchanged": {"by_days": stock.unchanged_by_days, **attributes(stock.unchanged)},
        "changes": None
        if changes is None
        else {**attributes(changes), "newly_out": [key._asdict() for key in changes.newly_out]},
        "feeds": {
            **attributes(feeds),
            "late": [_late(state) for state in feeds.late],
            "trouble": [_file(record) for record in feeds.trouble],
        },
        "cost": {
            "items_read_units": summary.items_read_units,
            "ingestions_read_units": summary.ingestions_read_units,
            "dollars": summary.dollars,
        },
        "notes": summary.notes,
        "trend": summary.trend,
        "out_of_stock_keys": {
            "complete": len(stock.out_of_stock_keys) == stock.totals.out_of_stock,
            "skus": keys,
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=_encoded) + "\n"


def read_previous(text: str) -> PreviousSummary:
    """Read from a stored summary what a comparison needs.

    Args:
        text: A document that `render_json` wrote.

    Raises:
        UnreadableSummaryError: It is no such document, or one of another version.
    """
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise UnreadableSummaryError(f"version {document['version']!r}, expected {VERSION}")
        return _previous(document)
    except _DAMAGE as error:
        raise UnreadableSummaryError(f"{type(error).__name__}: {error}") from error


def _previous(document: dict[str, Any]) -> PreviousSummary:
    locations = document["locations"]
    return PreviousSummary(
        date=str(document["date"]),
        as_of=timestamp(datetime.fromisoformat(document["as_of"])),
        trend=tuple(map(TrendPoint.from_data, document["trend"])),
        totals=_group(document["totals"]),
        locations={str(named["name"]): _group(named) for named in locations["named"]},
        locations_complete=locations["other"] is None,
        out_of_stock_keys=tuple(
            ItemKey(sku=str(sku), location=str(location))
            for sku, places in document["out_of_stock_keys"]["skus"].items()
            for location in places
        ),
        last_received={
            str(profile): str(time) for profile, time in document["feeds"]["last_received"].items()
        },
    )


def _group(document: dict[str, Any]) -> StockGroup:
    return StockGroup(
        items=int(document["items"]),
        quantity=parse_decimal(document["quantity"]),
        low=int(document["low"]),
        out_of_stock=int(document["out_of_stock"]),
        value={str(name): parse_decimal(amount) for name, amount in document["value"].items()},
    )


def _encoded(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return attributes(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    return {
        "named": [{"name": name, **attributes(group)} for name, group in breakdown.named.items()],
        "other": breakdown.other,
    }


def _late(state: FeedState) -> dict[str, Any]:
    return {
        "feed": state.feed,
        "due": state.due_at,
        "accepted_at": state.arrival.accepted_at or None,
        "paused": state.paused,
    }


def _file(record: IngestionRecord) -> dict[str, Any]:
    return {
        "object_id": record.object_id,
        "status": record.status,
        "profile": record.profile,
        "rejected": record.rejected,
        "error": record.error,
        "finished_at": record.finished_at,
    }
