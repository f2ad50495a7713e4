"""Sessions and clients that the functions share; made on first use, never at import."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session, get_session

from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from inventory.domain.ports import Deadline

# Short timeouts: a request that hangs is worth less than another attempt in the time left.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "max_attempts": 5},
    max_pool_connections=16,
)
# A signed address names the bucket's own region: the global name answers for a new bucket of
# another one only with a redirect, which such an address does not survive.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


@cache
def session() -> Session:
    """The session whose credentials and region everything uses."""
    return get_session()


@cache
def s3() -> S3Client:
    """S3."""
    return cast("S3Client", session().create_client("s3", config=_S3_CONFIG))


@cache
def sqs() -> SQSClient:
    """SQS."""
    return cast("SQSClient", session().create_client("sqs", config=_CONFIG))


@cache
def events() -> EventBridgeClient:
    """EventBridge."""
    return cast("EventBridgeClient", session().create_client("events", config=_CONFIG))


@cache
def sns() -> SNSClient:
    """SNS."""
    return cast("SNSClient", session().create_client("sns", config=_CONFIG))


def dynamodb(deadline: Deadline) -> DynamoDbApi:
    """DynamoDB, retrying inside the deadline.

    Args:
        deadline: Seconds left of the invocation.
    """
    return DynamoDbApi(SignedTransport(session()), deadline)
