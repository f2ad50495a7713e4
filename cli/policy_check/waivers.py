"""Findings that stay, each with its reason and what it would cost to close it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_check.checkov import Finding, PolicyCheckError, scan
from terraform_runner.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WAIVERS", "PolicyCheckError", "Waiver", "read_waivers", "unexplained"]

WAIVERS = ROOT / "policy" / "waivers.json"


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A finding that stays.

    Attributes:
        check: The check's id.
        resource: Path of the construct.
        configurations: In which of the checked configurations it is found.
        reason: Why it stays.
        cost: What closing it would cost, or that it cannot be closed.
    """

    check: str
    resource: str
    configurations: tuple[str, ...]
    reason: str
    cost: str

    @property
    def key(self) -> tuple[str, str]:
        """Findings that it waives."""
        return self.check, self.resource


def read_waivers(path: Path = WAIVERS) -> tuple[Waiver, ...]:
    """Read the waivers; an entry for several resources gives one for each.

    Args:
        path: The file.

    Raises:
        PolicyCheckError: An entry lacks a reason or a cost, or waives something twice.
    """
    found: list[Waiver] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        if not entry.get("reason") or not entry.get("cost"):
            raise PolicyCheckError(f"the waiver of {entry.get('check')} lacks its reason or cost")
        for resource in entry["resources"]:
            waiver = Waiver(
                check=entry["check"],
                resource=resource,
                configurations=tuple(entry["configurations"]),
                reason=entry["reason"],
                cost=entry["cost"],
            )
            if any(
                other.key == waiver.key and {*other.configurations} & {*waiver.configurations}
                for other in found
            ):
                raise PolicyCheckError(f"{waiver.check} of {resource} is waived twice")
            found.append(waiver)
    return tuple(found)


def unexplained(stack_folder: Path) -> list[Finding]:
    """Give the findings that no waiver explains.

    Args:
        stack_folder: Folder with `cdk.tf.json`.

    Raises:
        PolicyCheckError: The checks could not be run.
    """
    waived = {each.key for each in read_waivers()}
    return [
        each for each in scan(stack_folder).findings if (each.check, each.resource) not in waived
    ]
