"""The items table: batched consistent reads, and batched writes that are each conditional."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as text_of
from typing import TYPE_CHECKING, Any

from inventory.adapters.dynamodb_api import (
    ConditionFailedError,
    DynamoDbError,
    TransientError,
    error_of,
)
from inventory.adapters.dynamodb_statements import Statements
from inventory.domain.order import IMPLIED, object_hash
from inventory.domain.ports import NO_TIME, OwnItem, Stored
from inventory.domain.removals import REMOVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory.domain.model import ObjectVersion, Row
    from inventory.domain.ports import Change, ConsumedCapacity

_Json = dict[str, Any]

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_READ = 100
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
_STATEMENTS_PER_WRITE = 25

_REFUSALS = frozenset({"ConditionalCheckFailed", "DuplicateItem"})

# Content, token and time; the other provenance attributes are not worth their bytes.
_PROJECTION = "#a,#b,#c,#d,#e,#f,#g,#h,#i,#j,#k"
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
    "#k": "written_at",
}

#: Stands for an attribute that an item does not have.
_ABSENT: _Json = {"S": None, "N": None, "M": None}


class DynamoDbItems:
    """The items table behind `ports.ItemStore`.

    Requests are made as text from templates: rows come by the hundred thousand, and nested
    dictionaries for the JSON encoder would cost several times what the rows themselves do.

    Idempotency: an item is written only if the token that was read is still there, and a row's
    token is a function of the row alone, so writing a row twice changes nothing.

    Args:
        api: DynamoDB.
        table_name: Name of the items table.
        usage: Where consumed units are counted. Where the service reports none (emulators), a
            key or statement counts as one unit, which is right for items up to 4 KB and 1 KB.
    """

    def __init__(self, api: DynamoDbApi, table_name: str, usage: ConsumedCapacity) -> None:
        self._api = api
        self._table = table_name
        self._usage = usage
        self._statements = Statements(table_name)
        request = {
            "ConsistentRead": True,
            "ProjectionExpression": _PROJECTION,
            "ExpressionAttributeNames": _PROJECTED_NAMES,
        }
        self._read_start = (
            f'{{"ReturnConsumedCapacity":"TOTAL","RequestItems":{{{text_of(table_name)}:'
            f'{json.dumps(request)[:-1]},"Keys":['
        )

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """Read the stored item of each row's key; see `ports.ItemStore`."""
        ends = {place: _key_end(place) for place in {row.location for row in rows}}
        keys = [f'{{"sku":{{"S":{text_of(row.sku)}{ends[row.location]}' for row in rows]
        chunks = [
            (keys[at : at + _KEYS_PER_READ], rows[at : at + _KEYS_PER_READ])
            for at in range(0, len(keys), _KEYS_PER_READ)
        ]
        stored: list[Stored | None] = []
        for some, units in self._api.each(self._read_keys, chunks):
            self._usage.read_units += units
            stored += some
        return stored

    def _read_keys(
        self, chunk: tuple[list[str], Sequence[Row]]
    ) -> tuple[list[Stored | None], float]:
        keys, rows = chunk
        found: dict[tuple[str, str], _Json] = {}
        units = 0.0
        backoff = self._api.backoff()
        while True:
            answer = self._api.call("BatchGetItem", f"{self._read_start}{','.join(keys)}]}}}}}}")
            got = answer.get("Responses", {}).get(self._table, [])
            for item in got:
                found[item["sku"]["S"], item["location"]["S"]] = item
            left = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            units += _units(answer, len(keys) - len(left))
            if not left:
                break
            if len(left) < len(keys):
                backoff.progress()
            keys = [json.dumps(key) for key in left]
            backoff.pause_throttled(f"{len(left)} unprocessed keys")
        if not found:
            return [None] * len(rows), units
        # Compared here, answer by answer, the items are still in the processor's cache.
        return [_stored(found.get((row.sku, row.location)), row) for row in rows], units

    def write(
        self, changes: Sequence[Change], *, version: ObjectVersion, written_at: str
    ) -> list[Change]:
        """Write each change if what was read is still there; see `ports.ItemStore`."""
        statements = self._statements.of(changes, version, written_at)
        pairs = list(zip(changes, statements, strict=True))
        # Every request takes from the whole batch: a file in order of SKUs would otherwise send all
        # requests that are in flight to the one partition of a SKU with many locations, which
        # takes 1,000 units a second.
        # Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
        requests = -(-len(pairs) // _STATEMENTS_PER_WRITE)
        chunks = [pairs[first::requests] for first in range(requests)]
        refused: list[Change] = []
        for some, units in self._api.each(self._write_statements, chunks):
            refused += some
            self._usage.write_units += units
        return refused

    def written_by(
        self, version: ObjectVersion, start: str, *, feed: str = ""
    ) -> tuple[list[OwnItem], list[OwnItem], str]:
        """Items that a version wrote, on one page of the table; see `ports.ItemStore`."""
        request: _Json = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
            "FilterExpression": "contains(#t, :hash)",
            "ProjectionExpression": "#s, #l, #t, #o, #q, #a, #w",
            "ExpressionAttributeNames": {
                "#s": "sku",
                "#l": "location",
                "#t": "order_token",
                "#o": "source",
                "#q": "quantity",
                "#a": "attributes",
                "#w": "written_at",
            },
            "ExpressionAttributeValues": {":hash": {"S": f"#{object_hash(version.object_id)}"}},
        }
        if feed:
            request["FilterExpression"] += " OR contains(#t, :implied)"
            request["ExpressionAttributeValues"][":implied"] = {"S": IMPLIED}
        if start:
            request["ExclusiveStartKey"] = json.loads(start)
        answer = self._api.call("Scan", request)
        self._usage.read_units += _units(answer, 1.0)
        own: list[OwnItem] = []
        implied: list[OwnItem] = []
        for item in answer["Items"]:
            source = item["source"]["M"]
            if _is_of(version, source):
                own.append(_own_item(item))
            elif feed and IMPLIED in item["order_token"]["S"]:
                implied += [_own_item(item)] if source["key"]["S"].startswith(feed) else []
        following = answer.get("LastEvaluatedKey")
        return own, implied, "" if following is None else json.dumps(following)

    def delete(self, items: Sequence[OwnItem]) -> None:
        """Delete each item unless somebody else has written it; see `ports.ItemStore`."""
        for units in self._api.each(self._delete, items):
            self._usage.write_units += units

    def _delete(self, item: OwnItem) -> float:
        request = {
            "TableName": self._table,
            "Key": {"sku": {"S": item.sku}, "location": {"S": item.location}},
            "ConditionExpression": "order_token = :token",
            "ExpressionAttributeValues": {":token": {"S": item.token}},
            "ReturnConsumedCapacity": "TOTAL",
        }
        try:
            answer = self._api.call("DeleteItem", request)
        except ConditionFailedError:
            return 1.0
        return _units(answer, 1.0)

    def _write_statements(self, pairs: list[tuple[Change, str]]) -> tuple[list[Change], float]:
        refused: list[Change] = []
        units = 0.0
        backoff = self._api.backoff()
        while True:
            statements = ",".join([statement for _, statement in pairs])
            answer = self._api.call(
                "BatchExecuteStatement",
                f'{{"ReturnConsumedCapacity":"TOTAL","Statements":[{statements}]}}',
            )
            responses = answer["Responses"]
            units += _units(answer, len(pairs))
            left: list[tuple[Change, str]] = []
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


def _own_item(item: _Json) -> OwnItem:
    return OwnItem(item["sku"]["S"], item["location"]["S"], item["order_token"]["S"], *_past(item))


def _is_of(version: ObjectVersion, source: _Json) -> bool:
    """Tell whether an item's source is this version, as far as it says."""
    named = source["key"]["S"], source.get("version_id", _ABSENT)["S"]
    return named == (version.key, version.version_id)


def _key_end(location: str) -> str:
    """The text of a key from behind its SKU on."""
    return f'}},"location":{{"S":{text_of(location)}}}}}'


def _stored(item: _Json | None, row: Row) -> Stored | None:
    if item is None:
        return None
    token = item["order_token"]["S"] if "order_token" in item else ""
    # As in the reader, a tuple is made without the named one's call.
    quantity = item["quantity"].get("N", "") if "quantity" in item else ""
    return tuple.__new__(Stored, (token, _equal(item, row), tuple(item), quantity, *_past(item)))


def _past(item: _Json) -> tuple[str, str]:
    """Stock of an item, "" where it was removed; and when it was written."""
    get = item.get
    removed = "attributes" in item and REMOVED in (item["attributes"].get("M") or ())
    stock = "" if removed else get("quantity", _ABSENT).get("N") or ""
    return stock, get("written_at", _ABSENT).get("S") or NO_TIME


def _equal(item: _Json, row: Row) -> bool:
    """Tell whether an item says what a row states, in type and text, and nothing more."""
    get = item.get
    try:
        return (
            item["quantity"]["N"] == row.quantity
            and get("name", _ABSENT)["S"] == row.name
            and get("category", _ABSENT)["S"] == row.category
            and get("unit_price", _ABSENT)["N"] == row.unit_price
            and get("currency", _ABSENT)["S"] == row.currency
            and get("reorder_point", _ABSENT)["N"] == row.reorder_point
            and (
                get("attributes", _ABSENT)["M"]
                == {name: {"S": text} for name, text in row.attributes.items()}
                if row.attributes
                else "attributes" not in item
            )
        )
    except KeyError:
        return False  # an attribute of another type, which something else wrote


def _units(answer: _Json, otherwise: float) -> float:
    consumed = answer.get("ConsumedCapacity")
    if not consumed:
        return otherwise
    if isinstance(consumed, dict):
        consumed = [consumed]
    return float(sum(entry.get("CapacityUnits", 0.0) for entry in consumed))
