"""The daily summary: items per CPU-second of scan and rendering, and memory as the table grows.

Every measurement is a process of its own that reads canned pages of DynamoDB JSON, with every SKU
different, through the real adapter, rules and rendering. Making the pages is no part of the
figure's subject, but is contained in it: the cost of making and parsing alone is told beside it.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.process import MEGABYTE, peak_bytes, result_of
from inventory.adapters.dynamodb_scan import ScannedTables
from inventory.domain.summary.service import SummaryService

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEMS_TABLE = "items"
SEGMENTS = 4
PAGE_ITEMS = 2_500
"""Items of 400 bytes in a page of 1 MB, the most that Scan reads at once."""

SMALL, LARGE = 100_000, 1_000_000
QUICK_SMALL, QUICK_LARGE = 25_000, 250_000


def run(*, quick: bool) -> dict[str, object]:
    """Measure the summary of a small and of a large table."""
    small, large = (QUICK_SMALL, QUICK_LARGE) if quick else (SMALL, LARGE)
    runs = 1 if quick else 3
    at_small = [_measured(small) for _ in range(runs)]
    at_large = [_measured(large) for _ in range(runs)]
    peak_small = median(one["peak_mb"] for one in at_small)
    peak_large = median(one["peak_mb"] for one in at_large)
    return {
        "summary_items": large,
        "summary_items_per_cpu_second": round(median(one["items_per_s"] for one in at_large)),
        "summary_items_per_cpu_second_parse_alone": round(
            median(one["parse_items_per_s"] for one in at_large)
        ),
        "summary_render_ms": round(median(one["render_ms"] for one in at_large), 1),
        f"summary_peak_mb_{small}_items": round(peak_small, 1),
        f"summary_peak_mb_{large}_items": round(peak_large, 1),
        "summary_peak_memory_ratio": round(peak_large / peak_small, 3),
    }


class CannedTable:
    """Answers Scan from pages made of one template, each with SKUs of its own.

    Args:
        items: Number of items in the table.
    """

    def __init__(self, items: int) -> None:
        self._pages = items // PAGE_ITEMS
        self._template = _page_template()

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Make and parse the page that a Scan of a segment gives next."""
        if operation != "Scan":
            raise ValueError(operation)
        start = payload.get("ExclusiveStartKey")
        number = payload["Segment"] if start is None else int(start["page"]["N"])
        if payload["TableName"] != ITEMS_TABLE or number >= self._pages:
            return {"Items": []}
        return self.page(number)

    def page(self, number: int) -> dict[str, Any]:
        """Make and parse one page."""
        body = self._template.replace(b"@@@@@", b"%05d" % number)
        answer: dict[str, Any] = json.loads(body)
        following = number + SEGMENTS
        if following < self._pages:
            answer["LastEvaluatedKey"] = {"page": {"N": str(following)}}
        return answer

    def parse_all(self) -> None:
        """Make and parse every page, as the floor under the scan."""
        for number in range(self._pages):
            self.page(number)


def _page_template() -> bytes:
    items = [
        {
            "sku": {"S": f"SKU-@@@@@-{n:05}"},
            "location": {"S": f"Store {n % 120:03}"},
            "quantity": {"N": str(n * 7 % 240)},
            "name": {"S": f"Product number {n % 900} of the range"},
            "category": {"S": f"Category {n // 120 % 40:02}"},
            "unit_price": {"N": f"{n % 900}.{n % 90 + 10}"},
            "currency": {"S": "EUR" if n % 3 else "USD"},
            "reorder_point": {"N": str(n % 25)},
            "as_of": {"S": f"2026-{n % 11 + 1:02}-{n % 28 + 1:02}T08:00:00.000000Z"},
        }
        for n in range(PAGE_ITEMS)
    ]
    consumed = {"TableName": "items", "CapacityUnits": 128.5}
    return json.dumps({"Items": items, "ConsumedCapacity": consumed}).encode()


class _Nowhere:
    """A store without an earlier summary that keeps nothing, and a channel to nobody."""

    def read_json(self, day: str) -> None:
        """Find no earlier summary."""

    def write(self, day: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Drop the documents."""
        return dict.fromkeys(documents, day)

    def link(self, day: str, _extension: str) -> str:
        """Give an address of nothing."""
        return day

    def notify(self, subject: str, message: str) -> None:
        """Drop the message."""


def _measured(items: int) -> dict[str, float]:
    """Measure one table in a process of its own."""
    figures: dict[str, float] = result_of("bench.summary", str(items))
    return figures


def _main(items: int) -> None:
    table = CannedTable(items)
    # The scan keeps Python from looking for cycles meanwhile, and so does the floor under it.
    gc.disable()
    start = time.process_time()
    table.parse_all()
    parsing = time.process_time() - start
    gc.enable()

    nowhere = _Nowhere()

    def service(source: CannedTable) -> SummaryService:
        return SummaryService(
            tables=ScannedTables(source, ITEMS_TABLE, "ingestions", SEGMENTS),
            store=nowhere,
            notifier=nowhere,
            feed_states=lambda _: (),
            low_stock_threshold=10,
            timezone="UTC",
        )

    as_of = datetime(2026, 11, 22, 5, tzinfo=UTC)
    start = time.process_time()
    summary, _ = service(table).make(as_of)
    whole = time.process_time() - start
    if summary.stock.totals.items != items:
        raise SystemExit(f"{summary.stock.totals.items} items in place of {items}")
    start = time.process_time()
    service(CannedTable(PAGE_ITEMS)).make(as_of)
    smallest = time.process_time() - start
    print(
        json.dumps(
            {
                "items_per_s": items / whole,
                "parse_items_per_s": items / parsing,
                "render_ms": smallest * 1000,
                "peak_mb": peak_bytes() / MEGABYTE,
            }
        )
    )


if __name__ == "__main__":
    _main(int(sys.argv[1]))
