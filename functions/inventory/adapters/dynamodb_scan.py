"""Scans of the items and the ingestions table, in parallel segments and bounded memory."""

from __future__ import annotations

import gc
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from inventory.domain.removals import REMOVED
from inventory.domain.summary.exact import ZERO, parse_decimal
from inventory.domain.summary.feeds import OUTCOMES
from inventory.domain.summary.model import IngestionRecord, Page, RowT, StockItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Attributes = dict[str, Any]

# Segments are fetched at the same time; one page of each is held, so this also bounds memory. Four
# keep one vCPU busy: parsing a page of 1 MB takes longer than a quarter of its round trip.
SEGMENTS = 4
# A name or category has up to 400 KB; the summary keeps many, and shows no more than this of one.
TEXT_CHARACTERS = 200

_RECORD_ATTRIBUTES = (*(name for name in IngestionRecord._fields if name != "counts"), *OUTCOMES)
_ABSENT: Attributes = {"S": "", "N": None}


class DynamoDbCalls(Protocol):
    """Calls DynamoDB in its own JSON, also from several threads at once."""

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a request, such as one of the operation `Scan`."""


class ScannedTables:
    """The stored items and the ingestion records, page by page.

    Reads are eventually consistent, at half the price: a summary is of a moment anyway.

    Args:
        calls: Calls DynamoDB.
        items_table_name: The items table.
        ingestions_table_name: The ingestions table.
        segments: Number of segments that are scanned at the same time.
    """

    def __init__(
        self,
        calls: DynamoDbCalls,
        items_table_name: str,
        ingestions_table_name: str,
        segments: int = SEGMENTS,
    ) -> None:
        self._calls = calls
        self._items_table_name = items_table_name
        self._ingestions_table_name = ingestions_table_name
        self._segments = segments

    def items(self) -> Iterator[Page[StockItem]]:
        """Return the items that are not removed; a page of each segment is fetched ahead."""
        request = _request(self._items_table_name, StockItem._fields)
        request["FilterExpression"] = "attribute_not_exists(#attributes.#removed)"
        request["ExpressionAttributeNames"] |= {"#attributes": "attributes", "#removed": REMOVED}
        return self._scan(request, _item)

    def records(self, since: str) -> Iterator[Page[IngestionRecord]]:
        """Return the ingestion records that ended after a time or have not ended."""
        request = {
            **_request(self._ingestions_table_name, _RECORD_ATTRIBUTES),
            "FilterExpression": "attribute_not_exists(#finished_at) OR #finished_at > :since",
            "ExpressionAttributeValues": {":since": {"S": since}},
        }
        return self._scan(request, _record)

    def _scan(
        self, request: dict[str, Any], read: Callable[[Attributes], RowT]
    ) -> Iterator[Page[RowT]]:
        """Yield the pages of all segments; a segment's next page is fetched while its last is used.

        At most one page per segment waits beside the one in use, however slowly pages are taken.
        Pages are read in the thread that fetched them: the answer, ten times as large, is gone at
        once.
        """

        def fetch(segment: int, start: Attributes | None) -> tuple[Page[RowT], Attributes | None]:
            payload = {**request, "Segment": segment, "TotalSegments": self._segments}
            if start is not None:
                payload["ExclusiveStartKey"] = start
            answer = self._calls.call("Scan", payload)
            return _page(answer, read), answer.get("LastEvaluatedKey")

        with _no_cycle_collection(), ThreadPoolExecutor(max_workers=self._segments) as pool:
            running = {pool.submit(fetch, each, None): each for each in range(self._segments)}
            try:
                while running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        segment = running.pop(future)
                        page, start = future.result()
                        if start is not None:
                            running[pool.submit(fetch, segment, start)] = segment
                        yield page
            finally:
                for future in running:
                    future.cancel()


@contextmanager
def _no_cycle_collection() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of values that hold none.

    It takes a third of the scan's CPU time; pages are released without it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _request(table_name: str, attributes: tuple[str, ...]) -> dict[str, Any]:
    # Aliases throughout, because some of the names are reserved words.
    names = {f"#{name}": name for name in attributes}
    return {
        "TableName": table_name,
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
        "ReturnConsumedCapacity": "TOTAL",
    }


def _page(answer: dict[str, Any], read: Callable[[Attributes], RowT]) -> Page[RowT]:
    rows: list[RowT] = []
    unreadable = 0
    for stored in answer["Items"]:
        try:
            rows.append(read(stored))
        except (KeyError, TypeError, ValueError):
            unreadable += 1
    read_units = answer.get("ConsumedCapacity", {}).get("CapacityUnits")
    return Page(rows, unreadable, ZERO if read_units is None else parse_decimal(str(read_units)))


def _item(stored: Attributes) -> StockItem:
    get = stored.get
    # In the order of the fields: naming them here takes a fifth more of the scan's CPU time.
    return StockItem(
        stored["sku"]["S"],
        stored["location"]["S"],
        stored["quantity"]["N"],
        get("name", _ABSENT)["S"][:TEXT_CHARACTERS],
        get("category", _ABSENT)["S"][:TEXT_CHARACTERS],
        get("unit_price", _ABSENT)["N"],
        get("currency", _ABSENT)["S"],
        get("reorder_point", _ABSENT)["N"],
        stored["as_of"]["S"],
    )


def _record(stored: Attributes) -> IngestionRecord:
    errors = stored.get("rejected_by_error", {"M": {}})["M"]
    return IngestionRecord(
        object_id=stored["object_id"]["S"],
        status=stored.get("status", _ABSENT)["S"],
        profile=stored.get("profile", _ABSENT)["S"],
        started_at=stored.get("started_at", _ABSENT)["S"],
        finished_at=stored.get("finished_at", _ABSENT)["S"],
        error=stored.get("error", _ABSENT)["S"],
        counts={name: int(stored.get(name, _ABSENT)["N"] or 0) for name in OUTCOMES},
        rejected_by_error={code: int(count["N"]) for code, count in sorted(errors.items())},
    )
