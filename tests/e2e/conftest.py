"""One stack for all end-to-end tests: real Terraform, a local cloud, IAM enforced.

Applying takes about a minute, most of it the provider's own waits, so the tests share the stack
and keep apart by using keys, SKUs and locations of their own. It is discarded whatever happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_cloud.stack import deployed
from stack_copy import StackCopy
from witnesses.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fault_proxy import FaultProxy
    from local_cloud.stack import Deployment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the large files last: before, every list of an operator would read all of their rows."""
    items.sort(key=lambda item: item.path.name == "test_large_files.py")


@pytest.fixture(scope="session")
def proxy() -> Iterator[FaultProxy]:
    """What the functions' calls pass through; without rules it changes nothing.

    In the end every request of every test has to have been as AWS documents it.
    """
    with Wire() as running:
        yield running
    assert running.problems == []


@pytest.fixture(scope="session")
def deployment(proxy: FaultProxy) -> Iterator[Deployment]:
    """The stack, applied under AUTH=true: outputs, clients by `deployment.cloud.client(...)`."""
    with deployed(auth=True, functions_endpoint=proxy.endpoint) as applied:
        proxy.upstream = applied.cloud.endpoint
        yield applied


@pytest.fixture
def stack_copy(deployment: Deployment, tmp_path: Path) -> StackCopy:
    """The deployed stack, to try changes on."""
    return StackCopy(deployment, tmp_path)


@pytest.fixture
def outputs(deployment: Deployment) -> dict[str, str]:
    """The stack's outputs, name to value."""
    return deployment.outputs
