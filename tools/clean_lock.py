"""Takes the package index out of Pipfile.lock, so that the lock names no host.

pipenv then uses the index that pip is configured for. Run by `make lock` after `pipenv lock`.
"""

from __future__ import annotations

import json
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "Pipfile.lock"


def main() -> None:
    """Rewrite Pipfile.lock without `_meta.sources` and without `index` keys."""
    lock = json.loads(LOCK.read_text())
    lock["_meta"]["sources"] = []
    for name, packages in lock.items():
        if name != "_meta":
            for package in packages.values():
                package.pop("index", None)
    LOCK.write_text(json.dumps(lock, indent=4) + "\n")


if __name__ == "__main__":
    main()
