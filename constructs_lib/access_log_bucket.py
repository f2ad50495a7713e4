"""The bucket that S3 delivers server access logs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.iam import Condition, Grant, PolicyStatement, only_of_account
from constructs_lib.limits import LIFECYCLE_DAYS
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.validation import between, validate, validate_types

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib.account import Account

LOG_DELIVERY = "logging.s3.amazonaws.com"
DELIVERY_ACTIONS = ("s3:PutObject",)


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketProps:
    """Properties of the bucket.

    Attributes:
        bucket_name: Globally unique name.
        account: The account whose buckets are logged.
        retention_days: Days a log is kept. Default: 365.
        deletion_protection: Make Terraform refuse to delete the bucket. Default: it refuses;
            otherwise the bucket is deleted with the logs it holds.
    """

    bucket_name: str
    account: Account
    retention_days: int = 365
    deletion_protection: bool = True


class AccessLogBucket(PrivateBucket):
    """A private bucket that takes S3 server access logs of buckets that name it as `access_logs`.

    It is encrypted with AES256 and keys that S3 manages: the user guide calls KMS unsupported for
    it, and S3 says nothing where it cannot deliver.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, props: AccessLogBucketProps) -> None:
        validate_types(scope, id_, props)
        validate(scope, id_, between("retention_days", props.retention_days, *LIFECYCLE_DAYS))
        super().__init__(
            scope,
            id_,
            PrivateBucketProps(
                bucket_name=props.bucket_name,
                expiration_days=props.retention_days,
                noncurrent_version_days=1,
                deletion_protection=props.deletion_protection,
            ),
        )
        self._account = props.account

    def grant_log_delivery(self, source_bucket_arn: str) -> Grant:
        """Allow S3's logging service s3:PutObject for the logs of one bucket.

        Args:
            source_bucket_arn: The bucket whose requests are logged.
        """
        statement = PolicyStatement(
            actions=DELIVERY_ACTIONS,
            resources=(f"{self.bucket_arn}/*",),
            principal=("Service", LOG_DELIVERY),
            conditions=(
                Condition(test="ArnLike", variable="aws:SourceArn", values=(source_bucket_arn,)),
                only_of_account(self._account.account_id),
            ),
        )
        self.document.add(statement)
        return Grant(grantee=LOG_DELIVERY, statements=(statement,), policies=(self.policy,))
