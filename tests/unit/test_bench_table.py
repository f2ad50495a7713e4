"""What a measurement prints."""

from __future__ import annotations

from rich.table import Table

from bench.__main__ import add_rows, print_whole


def test_no_cell_is_cut_off_in_a_log(capsys) -> None:
    """Whether a goal is met stands at the end of the line, behind the longest figure."""
    table = Table("figure", "value", "goal")
    for column in table.columns:
        column.no_wrap = True
    name = "rows_per_cpu_second_vs_batch_writer_2_percent_changed"
    add_rows(table, "costs", {"ours": {"a unit of a hundred characters " * 4: 1}})
    add_rows(table, name, 19.5)
    add_rows(table, "synth_wall_seconds", 9.5)

    print_whole(table)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2] for line in lines if "9.5" in line] == ["met", "missed"]
    assert not [line for line in lines if "…" in line]
