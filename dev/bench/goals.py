"""Goals of the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GOALS: Mapping[str, tuple[str, float]] = {
    "synth_cpu_ratio_to_plain_cdktf": (">=", 10),
    "synth_cpu_seconds": ("<=", 1.5),
    "synth_wall_seconds": ("<=", 1.5),
    "synth_peak_mb": ("<=", 350),
    "rows_per_cpu_second_vs_batch_writer_all_new": (">=", 3),
    "rows_per_cpu_second_vs_batch_writer_2_percent_changed": (">=", 15),
    "cost_ratio_batch_writer_to_ours_2_percent_changed": (">=", 25),
    "cost_ratio_batch_writer_to_ours_0_percent_changed": (">=", 200),
    "fingerprints_share_of_file": ("<=", 0.15),
    "peak_memory_ratio_1gb_to_10mb": ("<=", 1.1),
    "model_billion_rows_2_percent_changed_hours": ("<=", 3),
    "model_billion_rows_2_percent_changed_dollars": ("<=", 30),
    "model_billion_rows_2_percent_changed_workers": ("<=", 50),
    "reading_speed_ratio_to_7c1b21a": (">=", 0.95),
    "damage_cpu_ratio_worst": ("<=", 10),
    "xlsx_peak_memory_ratio_500000_to_10000_rows": ("<=", 1.3),
    "scale_peak_memory_ratio": ("<=", 1.1),
    "scale_counts_exact": (">=", 1),
}
"""By the figure's name."""


def limit(figure: str) -> str:
    """Give a figure's goal as text."""
    sign, value = GOALS[figure]
    return f"{sign} {value:g}"


def met(figure: str, value: float) -> bool:
    """Tell whether a figure reaches its goal."""
    sign, wanted = GOALS[figure]
    return value >= wanted if sign == ">=" else value <= wanted
