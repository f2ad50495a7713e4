"""Equality decides what is not written, so an item that differs in anything must be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from faults.dynamodb import MemoryDynamoDb
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.adapters.dynamodb_statements import Statements
from inventory.domain.model import ObjectVersion, Row
from inventory.domain.ports import Change, ConsumedCapacity, Deadline

ROW = Row(2, 'S"1', "x", "5", "Näme", "Toys", "1.5", "EUR", "3", {'a"b': "c\n"}, None)
ITEM: dict[str, Any] = {
    "sku": {"S": 'S"1'},
    "location": {"S": "x"},
    "quantity": {"N": "5"},
    "name": {"S": "Näme"},
    "category": {"S": "Toys"},
    "unit_price": {"N": "1.5"},
    "currency": {"S": "EUR"},
    "reorder_point": {"N": "3"},
    "attributes": {"M": {'a"b': {"S": "c\n"}}},
}
BARE = ROW._replace(
    name=None, category=None, unit_price=None, currency=None, reorder_point=None, attributes={}
)
OPTIONAL = ("name", "category", "unit_price", "currency", "reorder_point", "attributes")


def _equal(item: dict[str, Any], row: Row) -> bool:
    tables = MemoryDynamoDb({"items": ("sku", "location")})
    tables("PutItem", {"TableName": "items", "Item": item})
    items = DynamoDbItems(DynamoDbApi(tables, Deadline(), in_flight=1), "items", ConsumedCapacity())
    (stored,) = items.read([row])
    assert stored is not None
    return stored.equal


def test_an_item_of_the_same_content_is_equal_wherever_it_came_from() -> None:
    """Token, time and source are no content."""
    assert _equal({**ITEM, "order_token": {"S": "t"}, "as_of": {"S": "t"}}, ROW)


@pytest.mark.parametrize("name", OPTIONAL)
def test_fails_to_be_equal_without_an_attribute(name: str) -> None:
    """An attribute that only the row has, or only the item, must be written or removed."""
    assert not _equal({key: value for key, value in ITEM.items() if key != name}, ROW)
    key = {"sku": ITEM["sku"], "location": ITEM["location"], "quantity": ITEM["quantity"]}
    assert _equal(key, BARE)
    assert not _equal({**key, name: ITEM[name]}, BARE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", {"N": "6"}),
        ("quantity", {"S": "5"}),
        ("quantity", {"NULL": True}),
        ("name", {"S": "Name"}),
        ("category", {"S": "toys"}),
        ("unit_price", {"N": "1.51"}),
        ("unit_price", {"S": "1.5"}),
        ("currency", {"S": "USD"}),
        ("reorder_point", {"N": "4"}),
        ("attributes", {"M": {'a"b': {"S": "d"}}}),
        ("attributes", {"M": {'a"b': {"S": "c\n"}, "e": {"S": "f"}}}),
        ("attributes", {"S": "c"}),
    ],
)
def test_fails_to_be_equal_when_a_value_or_its_type_differs(name: str, value: Any) -> None:
    """Every attribute counts, and a number in a text is another value."""
    assert not _equal({**ITEM, name: value}, ROW)


@pytest.mark.parametrize("present", range(1 << len(OPTIONAL)))
def test_every_shape_of_row_becomes_the_item_it_states(present: int) -> None:
    """Statements are made of text, so each combination of attributes is read back."""
    absent = {name for bit, name in enumerate(OPTIONAL) if not present >> bit & 1}
    changes: dict[str, Any] = {name: {} if name == "attributes" else None for name in absent}
    row = ROW._replace(**changes)
    version = ObjectVersion(bucket="b", key='k"', version_id=None, etag="e", size_bytes=1)
    tables = MemoryDynamoDb({"items": ("sku", "location")})
    statements = Statements("items").of([Change(row, "t" * 30, None)], version, "now")
    tables("BatchExecuteStatement", f'{{"Statements":[{",".join(statements)}]}}')
    (item,) = tables.tables["items"].items.values()
    assert item == {
        **{name: value for name, value in ITEM.items() if name not in absent},
        "order_token": {"S": "t" * 30},
        "as_of": {"S": "t" * 27},
        "written_at": {"S": "now"},
        "source": {"M": {"bucket": {"S": "b"}, "key": {"S": 'k"'}, "line": {"N": "2"}}},
    }
    assert json.loads(statements[0])["Parameters"][0] == {"S": 'S"1'}
