"""Reports of the parts of large files, in the lanes table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.adapters.dynamodb_api import ConditionFailedError
from inventory.domain.chunks.model import PartReport, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.ports import Usage

_Json = dict[str, Any]

_HIGHEST = "~"  # sorts after every digit


class DynamoDbParts:
    """The lanes table behind `chunks.ports.PartLedger`.

    Partition key `lane` = `parts#<job>`; sort key `position` = `<place>` for a report and
    `done#<round>` for the number of chunks that are done. Idempotency: a report is put on the
    condition that there is none, and the number is raised in the same transaction.

    Args:
        api: DynamoDB.
        table_name: Name of the lanes table.
        usage: Where consumed units are counted.
    """

    def __init__(self, api: DynamoDbApi, table_name: str, usage: Usage) -> None:
        self._api = api
        self._table = table_name
        self._usage = usage

    def get(self, job: str, place: Place) -> PartReport | None:
        """The report of a part; see `chunks.ports.PartLedger`."""
        for item in self._query(job, "#p = :p", {":p": {"S": str(place)}}):
            return PartReport.from_text(item["report"]["S"])
        return None

    def enter(self, job: str, place: Place, report: PartReport, *, expires_at: int) -> bool:
        """Enter the report of a part; see `chunks.ports.PartLedger`."""
        expires: _Json = {"N": str(expires_at)}
        put: _Json = {
            "TableName": self._table,
            "Item": {
                **_key(job, str(place)),
                "report": {"S": report.to_text()},
                "expires_at": expires,
            },
            "ConditionExpression": "attribute_not_exists(lane)",
        }
        count: _Json = {
            "TableName": self._table,
            "Key": _key(job, f"done#{place.round}"),
            "UpdateExpression": "SET expires_at = :expires ADD done :one",
            "ExpressionAttributeValues": {":expires": expires, ":one": {"N": "1"}},
        }
        try:
            if report.going_on:
                self._api.call("PutItem", put)
                self._usage.write_units += 1
            else:
                # Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
                self._api.call(
                    "TransactWriteItems", {"TransactItems": [{"Put": put}, {"Update": count}]}
                )
                self._usage.write_units += 4
        except ConditionFailedError:
            return False
        return True

    def done(self, job: str, round_: int) -> int:
        """Chunks of a round that are done; see `chunks.ports.PartLedger`."""
        for item in self._query(job, "#p = :p", {":p": {"S": f"done#{round_}"}}):
            return int(item["done"]["N"])
        return 0

    def reports(self, job: str, round_: int) -> Iterator[tuple[Place, PartReport]]:
        """All reports of a round; see `chunks.ports.PartLedger`."""
        first = str(Place(round_, 0, 0)).partition("#")[0]
        between = {":from": {"S": f"{first}#"}, ":to": {"S": f"{first}#{_HIGHEST}"}}
        for item in self._query(job, "#p BETWEEN :from AND :to", between):
            place = Place(*map(int, item["position"]["S"].split("#")))
            yield place, PartReport.from_text(item["report"]["S"])

    def _query(self, job: str, condition: str, values: _Json) -> Iterator[_Json]:
        payload: _Json = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": f"#l = :l AND {condition}",
            "ExpressionAttributeNames": {"#l": "lane", "#p": "position"},
            "ExpressionAttributeValues": {":l": {"S": f"parts#{job}"}, **values},
            "ReturnConsumedCapacity": "TOTAL",
        }
        while True:
            page = self._api.call("Query", payload)
            consumed = page.get("ConsumedCapacity", {}).get("CapacityUnits", 1.0)
            self._usage.read_units += float(consumed)
            yield from page.get("Items", ())
            if "LastEvaluatedKey" not in page:
                return
            payload["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _key(job: str, position: str) -> _Json:
    return {"lane": {"S": f"parts#{job}"}, "position": {"S": position}}
