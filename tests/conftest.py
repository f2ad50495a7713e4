"""Common start of all tests: no AWS and no project variables of the caller's shell.

The levers for a fast synthesis are in place before any test module imports `cdktf`.
"""

from __future__ import annotations

import os

import pytest

import fastsynth

fastsynth.install()

PREFIXES = ("AWS_", "TF_VAR_", "TF_WORKSPACE", "ENVIRONMENT_SUFFIX", "POWERTOOLS_", "INVENTORY_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear variables that would make a test depend on who runs it."""
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)
