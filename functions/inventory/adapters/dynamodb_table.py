"""A table with a partition key and a sort key, for small items of one's own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from inventory.adapters.dynamodb_api import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.ports import ConsumedCapacity

Json = dict[str, Any]


class PartitionedTable:
    """The lanes table: everything that runs tell each other, apart by the kind of partition.

    Args:
        api: DynamoDB.
        name: Name of the table, whose keys are `lane` and `position`.
        usage: Where consumed units are counted.
    """

    def __init__(self, api: DynamoDbApi, name: str, usage: ConsumedCapacity) -> None:
        self.api = api
        self.name = name
        self.usage = usage

    @staticmethod
    def key(partition: str, position: str) -> Json:
        """Key of an item in DynamoDB JSON."""
        return {"lane": {"S": partition}, "position": {"S": position}}

    def get(self, partition: str, position: str) -> Json | None:
        """An item, strongly consistent; None when there is none."""
        answer = self.api.call(
            "GetItem",
            {
                "TableName": self.name,
                "Key": self.key(partition, position),
                "ConsistentRead": True,
                "ReturnConsumedCapacity": "TOTAL",
            },
        )
        self._count_read(answer)
        item: Json | None = answer.get("Item")
        return item

    def put(self, partition: str, position: str, attributes: Json, *, new: bool = False) -> bool:
        """Put an item.

        Args:
            partition: Partition key.
            position: Sort key.
            attributes: Its other attributes in DynamoDB JSON.
            new: True if there must be none yet.

        Returns:
            Whether it was put.
        """
        request = self.putting(partition, position, attributes, new=new)
        request["ReturnConsumedCapacity"] = "TOTAL"
        try:
            answer = self.api.call("PutItem", request)
        except ConditionFailedError:
            self.usage.write_units += 1
            return False
        consumed = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 1.0)
        self.usage.write_units += float(consumed)
        return True

    def putting(self, partition: str, position: str, attributes: Json, *, new: bool) -> Json:
        """Request that puts an item, also as part of a transaction; see `put`."""
        request: Json = {
            "TableName": self.name,
            "Item": {**self.key(partition, position), **attributes},
        }
        if new:
            request["ConditionExpression"] = "attribute_not_exists(lane)"
        return request

    def update(
        self, partition: str, position: str, update: str, condition: str, values: Json
    ) -> bool:
        """Update an item, which need not exist.

        Args:
            partition: Partition key.
            position: Sort key.
            update: Update expression.
            condition: Condition expression.
            values: Values of both in DynamoDB JSON.

        Returns:
            Whether the condition held.
        """
        request = {
            "TableName": self.name,
            "Key": self.key(partition, position),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        self.usage.write_units += 1
        try:
            self.api.call("UpdateItem", request)
        except ConditionFailedError:
            return False
        return True

    def delete(
        self, partition: str, position: str, condition: str = "", values: Json | None = None
    ) -> None:
        """Delete an item, if there is one and the condition holds.

        Args:
            partition: Partition key.
            position: Sort key.
            condition: Condition expression; "" for none.
            values: Its values in DynamoDB JSON.
        """
        request: Json = {"TableName": self.name, "Key": self.key(partition, position)}
        if condition:
            request |= {"ConditionExpression": condition, "ExpressionAttributeValues": values}
        self.usage.write_units += 1
        with suppress(ConditionFailedError):
            self.api.call("DeleteItem", request)

    def query(
        self,
        partition: str,
        condition: str = "",
        *,
        values: Json | None = None,
        last_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Json]:
        """Items of a partition in the order of their positions, strongly consistent.

        Args:
            partition: Partition key.
            condition: What must hold of the position, `#p`, in a key condition; "" for all.
            values: Values of the condition.
            last_first: True to go backwards.
            limit: Items at most.
        """
        request: Json = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#l = :l",
            "ExpressionAttributeNames": {"#l": "lane"},
            "ExpressionAttributeValues": {":l": {"S": partition}, **(values or {})},
            "ReturnConsumedCapacity": "TOTAL",
        }
        if condition:
            request["KeyConditionExpression"] += f" AND {condition}"
            request["ExpressionAttributeNames"]["#p"] = "position"
        if last_first:
            request["ScanIndexForward"] = False
        left = limit
        while True:
            if left is not None:
                request["Limit"] = left
            page = self.api.call("Query", request)
            self._count_read(page)
            items = page.get("Items", [])
            yield from items
            if left is not None:
                left -= len(items)
            if "LastEvaluatedKey" not in page or left == 0:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _count_read(self, answer: Json) -> None:
        consumed = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 1.0)
        self.usage.read_units += float(consumed)
