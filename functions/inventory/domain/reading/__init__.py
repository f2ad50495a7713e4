r"""The reader: from bytes of a stock file to rows, rejects and skips.

    bytes --archives--> unpacked --blocks, encodings--> text --records, damage--> spans
          --rows, columns--> batches

`header` looks at the beginning first (profile, dialect, encoding); `feed` puts it together.

Example:
    >>> feed = open_feed(BytesSource(b"sku,quantity\nA1,5\n"), key="a.csv", profiles=ProfileSet())
    >>> feed.profile, [row.quantity for batch in feed.batches() for row in batch.rows]
    ('canonical', ['5'])
"""

from __future__ import annotations

from inventory.domain.reading.feed import Feed, continue_feed, open_feed
from inventory.domain.reading.matching import ProfileSet
from inventory.domain.reading.sharing import Share
from inventory.domain.reading.sources import BytesSource, ByteStream, FeedSource

__all__ = [
    "ByteStream",
    "BytesSource",
    "Feed",
    "FeedSource",
    "ProfileSet",
    "Share",
    "continue_feed",
    "open_feed",
]
