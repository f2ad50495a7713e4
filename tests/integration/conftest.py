"""One local cloud for all integration tests; each test makes what it needs, under its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynamodb_adapters import in_memory, on_local_cloud
from emulated_resources import EmulatedResources
from local_cloud.server import LocalCloud
from service_models import documented_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynamodb_adapters import DynamoDb


__all__ = ["documented_requests"]


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A running local cloud that enforces IAM."""
    with LocalCloud(auth=True) as running:
        yield running


@pytest.fixture
def emulated(cloud: LocalCloud) -> EmulatedResources:
    """Resources with a name that no other test uses."""
    return EmulatedResources(cloud, f"t-{uuid4().hex[:8]}")


@pytest.fixture(params=["memory", "local cloud"])
def adapters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DynamoDb:
    """DynamoDB's adapters over the fake, then over the local cloud."""
    request.getfixturevalue("documented_requests")
    if request.param == "memory":
        return in_memory(page_items=7)
    emulated: EmulatedResources = request.getfixturevalue("emulated")
    for name, value in emulated.cloud.variables().items():
        monkeypatch.setenv(name, value)
    return on_local_cloud(emulated)
