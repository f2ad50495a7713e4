"""Which files of the functions a deployment changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.plan import Kind

if TYPE_CHECKING:
    from plan_review.plan import JsonObject, Plan

OUTPUT = "function_files"


@dataclass(frozen=True, kw_only=True)
class CodeChange:
    """A function that gets other code.

    Attributes:
        function: The function's name.
        added: Files that are new.
        changed: Files that differ.
        removed: Files that go.
        known: Whether the deployed files are known; they are not before the first deployment that
            keeps them in the state.
    """

    function: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    known: bool = True


def code_changes(plan: Plan) -> tuple[CodeChange, ...]:
    """Give the functions whose code changes, by the lists of files that the state keeps.

    Args:
        plan: The plan.
    """
    output = plan.outputs.get(OUTPUT)
    before: JsonObject = (output.before if output else None) or {}
    after: JsonObject = (output.after if output else None) or {}
    found = []
    for change in plan.changes:
        if change.type != "aws_lambda_function" or change.kind not in {Kind.UPDATE, Kind.REPLACE}:
            continue
        if change.before.get("source_code_hash") == change.after.get("source_code_hash"):
            continue
        module = str(change.after.get("handler", "")).removesuffix(".handler").rpartition(".")[2]
        old, new = before.get(module), after.get(module)
        if not isinstance(old, dict) or not isinstance(new, dict):
            found.append(CodeChange(function=change.name, known=False))
            continue
        found.append(
            CodeChange(
                function=change.name,
                added=tuple(sorted(new.keys() - old.keys())),
                changed=tuple(
                    name for name in sorted(new.keys() & old.keys()) if new[name] != old[name]
                ),
                removed=tuple(sorted(old.keys() - new.keys())),
            )
        )
    return tuple(found)
