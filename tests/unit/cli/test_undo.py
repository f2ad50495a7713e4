"""`inventory undo`, `restore`, `pause` and `resume`: what operators take back, and have wait."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from fakes import MemoryReports
from inventory.adapters.dynamodb_api import DynamoDbApi
from inventory.adapters.dynamodb_notes import DynamoDbListings
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.absences import KeyNotes, Listing, list_name
from inventory.domain.model import ObjectVersion
from inventory.domain.order import Tokens, base_of, object_hash
from inventory.domain.ports import ConsumedCapacity, Deadline

CONTENT = b"sku,location,quantity\nA1,x,5\nB1,x,6\n"
TOKEN = "2026-11-22T20:00:00.000000Z#" + "0" * 32 + "#000000000002#"


def item(cloud: Any, sku: str, version_id: str) -> None:
    """An item that a version of stock.csv wrote."""
    token = TOKEN + object_hash(f"uploads/stock.csv#{version_id}")
    source = {"bucket": "uploads", "key": "stock.csv", "version_id": version_id, "line": "2"}
    cloud.dynamodb.item(sku, "x", token, quantity=9, source=source)


def test_a_version_is_withdrawn_with_who_and_why(cloud: Any, run: Any) -> None:
    """The newest, unless another one is named."""
    older = cloud.s3.put("stock.csv", CONTENT)
    newest = cloud.s3.put("stock.csv", CONTENT)
    assert run("undo", "stock.csv", "--reason", "wrong day").exit_code == 0
    assert run("undo", "stock.csv", "--version", older).exit_code == 0
    first, second = cloud.work.bodies()
    assert (first["kind"], first["version_id"]) == ("withdraw", newest)
    assert first["task"]["reason"] == "wrong day"
    assert first["task"]["by"]
    assert second["version_id"] == older


def test_a_version_that_is_gone_is_withdrawn_by_its_record(cloud: Any, run: Any) -> None:
    """The table knows what it brought."""
    cloud.dynamodb.record("uploads/stock.csv#gone", status="COMPLETED", version_id="gone")
    assert run("undo", "stock.csv#gone").exit_code == 0
    (body,) = cloud.work.bodies()
    assert (body["key"], body["version_id"]) == ("stock.csv", "gone")


def test_a_version_that_is_withdrawn_already_stays_so(cloud: Any, run: Any) -> None:
    """Asking twice is harmless, and takes back a restore that waits."""
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.dynamodb.record(f"uploads/stock.csv#{version}", status="WITHDRAWN")
    result = run("undo", "stock.csv")
    assert result.exit_code == 0
    assert "already" in result.out
    assert [body["kind"] for body in cloud.work.bodies()] == ["withdraw"]


def test_a_dry_run_lists_what_would_come_back_and_what_would_go(cloud: Any, run: Any) -> None:
    """From files that were loaded and not withdrawn, the highest row of each item."""
    for content, status in (
        (b"sku,location,quantity\nA1,x,1\n", "COMPLETED"),
        (b"sku,location,quantity\nA1,x,2\n", "COMPLETED"),
        (b"sku,location,quantity\nA1,x,3\n", "WITHDRAWN"),
        (b"sku,location,quantity\nA1,x,4\n", "HELD"),
        (CONTENT, "COMPLETED"),
    ):
        version = cloud.s3.put("stock.csv", content)
        cloud.dynamodb.record(f"uploads/stock.csv#{version}", status=status)
    for sku in ("A1", "B1"):
        item(cloud, sku, version)
    item(cloud, "C1", "another")
    ran = run("undo", "stock.csv", "--dry-run", "--json")
    assert ran.exit_code == 0
    found = {each["sku"]: each["becomes"] for each in json.loads(ran.out)["items"]}
    assert found == {"A1": "2", "B1": None}
    assert cloud.work.messages == {}
    assert "1 would go" in run("undo", "stock.csv", "--dry-run").out


def test_a_dry_run_knows_what_complete_files_lack(cloud: Any, run: Any) -> None:
    """Their zeros take the place of items, and go where they rest on the withdrawn file alone."""
    cloud.s3.feeds = {"feeds": {"stock.csv": {"complete": True, "max_stock_drop_share": 0}}}
    lanes = PartitionedTable(
        DynamoDbApi(cloud.dynamodb.lanes, Deadline()), "lanes", ConsumedCapacity()
    )
    for hour, skus in enumerate(("AB", "AC", "A", "BD")):
        rows = "".join(f"{sku},x,{hour + 1}\n" for sku in skus)
        version_id = cloud.s3.put("stock.csv", f"sku,location,quantity\n{rows}".encode())
        version = ObjectVersion(
            bucket="uploads", key="stock.csv", version_id=version_id, etag="", size_bytes=1
        )
        base = base_of(f"2026-11-22T{hour + 10}:00:00.000000Z", "")
        cloud.dynamodb.record(version.object_id, status="COMPLETED", base=base)
        name = list_name(version.object_id, "run", 1)
        notes = KeyNotes(MemoryReports(cloud.s3.reports), name)
        notes.saw((sku, "x") for sku in skus)
        listing = Listing(version, base, name, (notes.store(),), implies=True, decided_at="")
        DynamoDbListings(lanes).put("stock.csv", listing, expires_at=1)
    tokens = Tokens(base, version.object_id)
    for sku, line in (("A", 0), ("B", 2), ("C", 0), ("D", 3)):
        at = {"bucket": "uploads", "key": "stock.csv", "version_id": version_id, "line": str(line)}
        token, quantity = tokens.of(line, None), 4 if line else 0
        cloud.dynamodb.item(sku, "x", token, quantity=quantity, source=at)

    def foretold(name: str) -> dict[str, str | None]:
        ran = run("undo", name, "--dry-run", "--json")
        assert ran.exit_code == 0
        return {each["sku"]: each["becomes"] for each in json.loads(ran.out)["items"]}

    assert foretold("stock.csv") == {"A": "3", "B": "0", "C": "0", "D": None}
    assert "absent from stock.csv" in run("undo", "stock.csv", "--dry-run").out
    # C is zero in the last file because the second one names it, and no other one does.
    assert foretold("stock.csv#v2") == {"C": None}
    assert foretold("stock.csv#v3") == {}


@pytest.mark.parametrize(("status", "exit_code"), [("COMPLETED", 1), ("FAILED", 0)])
def test_a_dry_run_that_may_be_wrong_says_so(
    cloud: Any, run: Any, status: str, exit_code: int
) -> None:
    """A file was loaded that nothing can read any more; of one that was refused nothing lacks."""
    odd = cloud.s3.put("odd.csv", b"colour,mood\nred,good\n")
    cloud.dynamodb.record(f"uploads/odd.csv#{odd}", status=status)
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.dynamodb.record(f"uploads/stock.csv#{version}", status="COMPLETED")
    item(cloud, "A1", version)
    ran = run("undo", "stock.csv", "--dry-run")
    assert ran.exit_code == exit_code
    assert (f"uploads/odd.csv#{odd}" in ran.err) == bool(exit_code)


@pytest.mark.parametrize("status", ["", "COMPLETED", "FAILED", "IN_PROGRESS"])
def test_only_a_withdrawn_version_is_restored(cloud: Any, run: Any, status: str) -> None:
    """Nothing is sent, and the status is named."""
    version = cloud.s3.put("stock.csv", CONTENT)
    if status:
        cloud.dynamodb.record(f"uploads/stock.csv#{version}", status=status)
    ran = run("restore", "stock.csv")
    assert ran.exit_code == 64
    assert (status or "no record") in ran.err
    assert cloud.work.messages == {}


def test_a_withdrawn_version_is_restored(cloud: Any, run: Any) -> None:
    """By a message that says who asked."""
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.dynamodb.record(f"uploads/stock.csv#{version}", status="WITHDRAWN")
    assert run("restore", "stock.csv").exit_code == 0
    (body,) = cloud.work.bodies()
    assert (body["kind"], body["version_id"]) == ("restore", version)
    assert body["task"]["by"]


@pytest.mark.parametrize("command", ["undo", "restore"])
def test_what_is_asked_for_last_counts_whatever_the_clocks(
    cloud: Any, run: Any, command: str
) -> None:
    """That of whoever asked before may go fast."""
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.dynamodb.record(
        f"uploads/stock.csv#{version}",
        status="WITHDRAWN",
        decided_at="2999-01-01T00:00:00.999999Z",
    )
    assert run(command, "stock.csv").exit_code == 0
    (body,) = cloud.work.bodies()
    assert body["task"]["asked_at"] == "2999-01-01T00:00:01.000000Z"


def test_a_folder_is_paused_and_resumed(cloud: Any, run: Any) -> None:
    """Those that wait are sent at once; those that are at work are left alone."""
    assert "nothing is paused" in run("pause").out
    assert run("pause", "s3://uploads/north/").exit_code == 0
    assert "'north/'" in run("pause").out
    for key, status in (("north/a", "WAITING"), ("north/b", "IN_PROGRESS"), ("south/a", "WAITING")):
        version = cloud.s3.put(key, CONTENT)
        cloud.dynamodb.record(f"uploads/{key}#{version}", status=status)
        cloud.dynamodb.follow_up(key, version)
    assert run("resume", "north/").exit_code == 0
    (body,) = cloud.work.bodies()
    assert (body["kind"], body["key"]) == ("redrive", "north/a")
    assert "nothing is paused" in run("pause").out


def test_fails_for_a_folder_that_is_not_paused(cloud: Any, run: Any) -> None:
    """What is paused is named."""
    run("pause", "north/")
    ran = run("resume", "south/")
    assert ran.exit_code == 64
    assert "'north/'" in ran.err
    assert cloud.work.messages == {}


@pytest.mark.parametrize(
    ("variable", "name"), [(None, f"uid {os.getuid()}"), ("ann", "ann"), ("\udcff", "\\udcff")]
)
def test_a_user_without_a_name_is_told_by_its_number(
    cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch, variable: str | None, name: str
) -> None:
    """As in a container; what a variable holds may be no text."""

    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for each in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(each, raising=False)
    if variable:
        monkeypatch.setenv("USER", variable)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    version_id = cloud.s3.put("a.csv", b"x")
    cloud.dynamodb.record(f"uploads/a.csv#{version_id}", status="COMPLETED")
    assert run("undo", "a.csv", "--reason", "wrong", "--json").json["by"] == name
    assert run("pause", "stores/").exit_code == 0


@pytest.mark.parametrize("name", ["stores/a.csv#abcdef", "s3://uploads/stores/a.csv#abcdef"])
def test_every_command_knows_a_version_by_the_beginning_of_its_id(
    cloud: Any, run: Any, name: str
) -> None:
    """As `inventory files` prints it."""
    for version_id, line in (("abcdefghijkl", 7), ("zyxwvutsrqpo", 8)):
        cloud.s3.put("stores/a.csv", b"x")
        cloud.s3.versions[0]["VersionId"] = version_id
        cloud.reject("stores/a.csv", version_id, line)
    assert [each["line"] for each in run("rejects", name, "--json").json] == [7]
    [listed] = run("files", name, "--json").json
    assert listed["version_id"] == "abcdefghijkl"
    sent = run("replay", name, "--since", "2026-11-22", "--dry-run", "--json").json["versions"]
    assert len(sent) == 1
    assert run("rejects", "stores/a.csv#").exit_code == 4
    assert run("files", "stores/a.csv#q").exit_code == 4


def waits(cloud: Any, *keys: str) -> None:
    """Files that a pause has put aside."""
    for key in keys:
        version = cloud.s3.put(key, CONTENT)
        cloud.dynamodb.record(f"uploads/{key}#{version}", status="WAITING")
        cloud.dynamodb.follow_up(key, version)


@pytest.mark.parametrize(
    ("resumed", "left", "sent"),
    [("stores/north", "stores/", []), ("stores/", "stores/north", ["stores/south.csv"])],
)
def test_a_pause_that_is_left_is_told(
    cloud: Any, run: Any, resumed: str, left: str, sent: list[str]
) -> None:
    """What another prefix has wait is not sent, for it would only be put aside again."""
    for prefix in (resumed, left):
        run("pause", prefix)
    waits(cloud, "stores/north.csv", "stores/south.csv")
    ran = run("resume", resumed)
    assert ran.exit_code == 5
    assert f"{left!r}, which is paused too" in " ".join(ran.err.split())
    assert [body["key"] for body in cloud.work.bodies()] == sent
    assert run("resume", left).exit_code == 0


def test_a_resume_that_broke_off_may_be_run_again(cloud: Any, run: Any) -> None:
    """The pause is gone by then, and the files wait."""
    run("pause", "stores/")
    waits(cloud, "stores/north.csv")
    cloud.sqs.refuses_work = True
    assert run("resume", "stores/").exit_code == 4
    cloud.sqs.refuses_work = False
    assert run("resume", "stores/").exit_code == 0
    assert [body["key"] for body in cloud.work.bodies()] == ["stores/north.csv"]
