"""The account, partition and region a stack is deployed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition

if TYPE_CHECKING:
    from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Account:
    """The target of a deployment.

    Attributes:
        account_id: Twelve digits.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        dns_suffix: Domain of the partition, such as `amazonaws.com`.
        region: The region's name.
    """

    account_id: str
    partition: str
    dns_suffix: str
    region: str

    @classmethod
    def of_provider(cls, scope: Construct, region: str) -> Account:
        """Return the account that the provider's credentials belong to, known to Terraform alone.

        Args:
            scope: The stack, or the construct within it that has a provider of its own. It is asked
                once, however often this is called.
            region: The provider's region.
        """
        caller = scope.node.try_find_child("Caller")
        partition = scope.node.try_find_child("Partition")
        if not isinstance(caller, DataAwsCallerIdentity):
            caller = DataAwsCallerIdentity(scope, "Caller")
        if not isinstance(partition, DataAwsPartition):
            partition = DataAwsPartition(scope, "Partition")
        return cls(
            account_id=caller.account_id,
            partition=partition.partition,
            dns_suffix=partition.dns_suffix,
            region=region,
        )

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region.

        Args:
            service: Such as `logs`.
            resource: The ARN's last part.
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def root_arn(self) -> str:
        """The principal that stands for everybody whom the account's own policies allow."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"
