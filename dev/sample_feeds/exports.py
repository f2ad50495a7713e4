"""Look-alikes of the stock files that shop systems export, with their traps and what must load.

Written from descriptions of the formats; nothing in here was exported by anyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_feeds import amazon, look_alikes, tills, webshops

if TYPE_CHECKING:
    from sample_feeds.export import Export


def exports() -> list[Export]:
    """One look-alike or more for every built-in profile."""
    return [*tills.exports(), *webshops.exports(), *amazon.exports(), *look_alikes.exports()]
