"""The lanes table: who may have relied on which items."""

from __future__ import annotations

from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from inventory.domain.model import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.ports import Usage


class DynamoDbLanes:
    """The lanes table behind `ports.Lanes`.

    Partition key `lane`, sort key `position` = `<bound>#<hash of the object id>` (an object id
    may be longer than the 1,024 bytes of a sort key). Idempotency: announcing twice puts the
    same entry.

    Args:
        api: DynamoDB.
        table_name: Name of the lanes table.
        usage: Where consumed units are counted.
    """

    def __init__(self, api: DynamoDbApi, table_name: str, usage: Usage) -> None:
        self._api = api
        self._table = table_name
        self._usage = usage

    def announce(self, lane: str, bound: str, version: ObjectVersion, *, expires_at: int) -> None:
        """Announce what may be skipped; see `ports.Lanes`."""
        digest = blake2s(version.object_id.encode(), digest_size=16).hexdigest()
        item: dict[str, Any] = {
            "lane": {"S": lane},
            "position": {"S": f"{bound}#{digest}"},
            "bucket": {"S": version.bucket},
            "key": {"S": version.key},
            "etag": {"S": version.etag},
            "size_bytes": {"N": str(version.size_bytes)},
            "sequencer": {"S": version.sequencer},
            "expires_at": {"N": str(expires_at)},
        }
        if version.version_id is not None:
            item["version_id"] = {"S": version.version_id}
        self._api.call("PutItem", {"TableName": self._table, "Item": item})
        self._usage.write_units += 1

    def announced_after(self, lane: str, token: str) -> Iterator[ObjectVersion]:
        """Versions that announced a bound after `token`; see `ports.Lanes`."""
        payload: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#l = :l AND #p > :p",
            "ExpressionAttributeNames": {"#l": "lane", "#p": "position"},
            "ExpressionAttributeValues": {":l": {"S": lane}, ":p": {"S": token}},
            "ReturnConsumedCapacity": "TOTAL",
        }
        while True:
            page = self._api.call("Query", payload)
            self._usage.read_units += float(
                page.get("ConsumedCapacity", {}).get("CapacityUnits", 1.0)
            )
            for item in page.get("Items", ()):
                yield ObjectVersion(
                    bucket=item["bucket"]["S"],
                    key=item["key"]["S"],
                    version_id=item["version_id"]["S"] if "version_id" in item else None,
                    etag=item["etag"]["S"],
                    size_bytes=int(item["size_bytes"]["N"]),
                    sequencer=item["sequencer"]["S"],
                )
            if "LastEvaluatedKey" not in page:
                return
            payload["ExclusiveStartKey"] = page["LastEvaluatedKey"]
