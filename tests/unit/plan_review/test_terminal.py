"""A review keeps its shape on a narrow terminal."""

from __future__ import annotations

import io

from rich.console import Console

from plan_review.terminal import show


def test_wrapped_lines_keep_their_indentation(judge) -> None:
    """At 40 columns nearly every line of this review takes several rows."""
    output = io.StringIO()
    show(judge("create"), Console(file=output, width=40), title="inventory-dev", digest="abc")
    _, *sections = output.getvalue().split("\n\n")

    rows = [row for section in sections[:-1] for row in section.splitlines()[1:]]
    assert len(rows) > 200
    assert [row for row in rows if not row.startswith("  ")] == []
