"""A report is entered once, whatever gets lost on the way."""

from __future__ import annotations

from typing import Any

from inventory.adapters.dynamodb_api import DynamoDbApi, TransientError
from inventory.adapters.dynamodb_jobs import DynamoDbJobs
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.jobs import SegmentReport
from inventory.domain.ports import ConsumedCapacity, Deadline
from service_models import problems

REPORT = SegmentReport(attempt="run", end_byte=9, end_line=2, ended=True)


def test_another_attempt_at_a_transaction_is_known_as_the_same() -> None:
    """And another transaction is not, whatever it writes."""
    requests: list[Any] = []

    def transport(operation: str, payload: Any) -> dict[str, Any]:
        requests.append(payload)
        assert problems(f"DynamoDB_20120810.{operation}", payload) == []
        if len(requests) == 1:
            raise TransientError("ReadTimeoutError", "its answer is lost")
        return {}

    deadline = Deadline()
    deadline.start(lambda: 900)
    api = DynamoDbApi(transport, deadline, sleep=lambda _: None)
    jobs = DynamoDbJobs(PartitionedTable(api, "lanes", ConsumedCapacity()))
    for _ in range(2):
        assert jobs.enter("job", 1, 1, REPORT, expires_at=2_000_000_000) == REPORT

    first, again, other = (each["ClientRequestToken"] for each in requests)
    assert first == again != other
