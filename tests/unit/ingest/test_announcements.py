"""Others are told of every end, whoever dies in between, in the form of the published schema."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from fakes import BEGIN, INGESTIONS, MemoryEvents, World
from ingest_steps import deliver, drain, put
from inventory.adapters.eventbridge_events import EventBridgeEvents
from inventory.domain.errors import RetryableError
from inventory.domain.order import timestamp
from inventory.domain.reading.feed_settings import FeedSettings
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Command, Kind

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = json.loads((DOCS / "events" / "stock-file.v1.json").read_text(encoding="utf-8"))
HALF = Decimal("0.5")


def valid(detail: dict[str, Any]) -> dict[str, Any]:
    """A detail that is as the schema says."""
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(detail)
    return detail


def told(world: World) -> list[dict[str, Any]]:
    """Details of the events, as they leave."""
    client: Any = None  # nothing is sent
    bus = EventBridgeEvents(client, "bus", "dev")
    return [valid(json.loads(bus._entry(each)["Detail"])) for each in world.events.ends]


def waiting(world: World, version: Any) -> int:
    """Announcements in a record."""
    stored = world.tables.tables[INGESTIONS].items[version.object_id,]
    return len(stored.get("announcements", {}).get("SS", ()))


class DeafEvents(MemoryEvents):
    """A bus that does not answer, having taken what was sent or not."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self._takes = takes

    def send(self, ends: Any) -> None:
        """See `ports.Events`."""
        if self._takes:
            super().send(ends)
        raise RetryableError("no answer")


def test_the_schema_is_one_and_the_page_shows_it() -> None:
    """And it closes: every property is required and described where the name does not say it."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["required"] == list(SCHEMA["properties"])
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    valid(json.loads(page.partition("```json\n")[2].partition("```")[0])["detail"])


def test_a_loaded_a_failed_and_a_held_file_are_told_of() -> None:
    """With rows, reasons and times; nothing is left in the record."""
    world = World()
    versions = [
        put(world, "A,x,8,,", "!bad", hour=1),
        put(world, "A,x,1,,", hour=2),
        put(world, "BROKEN", hour=3, key="b.csv"),
    ]
    share: dict[str, Any] = {"share": HALF}
    for version in versions:
        deliver(world, version, **share)
    loaded, held, failed = told(world)
    assert [each["status"] for each in (loaded, held, failed)] == ["COMPLETED", "HELD", "FAILED"]
    assert (loaded["rows"]["rows_read"], loaded["rows"]["loaded"]) == (2, 1)
    assert sum(loaded["rejected_by_error"].values()) == 1
    assert loaded["reason"] is None
    assert "would take away" in held["reason"]
    assert failed["reason"].startswith("source-error")
    hour = timedelta(hours=1)
    assert loaded["stored_at"] == loaded["as_of"] == timestamp(BEGIN + hour)
    assert [waiting(world, version) for version in versions] == [0, 0, 0]
    assert len({each["id"] for each in told(world)}) == 3


@pytest.mark.parametrize("takes", [True, False])
def test_a_file_whose_process_died_before_it_told_is_told_of_by_the_next_delivery(
    takes: bool,
) -> None:
    """The same event with the same id, though the file is not loaded again."""
    world = World()
    version = put(world, "A,x,8,,")
    deaf = DeafEvents(takes=takes)
    with pytest.raises(RetryableError):
        deliver(world, version, events=deaf)
    assert (world.record(version)["status"], waiting(world, version)) == ("COMPLETED", 1)
    deliver(world, version)
    [end] = told(world)
    assert end["status"] == "COMPLETED"
    assert [each["id"] for each in deaf.ends] == [end["id"]] * takes
    deliver(world, version)
    assert len(told(world)) == 1


def test_what_no_delivery_tells_the_reconcile_has_told() -> None:
    """However old the file is, as work of a kind of its own."""
    world = World()
    version = put(world, "A,x,8,,")
    with pytest.raises(RetryableError):
        deliver(world, version, events=DeafEvents(takes=False))
    world.clock.move(hours=2)
    result = world.reconcile().run(time_left=lambda: 300.0)
    assert (result.unannounced, result.redriven, result.terminal) == (1, 1, 0)
    assert [message.kind for message in world.work.messages] == [Kind.ANNOUNCE]
    drain(world)
    assert [each["status"] for each in told(world)] == ["COMPLETED"]
    result = world.reconcile().run(time_left=lambda: 300.0)
    assert result.unannounced == 0


def test_a_held_file_that_is_released_before_it_was_told_of_has_two_ends() -> None:
    """None is overwritten, and they come in the order in which they were reached."""
    world = World()
    deliver(world, put(world, "A,x,8,,", hour=1), share=HALF)
    version = put(world, "A,x,1,,", hour=2)
    with pytest.raises(RetryableError):
        deliver(world, version, share=HALF, events=DeafEvents(takes=False))
    world.clock.move(minutes=1)
    deliver(world, version, Kind.RELEASE, share=HALF)
    assert [each["status"] for each in told(world)] == ["COMPLETED", "HELD", "COMPLETED"]


def test_a_withdrawal_and_a_restore_are_told_of() -> None:
    """Who, why, and how many items; a later end is no restore any more."""
    world = World()
    version = put(world, "A,x,8,,", "B,x,1,,")
    deliver(world, version)
    for kind in (Kind.WITHDRAW, Kind.RESTORE):
        world.clock.move(hours=2)
        task = Command(asked_at=timestamp(world.clock()), by="ann", reason="wrong " * 400).to_data()
        deliver(world, version, kind, task=task)
        world.clock.move(minutes=16)
        world.work.time_passes()
        drain(world)
    world.clock.move(hours=1)
    deliver(world, version, Kind.REPLAY)
    _, withdrawn, restored, replayed = told(world)
    assert (withdrawn["status"], withdrawn["items_removed"]) == ("WITHDRAWN", 2)
    assert (withdrawn["by"], len(withdrawn["reason"])) == ("ann", 1000)
    assert withdrawn["stored_at"] == restored["stored_at"] is not None
    assert [each["restored"] for each in (withdrawn, restored, replayed)] == [False, True, False]
    assert (restored["status"], restored["rows"]["loaded"]) == ("COMPLETED", 2)


def test_a_file_of_several_workers_has_one_end() -> None:
    """With the rows of all of them, and when it was stored though the last one did not ask."""
    world = World()
    version = put(world, *(f"S{n},x,1,," for n in range(9)))
    several: dict[str, Any] = {"settings": IngestSettings(large_object_bytes=0, workers=3)}
    deliver(world, version, **several)
    assert told(world) == []
    drain(world, twice=True, **several)
    [end] = told(world)
    assert (end["rows"]["loaded"], end["stored_at"] is None) == (9, False)


def test_the_last_file_of_a_feed_is_noted_with_its_end() -> None:
    """Of a feed of the settings alone; a replay does not make an old file new."""
    world = World()

    def feed_of(key: str) -> FeedSettings:
        named = key.startswith("shop/")
        return FeedSettings(prefix="shop/" if named else key, named=named)

    version = put(world, "A,x,8,,", key="shop/a.csv")
    other = put(world, "A,x,8,,", key="else/a.csv")
    for each in (version, other):
        deliver(world, each, feed_of=feed_of)
    arrivals: Any = world.ports().arrivals
    [(feed, before)] = arrivals.all().items()
    assert (feed, before.object_id, before.loaded) == ("shop/", version.object_id, 1)
    assert [each["feed"] for each in told(world)] == ["shop/", None]
    world.clock.move(hours=30)
    deliver(world, version, Kind.REPLAY, feed_of=feed_of)
    assert arrivals.all()["shop/"].accepted_at == before.accepted_at
