"""docs/feeds.md and docs/not-stock.md say what is so, and their examples work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from feeds import opened, read
from inventory import feeds_file
from inventory.domain.reading import ProfileSet
from inventory.domain.reading.matching import built_in_profiles
from inventory.domain.reading.not_stock import REPORTS

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "feeds.md").read_text()
EXAMPLE = tomllib.loads(PAGE.partition("```toml\n")[2].partition("```")[0])


def table(heading: str) -> dict[str, str]:
    """Second column by the first, of the table with this first heading."""
    rows = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", rows, re.MULTILINE))


def test_every_built_in_profile_is_in_the_table() -> None:
    """None is missing or made up."""
    named = {profile.name: profile.title for profile in built_in_profiles().values()}
    assert table("profile") == named


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("entry of a feed", feeds_file.FeedEntry),
        ("entry of a profile", feeds_file.ProfileEntry),
        ("entry of `location`", feeds_file.LocationEntry),
        ("entry of `skip_rows`", feeds_file.SkipEntry),
    ],
)
def test_every_entry_of_the_feeds_file_is_in_its_table(heading: str, model) -> None:
    """With the words of its own docstring."""
    assert table(heading) == {name: f.description for name, f in model.model_fields.items()}


def test_the_example_reads_the_file_it_describes() -> None:
    """Semicolons, decimal commas, cp1252 letters and a total line, pinned by the prefix."""
    data = "Artikel;Bezeichnung;Bestand\n007;Kies groß;12,5\nSumme;;12,5\n".encode("cp1252")

    outcome = read(data, "yard/today.csv", ProfileSet(**feeds_file.feeds_from(EXAMPLE)))

    assert outcome.items == {("007", "yard"): "12.5"}
    assert outcome.rows[0].name == "Kies groß"
    assert outcome.reasons == [(3, "total line")]


@pytest.mark.parametrize("name", ["stock.csv", "stock.tsv", "stock.xlsx"])
def test_the_samples_of_our_own_format_load_whole(name: str) -> None:
    """Every documented kind of column, and nothing is rejected or skipped."""
    data = (DOCS / "samples" / name).read_bytes()
    outcome = read(data, name)
    assert opened(data, name).profile == "canonical"
    assert not outcome.rejects
    assert not outcome.skips
    assert outcome.items[("TEA-LOOSE", "Main street")] == "3.25"


def test_every_report_that_is_no_stock_is_on_its_page() -> None:
    """Line by line, in the order in which they are looked for."""
    rows = [
        f"| {report.system} | {report.title} | "
        f"{', '.join(f'`{label}`' for label in report.labels)} | {report.instead} |"
        for report in REPORTS
    ]
    page = (DOCS / "not-stock.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| ")][1:] == rows
