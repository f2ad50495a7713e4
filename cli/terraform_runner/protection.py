"""Deletion protection, asked before a destroy begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from terraform_runner.errors import ProtectedError
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def insist_on_no_protection(folder: Path) -> None:
    """Refuse to destroy a stack that is protected, by its settings or where it is deployed.

    A stack whose settings were changed and not deployed would lose everything but its tables.

    Args:
        folder: The synthesised stack's folder.

    Raises:
        ProtectedError: It is protected.
        RunnerError: The state cannot be read.
    """
    environment = folder.name.removeprefix("inventory-")
    stack = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
    if protected_by_settings(stack):
        raise ProtectedError(
            f"{folder.name} is protected from deletion, and nothing was touched. To destroy it:\n"
            f'  1. set "deletion_protection": false for {environment} in cdktf.json\n'
            f"  2. deploy that: make deploy ENV={environment}\n"
            f"  3. make destroy ENV={environment}"
        )
    terraform = Terraform(folder, variables={})
    terraform.init()
    protected = protected_by_state(terraform.state())
    if protected:
        raise ProtectedError(
            f"{', '.join(protected)}: protected from deletion as deployed, though no longer by the "
            f"settings, and nothing was touched. Deploy the settings first: "
            f"make deploy ENV={environment}"
        )


def protected_by_settings(stack: Mapping[str, Any]) -> bool:
    """Tell whether a synthesised stack has anything that Terraform must not destroy.

    Args:
        stack: The stack's JSON.
    """
    return any(
        resource.get("lifecycle", {}).get("prevent_destroy")
        for resources in stack.get("resource", {}).values()
        for resource in resources.values()
    )


def protected_by_state(state: Mapping[str, Any]) -> list[str]:
    """Addresses of the deployed tables that AWS refuses to delete.

    Args:
        state: `terraform show -json`.
    """
    resources = state.get("values", {}).get("root_module", {}).get("resources", [])
    return [
        each["address"] for each in resources if each["values"].get("deletion_protection_enabled")
    ]
