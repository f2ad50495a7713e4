"""`inventory check`: what would become of files, without AWS."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from fakes import BEGIN, World
from ingest_steps import deliver
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.removals import REMOVED
from inventory.feeds_file import read_feeds_file
from inventory_cli import check
from inventory_cli.errors import CliError, UsageError
from sample_exports import EXPORTS

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
        "message": "quantity 'many' is not a plain decimal number: write digits without a unit",
    }
    assert verdict["examples"] == [{"sku": "A", "location": "default", "quantity": "1"}]


def test_a_row_without_a_time_counts_as_of_the_file(run) -> None:
    """So it wins over rows of the same key with an earlier time, in whatever order they stand."""
    header, timed, bare = "sku,quantity,updated_at\n", "A,1,2026-01-02\n", "A,2,\n"
    for rows in (timed + bare, bare + timed):
        assert "would load: A at default: 2" in run(header + rows).output


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


@pytest.mark.parametrize("before", ["/", "s3://any-bucket/", "inventory-uploads-dev-111122223333/"])
def test_a_key_may_be_given_as_other_commands_take_it(run, tmp_path: Path, before: str) -> None:
    """With the bucket or a slash before it, it is of the same feed."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(FEEDS)
    result = run(GOOD, options=("--feeds", str(feeds), "--key", f"{before}erp/a.csv"))
    assert result.exit_code == 2


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
    for export in EXPORTS:
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


def complete_feed(folder: Path, **absent: str) -> tuple[str, ...]:
    """Options of a check by a complete feed, half of whose stock may go."""
    feeds = folder / "feeds.toml"
    entry = "".join(f'{name} = "{value}"\n' for name, value in absent.items())
    feeds.write_text(f'[feeds."shop/"]\ncomplete = true\nmax_stock_drop_share = 0.5\n{entry}')
    return ("--feeds", str(feeds), "--key", "shop/a.csv")


@pytest.mark.parametrize("absent", [{}, {"absent": "remove"}, {"absent": "keep"}])
@pytest.mark.parametrize("newer", ["sku,quantity\nA,9\n", "sku,quantity\nA,9\nB,many\n"])
def test_what_is_listed_as_absent_is_what_the_pipeline_makes_of_it(
    run, tmp_path: Path, newer: str, absent: dict[str, str]
) -> None:
    """Both files go through the ingest, and the items that have changed are those of the list."""
    older = "sku,quantity\nA,8\nB,1\nC,3\nB,2\n"
    (tmp_path / "older.csv").write_text(older)
    options = complete_feed(tmp_path, **absent)
    named = (*options, "--against", str(tmp_path / "older.csv"))
    (verdict,) = json.loads(run(newer, options=(*named, "--json")).output)
    found = verdict["absences"]
    assert bool(found["because"]) is (found["becomes"] == "keep")

    profiles = ProfileSet(**read_feeds_file(tmp_path / "feeds.toml"))
    world = World()
    reader: dict[str, Any] = {
        "open_feed": partial(open_feed, profiles=profiles),
        "open_part": continue_feed,
        "feed_of": profiles.feed_of,
    }
    for hour, text in enumerate((older, newer)):
        at = BEGIN + timedelta(hours=hour)
        version = world.objects.put("shop/a.csv", text, last_modified=at)
        deliver(world, version, **reader)
    fates = {
        sku: "remove"
        if REMOVED in item.get("attributes", {"M": {}})["M"]
        else "keep"
        if item["quantity"] != {"N": "0"}
        else "zero"
        for (sku, _), item in world.items().items()
    }
    assert fates.pop("A") == "keep"
    assert fates == dict.fromkeys([each["sku"] for each in found["items"]], found["becomes"])
    assert [each["quantity"] for each in found["items"]] == ["2", "3"]


def test_absent_items_are_listed_for_people(run, tmp_path: Path) -> None:
    """So many as errors; and without a feed, or with a reject file, they would stay."""
    (tmp_path / "older.csv").write_text("sku,quantity\n" + "".join(f"S{n},1\n" for n in range(30)))
    named = ("--against", str(tmp_path / "older.csv"), "--errors", "2")
    kept = "".join(f"S{n},1\n" for n in range(15))
    options = (*complete_feed(tmp_path), *named)
    skipped = "Handle,Title,SKU,HS Code,COO,Location,On hand (current)\nh,t,,,,Main,1\n"
    assert "because no row of the file is stock" in run(skipped, options=options).output
    result = run(f"sku,quantity\n{kept}", options=options)
    assert result.exit_code == 0
    assert "absent: 15 items" in result.output
    assert "they would be out of stock" in result.output
    assert "and 13 more" in result.output
    assert "they would stay, because the feed is not complete" in run(GOOD, options=named).output


def test_a_packed_file_is_compared_with_one_that_is_not(run, tmp_path: Path) -> None:
    """And the other way round: each is what its own name says."""
    names = {"older.csv": GOOD.encode(), "older.csv.gz": gzip.compress(GOOD.encode())}
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
        for key in ("shop/a.csv", "shop/a.csv.gz"):
            text = b"sku,quantity\nA,3\n"
            options = (*complete_feed(tmp_path), "--key", key, "--against", str(tmp_path / name))
            result = run(gzip.compress(text) if key.endswith(".gz") else text, options=options)
            assert "absent: 1 items" in result.output


def test_lots_are_compared_by_their_own_quantities(run, tmp_path: Path) -> None:
    """Two lots of five are ten pieces, here as in the hold."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text('[feeds."shop/"]\non_duplicate = "sum"\nmax_stock_drop_share = 0.3\n')
    (tmp_path / "older.csv").write_text("sku,quantity\nA,5\nA,5\nB,5\nB,5\n")
    against = ("--against", str(tmp_path / "older.csv"))
    named = ("--feeds", str(feeds), "--key", "shop/a.csv", *against, "--json")
    for text, held in (("sku,quantity\nA,20\n", False), ("sku,quantity\nA,5\nA,5\n", True)):
        (verdict,) = json.loads(run(text, options=named).output)
        assert bool(verdict["absences"]["held"]) is held
        assert [each["quantity"] for each in verdict["absences"]["items"]] == ["10"]


def test_fails_with_2_on_a_file_that_would_be_held(run, tmp_path: Path) -> None:
    """The older file stands for the last one of its feed, as the hold compares them."""
    (tmp_path / "older.csv").write_text("sku,quantity\nA,9\nB,2\n")
    named = (*complete_feed(tmp_path), "--against", str(tmp_path / "older.csv"))
    result = run("sku,quantity\nA,5\n", options=named)
    assert result.exit_code == 2
    assert "a stock of 5 and" in result.output
    assert run("sku,quantity\nA,6\n", options=named).exit_code == 0


def test_fails_on_an_older_file_that_cannot_be_compared_with(run, tmp_path: Path) -> None:
    """It is not there, is no stock file, or there is more than one file to compare."""
    (tmp_path / "older.csv").write_text("sku,quantity\nA,9\n")
    named = ("--against", str(tmp_path / "older.csv"))
    assert isinstance(run(GOOD, GOOD, options=named).exception, UsageError)
    (tmp_path / "older.csv").write_text("nothing")
    assert isinstance(run(GOOD, options=named).exception, CliError)
    assert isinstance(run(GOOD, options=("--against", "not-there.csv")).exception, UsageError)
