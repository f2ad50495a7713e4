"""Reports of parts in memory and on the local cloud: entered once, counted once, also at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from fakes import MemoryDynamoDb
from inventory.adapters.dynamodb_api import DynamoDbApi, SignedTransport
from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.adapters.dynamodb_parts import DynamoDbParts
from inventory.domain.chunks.model import PartReport, Place
from inventory.domain.ports import Deadline, Usage

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

REPORT = PartReport(start_byte=1, start_line=2, rejects_key="parts/ø")
KEYS = {"lanes": ("lane", "position"), "ingestions": ("object_id",)}


@pytest.fixture(params=["memory", "local cloud"])
def tables(
    request: pytest.FixtureRequest, emulated: EmulatedResources, monkeypatch: pytest.MonkeyPatch
) -> tuple[DynamoDbParts, DynamoDbLedger, Any]:
    """Adapters and an API over the fake, then over the local cloud."""
    names = {kind: f"{emulated.name}-{kind}" for kind in KEYS}
    transport: Any = MemoryDynamoDb({names[kind]: keys for kind, keys in KEYS.items()})
    if request.param != "memory":
        for name, value in emulated.cloud.variables().items():
            monkeypatch.setenv(name, value)
        for kind, keys in KEYS.items():
            emulated.cloud.client("dynamodb").create_table(
                TableName=names[kind],
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
                KeySchema=[
                    {"AttributeName": k, "KeyType": t}
                    for k, t in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        transport = SignedTransport(botocore.session.get_session())
    api = DynamoDbApi(transport, Deadline())
    usage = Usage()
    put = {
        "TableName": names["ingestions"],
        "Item": {
            "object_id": {"S": "o"},
            "status": {"S": "IN_PROGRESS"},
            "open_runs": {"SS": ["run"]},
        },
    }
    api.call("PutItem", put)
    return (
        DynamoDbParts(api, names["lanes"], usage),
        DynamoDbLedger(api, names["ingestions"], usage),
        transport,
    )


def test_a_report_is_entered_and_counted_once(tables: Any) -> None:
    """Also one that goes on, which is counted when its range ends."""
    parts, _, _ = tables
    first, second = Place(1, 3, 0), Place(1, 3, 1)

    assert parts.enter("job", first, replace(REPORT, going_on=True), expires_at=2_000_000_000)
    assert not parts.enter("job", first, REPORT, expires_at=2_000_000_000)
    assert parts.done("job", 1) == 0
    assert parts.enter("job", second, REPORT, expires_at=2_000_000_000)
    assert not parts.enter("job", second, REPORT, expires_at=2_000_000_000)

    assert parts.done("job", 1) == 1
    assert [place for place, _ in parts.reports("job", 1)] == [first, second]
    assert parts.get("job", second) == REPORT
    assert list(parts.reports("job", 2)) == []


def test_reports_that_arrive_at_once_are_all_counted(tables: Any) -> None:
    """Each part twice, from eight workers; the fake is for one thread at a time."""
    parts, _, transport = tables
    workers = 1 if isinstance(transport, MemoryDynamoDb) else 8
    places = [Place(1, chunk, 0) for chunk in range(12)] * 2

    with ThreadPoolExecutor(workers) as pool:
        entered = list(
            pool.map(lambda place: parts.enter("job", place, REPORT, expires_at=9), places)
        )

    assert entered.count(True) == 12
    assert parts.done("job", 1) == 12


def test_progress_only_rises_and_belongs_to_the_run_that_planned(tables: Any) -> None:
    """A report that is late, or of a job that was given up, changes nothing."""
    _, ledger, _ = tables
    ledger.plan("o", "run", 7)
    ledger.progress("o", "run", 5, "2026")
    ledger.progress("o", "run", 3, "2027")
    ledger.progress("o", "other", 6, "2027")

    record = ledger.get("o")

    assert (record.planned_by, record.lease_until) == ("run", "2026")


def test_attempts_come_and_go_in_the_open_runs(tables: Any) -> None:
    """Entering twice is entering once."""
    _, ledger, _ = tables
    ledger.enter("o", "attempt")
    ledger.enter("o", "attempt")
    assert ledger.get("o").open_runs == {"run", "attempt"}

    ledger.leave("o", "attempt")

    assert ledger.get("o").open_runs == {"run"}
