"""A fixed part of the fault campaign: green on the writer, red on writers with a rule missing."""

from __future__ import annotations

from pathlib import Path

import pytest

import faults.oracle
from faults import exhaustive
from faults.campaign import all_of, at_random, random_world
from faults.mutants import MUTANTS

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


def _figures(tally: object) -> tuple[int, int, int]:
    return tally.wrong, tally.lost, tally.invented


def test_every_order_of_two_deliveries_gives_the_same_table() -> None:
    """Three versions, three SKUs, of one key and of three."""
    tally = all_of(exhaustive.orders())
    assert (tally.schedules, *_figures(tally)) == (180, 0, 0, 0)


def test_a_crash_at_every_step_loses_nothing() -> None:
    """Every twentieth order; `make faults` takes all of them."""
    tally = all_of(exhaustive.crashes(every=20))
    assert tally.schedules > 400
    assert _figures(tally) == (0, 0, 0)


def test_every_interleaving_of_two_versions_gives_the_same_table() -> None:
    """One batch a file; `make faults` takes two."""
    tally = all_of(exhaustive.interleavings(quick=True))
    assert tally.schedules > 500
    assert _figures(tally) == (0, 0, 0)


def test_random_schedules_with_faults_are_never_wrong() -> None:
    """Seven hundred; `make faults` takes twelve thousand."""
    tally = at_random(range(500_000, 500_700))
    assert _figures(tally) == (0, 0, 0), tally.examples
    assert len(tally.faults) >= 14


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    """What the campaign finds can be looked at again."""
    worlds = [random_world(42) for _ in range(2)]
    for world in worlds:
        world.settle()
    assert worlds[0].items() == worlds[1].items()
    assert worlds[0].faults == worlds[1].faults


@pytest.mark.parametrize(
    "name",
    [
        "BatchWriteItem without conditions",
        "a gate per object",
        "skip without token (no look-back)",
        "eventually consistent skip",
    ],
)
def test_fails_on_the_designs_of_peers(name: str) -> None:
    """Each of the four wrong designs is seen to be wrong."""
    with BY_NAME[name].applied():
        assert any(not findings.clean for findings in exhaustive.orders())


@pytest.mark.parametrize("name", ["look back before the writes", "announce after the read"])
def test_fails_when_the_protocols_steps_change_places(name: str) -> None:
    """The order of announce, read, write and look back is what the proof rests on."""
    with BY_NAME[name].applied():
        found = (findings.clean for findings in exhaustive.interleavings(quick=True))
        assert not all(found)


def test_the_oracle_is_short_and_shares_nothing_with_the_writer() -> None:
    """What judges the writer must not repeat its mistakes."""
    text = Path(faults.oracle.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "inventory" not in text.replace("inventory pipeline", "")
