"""docs/architecture.md says what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from constructs_lib.settings import Settings

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


def test_every_setting_is_in_the_table_with_its_default() -> None:
    """The table is the settings, line by line."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, dict | bool):
            default = json.dumps(default)
        shown = "" if default is None else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {field.description} |")
    section = TEXT.partition("| setting |")[2]

    assert [line for line in section.splitlines() if line.startswith("| `")] == rows
