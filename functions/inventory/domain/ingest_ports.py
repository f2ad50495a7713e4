"""Ports of the ingest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inventory.domain.ports import (
        Arrivals,
        ChangeLogs,
        ConsumedCapacity,
        Deadline,
        EndedChains,
        Events,
        FingerprintSets,
        FollowUps,
        Ingestions,
        ItemStore,
        JobReports,
        Listings,
        ObjectStore,
        OpenFeed,
        OpenPart,
        Pauses,
        Readings,
        Registry,
        Reports,
        WorkQueue,
    )
    from inventory.domain.publishing import RejectDestinations
    from inventory.domain.reading.feed_settings import FeedSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestPorts:
    """Ports of `Ingest`.

    Attributes:
        objects: The uploads bucket.
        open_feed: The reader, profiles included.
        open_part: The reader, from a place between two records on.
        feed_of: Gives the feed that an object key belongs to.
        items: The items table.
        registry: Read and write sets.
        ingestions: The ingestions table.
        reports: Reports of the workers of jobs.
        follow_ups: Object versions that the reconcile looks at.
        pauses: Where operators have files wait.
        files: The reports bucket.
        changes: The change log.
        fingerprints: Where each series of files has its latest set of fingerprints.
        listings: Registers of complete feeds.
        readings: How files were read.
        work: The work queue.
        ended: Where chains of its messages end that are too long.
        rejects: Where rejects leave.
        events: Where others are told of files that have come to an end.
        arrivals: What is known of the last files of feeds.
        usage: Capacity units, counted by the adapters.
        deadline: Seconds left, shared with the adapters.
        now: The time, with a time zone.
        release: The code, which another release may read a file in another way by.
    """

    objects: ObjectStore
    open_feed: OpenFeed
    open_part: OpenPart
    feed_of: Callable[[str], FeedSettings]
    items: ItemStore
    registry: Registry
    ingestions: Ingestions
    reports: JobReports
    follow_ups: FollowUps
    pauses: Pauses
    files: Reports
    changes: ChangeLogs
    fingerprints: FingerprintSets
    listings: Listings
    readings: Readings
    work: WorkQueue
    ended: EndedChains
    rejects: RejectDestinations
    events: Events
    arrivals: Arrivals
    usage: ConsumedCapacity
    deadline: Deadline
    now: Callable[[], datetime]
    release: str
