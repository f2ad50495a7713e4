"""DynamoDB in memory, faithful in everything the functions rely on.

Conditions, sets, consistent and eventually consistent reads, request limits, duplicate keys,
per-statement errors and number normalisation behave as in the service; the integration tests run
the same cases on this and on the local cloud. Anything the functions do not use is refused.
"""

from __future__ import annotations

import json
import marshal
from typing import TYPE_CHECKING, Any

from faults.expressions import (
    Item,
    compile_condition,
    compile_statement,
    compile_update,
    item_size,
)
from faults.expressions import normalised as plain
from inventory.adapters.dynamodb_api import ConditionFailedError, DynamoDbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.adapters.dynamodb_api import Payload

_MAX_ITEM_BYTES = 400 * 1024
_READ_UNIT_BYTES = 4096
_WRITE_UNIT_BYTES = 1024
_PAGE_ITEMS = 1000


def _copy(value: Item) -> Item:
    copied: Item = marshal.loads(marshal.dumps(value))  # noqa: S302  our own bytes
    return copied


def _invalid(message: str) -> DynamoDbError:
    return DynamoDbError("ValidationException", message)


def parsed(payload: Payload) -> dict[str, Any]:
    """A request that may be text."""
    request: dict[str, Any] = json.loads(payload) if isinstance(payload, str) else payload
    return request


def normalised(item: Item) -> Item:
    """An item as it is kept; a number that is none is refused."""
    try:
        return plain(item)
    except ValueError as error:
        raise _invalid(str(error)) from error


class Table:
    """One table.

    Attributes:
        keys: Names of the key attributes, partition key first.
        items: Items by their key values.
        history: What each key held before, latest last; an eventually consistent read may see it.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.items: dict[tuple[str, ...], Item] = {}
        self.history: dict[tuple[str, ...], list[Item | None]] = {}

    def key_of(self, item: Item) -> tuple[str, ...]:
        """Key values of an item or key."""
        try:
            key = tuple(item[name]["S"] for name in self.keys)
        except KeyError as error:
            raise _invalid("One of the required keys was not given a value") from error
        if "" in key:
            raise _invalid("a key attribute may not be an empty string")
        limits = (2048, 1024)
        if any(len(part.encode()) > limit for part, limit in zip(key, limits, strict=False)):
            raise _invalid("a key attribute is too long")
        return key

    def put(self, key: tuple[str, ...], item: Item) -> None:
        """Replace what the key holds."""
        # Marshalled without references, an item is never smaller than it counts for.
        if len(marshal.dumps(item, 2)) > _MAX_ITEM_BYTES < item_size(item):
            raise _invalid("Item size has exceeded the maximum allowed size")
        self.history.setdefault(key, []).append(self.items.get(key))
        self.items[key] = item


class MemoryDynamoDb:
    """Tables in memory behind the adapters' `Transport`.

    Args:
        tables: Key attribute names of each table, partition key first.
        metered: True if answers carry consumed capacity.
        page_items: Items a page of Query and Scan, as if the items were large.

    Attributes:
        behind: True if a read that is not asked to be consistent misses the latest change of an
            item; it never does unless a test says so.
    """

    def __init__(
        self,
        tables: dict[str, tuple[str, ...]],
        *,
        metered: bool = False,
        page_items: int = _PAGE_ITEMS,
    ) -> None:
        self.tables = {name: Table(keys) for name, keys in tables.items()}
        self._metered = metered
        self.page_items = page_items
        self.behind: Callable[[], bool] = lambda: False

    def __call__(self, operation: str, payload: Payload) -> dict[str, Any]:
        """Answer one request; see `dynamodb_api.Transport`."""
        answer: dict[str, Any] = getattr(self, f"_{operation}")(parsed(payload))
        return answer

    def _GetItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        item = self._read(table, table.key_of(payload["Key"]), payload)
        return {} if item is None else {"Item": _copy(item)}

    def _BatchGetItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        responses: Item = {}
        units = []
        for name, request in payload["RequestItems"].items():
            table = self._table(name)
            keys = [table.key_of(key) for key in request["Keys"]]
            if not 1 <= len(keys) <= 100:  # noqa: PLR2004  the service's limit
                raise _invalid("Too many items requested for the BatchGetItem call")
            if len(set(keys)) != len(keys):
                raise _invalid("Provided list of item keys contains duplicates")
            found = [item for key in keys if (item := self._read(table, key, request)) is not None]
            names = _projected(request)
            responses[name] = [_project(item, names) for item in found]
            if not self._metered:
                continue
            absent = len(keys) - len(found)
            used = absent + sum(-(-item_size(item) // _READ_UNIT_BYTES) for item in found)
            units.append({"TableName": name, "CapacityUnits": float(used)})
        answer = {"Responses": responses, "UnprocessedKeys": {}}
        return {**answer, "ConsumedCapacity": units} if self._metered else answer

    def _PutItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        item = normalised(payload["Item"])
        key = table.key_of(item)
        _check(payload, table.items.get(key, {}))
        table.put(key, item)
        return {}

    def _DeleteItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        key = table.key_of(payload["Key"])
        _check(payload, table.items.get(key, {}))
        table.history.setdefault(key, []).append(table.items.pop(key, None))
        return {}

    def _TransactWriteItems(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        """All or nothing; conditions stand first, and nothing after them fails."""
        for action in payload["TransactItems"]:
            ((kind, request),) = action.items()
            getattr(self, f"_{kind}Item")(request)
        return {}

    def _BatchWriteItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        """Only the mutants use it."""
        for name, requests in payload["RequestItems"].items():
            table = self._table(name)
            items = [normalised(request["PutRequest"]["Item"]) for request in requests]
            keys = [table.key_of(item) for item in items]
            if len(set(keys)) != len(keys) or len(keys) > 25:  # noqa: PLR2004  the service's limit
                raise _invalid("Provided list of item keys contains duplicates")
            for key, item in zip(keys, items, strict=True):
                table.put(key, item)
        return {"UnprocessedItems": {}}

    def _UpdateItem(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        key = table.key_of(payload["Key"])
        old = table.items.get(key, {})
        names, values = _check(payload, old)
        item = _copy(old) if old else _copy(payload["Key"])
        compile_update(payload["UpdateExpression"])(item, names, values)
        table.put(key, normalised(item))
        return {}

    def _BatchExecuteStatement(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        statements = payload["Statements"]
        if not 1 <= len(statements) <= 25:  # noqa: PLR2004  the service's limit
            raise _invalid("Member must have length less than or equal to 25")
        responses = []
        units: dict[str, float] = {}
        for statement in statements:
            name, response, used = self._execute(statement["Statement"], statement["Parameters"])
            responses.append(response)
            units[name] = units.get(name, 0.0) + used
        answer: Item = {"Responses": responses}
        if self._metered:
            answer["ConsumedCapacity"] = [
                {"TableName": name, "CapacityUnits": used} for name, used in units.items()
            ]
        return answer

    def _execute(self, text: str, parameters: list[Item]) -> tuple[str, Item, float]:
        statement = compile_statement(text)
        if len(parameters) != statement.parameters:
            message = "Number of parameters in request and statement don't match."
            return statement.table, {"Error": {"Code": "ValidationError", "Message": message}}, 0
        table = self._table(statement.table)
        key_values = statement.key(parameters)
        key = table.key_of(key_values)
        old = table.items.get(key)
        if statement.inserts:
            code = "DuplicateItem" if old is not None else ""
        else:
            code = "" if statement.holds(old, parameters) else "ConditionalCheckFailed"
        if code:
            used = 1.0 if old is None else float(-(-item_size(old) // _WRITE_UNIT_BYTES))
            return statement.table, _failed(code, statement.table), used
        try:
            item = normalised(statement.apply({} if old is None else _copy(old), parameters))
            table.put(key, item)
        except DynamoDbError as error:
            return statement.table, _failed("ValidationError", statement.table, str(error)), 0
        if not self._metered:
            return statement.table, {"TableName": statement.table}, 0
        largest = max(item_size(item), 0 if old is None else item_size(old))
        return statement.table, {"TableName": statement.table}, -(-largest // _WRITE_UNIT_BYTES)

    def _Query(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        names, values = _named(payload)
        if {"S": ""} in values.values():
            raise _invalid("a key attribute may not be compared with an empty string")
        condition = compile_condition(payload["KeyConditionExpression"])
        seen = self._seen(table, payload)
        keys = sorted(key for key, item in seen.items() if condition(item, names, values))
        return self._page(table, seen, keys, payload)

    def _Scan(self, payload: Item) -> Item:  # noqa: N802  DynamoDB's name
        table = self._table(payload["TableName"])
        seen = self._seen(table, payload)
        answer = self._page(table, seen, sorted(seen), payload)
        if "FilterExpression" in payload:
            # A page is what was read; the filter only spares the transfer. It sees whole items.
            holds = compile_condition(payload["FilterExpression"])
            named = _named(payload)
            kept = {key for key, item in seen.items() if holds(item, *named)}
            answer["Items"] = [each for each in answer["Items"] if table.key_of(each) in kept]
            answer["Count"] = len(answer["Items"])
        return answer

    def _page(
        self,
        table: Table,
        seen: dict[tuple[str, ...], Item],
        keys: list[tuple[str, ...]],
        payload: Item,
    ) -> Item:
        forward = payload.get("ScanIndexForward", True)
        if not forward:
            keys.reverse()
        start = payload.get("ExclusiveStartKey")
        if start is not None:
            after = table.key_of(start)
            keys = [key for key in keys if (key > after if forward else key < after)]
        names = _projected(payload)
        page = keys[: min(self.page_items, payload.get("Limit", self.page_items))]
        items = [seen[key] for key in page]
        answer: Item = {
            "Items": [_project(item, names) for item in items],
            "Count": len(items),
            "ScannedCount": len(items),
        }
        if len(keys) > len(page):
            answer["LastEvaluatedKey"] = {name: items[-1][name] for name in table.keys}
        if self._metered:
            size = sum(item_size(item) for item in items)
            answer["ConsumedCapacity"] = {"CapacityUnits": float(-(-size // _READ_UNIT_BYTES))}
        return answer

    def _seen(self, table: Table, request: Item) -> dict[tuple[str, ...], Item]:
        """Items of a table as a read of many sees them."""
        if request.get("ConsistentRead"):
            return table.items
        every = table.items.keys() | table.history.keys()
        read = {key: self._read(table, key, request) for key in every}
        return {key: item for key, item in read.items() if item is not None}

    def _read(self, table: Table, key: tuple[str, ...], request: Item) -> Item | None:
        history = table.history.get(key)
        if history and not request.get("ConsistentRead") and self.behind():
            return history[-1]
        return table.items.get(key)

    def _table(self, name: str) -> Table:
        try:
            return self.tables[name]
        except KeyError:
            raise DynamoDbError("ResourceNotFoundException", name) from None


def _named(payload: Item) -> tuple[Item, Item]:
    """Names and values that the expressions of a request use."""
    names = payload.get("ExpressionAttributeNames", {})
    return names, payload.get("ExpressionAttributeValues", {})


def _check(payload: Item, item: Item) -> tuple[Item, Item]:
    """Refuse a request whose condition the item does not meet; else as `_named`."""
    named = _named(payload)
    condition = payload.get("ConditionExpression")
    if condition and not compile_condition(condition)(item, *named):
        raise ConditionFailedError("ConditionalCheckFailedException", "the condition failed")
    return named


def _failed(code: str, table: str, message: str = "the condition failed") -> Item:
    return {"Error": {"Code": code, "Message": message}, "TableName": table}


def _projected(request: Item) -> set[str] | None:
    projection = request.get("ProjectionExpression")
    if projection is None:
        return None
    names = request.get("ExpressionAttributeNames", {})
    return {names.get(name.strip(), name.strip()) for name in projection.split(",")}


def _project(item: Item, names: set[str] | None) -> Item:
    if names is None:
        return _copy(item)
    return _copy({name: value for name, value in item.items() if name in names})
