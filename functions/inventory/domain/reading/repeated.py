"""Keys that a file states more than once, where the feed says that this means something.

Which rows belong together is known only after the whole file, so it is read once before. Each of
the rows then states the sum, or is refused: whichever of them is the last that is written, in
whatever segment, by whatever worker, before or after a crash, the item is the same.

A rejected row takes the others of its key with it, since without it their sum is another one. Where
nobody can tell what it is a row of, it takes every SKU that it names.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.profiles import OnDuplicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inventory.domain.model import Batch
    from inventory.domain.reading.rows import RecordMapper

#: Different keys that are remembered; of some 200 bytes each they take a tenth of the memory.
MOST_KEYS = 1_000_000
#: Adds numbers of any places that DynamoDB takes without rounding.
EXACT = Context(prec=400)


def repeated_keys(
    batches: Iterable[Batch],
    mapper: RecordMapper,
    on_duplicate: OnDuplicate,
    most_keys: int = MOST_KEYS,
) -> Mapping[tuple[str, str], Decimal | str]:
    """The keys that occur more than once, each with what its rows must state.

    Args:
        batches: The whole file.
        mapper: Tells the key of a rejected row.
        on_duplicate: What repeating a key means, `SUM` or `REJECT`.
        most_keys: How many different keys may be remembered.

    Returns:
        SKU and location to the sum, or to the reason why its rows are refused.

    Raises:
        BadFileError: The file has more keys than can be remembered.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    found: dict[tuple[str, str], Decimal | str] = {}
    bad: dict[tuple[str, str], int] = {}  # to the line; location "" for every one of the SKU
    for batch in batches:
        for row in batch.rows:
            key, quantity = (row.sku, row.location), Decimal(row.quantity)
            if key not in sums:
                sums[key] = quantity
            elif on_duplicate is OnDuplicate.SUM:
                sums[key] = found[key] = EXACT.add(sums[key], quantity)
            elif sums[key] == quantity:
                found.setdefault(key, quantity)
            else:
                found[key] = "stands in the file with different quantities"
        for reject in batch.rejects:
            bad |= dict.fromkeys(mapper.keys(reject), reject.line)
        if len(sums) + len(bad) > most_keys:
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"the file has more than {most_keys:,} different SKUs and locations, too many to "
                'tell which occur twice; split it, or let its feed say on_duplicate = "last"',
            )
    for key in sums if bad else ():
        if line := bad.get(key) or bad.get((key[0], "")):
            found[key] = f"stands on line {line}, too, which is rejected: correct that line"
    return found
