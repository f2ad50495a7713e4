"""Reports of the workers of jobs, in the lanes table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from inventory.adapters.dynamodb_api import ConditionFailedError
from inventory.domain.errors import RetryableError
from inventory.domain.jobs import WEIGHER, SegmentReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.adapters.dynamodb_table import PartitionedTable

_Json = dict[str, Any]

_HIGHEST = "~"  # sorts after every digit
_DONE = "done"


class DynamoDbJobs:
    """The lanes table behind `ports.JobReports`.

    Partition `job#<job>`; position `<worker>#<segment>` for a report, `done` for the number of
    workers that are done. Idempotency: a report is put on the condition that there is none, and
    the number is raised in the same transaction.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def get(self, job: str, worker: int, segment: int) -> SegmentReport | None:
        """A report; see `ports.JobReports`."""
        item = self._table.get(f"job#{job}", _position(worker, segment))
        return None if item is None else SegmentReport.from_text(item["report"]["S"])

    def latest(self, job: str, worker: int) -> tuple[int, SegmentReport] | None:
        """The last report of a worker; see `ports.JobReports`."""
        for item in self._of(job, worker, worker, last_first=True, limit=1):
            segment = int(item["position"]["S"].partition("#")[2])
            return segment, SegmentReport.from_text(item["report"]["S"])
        return None

    def enter(
        self, job: str, worker: int, segment: int, report: SegmentReport, *, expires_at: int
    ) -> SegmentReport:
        """Enter a report; see `ports.JobReports`."""
        partition, position = f"job#{job}", _position(worker, segment)
        expires: _Json = {"N": str(expires_at)}
        attributes: _Json = {"report": {"S": report.to_text()}, "expires_at": expires}
        if not report.ended or worker == WEIGHER:
            entered = self._table.put(partition, position, attributes, new=True)
        else:
            put = self._table.putting(partition, position, attributes, new=True)
            count: _Json = {
                "TableName": self._table.name,
                "Key": self._table.key(partition, _DONE),
                "UpdateExpression": "SET expires_at = :expires ADD workers :one",
                "ExpressionAttributeValues": {":expires": expires, ":one": {"N": "1"}},
            }
            entered = self._transact([{"Put": put}, {"Update": count}])
        if entered:
            return report
        # A run that is repeated finds the report of the first time.
        standing = self.get(job, worker, segment)
        if standing is None:
            raise RetryableError(f"job {job}: segment {segment} of worker {worker} has no report")
        return standing

    def _transact(self, items: list[_Json]) -> bool:
        # The token makes an attempt whose answer was lost succeed again, and write nothing.
        # Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        self._table.usage.write_units += 2 * len(items)
        request = {"TransactItems": items, "ClientRequestToken": str(uuid4())}
        try:
            self._table.api.call("TransactWriteItems", request)
        except ConditionFailedError:
            return False
        return True

    def workers_done(self, job: str) -> int:
        """Workers that are done; see `ports.JobReports`."""
        item = self._table.get(f"job#{job}", _DONE)
        return 0 if item is None else int(item["workers"]["N"])

    def all(self, job: str) -> Iterator[SegmentReport]:
        """All reports but the weigher's; see `ports.JobReports`."""
        for item in self._of(job, 0, None):
            yield SegmentReport.from_text(item["report"]["S"])

    def _of(self, job: str, first: int, last: int | None, **how: Any) -> Iterator[_Json]:
        end = "9999" if last is None else f"{last:04d}"
        between = {":from": {"S": f"{first:04d}#"}, ":to": {"S": f"{end}#{_HIGHEST}"}}
        return self._table.query(f"job#{job}", "#p BETWEEN :from AND :to", values=between, **how)


def _position(worker: int, segment: int) -> str:
    return f"{worker:04d}#{segment:06d}"
