"""Statements of the versions of files about one item, and the fate of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.order import IMPLIED, TIME_LENGTH, Tokens
from inventory.domain.removals import REMOVED
from inventory_cli.items import GONE
from inventory_cli.rereading import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inventory.domain.reading import Feed


#: An item by its SKU and location.
ItemKey = tuple[str, str]


class Mention(NamedTuple):
    """A row of a file about an item.

    Attributes:
        item: SKU and location.
        line: Physical line.
        quantity: Its quantity; `GONE` where it removes the item, None where the row is refused.
        updated_at: The row's own time, where it has one.
        error: Why the row is refused; "" where it is not.
    """

    item: ItemKey
    line: int
    quantity: str | None
    updated_at: str | None
    error: str = ""


class Fate(StrEnum):
    """Fate of a row.

    CURRENT: the table holds it. CONFIRMS: a newer row that says what the table holds already.
    OLDER: the table holds a newer row. SUPERSEDED: a later row of the same file has its place.
    REFUSED: the row was rejected. NOT_LOADED: its file is refused, held or not done yet.
    CONTRADICTS: it should be in the table and is not; this must not last.
    """

    CURRENT = "current"
    CONFIRMS = "confirms it"
    OLDER = "older"
    SUPERSEDED = "superseded in its file"
    REFUSED = "rejected"
    NOT_LOADED = "not loaded"
    CONTRADICTS = "contradicts the table"


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A mention, with its place in the order and what became of it.

    Attributes:
        mention: The row.
        token: Its place in the order.
        fate: What became of it.
    """

    mention: Mention
    token: str
    fate: Fate

    @property
    def as_of(self) -> str:
        """Time of the stock that the row states, ISO 8601 UTC."""
        return self.token[:TIME_LENGTH]


def mentions_in(feed: Feed, *, sku: str, location: str | None) -> Iterator[Mention]:
    """Rows of a stored file about a SKU, those included that are refused.

    Args:
        feed: The file.
        sku: The SKU.
        location: The only location that is meant; None for all.

    Raises:
        BadFileError: The file cannot be read, or not to its end.
    """
    for batch in feed.batches():
        for row in batch.rows:
            if row.sku == sku and location in (None, row.location):
                item = row.sku, row.location
                quantity = GONE if REMOVED in row.attributes else row.quantity
                yield Mention(item, row.line, quantity, row.updated_at)
        for reject in batch.rejects:
            for about in keys_of(feed.layout, reject):
                if about.sku == sku and location in (None, about.location):
                    item = about.sku, about.location
                    yield Mention(item, reject.line, None, about.updated_at, reject.message)


def implied_by(tokens: Tokens, stored: Mapping[ItemKey, tuple[str, str]]) -> list[Mention]:
    """Items that a complete file has set because it does not name them.

    Args:
        tokens: Tokens of the version's rows.
        stored: Token and quantity of each stored item.
    """
    return [
        Mention(item, 0, quantity, None)
        for item, (token, quantity) in stored.items()
        if tokens.is_own(token) and IMPLIED in token
    ]


def statements_of(
    mentions: list[Mention],
    *,
    tokens: Tokens,
    loaded: bool,
    stored: Mapping[ItemKey, tuple[str, str]],
) -> Iterator[Statement]:
    """Fate of the rows of one object version.

    Args:
        mentions: The rows.
        tokens: Tokens of the version's rows.
        loaded: True if its record says that it was loaded.
        stored: Token and quantity (decimal text, or `GONE`) of each stored item.
    """
    placed = [(tokens.of(each.line, each.updated_at), each) for each in mentions]
    last: dict[ItemKey, str] = {}
    for token, mention in placed:
        if not mention.error:
            last[mention.item] = max(last.get(mention.item, ""), token)
    for token, mention in placed:
        if mention.error:
            fate = Fate.REFUSED
        elif not loaded:
            fate = Fate.NOT_LOADED
        elif token < last[mention.item]:
            fate = Fate.SUPERSEDED
        else:
            fate = _fate(token, mention, stored.get(mention.item))
        yield Statement(mention=mention, token=token, fate=fate)


def _fate(token: str, mention: Mention, stored: tuple[str, str] | None) -> Fate:
    if stored is None:
        return Fate.CONTRADICTS
    stored_token, quantity = stored
    if token < stored_token:
        return Fate.OLDER
    if quantity != mention.quantity:
        return Fate.CONTRADICTS
    return Fate.CURRENT if token == stored_token else Fate.CONFIRMS
