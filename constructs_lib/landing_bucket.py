"""The bucket stock files are dropped into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification

from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps

if TYPE_CHECKING:
    from constructs import Construct


class LandingBucket(PrivateBucket):
    """A private bucket that tells EventBridge about every object."""

    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        super().__init__(scope, id_, props)
        S3BucketNotification(self, "Notification", bucket=self.bucket_name, eventbridge=True)
