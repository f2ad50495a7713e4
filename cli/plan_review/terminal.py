"""A review for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from plan_review.sections import headline, sections

if TYPE_CHECKING:
    from rich.console import Console

    from plan_review.review import Review
    from plan_review.sections import Line

STYLES = {
    "+": "green",
    "-": "red",
    "~": "yellow",
    "-/+": "bold red",
    "!": "bold red",
}


def show(review: Review, console: Console, *, title: str, digest: str) -> None:
    """Print a review, all of it.

    Args:
        review: The review.
        console: Where to.
        title: What was planned, such as `inventory-prod`.
        digest: What `inventory apply --reviewed` takes; empty if the plan is refused.
    """
    console.print(Text(f"{title}: {headline(review)}", style="bold"))
    for section in sections(review):
        body = Text("\n").join(_line(line) for line in section.lines)
        console.print()
        if section.loud:
            console.print(Panel(body, title=section.title, border_style="red", expand=False))
        else:
            console.print(Text(section.title, style="bold underline"))
            console.print(body)
    console.print()
    if review.findings is None:
        console.print(Text("Policy checks were not run.", style="dim"))
    for words in review.attention:
        console.print(Text(f"! {words}", style="yellow"))
    if review.refused:
        console.print(Text("Refused: this plan would lose data.", style="bold red"))
    elif digest:
        console.print(Text(f"Reviewed: {digest}"))


def _line(line: Line) -> Text:
    text = Text("  " * (line.depth + 1))
    if line.sign:
        text.append(f"{line.sign} ", style=STYLES.get(line.sign, ""))
    # Control characters of a plan must not reach the terminal.
    text.append(
        "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
            for each in line.subject
        )
    )
    if line.note:
        text.append(f"  {line.note}", style=STYLES.get(line.sign, "dim"))
    return text
