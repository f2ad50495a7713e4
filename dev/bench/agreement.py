"""Compare two runs: ``python -m bench.agreement FIRST`` compares with `build/bench.json`.

FIRST is a copy of that file from an earlier run. Every figure that is a ratio is compared; the
result is printed, and kept beside the figures for the documentation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bench.__main__ import AGREEMENT, OUTPUT, print_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PERCENT = 15.0
"""By how much two runs may differ in a ratio."""


def main() -> int:
    """Compare and give the exit code: 1 where a ratio differs by more, or only one run has it."""
    first = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    second = json.loads(OUTPUT.read_text(encoding="utf-8"))
    found = compared(first, second)
    table = Table("ratio", "first", "second", "differs by, %", title="two runs")
    for name, row in found.items():
        table.add_row(name, *map(str, row.values()))
    print_whole(table)
    second[AGREEMENT] = found
    OUTPUT.write_text(json.dumps(second, indent=2) + "\n", encoding="utf-8")
    console = Console()
    missing = sorted(ratios(first).keys() ^ ratios(second).keys())
    for name in missing:
        console.print(f"only one of the runs has {name}")
    apart = [name for name, row in found.items() if row["percent"] > MOST_PERCENT]
    for name in apart:
        console.print(f"{name} differs by more than {MOST_PERCENT:g}%")
    return 1 if missing or apart else 0


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """Give the figures that compare two things, which a slower machine leaves as they are."""
    return {name: value for name, value in figures.items() if "_ratio" in name or "_vs_" in name}


def compared(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Give both values of every ratio, and by how much the larger exceeds the smaller."""
    ours, theirs = ratios(first), ratios(second)
    found = {}
    for name in sorted(ours.keys() & theirs.keys()):
        low, high = sorted((ours[name], theirs[name]))
        percent = round(100 * (high / low - 1), 1)
        found[name] = {"first": ours[name], "second": theirs[name], "percent": percent}
    return found


if __name__ == "__main__":
    sys.exit(main())
