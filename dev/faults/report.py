"""The tables of docs/campaign.md: ``python -m faults.report`` makes them of a whole campaign.

They are made of `docs/faults.json`, which is `build/faults.json` of a run of `make faults`. A test
keeps the page equal to the figures.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench.report import table

BUILD = Path("build/faults.json")
DOCS = Path(__file__).parents[2] / "docs"
FIGURES = DOCS / "faults.json"
PAGE = DOCS / "campaign.md"

_BLOCK = re.compile(r"(?<=<!-- faults -->\n).*(?=<!-- /faults -->)", re.DOTALL)

#: Schedules of a whole campaign at least.
LEAST_SCHEDULES = 50_000


def main() -> int:
    """Take over the figures of the last run, if it was a whole one, and write the page."""
    figures: dict[str, Any] = json.loads(BUILD.read_text(encoding="utf-8"))
    if figures["schedules"] < LEAST_SCHEDULES or not figures["mutants"]:
        print(f"{BUILD} is not of a whole campaign: run `make faults`")
        return 1
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


def filled(page: str, figures: dict[str, Any]) -> str:
    """Give the page with its tables made anew."""
    results = ("schedules", "schedules_by_several_workers", "wrong", "lost", "invented")
    mutants = [
        (f"{name} ({found['part']})", found["after_schedules"] if found["caught"] else "not caught")
        for name, found in figures["mutants_by_name"].items()
    ]
    lines = [
        *table(("result", "number"), ((name.replace("_", " "), figures[name]) for name in results)),
        "",
        *table(("part", "schedules"), figures["schedules_by_kind"].items()),
        "",
        *table(("failure in the random parts", "injected"), figures["faults_by_kind"].items()),
        "",
        *table(("mutant (part that it runs)", "caught after schedules"), mutants),
    ]
    return _BLOCK.sub(lambda _: "\n".join(lines) + "\n", page)


if __name__ == "__main__":
    sys.exit(main())
