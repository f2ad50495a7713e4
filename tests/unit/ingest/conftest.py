"""What the ingest asks of DynamoDB is held against AWS's own description of it."""

from __future__ import annotations

import pytest

from service_models import documented_requests

__all__ = ["documented_requests"]


@pytest.fixture(autouse=True)
def _documented(documented_requests: None) -> None:
    """All requests of all tests."""
