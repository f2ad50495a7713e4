"""Takes the picture of the summary page that stands in the README.

Run with `PYTHONPATH=tests .venv/bin/python -m browser.picture`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from browser.devtools import Browser
from summary_samples import shop_documents

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "summary.png"
WIDTH, HEIGHT = 1100, 1010


def main() -> None:
    """Write docs/images/summary.png."""
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder) / "summary.html"
        page.write_text(shop_documents()["html"], encoding="utf-8")
        PICTURE.write_bytes(browser.open(page, width=WIDTH).screenshot(height=HEIGHT))


if __name__ == "__main__":
    main()
