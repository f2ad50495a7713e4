"""What the turns of a measurement come to."""

from __future__ import annotations

import pytest

from bench.ingest import figures


def _turn(slowness: float) -> dict[str, float]:
    return {
        "ours": 0.00001 * slowness,
        "floor": 0.000005 * slowness,
        "batch_writer": 0.0001 * slowness,
        "put_item": 0.0005 * slowness,
    }


def test_a_machine_that_becomes_slower_leaves_ratios_as_they_are() -> None:
    """Ratios are those within a turn, in which the machine is alike for all."""
    found = figures("all_new", [_turn(1), _turn(1), _turn(2), _turn(2), _turn(4)])

    assert found == {
        "rows_per_cpu_second_all_new": {
            "ours": 50_000,
            "batch_writer": 5_000,
            "put_item": 1_000,
            "floor": 100_000,
        },
        "rows_per_cpu_second_vs_batch_writer_all_new": 10,
        "rows_per_cpu_second_vs_put_item_all_new": 50,
        "rows_per_cpu_second_vs_floor_all_new": 0.5,
    }


@pytest.mark.parametrize("seconds", [1.0, 0.000001], ids=["slower", "faster"])
def test_a_turn_that_was_disturbed_changes_nothing(seconds: float) -> None:
    """The median counts: neither the mean nor the best."""
    disturbed = {**_turn(1), "put_item": seconds}

    assert figures("all_new", [_turn(1), disturbed, _turn(1)]) == figures("all_new", [_turn(1)])
