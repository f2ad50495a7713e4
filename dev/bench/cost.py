"""Cost of a nightly snapshot: the whole handler beside Table.batch_writer.

Both deliver the same files into tables in memory, and every request is metered by the service's
rules: those of the ledger and the lanes, to S3 and to EventBridge, included.
"""

from __future__ import annotations

import json
import sys
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from bench import canned, feeds, ingest_paths
from bench.process import result_of
from faults.dynamodb import MemoryDynamoDb
from faults.expressions import item_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

DOLLARS_PER_MILLION_WRITE_UNITS = 0.625
DOLLARS_PER_MILLION_READ_UNITS = 0.125
"""On-demand, us-east-1, strongly consistent reads. Source:
https://aws.amazon.com/dynamodb/pricing/on-demand/ (looked up on 2026-11-22)."""

DOLLARS_PER_MILLION_PUTS = 5.0
DOLLARS_PER_MILLION_GETS = 0.4
"""S3 Standard, us-east-1; HEAD is priced like GET. Source: https://aws.amazon.com/s3/pricing/
(looked up on 2026-11-28)."""

DOLLARS_PER_MILLION_EVENTS = 1.0
"""Events of one's own, up to 64 KB each. Source: https://aws.amazon.com/eventbridge/pricing/
(looked up on 2026-11-28)."""

ROWS, QUICK_ROWS = 50_000, 10_000
CHANGED_PERCENT = (100, 10, 2, 0)

_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096


def run(*, quick: bool) -> dict[str, object]:
    """Meter a snapshot of which more or less changed."""
    rows = QUICK_ROWS if quick else ROWS
    figures: dict[str, object] = result_of("bench.cost", str(rows), **canned.ENVIRONMENT)
    return figures


class Meter:
    """DynamoDB in memory behind HTTP, and the units that its requests consume."""

    def __init__(self) -> None:
        self._tables = MemoryDynamoDb(canned.TABLE_KEYS, metered=True)
        self._one_at_a_time = Lock()
        self.read_units = 0.0
        self.write_units = 0.0
        self.puts = self.gets = self.events = 0

    def s3(
        self, answer: Callable[[AWSPreparedRequest], AWSResponse]
    ) -> Callable[[AWSPreparedRequest], AWSResponse]:
        """Count requests to S3 that somebody answers."""

        def counted(request: AWSPreparedRequest) -> AWSResponse:
            if request.method == "PUT":
                self.puts += 1
            else:
                self.gets += 1
            return answer(request)

        return counted

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer and meter one request."""
        with self._one_at_a_time:
            return self._answered(request)

    def _answered(self, request: AWSPreparedRequest) -> AWSResponse:
        operation = canned.operation_of(request)
        payload = json.loads(cast("bytes", request.body))
        if operation == "PutEvents":
            self.events += len(payload["Entries"])
            return canned.answered(request, b'{"FailedEntryCount":0}')
        largest = self._largest(operation, payload)
        answer = self._tables(operation, payload)
        consumed = answer.get("ConsumedCapacity", [])
        used = sum(
            one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed])
        )
        if operation in {"BatchGetItem", "Query"}:
            # A query that finds nothing costs a unit as well.
            self.read_units += max(used, 1)
        elif operation == "GetItem":
            self.read_units += max(1, -(-item_size(answer.get("Item", {})) // _READ_UNIT_BYTES))
        elif operation == "BatchExecuteStatement":
            self.write_units += used
        else:
            self.write_units += self._written(operation, payload, largest)
        return canned.answered(request, json.dumps(answer).encode())

    def dollars(self) -> float:
        """Price of what was consumed."""
        return (
            self.write_units * DOLLARS_PER_MILLION_WRITE_UNITS
            + self.read_units * DOLLARS_PER_MILLION_READ_UNITS
            + self.puts * DOLLARS_PER_MILLION_PUTS
            + self.gets * DOLLARS_PER_MILLION_GETS
            + self.events * DOLLARS_PER_MILLION_EVENTS
        ) / 1e6

    def reset(self) -> None:
        """Begin to count again."""
        self.read_units = self.write_units = 0.0
        self.puts = self.gets = self.events = 0

    def _largest(self, operation: str, payload: dict[str, Any]) -> int:
        """Size before an update, which counts if it is the larger one."""
        if operation != "UpdateItem":
            return 0
        table = self._tables.tables[payload["TableName"]]
        return item_size(table.items.get(table.key_of(payload["Key"]), {}))

    def _written(self, operation: str, payload: dict[str, Any], before: int) -> int:
        if operation == "PutItem":
            return _write_units(payload["Item"])
        if operation == "UpdateItem":
            table = self._tables.tables[payload["TableName"]]
            after = item_size(table.items[table.key_of(payload["Key"])])
            return -(-max(before, after) // _WRITE_UNIT_BYTES)
        if operation == "BatchWriteItem":
            puts = [one for requests in payload["RequestItems"].values() for one in requests]
            return sum(_write_units(one["PutRequest"]["Item"]) for one in puts)
        if operation == "TransactWriteItems":
            # Each action counts twice; those of the ledger are about one item of one unit each.
            return 2 * len(payload["TransactItems"])
        raise NotImplementedError(operation)


def _write_units(item: dict[str, Any]) -> int:
    return -(-item_size(item) // _WRITE_UNIT_BYTES)


def _ours(body: bytes, meter: Meter, reports: canned.Reports, night: int) -> None:
    uploads = canned.Uploads(len(body), lambda start: canned.Body(body[start:]), night)
    with canned.answering(meter, meter.s3(uploads), meter.s3(reports)):
        ingest_paths.ours(body, f"v{night}")


def _batch_writer(body: bytes, meter: Meter) -> None:
    with canned.answering(meter):
        ingest_paths.batch_writer(body)


def _main(rows: int) -> None:
    figures: dict[str, Any] = {}
    for percent in CHANGED_PERCENT:
        first, second = feeds.snapshot(rows), feeds.snapshot(rows, changed_percent=percent)
        ours, peer, reports = Meter(), Meter(), canned.Reports()
        _ours(first, ours, reports, 1)
        if percent == CHANGED_PERCENT[0]:
            size = sum(map(len, reports.files.values()))
            figures["fingerprints_share_of_file"] = round(size / len(first), 3)
        ours.reset()
        _ours(second, ours, reports, 2)
        _batch_writer(second, peer)
        of_row = 1000 / rows
        figures[f"cost_{percent}_percent_changed"] = {
            name: {
                "write units per 1,000 rows": round(meter.write_units * of_row, 1),
                "read units": round(meter.read_units * of_row, 1),
                "S3 puts": round(meter.puts * of_row, 3),
                "S3 gets": round(meter.gets * of_row, 3),
                "$ per million rows": round(meter.dollars() * 1e6 / rows, 4),
            }
            for name, meter in (("ours", ours), ("batch_writer", peer))
        }
        ratio = f"cost_ratio_batch_writer_to_ours_{percent}_percent_changed"
        figures[ratio] = round(peer.dollars() / ours.dollars(), 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
