"""Synthesising in tests: one Node process for the session, a stack of its own for each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing

from constructs_lib.settings import Settings
from constructs_lib.settings_loading import load_settings
from constructs_lib.stack import InventoryStack
from constructs_lib.validation import InvalidPropsError
from synthesised import PACKAGES, Document

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]


def clear_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the settings of the caller's shell."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_settings(monkeypatch)


@pytest.fixture
def new_stack() -> Callable[[], TerraformStack]:
    """Give a function that makes an empty stack."""
    return lambda: TerraformStack(Testing.app(), "test")


@pytest.fixture
def synth(new_stack) -> Callable[[Callable[[TerraformStack], object]], Document]:
    """Give a function that composes a stack and reads what comes of it."""

    def compose_and_synthesise(compose: Callable[[TerraformStack], object]) -> Document:
        stack = new_stack()
        compose(stack)
        return json.loads(Testing.synth(stack))

    return compose_and_synthesise


@pytest.fixture
def refuse(new_stack) -> Callable[[Callable[[TerraformStack], object]], str]:
    """Give a function that composes a stack that must be refused, and gives the message."""

    def compose_and_catch(compose: Callable[[TerraformStack], object]) -> str:
        with pytest.raises(InvalidPropsError) as caught:
            compose(new_stack())
        return str(caught.value)

    return compose_and_catch


@pytest.fixture(scope="session")
def whole_stack() -> Callable[..., Document]:
    """Give a function that synthesises an environment as cdktf.json has it, with changes."""
    environments = json.loads((PROJECT / "cdktf.json").read_text())["context"]["environments"]
    made: dict[str, Document] = {}

    def synthesise(environment: str = "dev", **changes: Any) -> Document:
        key = json.dumps([environment, changes], sort_keys=True)
        if key not in made:
            with pytest.MonkeyPatch.context() as monkeypatch:
                clear_settings(monkeypatch)
                settings = load_settings(
                    {**environments[environment], "environment_suffix": environment, **changes}
                )
            made[key] = json.loads(Testing.synth(InventoryStack(Testing.app(), settings, PACKAGES)))
        return made[key]

    return synthesise
