"""Scans of the items and the ingestions table, in parallel segments and bounded memory."""

from __future__ import annotations

import gc
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from inventory.domain.summary.exact import ZERO, number
from inventory.domain.summary.model import FeedRecord, StockItem
from inventory.domain.summary.ports import ItemPage, RecordPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

# Segments are fetched at the same time; one page of each is held, so this also bounds memory. Four
# keep one vCPU busy: parsing a page of 1 MB takes longer than a quarter of its round trip.
SEGMENTS = 4

_ITEM_ATTRIBUTES = (
    "sku",
    "location",
    "quantity",
    "name",
    "category",
    "unit_price",
    "currency",
    "reorder_point",
    "as_of",
)
_COUNTS = ("rows_read", "loaded", "unchanged", "stale", "rejected", "skipped", "duplicates")
_RECORD_ATTRIBUTES = (
    "object_id",
    "status",
    "profile",
    "started_at",
    "finished_at",
    "rejected_by_error",
    "error",
    *_COUNTS,
)

Attributes = dict[str, Any]
PageT = TypeVar("PageT", ItemPage, RecordPage)


class DynamoDbCalls(Protocol):
    """Calls DynamoDB in its own JSON, also from several threads at once."""

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call an operation.

        Args:
            operation: Such as `Scan`.
            payload: The request.

        Returns:
            The response.
        """


class DynamoDbItemPages:
    """The stored items, page by page.

    Reads are eventually consistent, at half the price: a summary is of a moment anyway.

    Args:
        calls: Calls DynamoDB.
        table_name: The items table.
        segments: How many segments are scanned at the same time.
    """

    def __init__(self, calls: DynamoDbCalls, table_name: str, segments: int = SEGMENTS) -> None:
        self._calls = calls
        self._request = _request(table_name, _ITEM_ATTRIBUTES)
        self._segments = segments

    def item_pages(self) -> Iterator[ItemPage]:
        """The pages, as they come in."""
        yield from _scan(self._calls, self._request, self._segments, _item_page)


class DynamoDbRecordPages:
    """The ingestion records, page by page.

    Args:
        calls: Calls DynamoDB.
        table_name: The ingestions table.
        segments: How many segments are scanned at the same time.
    """

    def __init__(self, calls: DynamoDbCalls, table_name: str, segments: int = SEGMENTS) -> None:
        self._calls = calls
        self._table_name = table_name
        self._segments = segments

    def record_pages(self, since: str) -> Iterator[RecordPage]:
        """The pages of the records that ended after a time or have not ended.

        Args:
            since: The time, as stored times are written.
        """
        request = _request(self._table_name, _RECORD_ATTRIBUTES)
        names = request["ExpressionAttributeNames"]
        finished = next(alias for alias, name in names.items() if name == "finished_at")
        request["FilterExpression"] = f"attribute_not_exists({finished}) OR {finished} > :since"
        request["ExpressionAttributeValues"] = {":since": {"S": since}}
        yield from _scan(self._calls, request, self._segments, _record_page)


def _request(table_name: str, attributes: tuple[str, ...]) -> dict[str, Any]:
    # Aliases throughout, because some of the names are reserved words.
    names = {f"#{place}": name for place, name in enumerate(attributes)}
    return {
        "TableName": table_name,
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
        "ReturnConsumedCapacity": "TOTAL",
    }


def _scan(
    calls: DynamoDbCalls,
    request: dict[str, Any],
    segments: int,
    read: Callable[[dict[str, Any]], PageT],
) -> Iterator[PageT]:
    """Pages of all segments; the next page of a segment is fetched while its last one is used.

    At most one page per segment waits beside the one in use, however slowly pages are taken. Pages
    are read in the thread that fetched them: the answer, ten times as large, is gone at once.
    """

    def fetch(segment: int, start: dict[str, Any] | None) -> tuple[PageT, dict[str, Any] | None]:
        payload = {**request, "Segment": segment, "TotalSegments": segments}
        if start is not None:
            payload["ExclusiveStartKey"] = start
        answer = calls.call("Scan", payload)
        return read(answer), answer.get("LastEvaluatedKey")

    with _no_cycle_collection(), ThreadPoolExecutor(max_workers=segments) as pool:
        running = {pool.submit(fetch, segment, None): segment for segment in range(segments)}
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    segment = running.pop(future)
                    page, following = future.result()
                    if following is not None:
                        running[pool.submit(fetch, segment, following)] = segment
                    yield page
        finally:
            for future in running:
                future.cancel()


@contextmanager
def _no_cycle_collection() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of values that hold none.

    It takes a third of the scan's CPU time; what the pages hold is released without it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _item_page(answer: dict[str, Any]) -> ItemPage:
    items, unreadable = _items(answer["Items"])
    return ItemPage(items, unreadable, _read_units(answer))


def _record_page(answer: dict[str, Any]) -> RecordPage:
    return RecordPage([_record(item) for item in answer["Items"]], _read_units(answer))


def _items(stored: list[Attributes]) -> tuple[list[StockItem], int]:
    """The items that can be read, and how many cannot."""
    items: list[StockItem] = []
    unreadable = 0
    for attributes in stored:
        try:
            item = _item(attributes)
        except (KeyError, TypeError):
            unreadable += 1
        else:
            items.append(item)
    return items, unreadable


def _item(attributes: Attributes) -> StockItem:
    name = attributes.get("name")
    category = attributes.get("category")
    price = attributes.get("unit_price")
    currency = attributes.get("currency")
    reorder_point = attributes.get("reorder_point")
    return StockItem(
        attributes["sku"]["S"],
        attributes["location"]["S"],
        attributes["quantity"]["N"],
        None if name is None else name["S"],
        None if category is None else category["S"],
        None if price is None else price["N"],
        None if currency is None else currency["S"],
        None if reorder_point is None else reorder_point["N"],
        attributes["as_of"]["S"],
    )


def _record(attributes: Attributes) -> FeedRecord:
    errors = attributes.get("rejected_by_error", {}).get("M", {})
    return FeedRecord(
        object_id=attributes["object_id"]["S"],
        status=_text(attributes, "status"),
        profile=_text(attributes, "profile"),
        started_at=_text(attributes, "started_at"),
        finished_at=_text(attributes, "finished_at"),
        counts={name: _count(attributes, name) for name in _COUNTS},
        rejected_by_error={code: int(count["N"]) for code, count in sorted(errors.items())},
        error=_text(attributes, "error"),
    )


def _text(attributes: Attributes, name: str) -> str:
    return str(attributes.get(name, {}).get("S", ""))


def _count(attributes: Attributes, name: str) -> int:
    return int(attributes.get(name, {}).get("N", 0))


def _read_units(page: dict[str, Any]) -> Decimal:
    consumed = page.get("ConsumedCapacity", {}).get("CapacityUnits")
    return ZERO if consumed is None else number(str(consumed))
