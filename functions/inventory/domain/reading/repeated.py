"""Keys that a file states more than once, where the feed says that this means something.

Which rows belong together is known only after the whole file, so it is read once before. Each of
the rows then states the sum, or is refused: whichever of them is the last that is written, in
whatever segment, by whatever worker, before or after a crash, the item is the same.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.profiles import OnDuplicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inventory.domain.model import Batch

#: Different keys that are remembered; of some 200 bytes each they take a tenth of the memory.
MOST_KEYS = 1_000_000
#: Adds numbers of any places that DynamoDB takes without rounding.
EXACT = Context(prec=400)


def repeated_keys(
    batches: Iterable[Batch], on_duplicate: OnDuplicate, most_keys: int = MOST_KEYS
) -> Mapping[tuple[str, str], Decimal | None]:
    """The keys that occur more than once, each with what its rows must state.

    Args:
        batches: The whole file.
        on_duplicate: What repeating a key means, `SUM` or `REJECT`.
        most_keys: How many different keys may be remembered.

    Returns:
        SKU and location to the sum, or to None where the rows contradict each other.

    Raises:
        BadFileError: The file has more keys than can be remembered.
    """
    sums: dict[tuple[str, str], Decimal | None] = {}
    found: set[tuple[str, str]] = set()
    for batch in batches:
        for row in batch.rows:
            key, quantity = (row.sku, row.location), Decimal(row.quantity)
            if key not in sums:
                sums[key] = quantity
                continue
            before = sums[key]
            if on_duplicate is OnDuplicate.SUM:
                sums[key] = EXACT.add(before or Decimal(0), quantity)
            elif before == quantity:
                continue
            else:
                sums[key] = None
            found.add(key)
        if len(sums) > most_keys:
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"the file has more than {most_keys:,} different SKUs and locations, too many to "
                'tell which occur twice; split it, or let its feed say on_duplicate = "last"',
            )
    return {key: sums[key] for key in found}
