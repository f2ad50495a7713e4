"""Fakes and made-up stock for tests of the daily summary, its page and its picture."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from inventory.domain.arrivals import Arrival, FeedState
from inventory.domain.summary.feeds import OUTCOMES
from inventory.domain.summary.model import IngestionRecord, Page, StockItem
from inventory.domain.summary.service import SummaryService

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

AS_OF = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def stock_item(
    sku: str = "A-1",
    location: str = "Berlin",
    quantity: str = "25",
    *,
    name: str = "Lamp",
    category: str = "Lighting",
    unit_price: str | None = "10.50",
    currency: str = "EUR",
    reorder_point: str | None = None,
    as_of: str = "2026-11-21T08:00:00.000000Z",
) -> StockItem:
    """An item that is in stock, priced and recently changed, unless told otherwise."""
    return StockItem(
        sku=sku,
        location=location,
        quantity=quantity,
        name=name,
        category=category,
        unit_price=unit_price,
        currency=currency,
        reorder_point=reorder_point,
        as_of=as_of,
    )


def ingestion_record(
    key: str = "berlin/stock.csv",
    *,
    status: str = "COMPLETED",
    profile: str = "generic",
    finished_at: str = "2026-11-21T20:00:05.000000Z",
    counts: Mapping[str, int] | None = None,
    rejected_by_error: Mapping[str, int] | None = None,
    error: str = "",
) -> IngestionRecord:
    """A completed file of ten loaded rows, unless told otherwise."""
    return IngestionRecord(
        object_id=f"uploads/{key}#v1",
        status=status,
        profile=profile,
        started_at="2026-11-21T20:00:00.000000Z",
        finished_at=finished_at,
        counts={
            **dict.fromkeys(OUTCOMES, 0),
            **({"rows_read": 10, "loaded": 10} if counts is None else counts),
        },
        rejected_by_error=rejected_by_error or {},
        error=error,
    )


@dataclass
class FakeTables:
    """Items and ingestion records held in memory, given out in pages of two."""

    stored_items: Sequence[StockItem] = ()
    stored_records: Sequence[IngestionRecord] = ()
    unreadable_records: int = 0
    asked_since: list[str] = field(default_factory=list)

    def items(self) -> Iterator[Page[StockItem]]:
        """Return the items, half a read unit a page."""
        for start in range(0, len(self.stored_items), 2):
            yield Page(list(self.stored_items[start : start + 2]), 0, Decimal("0.5"))

    def records(self, since: str) -> Iterator[Page[IngestionRecord]]:
        """Return the records, one read unit a page; like a filter that lets too much through."""
        self.asked_since.append(since)
        if self.unreadable_records:
            yield Page([], self.unreadable_records, Decimal(1))
        for start in range(0, len(self.stored_records), 2):
            yield Page(list(self.stored_records[start : start + 2]), 0, Decimal(1))


@dataclass
class FakeStore:
    """Summaries held in memory."""

    documents: dict[str, dict[str, str]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def read_json(self, day: str) -> str | None:
        """Return the JSON document of a day."""
        self.reads.append(day)
        return self.documents.get(day, {}).get("json")

    def write(self, day: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Keep the documents of a day."""
        self.documents[day] = dict(documents)
        return {extension: f"memory://{day}/summary.{extension}" for extension in documents}

    def link(self, day: str, extension: str) -> str:
        """Return where a document lies."""
        return f"https://signed/{day}/summary.{extension}"


@dataclass
class FakeNotifier:
    """Messages held in memory."""

    messages: list[tuple[str, str]] = field(default_factory=list)

    def notify(self, subject: str, message: str) -> None:
        """Keep the message."""
        self.messages.append((subject, message))


def summary_service(
    tables: FakeTables,
    store: FakeStore | None = None,
    notifier: FakeNotifier | None = None,
    *,
    states: Sequence[FeedState] = (),
    low_stock_threshold: int = 10,
    timezone: str = "Europe/Berlin",
) -> SummaryService:
    """A service over fakes."""
    return SummaryService(
        tables=tables,
        store=store or FakeStore(),
        notifier=notifier or FakeNotifier(),
        feed_states=lambda _: states,
        low_stock_threshold=low_stock_threshold,
        timezone=timezone,
    )


PLACES = ("Berlin", "Hamburg", "Lyon", "Online", "Paris", "Vienna", "Warehouse North")
PRODUCTS = {
    "Lighting": ("Desk lamp", "Floor lamp", "Lantern"),
    "Kitchen": ("Kettle", "Chef's knife 20 cm", "Salad bowl"),
    "Garden": ("Watering can", "Secateurs", "Planter"),
    "Textiles": ("Linen cushion", "Wool blanket", "Tablecloth"),
    "Furniture": ("Stool", "Oak shelf", "Folding chair"),
}


def shop_items(seed: int, count: int = 600) -> list[StockItem]:
    """A small retailer's stock; the seed stands for the day."""
    steady, day = random.Random(1), random.Random(seed)
    items = []
    for number in range(count):
        place = steady.choice(PLACES)
        category = steady.choice(list(PRODUCTS))
        name = steady.choice(PRODUCTS[category])
        price = f"{steady.randint(400, 18_000) / 100:.2f}"
        usual = steady.randint(12, 180) * (6 if place.startswith("Warehouse") else 1)
        sold = day.choice((0, 0, 0, 2, 5, usual // 2, usual - 3, usual))
        age = day.choice((0, 0, 1, 1, 2, 9, 40, 120))
        changed = datetime(2026, 11, 21, day.randint(0, 23), tzinfo=UTC).timestamp() - age * 86_400
        items.append(
            stock_item(
                f"{category[:2].upper()}-{1000 + number}",
                place,
                str(max(0, usual - sold)),
                name=name,
                category=category,
                unit_price=price if number % 40 else None,
                currency="GBP" if place == "Online" else "EUR",
                reorder_point="20" if number % 3 == 0 else None,
                as_of=datetime.fromtimestamp(changed, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            )
        )
    return items


def shop_records() -> list[IngestionRecord]:
    """A day's deliveries, some of them with trouble."""
    records = [
        ingestion_record(
            f"{place.lower().replace(' ', '-')}/2026-11-21-{hour:02}.csv",
            finished_at=f"2026-11-21T{hour:02}:02:11.000000Z",
            counts={"rows_read": 240, "loaded": 61, "unchanged": 179},
        )
        for place in PLACES
        for hour in (6, 12, 18)
    ]
    records.append(
        ingestion_record(
            "online/export.csv",
            profile="shopify-inventory",
            finished_at="2026-11-21T21:15:40.000000Z",
            counts={"rows_read": 320, "loaded": 291, "rejected": 29},
            rejected_by_error={"type-error": 17, "constraint-error": 9, "missing-cell": 3},
        )
    )
    records.append(
        ingestion_record(
            "lyon/stock.zip",
            status="FAILED",
            profile="",
            finished_at="2026-11-21T22:40:02.000000Z",
            counts={},
            error="source-error: the archive ends before its directory",
        )
    )
    return records


@cache
def shop_documents() -> dict[str, str]:
    """JSON, CSV and page of a small retailer's summary of the thirteenth day."""
    store = FakeStore()
    tables = FakeTables(shop_items(2), [])
    service = summary_service(tables, store)
    for days in range(12, 0, -1):
        now = AS_OF - timedelta(days=days)
        tables.stored_items = shop_items(20 + days if days > 1 else 2)
        ended = (now - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        counts = {"rows_read": 5_000, "loaded": 5_000 - days * 7, "rejected": days * 7 % 40}
        tables.stored_records = [ingestion_record(finished_at=ended, counts=counts)]
        service.make(now)
    tables.stored_items, tables.stored_records = shop_items(3), shop_records()
    service.make(AS_OF)
    return store.documents["2026-11-22"]


# Text that means harm to a page, a spreadsheet or a terminal.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</table><h1>owned</h1>",
    "</style></script><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "'; alert(1) //",
    "&lt;b&gt;",
    '=HYPERLINK("http://x")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "nul \x00 bell \x07 escape \x1b[31m",
    "\u202egnp.exe",
    "lone \ud800 surrogate",
    'line\nbreak, comma "quote"',
    "{{7*7}} ${7*7} %s {0}",
)


def late_feed(feed: str) -> FeedState:
    """A feed that never had a file."""
    return FeedState(feed=feed, arrival=Arrival(), due=AS_OF, late=True, paused=False)


def text_documents(text: str) -> dict[str, str]:
    """A second day's documents of a table and records that hold a text everywhere."""
    store = FakeStore()
    stored = [
        stock_item(text, text, "0", name=text, category=text, currency=text),
        stock_item(f"{text}2", text, "3", as_of="2026-01-01T00:00:00.000000Z", name=text),
        stock_item("fine", f"{text}3", "100"),
    ]
    record = ingestion_record(
        text,
        status="FAILED",
        profile=text,
        counts={"rows_read": 2, "rejected": 2},
        rejected_by_error={text: 1},
        error=text,
    )
    tables = FakeTables([stock_item("fine", text, "5")], [])
    service = summary_service(tables, store, states=[late_feed(text)])
    service.make(AS_OF.replace(day=21))
    tables.stored_items, tables.stored_records = stored, [record]
    service.make(AS_OF)
    return store.documents["2026-11-22"]


def hostile_documents() -> dict[str, str]:
    """Documents of a table and records that hold every hostile text."""
    store = FakeStore()
    stored = [
        stock_item(f"{text}{n}", text, quantity, name=text, category=text, currency=text)
        for text in HOSTILE
        for n, quantity in enumerate(("0", "3", "100"))
    ]
    records = [
        ingestion_record(
            text,
            status="FAILED",
            profile=text,
            counts={"rows_read": 1, "rejected": 1},
            rejected_by_error={text: 1},
            error=text,
        )
        for text in HOSTILE
    ]
    late = [late_feed(text) for text in HOSTILE]
    summary_service(FakeTables(stored, records), store, states=late).make(AS_OF)
    return store.documents["2026-11-22"]
