"""Holding a file that would lower the known stock by more than a set share."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ErrorCode, OutOfTimeError

if TYPE_CHECKING:
    from inventory.domain.order import Tokens
    from inventory.domain.ports import Deadline, Feed, ItemStore

#: Keys whose rows are told apart from later rows of the same key; beyond, a second row of a key
#: counts on top of the first. Some 20 MB.
_KEYS = 1 << 17

_BATCH_ROWS = 1000
_RESERVE_SECONDS = 60.0


class StockDropHold:
    """Compares a file with what is known before anything of it loads.

    A file whose export broke off in the middle of a column, or that lists everything as sold out,
    is well formed; what it would do to the stock is the only sign that something is wrong.

    Args:
        items: The items table.
        deadline: Seconds left.
        share: Largest share of the known stock of its locations that a file may remove, 0 to 1.
    """

    def __init__(self, items: ItemStore, deadline: Deadline, share: Decimal) -> None:
        self._items = items
        self._deadline = deadline
        self._share = share

    def check(self, feed: Feed, tokens: Tokens) -> None:
        """Read a feed once without loading it.

        Args:
            feed: The feed, opened for this alone.
            tokens: Tokens of its rows; a row that is stale already changes nothing.

        Raises:
            BadFileError: It would lower the known stock of its locations by more than the share.
            RetryableError: The table did not answer, or there is no time left.
        """
        changes: dict[int, Decimal] = {}
        total = Decimal(0)
        locations: set[str] = set()
        for batch in feed.batches(_BATCH_ROWS):
            if self._deadline.left() < _RESERVE_SECONDS:
                raise OutOfTimeError("no time left to compare the file with the known stock")
            rows = list({(row.sku, row.location): row for row in batch.rows}.values())
            locations.update(row.location for row in rows)
            for row, stored in zip(rows, self._items.read(rows) if rows else (), strict=True):
                if stored is None or stored.token >= tokens.of(row.line, row.updated_at):
                    continue
                key = hash((row.sku, row.location))
                change = Decimal(row.quantity) - Decimal(stored.quantity)
                total += change - changes.get(key, 0)
                if len(changes) >= _KEYS:
                    changes.clear()
                changes[key] = change
        if total >= 0:
            return
        known = self._items.known_stock(locations)
        if known > 0 and -total > self._share * known:
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"The file would lower the stock of its locations by {-total:f} of {known:f}, more "
                f"than the share of {self._share:f} that is allowed; it is held and nothing of it "
                "is loaded.",
                column="quantity",
                value=f"{-total:f}",
            )
