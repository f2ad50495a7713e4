"""The ways of getting a file into a table that are measured beside one another.

Each takes a file and does what it would do in Lambda, up to the point where botocore would send a
request.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager, redirect_stdout
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bench import canned, feeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Path = Callable[[bytes], None]

FILES = {"all_new": 0, "2_percent_changed": 2}
"""Percent of its rows that changed, by what figures call the file; of 0, every row is new."""

_ROWS_PER_REQUEST = 25  # the most a BatchWriteItem takes


def ours(body: bytes, version_id: str = "v22") -> None:
    """The processor's handler, whole.

    Raises:
        SystemExit: A row came to another end than being loaded or found unchanged.
    """
    from inventory.handlers.processor import handler

    with redirect_stdout(io.StringIO()) as log:
        handler(canned.event(len(body), version_id), canned.Context())
    metrics = json.loads(log.getvalue().splitlines()[-1])
    counted = metrics["RowsLoaded"][0] + metrics["RowsUnchanged"][0]
    if counted != metrics["RowsRead"][0]:
        raise SystemExit(f"rows were lost: {metrics}")


def batch_writer(body: bytes) -> None:
    """csv.DictReader into boto3's Table.batch_writer."""
    with _table().batch_writer() as batch:
        for row in csv.DictReader(io.StringIO(body.decode())):
            batch.put_item(Item=_item(row))


def put_item(body: bytes) -> None:
    """csv.DictReader and a put_item for every row."""
    table = _table()
    for row in csv.DictReader(io.StringIO(body.decode())):
        table.put_item(Item=_item(row))


def floor(body: bytes) -> None:
    """The least that writing every row takes: csv.reader, JSON, a signature for 25 rows."""
    from botocore.session import get_session

    from inventory.adapters.dynamodb_api import SignedTransport

    transport = SignedTransport(get_session())
    reader = csv.reader(io.StringIO(body.decode()))
    next(reader)
    puts: list[dict[str, Any]] = []
    for sku, location, quantity, name, category, price, currency, reorder in reader:
        item = {
            "sku": {"S": sku},
            "location": {"S": location},
            "quantity": {"N": quantity},
            "name": {"S": name},
            "category": {"S": category},
            "unit_price": {"N": price},
            "currency": {"S": currency},
            "reorder_point": {"N": reorder},
        }
        puts.append({"PutRequest": {"Item": item}})
        if len(puts) == _ROWS_PER_REQUEST:
            transport("BatchWriteItem", {"RequestItems": {canned.ITEMS: puts}})
            puts = []


PATHS: Mapping[str, Path] = {
    "ours": ours,
    "batch_writer": batch_writer,
    "put_item": put_item,
    "floor": floor,
}
"""By the names that figures carry."""


@contextmanager
def with_canned_answers(file: str, rows: int) -> Iterator[bytes]:
    """Have requests answered as if a file lay in the bucket; gives the file.

    Of a file of which not every row is new, the night before has been delivered by ours.
    """
    body = feeds.snapshot(rows, changed_percent=FILES[file])
    before = feeds.snapshot(rows) if FILES[file] else b""
    tape, reports = canned.Tape(stored_answers(before) if before else None), canned.Reports()
    if before:
        first = canned.Uploads(len(before), lambda start: canned.Body(before[start:]), night=21)
        with canned.answering(tape, first, reports):
            ours(before, "v21")
    uploads = canned.Uploads(len(body), lambda start: canned.Body(body[start:]))
    with canned.answering(tape, uploads, reports):
        yield body


def stored_answers(body: bytes) -> Callable[[str, bytes], bytes]:
    """Answers of a table that an earlier delivery of the same rows has filled."""
    items = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(body.decode())), 2):
        price = Decimal(row["unit_price"]).normalize()
        items[row["sku"], row["location"]] = {
            "sku": {"S": row["sku"]},
            "location": {"S": row["location"]},
            "quantity": {"N": row["quantity"]},
            "name": {"S": row["name"]},
            "category": {"S": row["category"]},
            "unit_price": {"N": f"{price:f}"},
            "currency": {"S": row["currency"]},
            "reorder_point": {"N": row["reorder_point"]},
            "order_token": {
                "S": f"2026-11-21T03:00:00.000000Z#{'0' * 32}#{number:012d}#0123abcd",
            },
        }

    def answer(operation: str, request: bytes) -> bytes:
        assert operation == "BatchGetItem"
        keys = json.loads(request)["RequestItems"][canned.ITEMS]["Keys"]
        found = [items[key["sku"]["S"], key["location"]["S"]] for key in keys]
        return json.dumps(
            {
                "ConsumedCapacity": [
                    {"CapacityUnits": float(len(keys)), "TableName": canned.ITEMS}
                ],
                "Responses": {canned.ITEMS: found},
                "UnprocessedKeys": {},
            },
            separators=(",", ":"),
        ).encode()

    return answer


def _table() -> Any:  # noqa: ANN401  boto3 makes the class at run time
    import boto3

    return boto3.resource("dynamodb").Table(canned.ITEMS)


def _item(row: dict[str, str]) -> dict[str, Any]:
    return {
        "sku": row["sku"],
        "location": row["location"],
        "quantity": Decimal(row["quantity"]),
        "name": row["name"],
        "category": row["category"],
        "unit_price": Decimal(row["unit_price"]),
        "currency": row["currency"],
        "reorder_point": Decimal(row["reorder_point"]),
    }
