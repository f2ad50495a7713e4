"""A bucket nobody outside the account reads, with its history and its housekeeping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from constructs_lib.iam import PolicyDocument, PolicyStatement, only_over_tls
from constructs_lib.validation import between, name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
LIST_ACTIONS = ("s3:ListBucket",)
LIST_VERSIONS_ACTIONS = ("s3:ListBucketVersions",)
PUT_ACTIONS = ("s3:PutObject",)
GET_ACTIONS = ("s3:GetObject",)
SCRATCH_ACTIONS = ("s3:GetObject", "s3:PutObject")


@dataclass(frozen=True, kw_only=True)
class PrivateBucketProps:
    """What a bucket needs.

    Attributes:
        bucket_name: Globally unique name.
        encryption_key: Key of our own. Default: AES256 with keys that S3 manages.
        noncurrent_version_days: Days a replaced or deleted version is kept. Default: 90.
        incomplete_upload_days: Days until parts of an abandoned upload are deleted. Default: 7.
        sends_events: Whether EventBridge hears of every new object. Default: it does not.
        force_destroy: Whether destroying the bucket deletes what is in it. Default: a bucket that
            holds anything refuses to be destroyed.
        expiration_days: Days an object is kept. Default: objects stay.
        access_logs: Bucket that gets a line for every request. Default: nobody keeps them.
        scratch_prefix: What the keys of objects begin with that are only needed for a while.
            Default: there are none.
        scratch_days: Days such an object is kept. Default: 30.
    """

    bucket_name: str
    encryption_key: EncryptionKey | None = None
    noncurrent_version_days: int = 90
    incomplete_upload_days: int = 7
    sends_events: bool = False
    force_destroy: bool = False
    expiration_days: int | None = None
    access_logs: PrivateBucket | None = None
    scratch_prefix: str | None = None
    scratch_days: int = 30


class PrivateBucket(Construct):
    """Versioned, encrypted, owned by the account, closed to the public and to plain HTTP.

    Attributes:
        bucket_name: The bucket's name.
        bucket_arn: The bucket's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
                name_of_length("bucket_name", props.bucket_name, 63),
                between("noncurrent_version_days", props.noncurrent_version_days, 1, 3650),
                between("incomplete_upload_days", props.incomplete_upload_days, 1, 365),
                between("expiration_days", props.expiration_days, 1, 3653),
            ],
        )
        super().__init__(scope, id_)
        self._id = id_
        self._key = props.encryption_key
        bucket = S3Bucket(
            self, "Resource", bucket=props.bucket_name, force_destroy=props.force_destroy
        )
        self.bucket_name: str = bucket.bucket
        self.bucket_arn: str = bucket.arn
        versioning = S3BucketVersioningA(
            self,
            "Versioning",
            bucket=self.bucket_name,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        if props.sends_events:
            S3BucketNotification(self, "Notification", bucket=self.bucket_name, eventbridge=True)
        if props.access_logs:
            S3BucketLoggingA(
                self,
                "AccessLogging",
                bucket=self.bucket_name,
                target_bucket=props.access_logs.bucket_name,
                target_prefix=f"{id_.lower()}/",
            )
        self._encrypt()
        self._close()
        S3BucketLifecycleConfiguration(
            self,
            "Lifecycle",
            bucket=self.bucket_name,
            rule=_lifecycle(props),
            # Rules for versions may only follow once there are versions.
            depends_on=[versioning],
        )

    def _encrypt(self) -> None:
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "Encryption",
            bucket=self.bucket_name,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="aws:kms" if self._key else "AES256",
                        kms_master_key_id=self._key.key_arn if self._key else None,
                    ),
                    # One request to KMS per bucket and while, in place of one per object.
                    bucket_key_enabled=bool(self._key),
                )
            ],
        )

    def _close(self) -> None:
        S3BucketPublicAccessBlock(
            self,
            "PublicAccessBlock",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketOwnershipControls(
            self,
            "Ownership",
            bucket=self.bucket_name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        self._policy = PolicyDocument(
            self,
            "PolicyDocument",
            only_over_tls("s3:*", self.bucket_arn, f"{self.bucket_arn}/*"),
        )
        S3BucketPolicy(self, "Policy", bucket=self.bucket_name, policy=self._policy.json)

    def add_to_resource_policy(self, statement: PolicyStatement) -> None:
        """Let the bucket's own policy say one thing more.

        Args:
            statement: Who may do what to the bucket.
        """
        self._policy.add(statement)

    def grant_read(self, grantee: Grantable) -> None:
        """Allow s3:GetObject and s3:GetObjectVersion on objects, s3:ListBucket on the bucket.

        Without the last, S3 answers 403 for an object that is not there, and a file that was
        deleted cannot be told from a missing permission.

        Args:
            grantee: Who reads.
        """
        self._allow(grantee, "Read", READ_ACTIONS, f"{self.bucket_arn}/*")
        self._allow(grantee, "List", LIST_ACTIONS, self.bucket_arn)
        self._allow_key(grantee)

    def grant_list_versions(self, grantee: Grantable) -> None:
        """Allow s3:ListBucketVersions on the bucket.

        Args:
            grantee: Who lists.
        """
        self._allow(grantee, "ListVersions", LIST_VERSIONS_ACTIONS, self.bucket_arn)

    def grant_put(self, grantee: Grantable, prefix: str) -> None:
        """Allow s3:PutObject below a prefix.

        Args:
            grantee: Who writes.
            prefix: What the keys begin with, ending in a slash.
        """
        self._allow(grantee, "Put", PUT_ACTIONS, f"{self.bucket_arn}/{prefix}*")
        self._allow_key(grantee)

    def grant_get(self, grantee: Grantable, prefix: str) -> None:
        """Allow s3:GetObject below a prefix.

        Args:
            grantee: Who reads.
            prefix: What the keys begin with, ending in a slash.
        """
        self._allow(grantee, "Get", GET_ACTIONS, f"{self.bucket_arn}/{prefix}*")
        self._allow_key(grantee)

    def grant_scratch(self, grantee: Grantable, prefix: str) -> None:
        """Allow s3:GetObject and PutObject below a prefix.

        Args:
            grantee: Who keeps something there for a while.
            prefix: What the keys begin with, ending in a slash.
        """
        self._allow(grantee, "Scratch", SCRATCH_ACTIONS, f"{self.bucket_arn}/{prefix}*")
        self._allow_key(grantee)

    def _allow(self, grantee: Grantable, what: str, actions: tuple[str, ...], arn: str) -> None:
        grantee.add_to_policy(
            PolicyStatement(sid=f"{self._id}{what}", actions=actions, resources=(arn,))
        )

    def _allow_key(self, grantee: Grantable) -> None:
        if self._key:
            self._key.grant_use(grantee)


def _lifecycle(props: PrivateBucketProps) -> list[S3BucketLifecycleConfigurationRule]:
    rules = [_housekeeping(props)]
    if props.scratch_prefix:
        scratch = S3BucketLifecycleConfigurationRule(
            id="scratch",
            status="Enabled",
            filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=props.scratch_prefix)],
            expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=props.scratch_days)],
            noncurrent_version_expiration=[
                S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=1)
            ],
        )
        rules.append(scratch)
    return rules


def _housekeeping(props: PrivateBucketProps) -> S3BucketLifecycleConfigurationRule:
    return S3BucketLifecycleConfigurationRule(
        id="housekeeping",
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                days_after_initiation=props.incomplete_upload_days
            )
        ],
        expiration=[
            S3BucketLifecycleConfigurationRuleExpiration(days=props.expiration_days)
            if props.expiration_days
            # A delete marker with nothing behind it only slows listings down.
            else S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)
        ],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                noncurrent_days=props.noncurrent_version_days
            )
        ],
    )
