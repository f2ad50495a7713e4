"""An on-demand table that can be restored to any second of the last 35 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
    DynamodbTableWarmThroughput,
)
from constructs import Construct

from constructs_lib.iam import Grant
from constructs_lib.limits import WARM_READ_UNITS, WARM_WRITE_UNITS
from constructs_lib.terraform import lifecycle
from constructs_lib.validation import Rule, between, identifier, text, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

UPSERT_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate")
READ_WRITE_ACTIONS = ("dynamodb:GetItem", "dynamodb:UpdateItem")
QUERY_WRITE_ACTIONS = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)
QUERY_ACTIONS = ("dynamodb:Query",)
BATCH_GET_ACTIONS = ("dynamodb:BatchGetItem",)
SCAN_ACTIONS = ("dynamodb:Scan",)
DELETE_ACTIONS = ("dynamodb:DeleteItem",)


@dataclass(frozen=True, kw_only=True)
class WarmThroughput:
    """Load that a table takes without growing first.

    Attributes:
        read_units_per_second: Strongly consistent reads of up to 4 KB. Default: 12,000, as for
            every new table.
        write_units_per_second: Writes of up to 1 KB. Default: 4,000, as for every new table.
    """

    read_units_per_second: int = WARM_READ_UNITS[0]
    write_units_per_second: int = WARM_WRITE_UNITS[0]


@dataclass(frozen=True, kw_only=True)
class InventoryTableProps:
    """Properties of a table; its keys are strings.

    Attributes:
        table_name: The table's name.
        partition_key: Name of the partition key.
        sort_key: Name of the sort key. Default: items have a partition key alone.
        expiry_attribute: Attribute with the second at which DynamoDB may delete an item. Default:
            items stay.
        deletion_protection: Make AWS and Terraform refuse to delete the table. Default: they do.
        warm_throughput: Load that the table takes at once when it is made. Later changes of it are
            ignored. Default: that of every new table; the argument is left out, because providers
            before 6.13.0 do not know it.
        encryption_key: Customer managed key. Default: a key that DynamoDB owns, free of charge.
    """

    table_name: str
    partition_key: str
    sort_key: str | None = None
    expiry_attribute: str | None = None
    deletion_protection: bool = True
    warm_throughput: WarmThroughput | None = None
    encryption_key: EncryptionKey | None = None


class InventoryTable(Construct):
    """A table billed per request, encrypted, with point-in-time recovery.

    Attributes:
        resource: The table itself.
        table_name: The table's name.
        table_arn: The table's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: InventoryTableProps) -> None:
        validate_types(scope, id_, props)
        warm = props.warm_throughput or WarmThroughput()
        validate_types(scope, id_, warm)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
            identifier("table_name", props.table_name, 255, "-_.", least=3),
            text("partition_key", props.partition_key, 255),
            text("sort_key", props.sort_key, 255),
            Rule(
                name="sort_key",
                got=props.sort_key,
                allowed="another name than the partition key's",
                holds=props.sort_key != props.partition_key,
            ),
            text("expiry_attribute", props.expiry_attribute, 255),
            Rule(
                name="expiry_attribute",
                got=props.expiry_attribute,
                allowed="no key; keys are strings, and an expiry is a number",
                holds=props.expiry_attribute is None
                or props.expiry_attribute not in (props.partition_key, props.sort_key),
            ),
            between("read_units_per_second", warm.read_units_per_second, *WARM_READ_UNITS),
            between("write_units_per_second", warm.write_units_per_second, *WARM_WRITE_UNITS),
        )
        super().__init__(scope, id_)
        self._key = props.encryption_key
        keys = [props.partition_key, *([props.sort_key] if props.sort_key else [])]
        self.resource = DynamodbTable(
            self,
            "Resource",
            name=props.table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=props.partition_key,
            range_key=props.sort_key,
            attribute=[DynamodbTableAttribute(name=key, type="S") for key in keys],
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            # Not enabled means a key that DynamoDB owns. Enabled without a key would mean the AWS
            # managed key, whose requests are charged; left out, a table would keep the key it has.
            # https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/dynamodb_table#server_side_encryption
            server_side_encryption=DynamodbTableServerSideEncryption(
                enabled=bool(self._key), kms_key_arn=self._key.key_arn if self._key else None
            ),
            deletion_protection_enabled=props.deletion_protection,
            ttl=DynamodbTableTtl(enabled=True, attribute_name=props.expiry_attribute)
            if props.expiry_attribute
            else None,
            warm_throughput=DynamodbTableWarmThroughput(
                read_units_per_second=warm.read_units_per_second,
                write_units_per_second=warm.write_units_per_second,
            )
            if props.warm_throughput
            else None,
            # DynamoDB raises it by itself and never lowers it, and to a provider that finds more
            # than it asks for that is a reason to replace the table, with everything in it.
            # https://github.com/hashicorp/terraform-provider-aws/pull/49032
            lifecycle=lifecycle(
                deletion_protection=props.deletion_protection,
                ignored=["warm_throughput"] if props.warm_throughput else [],
            ),
        )
        self.table_name: str = self.resource.name
        self.table_arn: str = self.resource.arn

    def grant_upsert(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:BatchGetItem, PartiQLInsert and PartiQLUpdate."""
        return self._grant(grantee, UPSERT_ACTIONS)

    def grant_read_write(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:GetItem and UpdateItem, which also makes an item that is not there."""
        return self._grant(grantee, READ_WRITE_ACTIONS)

    def grant_query_write(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:GetItem, PutItem, Query and UpdateItem."""
        return self._grant(grantee, QUERY_WRITE_ACTIONS)

    def grant_query(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:Query."""
        return self._grant(grantee, QUERY_ACTIONS)

    def grant_batch_get(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:BatchGetItem."""
        return self._grant(grantee, BATCH_GET_ACTIONS)

    def grant_scan(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:Scan."""
        return self._grant(grantee, SCAN_ACTIONS)

    def grant_delete(self, grantee: Grantable) -> Grant:
        """Allow dynamodb:DeleteItem."""
        return self._grant(grantee, DELETE_ACTIONS)

    def _grant(self, grantee: Grantable, actions: tuple[str, ...]) -> Grant:
        return Grant.to(grantee, actions, self.table_arn, key=self._key)
