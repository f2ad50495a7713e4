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
    """Where the stack is deployed; account and partition are known to Terraform, not at synth.

    Attributes:
        account_id: Twelve digits.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        region: The region's name.
    """

    account_id: str
    partition: str
    region: str

    @classmethod
    def of_provider(cls, scope: Construct, region: str) -> Account:
        """Ask the stack's provider who it is.

        Args:
            scope: The stack.
            region: The provider's region.
        """
        return cls(
            account_id=DataAwsCallerIdentity(scope, "Caller").account_id,
            partition=DataAwsPartition(scope, "Partition").partition,
            region=region,
        )

    def arn(self, service: str, resource: str) -> str:
        """Give the ARN of something in this account and region.

        Args:
            service: Such as `logs`.
            resource: The ARN's last part.
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def root_arn(self) -> str:
        """The principal that stands for everybody whom the account's own policies allow."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"
