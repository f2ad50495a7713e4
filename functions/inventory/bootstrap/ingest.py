"""Composition of the processor and the chunk processor."""

from __future__ import annotations

import gc
import hashlib
import os
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from inventory import domain
from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_notes import (
    DynamoDbArrivals,
    DynamoDbChangeLogs,
    DynamoDbFileSums,
    DynamoDbFingerprintSets,
    DynamoDbFollowUps,
    DynamoDbListings,
    DynamoDbPauses,
    DynamoDbReadings,
)
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.adapters.eventbridge_events import EventBridgeEvents
from inventory.adapters.s3_feeds import read_feeds
from inventory.adapters.s3_objects import S3Objects
from inventory.adapters.s3_reports import S3Reports
from inventory.adapters.sqs_messages import (
    SqsEndedChains,
    SqsRejectQueue,
    SqsSender,
    SqsVisibility,
    SqsWorkQueue,
)
from inventory.bootstrap import clients
from inventory.config import IngestConfig
from inventory.domain.hold import StockDropHold
from inventory.domain.ingest import Ingest
from inventory.domain.ingest_ports import IngestPorts
from inventory.domain.ports import ConsumedCapacity, Deadline
from inventory.domain.publishing import RejectDestinations
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.settings import IngestSettings


@cache
def work_visibility() -> SqsVisibility:
    """The visibility of messages of the work queue, for those that failed.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    config = IngestConfig.from_env(os.environ)
    return SqsVisibility(clients.sqs(), config.work_queue_url)


@cache
def ingest() -> Ingest:
    """The service that processes deliveries of object versions.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    config = IngestConfig.from_env(os.environ)
    deadline, usage = Deadline(), ConsumedCapacity()
    _collect_rarely()
    api = clients.dynamodb(deadline)
    sqs = clients.sqs()
    dead_letters = SqsSender(sqs, config.dead_letter_queue_url, deadline)
    lanes = PartitionedTable(api, config.lanes_table_name, usage)
    files = S3Reports(clients.s3(), config.reports_bucket_name)
    feeds = read_feeds(
        clients.s3(), config.reports_bucket_name, config.feeds_key, config.feeds_version_id
    )
    profiles = ProfileSet(**feeds, max_stock_drop_share=config.max_stock_drop_share)
    ports = IngestPorts(
        objects=S3Objects(clients.s3()),
        open_feed=partial(open_feed, profiles=profiles),
        open_part=continue_feed,
        feed_of=profiles.feed_of,
        items=DynamoDbItems(api, config.items_table_name, usage),
        registry=DynamoDbRegistry(lanes),
        ingestions=DynamoDbIngestions(api, config.ingestions_table_name, usage),
        reports=DynamoDbJobs(lanes),
        follow_ups=DynamoDbFollowUps(lanes, partial(datetime.now, UTC)),
        pauses=DynamoDbPauses(lanes),
        files=files,
        changes=DynamoDbChangeLogs(lanes),
        fingerprints=DynamoDbFingerprintSets(lanes),
        listings=DynamoDbListings(lanes),
        readings=DynamoDbReadings(lanes),
        work=SqsWorkQueue(SqsSender(sqs, config.work_queue_url, deadline)),
        ended=SqsEndedChains(dead_letters),
        rejects=RejectDestinations(
            queue=SqsRejectQueue(dead_letters),
            reports=files,
            message_limit=config.reject_message_limit,
        ),
        events=EventBridgeEvents(
            clients.events(), config.event_bus_name, config.environment_suffix
        ),
        arrivals=DynamoDbArrivals(lanes),
        usage=usage,
        deadline=deadline,
        now=partial(datetime.now, UTC),
        release=_release(),
    )
    settings = IngestSettings(
        large_object_bytes=config.large_object_bytes,
        time_tolerance=timedelta(minutes=config.time_tolerance_minutes),
        full_read_days=config.full_read_days,
    )
    hold = None
    if profiles.holds:
        hold = StockDropHold(
            DynamoDbFileSums(lanes),
            ports.ingestions,
            deadline,
            feed_of=profiles.feed_of,
        )
    return Ingest(ports, settings, hold=hold)


def _release() -> str:
    """Digest of the code that decides which rows a file has, and what becomes of them."""
    digest = hashlib.sha256()
    for path in sorted(Path(domain.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _collect_rarely() -> None:
    """Tell the collector that rows make millions of short-lived dictionaries and no cycles.

    At its default of 700 allocations it looks at them again and again: a third of all CPU time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
