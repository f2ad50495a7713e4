"""A look-alike of a stock file that a system exports, and what must load of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sample_feeds.table import Dialect

Items = dict[tuple[str, str], str]
_LINES = Dialect()


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A file as a system would export it.

    Attributes:
        name: What it is.
        profile: Profile it must be recognised as.
        data: The file.
        items: What must load: SKU and location to quantity.
        skips: Line and reason of each skip.
        rejects: Line, code and column of each reject.
        details: Fields of some rows by SKU, beyond the quantity.
        key: Object key it would have.
    """

    name: str
    profile: str
    data: bytes
    items: Items
    skips: list[tuple[int, str]] = field(default_factory=list)
    rejects: list[tuple[int, str, str | None]] = field(default_factory=list)
    details: dict[str, dict[str, str | None]] = field(default_factory=dict)
    key: str = "export.csv"


def written(*records: tuple[str, ...], dialect: Dialect = _LINES) -> bytes:
    """Records as a file in UTF-8."""
    return "".join(map(dialect.record, records)).encode()
