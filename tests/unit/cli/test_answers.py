"""What an operator asks: whose stock, since when, what changed, what runs low, what it costs."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from fakes import MemoryReports
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_notes import DynamoDbChangeLogs
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.changelog import ChangeLog
from inventory.domain.model import ObjectVersion
from inventory.domain.order import Tokens, base_of, timestamp
from inventory.domain.ports import ConsumedCapacity, Deadline, OwnItem
from inventory.domain.removals import REMOVED
from inventory_cli.bill import FunctionUse, Use, bill
from inventory_cli.rendering import figure, money

from .conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

TIME = "2026-11-22T20:00:00.000000Z"
BASE = base_of(TIME, "")
HEADER = "sku,location,quantity\n"


def loaded(cloud: Any, key: str, rows: str, day: int) -> Tokens:
    """Store a file of a day and its record; gives the tokens of its rows."""
    stored = NOW.replace(day=day)
    version_id = cloud.s3.put(key, f"{HEADER}{rows}".encode(), stored)
    base = base_of(f"2026-11-{day:02}T20:00:00.000000Z", "")
    cloud.dynamodb.record(
        f"uploads/{key}#{version_id}", status="COMPLETED", base=base, rows_read=1, loaded=1
    )
    return Tokens(base, f"uploads/{key}#{version_id}")


def source(key: str, line: int, version_id: str = "v1") -> dict[str, str]:
    """An item's source attribute."""
    return {"bucket": "uploads", "key": key, "version_id": version_id, "line": str(line)}


class TestStock:
    """`inventory stock`."""

    @pytest.fixture
    def shop(self, cloud: Any) -> Any:
        """One SKU in two places, one elsewhere."""
        tokens = loaded(cloud, "stores/north.csv", "A-1,north,1200\nA-2,north,7\n", 20)
        for sku, line, quantity in (("A-1", 2, 1200), ("A-2", 3, 7)):
            at = source("stores/north.csv", line)
            cloud.dynamodb.item(sku, "north", tokens.of(line, None), quantity=quantity, source=at)
        cloud.dynamodb.item("A-1", "south", f"{TIME}#", quantity=0)
        return cloud

    @pytest.mark.usefixtures("shop")
    def test_says_how_much_where_since_when_and_who_says_so(self, run: Any) -> None:
        """In one readable line each, at 80 columns."""
        ran = run("stock", "A-1")
        assert ran.exit_code == 0
        [north] = [each for each in ran.out.splitlines() if "north" in each]
        assert north.split() == (
            ["A-1", "north", "1,200", "2026-11-20", "20:00", "stores/north.csv:2"]
        )
        assert "(not from a file)" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80

    @pytest.mark.usefixtures("shop")
    def test_shows_the_line_itself(self, run: Any) -> None:
        """As it stands in the version that said so."""
        assert "A-2,north,7" in run("stock", "A-2", "--raw").out
        [item] = run("stock", "A-2", "--raw", "--json").json
        assert (item["raw"], item["quantity"], item["source"]["line"]) == ("A-2,north,7", 7, 3)

    @pytest.mark.parametrize("remover", ["", "feed stores/"])
    def test_names_the_file_that_lacks_an_article(self, shop: Any, run: Any, remover: str) -> None:
        """No line of it says so; nor is undoing a whole file what brings an article back."""
        at = source("stores/north.csv", 0)
        shop.dynamodb.item("A-3", "north", f"{TIME}#", quantity=0, source=at)
        if remover:
            stored = shop.dynamodb.tables["items"]["A-3", "north"]
            stored["attributes"] = {"M": {REMOVED: {"S": remover}}}
        ran = run("stock", "A-3", "--raw")
        assert "absent from stores/north.csv" in " ".join((ran.out + ran.err).split())
        assert ("the file does not name it" in ran.out) is not bool(remover)
        assert ("a newer file that names it brings it back" in ran.err) is bool(remover)
        assert "undo" not in ran.err

    def test_a_quantity_in_json_is_a_number(self, cloud: Any, run: Any) -> None:
        """With decimals too."""
        cloud.dynamodb.item("A-1", "north", quantity=3)
        cloud.dynamodb.tables["items"]["A-1", "north"]["quantity"] = {"N": "12.50"}
        cloud.dynamodb.item("A-1", "south", quantity=3)
        found = run("stock", "A-1", "--json").json
        assert [each["quantity"] for each in found] == [12.5, 3]

    @pytest.mark.usefixtures("shop")
    def test_takes_lists(self, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Of a file, of standard input, with a mark of Windows and blank lines."""
        path = tmp_path / "skus.txt"
        path.write_text("\ufeffA-1\n\nA-2\n", encoding="utf-8")
        for arguments in (("--from", str(path)), ("-",), ("--from", "-")):
            piped = io.BytesIO(path.read_bytes())
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped, encoding="latin-1"))
            assert len(run("stock", *arguments, "--json").json) == 3

    @pytest.mark.usefixtures("cloud")
    def test_fails_for_a_list_that_is_no_text(
        self, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Wherever it comes from."""
        path = tmp_path / "skus.txt"
        path.write_text("A-1\n", encoding="utf-16")
        for arguments in (("--from", str(path)), ("-",)):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
            ran = run("stock", *arguments)
            assert ran.exit_code == 4
            assert "cannot be read" in ran.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ("stock", ""),
            ("stock", "A-1", "--location", ""),
            ("history", ""),
            ("history", "A-1", ""),
            ("remove", "", "--yes"),
            ("remove", "A-1", "", "--yes"),
            ("low", "--location", ""),
            ("out", "--location", ""),
        ],
    )
    @pytest.mark.usefixtures("shop")
    def test_fails_for_empty_words(self, run: Any, arguments: tuple[str, ...]) -> None:
        """No key of an item is empty; DynamoDB would refuse to look."""
        ran = run(*arguments)
        assert ran.exit_code == 64
        assert "'' is no" in ran.err

    @pytest.mark.usefixtures("shop")
    def test_what_is_stored_nowhere_is_told(self, run: Any) -> None:
        """What is there is shown all the same."""
        ran = run("stock", "A-2", "TYPO", "--json")
        assert (ran.exit_code, len(ran.json)) == (4, 1)
        assert "no item of SKU 'TYPO'" in ran.err
        assert run("stock", "A-2", "--location", "south").exit_code == 4
        assert run("stock").exit_code == 64


class TestHistory:
    """`inventory history`."""

    def test_shows_every_statement_and_what_became_of_it(self, cloud: Any, run: Any) -> None:
        """The newest first, refused rows and files that were not loaded among them."""
        loaded(cloud, "a.csv", "A,x,5\n", 20)
        tokens = loaded(cloud, "a.csv", "A,x,6\nA,x,7\n", 21)
        cloud.dynamodb.item("A", "x", tokens.of(3, None), quantity=7)
        loaded(cloud, "b.csv", "A,x,7\nA,y,1\n", 22)
        loaded(cloud, "c.csv", "A,x,many\n", 23)
        held = cloud.s3.put("d.csv", f"{HEADER}A,x,0\n".encode(), NOW.replace(day=24))
        cloud.dynamodb.record(f"uploads/d.csv#{held}", status="HELD", base=BASE)
        ran = run("history", "A", "x", "--json")
        assert [
            (each["key"], each["line"], each["quantity"], each["fate"]) for each in ran.json
        ] == [
            ("c.csv", 2, None, "rejected"),
            ("d.csv", 2, "0", "not loaded"),
            ("b.csv", 2, "7", "confirms it"),
            ("a.csv", 3, "7", "current"),
            ("a.csv", 2, "6", "superseded in its file"),
            ("a.csv", 2, "5", "older"),
        ]
        assert ran.exit_code == 0
        shown = run("history", "A", "x")
        assert max(map(len, shown.out.splitlines())) <= 80
        assert "b.csv#v3:2" in shown.out

    def test_a_row_that_should_be_there_and_is_not_is_told(self, cloud: Any, run: Any) -> None:
        """The one thing that must not be."""
        loaded(cloud, "a.csv", "A,x,5\n", 20)
        ran = run("history", "A")
        assert ran.exit_code == 1
        assert "inventory replay" in ran.out

    @pytest.mark.parametrize(
        ("record", "exit_code"),
        [
            ({"status": "COMPLETED"}, 1),
            ({"status": "WITHDRAWN"}, 1),
            ({"status": "FAILED"}, 0),
            ({"status": "WITHDRAWN", "error": "missing-label: no header"}, 0),
        ],
    )
    def test_an_answer_that_lacks_a_loaded_file_says_so(
        self, cloud: Any, run: Any, record: dict[str, str], exit_code: int
    ) -> None:
        """Nothing can read it any more; one that was refused says nothing."""
        tokens = loaded(cloud, "a.csv", "A,x,5\n", 20)
        cloud.dynamodb.item("A", "x", tokens.of(2, ""), quantity=5, source=source("a.csv", 2))
        odd = cloud.s3.put("odd.csv", b"colour,mood\nred,good\n")
        cloud.dynamodb.record(f"uploads/odd.csv#{odd}", **record)
        ran = run("history", "A")
        assert ran.exit_code == exit_code
        assert f"not read: uploads/odd.csv#{odd}" in ran.err

    def test_a_name_that_nobody_mentions_is_told(self, cloud: Any, run: Any) -> None:
        """Also a prefix with nothing under it, and a file that cannot be read."""
        loaded(cloud, "a.csv", "A,x,5\n", 20)
        cloud.s3.put("odd.csv", b"colour,mood\nred,good\n")
        ran = run("history", "TYPO")
        assert ran.exit_code == 4
        assert "no file of 2 versions mentions SKU 'TYPO'" in ran.err
        assert "not read: uploads/odd.csv#v2" in ran.err
        assert run("history", "A", "--prefix", "typo/").exit_code == 4


class TestRemove:
    """`inventory remove`."""

    @pytest.fixture
    def shop(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        """One SKU in two places, and a bucket that takes removals."""
        for location in ("north", "south"):
            at = source("stores/old.csv", 2)
            cloud.dynamodb.item("A-1", location, f"{TIME}#", quantity=3, source=at)

        def put_object(**request: Any) -> Any:
            assert (request["Bucket"], request["ContentType"]) == ("uploads", "text/csv")
            version_id = cloud.s3.put(request["Key"], request["Body"])
            record = {"status": "COMPLETED", "rows_read": 1, "loaded": 1, "finished_at": TIME}
            cloud.dynamodb.record(f"uploads/{request['Key']}#{version_id}", **record)
            return {"VersionId": version_id}

        monkeypatch.setattr(cloud.s3, "put_object", put_object, raising=False)
        return cloud

    def removal(self, cloud: Any) -> list[dict[str, str]]:
        """Rows of the one file that was put."""
        [content] = cloud.s3.bytes.values()
        return list(csv.DictReader(io.StringIO(content.decode())))

    def test_a_removal_is_a_file_that_says_who_and_why(self, shop: Any, run: Any) -> None:
        """One row for each place where the SKU is, or for the one that is named."""
        ran = run("remove", "A-1", "--reason", "=gone; for good", "--yes")
        assert ran.exit_code == 0
        rows = self.removal(shop)
        assert [(row["sku"], row["location"]) for row in rows] == [
            ("A-1", "north"),
            ("A-1", "south"),
        ]
        assert {row["inventory:reason"] for row in rows} == {"=gone; for good"}
        assert all(row["inventory:removed"] for row in rows)
        assert "inventory undo removals/" in ran.out
        shop.s3.bytes.clear()
        assert run("remove", "A-1", "south", "--yes", "--json").exit_code == 0
        assert [row["location"] for row in self.removal(shop)] == ["south"]

    def test_a_dry_run_and_a_name_that_is_not_there_change_nothing(
        self, shop: Any, run: Any
    ) -> None:
        """Nor does a command that nobody can answer."""
        ran = run("remove", "A-1", "--dry-run")
        assert (ran.exit_code, ran.out.count("stores/old.csv:2")) == (0, 2)
        assert len(run("remove", "A-1", "--dry-run", "--json").json) == 2
        assert run("remove", "TYPO", "--yes").exit_code == 4
        assert run("remove", "A-1", "west", "--yes").exit_code == 4
        assert "--yes" in run("remove", "A-1").err
        assert shop.s3.bytes == {}

    def test_a_removal_that_would_be_read_otherwise_is_not_put(self, shop: Any, run: Any) -> None:
        """As where the feeds file says something of its folder."""
        feed = {"locations": ["east"]}
        shop.s3.feeds = {"feeds": {"removals/": feed}, "profiles": {}}
        ran = run("remove", "A-1", "--yes")
        assert ran.exit_code == 4
        assert "none that this feed may set" in ran.err
        assert shop.s3.bytes == {}

    def test_what_is_removed_is_no_stock_and_says_who_did_it(self, cloud: Any, run: Any) -> None:
        """For every command that answers what is in stock."""
        at = source("removals/a.csv", 2)
        cloud.dynamodb.item("A-1", "north", f"{TIME}#", quantity=0, source=at, written_at=TIME)
        stored = cloud.dynamodb.tables["items"]["A-1", "north"]
        stored["attributes"] = {"M": {REMOVED: {"S": "ann"}, "inventory:reason": {"S": "closed"}}}
        ran = run("stock", "A-1", "--json")
        assert (ran.exit_code, ran.json) == (4, [])
        assert "removed by ann as of 2026-11-22 20:00 UTC: closed" in ran.err
        assert run("out", "--json").json == []
        assert run("remove", "A-1", "--yes").exit_code == 4

    def test_history_tells_a_removal_from_a_stock_of_zero(self, cloud: Any, run: Any) -> None:
        """It is the newest statement, and the one before is older."""
        loaded(cloud, "a.csv", "A,x,0\n", 20)
        content = f"sku,location,quantity,{REMOVED}\nA,x,0,ann\n".encode()
        version_id = cloud.s3.put("removals/a.csv", content, NOW.replace(day=21))
        object_id = f"uploads/removals/a.csv#{version_id}"
        base = base_of("2026-11-21T20:00:00.000000Z", "")
        cloud.dynamodb.record(object_id, status="COMPLETED", base=base)
        cloud.dynamodb.item("A", "x", Tokens(base, object_id).of(2, None), quantity=0)
        cloud.dynamodb.tables["items"]["A", "x"]["attributes"] = {"M": {REMOVED: {"S": "ann"}}}
        told = [(each["quantity"], each["fate"]) for each in run("history", "A", "--json").json]
        assert told == [("removed", "current"), ("0", "older")]
        assert "removed" in run("history", "A").out


LONG_AGO = "2026-01-01T00:00:00.000000Z"


class TestChanges:
    """`inventory changes`."""

    @staticmethod
    def logged(cloud: Any, key: str, ago: timedelta, *entries: Any, lost: bool = False) -> str:
        """Put a part into the change log, as of so long ago; gives its time."""
        at = datetime.now(UTC) - ago
        lanes = PartitionedTable(
            DynamoDbApi(cloud.dynamodb.lanes, Deadline()), "lanes", ConsumedCapacity()
        )
        version = ObjectVersion(bucket="uploads", key=key, version_id="v1", etag="", size_bytes=1)
        log = ChangeLog(
            MemoryReports(cloud.s3.reports),
            DynamoDbChangeLogs(lanes),
            version=version,
            attempt=str(at),
            now=lambda: at,
        )
        log.will_delete(OwnItem(sku, "x", "", *before) for sku, *before in entries)
        log.store(lost=lost)
        return timestamp(at)

    @pytest.fixture
    def changed(self, cloud: Any) -> Any:
        """Items of two feeds, one of which is not there any more."""
        hour = timedelta(hours=1)
        at = source("stores/north.csv", 2)
        time = self.logged(
            cloud, "stores/north.csv", hour, ("A", "7", LONG_AGO), ("B", "5", LONG_AGO), ("=C", "")
        )
        cloud.dynamodb.item("A", "x", TIME, quantity=1200, written_at=time, source=at)
        cloud.dynamodb.item("B", "x", TIME, quantity=5, written_at=time, source=at)
        cloud.dynamodb.item("=C", "x", TIME, quantity=0, written_at=time, source=at)
        cloud.dynamodb.item("D", "x", TIME, quantity=9, written_at=LONG_AGO, source=at)
        self.logged(cloud, "other.csv", 2 * hour, ("D", "9", LONG_AGO), ("E", "3", LONG_AGO))
        cloud.s3.feeds = {"feeds": {"stores/": {"profile": "canonical"}}}
        return cloud

    def test_names_the_file_that_lacks_an_article(self, changed: Any, run: Any) -> None:
        """Instead of a line that the file does not have."""
        stored = changed.dynamodb.tables["items"]["=C", "x"]
        stored["source"] = {"M": {"key": {"S": "stores/north.csv"}, "line": {"N": "0"}}}
        out = " ".join(run("changes").out.split())
        assert "absent from stores/north.csv" in out
        assert "stores/north.csv:0" not in out

    @pytest.mark.usefixtures("changed")
    def test_lists_items_by_feed(self, run: Any) -> None:
        """As a table, as JSON and as CSV that a spreadsheet does not run."""
        ran = run("changes")
        assert ran.exit_code == 0
        assert "3 items changed since" in ran.err
        assert "1 more were written" in ran.err
        assert "stores/north.csv:2" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80
        told = [
            (each["feed"], each["sku"], each["change"], each["before"], each["quantity"])
            for each in run("changes", "--json").json
        ]
        assert told == [
            ("other.csv", "E", "gone", "3", None),
            ("stores/", "=C", "new", None, "0"),
            ("stores/", "A", "changed", "7", "1200"),
        ]
        rows = list(csv.DictReader(io.StringIO(run("changes", "--csv").out)))
        assert [(each["sku"], each["quantity"]) for each in rows][1] == ("'=C", "0")
        assert "and 1 more" in run("changes", "--limit", "2").err
        assert [each["change"] for each in run("changes", "--all", "--json").json].count(
            "same"
        ) == 1

    @pytest.mark.usefixtures("changed")
    def test_takes_a_time(self, run: Any) -> None:
        """Any of the ways in which people give one, unless the log does not go back so far."""
        assert [each["sku"] for each in run("changes", "--since", "90m", "--json").json] == [
            "=C",
            "A",
        ]
        assert run("changes", "--since", "30m", "--json").json == []
        assert run("changes", "--since", "soon").exit_code == 64
        assert run("changes", "--since", "28d").exit_code == 0
        ran = run("changes", "--since", "29d")
        assert ran.exit_code == 64
        assert "kept for 28 days" in ran.err

    def test_says_of_which_files_it_does_not_know(self, changed: Any, run: Any) -> None:
        """Of those at work, and of those whose run has crashed."""
        stored = datetime.now(UTC)
        version_id = changed.s3.put("stores/south.csv", b"", stored)
        record = f"uploads/stores/south.csv#{version_id}"
        changed.dynamodb.record(record, status="IN_PROGRESS", open_runs={"a"})
        ran = run("changes")
        assert ran.exit_code == 5
        assert "stores/south.csv" in ran.err
        changed.dynamodb.record(record, status="COMPLETED")
        assert run("changes").exit_code == 0
        changed.s3.put("old.csv", b"", NOW)
        changed.dynamodb.follow_up("old.csv", "v9")
        changed.dynamodb.record("uploads/old.csv#v9", status="COMPLETED", open_runs={"a"})
        assert "old.csv" in run("changes").err
        self.logged(changed, "crashed.csv", timedelta(minutes=5), lost=True)
        ran = run("changes", "--json")
        assert (ran.exit_code, len(ran.json)) == (1, 3)
        assert "crashed.csv" in ran.err

    @pytest.mark.parametrize("how", ["--csv", "--json", "--all"])
    def test_an_item_of_which_the_stock_before_is_not_known_needs_attention(
        self, changed: Any, run: Any, how: str
    ) -> None:
        """It is listed, and may have changed or not."""
        moments = [timestamp(datetime.now(UTC) - timedelta(minutes=each)) for each in (9, 3)]
        self.logged(changed, "stores/north.csv", timedelta(minutes=5), ("F", "7", moments[0]))
        changed.dynamodb.item("F", "x", TIME, quantity=2, written_at=moments[1])
        ran = run("changes", how)
        assert ran.exit_code == 1
        assert "what 1 of these items were before" in " ".join(ran.err.split())

    def test_what_was_removed_is_gone(self, changed: Any, run: Any) -> None:
        """And says who did it."""
        stored = changed.dynamodb.tables["items"]["A", "x"]
        stored["attributes"] = {"M": {REMOVED: {"S": "ann"}}}
        [item] = [each for each in run("changes", "--json").json if each["sku"] == "A"]
        assert (item["change"], item["before"], item["removed_by"]) == ("gone", "7", "ann")
        assert "removed" in run("changes").out


class TestShortages:
    """`inventory low` and `inventory out`."""

    @pytest.fixture
    def shop(self, cloud: Any) -> Any:
        """More items than a summary lists."""
        for number in range(150):
            cloud.dynamodb.item(f"low-{number}", "x", TIME, quantity=1)
            cloud.dynamodb.item(f"out-{number}", "y", TIME, quantity=-number)
        cloud.dynamodb.item("few", "x", TIME, quantity=20, reorder_point=30)
        cloud.dynamodb.item("many", "x", TIME, quantity=11)
        return cloud

    @pytest.mark.usefixtures("shop")
    def test_lists_are_complete_and_the_largest_shortfall_comes_first(self, run: Any) -> None:
        """By the deployment's threshold, or the item's own reorder point."""
        low, out = run("low", "--json").json, run("out", "--json").json
        assert (len(low), len(out)) == (151, 150)
        assert (low[0]["sku"], low[0]["limit"], low[1]["limit"]) == ("few", "30", "10")
        assert (out[0]["sku"], out[0]["quantity"]) == ("out-149", "-149")
        assert run("out", "--location", "x", "--json").json == []
        typo = run("out", "--location", "X")
        assert (typo.exit_code, typo.out) == (4, "")
        assert "no item at X" in typo.err
        assert run("low", "--csv").out.count("\n") == 152
        rows = list(csv.reader(io.StringIO(run("out", "--csv").out)))
        assert (rows[0][0], rows[1][4]) == ("\ufeffsku", "-149")
        shown = run("out")
        assert "150 items are out of stock" in shown.err
        assert shown.exit_code == 0
        assert max(map(len, shown.out.splitlines())) <= 80

    def test_an_item_that_cannot_be_read_is_told(self, shop: Any, run: Any) -> None:
        """The list may lack it."""
        shop.dynamodb.item("odd", "x", TIME, quantity="many")
        ran = run("low", "--json")
        assert (ran.exit_code, len(ran.json)) == (1, 151)
        assert "1 stored items could not be read" in ran.err


class TestFiles:
    """`inventory files`."""

    @pytest.fixture
    def bucket(self, cloud: Any) -> Any:
        """A file of each kind, and two versions of one."""
        files: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("stores/north.csv", "COMPLETED", {"rows_read": 5, "loaded": 5}),
            ("stores/north.csv", "COMPLETED", {"rows_read": 5, "loaded": 4, "rejected": 1}),
            ("stores/south.csv", "FAILED", {"error": "missing-label: the header fits nothing"}),
            ("storage/old.csv", "COMPLETED", {"rows_read": 2, "stale": 2}),
        )
        for day, (key, status, more) in enumerate(files, start=20):
            version_id = cloud.s3.put(key, b"x", NOW.replace(day=day))
            cloud.dynamodb.record(f"uploads/{key}#{version_id}", status=status, **more)
        cloud.s3.put("stores/new.csv", b"x", NOW.replace(day=25))
        return cloud

    @pytest.mark.usefixtures("bucket")
    def test_lists_versions_with_reasons(self, run: Any) -> None:
        """The latest first, versions of one key among them, whole keys at 80 columns."""
        found = run("files", "stores", "--json").json
        assert [(each["key"], each["version_id"], each["reason"]) for each in found] == [
            ("stores/new.csv", "v5", "not processed yet"),
            ("stores/south.csv", "v3", "missing-label: the header fits nothing"),
            ("stores/north.csv", "v2", "1 rows rejected"),
            ("stores/north.csv", "v1", ""),
        ]
        assert "and 3 more" in run("files", "--limit", "2").err
        shown = run("files", "--limit", "2").out
        assert "stores/new.csv#v5" in shown
        assert "stores/south.csv" not in shown
        assert max(map(len, shown.splitlines())) <= 80

    @pytest.mark.usefixtures("bucket")
    def test_failed_are_those_that_want_a_look(self, run: Any) -> None:
        """A file of nothing but stale rows too."""
        found = run("files", "--failed", "--json").json
        assert [each["version_id"] for each in found] == ["v4", "v3", "v2"]
        assert len(run("files", "--failed", "--since", "2026-11-22", "--json").json) == 2

    @pytest.mark.usefixtures("bucket")
    def test_a_prefix_with_nothing_under_it_is_told(self, run: Any) -> None:
        """A folder is meant whole: `stor` is none."""
        assert run("files", "stor").exit_code == 4
        assert len(run("files", "s3://uploads/storage/", "--json").json) == 1
        assert run("files", "s3://elsewhere/x").exit_code == 64


class TestCost:
    """`inventory cost`."""

    def test_adds_up_what_was_counted(self, cloud: Any, run: Any) -> None:
        """Records of other months do not count; estimates are marked."""
        for month, units in ((9, 1_000_000), (10, 4_000_000)):
            moment = f"2026-{month:02}-05T00:00:00.000000Z"
            cloud.dynamodb.record(
                f"uploads/{month}.csv#v",
                status="COMPLETED",
                finished_at=moment,
                write_units=units,
                read_units=units,
            )
        cost = {"cost": {"dollars": "0.5"}}
        cloud.s3.reports["summaries/2026/10/05/summary.json"] = json.dumps(cost).encode()
        answer = run("cost", "--month", "2026-10", "--json").json
        dollars = {line["what"]: line["dollars"] for line in answer["lines"]}
        assert answer["complete"] is True
        # Worked out by hand from the price lists: $0.625 and $0.125 for a million units, an
        # hour of a gigabyte on Arm is 3,600 times $0.0000133334, a gigabyte stored and recoverable
        # is $0.45.
        assert dollars["writing to DynamoDB for files"] == 2.5
        assert dollars["reading from DynamoDB for files"] == 0.5
        assert dollars["reading from DynamoDB for summaries"] == 0.5
        assert dollars["inventory-processor-dev"] == pytest.approx(0.0482, abs=1e-4)
        assert dollars["tables and their recovery"] == pytest.approx(1.35)
        assert answer["dollars"] == pytest.approx(sum(dollars.values()), abs=1e-3)
        shown = run("cost", "--month", "2026-10").out
        assert "~$1.35" in shown
        assert " $2.50" in shown
        assert max(map(len, shown.splitlines())) <= 80

    @pytest.mark.usefixtures("cloud")
    @pytest.mark.parametrize("month", ["2026-13", "yesterday", "2999-01", ""])
    def test_fails_on_months_that_make_no_sense(self, run: Any, month: str) -> None:
        """Before AWS is asked."""
        assert run("cost", "--month", month).exit_code == 64

    @pytest.mark.parametrize(
        ("stored", "finished", "sure"),
        [
            ("10-05", "10-05", True),
            ("09-30", "10-05", False),
            ("10-05", "11-05", False),
            ("09-05", "11-05", False),
            ("09-05", "09-05", True),
            ("11-05", "11-05", True),
        ],
    )
    def test_a_file_of_several_months_makes_its_units_an_estimate(
        self, cloud: Any, run: Any, stored: str, finished: str, sure: bool
    ) -> None:
        """Its record counts the units of all runs, and says when the last one ended."""
        cloud.dynamodb.record(
            "uploads/a.csv#v",
            status="COMPLETED",
            stored_at=f"2026-{stored}T00:00:00.000000Z",
            started_at=f"2026-{finished}T00:00:00.000000Z",
            finished_at=f"2026-{finished}T00:00:00.000000Z",
            write_units=4,
        )
        lines = run("cost", "--month", "2026-10", "--json").json["lines"]
        assert [each["estimated"] for each in lines[:2]] == [not sure] * 2
        assert ("1 files were processed in other months too" in lines[0]["basis"]) is not sure

    @pytest.mark.usefixtures("cloud")
    def test_costs_begin_with_the_stack(self, run: Any) -> None:
        """In the middle of a month half of it; a month before that has no costs."""
        whole, half = (
            {line["what"]: line["dollars"] for line in run("cost", *each, "--json").json["lines"]}
            for each in (("--month", "2026-10"), ("--month", "2026-08"))
        )
        what = "tables and their recovery"
        assert half[what] == pytest.approx(whole[what] / 2, rel=0.05)
        ran = run("cost", "--month", "2026-07")
        assert ran.exit_code == 64
        assert "2026-08-15" in ran.err

    def test_half_a_month_costs_half_of_what_stands_there(self) -> None:
        """And what was used all of it."""
        use = FunctionUse("f", invocations=0, seconds=1024, memory_mib=1024, arm=False)
        whole, half = (
            {line.what: line for line in bill(Use(share=share, functions=(use,), alarm_metrics=10))}
            for share in (1.0, 0.5)
        )
        assert whole["f"].dollars == half["f"].dollars > 0
        for what, line in whole.items():
            if line.estimated:
                assert half[what].dollars == pytest.approx(line.dollars / 2)


def test_figures_are_written_the_same_everywhere() -> None:
    """Whatever type they come as."""
    assert figure(1200) == figure("1200") == figure(Decimal(1200)) == "1,200"
    assert figure("1234.50") == "1,234.50"
    assert figure(Decimal("1E+3")) == "1,000"
    assert money(1234.5) == "$1,234.50"
