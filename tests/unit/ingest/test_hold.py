"""Holding a file that would lower the known stock by more than a set share."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from inventory.domain.ledger import Status
from part_world import hold_of

from fakes import BEGIN, World, tiny
from inventory.domain.errors import OutOfTimeError
from inventory.domain.hold import Weighing
from inventory.domain.ingest import Ingest
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from inventory.domain.outcome import Outcome


def _load(world: World, *lines: str, hour: int, share: str = "0.5") -> Outcome:
    version = world.objects.put(
        f"{hour}.csv", tiny(*lines), last_modified=BEGIN + timedelta(hours=hour)
    )
    delivery = Delivery(kind=Kind.CREATED, version=version, delivery_id="d")
    ports = world.ports()
    ingest = Ingest(ports, hold=hold_of(ports, Decimal(share), batch_rows=1000))
    return ingest.run(delivery, time_left=lambda: 900)


def _stocked() -> World:
    """100 pieces known at x, 1,000 at y."""
    world = World()
    _load(world, "A,x,60,,", "B,x,40,,", "C,y,1000,,", hour=1)
    return world


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (["A,x,11,,"], False),
        (["A,x,10,,"], False),
        (["A,x,9.9,,"], True),
        (["A,x,0,,", "B,x,40,,", "A,x,60,,"], False),
        (["A,x,60,,", "B,x,40,,", "A,x,0,,"], True),
        (["A,x,0,,", "C,y,1000,,"], False),
        (["A,x,0,,", "B,x,100,,"], False),
        (["D,z,5,,"], False),
    ],
)
def test_a_file_is_held_only_above_the_share(lines: list[str], held: bool) -> None:  # noqa: FBT001  a parameter of the table
    """Just below, at and above half of the 100 pieces known at x; other locations do not count."""
    world = _stocked()
    before = world.items()
    outcome = _load(world, *lines, hour=2)
    assert (outcome.status is Status.FAILED) == held
    if held:
        assert world.items() == before
        assert outcome.error.startswith("constraint-error: ")
        assert [kind for kind, _ in world.rejects.bodies] == ["file"]


def test_a_stale_file_is_not_held() -> None:
    """Rows that are older than what is stored change nothing."""
    assert _load(_stocked(), "A,x,0,,", hour=0).status is Status.COMPLETED


def test_the_hold_is_off_by_default() -> None:
    """Without the setting nothing is scanned and nothing held."""
    assert _load(_stocked(), "A,x,0,,", "B,x,0,,", hour=2, share="0").status is Status.COMPLETED


def test_a_file_that_was_accepted_is_not_held_half_way() -> None:
    """The verdict stands in the record, because a half loaded file would change it."""
    world = _stocked()
    version = world.objects.put(
        "late.csv", tiny("A,x,50,,"), last_modified=BEGIN + timedelta(hours=3)
    )
    delivery = Delivery(kind=Kind.CREATED, version=version, delivery_id="d")
    ports = world.ports(items=_Breaking)
    breaking = Ingest(ports, hold=hold_of(ports, Decimal("0.5"), batch_rows=1000))
    with pytest.raises(RuntimeError):
        breaking.run(delivery, time_left=lambda: 900)
    assert world.record(version)["accepted"] is True
    ports = world.ports()
    ingest = Ingest(ports, hold=hold_of(ports, Decimal("0.01"), batch_rows=1000))
    assert ingest.run(delivery, time_left=lambda: 900).status is Status.COMPLETED


def test_fails_when_the_time_does_not_suffice_and_nobody_goes_on() -> None:
    """The event comes again; nothing was loaded, and the record stays open."""
    world = _stocked()
    before = world.items()
    version = world.objects.put(
        "long.csv", tiny("A,x,59,,", "B,x,40,,"), last_modified=BEGIN + timedelta(hours=2)
    )
    ports = world.ports()
    ingest = Ingest(ports, hold=hold_of(ports, Decimal("0.5"), batch_rows=1))
    looks = iter([900.0])
    with pytest.raises(OutOfTimeError):
        ingest.run(
            Delivery(kind=Kind.CREATED, version=version, delivery_id="d"),
            time_left=lambda: next(looks, 15.0),
        )
    assert world.items() == before
    assert world.record(version)["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("after", [None, ('A"1', "Oslo\udcff")])
def test_a_weighing_survives_being_stored(after: tuple[str, str] | None) -> None:
    """To the last digit, and with text that is none."""
    weighing = Weighing(
        byte=1 << 40,
        line=7,
        change=Decimal("-12345678901234567890.10"),
        locations={"Oslo\udcff", "ø"},
        read=True,
        known=Decimal("0.5"),
        after=after,
        read_units=2.5,
    )
    stored = weighing.to_text().encode()
    assert Weighing.from_text(stored.decode()) == weighing


class _Breaking:
    """An items table that breaks at the first write."""

    def __init__(self, store: object) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        """Everything else as it is."""
        return getattr(self._store, name)

    def write(self, *_: object, **__: object) -> None:
        """Break."""
        raise RuntimeError
