"""The items table in memory and on the local cloud: the same cases, so that the fake is honest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inventory.adapters.dynamodb_api import DynamoDbError
from inventory.domain.model import ObjectVersion, Row
from inventory.domain.ports import Change

if TYPE_CHECKING:
    from dynamodb_adapters import DynamoDb

VERSION = ObjectVersion(
    bucket="uploads", key="a+b/ø %.csv", version_id="v1", etag="e", size_bytes=7, sequencer="0A"
)
ROW = Row(
    2,
    "00-7/ä\"'",
    'Oslo, "Nord"',
    "12345678901234567890.123456789",
    "Name",
    "Category",
    "1.5",
    "NOK",
    "3",
    {"Bin name": "A'1", "ø": "é\n"},
    None,
)
BARE = ROW._replace(
    name=None, category=None, unit_price=None, currency=None, reorder_point=None, attributes={}
)
AT = "2026-11-22T20:00:00.000000Z"


def _stored(adapters: DynamoDb, row: Row) -> dict[str, Any] | None:
    return adapters.item("items", row.sku, row.location)


def _write(adapters: DynamoDb, *changes: Change) -> list[Change]:
    return adapters.items.write(changes, version=VERSION, written_at=AT)


def _token(number: int) -> str:
    return f"{AT}#{number:032d}#000000000002#0123abcd"


def test_an_item_comes_back_as_it_was_written(adapters: DynamoDb) -> None:
    """Quotes, non-ASCII, newlines and 29-digit numbers survive, and compare as equal."""
    assert _write(adapters, Change(ROW, _token(1), None)) == []
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert (stored.token, stored.equal) == (_token(1), True)
    item = _stored(adapters, ROW)
    assert item is not None
    assert item["source"]["M"] == {
        "bucket": {"S": "uploads"},
        "key": {"S": VERSION.key},
        "version_id": {"S": "v1"},
        "line": {"N": "2"},
    }
    assert item["as_of"] == {"S": AT}


def test_every_difference_in_content_is_seen(adapters: DynamoDb) -> None:
    """Each attribute makes an item differ; provenance does not."""
    _write(adapters, Change(ROW, _token(1), None))
    different = [
        ROW._replace(quantity="1"),
        ROW._replace(name=None),
        ROW._replace(attributes={}),
        ROW._replace(unit_price="1.6"),
    ]
    for row in different:
        (stored,) = adapters.items.read([row])
        assert stored is not None
        assert not stored.equal
    (stored,) = adapters.items.read([ROW._replace(line=9)])
    assert stored is not None
    assert stored.equal


def test_an_insert_fails_where_something_is_stored(adapters: DynamoDb) -> None:
    """The refused change comes back and the item stays."""
    _write(adapters, Change(ROW, _token(1), None))
    change = Change(ROW._replace(quantity="5"), _token(2), None)
    assert _write(adapters, change) == [change]
    item = _stored(adapters, ROW)
    assert item is not None
    assert item["quantity"] == {"N": ROW.quantity}


def test_an_update_replaces_the_whole_item(adapters: DynamoDb) -> None:
    """Attributes that the newer row lacks are gone, and come back with the next."""
    _write(adapters, Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([BARE])
    assert _write(adapters, Change(BARE, _token(2), stored)) == []
    item = _stored(adapters, ROW)
    assert item is not None
    names = {"order_token", "as_of", "source", "written_at"}
    assert {k: v for k, v in item.items() if k not in names} == {
        "sku": {"S": BARE.sku},
        "location": {"S": BARE.location},
        "quantity": {"N": BARE.quantity},
    }
    (stored,) = adapters.items.read([ROW])
    assert _write(adapters, Change(ROW, _token(3), stored)) == []
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert stored.equal


def test_an_update_fails_when_the_item_is_not_the_one_read(adapters: DynamoDb) -> None:
    """Whoever comes second reads again."""
    _write(adapters, Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([ROW])
    _write(adapters, Change(BARE, _token(2), stored))
    change = Change(ROW, _token(3), stored)
    assert _write(adapters, change) == [change]
    item = _stored(adapters, ROW)
    assert item is not None
    assert item["order_token"] == {"S": _token(2)}


def test_an_update_fails_where_nothing_is_stored(adapters: DynamoDb) -> None:
    """An item that somebody deleted is not made again by halves."""
    _write(adapters, Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([ROW])
    change = Change(ROW._replace(sku="other"), _token(2), stored)
    assert _write(adapters, change) == [change]
    assert _stored(adapters, change.row) is None


def test_an_item_without_token_can_be_replaced_once(adapters: DynamoDb) -> None:
    """What was written by hand counts as oldest."""
    item = {"sku": {"S": ROW.sku}, "location": {"S": ROW.location}, "quantity": {"N": "9"}}
    adapters.api.call("PutItem", {"TableName": adapters.names["items"], "Item": item})
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert stored.token == ""
    change = Change(ROW, _token(1), stored)
    assert _write(adapters, change) == []
    assert _write(adapters, change) == [change]


def test_more_rows_than_a_request_takes_are_spread_over_several(adapters: DynamoDb) -> None:
    """230 rows, of which some are refused, come back row by row."""
    rows = [ROW._replace(sku=f"s{number:03d}") for number in range(230)]
    _write(adapters, *(Change(row, _token(1), None) for row in rows[::10]))
    changes = [Change(row, _token(2), None) for row in rows]
    refused = _write(adapters, *changes)
    assert {change.row.sku for change in refused} == {row.sku for row in rows[::10]}
    stored = adapters.items.read(rows)
    assert all(one is not None and one.equal for one in stored)
    assert adapters.usage.write_units >= 230


def test_fails_on_a_row_that_dynamodb_refuses(adapters: DynamoDb) -> None:
    """A mistake of ours is raised and not taken for a refused condition."""
    with pytest.raises(DynamoDbError):
        _write(adapters, Change(ROW._replace(quantity="many"), _token(1), None))
