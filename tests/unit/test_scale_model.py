"""The model of large files keeps to the limits it is made of."""

from __future__ import annotations

import pytest

from bench import scale_model

SPEED = scale_model.Speed(new=15_000, read=30_000, known=60_000, others=600_000)


@pytest.mark.parametrize("warm", [False, True])
def test_no_file_is_faster_than_the_table_takes_it(warm: bool) -> None:
    """Written rows a second stay below the table's limit, whatever the size."""
    limit = scale_model.WARM_WRITES if warm else scale_model.COLD_WRITES

    for rows in scale_model.SIZES:
        found = scale_model.estimate(rows, changed=1.0, warm=warm, speed=SPEED)
        assert rows / found.seconds <= limit


def test_a_share_of_a_huge_file_takes_longer_to_find_than_to_settle() -> None:
    """What every worker does over the whole file bounds it once the table does not."""
    slow = scale_model.Speed(new=15_000, read=30_000, known=60_000, others=20_000)

    found = scale_model.estimate(100_000_000, changed=0.02, warm=True, speed=slow)

    assert found.bound == "workers"
    assert found.workers > 1


def test_a_night_of_which_a_fiftieth_changed_costs_about_a_fiftieth_of_a_new_file() -> None:
    """Rows that are known by their fingerprints cost no request to the table."""
    new = scale_model.estimate(1_000_000, changed=1.0, warm=True, speed=SPEED)
    nightly = scale_model.estimate(1_000_000, changed=0.02, warm=True, speed=SPEED)
    seventh = scale_model.estimate(1_000_000, changed=0.02, warm=True, speed=SPEED, full_read=True)

    assert nightly.dollars < new.dollars / 30
    assert new.dollars / 6 < seventh.dollars < new.dollars / 5


def test_a_file_in_order_of_skus_is_bound_by_the_partitions_of_a_batch() -> None:
    """With as many locations as a batch has rows, each worker has one partition at a time."""
    spread, sorted_ = (
        scale_model.estimate(1_000_000, changed=1.0, warm=True, speed=SPEED, locations=locations)
        for locations in (10, 1_000)
    )

    assert spread.bound != "partitions"
    assert sorted_.bound == "partitions"
    assert sorted_.seconds == pytest.approx(1_000_000 / (sorted_.workers * 1_000), rel=0.05)
