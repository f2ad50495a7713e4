"""Schedules in bulk: how many, how many went wrong, and which mutants were seen to fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from faults import exhaustive
from faults.case import random_case
from faults.world import FaultyWorld, Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from faults.findings import Findings
    from faults.mutants import Mutant

_EXAMPLES = 5


@dataclass(kw_only=True, slots=True)
class Tally:
    """What some schedules came to.

    Attributes:
        schedules: How many there were.
        wrong: Wrong items and records in all of them.
        lost: Rows, rejects and versions lost in all of them.
        invented: Items and rejects invented in all of them.
        runs: Invocations of the function.
        faults: Failures injected, by kind.
        examples: The first findings, with the seed where there is one.
    """

    schedules: int = 0
    wrong: int = 0
    lost: int = 0
    invented: int = 0
    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, findings: Findings, name: str = "") -> None:
        """Count one schedule."""
        self.schedules += 1
        self.wrong += len(findings.wrong)
        self.lost += len(findings.lost)
        self.invented += len(findings.invented)
        if not findings.clean and len(self.examples) < _EXAMPLES:
            self.examples.append(f"{name} {findings}")


def random_world(seed: int) -> FaultyWorld:
    """The world of one seed; the same on every machine."""
    rng = Random(seed)  # noqa: S311  the same schedule for the same seed
    return FaultyWorld(random_case(rng), rng, Weather.random(rng))


def at_random(seeds: Iterable[int]) -> Tally:
    """One random schedule for each seed."""
    tally = Tally()
    for seed in seeds:
        world = random_world(seed)
        tally.add(world.settle(), f"seed {seed}:")
        tally.runs += world.runs
        tally.faults += world.faults
    return tally


def all_of(schedules: Iterable[Findings]) -> Tally:
    """All schedules of one exhaustive part."""
    tally = Tally()
    for findings in schedules:
        tally.add(findings)
    return tally


def _random_findings(seeds: Iterable[int]) -> Iterator[Findings]:
    for seed in seeds:
        yield random_world(seed).settle()


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was caught.

    Attributes:
        mutant: Its name.
        part: The part of the campaign that caught it; "" when none did.
        schedules: How many schedules it took.
        finding: The first thing that was wrong.
    """

    mutant: str
    part: str
    schedules: int
    finding: str


def hunt(mutant: Mutant, *, seeds: Iterable[int]) -> Catch:
    """Run the campaign on a mutant until it goes red.

    Args:
        mutant: The writer with one rule taken out.
        seeds: Random schedules to try after the exhaustive ones.
    """
    parts: list[tuple[str, Callable[[], Iterable[Findings]]]] = [
        ("orders", exhaustive.orders),
        ("interleavings", lambda: exhaustive.interleavings(quick=True)),
        ("crashes", lambda: exhaustive.crashes(9)),
        ("random", lambda: _random_findings(seeds)),
    ]
    count = 0
    with mutant.applied():
        for part, schedules in parts:
            for findings in schedules():
                count += 1
                if not findings.clean:
                    first = (findings.wrong + findings.lost + findings.invented)[0]
                    return Catch(mutant.name, part, count, first)
    return Catch(mutant.name, "", count, "")
