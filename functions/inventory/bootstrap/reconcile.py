"""What the reconcile is made of."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache, partial

from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.adapters.s3_versions import S3Versions
from inventory.adapters.sqs_messages import SqsSender, SqsWorkQueue
from inventory.bootstrap import clients
from inventory.config import ReconcileConfig
from inventory.domain.ports import Deadline, Usage
from inventory.domain.reconcile import Reconcile


@cache
def reconcile() -> Reconcile:
    """The service that compares the uploads bucket with the ledger.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    config = ReconcileConfig.from_env(os.environ)
    deadline = Deadline()
    return Reconcile(
        listing=S3Versions(clients.s3(), config.uploads_bucket_name),
        ledger=DynamoDbLedger(clients.dynamodb(deadline), config.ingestions_table_name, Usage()),
        work=SqsWorkQueue(SqsSender(clients.sqs(), config.work_queue_url, deadline)),
        deadline=deadline,
        now=partial(datetime.now, UTC),
        deadline_minutes=config.reconcile_deadline_minutes,
    )
