"""`inventory check --against`: items that an older file names and a newer one does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from inventory_cli.rendering import emit_table, figure, say

if TYPE_CHECKING:
    from inventory.domain.model import Absent
    from inventory.domain.reading import Feed
    from inventory.domain.reading.feed_settings import FeedSettings


@dataclass(kw_only=True, slots=True)
class Absences:
    """Items that an older file names and the checked one does not.

    Attributes:
        against: Name of the older file.
        becomes: What would become of them.
        because: Why they would stay; "" where they would not.
        held: Why the checked file would be held if the older one is the last of its feed; "" where
            it would not.
        items: SKU and location to the quantity in the older file.
    """

    against: str
    becomes: Absent
    because: str
    held: str = ""
    items: dict[tuple[str, str], str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON object of the answer."""
        return {
            "against": self.against,
            "becomes": str(self.becomes),
            "because": self.because,
            "held": self.held,
            "items": [
                {"sku": sku, "location": location, "quantity": quantity}
                for (sku, location), quantity in self.items.items()
            ],
        }


def compare(
    newer: Feed, older: Feed, *, name: str, whole: bool, settings: FeedSettings
) -> Absences:
    """Find what a file lacks of an older one.

    Args:
        newer: The file.
        older: The older one.
        name: Its name.
        whole: True if no row of the file is rejected.
        settings: Their feed.

    Raises:
        BadFileError: One of them cannot be read to its end.
    """
    from inventory.domain.hold import takes_too_much
    from inventory.domain.model import Absent

    seen: set[int] = set()
    for batch in newer.batches():
        seen.update(map(hash, batch.rows.keys))
    because = _why_they_stay(newer, names=bool(seen), whole=whole, settings=settings)
    found = Absences(
        against=name, becomes=Absent.KEEP if because else settings.absent, because=because
    )
    times: dict[tuple[str, str], str] = {}
    for batch in older.batches():
        for row in batch.rows:
            item, time = (row.sku, row.location), row.updated_at or ""
            if hash(item) not in seen and time >= times.get(item, ""):
                times[item], found.items[item] = time, row.quantity
    share = settings.max_stock_drop_share
    if not share or newer.corrected:
        return found
    last, stock = _stock_of(older), _stock_of(newer)
    if takes_too_much(last, stock, share):
        found.held = (
            f"it holds a stock of {stock:f} and {name} {last:f}, so it would take away more than "
            f"the share of {share:f} that is allowed"
        )
    return found


def _stock_of(feed: Feed) -> Decimal:
    quantities = (batch.rows.quantities for batch in feed.in_parts().batches())
    return sum(map(Decimal, chain.from_iterable(quantities)), start=Decimal(0))


def _why_they_stay(newer: Feed, *, names: bool, whole: bool, settings: FeedSettings) -> str:
    """Say why what a file lacks stays as it is; "" where it does not. See `domain.absences`."""
    from inventory.domain.model import Absent

    if not settings.complete:
        return "the feed is not complete"
    if settings.absent is Absent.KEEP:
        return "the feed says so"
    if newer.corrected:
        return "a reject file that comes back is a part of a file"
    if not whole:
        return "a rejected row may be about any of them"
    return "" if names else "no row of the file is stock"


def show_absences(absences: Absences, limit: int) -> None:
    """Print what a file lacks.

    Args:
        absences: That.
        limit: Most items that are listed.
    """
    from inventory.domain.model import Absent

    fates = {
        Absent.ZERO: "; they would be out of stock",
        Absent.REMOVE: "; they would be no more",
        Absent.KEEP: f"; they would stay, because {absences.because}",
    }
    items = absences.items
    fate = fates[absences.becomes] if items else ""
    say(f"  absent: {figure(len(items))} items that {absences.against} names{fate}")
    if shown := list(items.items())[:limit]:
        emit_table(
            ["absent sku", "location", "quantity there"],
            [(sku, location, quantity) for (sku, location), quantity in shown],
            right=["quantity there"],
            folded=["absent sku", "location"],
        )
        if (more := len(items) - limit) > 0:
            say(f"  and {figure(more)} more; see all with --json")
    if absences.held:
        say(f"  would be held: {absences.held}", "fail")
