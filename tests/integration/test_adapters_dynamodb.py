"""The same cases on DynamoDB in memory and on the local cloud, so that the fake is honest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from inventory.adapters.dynamodb_lanes import DynamoDbLanes
from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.domain.ledger import Mode, RunReport, Status, admit

from fakes import BEGIN, MemoryDynamoDb
from inventory.adapters.dynamodb_api import (
    ConditionFailedError,
    DynamoDbApi,
    DynamoDbError,
    SignedTransport,
)
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.domain.model import Counts, ObjectVersion, Row
from inventory.domain.ports import Change, Deadline, Usage
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

KEYS = {
    "items": ("sku", "location"),
    "ingestions": ("object_id",),
    "lanes": ("lane", "position"),
}
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


@dataclass
class Adapters:
    """The three adapters over one set of tables."""

    api: DynamoDbApi
    names: dict[str, str]
    usage: Usage

    @property
    def items(self) -> DynamoDbItems:
        """The items table."""
        return DynamoDbItems(self.api, self.names["items"], self.usage)

    @property
    def lanes(self) -> DynamoDbLanes:
        """The lanes table."""
        return DynamoDbLanes(self.api, self.names["lanes"], self.usage)

    @property
    def ledger(self) -> DynamoDbLedger:
        """The ingestions table."""
        return DynamoDbLedger(self.api, self.names["ingestions"], self.usage)

    def stored(self, row: Row) -> dict[str, Any] | None:
        """The item of a row's key."""
        key = {"sku": {"S": row.sku}, "location": {"S": row.location}}
        payload = {"TableName": self.names["items"], "Key": key, "ConsistentRead": True}
        return self.api.call("GetItem", payload).get("Item")

    def write(self, *changes: Change) -> list[Change]:
        """Write changes of `VERSION`."""
        return self.items.write(changes, version=VERSION, written_at=AT)


@pytest.fixture(params=["memory", "local cloud"])
def adapters(
    request: pytest.FixtureRequest, emulated: EmulatedResources, monkeypatch: pytest.MonkeyPatch
) -> Adapters:
    """Adapters over the fake, then over the local cloud."""
    names = {kind: f"{emulated.name}-{kind}" for kind in KEYS}
    if request.param == "memory":
        transport: Any = MemoryDynamoDb({names[kind]: keys for kind, keys in KEYS.items()})
    else:
        for name, value in emulated.cloud.variables().items():
            monkeypatch.setenv(name, value)
        dynamodb = emulated.cloud.client("dynamodb")
        for kind, keys in KEYS.items():
            dynamodb.create_table(
                TableName=names[kind],
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
                KeySchema=[
                    {"AttributeName": k, "KeyType": t}
                    for k, t in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        transport = SignedTransport(botocore.session.get_session())
    return Adapters(DynamoDbApi(transport, Deadline()), names, Usage())


def _token(number: int) -> str:
    return f"{AT}#{number:032d}#000000000002#0123abcd"


def test_an_item_comes_back_as_it_was_written(adapters: Adapters) -> None:
    """Quotes, non-ASCII, newlines and 29-digit numbers survive, and compare as equal."""
    assert adapters.write(Change(ROW, _token(1), None)) == []
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert (stored.token, stored.equal, stored.quantity) == (_token(1), True, ROW.quantity)
    item = adapters.stored(ROW)
    assert item is not None
    assert item["source"]["M"] == {
        "bucket": {"S": "uploads"},
        "key": {"S": VERSION.key},
        "version_id": {"S": "v1"},
        "line": {"N": "2"},
    }
    assert item["as_of"] == {"S": AT}


def test_every_difference_in_content_is_seen(adapters: Adapters) -> None:
    """Each attribute makes an item differ; provenance does not."""
    adapters.write(Change(ROW, _token(1), None))
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


def test_an_insert_fails_where_something_is_stored(adapters: Adapters) -> None:
    """The refused change comes back and the item stays."""
    adapters.write(Change(ROW, _token(1), None))
    change = Change(ROW._replace(quantity="5"), _token(2), None)
    assert adapters.write(change) == [change]
    item = adapters.stored(ROW)
    assert item is not None
    assert item["quantity"] == {"N": ROW.quantity}


def test_an_update_replaces_the_whole_item(adapters: Adapters) -> None:
    """Attributes that the newer row lacks are gone, and come back with the next."""
    adapters.write(Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([BARE])
    assert adapters.write(Change(BARE, _token(2), stored)) == []
    item = adapters.stored(ROW)
    assert item is not None
    names = {"order_token", "as_of", "source", "written_at"}
    assert {k: v for k, v in item.items() if k not in names} == {
        "sku": {"S": BARE.sku},
        "location": {"S": BARE.location},
        "quantity": {"N": BARE.quantity},
    }
    (stored,) = adapters.items.read([ROW])
    assert adapters.write(Change(ROW, _token(3), stored)) == []
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert stored.equal


def test_an_update_fails_when_the_item_is_not_the_one_read(adapters: Adapters) -> None:
    """Whoever comes second reads again."""
    adapters.write(Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([ROW])
    adapters.write(Change(BARE, _token(2), stored))
    change = Change(ROW, _token(3), stored)
    assert adapters.write(change) == [change]
    item = adapters.stored(ROW)
    assert item is not None
    assert item["order_token"] == {"S": _token(2)}


def test_an_update_fails_where_nothing_is_stored(adapters: Adapters) -> None:
    """An item that somebody deleted is not made again by halves."""
    adapters.write(Change(ROW, _token(1), None))
    (stored,) = adapters.items.read([ROW])
    change = Change(ROW._replace(sku="other"), _token(2), stored)
    assert adapters.write(change) == [change]
    assert adapters.stored(change.row) is None


def test_an_item_without_token_can_be_replaced_once(adapters: Adapters) -> None:
    """What was written by hand counts as oldest."""
    item = {"sku": {"S": ROW.sku}, "location": {"S": ROW.location}, "quantity": {"N": "9"}}
    adapters.api.call("PutItem", {"TableName": adapters.names["items"], "Item": item})
    (stored,) = adapters.items.read([ROW])
    assert stored is not None
    assert stored.token == ""
    change = Change(ROW, _token(1), stored)
    assert adapters.write(change) == []
    assert adapters.write(change) == [change]


def test_more_rows_than_a_request_takes_are_spread_over_several(adapters: Adapters) -> None:
    """230 rows, of which some are refused, come back row by row."""
    rows = [ROW._replace(sku=f"s{number:03d}") for number in range(230)]
    adapters.write(*(Change(row, _token(1), None) for row in rows[::10]))
    changes = [Change(row, _token(2), None) for row in rows]
    refused = adapters.write(*changes)
    assert {change.row.sku for change in refused} == {row.sku for row in rows[::10]}
    stored = adapters.items.read(rows)
    assert all(one is not None and one.equal for one in stored)
    assert adapters.usage.write_units >= 230


def test_fails_on_a_row_that_dynamodb_refuses(adapters: Adapters) -> None:
    """A mistake of ours is raised and not taken for a refused condition."""
    with pytest.raises(DynamoDbError):
        adapters.write(Change(ROW._replace(quantity="many"), _token(1), None))


def test_known_stock_is_summed_by_location(adapters: Adapters) -> None:
    """Only the locations asked for count."""
    rows = [BARE._replace(sku=str(n), location=f"l{n % 3}", quantity="1.5") for n in range(9)]
    adapters.write(*(Change(row, _token(1), None) for row in rows))
    assert adapters.items.known_stock({"l0", "l1"}, after=None) == (Decimal("9.0"), None)


def test_known_stock_goes_on_after_an_item(adapters: Adapters) -> None:
    """The item itself was counted with the page before."""
    adapters.write(Change(ROW, _token(1), None))
    after = (ROW.sku, ROW.location)
    assert adapters.items.known_stock({ROW.location}, after=after) == (Decimal(0), None)


def test_announcements_are_found_by_their_bound(adapters: Adapters) -> None:
    """Those after a token, in the same lane, with everything needed to deliver them again."""
    later = replace(VERSION, key="later.csv", version_id=None, sequencer="")
    adapters.lanes.announce("7", "b", VERSION, expires_at=1)
    adapters.lanes.announce("7", "d", later, expires_at=1)
    adapters.lanes.announce("8", "d", VERSION, expires_at=1)
    assert list(adapters.lanes.announced_after("7", "c")) == [later]
    assert list(adapters.lanes.announced_after("7", "a")) == [VERSION, later]
    assert list(adapters.lanes.announced_after("7", "e")) == []


def test_a_record_lives_from_its_first_run_to_its_end(adapters: Adapters) -> None:
    """Opened, completed, found, entered again, and closed."""
    ledger = adapters.ledger
    assert ledger.get(VERSION.object_id) is None
    first = _admitted(adapters, Kind.CREATED)
    assert ledger.open(first)
    assert ledger.open(first), "a repeated request finds its own run"
    record = ledger.get(VERSION.object_id)
    assert record is not None
    assert (record.status, record.open_runs) == (Status.IN_PROGRESS, {first.run})
    counts = Counts(rows_read=3, loaded=1, unchanged=2)
    report = RunReport(profile="p", counts=counts, skipped_by_reason={}, finished_at=AT)
    ledger.complete(first, report)
    record = ledger.get(VERSION.object_id)
    assert record is not None
    assert (record.status, record.open_runs, record.base) == (Status.COMPLETED, frozenset(), "b1")
    again = _admitted(adapters, Kind.RECHECK)
    assert again.mode is Mode.RECHECK
    assert ledger.open(again)
    ledger.close(again, written=1)
    assert _counts(adapters) == {"loaded": "2", "unchanged": "1", "rows_read": "3"}
    ledger.fail(first, RunReport(error="late"))
    record = ledger.get(VERSION.object_id)
    assert record is not None
    assert record.status is Status.COMPLETED
    assert ledger.get_many([VERSION.object_id, "no/such"]) == {VERSION.object_id: record}


def test_fails_to_open_a_record_that_changed(adapters: Adapters) -> None:
    """Whoever decided on an older record reads again; a late request changes nothing."""
    stale = _admitted(adapters, Kind.CREATED)
    first = replace(stale, run="another")
    assert adapters.ledger.open(first)
    adapters.ledger.fail(first, RunReport(error="bad", first_error_line=1, finished_at=AT))
    assert not adapters.ledger.open(stale)
    record = adapters.ledger.get(VERSION.object_id)
    assert record is not None
    assert record.status is Status.FAILED


def test_fails_on_a_condition_that_does_not_hold(adapters: Adapters) -> None:
    """The error has a class of its own."""
    payload = {
        "TableName": adapters.names["ingestions"],
        "Key": {"object_id": {"S": "x"}},
        "UpdateExpression": "SET accepted = :yes",
        "ConditionExpression": "attribute_exists(object_id)",
        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
    }
    with pytest.raises(ConditionFailedError):
        adapters.api.call("UpdateItem", payload)


def _admitted(adapters: Adapters, kind: Kind) -> Any:
    return admit(
        adapters.ledger.get(VERSION.object_id),
        kind=kind,
        version=VERSION,
        base="b1",
        delivery_id="d",
        now=BEGIN,
    )


def _counts(adapters: Adapters) -> dict[str, str]:
    payload = {
        "TableName": adapters.names["ingestions"],
        "Key": {"object_id": {"S": VERSION.object_id}},
        "ConsistentRead": True,
    }
    item = adapters.api.call("GetItem", payload)["Item"]
    return {name: item[name]["N"] for name in ("loaded", "unchanged", "rows_read")}
