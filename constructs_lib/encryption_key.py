"""A customer managed KMS key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from constructs_lib.iam import Condition, Grant, PolicyDocument, PolicyStatement
from constructs_lib.terraform import lifecycle
from constructs_lib.validation import between, matching, text, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.iam import Grantable

USE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
DECRYPT_ACTIONS = ("kms:Decrypt",)
SERVICE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey*")
# In a key's policy "*" is the key the policy belongs to and nothing else; its id is not known when
# the policy is written.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
THIS_KEY = ("*",)
# Without kms:Describe*, which AWS's sample has: it knows no encryption context, so that the
# condition never holds for it.
LOGS_ACTIONS = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyProps:
    """Properties of a key.

    Attributes:
        key_alias: Alias without `alias/`.
        account: The account that administers the key.
        description: Purpose of the key. Default: it names the alias.
        deletion_window_days: Days in which a deleted key can be restored. Default: 30.
        deletion_protection: Make Terraform refuse to delete the key. Default: it refuses.
    """

    key_alias: str
    account: Account
    description: str | None = None
    deletion_window_days: int = 30
    deletion_protection: bool = True


class EncryptionKey(Construct):
    """A symmetric key that rotates every year.

    An alarm topic always needs one: CloudWatch cannot publish to a topic that is encrypted with the
    key that AWS manages. The policy is part of the key, so it stands before anything uses the key.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Attributes:
        resource: The key itself.
        key_arn: The key's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: EncryptionKeyProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
            matching(
                "key_alias",
                props.key_alias,
                "(?!aws/|alias/)[A-Za-z0-9/_-]{1,250}",
                "1 to 250 letters, digits and any of /_-, not beginning with aws/ or alias/",
            ),
            text("description", props.description, 8192, least=0),
            # https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
            between("deletion_window_days", props.deletion_window_days, 7, 30),
        )
        super().__init__(scope, id_)
        self._account = props.account
        self._log_group_prefixes: list[str] = []
        self._policy = PolicyDocument(
            self,
            "Policy",
            # Word for word the statement of KMS's default policy: its check that nobody is locked
            # out of the key may not see through a condition.
            # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
            PolicyStatement(
                actions=("kms:*",),
                resources=THIS_KEY,
                principal=("AWS", props.account.root_arn),
            ),
        )
        self.resource = KmsKey(
            self,
            "Resource",
            description=props.description or f"Encrypts {props.key_alias}",
            deletion_window_in_days=props.deletion_window_days,
            enable_key_rotation=True,
            policy=self._policy.json,
            lifecycle=lifecycle(deletion_protection=props.deletion_protection),
        )
        self.key_arn: str = self.resource.arn
        KmsAlias(self, "Alias", name=f"alias/{props.key_alias}", target_key_id=self.resource.key_id)

    def grant_use(self, grantee: Grantable) -> Grant:
        """Allow a role kms:Decrypt and kms:GenerateDataKey on this key."""
        return Grant.to(grantee, USE_ACTIONS, self.key_arn, key=None)

    def grant_decrypt(self, grantee: Grantable) -> Grant:
        """Allow a role kms:Decrypt on this key."""
        return Grant.to(grantee, DECRYPT_ACTIONS, self.key_arn, key=None)

    def grant_use_by_service(self, service: str) -> Grant:
        """Allow an AWS service kms:Decrypt and kms:GenerateDataKey*.

        Without a condition on the source, as in AWS's samples for alarms to a topic and for events
        to a queue: not every service names its source to KMS, and one that the key refuses drops
        what it has to say without a word. Topic and queue name the sources they take from.

        Args:
            service: Principal of the service, such as `cloudwatch.amazonaws.com`.

        Source: https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns and
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        """
        return self._grant(service, SERVICE_ACTIONS)

    def grant_use_by_logs(self, log_group_prefix: str) -> Grant:
        """Allow CloudWatch Logs to encrypt the log groups of a prefix.

        The actions are kms:Decrypt, kms:Encrypt, kms:GenerateDataKey* and kms:ReEncrypt*. A prefix
        that an earlier one covers adds no statement.

        Args:
            log_group_prefix: Prefix of the log groups' names.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        """
        log_groups = Condition(
            test="StringLike",
            variable="kms:EncryptionContext:aws:logs:arn",
            values=(self._account.arn("logs", f"log-group:{log_group_prefix}*"),),
        )
        # The one service here whose principal has the partition's domain in its name.
        service = f"logs.{self._account.region}.{self._account.dns_suffix}"
        if log_group_prefix.startswith(tuple(self._log_group_prefixes)):
            return Grant(grantee=service, statements=(), policies=(self.resource,))
        self._log_group_prefixes.append(log_group_prefix)
        return self._grant(service, LOGS_ACTIONS, log_groups)

    def _grant(self, service: str, actions: tuple[str, ...], *conditions: Condition) -> Grant:
        statement = PolicyStatement(
            actions=actions,
            resources=THIS_KEY,
            principal=("Service", service),
            conditions=conditions,
        )
        self._policy.add(statement)
        return Grant(grantee=service, statements=(statement,), policies=(self.resource,))
