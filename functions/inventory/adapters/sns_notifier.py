"""Notifications by an SNS topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient


class SnsNotifier:
    """Publishes messages on the topic that also carries the alarms.

    Args:
        client: SNS client.
        topic_arn: The topic.
        kind: Message attribute `kind`, by which a subscriber can filter.
    """

    def __init__(self, client: SNSClient, topic_arn: str, kind: str) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._kind = kind

    def notify(self, subject: str, message: str) -> None:
        """Publish one message."""
        self._client.publish(
            TopicArn=self._topic_arn,
            Subject=subject,
            Message=message,
            MessageAttributes={"kind": {"DataType": "String", "StringValue": self._kind}},
        )
