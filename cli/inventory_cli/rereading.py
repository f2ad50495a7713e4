"""An object version read again by today's rules: which of its refused rows would load now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.errors import BadFileError
from inventory.domain.reading import ProfileSet, open_feed
from inventory.domain.reading.corrections import guarded
from inventory.domain.reading.profiles import OnDuplicate
from inventory.domain.reading.rows import RecordMapper

if TYPE_CHECKING:
    from collections.abc import Collection

    from inventory.domain.model import Reject, Row
    from inventory.domain.order import Tokens
    from inventory.domain.ports import FeedSource
    from inventory.domain.reading import Feed
    from inventory.domain.reading.layout import Layout

#: Cells that are put in place of those that may have been refused, to learn the row's key.
_HARMLESS = {"quantity": "1", "unit_price": "", "reorder_point": "", "currency": ""}


class StockKey(NamedTuple):
    """The item that a refused row is about.

    Attributes:
        sku: Stock keeping unit.
        location: Where the stock is.
        updated_at: The row's own time, where it has a readable one.
    """

    sku: str
    location: str
    updated_at: str | None


@dataclass(slots=True)
class Rereading:
    """Outcome of an object version by today's rules.

    Attributes:
        refusal: Why the whole file is refused; "" when it can be read.
        refused: Lines that are still refused, each with the items it is about, as far as they
            can be told, by the refused column (None for the whole record).
    """

    refusal: str = ""
    refused: dict[int, dict[str | None, tuple[StockKey, ...]]] = field(default_factory=dict)

    def still_refused(self, line: int, column: str | None) -> tuple[StockKey, ...] | None:
        """Items of a line that is still refused, () when they cannot be told; None if it loads.

        Args:
            line: Physical line of the reject.
            column: Its refused column.
        """
        columns = self.refused.get(line)
        if columns is None:
            return None
        return columns.get(column, next(iter(columns.values())))


def reread(
    source: FeedSource,
    *,
    key: str,
    profiles: ProfileSet,
    latest: str,
    lines: Collection[int] | None,
) -> Rereading:
    """Read a stored file by today's rules, as far as the last of some lines.

    Args:
        source: The file's bytes.
        key: Its object key, which may pin a profile.
        profiles: Profiles it may follow.
        latest: Latest time that a row may state, ISO 8601 UTC.
        lines: Lines that are asked about; all of them when None.
    """
    result = Rereading()
    last = None if lines is None else max(lines, default=0)
    try:
        feed = open_feed(source, key=key, profiles=profiles, latest=latest)
        for batch in feed.batches():
            for reject in batch.rejects:
                if lines is None or reject.line in lines:
                    columns = result.refused.setdefault(reject.line, {})
                    columns[reject.column] = keys_of(feed.layout, reject)
            if last is not None and batch.next_line > last:
                break
    except BadFileError as error:
        result.refusal = f"{error.code}: {error.message}"
    return result


def keys_among(
    feed: Feed, wanted: Collection[tuple[str, str]], tokens: Tokens
) -> dict[tuple[str, str], str]:
    """Those of some items (SKU and location) that a stored file has a readable row for.

    Args:
        feed: The file.
        wanted: The items that are asked about.
        tokens: Tokens of the file's rows.

    Returns:
        The highest token of each one's rows.
    """
    found: dict[tuple[str, str], str] = {}
    try:
        for batch in feed.batches():
            for row in batch.rows:
                key = row.sku, row.location
                if key in wanted:
                    found[key] = max(tokens.of(row.line, row.updated_at), found.get(key, ""))
    except BadFileError:
        pass  # what was read before the damage was loaded all the same
    return found


def keys_of(layout: Layout, reject: Reject) -> tuple[StockKey, ...]:
    """Items of a refused row, if its SKU and location are intact, whatever refuses them."""
    layout = replace(layout, locations=None, latest="", on_duplicate=OnDuplicate.LAST, repeated={})
    if len(reject.cells) != len(layout.columns):
        return ()
    cells = list(reject.cells)
    if layout.corrected:
        cells = [*map(guarded, cells), *layout.header[len(cells) : -1], reject.place or ""]
    for name, text in _HARMLESS.items():
        if name in layout.indexes:
            cells[layout.indexes[name]] = text
    stocks = [
        stock
        for stock in layout.stock
        if reject.column in (None, layout.columns[stock.quantity].strip())
    ]
    for stock in layout.stock:
        cells[stock.quantity] = _HARMLESS["quantity"]
        if stock.reorder_point is not None:
            cells[stock.reorder_point] = ""
    rows = _map(layout, cells, reject.line)
    if not rows and "updated_at" in layout.indexes:
        cells[layout.indexes["updated_at"]] = ""
        rows = _map(layout, cells, reject.line)
    wanted = {stock.location for stock in stocks or layout.stock}
    return tuple(
        StockKey(row.sku, row.location, row.updated_at)
        for row in rows
        if not wanted or row.location in wanted
    )


def _map(layout: Layout, cells: list[str], line: int) -> list[Row]:
    """Map a record; one whose key cannot be told gives no row."""
    rows: list[Row] = []
    RecordMapper(layout).map(cells, line, sized=False, rows=rows, skips=[])
    return rows
