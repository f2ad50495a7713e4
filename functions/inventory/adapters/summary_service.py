"""Joins the summary's rules with the services that the process has clients for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.adapters.dynamodb_scan import DynamoDbItemPages, DynamoDbRecordPages
from inventory.adapters.pygal_charts import draw_bars
from inventory.adapters.s3_summaries import S3Summaries
from inventory.adapters.sns_announcements import SnsAnnouncements
from inventory.domain.summary.service import SummaryService

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient

    from inventory.adapters.dynamodb_scan import DynamoDbCalls
    from inventory.config import SummaryConfig


def build_summary_service(
    config: SummaryConfig, *, dynamodb: DynamoDbCalls, s3: S3Client, sns: SNSClient
) -> SummaryService:
    """The service that makes a day's summary.

    Args:
        config: What the function needs to know.
        dynamodb: Calls DynamoDB; used from several threads at once.
        s3: S3 client.
        sns: SNS client.
    """
    return SummaryService(
        items=DynamoDbItemPages(dynamodb, config.items_table_name),
        records=DynamoDbRecordPages(dynamodb, config.ingestions_table_name),
        store=S3Summaries(s3, config.reports_bucket_name),
        announcer=SnsAnnouncements(sns, config.alarm_topic_arn),
        draw=draw_bars,
        low_stock_threshold=config.low_stock_threshold,
        timezone=config.summary_timezone,
    )
