"""DynamoDB in memory and on the local cloud, for tests that run the same cases on both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session

from fakes import BEGIN, MemoryDynamoDb
from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport
from inventory.adapters.dynamodb_ingestions import DynamoDbIngestions
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_notes import (
    DynamoDbCheckpoint,
    DynamoDbFileSums,
    DynamoDbFollowUps,
)
from inventory.adapters.dynamodb_registry import DynamoDbRegistry
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.ports import ConsumedCapacity, Deadline

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

KEYS = {
    "items": ("sku", "location"),
    "ingestions": ("object_id",),
    "lanes": ("lane", "position"),
}


@dataclass
class DynamoDb:
    """All adapters of DynamoDB over one set of tables.

    Attributes:
        api: What they call.
        names: Names of the tables by kind.
        usage: What they consumed.
        in_memory: True if the tables are the fake's, which takes one thread at a time.
    """

    api: DynamoDbApi
    names: dict[str, str]
    usage: ConsumedCapacity
    in_memory: bool

    @cached_property
    def table(self) -> PartitionedTable:
        """The lanes table."""
        return PartitionedTable(self.api, self.names["lanes"], self.usage)

    @cached_property
    def items(self) -> DynamoDbItems:
        """The items table."""
        return DynamoDbItems(self.api, self.names["items"], self.usage)

    @cached_property
    def ingestions(self) -> DynamoDbIngestions:
        """The ingestions table."""
        return DynamoDbIngestions(self.api, self.names["ingestions"], self.usage)

    @cached_property
    def registry(self) -> DynamoDbRegistry:
        """Read and write sets."""
        return DynamoDbRegistry(self.table)

    @cached_property
    def jobs(self) -> DynamoDbJobs:
        """Reports of workers."""
        return DynamoDbJobs(self.table)

    @cached_property
    def follow_ups(self) -> DynamoDbFollowUps:
        """Versions that are looked at."""
        return DynamoDbFollowUps(self.table, lambda: BEGIN)

    @cached_property
    def sums(self) -> DynamoDbFileSums:
        """Sums of files."""
        return DynamoDbFileSums(self.table)

    @cached_property
    def checkpoint(self) -> DynamoDbCheckpoint:
        """Where the reconcile stopped."""
        return DynamoDbCheckpoint(self.table)

    def item(self, kind: str, *key: str) -> dict[str, Any] | None:
        """An item of a table."""
        names = {name: {"S": value} for name, value in zip(KEYS[kind], key, strict=True)}
        payload = {"TableName": self.names[kind], "Key": names, "ConsistentRead": True}
        return self.api.call("GetItem", payload).get("Item")


def in_memory(**options: Any) -> DynamoDb:
    """Tables in memory."""
    tables = MemoryDynamoDb(KEYS, **options)
    api = DynamoDbApi(tables, Deadline(), in_flight=1)
    return DynamoDb(api, {kind: kind for kind in KEYS}, ConsumedCapacity(), in_memory=True)


def on_local_cloud(emulated: EmulatedResources) -> DynamoDb:
    """New tables on the local cloud, whose variables must be set."""
    names = {kind: f"{emulated.name}-{kind}" for kind in KEYS}
    for kind, keys in KEYS.items():
        emulated.cloud.create_table(names[kind], keys)
    transport = SignedTransport(botocore.session.get_session())
    api = DynamoDbApi(transport, Deadline())
    return DynamoDb(api, names, ConsumedCapacity(), in_memory=False)
