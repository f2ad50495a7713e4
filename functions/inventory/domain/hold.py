"""Holding a file that would lower the known stock by more than a set share.

A file is weighed first, which takes as many invocations as its size asks for, and judged by what
was weighed alone: so whoever judges, and however often, the verdict is the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from inventory.domain.errors import BadFileError, ErrorCode, OutOfTimeError, ThrottledError

if TYPE_CHECKING:
    from inventory.domain.model import Batch
    from inventory.domain.order import Tokens
    from inventory.domain.ports import Deadline, Feed, ItemStore, Usage

#: Seconds that must be left to weigh on; to pass on what was weighed takes far less.
RESERVE_SECONDS = 20.0

#: Keys whose rows are told apart from later rows of the same key; beyond, a second row of a key
#: counts on top of the first. Some 20 MB.
_KEYS = 1 << 17


@dataclass(kw_only=True, slots=True)
class Weighing:
    """What a file would do to the stock, as far as it is known.

    It goes from one invocation to the next. The rows it was made of do not, so a second row of a
    key that another invocation meets counts on top of the first.

    Attributes:
        byte: Byte of the unpacked file up to which its rows were weighed.
        line: Physical line there.
        change: What these rows would add to the stock; negative when they lower it.
        locations: The locations they name.
        read: Whether these are all rows.
        known: Stock known at the locations, as far as the table was looked through.
        after: Key of the last item looked at; None before the first one.
        done: Whether nothing is left to be weighed.
        read_units: Read request units it took.
    """

    byte: int = 0
    line: int = 1
    change: Decimal = Decimal(0)
    locations: set[str] = field(default_factory=set)
    read: bool = False
    known: Decimal = Decimal(0)
    after: tuple[str, str] | None = None
    done: bool = False
    read_units: float = 0.0

    @property
    def place(self) -> tuple[object, ...]:
        """How far it has come; another one after every step."""
        return self.byte, self.line, self.read, self.after, self.done

    def to_text(self) -> str:
        """Itself as compact JSON, the same text for the same content."""
        data = asdict(self) | {
            "change": str(self.change),
            "known": str(self.known),
            "locations": sorted(self.locations),
        }
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The weighing whose `to_text` this is."""
        data = json.loads(text)
        data |= {"change": Decimal(data["change"]), "known": Decimal(data["known"])}
        data |= {"locations": set(data["locations"])}
        return cls(**data | {"after": tuple(data["after"]) if data["after"] else None})


class StockDropHold:
    """Compares a file with what is known before anything of it loads.

    A file whose export broke off in the middle of a column, or that lists everything as sold out,
    is well formed; what it would do to the stock is the only sign that something is wrong.

    Args:
        items: The items table.
        deadline: Seconds left.
        usage: Capacity units, counted by the adapters.
        share: Largest share of the known stock of its locations that a file may remove, 0 to 1.
        batch_rows: Rows that are compared together.
    """

    def __init__(
        self,
        items: ItemStore,
        deadline: Deadline,
        usage: Usage,
        share: Decimal,
        *,
        batch_rows: int = 1000,
    ) -> None:
        self._items = items
        self._deadline = deadline
        self._usage = usage
        self._share = share
        self._batch_rows = batch_rows

    def weigh(self, feed: Feed, tokens: Tokens, weighing: Weighing) -> bool:
        """Weigh a feed without loading it, as far as the time allows.

        Args:
            feed: The feed, from where the weighing has come to.
            tokens: Tokens of its rows; a row that is stale already changes nothing.
            weighing: What is known so far; brought forward.

        Returns:
            Whether it is done; else another invocation has to go on.

        Raises:
            BadFileError: The file cannot be read on.
            RetryableError: The table did not answer, or the time did not suffice for one step.
        """
        began, units = weighing.place, self._usage.read_units
        try:
            if not weighing.read:
                self._weigh_rows(feed, tokens, weighing)
            if not weighing.done:
                self._weigh_stock(weighing)
        except (OutOfTimeError, ThrottledError):
            if weighing.place == began:
                raise  # it would begin here again and again
        finally:
            weighing.read_units += self._usage.read_units - units
        return weighing.done

    def judge(self, weighing: Weighing) -> None:
        """Refuse a file by what was weighed.

        Args:
            weighing: One that is done.

        Raises:
            BadFileError: It would lower the known stock of its locations by more than the share.
        """
        drop, known = -weighing.change, weighing.known
        if drop > 0 and known > 0 and drop > self._share * known:
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"The file would lower the stock of its locations by {drop:f} of {known:f}, more "
                f"than the share of {self._share:f} that is allowed; it is held and nothing of it "
                "is loaded.",
                column="quantity",
                value=f"{drop:f}",
            )

    def _weigh_rows(self, feed: Feed, tokens: Tokens, weighing: Weighing) -> None:
        changes: dict[int, Decimal] = {}
        for batch in feed.batches(self._batch_rows):
            self._check_time()
            weighing.change += self._change(batch, tokens, changes)
            weighing.locations.update(row.location for row in batch.rows)
            weighing.byte, weighing.line = batch.next_byte_offset, batch.next_line
        weighing.read = True

    def _change(self, batch: Batch, tokens: Tokens, changes: dict[int, Decimal]) -> Decimal:
        """What a batch changes beyond what earlier rows of its keys have changed."""
        total = Decimal(0)
        rows = list({(row.sku, row.location): row for row in batch.rows}.values())
        for row, stored in zip(rows, self._items.read(rows) if rows else (), strict=True):
            if stored is None or stored.token >= tokens.of(row.line, row.updated_at):
                continue
            key = hash((row.sku, row.location))
            change = Decimal(row.quantity) - Decimal(stored.quantity)
            total += change - changes.get(key, 0)
            if len(changes) >= _KEYS:
                changes.clear()
            changes[key] = change
        return total

    def _weigh_stock(self, weighing: Weighing) -> None:
        """Sum up what is known, which only matters where a file lowers it."""
        while weighing.change < 0:
            self._check_time()
            page = self._items.known_stock(weighing.locations, after=weighing.after)
            weighing.known += page.quantity
            weighing.after = page.after
            if page.after is None:
                break
        weighing.done = True

    def _check_time(self) -> None:
        if self._deadline.left() < RESERVE_SECONDS:
            raise OutOfTimeError("no time left to compare the file with the known stock")
