"""The bucket that keeps who asked the other buckets for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.iam import Condition, PolicyStatement
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib.account import Account
    from constructs_lib.encryption_key import EncryptionKey

LOGGING_SERVICE = "logging.s3.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketProps:
    """What the bucket needs.

    Attributes:
        bucket_name: Globally unique name.
        account: Whose buckets are logged.
        source_bucket_arns: Buckets whose logs come here.
        encryption_key: Key of our own, whose policy lets S3 use it. Default: AES256 with keys that
            S3 manages.
        retention_days: Days a log is kept. Default: 365.
        force_destroy: Whether destroying the bucket deletes what is in it. Default: a bucket that
            holds anything refuses to be destroyed.
    """

    bucket_name: str
    account: Account
    source_bucket_arns: tuple[str, ...]
    encryption_key: EncryptionKey | None = None
    retention_days: int = 365
    force_destroy: bool = False


class AccessLogBucket(PrivateBucket):
    """A private bucket that S3 itself may write access logs to.

    With a key of our own, S3 delivers as long as the key's policy lets its logging service use it,
    and says nothing where it does not. The user guide calls KMS unsupported here; the AWS CDK
    found that it works, and deploys such a bucket in its integration tests (docs/adr/0009).

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    and https://github.com/aws/aws-cdk/pull/25350
    """

    def __init__(self, scope: Construct, id_: str, props: AccessLogBucketProps) -> None:
        super().__init__(
            scope,
            id_,
            PrivateBucketProps(
                bucket_name=props.bucket_name,
                encryption_key=props.encryption_key,
                expiration_days=props.retention_days,
                noncurrent_version_days=1,
                force_destroy=props.force_destroy,
            ),
        )
        if props.encryption_key:
            props.encryption_key.grant_use_by_service("AccessLogs", LOGGING_SERVICE)
        self.add_to_resource_policy(
            PolicyStatement(
                sid="AccessLogs",
                actions=("s3:PutObject",),
                resources=(f"{self.bucket_arn}/*",),
                service=LOGGING_SERVICE,
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
