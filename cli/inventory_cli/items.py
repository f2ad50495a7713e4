"""Stored items as operators read them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from inventory.domain.order import IMPLIED, object_hash
from inventory.domain.removals import REASON, REMOVED
from inventory_cli.errors import UsageError
from inventory_cli.records import get_items, plain
from inventory_cli.rendering import figure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from decimal import Decimal

    from inventory.domain.model import ObjectVersion
    from inventory.domain.summary.model import Stock
    from inventory_cli.session import Session

#: Stands for the stock of an item that was removed.
GONE = "removed"


@dataclass(frozen=True, slots=True)
class Item:
    """The stock of one SKU at one location.

    Attributes:
        attributes: The stored item, numbers as `int` or `Decimal`.
    """

    attributes: Mapping[str, Any]

    @property
    def sku(self) -> str:
        """Stock keeping unit."""
        return str(self.attributes["sku"])

    @property
    def location(self) -> str:
        """Where the stock is."""
        return str(self.attributes["location"])

    @property
    def quantity(self) -> Decimal:
        """The stock."""
        quantity: Decimal = self.attributes["quantity"]
        return quantity

    @property
    def removed_by(self) -> str:
        """Return who has removed it; "" for an item that is there."""
        return str(self._more.get(REMOVED, ""))

    @property
    def removed_because(self) -> str:
        """Why; "" where nobody said so."""
        return str(self._more.get(REASON, ""))

    @property
    def shown(self) -> str:
        """The stock as people read it."""
        return GONE if self.removed_by else figure(self.quantity)

    @property
    def as_of(self) -> str:
        """Since when the stock is known to be this, ISO 8601 UTC."""
        return str(self.attributes.get("as_of", ""))

    @property
    def written_at(self) -> str:
        """When the item was written last, ISO 8601 UTC."""
        return str(self.attributes.get("written_at", ""))

    @property
    def token(self) -> str:
        """Place in the order of the row that it was written by."""
        return str(self.attributes.get("order_token", ""))

    @property
    def key(self) -> str:
        """Key of the file that says so; "" where something else wrote the item."""
        return str(self._source.get("key", ""))

    @property
    def version_id(self) -> str | None:
        """Version of that file; None in a bucket without versions."""
        return self._source.get("version_id")

    @property
    def line(self) -> int:
        """Line of that file; 0 where it does not name the item, or something else wrote that."""
        return int(self._source.get("line", 0))

    @property
    def place(self) -> str:
        """What says so, as people read it: a line of a file, or the file that does not name it."""
        return place_of(self.key, self.line) if self.key else "(not from a file)"

    @property
    def _more(self) -> Mapping[str, Any]:
        more: Mapping[str, Any] = self.attributes.get("attributes", {})
        return more

    @property
    def _source(self) -> Mapping[str, Any]:
        source: Mapping[str, Any] = self.attributes.get("source", {})
        return source


def place_of(key: str, line: int) -> str:
    """What says how much there is, as people read it.

    Args:
        key: The file.
        line: Its line; 0 where it says so by not naming the item.
    """
    return f"{key}:{line}" if line else f"absent from {key}"


def refuse_empty(**names: str | None) -> None:
    """Refuse what a script has left empty: no item has an empty key.

    Args:
        names: What was given by its name; None where it was left out.

    Raises:
        UsageError: One of them is empty.
    """
    for name, text in names.items():
        if text == "":
            raise UsageError(f"'' is no {name}")


def items_of(session: Session, sku: str, location: str | None = None) -> list[Item]:
    """Items of a SKU in the order of their locations, removed ones too, strongly consistent.

    Args:
        session: Connection.
        sku: Stock keeping unit.
        location: The only location that is meant; None for all.

    Raises:
        UsageError: One of them is empty.
    """
    refuse_empty(SKU=sku, location=location)
    condition, values = "sku = :sku", {":sku": {"S": sku}}
    names: dict[str, str] = {}
    if location is not None:
        # A reserved word needs an alias.
        condition += " AND #location = :location"
        names["#location"] = "location"
        values[":location"] = {"S": location}
    request: dict[str, Any] = {
        "TableName": session.outputs.items_table_name,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
    if names:
        request["ExpressionAttributeNames"] = names
    return [
        Item(plain(each))
        for page in session.dynamodb.get_paginator("query").paginate(**request)
        for each in page["Items"]
    ]


def items_of_version(session: Session, version: ObjectVersion) -> Iterator[Item]:
    """Items that a file version wrote, in no order, strongly consistent; reads the whole table.

    Args:
        session: Connection.
        version: The version.
    """
    for item in _items_whose_token_has(session, f"#{object_hash(version.object_id)}"):
        if (item.key, item.version_id) == (version.key, version.version_id):
            yield item


def implied_items(session: Session) -> Iterator[Item]:
    """Items that a file has set by not naming them, as `items_of_version`.

    Args:
        session: Connection.
    """
    return _items_whose_token_has(session, IMPLIED)


def _items_whose_token_has(session: Session, part: str) -> Iterator[Item]:
    pages = session.dynamodb.get_paginator("scan").paginate(
        TableName=session.outputs.items_table_name,
        ConsistentRead=True,
        FilterExpression="contains(order_token, :part)",
        ExpressionAttributeValues={":part": {"S": part}},
    )
    return (Item(plain(each)) for page in pages for each in page["Items"])


def shortages(session: Session, low_stock_threshold: int) -> Stock:
    """Figures of the daily summary with complete lists of what runs low and what is out of stock.

    Reads the whole table.

    Args:
        session: Connection.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
    """
    from inventory.adapters.dynamodb_scan import ScannedTables
    from inventory.domain.summary.stock import StockAccumulator

    class Calls:
        """Scans as the summary's own client does."""

        @staticmethod
        def call(_operation: str, payload: dict[str, Any]) -> dict[str, Any]:
            answer: Any = session.dynamodb.scan(**payload)
            return dict(answer)

    outputs = session.outputs
    tables = ScannedTables(Calls(), outputs.items_table_name, outputs.ingestions_table_name)
    # Nothing is unchanged since 1970, so of the lists only those asked for grow.
    found = StockAccumulator(
        low_stock_threshold=low_stock_threshold,
        as_of=datetime(1970, 1, 1, tzinfo=UTC),
        listed_items=sys.maxsize,
        kept_groups=sys.maxsize,
    )
    for page in tables.items():
        found.add(page)
    return found.stock()


def items_at(session: Session, keys: Collection[tuple[str, str]]) -> Iterator[Item]:
    """Items by SKU and location, those that exist, in no order, strongly consistent.

    Args:
        session: Connection.
        keys: SKU and location of each.
    """
    wanted = [{"sku": {"S": sku}, "location": {"S": location}} for sku, location in keys]
    yield from map(Item, get_items(session, session.outputs.items_table_name, wanted))
