"""A bucket nobody outside the account reads, with its history and its housekeeping."""

from __future__ import annotations

from dataclasses import dataclass, field
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
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from constructs_lib.iam import Grant, PolicyDocument, only_over_tls
from constructs_lib.limits import LIFECYCLE_DAYS
from constructs_lib.terraform import lifecycle
from constructs_lib.validation import between, matching, validate, validate_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.access_log_bucket import AccessLogBucket
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
LIST_ACTIONS = ("s3:ListBucket",)
LIST_VERSIONS_ACTIONS = ("s3:ListBucketVersions",)
PUT_ACTIONS = ("s3:PutObject",)
# s3:PutObject covers the other steps of an upload in parts.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
PUT_IN_PARTS_ACTIONS = ("s3:AbortMultipartUpload", "s3:PutObject")
GET_ACTIONS = ("s3:GetObject",)
GET_VERSION_ACTIONS = ("s3:GetObjectVersion",)
# Without `*`, `?` and `$`, which a policy would not read as they stand.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
SAFE_PREFIX = r"[A-Za-z0-9/!_.'()-]{1,1024}"
SAFE_PREFIX_IN_WORDS = "1 to 1024 letters, digits and any of /!_.'()-"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = (
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
    r"(?!.*(?:\.[.-]|-\.))(?!\d+(?:\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)


@dataclass(frozen=True, kw_only=True)
class PrivateBucketProps:
    """Properties of a bucket.

    Attributes:
        bucket_name: Globally unique name.
        encryption_key: Customer managed key. Default: AES256 with keys that S3 manages.
        former_key: Key that older objects may be encrypted with; readers may decrypt with it, too.
            Default: there is none.
        noncurrent_version_days: Days a replaced or deleted version is kept. Default: 90.
        incomplete_upload_days: Days until parts of an abandoned upload are deleted. Default: 7.
        sends_events: Send an event to EventBridge for every new object. Default: it sends none.
        deletion_protection: Make Terraform refuse to delete the bucket, its policy, block, owner,
            versioning and encryption. Default: it refuses; otherwise the bucket is deleted with
            all it holds.
        expiration_days: Days an object is kept. Default: objects stay.
        access_logs: Bucket for S3 server access logs. Default: no access logs.
        days_below: Days that objects below a prefix are kept, by the prefix. Default: there are no
            such prefixes.
    """

    bucket_name: str
    encryption_key: EncryptionKey | None = None
    former_key: EncryptionKey | None = None
    noncurrent_version_days: int = 90
    incomplete_upload_days: int = 7
    sends_events: bool = False
    deletion_protection: bool = True
    expiration_days: int | None = None
    access_logs: AccessLogBucket | None = None
    days_below: Mapping[str, int] = field(default_factory=dict)


class PrivateBucket(Construct):
    """A bucket versioned, encrypted, owned by the account, closed to the public and to plain HTTP.

    Attributes:
        resource: The bucket itself.
        bucket_name: The bucket's name.
        bucket_arn: The bucket's ARN.
        sends_events: True if EventBridge gets an event for every new object.
        document: The statements of the bucket's policy.
        policy: The bucket's policy.
    """

    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            matching(
                "bucket_name",
                props.bucket_name,
                BUCKET_NAME,
                "3 to 63 lower-case letters, digits, inner dots and hyphens, no dot beside one of "
                "the two, no IP address, and none of the prefixes and suffixes that AWS reserves",
            ),
            between("noncurrent_version_days", props.noncurrent_version_days, *LIFECYCLE_DAYS),
            between("incomplete_upload_days", props.incomplete_upload_days, 1, 365),
            between("expiration_days", props.expiration_days, *LIFECYCLE_DAYS),
            *(
                matching("days_below (prefix)", prefix, SAFE_PREFIX, SAFE_PREFIX_IN_WORDS)
                for prefix in props.days_below
            ),
            *(
                between(f"days_below ({prefix})", days, *LIFECYCLE_DAYS)
                for prefix, days in props.days_below.items()
            ),
        )
        super().__init__(scope, id_)
        self._key = props.encryption_key
        self._former_key = props.former_key
        self._lifecycle = lifecycle(deletion_protection=props.deletion_protection)
        self.sends_events = props.sends_events
        self.resource = S3Bucket(
            self,
            "Resource",
            bucket=props.bucket_name,
            force_destroy=not props.deletion_protection,
            lifecycle=self._lifecycle,
        )
        self.bucket_name: str = self.resource.bucket
        self.bucket_arn: str = self.resource.arn
        self._versioning = S3BucketVersioningA(
            self,
            "Versioning",
            bucket=self.bucket_name,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
            lifecycle=self._lifecycle,
        )
        if props.sends_events:
            S3BucketNotification(
                self,
                "Notification",
                bucket=self.bucket_name,
                eventbridge=True,
                # An event of a bucket without versions names none.
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
                depends_on=[self._versioning],
            )
        if props.access_logs:
            self._log_access(props.access_logs)
        self._encrypt()
        self._close()
        S3BucketLifecycleConfiguration(
            self,
            "Lifecycle",
            bucket=self.bucket_name,
            rule=_housekeeping_rules(props),
            # Rules for versions may only follow once there are versions.
            depends_on=[self._versioning],
        )

    def _log_access(self, target: AccessLogBucket) -> None:
        _, _, path_in_stack = self.node.path.partition("/")
        prefix = f"{path_in_stack.lower()}/"
        given = target.grant_log_delivery(self.bucket_arn)
        S3BucketLoggingA(
            self,
            "AccessLogging",
            bucket=self.bucket_name,
            target_bucket=target.bucket_name,
            target_prefix=prefix,
            # S3 answers InvalidTargetBucketForLogging until the target's policy lets it deliver.
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
            depends_on=list(given.policies),
        )

    def _encrypt(self) -> None:
        self._encryption = S3BucketServerSideEncryptionConfigurationA(
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
            lifecycle=self._lifecycle,
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
            lifecycle=self._lifecycle,
        )
        S3BucketOwnershipControls(
            self,
            "Ownership",
            bucket=self.bucket_name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            lifecycle=self._lifecycle,
        )
        self.document = PolicyDocument(
            self,
            "PolicyDocument",
            only_over_tls("s3:*", self.bucket_arn, f"{self.bucket_arn}/*"),
        )
        self.policy = S3BucketPolicy(
            self,
            "Policy",
            bucket=self.bucket_name,
            policy=self.document.json,
            lifecycle=self._lifecycle,
        )

    def add_object(self, id_: str, key: str, content: str, content_type: str) -> S3Object:
        """Add an object whose content the plan shows.

        Args:
            id_: Its construct id.
            key: Its key.
            content: Its text, which Terraform reads as a template; `escape_template` keeps a text
                with `${` or `%{` as it stands.
            content_type: Its media type.

        Returns:
            The object; its `version_id` names this content for good.
        """
        return S3Object(
            self,
            id_,
            bucket=self.bucket_name,
            key=key,
            content=content,
            content_type=content_type,
            # So that it has a version, and the bucket's encryption.
            depends_on=[self._versioning, self._encryption],
        )

    def grant_read(self, grantee: Grantable) -> Grant:
        """Allow s3:GetObject and GetObjectVersion on every object, and ListBucket."""
        return self._grant_reading(grantee, READ_ACTIONS, "").combined(self.grant_list(grantee))

    def grant_list(self, grantee: Grantable) -> Grant:
        """Allow s3:ListBucket, without which S3 answers 403 for an object that is not there."""
        return Grant.to(grantee, LIST_ACTIONS, self.bucket_arn, key=None)

    def grant_list_versions(self, grantee: Grantable) -> Grant:
        """Allow s3:ListBucketVersions on the bucket."""
        return Grant.to(grantee, LIST_VERSIONS_ACTIONS, self.bucket_arn, key=None)

    def grant_put(self, grantee: Grantable, prefix: str = "") -> Grant:
        """Allow s3:PutObject below a prefix.

        Args:
            grantee: Writer.
            prefix: Prefix of the keys, ending in a slash. Default: every key.

        Raises:
            InvalidPropsError: A policy would not read the prefix as it stands.
        """
        return Grant.to(grantee, PUT_ACTIONS, self._below(prefix), key=self._key)

    def grant_put_in_parts(self, grantee: Grantable, prefix: str = "") -> Grant:
        """Allow s3:PutObject and AbortMultipartUpload below a prefix.

        Args:
            grantee: Writer.
            prefix: Prefix of the keys, ending in a slash. Default: every key.

        Raises:
            InvalidPropsError: A policy would not read the prefix as it stands.
        """
        return Grant.to(grantee, PUT_IN_PARTS_ACTIONS, self._below(prefix), key=self._key)

    def grant_get(self, grantee: Grantable, prefix: str = "") -> Grant:
        """Allow s3:GetObject below a prefix.

        Args:
            grantee: Reader.
            prefix: Prefix of the keys, ending in a slash. Default: every key.

        Raises:
            InvalidPropsError: A policy would not read the prefix as it stands.
        """
        return self._grant_reading(grantee, GET_ACTIONS, prefix)

    def grant_get_version(self, grantee: Grantable, prefix: str = "") -> Grant:
        """Allow s3:GetObjectVersion below a prefix.

        Args:
            grantee: Reader.
            prefix: Prefix of the keys, ending in a slash. Default: every key.

        Raises:
            InvalidPropsError: A policy would not read the prefix as it stands.
        """
        return self._grant_reading(grantee, GET_VERSION_ACTIONS, prefix)

    def _grant_reading(self, grantee: Grantable, actions: tuple[str, ...], prefix: str) -> Grant:
        given = Grant.to(grantee, actions, self._below(prefix), key=self._key)
        former = self._former_key
        return given.combined(former.grant_decrypt(grantee)) if former else given

    def _below(self, prefix: str) -> str:
        # Without a slash, `rejects` would give `rejects-of-others/` as well.
        below = f"|(?=.*/$){SAFE_PREFIX}"
        rule = matching("prefix", prefix, below, f"{SAFE_PREFIX_IN_WORDS}, ending in a slash")
        validate(self, "Grant", rule)
        return f"{self.bucket_arn}/{prefix}*"


def _housekeeping_rules(props: PrivateBucketProps) -> list[S3BucketLifecycleConfigurationRule]:
    below = [
        S3BucketLifecycleConfigurationRule(
            id=f"expiry-{number}",
            status="Enabled",
            filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
            expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=days)],
            noncurrent_version_expiration=[
                S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=1)
            ],
        )
        for number, (prefix, days) in enumerate(sorted(props.days_below.items()), 1)
    ]
    return [_housekeeping(props), *below]


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
