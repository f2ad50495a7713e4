"""What the summary needs of the world; adapters implement it, tests fake it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from inventory.domain.summary.model import FeedRecord, StockItem


class ItemPage(NamedTuple):
    """A page of a scan of the items table.

    Attributes:
        items: The items that could be read.
        unreadable: How many could not.
        read_units: Read units the page consumed.
    """

    items: list[StockItem]
    unreadable: int
    read_units: Decimal


class RecordPage(NamedTuple):
    """A page of a scan of the ingestion records.

    Attributes:
        records: The records.
        read_units: Read units the page consumed.
    """

    records: list[FeedRecord]
    read_units: Decimal


class ItemPages(Protocol):
    """All stored items, page by page, in no particular order."""

    def item_pages(self) -> Iterator[ItemPage]:
        """The pages; a few are fetched ahead."""


class RecordPages(Protocol):
    """The ingestion records, page by page, in no particular order."""

    def record_pages(self, since: str) -> Iterator[RecordPage]:
        """The pages of the records that ended after a time or have not ended.

        Args:
            since: The time, as stored times are written.
        """


class SummaryStore(Protocol):
    """Where summaries are kept, by day."""

    def read_json(self, date: str) -> str | None:
        """The JSON document of a day's summary, None when there is none.

        Args:
            date: `YYYY-MM-DD`.
        """

    def write(self, date: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Keep a day's summary; writing it again replaces it.

        Args:
            date: `YYYY-MM-DD`.
            documents: Text by file name extension: json, csv, html.

        Returns:
            Where each document lies, by extension.
        """


class Announcer(Protocol):
    """Tells subscribers that there is a summary."""

    def announce(self, subject: str, text: str) -> None:
        """Send one message.

        Args:
            subject: At most 100 printable ASCII characters.
            text: The message.
        """
