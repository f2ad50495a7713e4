"""What the ingest needs of the world, whether a file is processed whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inventory.domain.ports import (
        Deadline,
        ItemStore,
        Lanes,
        Ledger,
        ObjectStore,
        OpenFeed,
        Usage,
        WorkQueue,
    )
    from inventory.domain.publishing import RejectDestinations


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestPorts:
    """Ports of `Ingest` and of `chunks`.

    Attributes:
        objects: The uploads bucket.
        open_feed: The reader, profiles included.
        items: The items table.
        lanes: The lanes table.
        ledger: The ingestions table.
        work: The work queue.
        rejects: Where rejects leave.
        usage: Capacity units, counted by the adapters.
        deadline: Seconds left, shared with the adapters.
        now: The time, with a time zone.
    """

    objects: ObjectStore
    open_feed: OpenFeed
    items: ItemStore
    lanes: Lanes
    ledger: Ledger
    work: WorkQueue
    rejects: RejectDestinations
    usage: Usage
    deadline: Deadline
    now: Callable[[], datetime]
