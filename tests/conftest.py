"""Common start of all tests: no AWS and no project variables of the caller's shell.

The patches for a fast synthesis are in place before any test module imports `cdktf`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

import fastsynth

fastsynth.install()

# Most that the collector of Terraform and the provider looks at are schemas, which stay.
os.environ.setdefault("GOGC", "400")

# How long an example takes says more of the machine than of the code.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

PREFIXES = ("AWS_", "TF_VAR_", "TF_WORKSPACE", "ENVIRONMENT_SUFFIX", "POWERTOOLS_", "INVENTORY_")


class SharedStackScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests of a file run in one process, and so do all files that share the deployed stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        shares = file.startswith("tests/e2e/") and file != "tests/e2e/test_cdktf_cli.py"
        return "the deployed stack" if shares else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStackScheduling:
    """Distribute the tests where there are several processes."""
    return SharedStackScheduling(config, log)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear variables that would make a test depend on who runs it."""
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)
