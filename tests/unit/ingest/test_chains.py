"""Chains of messages that do not end by themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fakes import BEGIN, World
from ingest_steps import looks, put, quantities
from inventory.domain import work
from inventory.domain.work import Delivery, Kind, WorkMessage
from inventory.handlers.deliveries import from_work_record

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion

FEW = 5


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many messages may follow from each other."""
    monkeypatch.setattr(work, "MOST_HOPS", FEW)


def deliver_all(world: World, first: Delivery) -> int:
    """Deliver, and then every message as SQS gives it, until none is left; how many there were."""
    delivery, hops = first, 0
    while True:
        world.ingest(batch_rows=1).run(delivery, time_left=looks(3))
        if not world.work.messages:
            return hops
        text = world.work.messages.pop().to_text()
        hops += 1
        delivery = from_work_record(f"{first.delivery_id}-{hops}", text, 0)


def created(version: ObjectVersion) -> Delivery:
    """The event of a version."""
    return Delivery(kind=Kind.CREATED, version=version, delivery_id="event")


def test_a_chain_that_is_too_long_ends_in_the_dead_letter_queue_and_may_go_on() -> None:
    """Each redrive begins a new one, from where the last report stands."""
    world = World()
    version = put(world, *(f"S{number},x,{number},," for number in range(3 * FEW)))
    assert deliver_all(world, created(version)) == FEW
    for redrives in range(1, 9):
        (letter, code) = world.ended.messages.pop()
        assert (code, letter.version, world.ended.messages) == ("ChainTooLong", version, [])
        assert world.record(version)["status"] == "IN_PROGRESS"
        again = from_work_record(f"again-{redrives}", letter.to_text(), 0)
        assert deliver_all(world, again) <= FEW
        if not world.ended.messages:
            break
    assert redrives == 2
    assert world.record(version)["status"] == "COMPLETED"
    assert quantities(world) == {f"S{number}": str(number) for number in range(3 * FEW)}


def test_every_kind_of_message_counts() -> None:
    """Withdrawals and rechecks go through the same door."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver_all(world, created(version))
    task = {"asked_at": "2027-01-01T00:00:00Z", "by": "somebody"}
    withdrawal = Delivery(
        kind=Kind.WITHDRAW, version=version, delivery_id="w", task=task, hops=FEW - 1
    )
    world.ingest().run(withdrawal, time_left=lambda: 900.0)
    assert [each.hops for each in world.work.delayed] == [FEW]
    waits = WorkMessage(kind=Kind.WITHDRAW, version=version, hops=FEW)
    world.ingest().run(from_work_record("waits", waits.to_text(), 0), time_left=lambda: 900.0)
    ((ended, _),) = world.ended.messages
    assert (ended.kind, ended.hops, len(world.work.delayed)) == (Kind.WITHDRAW, 0, 1)


def test_workers_know_how_old_their_version_is() -> None:
    """Within a quarter of an hour of its upload, that S3 does not find it proves nothing."""
    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,")
    world.ingest(batch_rows=1).run(created(version), time_left=looks(3))
    (message,) = world.work.messages
    body = json.loads(message.to_text())
    assert body["kind"] == "segment"
    assert WorkMessage.from_body(body).version.stored_at == BEGIN
