"""A short fault campaign: green on the ingest, red on ingests with a rule missing."""

from __future__ import annotations

import json
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

import faults.oracle
from faults import exhaustive, report
from faults.campaign import EXHAUSTIVE, MOST_SCHEDULES, Tally, all_of, at_random, run_mutant
from faults.mutants import MUTANTS, Mutant
from faults.parts import PARTS
from inventory.domain.writing import RowWriter

pytestmark = pytest.mark.slow

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}

#: Schedules of each kind, a second's worth; `make faults` takes hundreds of times as many.
SHORT = {
    "one worker": 15,
    "complete feeds": 4,
    "complete feeds raced": 8,
    "complete feeds withdrawn": 2,
    "complete feeds raced, withdrawn": 3,
    "races": 10,
    "several workers": 10,
    "lost answers": 13,
    "interventions": 10,
    "held files": 6,
    "held files raced": 10,
    "hold on and off": 10,
    "held and deleted": 10,
    "held and restored": 10,
    "held in one second": 10,
    "judged again": 10,
    "rechecks outlived": 5,
    "runs that become jobs": 10,
    "refused jobs": 10,
    "jobs beside the dead": 10,
    "old files": 5,
    "dead runs": 10,
    "known by name": 10,
    "withdrawals": 4,
    "raced withdrawals": 5,
    "paused folders": 4,
    "files given up": 8,
    "twins": 5,
    "overtaken attempts": 5,
    "files half read again": 5,
    "settings with a slip": 8,
    "replayed by other settings": 8,
    "replays that break off": 8,
    "replaced jobs": 5,
    "expired write sets": 5,
    "deleted versions": 8,
    "sequencers": 8,
    "a repaired defect": 5,
    "counts without failures": 10,
    "crowds": 1,
    "fingerprints": 8,
    "raced fingerprints": 10,
    "fingerprints of the dead": 5,
    "items changed by hand": 3,
}


@cache
def _short(part: str) -> Tally:
    return at_random(part, range(500_000, 500_000 + SHORT[part]))


def _figures(tally: Tally) -> tuple[int, int, int]:
    return tally.wrong, tally.lost, tally.invented


def test_every_order_of_two_deliveries_gives_the_same_table() -> None:
    """Three versions, three SKUs, of one key and of three."""
    tally = all_of(exhaustive.orders())
    assert (tally.schedules, *_figures(tally)) == (180, 0, 0, 0)


def test_a_crash_at_every_step_loses_nothing() -> None:
    """Of one order; `make faults` takes all of them."""
    tally = all_of(exhaustive.crashes(41, 70))
    assert tally.schedules > 100
    assert _figures(tally) == (0, 0, 0)


def test_every_interleaving_of_two_versions_gives_the_same_table() -> None:
    """Some of one pair of runs, one batch a file; `make faults` takes all."""
    tally = all_of(islice(exhaustive.interleavings(0, 9, quick=True), 250))
    assert tally.schedules > 100
    assert _figures(tally) == (0, 0, 0)


@pytest.mark.parametrize("part", PARTS)
def test_random_schedules_are_never_wrong(part: str) -> None:
    """Of every kind some."""
    tally = _short(part)
    assert _figures(tally) == (0, 0, 0), tally.examples


def test_a_full_campaign_has_enough_of_every_kind() -> None:
    """Of lost answers, and of files that several workers share, which some seeds tell."""
    assert sum(part.schedules for part in PARTS.values()) >= 45_000
    assert PARTS["lost answers"].schedules >= 10_000
    shared = 0.0
    for name in ("several workers", "lost answers"):
        share = _short(name).several / SHORT[name]
        shared += share * PARTS[name].schedules
    assert shared >= 10_000


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    """What the campaign finds can be looked at again."""
    worlds = [PARTS["interventions"].world(42) for _ in range(2)]
    for world in worlds:
        world.settle()
    assert worlds[0].items() == worlds[1].items()
    assert worlds[0].faults == worlds[1].faults
    assert worlds[0].log == worlds[1].log


@pytest.mark.parametrize(
    "name",
    [
        "BatchWriteItem without conditions",
        "a gate per object",
        "no validation",
        "eventually consistent reads of items",
        "equal token, other content: loaded",
        "times in a batch not sorted",
        "every worker settles every row",
        "nothing weighed",
    ],
)
def test_fails_without_a_rule(name: str) -> None:
    """Some designs that are seen to be wrong in no time; `make faults` hunts all mutants."""
    assert run_mutant(BY_NAME[name], most=200).finding


def test_every_mutant_runs_a_part_of_the_campaign() -> None:
    """Names are told apart, and no part is missing."""
    assert len(BY_NAME) == len(MUTANTS)
    assert {mutant.part for mutant in MUTANTS} <= PARTS.keys() | EXHAUSTIVE.keys()
    assert MOST_SCHEDULES <= 2_500


def test_the_page_is_made_of_a_whole_and_clean_campaign() -> None:
    """Whoever runs `make faults` writes it anew with `python -m faults.report`."""
    figures = json.loads(report.FIGURES.read_text(encoding="utf-8"))
    page = report.PAGE.read_text(encoding="utf-8")
    assert report.filled(page, figures) == page
    assert figures["schedules"] >= report.LEAST_SCHEDULES
    assert not figures["wrong"] + figures["lost"] + figures["invented"]
    assert figures["mutants_by_name"].keys() <= BY_NAME.keys()


def test_the_oracle_is_short_and_shares_nothing_with_the_ingest() -> None:
    """What judges the ingest must not repeat its mistakes."""
    text = Path(faults.oracle.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert "inventory" not in text.replace("inventory pipeline", "")


def test_a_mutant_that_makes_the_ingest_raise_is_caught() -> None:
    """And the other mutants are still run."""

    def write(*_: object) -> None:
        raise KeyError("no such key")

    mutant = Mutant("writes nothing", "one worker", lambda: [(RowWriter, "write", write)])
    assert run_mutant(mutant, most=1).finding == "KeyError: 'no such key'"
