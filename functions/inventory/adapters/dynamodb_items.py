"""The items table: batched consistent reads, and batched writes that are each conditional."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from inventory.adapters.dynamodb_api import DynamoDbError, TransientError, error_of
from inventory.domain.order import TIME_LENGTH
from inventory.domain.ports import Stored

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.model import ObjectVersion, Row
    from inventory.domain.ports import Change, Usage

_Json = dict[str, Any]

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_READ = 100
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
_STATEMENTS_PER_WRITE = 25

_REFUSALS = frozenset({"ConditionalCheckFailed", "DuplicateItem"})

# Content and token; the provenance attributes are neither compared nor worth their bytes.
_PROJECTION = "#a,#b,#c,#d,#e,#f,#g,#h,#i,#j"
_PROJECTED_NAMES = {
    "#a": "sku",
    "#b": "location",
    "#c": "quantity",
    "#d": "name",
    "#e": "category",
    "#f": "unit_price",
    "#g": "currency",
    "#h": "reorder_point",
    "#i": "attributes",
    "#j": "order_token",
}


def content_of(row: Row) -> _Json:
    """Attributes of a row that say what it states, in DynamoDB JSON.

    All but `order_token`, `as_of`, `source` and `written_at`, which say where it came from.
    """
    _, sku, location, quantity, name, category, price, currency, reorder, attributes, _ = row
    content: _Json = {"sku": {"S": sku}, "location": {"S": location}, "quantity": {"N": quantity}}
    if name is not None:
        content["name"] = {"S": name}
    if category is not None:
        content["category"] = {"S": category}
    if price is not None:
        content["unit_price"] = {"N": price}
    if currency is not None:
        content["currency"] = {"S": currency}
    if reorder is not None:
        content["reorder_point"] = {"N": reorder}
    if attributes:
        content["attributes"] = {"M": {key: {"S": value} for key, value in attributes.items()}}
    return content


class DynamoDbItems:
    """The items table behind `ports.ItemStore`.

    Idempotency: an item is written only if the token that was read is still there, and a row's
    token is a function of the row alone, so writing a row twice changes nothing.

    Args:
        api: DynamoDB.
        table_name: Name of the items table.
        usage: Where consumed units are counted. Where the service reports none (emulators), a
            key or statement counts as one unit, which is right for items up to 4 KB and 1 KB.
    """

    def __init__(self, api: DynamoDbApi, table_name: str, usage: Usage) -> None:
        self._api = api
        self._table = table_name
        self._usage = usage
        self._insert_texts: dict[tuple[str, ...], str] = {}
        self._update_texts: dict[tuple[tuple[str, ...], frozenset[str], bool], str] = {}

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """What is stored for each row's key; see `ports.ItemStore`."""
        chunks = [
            [
                {"sku": {"S": row[1]}, "location": {"S": row[2]}}
                for row in rows[at : at + _KEYS_PER_READ]
            ]
            for at in range(0, len(rows), _KEYS_PER_READ)
        ]
        found: dict[tuple[str, str], _Json] = {}
        for items, units in self._api.each(self._read_keys, chunks):
            self._usage.read_units += units
            for item in items:
                found[item["sku"]["S"], item["location"]["S"]] = item
        if not found:
            return [None] * len(rows)
        return [_stored(found.get((row[1], row[2])), row) for row in rows]

    def _read_keys(self, keys: list[_Json]) -> tuple[list[_Json], float]:
        items: list[_Json] = []
        units = 0.0
        backoff = self._api.backoff()
        while True:
            answer = self._api.call(
                "BatchGetItem",
                {
                    "RequestItems": {
                        self._table: {
                            "Keys": keys,
                            "ConsistentRead": True,
                            "ProjectionExpression": _PROJECTION,
                            "ExpressionAttributeNames": _PROJECTED_NAMES,
                        }
                    },
                    "ReturnConsumedCapacity": "TOTAL",
                },
            )
            got = answer.get("Responses", {}).get(self._table, [])
            items += got
            left = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            units += _units(answer, len(keys) - len(left))
            if not left:
                return items, units
            if len(left) < len(keys):
                backoff.progress()
            keys = left
            backoff.pause_throttled(f"{len(left)} unprocessed keys")

    def write(
        self, changes: Sequence[Change], *, version: ObjectVersion, written_at: str
    ) -> list[Change]:
        """Write each change if what was read is still there; see `ports.ItemStore`."""
        source: _Json = {"bucket": {"S": version.bucket}, "key": {"S": version.key}}
        if version.version_id is not None:
            source["version_id"] = {"S": version.version_id}
        at = {"S": written_at}
        pairs = [(change, self._statement(change, source, at)) for change in changes]
        chunks = [
            pairs[index : index + _STATEMENTS_PER_WRITE]
            for index in range(0, len(pairs), _STATEMENTS_PER_WRITE)
        ]
        refused: list[Change] = []
        for some, units in self._api.each(self._write_statements, chunks):
            refused += some
            self._usage.write_units += units
        return refused

    def _write_statements(self, pairs: list[tuple[Change, _Json]]) -> tuple[list[Change], float]:
        refused: list[Change] = []
        units = 0.0
        backoff = self._api.backoff()
        while True:
            answer = self._api.call(
                "BatchExecuteStatement",
                {
                    "Statements": [statement for _, statement in pairs],
                    "ReturnConsumedCapacity": "TOTAL",
                },
            )
            responses = answer["Responses"]
            units += _units(answer, len(pairs))
            left: list[tuple[Change, _Json]] = []
            transient: TransientError | None = None
            for pair, response in zip(pairs, responses, strict=True):
                error = response.get("Error")
                if error is None:
                    continue
                code = str(error.get("Code", ""))
                if code in _REFUSALS:
                    refused.append(pair[0])
                    continue
                failure = error_of(code, str(error.get("Message", "")))
                if isinstance(failure, DynamoDbError):
                    raise failure
                transient = failure
                left.append(pair)
            if transient is None:
                return refused, units
            if len(left) < len(pairs):
                backoff.progress()
            pairs = left
            backoff.pause(transient)

    def _statement(self, change: Change, source: _Json, written_at: _Json) -> _Json:
        row, token, stored = change
        content = content_of(row)
        content["order_token"] = {"S": token}
        content["as_of"] = {"S": token[:TIME_LENGTH]}
        content["source"] = {"M": {**source, "line": {"N": str(row[0])}}}
        content["written_at"] = written_at
        names = tuple(content)
        if stored is None:
            return {"Statement": self._insert_text(names), "Parameters": list(content.values())}
        removed = frozenset(stored.names).difference(names)
        parameters = list(content.values())
        parameters = parameters[2:] + parameters[:2]
        if stored.token:
            parameters.append({"S": stored.token})
        text = self._update_text(names, removed, has_token=bool(stored.token))
        return {"Statement": text, "Parameters": parameters}

    def _insert_text(self, names: tuple[str, ...]) -> str:
        text = self._insert_texts.get(names)
        if text is None:
            values = ", ".join(f"'{name}': ?" for name in names)
            text = f'INSERT INTO "{self._table}" VALUE {{{values}}}'
            self._insert_texts[names] = text
        return text

    def _update_text(
        self, names: tuple[str, ...], removed: frozenset[str], *, has_token: bool
    ) -> str:
        shape = (names, removed, has_token)
        text = self._update_texts.get(shape)
        if text is None:
            actions = " ".join(f'SET "{name}"=?' for name in names[2:])
            actions += "".join(f' REMOVE "{name}"' for name in sorted(removed))
            unchanged = '"order_token"=?' if has_token else '"order_token" IS MISSING'
            text = (
                f'UPDATE "{self._table}" {actions} WHERE "sku"=? AND "location"=? AND {unchanged}'
            )
            self._update_texts[shape] = text
        return text

    def known_stock(self, locations: Collection[str]) -> Decimal:
        """Sum of the stored quantities at these locations; see `ports.ItemStore`."""
        total = Decimal(0)
        payload: _Json = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ProjectionExpression": "#l,#q",
            "ExpressionAttributeNames": {"#l": "location", "#q": "quantity"},
            "ReturnConsumedCapacity": "TOTAL",
        }
        while True:
            page = self._api.call("Scan", payload)
            self._usage.read_units += _units(page, page.get("ScannedCount", 0))
            for item in page.get("Items", ()):
                if item["location"]["S"] in locations:
                    total += Decimal(item["quantity"]["N"])
            if "LastEvaluatedKey" not in page:
                return total
            payload["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _stored(item: _Json | None, row: Row) -> Stored | None:
    if item is None:
        return None
    token = item.pop("order_token", None)
    return Stored(
        "" if token is None else token["S"],
        item == content_of(row),
        item,
        item["quantity"]["N"],
    )


def _units(answer: _Json, otherwise: float) -> float:
    consumed = answer.get("ConsumedCapacity")
    if not consumed:
        return otherwise
    if isinstance(consumed, dict):
        consumed = [consumed]
    return float(sum(entry.get("CapacityUnits", 0.0) for entry in consumed))
