"""How figures went over the last summaries; each summary carries those of the ones before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.domain.summary.exact import ZERO, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from inventory.domain.summary.feeds import Feeds
    from inventory.domain.summary.model import Stock

#: Summaries that a trend is of.
TREND_SUMMARIES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendPoint:
    """The figures of one summary that later ones remember.

    Attributes:
        date: Its day.
        value: Stock value by currency.
        rows: Rows of the files of its period.
        rejected: Those of them that were rejected.
        on_time: Feeds of which files were expected and none was overdue.
        late: Feeds that were late.
    """

    date: str
    value: Mapping[str, Decimal]
    rows: int
    rejected: int
    on_time: int
    late: int

    @classmethod
    def of(cls, date: str, stock: Stock, feeds: Feeds) -> TrendPoint:
        """The point of a summary."""
        return cls(
            date=date,
            value=dict(stock.totals.value),
            rows=feeds.rows["rows_read"],
            rejected=feeds.rows["rejected"],
            on_time=feeds.on_time,
            late=feeds.late_total,
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> TrendPoint:
        """The point that a stored summary holds."""
        return cls(
            date=str(data["date"]),
            value={str(name): parse_decimal(text) for name, text in data["value"].items()},
            rows=int(data["rows"]),
            rejected=int(data["rejected"]),
            on_time=int(data["on_time"]),
            late=int(data["late"]),
        )

    @property
    def rejected_share(self) -> Decimal:
        """Share of the rows that were rejected; 0 where there were none."""
        return parse_decimal(str(self.rejected)) / self.rows if self.rows else ZERO
