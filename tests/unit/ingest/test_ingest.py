"""Whole deliveries over the real adapters and DynamoDB in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from fakes import TinyFeed, World, open_tiny_feed, open_tiny_part
from ingest_steps import counts, deliver, die_after_first_write, drain, looks, put, quantities
from inventory.domain.errors import OutOfTimeError, RetryableError
from inventory.domain.ingestions import LEASE, Mode, Status
from inventory.domain.keysets import KeyHasher
from inventory.domain.work import Kind


def test_a_row_becomes_an_item_with_its_provenance() -> None:
    """Every attribute of the contract is there."""
    world = World()
    version = put(world, "A,x,5.5,Apple,")
    deliver(world, version)
    item = world.items()["A", "x"]
    assert {name: next(iter(value.values())) for name, value in item.items()} == {
        "sku": "A",
        "location": "x",
        "quantity": "5.5",
        "name": "Apple",
        "order_token": item["order_token"]["S"],
        "as_of": "2026-11-22T20:00:00.000000Z",
        "source": {
            "bucket": {"S": "uploads"},
            "key": {"S": "a.csv"},
            "version_id": {"S": "v1"},
            "line": {"N": "2"},
        },
        "written_at": item["written_at"]["S"],
    }


def test_the_record_counts_every_row() -> None:
    """Loaded, rejected, skipped and duplicate rows of one file add up, over several batches."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", "-blank sku", "B,x,1,,", "-blank sku", "A,x,2,,")
    outcome = deliver(world, version, batch_rows=2)
    record = world.record(version)
    assert outcome.balanced
    assert record["status"] == "COMPLETED"
    assert {
        "rows_read": 6,
        "loaded": 2,
        "unchanged": 0,
        "stale": 0,
        "rejected": 1,
        "skipped": 2,
        "duplicates": 1,
        "conflicting": 1,
    }.items() <= record.items()
    assert "nothing_loaded" not in record
    assert record["skipped_by_reason"] == {"blank sku": {"N": "2"}}
    assert record["first_error_line"] == 3
    assert record["attempts"] == 1
    assert record["quantity_meaning"] == "absolute stock at as_of"
    assert "lease_until" not in record
    assert "open_runs" not in record
    assert quantities(world) == {"A": "2", "B": "1"}


def test_a_record_says_why_nothing_of_its_file_loaded() -> None:
    """And says it no more once something has."""
    world = World()
    version = put(world, "-blank sku", "!bad", "-blank sku")
    outcome = deliver(world, version)
    why = "2 of 3 rows are skipped: blank sku; 1 of 3 rows are rejected: type-error"
    assert outcome.nothing_loaded == world.record(version)["nothing_loaded"] == why
    assert world.record(version)["status"] == "COMPLETED"


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_the_last_row_of_a_key_wins(batch_rows: int) -> None:
    """In one batch and over several."""
    world = World()
    deliver(world, put(world, "A,x,1,,", "A,x,2,,", "A,x,3,,"), batch_rows=batch_rows)
    assert quantities(world) == {"A": "3"}


@pytest.mark.parametrize("batch_rows", [1, 2, 10])
@pytest.mark.parametrize("seen_slots", [4, 1024])
def test_a_row_with_a_later_time_of_its_own_wins(batch_rows: int, seen_slots: int) -> None:
    """Whatever stands later in the file, also when the run cannot remember all keys."""
    world = World()
    early, late = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"
    deliver(world, put(world, "A,x,1,,2025-01-01T00:00:00.000000Z"))
    lines = [f"A,x,1,,{late}", *(f"{sku},x,7,,{early}" for sku in "BCDEF"), f"A,x,2,,{early}"]
    version = put(world, *lines)
    deliver(world, version, batch_rows=batch_rows, seen_slots=seen_slots)
    drain(world)
    assert quantities(world)["A"] == "1"
    assert world.items()["A", "x"]["order_token"]["S"][:27] in (late, "2025-01-01T00:00:00.000000Z")


def test_an_unchanged_row_costs_no_write() -> None:
    """The second snapshot reads, and writes its changed row alone."""
    world = World()
    deliver(world, put(world, "A,x,1,n,", "B,x,2,,"))
    outcome = deliver(world, put(world, "A,x,1,n,", "B,x,3,,", hour=1))
    assert (outcome.counts.unchanged, outcome.counts.loaded, outcome.written) == (1, 1, 1)


def test_a_late_file_does_not_overwrite_newer_rows_but_loads_the_others() -> None:
    """There is no file-level verdict: a late file may hold SKUs that no newer one has."""
    world = World()
    deliver(world, put(world, "A,x,2,,", hour=1))
    outcome = deliver(world, put(world, "A,x,1,,", "B,x,1,,", hour=0))
    assert quantities(world) == {"A": "2", "B": "1"}
    assert (outcome.counts.stale, outcome.counts.loaded) == (1, 1)


def test_whoever_skipped_an_item_that_is_overwritten_is_sent_again() -> None:
    """The trap of the token that did not advance: A=1 at 1, A=1 skipped at 3, late A=2 at 2."""
    world = World()
    deliver(world, put(world, "A,x,1,,", hour=1))
    skipper = put(world, "A,x,1,,", hour=3)
    deliver(world, skipper)
    late = deliver(world, put(world, "A,x,2,,", hour=2))
    assert late.rechecks == 1
    assert quantities(world) == {"A": "2"}
    (recheck,) = drain(world)
    assert (recheck.mode, recheck.written) == (Mode.RECHECK, 1)
    assert quantities(world) == {"A": "1"}
    record = world.record(skipper)
    assert (record["loaded"], record["unchanged"], record["status"]) == (1, 0, "COMPLETED")
    assert not world.work.messages


def test_an_insert_looks_back_at_nobody() -> None:
    """Where nothing was stored nobody can have skipped: a first load costs no look-back."""
    world = World()
    deliver(world, put(world, "A,x,1,,", hour=3))
    assert deliver(world, put(world, "B,x,2,,", hour=2)).rechecks == 0


def test_a_row_replaces_the_whole_item() -> None:
    """An attribute that the newer row lacks goes away."""
    world = World()
    deliver(world, put(world, "A,x,1,Apple,"))
    deliver(world, put(world, "A,x,1,,", hour=1))
    assert "name" not in world.items()["A", "x"]


def test_an_item_without_a_token_is_older_than_every_row() -> None:
    """What somebody wrote by hand is replaced like any older item."""
    world = World()
    table = world.tables.tables["items"]
    table.items["A", "x"] = {"sku": {"S": "A"}, "location": {"S": "x"}, "quantity": {"N": "9"}}
    deliver(world, put(world, "A,x,1,,"))
    assert quantities(world) == {"A": "1"}


def test_a_second_delivery_of_a_completed_version_is_answered_without_work() -> None:
    """It costs one read of the record."""
    world = World()
    version = put(world, "A,x,1,,", "!bad")
    deliver(world, version)
    outcome = deliver(world, version)
    assert outcome.mode is Mode.NOTHING
    assert (outcome.read_units, outcome.write_units) == (2, 0)
    assert len(world.rejects.bodies) == 1


def test_the_event_of_a_version_that_a_listing_delivered_brings_its_sequencer() -> None:
    """The higher base is processed, and the counts stay those of one file."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", sequencer="0A")
    deliver(world, replace(version, sequencer=""), Kind.REDRIVE)
    outcome = deliver(world, version)
    assert outcome.mode is Mode.REPROCESS
    record = world.record(version)
    assert record["base"].endswith("#0A" + "0" * 30)
    assert record["rows_read"] == 2
    assert len(world.rejects.bodies) == 1


def test_a_folder_marker_completes_without_rows() -> None:
    """What a console creates for a folder is no bad file."""
    world = World()
    version = world.objects.put("folder/", "")
    assert deliver(world, version).status is Status.COMPLETED
    assert world.record(version)["rows_read"] == 0
    assert not world.rejects.bodies


def test_a_version_without_id_is_read_by_its_entity_tag() -> None:
    """An unversioned bucket works as long as the object is the one announced."""
    world = World()
    version = put(world, "A,x,1,,", versioned=False)
    deliver(world, version)
    assert world.record(version)["object_id"] == f"uploads/a.csv#{version.etag}"


def test_fails_when_the_version_was_deleted_before_it_was_read() -> None:
    """One file reject says so, and the record is FAILED."""
    world = World()
    version = put(world, "A,x,1,,")
    world.objects.delete(version)
    outcome = deliver(world, version)
    assert outcome.status is Status.FAILED
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert world.rejects.bodies[0][1]["error"] == "source-error"
    assert world.items() == {}


def test_fails_on_a_bad_file_with_nothing_half_loaded() -> None:
    """One file reject, no row rejects, no items."""
    world = World()
    version = world.objects.put("a.csv", "not a feed")
    outcome = deliver(world, version)
    assert outcome.status is Status.FAILED
    assert world.record(version)["error"].startswith("missing-label: ")
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert world.items() == {}


def test_fails_on_an_unreadable_time_of_the_uploader() -> None:
    """A file is not ordered by a guess."""
    world = World()
    version = put(world, "A,x,1,,", metadata={"as-of": "noon"})
    assert deliver(world, version).status is Status.FAILED
    assert world.items() == {}


def test_damage_that_nobody_could_know_before_keeps_the_account_of_what_was_loaded() -> None:
    """Rows before it are loaded, counted and looked after; the record is FAILED."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", "BROKEN", "B,x,1,,")
    outcome = deliver(world, version)
    record = world.record(version)
    assert outcome.status is Status.FAILED
    assert (record["loaded"], record["rejected"], record["rows_read"]) == (1, 1, 2)
    assert [kind for kind, _ in world.rejects.bodies] == ["row", "file"]
    assert quantities(world) == {"A": "1"}


def test_past_the_limit_one_message_points_at_the_reject_file() -> None:
    """Nothing is lost: the file holds all of them."""
    world = World()
    version = put(world, *["!bad"] * 5, "A,x,1,,")
    deliver(world, version, message_limit=3)
    assert [kind for kind, _ in world.rejects.bodies] == ["row", "row", "row", "file"]
    assert "2 more" in world.rejects.bodies[-1][1]["message"]
    (file,) = world.reports.files.values()
    assert file.count(b"\n") == 6


@pytest.mark.parametrize("limit", [2, 4, 100])
def test_a_limit_of_messages_that_changes_while_a_file_is_at_work_loses_none(limit: int) -> None:
    """A file that goes on keeps the limit that it was begun with."""
    world = World()
    version = put(world, *["!bad"] * 8, *["A,x,1,,"] * 4, *["!bad"] * 3)
    deliver(world, version, batch_rows=4, time_left=looks(3, 15.0), message_limit=3)
    drain(world, batch_rows=4, message_limit=limit)
    assert Counter(kind for kind, _ in world.rejects.bodies) == {"row": 3, "file": 1}
    assert world.rejects.bodies[-1][1]["message"].startswith("8 more rows")


def test_a_limit_of_messages_that_changes_after_a_run_has_died_loses_none() -> None:
    """The next one begins again with those that it may send."""
    world = World()
    version = put(world, *["!bad"] * 20)

    class Failing:
        def send(self, kind: str, bodies: Any) -> None:
            if world.rejects.bodies:
                raise RetryableError("SQS does not answer")
            world.rejects.send(kind, bodies)

    rejects = replace(world.ports().rejects, queue=Failing())
    with pytest.raises(RetryableError):
        deliver(world, version, batch_rows=4, rejects=rejects)
    assert len(world.rejects.bodies) == 10
    deliver(world, version, batch_rows=4, message_limit=5)
    kind, body = world.rejects.bodies[-1]
    assert (kind, body["message"][:12]) == ("file", "15 more rows")


@pytest.mark.parametrize("settings", ["other", "same"])
def test_a_replay_that_refuses_another_row_points_at_the_reject_file(settings: str) -> None:
    """For the same reason as before, so that no count tells; one that reads the same is silent."""

    def refusing(sku: str) -> dict[str, Any]:
        def open_feed(source: Any, *, key: str, latest: str) -> Any:
            feed = open_tiny_feed(source, key=key, latest=latest)
            return replace(feed, profile=f"refuses {sku}")

        def open_part(state: Any, source: Any, **place: Any) -> Any:
            feed = open_tiny_part(state, source, **place)
            lines = tuple("!" if line.startswith(sku) else line for line in feed.lines)
            return replace(feed, lines=lines)

        return {"open_feed": open_feed, "open_part": open_part}

    world = World()
    version = put(world, "A,x,1,,", "B,x,1,,")
    deliver(world, version, **refusing("A"))
    deliver(world, version, Kind.REPLAY, **refusing("A" if settings == "same" else "B"))
    kinds = [kind for kind, _ in world.rejects.bodies]
    assert kinds == (["row"] if settings == "same" else ["row", "file"])
    assert world.record(version)["rejected"] == 1


def test_fails_when_no_time_is_left_and_leaves_the_record_to_the_next_attempt() -> None:
    """The delivery is raised so that it comes again, and then completes."""
    world = World()
    version = put(world, "A,x,1,,")
    with pytest.raises(OutOfTimeError):
        deliver(world, version, time_left=lambda: 1.0)
    assert world.record(version)["status"] == "IN_PROGRESS"
    deliver(world, version)
    assert world.record(version)["status"] == "COMPLETED"
    assert world.record(version)["attempts"] == 2


def test_rows_whose_times_lie_in_the_future_of_their_file_are_refused_by_the_reader() -> None:
    """The reader is told the latest time: when the object was stored, plus the tolerance."""
    world = World()
    told = []

    def opened(source, *, key, latest):
        told.append(latest)
        return world.ports().open_feed(source, key=key, latest=latest)

    deliver(world, put(world, "A,x,1,,"), open_feed=opened)
    assert told == ["2026-11-22T21:00:00.000000Z"]


def test_fails_on_a_time_of_the_uploader_in_the_future() -> None:
    """Later than the object was stored plus the tolerance; the message says so."""
    world = World()
    version = put(world, "A,x,1,,", metadata={"as-of": "2062-01-01T00:00:00Z"})
    assert deliver(world, version).status is Status.FAILED
    assert world.items() == {}
    ((kind, body),) = world.rejects.bodies
    assert (kind, body["column"]) == ("file", "as-of")


def test_a_replay_writes_what_a_defect_had_stored_and_has_readers_decide_again() -> None:
    """The same rows with other content are writes like any other."""
    world = World()
    version = put(world, "A,x,10,,")
    deliver(world, version)
    item = world.tables.tables["items"].items["A", "x"]
    world.tables.tables["items"].items["A", "x"] = {**item, "quantity": {"N": "1000"}}
    reader = put(world, "A,x,1000,,", hour=1)
    assert deliver(world, reader).counts.unchanged == 1
    replay = deliver(world, version, Kind.REPLAY)
    assert (replay.mode, replay.written, replay.rechecks) == (Mode.REPROCESS, 1, 1)
    assert quantities(world) == {"A": "10"}
    drain(world)
    assert quantities(world) == {"A": "1000"}


def test_a_replay_keeps_the_counts_of_a_file_whose_rows_are_stored() -> None:
    """Nothing is written, no message sent again."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", "A,x,2,,")
    deliver(world, version, batch_rows=1)
    before = world.record(version)
    outcome = deliver(world, version, Kind.REPLAY, batch_rows=1)
    assert (outcome.written, outcome.rechecks) == (0, 0)
    assert counts(world.record(version)) == counts(before)
    assert len(world.rejects.bodies) == 1


def stricter(feed: TinyFeed) -> TinyFeed:
    """What today's rules make of it: locations other than x are refused, and odd text is not."""
    lines = [line.replace("!odd", "C,x,1,,") for line in feed.lines]
    return replace(feed, lines=tuple(f"!{each}" if ",y," in each else each for each in lines))


STRICTER: dict[str, Any] = {
    "open_feed": lambda source, **named: stricter(open_tiny_feed(source, **named)),
    "open_part": lambda state, source, **named: stricter(open_tiny_part(state, source, **named)),
}


@pytest.mark.parametrize("looks_each", [7, 1000])
def test_rows_that_a_replay_refuses_stand_in_the_reject_file(looks_each: int) -> None:
    """One message points at it; those that were refused before have had theirs."""
    world = World()
    version = put(world, "A,x,1,,", "!bad", "B,y,1,,", "D,x,1,,", "E,y,2,,")
    deliver(world, version)
    (_, first), *others = world.rejects.bodies
    assert (first["line"], others) == (3, [])
    how: dict[str, Any] = {"batch_rows": 1, **STRICTER}
    deliver(world, version, Kind.REPLAY, time_left=looks(looks_each), **how)
    drain(world, time_left=lambda: looks(looks_each + 3), **how)
    assert counts(world.record(version))["rejected"] == 3
    (_, (kind, pointer)) = world.rejects.bodies
    assert (kind, pointer["line"]) == ("file", 0)
    file = world.reports.files[pointer["reject_file"]]
    assert [line.split(b",")[-4] for line in file.splitlines()] == [b"line", b"3", b"4", b"6"]
    deliver(world, version, Kind.REPLAY, delivery_id="again", **how)
    drain(world, **how)
    assert len(world.rejects.bodies) == 2


def test_a_replay_that_refuses_fewer_rows_says_nothing() -> None:
    """What is left has its message."""
    world = World()
    version = put(world, "A,x,1,,", "!odd", "!bad")
    deliver(world, version)
    deliver(world, version, Kind.REPLAY, **STRICTER)
    assert counts(world.record(version))["rejected"] == 1
    assert len(world.rejects.bodies) == 2


def _crashed_between_readers() -> tuple:
    """A=5 is stored; a late file wrote A=9 and died; a newer one had left A=5 alone."""
    world = World()
    deliver(world, put(world, "A,x,5,,", hour=0))
    newer = put(world, "A,x,5,,", hour=3)
    deliver(world, newer)
    version = put(world, "A,x,9,,", hour=2)
    die_after_first_write(world, version)
    assert quantities(world) == {"A": "9"}
    assert not world.work.messages
    return world, version


@pytest.mark.parametrize("end", ["deleted", "refused", "redriven"])
def test_whoever_ends_a_version_validates_what_a_crashed_run_has_written(end: str) -> None:
    """Gone, refused by another profile, or redriven: the newer file's value comes back."""
    world, version = _crashed_between_readers()
    kind = Kind.CREATED
    if end == "deleted":
        world.objects.delete(version)
    if end == "refused":
        world.objects.stored = [
            replace(one, body=b"no feed") if one.version == version else one
            for one in world.objects.stored
        ]
    if end == "redriven":
        kind = Kind.REDRIVE
        world.clock.move(hours=1)
    outcome = deliver(world, version, kind)
    assert outcome.rechecks == 1
    failed = end in ("deleted", "refused")
    assert outcome.status is (Status.FAILED if failed else Status.COMPLETED)
    assert quantities(world) == {"A": "9"}
    drain(world)
    assert quantities(world) == {"A": "5"}
    # Only a redrive knows that the dead run is over; the reconcile sends one.
    assert ("open_runs" in world.record(version)) is (end != "redriven")
    assert version in list(world.ports().follow_ups.all())


def test_a_file_that_is_refused_when_it_is_replayed_says_so_and_keeps_its_counts() -> None:
    """Nobody else tells that the rows were not decided again."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver(world, version)
    world.objects.stored = [replace(one, body=b"no feed") for one in world.objects.stored]
    outcome = deliver(world, version, Kind.REPLAY)
    assert (outcome.status, outcome.reject_messages) == (None, 1)
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert (world.record(version)["status"], world.record(version)["loaded"]) == ("COMPLETED", 1)


def test_a_redelivery_leaves_a_crashed_run_to_the_redrive() -> None:
    """It ends the record, the run stays open, and the reconcile has the version redriven."""
    world, version = _crashed_between_readers()
    outcome = deliver(world, version)
    assert (outcome.status, outcome.rechecks) == (Status.COMPLETED, 0)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).crashed == 0
    world.clock.move(hours=1)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).crashed == 1
    drain(world)
    assert quantities(world) == {"A": "5"}
    assert "open_runs" not in world.record(version)


def test_the_event_of_a_version_that_failed_for_good_is_answered() -> None:
    """Only a redrive or an operator tries again."""
    world = World()
    version = world.objects.put("a.csv", "not a feed")
    deliver(world, version)
    assert deliver(world, version, delivery_id="second event").mode is Mode.NOTHING
    assert len(world.rejects.bodies) == 1


def test_a_version_of_which_others_are_at_work_is_looked_at_by_the_reconcile() -> None:
    """Whatever begins anew is followed up; the first delivery of a version costs no note."""
    world = World()
    version = put(world, "A,x,1,,")
    deliver(world, version)
    assert list(world.ports().follow_ups.all()) == []
    deliver(world, version, Kind.REPLAY)
    assert list(world.ports().follow_ups.all()) == [version]


@pytest.mark.parametrize("kind", [Kind.REDRIVE, Kind.REPLAY, Kind.RECHECK])
def test_a_version_that_is_deleted_after_a_run_of_it_has_died_is_not_forgotten(kind: Kind) -> None:
    """No event came, the message does not come again, and no listing names it."""
    world = World()
    version = put(world, "A,x,1,,")
    with pytest.raises(OutOfTimeError):
        deliver(world, version, kind, time_left=lambda: 0.0)
    world.objects.delete(version)
    world.clock.move(hours=1)
    assert world.reconcile(deadline_minutes=0).run(time_left=lambda: 300.0).redriven == 1
    drain(world)
    assert world.record(version)["status"] == "FAILED"


def test_fails_when_the_record_keeps_changing() -> None:
    """The delivery comes again instead of going round for ever."""
    world = World()
    ports = world.ports()
    version = put(world, "A,x,1,,")

    class Changing:
        def __getattr__(self, name):
            return getattr(ports.ingestions, name)

        def open(self, *_, **__):
            return False

    with pytest.raises(RetryableError, match="keeps changing"):
        deliver(world, version, ingestions=Changing())


def test_a_recheck_decides_its_keys_alone_and_takes_its_requests() -> None:
    """Of a file of three rows one is read again; the flag is cleared as the recheck begins."""
    world = World()
    deliver(world, put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,", hour=1))
    reader = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,", hour=3)
    deliver(world, reader)
    deliver(world, put(world, "B,x,2,,", hour=2))
    (pointer,) = world.record(reader)["recheck"]
    assert pointer.startswith(f"{KeyHasher().shard('x')}#1#")
    (recheck,) = drain(world)
    assert (recheck.mode, recheck.written, recheck.counts.loaded) == (Mode.RECHECK, 1, 1)
    assert (recheck.counts.unchanged, recheck.counts.stale) == (0, 0)
    record = world.record(reader)
    assert "recheck" not in record
    assert "open_runs" not in record
    assert counts(record) == {
        "rows_read": 3,
        "loaded": 1,
        "unchanged": 2,
        "stale": 0,
        "rejected": 0,
        "skipped": 0,
        "duplicates": 0,
    }


def test_a_message_of_a_recheck_that_was_done_is_answered() -> None:
    """Two messages may ask for the same."""
    world = World()
    deliver(world, put(world, "A,x,1,,", hour=1))
    reader = put(world, "A,x,1,,", hour=3)
    deliver(world, reader)
    deliver(world, put(world, "A,x,2,,", hour=2))
    first, second = drain(world, twice=True)
    assert (first.mode, second.mode) == (Mode.RECHECK, Mode.NOTHING)


@pytest.mark.parametrize("looks_each", [5, 7, 9])
def test_a_file_that_takes_longer_than_an_invocation_goes_on_in_others(looks_each: int) -> None:
    """From where the time ran out; the record ends as if one had sufficed."""
    lines = [f"S{number % 20},x,{number},," for number in range(30)] + ["!bad", "-blank sku"]
    whole, parts = World(), World()
    expected = put(whole, *lines)
    deliver(whole, expected, batch_rows=3)
    version = put(parts, *lines)
    first = deliver(parts, version, batch_rows=3, time_left=looks(looks_each))
    assert first.status is None
    outcomes = drain(parts, batch_rows=3, time_left=lambda: looks(looks_each + 3))
    assert len(outcomes) > 1
    assert counts(parts.record(version)) == counts(whole.record(expected))
    assert parts.record(version)["status"] == "COMPLETED"
    assert quantities(parts) == quantities(whole)
    assert [body["id"] for _, body in parts.rejects.bodies] == [f"{version.object_id}/32"]
    assert "open_runs" not in parts.record(version)


def test_a_batch_that_breaks_off_is_counted_once() -> None:
    """By the invocation that ends it; somebody else has written one of its keys meanwhile."""
    world = World()
    items = world.ports().items
    other = put(world, "C,x,9,,", key="other.csv")
    version = put(world, "A,x,1,,", "B,x,1,,", "C,x,1,,", "D,x,1,,", hour=1)
    left = [900.0]

    class Contested:
        """Lets another file in before the second batch is written, when no time is left."""

        read = items.read

        @staticmethod
        def write(changes: Any, **how: Any) -> Any:
            if changes[0].row.sku == "C":
                deliver(world, other)
                left[0] = 0.0
            return items.write(changes, **how)

    deliver(world, version, items=Contested(), batch_rows=2, time_left=lambda: left[0])
    assert quantities(world) == {"A": "1", "B": "1", "C": "9", "D": "1"}
    drain(world, batch_rows=2)
    record = world.record(version)
    assert (record["status"], record["rows_read"], record["loaded"]) == ("COMPLETED", 4, 4)


def test_a_file_of_two_hundred_segments_loads() -> None:
    """And a redrive goes on at the last one that is done."""
    world = World()
    version = put(world, *[f"S{number},x,1,," for number in range(200)])
    deliver(world, version, batch_rows=1, time_left=looks(2))
    for _ in range(150):
        (message,) = world.work.messages
        world.work.messages = []
        deliver(
            world,
            version,
            Kind.SEGMENT,
            task=message.task,
            delivery_id="m",
            batch_rows=1,
            time_left=looks(2),
        )
    (lost,) = world.work.messages
    world.work.messages = []
    assert len(world.items()) == 151
    world.clock.move(seconds=LEASE.total_seconds() + 1000)
    deliver(world, version, Kind.REDRIVE)
    (resumed,) = world.work.messages
    assert resumed.task == lost.task
    drain(world, batch_rows=1, time_left=lambda: looks(2))
    assert world.record(version)["status"] == "COMPLETED"
    assert world.record(version)["loaded"] == 200
