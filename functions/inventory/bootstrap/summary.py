"""The parts of the daily summary, joined."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from inventory.adapters.dynamodb_notes import DynamoDbArrivals, DynamoDbPauses
from inventory.adapters.dynamodb_scan import ScannedTables
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.adapters.s3_feeds import read_feeds
from inventory.adapters.s3_summaries import S3Summaries
from inventory.adapters.sns_notifier import SnsNotifier
from inventory.bootstrap import clients
from inventory.config import SummaryConfig
from inventory.domain.arrivals import feed_states
from inventory.domain.ports import ConsumedCapacity, Deadline
from inventory.domain.summary.service import SummaryService

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.adapters.dynamodb_scan import DynamoDbCalls
    from inventory.domain.arrivals import FeedState


@cache
def summary_service() -> SummaryService:
    """Return the service that makes a day's summary.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    return build_summary_service(
        SummaryConfig.from_env(os.environ),
        dynamodb=clients.dynamodb(Deadline()),
        s3=clients.s3(),
        sns=clients.sns(),
    )


def build_summary_service(
    config: SummaryConfig, *, dynamodb: DynamoDbCalls, s3: S3Client, sns: SNSClient
) -> SummaryService:
    """Return the service over these clients; that of DynamoDB is used from several threads."""
    lanes = PartitionedTable(
        cast("DynamoDbApi", dynamodb), config.lanes_table_name, ConsumedCapacity()
    )

    def states(now: datetime) -> list[FeedState]:
        settings = read_feeds(
            s3, config.reports_bucket_name, config.feeds_key, config.feeds_version_id
        )
        paused = DynamoDbPauses(lanes).prefixes()
        return feed_states(settings["feeds"], DynamoDbArrivals(lanes).all(), paused, now)

    return SummaryService(
        tables=ScannedTables(dynamodb, config.items_table_name, config.ingestions_table_name),
        store=S3Summaries(s3, config.reports_bucket_name),
        notifier=SnsNotifier(sns, config.alarm_topic_arn, "summary"),
        feed_states=states,
        low_stock_threshold=config.low_stock_threshold,
        timezone=config.summary_timezone,
    )
