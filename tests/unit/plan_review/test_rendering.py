"""Reviews fit into a comment and onto a terminal, and text of a plan stays text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from plan_review.markdown import MARKER, MOST_CHARACTERS, markdown
from plan_review.plan import read_plan
from plan_review.review import review
from plan_review.terminal import show


def comment(result, **options) -> str:
    """Give a review as Markdown."""
    return markdown(result, title="inventory-dev", digest="abc", **options)


def screen(result, width: int = 100) -> str:
    """Give a review as it stands on a terminal."""
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=False)
    show(result, console, title="inventory-dev", digest="abc")
    return output.getvalue()


NAMES = (
    "create",
    "no-op",
    "destroy",
    "table-replacement",
    "widened-role",
    "secret",
    "drift",
    "code-change",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_plan_fits_into_a_comment(judge, name) -> None:
    """And says what the terminal says first."""
    result = judge(name)
    text = comment(result)

    assert text.startswith(MARKER)
    assert len(text.encode()) < MOST_CHARACTERS
    assert "left out" not in text
    assert screen(result).startswith("inventory-dev: ")


@pytest.mark.parametrize("most", [1_000, 5_000, 20_000])
def test_a_long_review_is_cut_at_whole_lines_from_the_end(judge, most) -> None:
    """What would be lost stays; what was cut is counted, and what was opened is closed."""
    result = judge("destroy")
    whole, text = comment(result), comment(result, most=most)

    assert len(text) <= most
    assert "Refused" in text
    assert "left out here" in text
    assert text.count("<details>") == text.count("</details>")
    lines = set(whole.splitlines())
    assert [
        line for line in text.splitlines() if line not in lines and "left out" not in line
    ] == []


def test_five_thousand_changes_still_fit(plan_of, change) -> None:
    """Whatever the plan, GitHub takes the comment."""
    many = [
        change(f"aws_sqs_queue.Q{i}", ["update"], {"name": "x" * 300}, {"name": "y" * 300})
        for i in range(5_000)
    ]
    text = comment(review(read_plan(plan_of(*many))))

    assert len(text) < MOST_CHARACTERS
    assert "5000 changed in place" in text
    assert "lines are left out" in text


def test_text_of_a_plan_cannot_break_out(plan_of, change) -> None:
    """Neither markup nor control characters of a tag's value become more than text."""
    evil = "`</details>\n# All good\n@everybody \x1b[2J<script>"
    one = change(
        "aws_sqs_queue.Q",
        ["update"],
        {"name": "q", "tags": {"x": "a"}},
        {"name": "q", "tags": {"x": evil}},
    )
    result = review(read_plan(plan_of(one)))
    text = comment(result)
    (line,) = (each for each in text.splitlines() if "details" in each)

    assert "\n# All good" not in text
    assert "\x1b" not in text
    assert line.strip().startswith("- `` tags.x: a -> `</details>")
    assert line.endswith(" ``")
    assert "\x1b" not in screen(result)


def test_a_refusal_cannot_be_overlooked(judge) -> None:
    """It stands at the top, in both."""
    result = judge("table-replacement")

    assert comment(result).index("Refused") < comment(result).index("Permissions")
    assert "> [!CAUTION]" in comment(result)
    assert screen(result).rstrip().endswith("Refused: this plan would lose data.")


def test_a_review_says_whether_policies_were_checked(judge) -> None:
    """Silence is no result."""
    assert "Policy checks were not run" in comment(judge("no-op"))
    assert "Policy checks were not run" not in comment(judge("no-op", findings=[]))
    assert "Policy checks were not run" in screen(judge("no-op"))
