"""docs/first-deployment.md speaks of the checks there are, and alone of what is unproven."""

from __future__ import annotations

import re
from pathlib import Path

from inventory_cli.first import FIRST_CHECKS
from inventory_cli.main import COMMANDS
from plan_review.cost import CUSTOM_METRICS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "first-deployment.md").read_text(encoding="utf-8")


def test_the_table_has_every_check_of_a_first_deployment() -> None:
    """And the one of the account, which is made every time."""
    rows = re.findall(r"^\| `([a-z -]+)` \|", TEXT, re.MULTILINE)

    assert rows == ["concurrency", *FIRST_CHECKS]


def test_commands_of_the_page_exist() -> None:
    """In examples and within sentences."""
    commands = set(re.findall(r"inventory (?!-)([a-z]+)(?= |`)", TEXT))

    assert {"doctor", "summary", "upload"} <= commands <= set(COMMANDS)


def test_the_page_says_how_many_metrics_arrive() -> None:
    """As many as the review of plans counts."""
    (most,) = re.findall(r"\((\d+) at most\)", TEXT)

    assert int(most) == sum(CUSTOM_METRICS.values())


def test_no_other_page_lists_what_is_unproven() -> None:
    """Two lists would differ after a while."""
    others = [path for path in DOCS.rglob("*.md") if path.name != "first-deployment.md"]

    assert [
        path.name
        for path in others
        if re.search("^#.*(unproven|not prove)", path.read_text(), re.MULTILINE)
    ] == []
