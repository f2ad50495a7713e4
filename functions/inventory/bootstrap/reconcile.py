"""Composition of the reconcile."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache, partial

from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_notes import (
    DynamoDbArrivals,
    DynamoDbCheckpoint,
    DynamoDbFollowUps,
    DynamoDbPauses,
)
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.adapters.s3_feeds import read_feeds
from inventory.adapters.s3_objects import S3Versions
from inventory.adapters.sns_notifier import SnsNotifier
from inventory.adapters.sqs_messages import SqsSender, SqsWorkQueue
from inventory.bootstrap import clients
from inventory.config import ReconcileConfig
from inventory.domain.arrivals import FeedWatch
from inventory.domain.ports import ConsumedCapacity, Deadline
from inventory.domain.reconcile import Reconcile


@cache
def reconcile() -> Reconcile:
    """The service that compares the uploads bucket with the ingestions table.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    config = ReconcileConfig.from_env(os.environ)
    deadline, usage = Deadline(), ConsumedCapacity()
    api = clients.dynamodb(deadline)
    lanes = PartitionedTable(api, config.lanes_table_name, usage)
    return Reconcile(
        listing=S3Versions(clients.s3(), config.uploads_bucket_name),
        ingestions=DynamoDbIngestions(api, config.ingestions_table_name, usage),
        follow_ups=DynamoDbFollowUps(lanes, partial(datetime.now, UTC)),
        pauses=DynamoDbPauses(lanes),
        checkpoints=DynamoDbCheckpoint(lanes),
        work=SqsWorkQueue(SqsSender(clients.sqs(), config.work_queue_url, deadline)),
        usage=usage,
        deadline=deadline,
        now=partial(datetime.now, UTC),
        deadline_minutes=config.reconcile_deadline_minutes,
    )


@cache
def feed_watch() -> FeedWatch:
    """The service that looks for late feeds.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    config = ReconcileConfig.from_env(os.environ)
    lanes = PartitionedTable(
        clients.dynamodb(Deadline()), config.lanes_table_name, ConsumedCapacity()
    )
    feeds = read_feeds(
        clients.s3(), config.reports_bucket_name, config.feeds_key, config.feeds_version_id
    )
    notifier = SnsNotifier(clients.sns(), config.alarm_topic_arn, "late-feeds")
    return FeedWatch(
        feeds["feeds"], DynamoDbArrivals(lanes), DynamoDbPauses(lanes), notifier.notify
    )
