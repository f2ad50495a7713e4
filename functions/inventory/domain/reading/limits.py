"""Sizes that DynamoDB refuses, so that a row is rejected alone before a request fails with it.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (keys,
items) and CapacityUnitCalculations.html (how an item's size is counted).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.domain.model import Row

MAX_SKU_BYTES = 2048
MAX_LOCATION_BYTES = 1024
#: Kept free for what the writer adds: as_of, order_token, source (an object key has up to 1,024
#: bytes, and stands there besides bucket and version id) and written_at.
RESERVED_ITEM_BYTES = 4096
#: A row whose record has fewer characters than this fits in any encoding, with a header as wide.
SAFE_RECORD_CHARACTERS = 32_000
#: A key of fewer characters fits in any encoding: UTF-8 takes at most four bytes for one.
SAFE_SKU_CHARACTERS = MAX_SKU_BYTES // 4
SAFE_LOCATION_CHARACTERS = MAX_LOCATION_BYTES // 4

_ELEMENT_BYTES = 1
_MAP_BYTES = 3


def byte_size(text: str) -> int:
    """Bytes of the text in UTF-8, as DynamoDB stores it."""
    return len(text.encode("utf-8", "surrogatepass"))


def item_bytes(row: Row) -> int:
    """Size of the item that the row becomes, at most, without what the writer adds."""
    size = _MAP_BYTES
    for name, value in row._asdict().items():
        if isinstance(value, str):
            size += len(name) + byte_size(value) + _ELEMENT_BYTES
    size += len("attributes") + _MAP_BYTES
    for name, value in row.attributes.items():
        size += byte_size(name) + byte_size(value) + _ELEMENT_BYTES
    return size
