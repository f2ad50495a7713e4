"""The stack's own encryption key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from constructs_lib.iam import Condition, PolicyDocument, PolicyStatement
from constructs_lib.validation import between, name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.iam import Grantable

USE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
# In a key's policy "*" is the key the policy belongs to and nothing else; its id is not known when
# the policy is written.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
THIS_KEY = ("*",)
# Without kms:DescribeKey, which AWS's sample has: it knows no encryption context, so the condition
# never holds for it.
LOGS_ACTIONS = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyProps:
    """What a key needs.

    Attributes:
        key_alias: Name without `alias/`.
        account: The account that administers the key.
        deletion_window_days: Days in which a deleted key can be had back. Default: 30.
    """

    key_alias: str
    account: Account
    deletion_window_days: int = 30


class EncryptionKey(Construct):
    """A symmetric key that rotates every year.

    The alarm topic always needs one: CloudWatch cannot publish to a topic that is encrypted with
    the key AWS manages. With customer managed keys, it encrypts everything else too.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Attributes:
        key_arn: The key's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: EncryptionKeyProps) -> None:
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
                name_of_length("key_alias", props.key_alias, 250),
                # https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
                between("deletion_window_days", props.deletion_window_days, 7, 30),
            ],
        )
        super().__init__(scope, id_)
        self._account = props.account
        self._policy = PolicyDocument(
            self,
            "Policy",
            PolicyStatement(
                sid="AdministeredByTheAccount",
                actions=("kms:*",),
                resources=THIS_KEY,
                account=props.account.root_arn,
                # The principal says it already. Said again as a condition, those who read the
                # policy as a role's, where "*" is every key, find it constrained as well.
                conditions=(
                    Condition(
                        test="StringEquals",
                        variable="kms:CallerAccount",
                        values=(props.account.account_id,),
                    ),
                ),
            ),
        )
        key = KmsKey(
            self,
            "Resource",
            description=f"Encrypts {props.key_alias}",
            deletion_window_in_days=props.deletion_window_days,
            enable_key_rotation=True,
            policy=self._policy.json,
        )
        KmsAlias(self, "Alias", name=f"alias/{props.key_alias}", target_key_id=key.key_id)
        self.key_arn: str = key.arn

    def grant_use(self, grantee: Grantable) -> None:
        """Allow kms:Decrypt and kms:GenerateDataKey on this key.

        Args:
            grantee: Whose role needs to read or write what the key encrypts.
        """
        grantee.add_to_policy(
            PolicyStatement(sid="UseKey", actions=USE_ACTIONS, resources=(self.key_arn,))
        )

    def grant_use_by_service(self, sid: str, service: str) -> None:
        """Allow an AWS service kms:Decrypt and kms:GenerateDataKey, on behalf of this account.

        Args:
            sid: The statement's id.
            service: The service's principal, such as `cloudwatch.amazonaws.com`.
        """
        self._policy.add(
            PolicyStatement(
                sid=sid,
                actions=USE_ACTIONS,
                resources=THIS_KEY,
                service=service,
                conditions=(
                    Condition(
                        test="StringEquals",
                        variable="aws:SourceAccount",
                        values=(self._account.account_id,),
                    ),
                ),
            )
        )

    def grant_use_by_logs(self, log_group_prefix: str) -> None:
        """Allow CloudWatch Logs to encrypt the log groups of a prefix.

        Args:
            log_group_prefix: What the names of the log groups begin with.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        """
        self._policy.add(
            PolicyStatement(
                sid="Logs",
                actions=LOGS_ACTIONS,
                resources=THIS_KEY,
                service=f"logs.{self._account.region}.amazonaws.com",
                conditions=(
                    Condition(
                        test="StringLike",
                        variable="kms:EncryptionContext:aws:logs:arn",
                        values=(self._account.arn("logs", f"log-group:{log_group_prefix}*"),),
                    ),
                ),
            )
        )
