"""A few schedules of the campaign over files in parts; `make faults` runs thousands."""

from __future__ import annotations

import pytest

from faults import chunked


def test_random_schedules_end_right() -> None:
    """No item is wrong, no row lost, none invented."""
    tally = chunked.at_random(range(50))

    assert (tally.wrong, tally.lost, tally.invented) == (0, 0, 0), tally.examples
    assert tally.runs > 1000


@pytest.mark.parametrize(
    "name",
    [
        "parts: no second look at rows left alone",
        "parts: report and count in two requests",
        "parts: no look-back",
        "parts: every invocation weighs for itself",
    ],
)
def test_a_writer_with_a_rule_taken_out_is_caught(name: str) -> None:
    """Else the schedules would prove nothing."""
    (mutant,) = [each for each in chunked.MUTANTS if each.name == name]

    assert chunked.hunt(mutant, seeds=range(100_000, 100_200)).part == "parts"
