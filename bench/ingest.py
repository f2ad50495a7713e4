"""The ingest on one vCPU: rows per CPU-second of the whole handler, beside its peers.

Everything runs as in Lambda up to the point where botocore would send a request; there the answer
is taken from a tape instead, alike for all. The runs of a round follow one another, so that what
else the machine does meets all of them, and the fastest of each counts: other work on the machine
only ever adds CPU time, by taking turns in its caches.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import canned, feeds

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]

ROWS, ROUNDS = 60_000, 7
QUICK_ROWS, QUICK_ROUNDS = 20_000, 3
_PUT_ITEM_SHARE = 10
_TIMEOUT_SECONDS = 900

_OURS, _BATCH_WRITER, _PUT_ITEM, _FLOOR = "ours", "batch_writer", "put_item", "floor"
_FILES = {"all_new": 0, "2_percent_changed": 2}


def run(quick: bool) -> dict[str, object]:  # noqa: FBT001  the signature of every group
    """Measure every path on a file of new rows and on a snapshot of which 2% changed.

    Args:
        quick: Fewer and smaller runs.
    """
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS, ROUNDS)
    done = subprocess.run(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", "bench.ingest", str(rows), str(rounds)],
        cwd=ROOT,
        env={**os.environ, **canned.ENVIRONMENT, "PYTHONPATH": "functions"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )
    measured: dict[str, dict[str, float]] = json.loads(done.stdout)
    figures: dict[str, object] = {}
    for file, paths in measured.items():
        figures[f"rows_per_cpu_second_{file}"] = {
            name: round(value) for name, value in paths.items()
        }
        for name in (_BATCH_WRITER, _PUT_ITEM, _FLOOR):
            figures[f"rows_per_cpu_second_vs_{name}_{file}"] = round(paths[_OURS] / paths[name], 2)
    return figures


def stored_answers(body: bytes) -> Callable[[str, bytes], bytes]:
    """Answers of a table that an earlier delivery of the same rows has filled.

    Args:
        body: The earlier file.
    """
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


def ours(body: bytes, tape: canned.Tape) -> None:
    """The processor's handler, whole.

    Args:
        body: The file.
        tape: DynamoDB.
    """
    from inventory.handlers.processor import handler  # noqa: PLC0415  in the measuring process only

    uploads = canned.Uploads(len(body), lambda start: canned.Body(body[start:]))
    with canned.answering(tape, uploads), redirect_stdout(io.StringIO()) as log:
        handler(canned.event(len(body)), canned.Context())
    metrics = json.loads(log.getvalue().splitlines()[-1])
    counted = metrics["RowsLoaded"][0] + metrics["RowsUnchanged"][0]
    if counted != metrics["RowsRead"][0]:
        raise SystemExit(f"rows were lost: {metrics}")


def batch_writer(body: bytes, tape: canned.Tape) -> None:
    """csv.DictReader into boto3's Table.batch_writer.

    Args:
        body: The file.
        tape: DynamoDB.
    """
    table = _table()
    with canned.answering(tape), table.batch_writer() as batch:
        for row in csv.DictReader(io.StringIO(body.decode())):
            batch.put_item(Item=_item(row))


def put_item(body: bytes, tape: canned.Tape) -> None:
    """csv.DictReader and a put_item for every row.

    Args:
        body: The file.
        tape: DynamoDB.
    """
    table = _table()
    with canned.answering(tape):
        for row in csv.DictReader(io.StringIO(body.decode())):
            table.put_item(Item=_item(row))


def floor(body: bytes, tape: canned.Tape) -> None:
    """The least that writing every row takes: csv.reader, JSON, a signature for 25 rows.

    Args:
        body: The file.
        tape: DynamoDB.
    """
    from botocore.session import get_session  # noqa: PLC0415  in the measuring process only

    from inventory.adapters.dynamodb_api import SignedTransport  # noqa: PLC0415

    transport = SignedTransport(get_session())
    reader = csv.reader(io.StringIO(body.decode()))
    next(reader)
    puts: list[dict[str, Any]] = []
    with canned.answering(tape):
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
            if len(puts) == 25:  # noqa: PLR2004  the most a BatchWriteItem takes
                transport("BatchWriteItem", {"RequestItems": {canned.ITEMS: puts}})
                puts = []


def _table() -> Any:  # noqa: ANN401  boto3 makes the class at run time
    import boto3  # noqa: PLC0415  in the measuring process only

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


def _cpu_seconds(path: Callable[[bytes, canned.Tape], None], body: bytes, tape: Any) -> float:  # noqa: ANN401
    gc.collect()
    start = time.process_time()
    path(body, tape)
    return time.process_time() - start


def _main(rows: int, rounds: int) -> None:
    few = rows // _PUT_ITEM_SHARE
    paths = {_OURS: ours, _BATCH_WRITER: batch_writer, _PUT_ITEM: put_item, _FLOOR: floor}
    answers: dict[str, canned.Tape] = {
        "all_new": canned.Tape(),
        "2_percent_changed": canned.Tape(stored_answers(feeds.snapshot(rows))),
    }
    bodies = {file: feeds.snapshot(rows, changed_percent=share) for file, share in _FILES.items()}
    samples: dict[str, dict[str, list[float]]] = {
        file: {name: [] for name in paths} for file in _FILES
    }
    # The first round fills the tapes and every cache; it does not count.
    # What the handler sets for its process must not speed up its peers.
    thresholds = dict.fromkeys(paths, gc.get_threshold())
    # One vCPU, on which threads take turns.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for number in range(rounds + 1):
        for file, body in bodies.items():
            for name, path in paths.items():
                given, count = (feeds.snapshot(few), few) if name == _PUT_ITEM else (body, rows)
                gc.set_threshold(*thresholds[name])
                seconds = _cpu_seconds(path, given, answers[file])
                thresholds[name] = gc.get_threshold()
                if number:
                    samples[file][name].append(count / seconds)
    print(  # noqa: T201  the answer to the process that measures
        json.dumps(
            {
                file: {name: max(values) for name, values in of_file.items()}
                for file, of_file in samples.items()
            }
        )
    )


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
