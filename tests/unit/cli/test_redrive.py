"""`inventory redrive`: what is given back, what is settled and what stays."""

from __future__ import annotations

import io
import json
from hashlib import blake2s
from typing import Any
from zlib import compress

import pytest

from inventory.domain.order import Tokens, base_of
from inventory.domain.reading import BytesSource, ProfileSet, open_feed

BASE = base_of("2026-11-22T20:00:00.000000Z", "")
GOOD = b"sku,location,quantity\nA1,x,5\nA2,x,6\n"
BAD = b"sku,location,quantity\nA1,x,5\nA2,x,abc\n"


def completed(
    cloud: Any, key: str, version_id: str, *, status: str = "COMPLETED", **counts: int
) -> None:
    """Store the record of a version that was loaded, a second after the one before."""
    seconds = len(cloud.dynamodb.tables["ingestions"])
    base = base_of(f"2026-11-22T20:00:{seconds:02d}.000000Z", "")
    cloud.dynamodb.record(f"uploads/{key}#{version_id}", status=status, base=base, **counts)


def actions(ran: Any) -> list[tuple[str, str]]:
    """Kind and action of each message in the JSON answer."""
    return [(each["kind"], each["action"]) for each in ran.json["messages"]]


def test_a_row_that_a_newer_item_has_overtaken_is_stale(cloud: Any, run: Any) -> None:
    """Its message is removed, and nothing is processed again."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    cloud.dynamodb.item("A2", "x", "2026-11-22T20:00:00.000001Z#")
    ran = run("redrive", "--json")
    assert actions(ran) == [("row", "stale")]
    assert ran.exit_code == 0
    assert {} == cloud.dead_letters.messages == cloud.work.messages


def test_a_row_whose_item_is_older_stays(cloud: Any, run: Any) -> None:
    """An older value in the table is no correction; the message is put back."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    cloud.dynamodb.item("A2", "x", "2026-11-22T19:59:59.000000Z#")
    ran = run("redrive", "--json")
    assert actions(ran) == [("row", "refused")]
    assert ran.exit_code == 1
    assert len(cloud.dead_letters.messages) == 1
    assert cloud.dead_letters.hidden == set()
    assert cloud.work.messages == {}


def test_a_row_of_the_same_token_is_no_correction(cloud: Any, run: Any) -> None:
    """The item must be newer than the row, not as new."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    own = Tokens(BASE, f"uploads/stock.csv#{version_id}").of(3, None)
    cloud.dynamodb.item("A2", "x", own)
    assert actions(run("redrive", "--json")) == [("row", "refused")]


@pytest.mark.parametrize(
    ("newer", "action"),
    [(GOOD, "stale"), (b"sku,location,quantity\nA1,x,5\nA2,y,6\n", "refused")],
)
def test_a_row_is_settled_by_a_newer_version_that_has_its_item(
    cloud: Any, run: Any, newer: bytes, action: str
) -> None:
    """Stored or not, as an equal row is not; a newer version without the item settles nothing."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    cloud.dynamodb.item("A2", "x", "2026-11-22T19:59:59.000000Z#")
    completed(cloud, "stock.csv", cloud.s3.put("stock.csv", newer), rejected=0)
    assert actions(run("redrive", "--json")) == [("row", action)]


def test_a_row_whose_item_cannot_be_told_is_settled_by_no_newer_version(
    cloud: Any, run: Any
) -> None:
    """Nobody can tell whether the newer version has it."""
    version_id = cloud.s3.put("stock.csv", b"sku,location,quantity\nA1,x\n")
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 2, column=None)
    completed(cloud, "stock.csv", cloud.s3.put("stock.csv", GOOD), rejected=0)
    assert actions(run("redrive", "--json")) == [("row", "refused")]


def test_a_replacement_with_rejects_of_its_own_settles_nothing(cloud: Any, run: Any) -> None:
    """Whether the row is among the newer rejects cannot be told."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    newer = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", newer, rejected=1)
    assert actions(run("redrive", "--json")) == [("row", "refused")]


def test_an_older_version_is_no_replacement(cloud: Any, run: Any) -> None:
    """Only newer versions correct a row."""
    older = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", older, rejected=0)
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    assert actions(run("redrive", "--json")) == [("row", "refused")]


def test_rows_that_can_be_read_now_replay_their_version_once(cloud: Any, run: Any) -> None:
    """However many rows of a version wait, it is processed again once."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", version_id, rejected=2)
    cloud.reject("stock.csv", version_id, 2)
    cloud.reject("stock.csv", version_id, 3)
    ran = run("redrive", "--kind", "rows", "--json")
    assert actions(ran) == [("row", "again")] * 2
    [body] = cloud.work.bodies()
    assert ("replay", "stock.csv", version_id) == (body["kind"], body["key"], body["version_id"])
    assert cloud.dead_letters.messages == {}


@pytest.mark.parametrize(("content", "action"), [(GOOD, "stale"), (BAD, "refused")])
def test_of_a_withdrawn_file_only_what_can_be_read_now_is_settled(
    cloud: Any, run: Any, content: bytes, action: str
) -> None:
    """It is not loaded again, and a restore would not send the message of a row again."""
    version_id = cloud.s3.put("stock.csv", content)
    completed(cloud, "stock.csv", version_id, rejected=1, status="WITHDRAWN")
    cloud.reject("stock.csv", version_id, 3)
    assert actions(run("redrive", "--json")) == [("row", action)]
    assert cloud.work.messages == {}


def test_a_dry_run_changes_nothing(cloud: Any, run: Any) -> None:
    """It says what would happen; every message can be read again at once."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.reject("stock.csv", version_id, 2)
    ran = run("redrive", "--dry-run")
    assert "1 would be settled, 0 left" in ran.out
    assert len(cloud.dead_letters.messages) == 1
    assert cloud.dead_letters.hidden == set()
    assert cloud.work.messages == {}


def test_fails_without_removing_when_the_work_queue_refuses(cloud: Any, run: Any) -> None:
    """A message leaves only after what it asks for was accepted."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.reject("stock.csv", version_id, 2)
    cloud.sqs.refuses_work = True
    ran = run("redrive")
    assert ran.exit_code == 4
    assert "the work queue refused 1 messages" in ran.err
    assert len(cloud.dead_letters.messages) == 1
    assert cloud.dead_letters.hidden == set()


def test_a_message_that_the_queue_keeps_is_reported(cloud: Any, run: Any) -> None:
    """It was given back and will be again, which is harmless; the exit code says so."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    message_id = cloud.reject("stock.csv", version_id, 2)
    cloud.dead_letters.undeletable.add(message_id)
    ran = run("redrive")
    assert ran.exit_code == 1
    assert "0 settled, 1 left" in ran.out


def handed_in_late(cloud: Any) -> None:
    """Store a version, and its item, that states the stock of two days before."""
    late = cloud.s3.put("stock.csv", GOOD, **{"as-of": "2026-11-20T20:00:00Z"})
    base = base_of("2026-11-20T20:00:00.000000Z", "")
    cloud.dynamodb.record(f"uploads/stock.csv#{late}", status="COMPLETED", base=base, rejected=0)
    cloud.dynamodb.item("A2", "x", f"{base}#000000000003#00000000")


def test_a_version_of_older_stock_is_no_correction_however_late_it_comes(
    cloud: Any, run: Any
) -> None:
    """The item holds Friday's stock, and the row of tonight is still refused."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    handed_in_late(cloud)
    assert actions(run("redrive", "--json")) == [("row", "refused")]


def test_a_version_of_older_stock_replaces_no_refused_file(cloud: Any, run: Any) -> None:
    """What the refused one would have held is newer."""
    version_id = cloud.s3.put("stock.csv", b"colour,mood\nred,good\n")
    cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status="FAILED", base=BASE)
    cloud.reject("stock.csv", version_id, 1, kind="file")
    handed_in_late(cloud)
    assert actions(run("redrive", "--json")) == [("file", "refused")]


@pytest.mark.parametrize(("day", "action"), [(20, "refused"), (22, "stale")])
def test_a_row_with_a_time_of_its_own_is_corrected_by_a_later_one_alone(
    cloud: Any, run: Any, day: int, action: str
) -> None:
    """Whichever version of the file has it."""
    timed = "sku,location,quantity,updated_at\nA2,x,{},2026-11-{}T00:00:00Z\n"
    version_id = cloud.s3.put("stock.csv", timed.format("abc", 21).encode())
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 2)
    newer = cloud.s3.put("stock.csv", timed.format("6", day).encode())
    completed(cloud, "stock.csv", newer, rejected=0)
    assert actions(run("redrive", "--json")) == [("row", action)]


@pytest.mark.parametrize("newer", ["21,18", "18|21"])
def test_the_latest_row_of_a_key_decides_wherever_it_stands(
    cloud: Any, run: Any, newer: str
) -> None:
    """Before another row of its file, or in an older version."""
    header = "sku,location,quantity,updated_at\n"
    row = "A2,x,{},2026-11-{}T00:00:00Z\n"
    version_id = cloud.s3.put("stock.csv", (header + row.format("abc", 20)).encode())
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 2)
    for days in reversed(newer.split("|")):
        rows = "".join(row.format("6", day) for day in days.split(","))
        completed(cloud, "stock.csv", cloud.s3.put("stock.csv", (header + rows).encode()))
    assert actions(run("redrive", "--json")) == [("row", "stale")]


@pytest.mark.parametrize(("location", "action"), [("y", "refused"), ("x", "stale")])
def test_a_newer_version_is_read_as_it_has_loaded(
    cloud: Any, run: Any, location: str, action: str
) -> None:
    """By the settings of then its row was none of its feed's; today's would take it."""
    version_id = cloud.s3.put("stock.csv", BAD)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 3)
    object_id = f"uploads/stock.csv#{cloud.s3.put('stock.csv', GOOD)}"
    base = base_of("2026-11-22T20:00:10.000000Z", "")
    cloud.dynamodb.record(object_id, status="COMPLETED", base=base, reads_by="0f")
    profiles = ProfileSet(feeds={"stock": {"locations": [location]}})
    feed = open_feed(BytesSource(GOOD), key="stock.csv", profiles=profiles)
    how = {"state": feed.state(), "start_byte": feed.start_byte, "start_line": feed.start_line}
    how |= {"latest": "", "complete": "", "absent": "zero", "part": False}
    text = json.dumps({"how": how, "broke_off": None})
    item = {
        "lane": {"S": f"reading#{blake2s(object_id.encode(), digest_size=16).hexdigest()}"},
        "position": {"S": "0f"},
        "how": {"B": compress(text.encode())},
    }
    cloud.dynamodb.put_item(TableName="lanes", Item=item)
    assert actions(run("redrive", "--json")) == [("row", action)]


@pytest.mark.parametrize(("rows", "kind"), [({}, "redrive"), ({"last_reads_by": "r"}, "replay")])
def test_a_refused_file_is_redriven_once_it_can_be_read(
    cloud: Any, run: Any, rows: dict[str, str], kind: str
) -> None:
    """As a redrive, which its FAILED record lets in; one of which rows are loaded, as a replay."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status="FAILED", base=BASE, **rows)
    cloud.reject("stock.csv", version_id, 1, kind="file")
    assert actions(run("redrive", "--json")) == [("file", "again")]
    assert [body["kind"] for body in cloud.work.bodies()] == [kind]


def test_a_file_that_is_still_refused_stays_until_it_is_replaced(cloud: Any, run: Any) -> None:
    """First nothing newer is there, then a newer version was loaded whole."""
    version_id = cloud.s3.put("stock.csv", b"colour,mood\nred,good\n")
    cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status="FAILED", base=BASE)
    cloud.reject("stock.csv", version_id, 1, kind="file")
    assert actions(run("redrive", "--json")) == [("file", "refused")]
    newer = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", newer, rejected=0)
    assert actions(run("redrive", "--json")) == [("file", "stale")]
    assert cloud.dead_letters.messages == {}


def test_a_time_ahead_is_judged_by_the_deployed_tolerance(cloud: Any, run: Any) -> None:
    """A row 30 minutes ahead of its upload can be read where an hour is allowed, not where ten."""
    ahead = b"sku,location,quantity,updated_at\nA1,x,5,2026-11-22T20:30:00Z\n"
    version_id = cloud.s3.put("stock.csv", ahead)
    completed(cloud, "stock.csv", version_id, rejected=1)
    cloud.reject("stock.csv", version_id, 2, column="updated_at")
    cloud.functions.variables["TIME_TOLERANCE_MINUTES"] = "10"
    assert actions(run("redrive", "--json")) == [("row", "refused")]
    cloud.functions.variables["TIME_TOLERANCE_MINUTES"] = "60"
    assert actions(run("redrive", "--json")) == [("row", "again")]


@pytest.mark.parametrize("as_of", ["2026-11-22T22:30:00Z", "yesterday"])
def test_a_file_of_a_refused_time_stays_until_it_is_replaced(
    cloud: Any, run: Any, as_of: str
) -> None:
    """Its metadata is refused before a row is read, and its record has no base."""
    version_id = cloud.s3.put("stock.csv", GOOD, **{"as-of": as_of})
    cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status="FAILED", base="")
    cloud.reject("stock.csv", version_id, 0, kind="file")
    other = cloud.s3.put("other.csv", GOOD)
    cloud.reject("other.csv", other, 0, kind="file")
    assert actions(run("redrive", "--json")) == [("file", "refused"), ("file", "again")]
    newer = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", newer, rejected=0)
    assert actions(run("redrive", "--json")) == [("file", "stale")]


def test_a_held_file_is_compared_again_until_it_is_replaced(cloud: Any, run: Any) -> None:
    """A corrected version that was loaded whole settles its message for good."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status="HELD", base=BASE)
    cloud.reject("stock.csv", version_id, 0, kind="file")
    assert actions(run("redrive", "--dry-run", "--json")) == [("file", "again")]
    newer = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", newer, rejected=0)
    assert actions(run("redrive", "--json")) == [("file", "stale")]
    assert {} == cloud.dead_letters.messages == cloud.work.messages


@pytest.mark.parametrize("variable", ["FEEDS_VERSION_ID", "TIME_TOLERANCE_MINUTES"])
def test_fails_where_the_function_does_not_say_how_it_reads(
    cloud: Any, run: Any, variable: str
) -> None:
    """Nothing is decided by a setting that was guessed."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.reject("stock.csv", version_id, 0, kind="file")
    del cloud.functions.variables[variable]
    ran = run("redrive", "--json")
    assert ran.exit_code != 0
    assert variable in ran.err
    assert len(cloud.dead_letters.messages) == 1


def test_the_message_for_rows_past_the_limit_waits_for_all_of_them(cloud: Any, run: Any) -> None:
    """It is settled when no rejected row of its file is without a newer item."""
    content = b"sku,location,quantity\nA1,x,abc\nA2,x,abc\n"
    version_id = cloud.s3.put("stock.csv", content)
    completed(cloud, "stock.csv", version_id, rejected=2)
    cloud.reject("stock.csv", version_id, 0, kind="file")
    cloud.dynamodb.item("A1", "x", "2026-11-23")
    assert actions(run("redrive", "--json")) == [("file", "refused")]
    cloud.dynamodb.item("A2", "x", "2026-11-23")
    assert actions(run("redrive", "--json")) == [("file", "stale")]


def test_rows_past_the_limit_that_can_be_read_now_are_loaded(cloud: Any, run: Any) -> None:
    """Their settings were mended; no item of theirs is there."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    completed(cloud, "stock.csv", version_id, rejected=2)
    cloud.reject("stock.csv", version_id, 0, kind="file", reject_file="rejects/stock.csv")
    assert actions(run("redrive", "--json")) == [("file", "again")]
    assert [body["kind"] for body in cloud.work.bodies()] == ["replay"]


@pytest.mark.parametrize(("hour", "action"), [(1, "stale"), (3, "again")])
def test_what_was_refused_after_a_file_had_loaded_is_read_again(
    cloud: Any, run: Any, hour: int, action: str
) -> None:
    """Its record counts no refusal, and its rows were not decided; an older refusal is settled."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    object_id = f"uploads/stock.csv#{version_id}"
    finished = {"finished_at": "2026-11-22T02:00:00.000000Z"}
    cloud.dynamodb.record(object_id, status="COMPLETED", base=BASE, **finished)
    told = f"2026-11-22T0{hour}:00:00.000000Z"
    cloud.reject("stock.csv", version_id, 0, kind="file", timestamp=told)
    assert actions(run("redrive", "--json")) == [("file", action)]


def test_an_object_version_that_is_gone_stays_until_given_up(cloud: Any, run: Any) -> None:
    """Nothing can be read again; --discard removes the message."""
    cloud.reject("stock.csv", "deleted", 2)
    assert actions(run("redrive", "--json")) == [("row", "refused")]
    assert run("redrive", "--discard").exit_code == 64
    assert len(cloud.dead_letters.messages) == 1
    ran = run("redrive", "--discard", "--yes", "--json")
    assert actions(ran) == [("row", "discarded")]
    assert ran.exit_code == 0
    assert cloud.dead_letters.messages == {}


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_giving_up_asks_first(
    cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    """What is about to be given up is shown; anything but yes leaves it."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    cloud.reject("stock.csv", "deleted", 2)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ran = run("redrive", "--discard")
    assert "stock.csv" in ran.out
    assert (len(cloud.dead_letters.messages), ran.exit_code) == (left, left)


def test_one_file_or_folder_may_be_meant(cloud: Any, run: Any) -> None:
    """Others stay; a name that stands for nothing is told."""
    for key in ("north/a.csv", "north/b.csv", "northern/c.csv"):
        cloud.reject(key, "deleted", 2)
    for name, count in (("north/a.csv", 1), ("/north/", 2), ("s3://uploads/north", 2)):
        assert len(run("redrive", name, "--dry-run", "--json").json["messages"]) == count
    ran = run("redrive", "nort")
    assert (ran.exit_code, "neither an object nor a folder 'nort'" in ran.err) == (4, True)


def test_giving_up_takes_what_is_unknown_too(cloud: Any, run: Any) -> None:
    """Without it a message that is none of ours stays; the alarm would never end."""
    cloud.dead_letters.add("not JSON")
    cloud.dead_letters.add({"some": "event"})
    cloud.reject("stock.csv", "v1", 2, bucket="elsewhere")
    ran = run("redrive", "--json")
    assert {"unknown"} == {action for _, action in actions(ran)}
    assert ran.exit_code == 1
    assert len(cloud.dead_letters.messages) == 3
    assert run("redrive", "--discard", "--yes").exit_code == 0
    assert cloud.dead_letters.messages == {}


def test_only_the_kinds_asked_for_are_touched(cloud: Any, run: Any) -> None:
    """Others are put back untouched."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.reject("stock.csv", version_id, 2)
    event = {"kind": "recheck", "bucket": "uploads", "key": "k", "version_id": "v", "etag": ""}
    cloud.dead_letters.add(event)
    assert actions(run("redrive", "--kind", "events", "--json")) == [("event", "again")]
    assert [event] == cloud.work.bodies()
    assert cloud.dead_letters.hidden & set(cloud.dead_letters.messages) == set()
    assert len(cloud.dead_letters.messages) == 1


def test_a_limit_leaves_the_rest_for_the_next_run(cloud: Any, run: Any) -> None:
    """The command goes on where it stopped."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    for line in range(25):
        cloud.reject("stock.csv", version_id, line + 1)
    assert len(actions(run("redrive", "--limit", "12", "--json"))) == 12
    assert len(cloud.dead_letters.messages) == 13
    assert len(actions(run("redrive", "--json"))) == 13
    assert cloud.dead_letters.messages == {}


def test_a_limit_may_be_any_number(cloud: Any, run: Any) -> None:
    """It is larger than any queue."""
    cloud.reject("a.csv", "v1", 2)
    assert run("redrive", "--dry-run", "--limit", "9" * 20).exit_code == 1


def test_nothing_is_lost_when_it_is_interrupted(cloud: Any, run: Any, monkeypatch: Any) -> None:
    """Ctrl-C in the middle puts every message back that was not settled."""
    version_id = cloud.s3.put("stock.csv", GOOD)
    cloud.reject("stock.csv", version_id, 2)

    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cloud.sqs, "send_message_batch", interrupt)
    assert run("redrive").exit_code == 130
    assert len(cloud.dead_letters.messages) == 1
    assert cloud.dead_letters.hidden == set()


def test_the_table_says_why(cloud: Any, run: Any) -> None:
    """People see how many messages of which file were settled, and for what reason."""
    version_id = cloud.s3.put("stores/north/stock.csv", BAD)
    completed(cloud, "stores/north/stock.csv", version_id, rejected=1)
    cloud.reject("stores/north/stock.csv", version_id, 3)
    ran = run("redrive")
    assert "refused" in ran.out
    assert "stores/north/stock.csv" in ran.out
    assert "--discard" in ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_rows_refused_alike_are_one_line(cloud: Any, run: Any) -> None:
    """Whatever their values are."""
    rows = "".join(f"A{index},x,v{index}\n" for index in range(30))
    version_id = cloud.s3.put("stock.csv", f"sku,location,quantity\n{rows}".encode())
    completed(cloud, "stock.csv", version_id, rejected=30)
    for line in range(2, 32):
        cloud.reject("stock.csv", version_id, line, value=f"v{line}", message=f"v{line} is bad")
    [line] = [each for each in run("redrive").out.splitlines() if "stock.csv" in each]
    assert line.split()[0] == "30"
    assert "type-error in quantity" in line


def test_a_table_of_many_files_is_cut(cloud: Any, run: Any) -> None:
    """And says so; JSON has all of it."""
    for index in range(50):
        cloud.reject(f"{index}.csv", "gone", 2)
    ran = run("redrive", "--dry-run")
    assert sum(".csv" in each for each in ran.out.splitlines()) == 40
    assert "and 10 more lines" in ran.err


def test_a_failed_summary_is_invoked_again(cloud: Any, run: Any) -> None:
    """Its event goes back to the function, asynchronously."""
    cloud.dead_letters.add({"scheduled_time": "2026-11-22T05:00:00Z"}, RequestID="r")
    assert run("redrive").exit_code == 0
    [invocation] = cloud.functions.invocations
    assert invocation["FunctionName"] == "inventory-summary-dev"
    assert invocation["InvocationType"] == "Event"
    assert json.loads(invocation["Payload"]) == {"scheduled_time": "2026-11-22T05:00:00Z"}
