"""The tables of the reference are the settings and the outputs, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()


def table(first_column: str) -> list[str]:
    """Rows of the table whose header begins with a column."""
    section = REFERENCE.partition(f"| {first_column} |")[2].partition("\n\n")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_every_setting_is_in_the_table_with_its_default() -> None:
    """A stranger finds what can be set without reading code."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, dict | bool):
            default = json.dumps(default)
        shown = "" if default is None else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {field.description} |")

    assert table("setting") == rows


def test_every_output_is_in_the_table_with_its_description(
    whole_stack: Callable[..., dict[str, Any]],
) -> None:
    """Other systems rest on these names."""
    outputs = whole_stack("dev")["output"]
    rows = [f"| `{name}` | {output['description']} |" for name, output in outputs.items()]

    assert table("output") == rows
