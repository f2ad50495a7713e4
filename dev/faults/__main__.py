"""`python -m faults`: the whole campaign, printed and written to build/faults.json."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from faults import chunked, exhaustive
from faults.campaign import Catch, Tally, all_of, at_random, hunt
from faults.mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEDULES = 12_000
_HUNTING_SEEDS = range(1_000_000, 1_020_000)


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign.

    Args:
        arguments: Command line; None for the process's own.

    Returns:
        0 when the writer never was wrong and every mutant was caught.
    """
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=_SCHEDULES, help="random schedules")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--no-reader", action="store_true", help="leave the damage corpus out")
    parser.add_argument("--output", type=Path, default=Path("build/faults.json"))
    options = parser.parse_args(arguments)
    console = Console()
    seeds = range(options.first_seed, options.first_seed + options.schedules)
    parts_seeds = range(options.first_seed, options.first_seed + options.schedules // 6)
    parts: dict[str, Tally] = {}
    kinds: dict[str, Callable[[], Tally]] = {
        "every order of two deliveries": lambda: all_of(exhaustive.orders()),
        "a crash at every step": lambda: all_of(exhaustive.crashes()),
        "every interleaving of two": lambda: all_of(exhaustive.interleavings()),
        "random, with faults": lambda: at_random(seeds),
        "random, with faults, files in parts": lambda: chunked.at_random(parts_seeds),
    }
    for name, run in kinds.items():
        with console.status(name):
            began = time.monotonic()
            parts[name] = run()
        tally = parts[name]
        console.print(f"{name}: {tally.schedules} schedules, {time.monotonic() - began:.0f} s")
    catches = []
    for mutant in MUTANTS:
        with console.status(f"mutant: {mutant.name}"):
            catches.append(hunt(mutant, seeds=_HUNTING_SEEDS))
    for mutant in chunked.MUTANTS:
        with console.status(f"mutant: {mutant.name}"):
            catches.append(chunked.hunt(mutant, seeds=_HUNTING_SEEDS))
    _print_schedules(console, parts)
    _print_faults(console, parts)
    _print_mutants(console, catches)
    summary = _summary(parts, catches)
    if not options.no_reader and importlib.util.find_spec("faults.reader") is not None:
        summary["reader"] = importlib.import_module("faults.reader").run(console)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(summary, indent=2, default=str) + "\n", encoding="utf-8")
    console.print(f"written to {options.output}")
    failed = summary["wrong"] or summary["lost"] or summary["invented"]
    return 1 if failed or summary["mutants_caught"] < summary["mutants"] else 0


def _summary(parts: dict[str, Tally], catches: list[Catch]) -> dict[str, Any]:
    tallies = parts.values()
    return {
        "schedules": sum(tally.schedules for tally in tallies),
        "wrong": sum(tally.wrong for tally in tallies),
        "lost": sum(tally.lost for tally in tallies),
        "invented": sum(tally.invented for tally in tallies),
        "mutants_caught": sum(bool(catch.part) for catch in catches),
        "mutants": len(catches),
        "schedules_by_kind": {name: tally.schedules for name, tally in parts.items()},
        "faults_by_kind": dict(sum((tally.faults for tally in tallies), start=Tally().faults)),
        "mutants_by_name": {
            catch.mutant: {"caught_by": catch.part or None, "after_schedules": catch.schedules}
            for catch in catches
        },
    }


def _print_schedules(console: Console, parts: dict[str, Tally]) -> None:
    table = Table("schedules", "how many", "wrong", "lost", "invented", title="The writer")
    for name, tally in parts.items():
        figures = (tally.schedules, tally.wrong, tally.lost, tally.invented)
        table.add_row(name, *(f"{figure:,}" for figure in figures))
    console.print(table)
    for name, tally in parts.items():
        for example in tally.examples:
            console.print(f"{name}: {example}", style="red")


def _print_faults(console: Console, parts: dict[str, Tally]) -> None:
    injected = sum((tally.faults for tally in parts.values()), start=Tally().faults)
    table = Table("failure", "injected", title="Failures in the random schedules")
    for kind, count in injected.most_common():
        table.add_row(kind, f"{count:,}")
    console.print(table)


def _print_mutants(console: Console, catches: list[Catch]) -> None:
    table = Table("writer with one rule taken out", "caught by", "after", "first finding")
    table.title = "Mutants"
    for catch in catches:
        part = f"[red]{catch.part}[/red]" if catch.part else "[bold]not caught[/bold]"
        table.add_row(catch.mutant, part, f"{catch.schedules:,}", catch.finding[:60])
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
