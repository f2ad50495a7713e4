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

from constructs_lib.iam import PolicyStatement
from constructs_lib.limits import (
    LEAST_WARM_READ_UNITS,
    LEAST_WARM_WRITE_UNITS,
    MOST_WARM_UNITS,
)
from constructs_lib.validation import between, name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

UPSERT_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate")
RECORD_ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
ANNOUNCE_ACTIONS = ("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem")
LOOK_UP_ACTIONS = ("dynamodb:BatchGetItem",)
SCAN_ACTIONS = ("dynamodb:Scan",)


@dataclass(frozen=True, kw_only=True)
class WarmThroughput:
    """What a table takes at once.

    Attributes:
        read_units_per_second: Strongly consistent reads of up to 4 KB.
        write_units_per_second: Writes of up to 1 KB.
    """

    read_units_per_second: int = LEAST_WARM_READ_UNITS
    write_units_per_second: int = LEAST_WARM_WRITE_UNITS


@dataclass(frozen=True, kw_only=True)
class InventoryTableProps:
    """What a table needs; its keys are texts.

    Attributes:
        table_name: The table's name.
        partition_key: Name of the partition key.
        sort_key: Name of the sort key. Default: items have a partition key alone.
        expiry_attribute: Attribute that holds the second at which DynamoDB may delete an item.
            Default: items stay.
        deletion_protection: Whether AWS refuses to delete the table. Default: it refuses.
        warm_throughput: What the table takes at once. Default: what every new table takes; the
            argument is left out, because older providers do not know it.
        encryption_key: Key of our own. Default: the key that AWS manages for DynamoDB.
    """

    table_name: str
    partition_key: str
    sort_key: str | None = None
    expiry_attribute: str | None = None
    deletion_protection: bool = True
    warm_throughput: WarmThroughput | None = None
    encryption_key: EncryptionKey | None = None


class InventoryTable(Construct):
    """Billed per request, encrypted, with point-in-time recovery.

    Attributes:
        table_name: The table's name.
        table_arn: The table's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: InventoryTableProps) -> None:
        warm = props.warm_throughput or WarmThroughput()
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
                name_of_length("table_name", props.table_name, 255),
                name_of_length("partition_key", props.partition_key, 255),
                between(
                    "read_units_per_second",
                    warm.read_units_per_second,
                    LEAST_WARM_READ_UNITS,
                    MOST_WARM_UNITS,
                ),
                between(
                    "write_units_per_second",
                    warm.write_units_per_second,
                    LEAST_WARM_WRITE_UNITS,
                    MOST_WARM_UNITS,
                ),
            ],
        )
        super().__init__(scope, id_)
        self._id = id_
        self._key = props.encryption_key
        keys = [props.partition_key, *([props.sort_key] if props.sort_key else [])]
        table = DynamodbTable(
            self,
            "Resource",
            name=props.table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=props.partition_key,
            range_key=props.sort_key,
            attribute=[DynamodbTableAttribute(name=key, type="S") for key in keys],
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(
                enabled=True, kms_key_arn=self._key.key_arn if self._key else None
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
        )
        self.table_name: str = table.name
        self.table_arn: str = table.arn

    def grant_upsert(self, grantee: Grantable) -> None:
        """Allow dynamodb:BatchGetItem, PartiQLInsert and PartiQLUpdate.

        Args:
            grantee: Who reads items and writes them on a condition.
        """
        self._allow(grantee, "Upsert", UPSERT_ACTIONS)

    def grant_keep_records(self, grantee: Grantable) -> None:
        """Allow dynamodb:GetItem, PutItem and UpdateItem.

        Args:
            grantee: Who keeps one record per object version.
        """
        self._allow(grantee, "Keep", RECORD_ACTIONS)

    def grant_announce(self, grantee: Grantable) -> None:
        """Allow dynamodb:PutItem, Query and UpdateItem.

        Args:
            grantee: Who leaves notes for others, looks for theirs and counts them.
        """
        self._allow(grantee, "Announce", ANNOUNCE_ACTIONS)

    def grant_look_up(self, grantee: Grantable) -> None:
        """Allow dynamodb:BatchGetItem.

        Args:
            grantee: Who asks for items by their keys.
        """
        self._allow(grantee, "LookUp", LOOK_UP_ACTIONS)

    def grant_scan(self, grantee: Grantable) -> None:
        """Allow dynamodb:Scan.

        Args:
            grantee: Who reads the whole table.
        """
        self._allow(grantee, "Scan", SCAN_ACTIONS)

    def _allow(self, grantee: Grantable, what: str, actions: tuple[str, ...]) -> None:
        grantee.add_to_policy(
            PolicyStatement(sid=f"{self._id}{what}", actions=actions, resources=(self.table_arn,))
        )
        if self._key:
            self._key.grant_use(grantee)
