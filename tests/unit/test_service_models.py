"""What AWS would not understand is found, and each of our statements has a twin without PartiQL."""

from __future__ import annotations

import json
from typing import Any

import pytest

import partiql
from faults.dynamodb import MemoryDynamoDb
from inventory.adapters.dynamodb_api import ConditionFailedError, DynamoDbApi
from inventory.adapters.dynamodb_statements import Statements
from inventory.domain.model import ObjectVersion, Row
from inventory.domain.ports import Change, Deadline, Stored
from service_models import documented_requests, problems

__all__ = ["documented_requests"]

KEY = {"sku": {"S": "a"}, "location": {"S": "b"}}
GET = {"TableName": "items", "Key": KEY}
INSERT = "INSERT INTO \"t\" VALUE {'sku': ?, 'location': ?}"
UPDATE = 'UPDATE "t" SET "name"=? REMOVE "category" WHERE "sku"=? AND "location"=?'
PAIR = [{"S": "a"}, {"S": "b"}]


@pytest.mark.parametrize(
    ("operation", "payload", "problem"),
    [
        ("GetItem", {"TableName": "items"}, ": Key is missing"),
        ("GetItem", {**GET, "Consistent": True}, ": Consistent is unknown"),
        ("GetItem", {**GET, "ConsistentRead": "yes"}, ".ConsistentRead: 'yes' is no boolean"),
        ("GetItem", {**GET, "TableName": ""}, ".TableName: 0 is not from 1 to 1024"),
        (
            "GetItem",
            {**GET, "Key": {"sku": {"S": "a", "N": "1"}}},
            ".Key.sku: an attribute value has one type, not ['N', 'S']",
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"items": {"Keys": [KEY] * 101}}},
            ".RequestItems.items.Keys: 101 is not from 1 to 100",
        ),
    ],
)
def test_a_request_that_is_not_in_the_model_is_found(
    operation: str, payload: Any, problem: str
) -> None:
    """Members, types, lengths and numbers."""
    assert problems(f"DynamoDB_20120810.{operation}", payload) == [problem]


def test_an_enumeration_is_known() -> None:
    """As any botocore does not check it."""
    (problem,) = problems("DynamoDB_20120810.GetItem", {**GET, "ReturnConsumedCapacity": "ALL"})
    assert problem.startswith(".ReturnConsumedCapacity: 'ALL' is none of ['INDEXES', 'TOTAL'")


@pytest.mark.parametrize(
    ("text", "parameters", "problem"),
    [
        (INSERT.replace("VALUE", "VALUES"), PAIR, "VALUE is expected, not VALUES"),
        (INSERT.replace("'sku'", '"sku"'), PAIR, 'a name in \' is expected, not "sku"'),
        (INSERT.replace("'location': ?", "'sku': ?"), PAIR, "sku stands there twice"),
        (INSERT.replace("location", "place"), PAIR, "it is not about one primary key"),
        (INSERT.replace('"t"', "t-1"), PAIR, "\"-1 VALUE {'sku': ?, \" is no token"),
        (INSERT + " ?", PAIR, "nothing may follow, not ?"),
        (INSERT, PAIR[:1], "1 parameters, 2 places"),
        (INSERT, [{"S": ""}, {"S": "b"}], "a key of 0 bytes"),
        (INSERT, [{"S": "a"}, {"S": "ø" * 513}], "a key of 1026 bytes"),
        (UPDATE.replace("category", "sku"), [*PAIR, *PAIR], "sku is part of the key, or removed"),
        (UPDATE.replace("category", "name"), [*PAIR, *PAIR], "name is set and removed"),
        (UPDATE.replace(' AND "location"=?', ""), PAIR, "it is not about one primary key"),
        (UPDATE.replace(" WHERE", ", WHERE"), PAIR, "WHERE is expected, not ,"),
    ],
)
def test_a_statement_that_is_not_in_the_grammar_is_found(
    text: str, parameters: Any, problem: str
) -> None:
    """Words, quotes, keys and parameters."""
    statement = {"Statement": text, "Parameters": parameters}
    found = problems("DynamoDB_20120810.BatchExecuteStatement", {"Statements": [statement]})
    assert found == [f"Statements[0]: {problem} in {text}"]


def test_a_batch_that_writes_an_item_twice_is_found() -> None:
    """Whichever of two came last would stay."""
    statements = [
        {"Statement": INSERT, "Parameters": PAIR},
        {"Statement": UPDATE, "Parameters": [{"S": "n"}, *PAIR]},
    ]
    (problem,) = partiql.batch_problems(statements)
    assert problem.startswith("Statements[1]: ('a', 'b') is written twice")


@pytest.mark.usefixtures("documented_requests")
def test_fails_on_a_request_that_is_not_documented() -> None:
    """The fixture looks at what the adapters send."""
    api = DynamoDbApi(lambda *_: {}, Deadline())
    with pytest.raises(AssertionError, match="Key is missing"):
        api.call("GetItem", {"TableName": "items"})


FULL = Row(2, "a", "b", "1", "n", "c", "2.5", "EUR", "3", {"x y": "z"}, None)
BARE = Row(3, "a", "b", "7", None, None, None, None, None, {}, None)
VERSION = ObjectVersion(bucket="b", key="k'\"?", version_id="v", etag="e", size_bytes=1)


def _stored(row: Row, token: str) -> Stored:
    optional = ("name", "category", "unit_price", "currency", "reorder_point")
    names = {"sku", "location", "quantity"} | {each for each in optional if getattr(row, each)}
    names |= {"attributes"} if row.attributes else set()
    return Stored(token, equal=False, names=names)


@pytest.mark.parametrize("held", [None, FULL, BARE])
@pytest.mark.parametrize("row", [FULL, BARE])
@pytest.mark.parametrize("token", ["2026-11-20", ""])
@pytest.mark.parametrize("lost", [False, True])
def test_a_statement_and_its_twin_do_the_same(
    held: Row | None, row: Row, token: str, *, lost: bool
) -> None:
    """For new, replaced and untokened items, and where something else was written since."""
    tables = [MemoryDynamoDb({"items": ("sku", "location")}) for _ in range(2)]
    statements = Statements("items")
    first = json.loads(statements.of([Change(held or row, token, None)], VERSION, "w")[0])
    if held or lost:
        operation, request = partiql.single_request(first["Statement"], first["Parameters"])
        if not token:
            del request["Item"]["order_token"]
        for table in tables:
            table(operation, request)
    stored = _stored(held, "another" if lost and token else token) if held else None
    text = json.loads(statements.of([Change(row, "2026-11-21", stored)], VERSION, "w")[0])

    (response,) = tables[0]("BatchExecuteStatement", {"Statements": [text]})["Responses"]
    refused = False
    try:
        tables[1](*partiql.single_request(text["Statement"], text["Parameters"]))
    except ConditionFailedError:
        refused = True

    assert ("Error" in response) == refused == (lost and (held is None or bool(token)))
    assert tables[0].tables["items"].items == tables[1].tables["items"].items
