"""Reading a feed to its end, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading import BytesSource, Feed, ProfileSet, open_feed
from inventory.domain.reading.blocks import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inventory.domain.model import Batch, Reject, Row, Skip

BUILT_IN = ProfileSet()


class Outcome(NamedTuple):
    """All that a feed gave."""

    rows: list[Row]
    rejects: list[Reject]
    skips: list[Skip]

    @property
    def items(self) -> dict[tuple[str, str], str]:
        """Quantity by SKU and location; the last row wins."""
        return {(row.sku, row.location): row.quantity for row in self.rows}

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Line and reason of each skip."""
        return [(skip.line, skip.reason) for skip in self.skips]

    @property
    def errors(self) -> list[tuple[int, str, str | None]]:
        """Line, code and column of each reject."""
        return [(reject.line, str(reject.error), reject.column) for reject in self.rejects]


def opened(
    data: bytes | str,
    key: str = "feed.csv",
    profiles: ProfileSet = BUILT_IN,
    block_bytes: int = BLOCK_BYTES,
) -> Feed:
    """The feed of a file in memory."""
    encoded = data.encode() if isinstance(data, str) else data
    return open_feed(BytesSource(encoded), key=key, profiles=profiles, block_bytes=block_bytes)


def gathered(batches: Iterable[Batch]) -> Outcome:
    """All batches as one."""
    outcome = Outcome([], [], [])
    for batch in batches:
        outcome.rows.extend(batch.rows)
        outcome.rejects.extend(batch.rejects)
        outcome.skips.extend(batch.skips)
    return outcome


def read(data: bytes | str, key: str = "feed.csv", profiles: ProfileSet = BUILT_IN) -> Outcome:
    """All that a file in memory gives."""
    return gathered(opened(data, key, profiles).batches())
