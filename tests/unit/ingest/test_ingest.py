"""Whole deliveries over the real adapters and DynamoDB in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, World, tiny
from inventory.domain.errors import OutOfTimeError
from inventory.domain.ingest import Ingest
from inventory.domain.ledger import Mode, Status
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from inventory.domain.model import ObjectVersion
    from inventory.domain.outcome import Outcome


def _deliver(
    world: World, version: ObjectVersion, kind: Kind = Kind.CREATED, **options: Any
) -> Outcome:
    delivery = Delivery(kind=kind, version=version, delivery_id=f"{kind}-{version.object_id}")
    return world.ingest(**options).run(delivery, time_left=lambda: 900)


def _put(world: World, *lines: str, hour: int = 0, key: str = "a.csv", **named: Any) -> Any:
    return world.objects.put(
        key, tiny(*lines), last_modified=BEGIN + timedelta(hours=hour), **named
    )


def _quantities(world: World) -> dict[str, str]:
    return {key[0]: item["quantity"]["N"] for key, item in world.items().items()}


def _recheck(world: World) -> list[Outcome]:
    messages, world.work.messages = world.work.messages, []
    return [_deliver(world, message.version, message.kind) for message in messages]


def test_a_row_becomes_an_item_with_its_provenance() -> None:
    """Every attribute of the contract is there."""
    world = World()
    version = _put(world, "A,x,5.5,Apple,")
    _deliver(world, version)
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
    version = _put(world, "A,x,1,,", "!bad", "-blank sku", "B,x,1,,", "-blank sku", "A,x,2,,")
    outcome = _deliver(world, version, batch_rows=2)
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
    }.items() <= record.items()
    assert record["skipped_by_reason"] == {"blank sku": {"N": "2"}}
    assert record["first_error_line"] == 3
    assert record["attempts"] == 1
    assert record["quantity_meaning"] == "absolute stock at as_of"
    assert "lease_until" not in record
    assert "open_runs" not in record
    assert _quantities(world) == {"A": "2", "B": "1"}


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_the_last_row_of_a_key_wins(batch_rows: int) -> None:
    """In one batch and over several."""
    world = World()
    _deliver(world, _put(world, "A,x,1,,", "A,x,2,,", "A,x,3,,"), batch_rows=batch_rows)
    assert _quantities(world) == {"A": "3"}


@pytest.mark.parametrize("batch_rows", [1, 2, 10])
@pytest.mark.parametrize("seen_slots", [4, 1024])
def test_a_row_with_a_later_time_of_its_own_wins(batch_rows: int, seen_slots: int) -> None:
    """Whatever stands later in the file, also when the run cannot remember all keys."""
    world = World()
    early, late = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"
    _deliver(world, _put(world, "A,x,1,,2025-01-01T00:00:00.000000Z"))
    lines = [f"A,x,1,,{late}", *(f"{sku},x,7,,{early}" for sku in "BCDEF"), f"A,x,2,,{early}"]
    version = _put(world, *lines)
    ports = world.ports()
    Ingest(ports, batch_rows=batch_rows, seen_slots=seen_slots).run(
        Delivery(kind=Kind.CREATED, version=version, delivery_id="d"), time_left=lambda: 900
    )
    while world.work.messages:
        _recheck(world)
    assert _quantities(world)["A"] == "1"
    assert world.items()["A", "x"]["order_token"]["S"][:27] in (late, "2025-01-01T00:00:00.000000Z")


def test_an_unchanged_row_costs_no_write() -> None:
    """The second snapshot reads, and writes its changed row alone."""
    world = World()
    _deliver(world, _put(world, "A,x,1,n,", "B,x,2,,"))
    outcome = _deliver(world, _put(world, "A,x,1,n,", "B,x,3,,", hour=1))
    assert (outcome.counts.unchanged, outcome.counts.loaded, outcome.written) == (1, 1, 1)


def test_a_late_file_does_not_overwrite_newer_rows_but_loads_the_others() -> None:
    """There is no file-level verdict: a late file may hold SKUs that no newer one has."""
    world = World()
    _deliver(world, _put(world, "A,x,2,,", hour=1))
    outcome = _deliver(world, _put(world, "A,x,1,,", "B,x,1,,", hour=0))
    assert _quantities(world) == {"A": "2", "B": "1"}
    assert (outcome.counts.stale, outcome.counts.loaded) == (1, 1)


def test_whoever_skipped_an_item_that_is_overwritten_is_sent_again() -> None:
    """The trap of the token that did not advance: A=1 at 1, A=1 skipped at 3, late A=2 at 2."""
    world = World()
    _deliver(world, _put(world, "A,x,1,,", hour=1))
    skipper = _put(world, "A,x,1,,", hour=3)
    _deliver(world, skipper)
    late = _deliver(world, _put(world, "A,x,2,,", hour=2))
    assert late.rechecks == 1
    assert _quantities(world) == {"A": "2"}
    (recheck,) = _recheck(world)
    assert (recheck.mode, recheck.written) == (Mode.RECHECK, 1)
    assert _quantities(world) == {"A": "1"}
    record = world.record(skipper)
    assert (record["loaded"], record["unchanged"], record["status"]) == (1, 0, "COMPLETED")
    assert not world.work.messages


def test_an_insert_looks_back_at_nobody() -> None:
    """Where nothing was stored nobody can have skipped: a first load costs no look-back."""
    world = World()
    _deliver(world, _put(world, "A,x,1,,", hour=3))
    assert _deliver(world, _put(world, "B,x,2,,", hour=2)).rechecks == 0


def test_a_row_replaces_the_whole_item() -> None:
    """An attribute that the newer row lacks goes away."""
    world = World()
    _deliver(world, _put(world, "A,x,1,Apple,"))
    _deliver(world, _put(world, "A,x,1,,", hour=1))
    assert "name" not in world.items()["A", "x"]


def test_an_item_without_a_token_is_older_than_every_row() -> None:
    """What somebody wrote by hand is replaced like any older item."""
    world = World()
    table = world.tables.tables["items"]
    table.items["A", "x"] = {"sku": {"S": "A"}, "location": {"S": "x"}, "quantity": {"N": "9"}}
    _deliver(world, _put(world, "A,x,1,,"))
    assert _quantities(world) == {"A": "1"}


def test_a_second_delivery_of_a_completed_version_is_answered_without_work() -> None:
    """It costs one read of the record."""
    world = World()
    version = _put(world, "A,x,1,,", "!bad")
    _deliver(world, version)
    outcome = _deliver(world, version)
    assert outcome.mode is Mode.ANSWERED
    assert (outcome.read_units, outcome.write_units) == (1, 0)
    assert len(world.rejects.bodies) == 1


def test_the_event_of_a_version_that_a_listing_delivered_brings_its_sequencer() -> None:
    """The higher base is processed, and the counts stay those of one file."""
    world = World()
    version = _put(world, "A,x,1,,", "!bad", sequencer="0A")
    _deliver(world, replace(version, sequencer=""), Kind.REDRIVE)
    outcome = _deliver(world, version)
    assert outcome.mode is Mode.REWORK
    record = world.record(version)
    assert record["base"].endswith("#0A" + "0" * 30)
    assert record["rows_read"] == 2
    assert len(world.rejects.bodies) == 1


def test_a_folder_marker_completes_without_rows() -> None:
    """What a console creates for a folder is no bad file."""
    world = World()
    version = world.objects.put("folder/", "")
    assert _deliver(world, version).status is Status.COMPLETED
    assert world.record(version)["rows_read"] == 0
    assert not world.rejects.bodies


def test_a_version_without_id_is_read_by_its_entity_tag() -> None:
    """An unversioned bucket works as long as the object is the one announced."""
    world = World()
    version = _put(world, "A,x,1,,", versioned=False)
    _deliver(world, version)
    assert world.record(version)["object_id"] == f"uploads/a.csv#{version.etag}"


def test_fails_when_the_version_was_deleted_before_it_was_read() -> None:
    """One file reject says so, and the record is FAILED."""
    world = World()
    version = _put(world, "A,x,1,,")
    world.objects.delete(version)
    outcome = _deliver(world, version)
    assert outcome.status is Status.FAILED
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert world.rejects.bodies[0][1]["error"] == "source-error"
    assert world.items() == {}


def test_fails_on_a_bad_file_with_nothing_half_loaded() -> None:
    """One file reject, no row rejects, no items."""
    world = World()
    version = world.objects.put("a.csv", "not a feed")
    outcome = _deliver(world, version)
    assert outcome.status is Status.FAILED
    assert world.record(version)["error"].startswith("missing-label: ")
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]
    assert world.items() == {}


def test_fails_on_an_unreadable_time_of_the_uploader() -> None:
    """A file is not ordered by a guess."""
    world = World()
    version = _put(world, "A,x,1,,", metadata={"as-of": "noon"})
    assert _deliver(world, version).status is Status.FAILED
    assert world.items() == {}


def test_damage_that_nobody_could_know_before_keeps_the_account_of_what_was_loaded() -> None:
    """Rows before it are loaded, counted and looked after; the record is FAILED."""
    world = World()
    version = _put(world, "A,x,1,,", "!bad", "BROKEN", "B,x,1,,")
    outcome = _deliver(world, version)
    record = world.record(version)
    assert outcome.status is Status.FAILED
    assert (record["loaded"], record["rejected"], record["rows_read"]) == (1, 1, 2)
    assert [kind for kind, _ in world.rejects.bodies] == ["row", "file"]
    assert _quantities(world) == {"A": "1"}


def test_past_the_limit_one_message_points_at_the_reject_file() -> None:
    """Nothing is lost: the file holds all of them."""
    world = World()
    version = _put(world, *["!bad"] * 5, "A,x,1,,")
    _deliver(world, version, message_limit=3)
    assert [kind for kind, _ in world.rejects.bodies] == ["row", "row", "row", "file"]
    assert "2 more" in world.rejects.bodies[-1][1]["message"]
    (file,) = world.reports.files.values()
    assert file.count(b"\n") == 6


def test_fails_when_no_time_is_left_and_leaves_the_record_to_the_next_attempt() -> None:
    """The delivery is raised so that it comes again, and then completes."""
    world = World()
    version = _put(world, "A,x,1,,")
    delivery = Delivery(kind=Kind.CREATED, version=version, delivery_id="event")
    with pytest.raises(OutOfTimeError):
        world.ingest().run(delivery, time_left=lambda: 1.0)
    assert world.record(version)["status"] == "IN_PROGRESS"
    world.ingest().run(delivery, time_left=lambda: 900.0)
    assert world.record(version)["status"] == "COMPLETED"
    assert world.record(version)["attempts"] == 2
