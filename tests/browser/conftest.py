"""One browser for all tests of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.devtools import Browser, BrowserError
from summary_samples import shop_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the tests fail and say what to install."""
    try:
        started = Browser()
    except BrowserError as error:
        pytest.fail(str(error), pytrace=False)
    with started:
        yield started


@pytest.fixture(scope="session")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small retailer's page."""
    path = tmp_path_factory.mktemp("summary") / "summary.html"
    path.write_text(shop_documents()["html"], encoding="utf-8")
    return path
