"""What the processor and the chunk processor are made of."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from functools import cache, partial

from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_lanes import DynamoDbLanes
from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.adapters.dynamodb_parts import DynamoDbParts
from inventory.adapters.s3_objects import S3Objects
from inventory.adapters.s3_parts import S3Parts
from inventory.adapters.s3_reports import S3Reports
from inventory.adapters.sqs_messages import (
    SqsRejectQueue,
    SqsSender,
    SqsVisibility,
    SqsWorkQueue,
)
from inventory.bootstrap import clients
from inventory.config import IngestConfig
from inventory.domain.chunks.ports import ChunkPorts
from inventory.domain.chunks.service import Chunks
from inventory.domain.hold import StockDropHold
from inventory.domain.ingest import Ingest
from inventory.domain.ingest_ports import IngestPorts
from inventory.domain.ports import Deadline, Usage
from inventory.domain.publishing import RejectDestinations
from inventory.domain.reading import ProfileSet, continue_feed, open_feed

#: Chunks of an object at the limit from which on objects are cut: enough that several functions
#: have work, few enough that what each costs to begin and to end does not count.
_CHUNKS_AT_LIMIT = 4


@cache
def again() -> SqsVisibility:
    """Lets messages of the work queue come again soon.

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
    deadline, usage = Deadline(), Usage()
    _collect_rarely()
    api = clients.dynamodb(deadline)
    sqs = clients.sqs()
    reports = S3Reports(clients.s3(), config.reports_bucket_name)
    ports = IngestPorts(
        objects=S3Objects(clients.s3()),
        open_feed=partial(open_feed, profiles=ProfileSet.from_settings(config.feed_profiles)),
        items=DynamoDbItems(api, config.items_table_name, usage),
        lanes=DynamoDbLanes(api, config.lanes_table_name, usage),
        ledger=DynamoDbLedger(api, config.ingestions_table_name, usage),
        work=SqsWorkQueue(SqsSender(sqs, config.work_queue_url, deadline)),
        rejects=RejectDestinations(
            queue=SqsRejectQueue(SqsSender(sqs, config.dead_letter_queue_url, deadline)),
            reports=reports,
            message_limit=config.reject_message_limit,
        ),
        usage=usage,
        deadline=deadline,
        now=partial(datetime.now, UTC),
    )
    chunks = ChunkPorts(
        open_part=continue_feed,
        parts=DynamoDbParts(api, config.lanes_table_name, usage),
        store=S3Parts(reports),
        large_object_bytes=config.large_object_bytes,
        chunk_bytes=max(config.large_object_bytes // _CHUNKS_AT_LIMIT, 1),
    )
    share = config.max_stock_drop_share
    hold = StockDropHold(ports.items, deadline, usage, share) if share else None
    return Ingest(ports, chunks=Chunks(ports, chunks, hold=hold), hold=hold)


def _collect_rarely() -> None:
    """Tell the collector that rows make millions of short-lived dictionaries and no cycles.

    At its default of 700 allocations it looks at them again and again: a third of all CPU time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
