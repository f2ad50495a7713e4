"""The tables of the documentation are those that the measured figures give."""

from __future__ import annotations

import json
import re

import pytest

from bench import report, scale_model
from bench.goals import GOALS, met

FIGURES = json.loads(scale_model.FIGURES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", report.PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_made_of_the_figures(page) -> None:
    """Whoever measures again writes the pages anew with `python -m bench.report`."""
    text = page.read_text(encoding="utf-8")

    assert "<!-- bench " in text
    assert report.filled(text, FIGURES) == text


def test_every_table_stands_in_a_page() -> None:
    """What is measured is told."""
    pages = "".join(page.read_text(encoding="utf-8") for page in report.PAGES)

    assert {name for name in report.BLOCKS if f"<!-- bench {name} -->" not in pages} == set()


def test_the_figures_are_of_a_full_run_and_no_goal_is_left_out() -> None:
    """Goals that were missed stand in the page like those that were met."""
    page = report.PAGES[0].read_text(encoding="utf-8")

    assert FIGURES["measured_with"]["quick"] is False
    for name in GOALS:
        verdict = "met" if met(name, FIGURES[name]) else "missed"
        assert re.search(rf"^\| `{name}` \|.*\| {verdict} \|$", page, re.MULTILINE), name


def test_a_changed_figure_changes_its_table() -> None:
    """The comparison is not blind."""
    page = report.PAGES[0].read_text(encoding="utf-8")
    changed = {**FIGURES, "synth_peak_mb": 1.5}

    assert "| 1.5 |" in report.filled(page, changed)
    assert report.filled(page, changed) != page
