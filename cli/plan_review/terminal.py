"""A review for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from plan_review.masking import printable
from plan_review.sections import headline, sections

if TYPE_CHECKING:
    from rich.console import Console

    from plan_review.review import Review
    from plan_review.sections import Line

INDENTATION = "  "
STYLES = {
    "+": "green",
    "-": "red",
    "~": "yellow",
    "-/+": "bold red",
    "!": "bold red",
}

MOST_STYLED = 2_000
"""Lines of a section that are coloured and wrapped, which takes a while; more come as they are."""


def show(review: Review, console: Console, *, title: str, digest: str) -> None:
    """Print a review, all of it.

    Args:
        review: The review.
        console: Where to.
        title: What was planned, such as `inventory-prod`.
        digest: What `inventory apply --reviewed` takes; empty if the plan is refused.
    """
    console.print(Text(printable(f"{title}: {headline(review)}"), style="bold"))
    for section in sections(review):
        console.print()
        if len(section.lines) > MOST_STYLED:
            console.print(Text(section.title, style="bold underline"))
            console.file.writelines(
                f"{INDENTATION * (line.depth + 1)}{_line(line).plain}\n" for line in section.lines
            )
            continue
        # Lines that do not fit into one row keep their indentation.
        body = Group(
            *(
                Padding(_line(line), (0, 0, 0, len(INDENTATION) * (line.depth + 1)), expand=False)
                for line in section.lines
            )
        )
        if section.loud:
            console.print(Panel(body, title=section.title, border_style="red", expand=False))
        else:
            console.print(Text(section.title, style="bold underline"))
            console.print(body)
    console.print()
    if review.findings is None:
        console.print(Text("Policy checks were not run.", style="dim"))
    for words in review.attention:
        console.print(Text(printable(f"! {words}"), style="yellow"))
    if review.refused:
        console.print(Text("Refused: this plan would lose data.", style="bold red"))
    elif digest:
        console.print(Text(f"Reviewed: {digest}"))


def _line(line: Line) -> Text:
    text = Text()
    if line.sign:
        text.append(f"{line.sign} ", style=STYLES.get(line.sign, ""))
    # Control characters of a plan must not reach the terminal.
    text.append(printable(line.subject))
    said = " ".join(each for each in (line.note, line.quoted) if each)
    if said:
        gap = "  " if line.subject else ""
        text.append(f"{gap}{printable(said)}", style=STYLES.get(line.sign, "dim"))
    return text
