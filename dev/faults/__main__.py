"""`python -m faults`: the whole campaign, printed and written to build/faults.json."""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from faults import reader
from faults.campaign import (
    PIECES,
    Catch,
    Tally,
    at_random,
    crashes,
    interleavings,
    orders,
    run_mutant_named,
)
from faults.mutants import MUTANTS
from faults.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

_SEEDS_PER_PIECE = 250


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign.

    Args:
        arguments: Command line; None for the process's own.

    Returns:
        0 when nothing ever was wrong, no row read that is not there, every mutant caught.
    """
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the random schedules")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-mutants", action="store_true", help="leave the mutants out")
    parser.add_argument("--no-reader", action="store_true", help="leave the damage corpus out")
    parser.add_argument("--output", type=Path, default=Path("build/faults.json"))
    options = parser.parse_args(arguments)
    console = Console()
    began = time.monotonic()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        pieces = [
            (name, pool.submit(run, *what))
            for name, run, what in _pieces(options.first_seed, options.share)
        ]
        names = [] if options.no_mutants else [mutant.name for mutant in MUTANTS]
        runs = [pool.submit(run_mutant_named, name) for name in names]
        parts = _joined(pieces, console)
        _print_schedules(console, parts)
        _print_faults(console, parts)
        with console.status("mutants"):
            catches = [each.result() for each in runs]
    _print_mutants(console, catches)
    summary = _summary(parts, catches) | {"seconds": round(time.monotonic() - began)}
    if not options.no_reader:
        summary["reader"] = reader.run(console)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    sound = not (summary["wrong"] or summary["lost"] or summary["invented"])
    read = options.no_reader or summary["reader"]["flawless"]
    return 0 if sound and read and summary["mutants_caught"] == summary["mutants"] else 1


def _pieces(
    first_seed: int, share: float
) -> Iterator[tuple[str, Callable[..., Tally], tuple[Any, ...]]]:
    """Names of parts, and what makes a piece of them, longest first."""
    for first in range(PIECES):
        yield "every interleaving of two", interleavings, (first,)
    for first in range(PIECES):
        yield "a crash at every step", crashes, (first,)
    yield "every order of two deliveries", orders, ()
    for part in PARTS.values():
        end = first_seed + round(part.schedules * share)
        for at in range(first_seed, end, _SEEDS_PER_PIECE):
            seeds = range(at, min(at + _SEEDS_PER_PIECE, end))
            yield part.name, at_random, (part.name, seeds)


def _joined(pieces: list[tuple[str, Future[Tally]]], console: Console) -> dict[str, Tally]:
    parts: dict[str, Tally] = {}
    for name, piece in pieces:
        with console.status(name):
            parts.setdefault(name, Tally()).join(piece.result())
    return parts


def _summary(parts: dict[str, Tally], catches: list[Catch]) -> dict[str, Any]:
    tallies = parts.values()
    faults = sum((tally.faults for tally in tallies), start=Tally().faults)
    return {
        "schedules": sum(tally.schedules for tally in tallies),
        "schedules_by_several_workers": sum(tally.several for tally in tallies),
        "wrong": sum(tally.wrong for tally in tallies),
        "lost": sum(tally.lost for tally in tallies),
        "invented": sum(tally.invented for tally in tallies),
        "mutants_caught": sum(bool(catch.finding) for catch in catches),
        "mutants": len(catches),
        "schedules_by_kind": {name: tally.schedules for name, tally in parts.items()},
        "faults_by_kind": dict(faults),
        "mutants_by_name": {
            catch.mutant: {
                "part": catch.part,
                "caught": bool(catch.finding),
                "after_schedules": catch.schedules,
                "seconds": round(catch.seconds, 1),
            }
            for catch in catches
        },
    }


def _print_schedules(console: Console, parts: dict[str, Tally]) -> None:
    columns = ("how many", "by several workers", "rechecks", "wrong", "lost", "invented")
    table = Table("schedules", title="The ingest")
    for column in columns:
        table.add_column(column, justify="right")
    total = Tally()
    for name, tally in parts.items():
        table.add_row(name, *_figures(tally))
        total.join(tally)
    table.add_section()
    table.add_row("all", *_figures(total))
    console.print(table)
    for name, tally in parts.items():
        for example in tally.examples:
            console.print(f"{name}: {example}", style="red")


def _figures(tally: Tally) -> list[str]:
    found = (tally.wrong, tally.lost, tally.invented)
    return [f"{n:,}" for n in (tally.schedules, tally.several, tally.rechecks, *found)]


def _print_faults(console: Console, parts: dict[str, Tally]) -> None:
    injected = sum((tally.faults for tally in parts.values()), start=Tally().faults)
    table = Table("failure", "injected", title="Failures in the random schedules")
    for kind, count in injected.most_common():
        table.add_row(kind, f"{count:,}")
    console.print(table)


def _print_mutants(console: Console, catches: list[Catch]) -> None:
    if not catches:
        return
    table = Table("ingest with one rule taken out", "part", "caught after", "s", "first finding")
    table.title = "Mutants"
    for catch in catches:
        after = f"{catch.schedules:,}" if catch.finding else "[bold red]not caught[/bold red]"
        seconds = f"{catch.seconds:.1f}"
        table.add_row(catch.mutant, catch.part, after, seconds, catch.finding[:60])
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
