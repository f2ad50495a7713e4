"""The parts of the daily summary, joined."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from inventory.adapters.dynamodb_scan import ScannedTables
from inventory.adapters.s3_summaries import S3Summaries
from inventory.adapters.sns_notifier import SnsNotifier
from inventory.bootstrap import clients
from inventory.config import SummaryConfig
from inventory.domain.ports import Deadline
from inventory.domain.summary.service import SummaryService

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient

    from inventory.adapters.dynamodb_scan import DynamoDbCalls


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
    return SummaryService(
        tables=ScannedTables(dynamodb, config.items_table_name, config.ingestions_table_name),
        store=S3Summaries(s3, config.reports_bucket_name),
        notifier=SnsNotifier(sns, config.alarm_topic_arn),
        low_stock_threshold=config.low_stock_threshold,
        timezone=config.summary_timezone,
    )
