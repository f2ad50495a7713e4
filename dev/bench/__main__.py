"""Measures the project: ``python -m bench [group ...]``; without one, all but the slowest.

Prints one table and writes ``build/bench.json``. ``QUICK=1`` takes fewer and smaller runs.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.table import Table

import bench
from bench.goals import GOALS, limit, met
from bench.process import ROOT

if TYPE_CHECKING:
    from types import ModuleType

OUTPUT = ROOT / "build" / "bench.json"

AGREEMENT = "agreement"
"""Key of what `bench.agreement` has found, which is no group of its own."""

_WIDEST = 1_000


class Run(Protocol):
    """Measures a group and gives its figures."""

    def __call__(self, *, quick: bool) -> dict[str, object]:
        """Measure; a quick run takes fewer and smaller loops."""


def main() -> int:
    """Run the groups named on the command line and give the exit code."""
    console = Console()
    available = groups()
    wanted = sys.argv[1:] or sorted(available.keys() - on_request())
    if unknown := sorted(set(wanted) - set(available)):
        console.print(f"unknown: {', '.join(unknown)}; there is {', '.join(sorted(available))}")
        return 2
    quick = os.environ.get("QUICK", "") not in {"", "0"}
    # A run leaves the figures of the groups that it does not measure as they are, unless these
    # are quick ones and those are not.
    merged: dict[str, Any] = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.is_file() else {}
    if merged.get("measured_with", {}).get("quick") is not quick:
        merged = {}
    merged.pop(AGREEMENT, None)  # with an earlier run, of which some figures now change
    measured: dict[str, list[str]] = merged.setdefault("groups", {})
    table = Table(title=f"python -m bench ({'quick' if quick else 'full'})")
    for heading in ("figure", "value", "goal"):
        table.add_column(heading, justify="left" if heading == "figure" else "right", no_wrap=True)
    for name in wanted:
        start = time.monotonic()
        with console.status(f"measuring {name}"):
            figures = available[name](quick=quick)
        # What the group measured last time and not this time is out of date.
        for stale in measured.get(name, []):
            merged.pop(stale, None)
        merged |= figures
        measured[name] = sorted(figures)
        table.add_section()
        for figure, value in figures.items():
            add_rows(table, figure, value)
        table.add_row(f"[dim]{name}: measured in[/]", f"[dim]{time.monotonic() - start:.0f} s[/]")
    merged["measured_with"] = {
        "quick": quick,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
    }
    print_whole(table)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    return 0


def print_whole(table: Table) -> None:
    """Print a table as wide as it is: cut off, as at a log's 80 columns, it would hide figures."""
    width = Console(width=_WIDEST).measure(table).maximum
    Console(width=width).print(table)


def groups() -> dict[str, Run]:
    """Find the modules of this package that measure something."""
    return {name: module.run for name, module in _modules().items() if hasattr(module, "run")}


def on_request() -> set[str]:
    """Find the groups that take so long that they are measured only when they are named."""
    return {name for name, module in _modules().items() if hasattr(module, "ON_REQUEST")}


def _modules() -> dict[str, ModuleType]:
    return {
        info.name: importlib.import_module(f"bench.{info.name}")
        for info in pkgutil.iter_modules(bench.__path__)
        if info.name != "__main__"
    }


def add_rows(table: Table, figure: str, value: object) -> None:
    """Add one figure to the table: a number, a sentence or a table of its own."""
    if isinstance(value, Mapping):
        table.add_row(figure, "")
        for row, columns in value.items():
            cells = columns.items() if isinstance(columns, Mapping) else [("", columns)]
            text = ", ".join(f"{label(column)} {shown(cell)}".strip() for column, cell in cells)
            table.add_row(f"  {row}", text)
    else:
        table.add_row(figure, shown(value), goal(figure, value))


def label(column: str) -> str:
    """Give a column's name without its unit, which the columns' order makes plain.

    Args:
        column: A name such as ``wall_seconds``.
    """
    return column.removesuffix("_seconds").removesuffix("_mb")


def shown(value: object) -> str:
    """Give a value as people read it."""
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def goal(figure: str, value: object) -> str:
    """Give a figure's goal and whether it is met."""
    if figure not in GOALS or not isinstance(value, int | float):
        return ""
    return f"{limit(figure)} [{'green]met' if met(figure, value) else 'red]missed'}[/]"


if __name__ == "__main__":
    sys.exit(main())
