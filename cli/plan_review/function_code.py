"""Compare the code that a deployment gives to functions with what they have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from plan_review.masking import anywhere
from plan_review.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan_review.plan import Change, JsonObject, Plan

OUTPUT = "function_files"

CODE = (
    "source_code_hash",
    "filename",
    "s3_bucket",
    "s3_key",
    "s3_object_version",
    "image_uri",
    "layers",
)
"""Attributes that decide which code a function runs."""

CODE_TYPES = frozenset({"aws_lambda_function", "aws_lambda_layer_version"})
"""Types that take code."""


class PlannedCode(NamedTuple):
    """A file with code that a plan deploys.

    Attributes:
        file: Its path in the stack's folder.
        hash: Base64 of its SHA-256; empty if the plan does not say.
        signed: True if a signed one takes its place after the synthesis.
    """

    file: str
    hash: str
    signed: bool


@dataclass(frozen=True, kw_only=True)
class CodeChange:
    """A function that gets other code.

    Attributes:
        function: The function's name.
        added: Files that are new.
        changed: Files that differ.
        removed: Files that go.
        known: True if the deployed files are known; they are not before the first deployment that
            keeps them in the state.
        elsewhere: True if code comes from elsewhere than the stack's folder, where nobody reviews.
    """

    function: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    known: bool = True
    elsewhere: bool = False


def planned_code(plan: Plan) -> Iterator[PlannedCode]:
    """Give the files with code that applying a plan reads.

    Args:
        plan: The plan.
    """
    for change in plan.changes:
        file = change.after.get("filename") if change.after else None
        if change.type in CODE_TYPES and file and change.kind not in {Kind.MOVE, Kind.FORGET}:
            unknown = change.unknown if isinstance(change.unknown, dict) else {}
            yield PlannedCode(
                file=str(file),
                hash=str(change.after.get("source_code_hash") or ""),
                signed=bool(
                    change.after.get("code_signing_config_arn")
                    or unknown.get("code_signing_config_arn")
                ),
            )


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
        if change.type != "aws_lambda_function" or change.after is None:
            continue
        elsewhere = not change.after.get("filename") or _takes_other_layers(change)
        if (change.kind is Kind.CREATE and not elsewhere) or not _changes_code(change):
            continue
        module = str(change.after.get("handler", "")).removesuffix(".handler").rpartition(".")[2]
        old, new = before.get(module), after.get(module)
        name = change.name or change.address
        if elsewhere or not isinstance(old, dict) or not isinstance(new, dict):
            found.append(CodeChange(function=name, known=False, elsewhere=elsewhere))
            continue
        found.append(
            CodeChange(
                function=name,
                added=tuple(sorted(new.keys() - old.keys())),
                changed=tuple(
                    file for file in sorted(new.keys() & old.keys()) if new[file] != old[file]
                ),
                removed=tuple(sorted(old.keys() - new.keys())),
            )
        )
    return tuple(found)


def _takes_other_layers(change: Change) -> bool:
    """Tell whether a function gets code of layers that it does not have yet."""
    unknown = change.unknown if isinstance(change.unknown, dict) else {}
    had = (change.before or {}).get("layers") or []
    return anywhere(unknown.get("layers")) or not {*(change.after.get("layers") or [])} <= {*had}


def programs(plan: Plan) -> tuple[str, ...]:
    """Give the addresses of resources for which programs are run while the plan is applied.

    Args:
        plan: The plan.
    """
    return (
        *(address for address, read in plan.reads.items() if read.type in _RUNNING_READS),
        *_provisioned(plan),
    )


_RUNNING_READS = frozenset({"aws_lambda_invocation", "external"})
"""Data sources that run something when they are read."""


def _provisioned(plan: Plan) -> tuple[str, ...]:
    return tuple(
        change.address
        for change in plan.changes
        if change.kind not in {Kind.MOVE, Kind.IMPORT, Kind.FORGET}
        and _KEY.sub("", change.address) in plan.programs
    )


_KEY = re.compile(r"\[(\d+|\"([^\"\\]|\\.)*\")\]")


def _changes_code(change: Change) -> bool:
    unknown = change.unknown if isinstance(change.unknown, dict) else {}
    before = change.before or {}
    return any(
        (before.get(name) or None) != (change.after.get(name) or None) or unknown.get(name)
        for name in CODE
    )
