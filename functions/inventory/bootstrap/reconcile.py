"""Composition of the reconcile."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache, partial

from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_notes import DynamoDbCheckpoint, DynamoDbFollowUps, DynamoDbPauses
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.adapters.s3_versions import S3Versions
from inventory.adapters.sqs_messages import SqsSender, SqsWorkQueue
from inventory.bootstrap import clients
from inventory.config import ReconcileConfig
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
        follow_ups=DynamoDbFollowUps(lanes),
        pauses=DynamoDbPauses(lanes),
        checkpoints=DynamoDbCheckpoint(lanes),
        work=SqsWorkQueue(SqsSender(clients.sqs(), config.work_queue_url, deadline)),
        usage=usage,
        deadline=deadline,
        now=partial(datetime.now, UTC),
        deadline_minutes=config.reconcile_deadline_minutes,
    )
