"""The tables of the reference are the settings and the outputs, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib.settings import Settings
from synthesised import only, role_permissions

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


def test_the_example_of_another_app_is_a_stack(tmp_path: Path) -> None:
    """A stranger begins with it: what it names is there, and the function may read what comes."""
    example = REFERENCE.partition("```python\n")[2].partition("```")[0]
    exec(example.replace("App()", f"App(outdir={str(tmp_path)!r}, skip_validation=True)"), {})

    document = json.loads((tmp_path / "stacks/thumbnails/cdk.tf.json").read_text())
    permissions = role_permissions(document)
    assert ("s3:GetObject", "<Pictures>/originals/*") in permissions["thumbnails"]
    assert only(document, "aws_cloudwatch_event_target")["dead_letter_config"]
