"""The bucket that keeps who asked the other buckets for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.iam import Condition, PolicyStatement
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib.account import Account


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketProps:
    """What the bucket needs.

    Attributes:
        bucket_name: Globally unique name.
        account: Whose buckets are logged.
        source_bucket_arns: Buckets whose logs come here.
        retention_days: Days a log is kept. Default: 365.
        force_destroy: Whether destroying the bucket deletes what is in it. Default: a bucket that
            holds anything refuses to be destroyed.
    """

    bucket_name: str
    account: Account
    source_bucket_arns: tuple[str, ...]
    retention_days: int = 365
    force_destroy: bool = False


class AccessLogBucket(PrivateBucket):
    """A private bucket that S3 itself may write access logs to.

    Encrypted with S3's own keys whatever encrypts the others: S3 delivers no access logs to a
    bucket whose default is a key of KMS, and says nothing about it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, props: AccessLogBucketProps) -> None:
        super().__init__(
            scope,
            id_,
            PrivateBucketProps(
                bucket_name=props.bucket_name,
                expiration_days=props.retention_days,
                noncurrent_version_days=1,
                force_destroy=props.force_destroy,
            ),
        )
        self.add_to_resource_policy(
            PolicyStatement(
                sid="AccessLogs",
                actions=("s3:PutObject",),
                resources=(f"{self.bucket_arn}/*",),
                service="logging.s3.amazonaws.com",
                conditions=(
                    Condition(
                        test="ArnLike", variable="aws:SourceArn", values=props.source_bucket_arns
                    ),
                    Condition(
                        test="StringEquals",
                        variable="aws:SourceAccount",
                        values=(props.account.account_id,),
                    ),
                ),
            )
        )
