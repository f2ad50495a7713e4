"""A review as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plan_review.masking import printable
from plan_review.sections import headline, sections

if TYPE_CHECKING:
    from plan_review.review import Review
    from plan_review.sections import Line, Section

MOST_CHARACTERS = 65_536
"""Source: https://github.com/orgs/community/discussions/27190 (a comment's body)."""

LONGEST_SUBJECT = 400
ROOM_FOR_REMARKS = 400

MARKER = "<!-- inventory review -->"
"""Begins every review, so that a workflow finds its own comment and updates it."""


def markdown(review: Review, *, title: str, digest: str, most: int = MOST_CHARACTERS) -> str:
    """Give a review as Markdown.

    Sections come gravest first and are cut from the end, at whole lines; what is cut is counted.
    Text of the plan stands in code spans and can be nothing else.

    Args:
        review: The review.
        title: What was planned, such as `inventory-prod`.
        digest: What `inventory apply --reviewed` takes; empty if the plan is refused.
        most: The most characters.
    """
    lines = [MARKER, f"## {_code(title)}: {headline(review)}", ""]
    if review.refused:
        lines += ["> [!CAUTION]", "> **Refused**: this plan would lose data.", ""]
    elif review.attention:
        lines += ["> [!WARNING]", f"> {_plain('; '.join(review.attention))}.", ""]
    if digest:
        lines += [f"Reviewed: `{digest}`", ""]
    room = most - ROOM_FOR_REMARKS - _size(lines)
    left_out = 0
    for section in sections(review):
        rendered, cut = _section(section, room)
        lines += rendered
        room -= _size(rendered)
        left_out += cut
    if review.findings is None:
        lines += ["_Policy checks were not run._", ""]
    if left_out:
        lines += [f"_{left_out:,} lines are left out here; `inventory review` shows all._", ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section, room: int) -> tuple[list[str], int]:
    """A section's lines as far as there is room, and how many there was none for."""
    title = f"{'🛑 ' if section.loud else ''}{section.title}"
    folded = section.folded
    head = (
        ["<details>", f"<summary>{title} ({len(section.lines)})</summary>", ""]
        if folded
        else [f"### {title}", ""]
    )
    tail = ["", "</details>", ""] if folded else [""]
    room -= _size(head) + _size(tail)
    body: list[str] = []
    for line in section.lines:
        text = _line(line)
        room -= len(text) + 1
        if room < 0:
            break
        body.append(text)
    if not body:
        return [], len(section.lines)
    return [*head, *body, *tail], len(section.lines) - len(body)


def _line(line: Line) -> str:
    sign = f"`{line.sign}` " if line.sign else ""
    note = f" {_plain(line.note)}" if line.note else ""
    if note and (line.sign == "!" or line.note.isupper() or "HOLDS" in line.note):
        note = f" **{_plain(line.note)}**"
    quoted = f" {_code(line.quoted)}" if line.quoted else ""
    return f"{'  ' * line.depth}- {sign}{_code(line.subject)}{note}{quoted}"


def _code(text: str) -> str:
    shown = printable(text)
    if len(shown) > LONGEST_SUBJECT:
        shown = f"{shown[: LONGEST_SUBJECT - 1]}…"
    if not shown:
        return ""
    # A code span ends at a run of as many backticks as it began with.
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _plain(text: str) -> str:
    """Give words with which nothing happens.

    GitHub calls people and links numbers after it has read escapes, so an invisible space stands
    behind what begins such a call.
    """
    escaped = "".join(f"\\{each}" if each in r"\`*_[]<>@#|" else each for each in printable(text))
    return re.sub(r"[@#:](?=\S)", "\\g<0>\u200b", escaped)


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)
