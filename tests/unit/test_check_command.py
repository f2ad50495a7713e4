"""`inventory check`: what would become of files, without AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from inventory_cli import check
from sample_feeds.exports import exports

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

GOOD = "sku,quantity\nA,3\nB,2\nA,3\n"
ROWS = "sku,quantity\nA,1\nB,many\n\nC\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command over files with this content, named a, b and so on."""
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    check.register(app)

    def call(*contents: str | bytes, options: tuple[str, ...] = ()) -> Result:
        paths = []
        for name, content in zip("abc", contents, strict=False):
            path = tmp_path / f"{name}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(str(path))
        return CliRunner().invoke(app, [*paths, *options])

    return call


def test_a_good_file_ends_in_0_and_says_what_would_load(run) -> None:
    """Profile, counts, duplicates, and the last value of the first items."""
    result = run(GOOD)
    assert result.exit_code == 0
    assert "canonical" in result.output
    assert "would load: A at default: 3" in result.output


SAME_SKU = """Handle,Title,SKU,HS Code,COO,Location,On hand (current)
jade,Jade pendant,25941,,,Main,1
pearl,Pearl pendant,25941,,,Main,4
gold,Gold pendant,25942,,,Main,5
copy,Gold pendant,25942,,,Main,5
"""


def test_rows_that_contradict_each_other_are_listed_and_end_in_1(run) -> None:
    """With their lines and quantities; rows that say the same are plain duplicates."""
    result = run(SAME_SKU, options=("--json",))
    assert result.exit_code == 1
    (verdict,) = json.loads(result.output)
    assert (verdict["loads"], verdict["duplicates"], verdict["conflicting"]) == (2, 2, 1)
    conflict = {"sku": "25941", "location": "Main", "rows": [[2, "1"], [3, "4"]]}
    assert verdict["conflicts"] == [conflict]
    assert "conflicting: 25941 at Main: 1 on line 2, 4 on line 3" in run(SAME_SKU).output


def test_of_rows_with_times_of_their_own_the_latest_is_no_contradiction(run) -> None:
    """It replaces the earlier one; at the same time it contradicts it."""
    text = "sku,quantity,updated_at\nA,1,2026-01-01\nA,2,2026-01-02\n"
    assert run(text).exit_code == 0
    assert run(text + "A,3,2026-01-02\n").exit_code == 1
    result = run("sku,quantity,updated_at\nA,1,2026-01-02\nA,2,2026-01-01\n")
    assert "would load: A at default: 1" in result.output


def test_a_file_of_which_nothing_loads_ends_in_1_and_says_why(run) -> None:
    """Skipped rows alone are no success."""
    text = "Handle,Title,SKU,HS Code,COO,Location,On hand (current)\n" + "h,t,,,,Main,1\n" * 67
    result = run(text)
    assert result.exit_code == 1
    assert "nothing would load: 67 of 67 rows are skipped: blank sku" in result.output


def test_rejected_rows_end_in_1_with_line_and_column(run) -> None:
    """The first errors, each where it is."""
    result = run(ROWS, options=("--json",))
    assert result.exit_code == 1
    (verdict,) = json.loads(result.output)
    assert verdict["profile"] == "canonical"
    assert (verdict["rows_read"], verdict["loads"]) == (4, 1)
    assert (verdict["rejected"], verdict["skipped"], verdict["duplicates"]) == (2, 1, 0)
    assert verdict["errors"] == {"type-error": 1, "missing-cell": 1}
    assert verdict["reasons"] == {"blank row": 1}
    assert verdict["first"][0] == {
        "line": 3,
        "column": "quantity",
        "error": "type-error",
        "message": "quantity 'many' is not a plain decimal number",
    }
    assert verdict["examples"] == [{"sku": "A", "location": "default", "quantity": "1"}]


def test_only_so_many_errors_are_shown(run) -> None:
    """The others are counted."""
    result = run("sku,quantity\nA,1\n" + "B,x\n" * 30, options=("--errors", "3"))
    assert result.output.count("not a plain decimal") == 3
    assert "and 27 more" in result.output


@pytest.mark.parametrize("content", ["", "sku,qty\nA,1\n", "sku,quantity\n", b"\0\1\2"])
def test_fails_with_2_on_a_file_that_would_be_refused(run, content) -> None:
    """It wins over files with rejected rows."""
    result = run(ROWS, content)
    assert result.exit_code == 2
    assert "refused" in result.output


FEEDS = """
[profiles.erp.columns]
sku = "Art"
quantity = "Bestand"

[feeds."erp/"]
profile = "erp"
"""


def test_feeds_are_read_from_a_file(run, tmp_path: Path) -> None:
    """The same file as at synthesis; the key decides about the feed."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(FEEDS)
    options = ("--feeds", str(feeds))
    assert run("Art;Bestand\nA;1\n", options=options).exit_code == 0
    assert run(GOOD, options=(*options, "--key", "erp/a.csv")).exit_code == 2
    assert run(GOOD, options=options).exit_code == 0
    result = run("Art;Bestand\nA;1\n", options=(*options, "--key", "erp/a.csv"))
    assert "feed erp/" in result.output


@pytest.mark.parametrize("content", ["{", "[profiles.X]", "[feeds.'a/']\nprofile = 'b'"])
def test_fails_on_bad_feeds(run, tmp_path: Path, content: str) -> None:
    """Every problem is said, and nothing is read."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(content)
    result = run(GOOD, options=("--feeds", str(feeds)))
    assert result.exit_code not in (0, 1)
    assert "would load" not in result.output


def test_every_export_is_counted_as_it_is_read(run) -> None:
    """Counts add up for each look-alike."""
    for export in exports():
        result = run(export.data, options=("--json", "--key", export.key))
        (verdict,) = json.loads(result.output)
        assert verdict["profile"] == export.profile
        assert verdict["loads"] == len(export.items)
        assert verdict["rejected"] == len(export.rejects)
        assert verdict["skipped"] == len(export.skips)
        odd = export.rejects or verdict["conflicting"] or not export.items
        assert result.exit_code == bool(odd)
        outcomes = ("loads", "duplicates", "rejected", "skipped")
        assert verdict["rows_read"] == sum(verdict[name] for name in outcomes)
