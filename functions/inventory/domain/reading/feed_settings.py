"""Expectations of the files below a key prefix."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from inventory.domain.model import Absent
from inventory.domain.reading.profiles import OnDuplicate

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSettings:
    """A feed: a key prefix with what is expected of the files below it.

    Attributes:
        prefix: What their keys begin with; of a key below no feed, the key itself.
        named: True if the feeds file has it.
        profile: Name of the only profile they may follow; "" for the one their header fits.
        sheet: Name of the only sheet that is read of a workbook; "" for the only one that fits.
        locations: The only locations they may set; None for any.
        on_duplicate: What the same key twice in a file means; None for what the profile says.
        max_stock_drop_share: Share (0 to 1) of the last file's stock that a file may take away;
            0 for any.
        complete: True if a file states the whole stock of the feed.
        absent: What becomes of what a complete file does not name.
    """

    prefix: str
    named: bool = False
    profile: str = ""
    sheet: str = ""
    locations: frozenset[str] | None = None
    on_duplicate: OnDuplicate | None = None
    max_stock_drop_share: Decimal = Decimal(0)
    complete: bool = False
    absent: Absent = Absent.ZERO

    @property
    def name(self) -> str:
        """Its prefix; "" for a key below no feed."""
        return self.prefix if self.named else ""

    @classmethod
    def from_data(cls, prefix: str, data: Mapping[str, Any]) -> FeedSettings:
        """Make the settings of their entry in the feeds file, which is valid."""
        locations, on_duplicate = data.get("locations"), data.get("on_duplicate")
        return cls(
            prefix=prefix,
            named=True,
            profile=data.get("profile", ""),
            sheet=data.get("sheet", ""),
            locations=None if locations is None else frozenset(locations),
            on_duplicate=None if on_duplicate is None else OnDuplicate(on_duplicate),
            max_stock_drop_share=Decimal(data.get("max_stock_drop_share", 0)),
            complete=data.get("complete", False),
            absent=Absent(data.get("absent", Absent.ZERO)),
        )
