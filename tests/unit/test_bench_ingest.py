"""What the turns of a measurement come to."""

from __future__ import annotations

from bench.ingest import figures


def _turn(slowness: float) -> dict[str, float]:
    return {
        "ours": 0.00001 * slowness,
        "floor": 0.000005 * slowness,
        "batch_writer": 0.0001 * slowness,
        "put_item": 0.0005 * slowness,
    }


def test_the_fastest_turn_of_each_path_counts() -> None:
    """Other work on the machine only ever adds, to one path in this turn and to another in that."""
    disturbed = {"ours": 0.00002, "put_item": 0.001}
    turns = [{**_turn(1), path: seconds} for path, seconds in disturbed.items()]

    assert figures("all_new", [_turn(3), *turns, _turn(2)]) == {
        "rows_per_cpu_second_all_new": {
            "ours": 100_000,
            "batch_writer": 10_000,
            "put_item": 2_000,
            "floor": 200_000,
        },
        "rows_per_cpu_second_vs_batch_writer_all_new": 10,
        "rows_per_cpu_second_vs_put_item_all_new": 50,
        "rows_per_cpu_second_vs_floor_all_new": 0.5,
    }


def test_a_slower_machine_leaves_ratios_as_they_are() -> None:
    """What is compared between two runs."""
    slow, fast = (figures("all_new", [_turn(slowness)]) for slowness in (4, 1))

    assert {name for name in fast if slow[name] != fast[name]} == {"rows_per_cpu_second_all_new"}
