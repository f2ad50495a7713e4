"""The reconcile: every version has one terminal record, or is sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from inventory.domain.ledger import LEASE, Record, Status, run_name

from fakes import BEGIN, Clock, MemoryObjects, MemoryQueue
from inventory.domain.order import timestamp
from inventory.domain.ports import Deadline
from inventory.domain.reconcile import Reconcile, Reconciliation

NOW = BEGIN + timedelta(hours=5)


class Ledger:
    """Records by object id; counts the reads."""

    def __init__(self, records: dict[str, Record]) -> None:
        self.records = records
        self.asked: list[int] = []

    def get_many(self, object_ids: list[str]) -> dict[str, Record]:
        """The records that exist."""
        self.asked.append(len(object_ids))
        return {name: self.records[name] for name in object_ids if name in self.records}


def _reconcile(
    objects: MemoryObjects, ledger: Ledger, *, left: float = 300
) -> tuple[Reconciliation, MemoryQueue]:
    queue = MemoryQueue()
    reconcile = Reconcile(
        listing=objects,
        ledger=ledger,
        work=queue,
        deadline=Deadline(),
        now=Clock(NOW),
        deadline_minutes=60,
    )
    return reconcile.run(time_left=lambda: left), queue


@pytest.mark.parametrize(
    ("record", "sent_again"),
    [
        (None, "missing"),
        (Record(status=Status.COMPLETED), None),
        (Record(status=Status.FAILED), None),
        (Record(status=Status.IN_PROGRESS, lease_until=timestamp(NOW)), "expired"),
        (Record(status=Status.IN_PROGRESS, lease_until=timestamp(NOW + LEASE)), None),
        (Record(status=Status.IN_PROGRESS), "expired"),
        (
            Record(status=Status.COMPLETED, open_runs=frozenset({run_name(BEGIN, "d")})),
            "unattended",
        ),
        (Record(status=Status.COMPLETED, open_runs=frozenset({run_name(NOW, "d")})), None),
    ],
)
def test_only_unfinished_versions_come_again(record: Record | None, sent_again: str | None) -> None:
    """Each state of a record, and whether its version is sent to the work queue."""
    objects = MemoryObjects()
    version = objects.put("a.csv", "a", sequencer="0A")
    ledger = Ledger({version.object_id: record} if record else {})
    result, queue = _reconcile(objects, ledger)
    assert [message.version.object_id for message in queue.messages] == (
        [version.object_id] if sent_again else []
    )
    assert result.redriven == (1 if sent_again else 0)
    if sent_again:
        assert getattr(result, sent_again) == 1
    assert result.versions == result.terminal + result.running + result.redriven


@pytest.mark.parametrize(("minutes", "looked_at"), [(59, 0), (60, 1), (61, 1)])
def test_young_versions_are_left_alone(minutes: int, looked_at: int) -> None:
    """Only versions past the deadline must have a record."""
    objects = MemoryObjects()
    objects.put("a.csv", "a", last_modified=NOW - timedelta(minutes=minutes))
    result, _ = _reconcile(objects, Ledger({}))
    assert looked_at == result.versions


def test_versions_are_looked_at_in_bounded_pieces() -> None:
    """No more than one request's worth is held at a time."""
    objects = MemoryObjects()
    for number in range(250):
        objects.put(f"{number}.csv", "a")
    ledger = Ledger({})
    result, queue = _reconcile(objects, ledger)
    assert ledger.asked == [100, 100, 50]
    assert result.missing == len(queue.messages) == 250
    assert result.finished


def test_running_out_of_time_is_said() -> None:
    """A count that did not get to the end does not pass for one that did."""
    objects = MemoryObjects()
    objects.put("a.csv", "a")
    result, queue = _reconcile(objects, Ledger({}), left=14)
    assert not result.finished
    assert queue.messages == []
