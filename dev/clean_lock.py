"""Takes the package index out of the locks, so that they name no host.

pipenv then uses the index that pip is configured for. Run by `make lock` after `pipenv lock`.
"""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE_LOCK = ROOT / "package-lock.json"
LOCKS = tuple(ROOT / folder / "Pipfile.lock" for folder in (".", "policy", "tests/witnesses"))


def main() -> None:
    """Rewrite the locks without `_meta.sources` and `index` keys, npm's without `funding`."""
    for path in LOCKS:
        clean(path)
    lock = json.loads(PACKAGE_LOCK.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)
    PACKAGE_LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def clean(path: Path) -> None:
    """Rewrite one lock."""
    lock = json.loads(path.read_text())
    lock["_meta"]["sources"] = []
    for name, packages in lock.items():
        if name != "_meta":
            for package in packages.values():
                package.pop("index", None)
    path.write_text(json.dumps(lock, indent=4) + "\n")


if __name__ == "__main__":
    main()
