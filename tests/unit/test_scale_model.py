"""docs/scale.md holds what its command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import scale_model

TEXT = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_page_holds_the_table_that_the_command_prints() -> None:
    """Whoever changes a formula or a price prints the page anew."""
    shown = TEXT.partition("<!-- model -->\n")[2].partition("\n<!-- /model -->")[0]

    assert shown == scale_model.table()


@pytest.mark.parametrize("warm", [False, True])
def test_no_file_is_faster_than_the_table_takes_it(warm: bool) -> None:  # noqa: FBT001
    """Written rows a second stay below the table's limit, whatever the size."""
    limit = scale_model.WARM_WRITES if warm else scale_model.COLD_WRITES

    for rows in scale_model.SIZES:
        found = scale_model.estimate(rows, changed=1.0, warm=warm)
        assert rows / found.seconds <= limit


def test_a_snapshot_that_hardly_changed_costs_a_fifth_of_a_new_file() -> None:
    """Unchanged rows cost reads."""
    new = scale_model.estimate(1_000_000, changed=1.0, warm=True)
    nightly = scale_model.estimate(1_000_000, changed=0.02, warm=True)

    assert nightly.dollars < new.dollars / 5
