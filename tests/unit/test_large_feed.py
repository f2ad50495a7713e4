"""The large feeds' own counts are those of the file that is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inventory.domain.reading import BytesSource, ProfileSet, open_feed
from sample_feeds.large import LargeFeed

if TYPE_CHECKING:
    from inventory.domain.model import Reject, Row


@pytest.mark.parametrize(
    "feed",
    [
        LargeFeed(rows=5000),
        LargeFeed(rows=5000, padding=30, generation=1),
        LargeFeed(rows=5000, keys=2000),
        LargeFeed(rows=900, keys=1000),
    ],
    ids=repr,
)
def test_a_feed_holds_what_it_says(feed: LargeFeed) -> None:
    """Rows, rejects and the keys of the good rows, as the reader finds them."""
    reader = open_feed(BytesSource(feed.bytes()), key="a.csv", profiles=ProfileSet())
    rows: list[Row] = []
    rejects: list[Reject] = []
    for batch in reader.batches():
        rows += batch.rows
        rejects += batch.rejects

    distinct = {(row.sku, row.location) for row in rows}
    assert len(rows) + len(rejects) == feed.rows
    assert len(rejects) == feed.rejected
    assert len(distinct) == feed.loaded
    assert len(rows) - len(distinct) == feed.duplicates
