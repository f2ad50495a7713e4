"""The tables of the documentation: ``python -m bench.report`` writes them anew.

They are made of `docs/bench.json`, which is `build/bench.json` of a full run, and stand between
marks in the pages. A test keeps pages and figures equal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench import scale_model
from bench.__main__ import AGREEMENT, OUTPUT
from bench.goals import GOALS, limit, met
from bench.ingest_paths import FILES
from bench.process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGES = tuple(
    ROOT / page for page in ("docs/performance.md", "docs/scale.md", "fastsynth/README.md")
)

_BLOCK = re.compile(r"<!-- bench (?P<name>[\w-]+) -->\n.*?<!-- /bench -->", re.DOTALL)
_PROJECT, _APPLICATION = "project, ", "14 resources: "
_WITHOUT = f"{_PROJECT}without "
_PERCENT_CHANGED = (100, 10, 2, 0)

Figures = dict[str, Any]
Block = Callable[[Figures], list[str]]

BLOCKS: dict[str, Block] = {}
"""Tables by the name in their mark."""


def main() -> int:
    """Take over the figures of the last run, if they are of a full one, and write the pages."""
    figures: Figures = json.loads(OUTPUT.read_text(encoding="utf-8"))
    if figures["measured_with"]["quick"]:
        print(f"{OUTPUT} is of a quick run")
        return 1
    scale_model.FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text, figures), encoding="utf-8")
    return 0


def filled(text: str, figures: Figures) -> str:
    """Give a page with every table made anew."""

    def made(match: re.Match[str]) -> str:
        name = match["name"]
        return "\n".join([f"<!-- bench {name} -->", *BLOCKS[name](figures), "<!-- /bench -->"])

    return _BLOCK.sub(made, text)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Give a table in Markdown whose first column is text and whose others are numbers."""
    titles = list(headings)
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *(map(shown, row) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def shown(cell: object) -> str:
    """Give a cell as people read it."""
    return f"{cell:,}" if isinstance(cell, int | float) else str(cell)


def block(make: Block) -> Block:
    """Have a table made where a page has a mark of the function's name."""
    BLOCKS[make.__name__.replace("_", "-")] = make
    return make


@block
def goals(figures: Figures) -> list[str]:
    """The goal."""
    return table(
        ("figure", "measured", "goal", ""),
        (
            (f"`{name}`", value, limit(name), "met" if met(name, value) else "missed")
            for name in GOALS
            for value in (figures[name],)
        ),
    )


@block
def synth(figures: Figures) -> list[str]:
    """Cost of a synthesis, beside peers."""
    return _costs(figures, lambda name: "without" not in name)


@block
def applications(figures: Figures) -> list[str]:
    """Everybody's cost of synthesising the same small application."""
    return _costs(figures, lambda name: name.startswith(_APPLICATION))


@block
def patches(figures: Figures) -> list[str]:
    """Worth of each patch."""
    costs = figures["synth_costs"]
    rows = {"nothing": costs[f"{_PROJECT}fastsynth"]}
    rows |= {
        name.removeprefix(_WITHOUT): cost
        for name, cost in costs.items()
        if name.startswith(_WITHOUT)
    }
    return table(
        ("without", "CPU s", "MB"),
        ((name, cost["cpu_seconds"], cost["peak_mb"]) for name, cost in rows.items()),
    )


@block
def ingest(figures: Figures) -> list[str]:
    """Rows a CPU-second with canned answers."""
    new, changed = (figures[f"rows_per_cpu_second_{file}"] for file in FILES)
    return table(
        ("path", "all rows new", "2% changed", "ours: new", "ours: 2% changed"),
        (
            (path, new[path], changed[path], *_times(path, figures))
            for path in ("put_item", "batch_writer", "ours", "floor")
        ),
    )


@block
def ministack(figures: Figures) -> list[str]:
    """Rows a CPU-second against MiniStack."""
    rows = []
    for path in ("batch_writer", "ours"):
        cells: list[object] = [path]
        for file in FILES:
            cells += [
                figures[f"ministack_rows_per_cpu_second_{file}"][path],
                figures[f"ministack_rows_per_second_{file}"][path],
            ]
        rows.append(cells)
    return table(("path", "new: a CPU s", "a second", "2% changed: a CPU s", "a second"), rows)


@block
def hot_spots(figures: Figures) -> list[str]:
    """Where the ingest's CPU time goes."""
    new, changed = (figures[f"hot_spots_{file}"] for file in FILES)
    return table(
        ("part", "all rows new: %", "us a row", "2% changed: %", "us a row"),
        (
            (part, *new.get(part, {"": 0, " ": 0}).values(), *cells.values())
            for part, cells in changed.items()
        ),
    )


@block
def cost(figures: Figures) -> list[str]:
    """Cost of a snapshot."""
    rows = []
    for percent in _PERCENT_CHANGED:
        sides = figures[f"cost_{percent}_percent_changed"]
        ratio = figures[f"cost_ratio_batch_writer_to_ours_{percent}_percent_changed"]
        peer = sides["batch_writer"]["$ per million rows"]
        rows.append((f"{percent}%", *sides["ours"].values(), peer, ratio))
    return table(
        (
            *("changed", "writes a 1,000 rows", "reads", "S3 PUT", "S3 GET"),
            *("$ a million", "batch_writer, $", "ratio"),
        ),
        rows,
    )


@block
def memory(figures: Figures) -> list[str]:
    """Peak memory by size of the file."""
    found = {
        match[1]: value
        for name, value in sorted(figures.items(), key=lambda one: (len(one[0]), one[0]))
        if (match := re.fullmatch(r"peak_memory_mb_(\d+)_mb_of_input", name))
    }
    return table(
        ("file, MB", "peak, MB"), ((f"{int(size):,}", peak) for size, peak in found.items())
    )


@block
def reading(figures: Figures) -> list[str]:
    """The reader."""
    return _group(figures, "reading")


@block
def damage(figures: Figures) -> list[str]:
    """What damage costs the reader."""
    return table(
        ("damaged lines", "CPU time, times that without quotes"),
        figures["damage_cpu_ratio_to_no_quotes"].items(),
    )


@block
def cold(figures: Figures) -> list[str]:
    """Import time and zip of every function."""
    sizes = figures["zip_bytes_by_handler"]
    return table(
        ("function", "import, ms of CPU", "zip, bytes"),
        ((name, ms, sizes[name]) for name, ms in figures["cold_import_ms_by_handler"].items()),
    )


@block
def summary(figures: Figures) -> list[str]:
    """The daily summary."""
    return _group(figures, "summary")


@block
def agreement(figures: Figures) -> list[str]:
    """Ratios of two runs."""
    return table(
        ("ratio", "the run before", "this run", "differ by, %"),
        ((f"`{name}`", *row.values()) for name, row in figures[AGREEMENT].items()),
    )


@block
def scale(figures: Figures) -> list[str]:
    """Rows a second against workers."""
    return table(
        ("rows a second at 5 ms a request", "1 worker", "2 workers"),
        (
            (name, workers["1_workers"], workers.get("2_workers", ""))
            for name, workers in figures["scale_rows_per_second_at_5_ms"].items()
        ),
    )


@block
def scale_files(figures: Figures) -> list[str]:
    """Large files on the local cloud."""
    return table(
        ("file", "peak, MB", "wall s", "rows a second", "counts"),
        ((name, *found.values()) for name, found in figures["scale_files"].items()),
    )


@block
def model(figures: Figures) -> list[str]:
    """Files of all sizes, by the model."""
    return scale_model.table(scale_model.Speed.measured(figures))


def _group(figures: Figures, group: str) -> list[str]:
    names: list[str] = figures["groups"][group]
    return table(("figure", "measured"), ((f"`{name}`", figures[name]) for name in names))


def _costs(figures: Figures, wanted: Callable[[str], bool]) -> list[str]:
    return table(
        ("all caches warm", "CPU s", "wall s", "MB"),
        ((name, *cost.values()) for name, cost in figures["synth_costs"].items() if wanted(name)),
    )


def _times(path: str, figures: Figures) -> tuple[str, ...]:
    if path == "ours":
        return "", ""
    return tuple(f"{figures[f'rows_per_cpu_second_vs_{path}_{file}']} times" for file in FILES)


if __name__ == "__main__":
    sys.exit(main())
