"""docs/architecture.md says what is there."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs" / "architecture.md").read_text()


def test_every_construct_is_in_the_table() -> None:
    """A construct is a module that extends Construct, and none is missing or made up."""
    modules = {
        path.stem
        for path in (PROJECT / "constructs_lib").glob("*.py")
        if re.search(r"^class \w+\((Construct|PrivateBucket)\)", path.read_text(), re.MULTILINE)
    }
    section = TEXT.partition("## Constructs")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == modules
