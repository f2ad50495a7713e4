"""One local cloud for all integration tests; each test makes what it needs, under its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from emulated_resources import EmulatedResources
from local_cloud.server import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A running local cloud that enforces IAM."""
    with LocalCloud(auth=True) as running:
        yield running


@pytest.fixture
def emulated(cloud: LocalCloud) -> EmulatedResources:
    """Resources with a name that no other test uses."""
    return EmulatedResources(cloud, f"t-{uuid4().hex[:8]}")
