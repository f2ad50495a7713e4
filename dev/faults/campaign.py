"""Schedules in bulk: how many, how many went wrong, and which mutants were seen to fail."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from faults import exhaustive
from faults.findings import Findings
from faults.mutants import MUTANTS
from faults.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from faults.mutants import Mutant
    from faults.world import FaultyWorld

_EXAMPLES = 5

#: Pieces of an exhaustive part, for several processes.
PIECES = 12
#: First seed of the schedules that mutants run.
MUTANT_SEED = 1_000_000
#: Schedules after which a mutant has got away: a minute or less of any part.
MOST_SCHEDULES = 2_500

EXHAUSTIVE: dict[str, Callable[[], Iterator[Findings]]] = {
    "orders": exhaustive.orders,
    "interleavings": partial(exhaustive.interleavings, quick=True),
    "crashes": partial(exhaustive.crashes, every=9),
}


@dataclass(kw_only=True, slots=True)
class Tally:
    """Result of some schedules.

    Attributes:
        schedules: How many there were.
        several: In how many of them a file was processed by several workers.
        wrong: Wrong items and records in all of them.
        lost: Rows, rejects and versions lost in all of them.
        invented: Items and rejects invented in all of them.
        runs: Invocations of the functions.
        rechecks: Deliveries that were rechecks.
        faults: Failures injected, by kind.
        examples: The first findings, with the seed where there is one.
    """

    schedules: int = 0
    several: int = 0
    wrong: int = 0
    lost: int = 0
    invented: int = 0
    runs: int = 0
    rechecks: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Tell whether nothing went wrong."""
        return not (self.wrong or self.lost or self.invented)

    def add(self, findings: Findings, name: str = "") -> None:
        """Count one schedule."""
        self.schedules += 1
        self.wrong += len(findings.wrong)
        self.lost += len(findings.lost)
        self.invented += len(findings.invented)
        if not findings.clean and len(self.examples) < _EXAMPLES:
            self.examples.append(f"{name} {findings}")

    def join(self, other: Tally) -> None:
        """Count the schedules of another tally."""
        for name in ("schedules", "several", "wrong", "lost", "invented", "runs", "rechecks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
        self.examples = (self.examples + other.examples)[:_EXAMPLES]


def orders() -> Tally:
    """Run every order of two deliveries."""
    return all_of(exhaustive.orders())


def crashes(first: int) -> Tally:
    """Run one piece of the schedules with a crash at every step."""
    return all_of(exhaustive.crashes(first, PIECES))


def interleavings(first: int) -> Tally:
    """Run one piece of the interleavings of pairs of runs."""
    return all_of(exhaustive.interleavings(first, PIECES, quick=True))


def at_random(part: str, seeds: Iterable[int]) -> Tally:
    """One schedule of a part for each seed."""
    tally = Tally()
    for seed in seeds:
        world = PARTS[part].world(seed)
        tally.add(_settled(world), f"seed {seed}:")
        tally.several += world.several
        tally.runs += world.runs
        tally.rechecks += world.rechecks
        tally.faults += world.faults
    return tally


def all_of(schedules: Iterable[Findings]) -> Tally:
    """All schedules of one exhaustive part."""
    tally = Tally()
    for findings in schedules:
        tally.add(findings)
    return tally


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant did.

    Attributes:
        mutant: Its name.
        part: Part of the campaign that it ran.
        schedules: How many schedules it took.
        finding: The first thing that was wrong; "" when it got away.
        seconds: How long it took.
    """

    mutant: str
    part: str
    schedules: int
    finding: str
    seconds: float


def run_mutant(mutant: Mutant, *, most: int = MOST_SCHEDULES) -> Catch:
    """Run a part of the campaign on a mutant until it goes red.

    Args:
        mutant: The ingest with one rule taken out.
        most: Schedules at most.
    """
    began, count, finding = time.monotonic(), 0, ""
    with mutant.applied():
        for findings in _schedules(mutant.part, most):
            count += 1
            if not findings.clean:
                finding = (findings.wrong + findings.lost + findings.invented)[0]
                break
    return Catch(mutant.name, mutant.part, count, finding, time.monotonic() - began)


def run_mutant_named(name: str) -> Catch:
    """Hunt the mutant of this name, in another process."""
    return run_mutant(next(mutant for mutant in MUTANTS if mutant.name == name))


def _schedules(part: str, most: int) -> Iterator[Findings]:
    if part in EXHAUSTIVE:
        yield from islice(EXHAUSTIVE[part](), most)
        return
    for seed in range(MUTANT_SEED, MUTANT_SEED + most):
        yield _settled(PARTS[part].world(seed))


def _settled(world: FaultyWorld) -> Findings:
    """What is wrong in the end; that includes what the ingest must not raise."""
    try:
        return world.settle()
    except (AttributeError, TypeError):  # a patch that does not fit must not count as a catch
        raise
    except Exception as error:  # noqa: BLE001  the other schedules and mutants go on
        return Findings(wrong=[f"{type(error).__name__}: {error}"])
