"""docs/feeds.md names every built-in profile, and its example is a profile that works."""

from __future__ import annotations

import json
import re
from pathlib import Path

from feeds import read
from inventory.domain.reading import ProfileSet, validate_profiles
from inventory.domain.reading.catalogue import BUILT_IN

PAGE = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text()
EXAMPLE = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])


def test_every_built_in_profile_is_in_the_table() -> None:
    """None is missing or made up."""
    section = PAGE.partition("## Built in")[2].partition("\n\nA quantity")[0]

    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == [p["name"] for p in BUILT_IN]


def test_the_example_is_valid() -> None:
    """What people copy passes the check at synthesis."""
    assert validate_profiles(EXAMPLE) == []


def test_the_example_reads_the_file_it_describes() -> None:
    """Semicolons, decimal commas, cp1252 letters and a total line, pinned by the prefix."""
    data = "Artikel;Bezeichnung;Bestand\n007;Kies groß;12,5\nSumme;;12,5\n".encode("cp1252")

    outcome = read(data, "yard/today.csv", ProfileSet.from_settings(EXAMPLE))

    assert outcome.items == {("007", "yard"): "12.5"}
    assert outcome.rows[0].name == "Kies groß"
    assert outcome.reasons == [(3, "total line")]
