"""A loaded file is read again as it has loaded, until an operator replays it (ADR 24)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, TinyFeed, World, open_tiny_feed, open_tiny_part
from ingest_steps import deliver, drain, put, quantities
from inventory.adapters.dynamodb_api import ConditionFailedError, TransientError
from inventory.domain.errors import BadFileError, ErrorCode, RetryableError
from inventory.domain.model import Rows
from inventory.domain.order import timestamp
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Command, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inventory.domain.model import Batch

ROWS = tuple(f"{sku},x,1,," for sku in "ABCD")


@dataclass(frozen=True, kw_only=True)
class AddingFeed(TinyFeed):
    """A feed by settings that add to every quantity.

    Attributes:
        before: Called before each batch, with its number.
    """

    before: Callable[[int], object] = lambda _: None

    def batches(self, *arguments: Any) -> Iterator[Batch]:
        """See `reading.Feed`."""
        more = int(self.profile.removeprefix("plus "))
        for number, batch in enumerate(super().batches(*arguments)):
            self.before(number)
            rows = (row._replace(quantity=str(int(row.quantity) + more)) for row in batch.rows)
            batch.rows = Rows(rows)
            yield batch
        self.before(-1)


def adding(more: int, at: int = 0, meanwhile: Callable[[], object] | None = None) -> Any:
    """Settings that add so much; what happens once, before a batch of a file read by them."""
    events = [] if meanwhile is None else [meanwhile]

    def before(number: int) -> None:
        if events and number == at:
            events.pop()()

    return reading(more, before)


@pytest.fixture
def world() -> World:
    """A world some days after the files were stored."""
    made = World()
    made.clock.at = BEGIN + timedelta(days=9)
    return made


def come_to_rest(world: World, **options: Any) -> None:
    """Let the reconcile look after everything for some hours."""
    for _ in range(4):
        drain(world, **options)
        world.clock.move(hours=2)
        world.work.time_passes()
        world.reconcile().run(time_left=lambda: 300.0)
    drain(world, **options)


def test_a_recheck_that_a_replay_overtakes_leaves_no_row_of_before(world: World) -> None:
    """It has read the file as before, and writes after the replay has ended."""
    deliver(world, put(world, *ROWS), **adding(0))
    newer = put(world, *ROWS, hour=3)
    deliver(world, newer, **adding(0))
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **adding(0))

    def replay() -> None:
        deliver(world, newer, Kind.REPLAY, **adding(100))

    drain(world, **adding(0, 0, replay))
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "101")
    assert world.record(newer)["profile"] == "plus 100"


def test_a_redrive_that_a_replay_overtakes_does_not_undo_it(world: World) -> None:
    """It is half through the file, by the settings of before, when the replay runs whole."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))

    def replay() -> None:
        deliver(world, version, Kind.REPLAY, **adding(100))

    with pytest.raises(MemoryError):
        deliver(world, version, Kind.REPLAY, **adding(0, 0, _die))
    world.clock.move(hours=1)
    deliver(world, version, Kind.REDRIVE, **adding(0, 2, replay))
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "101")
    assert world.record(version)["profile"] == "plus 100"


def test_a_replay_that_dies_is_gone_on_with_by_its_settings(world: World) -> None:
    """The reconcile redrives the file when the message is lost."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    with pytest.raises(MemoryError):
        deliver(world, version, Kind.REPLAY, **adding(100, 2, _die))
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "101")


def test_a_replay_that_breaks_off_changes_nothing_in_the_end(world: World) -> None:
    """Its first rows are written; then its settings cannot read on."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    deliver(world, version, Kind.REPLAY, **adding(100, 2, _break_off))
    assert quantities(world)["A"] == "101"
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "1")
    assert [kind for kind, _ in world.rejects.bodies] == ["file"]


def test_a_file_that_broke_off_is_rechecked_as_it_was_read(world: World) -> None:
    """Its rows up to there are loaded."""
    deliver(world, put(world, *ROWS), **adding(0))
    newer = put(world, *ROWS, hour=3)
    deliver(world, newer, **adding(0, -1, _break_off))
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **adding(0))
    drain(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "1")


def test_a_lower_tolerance_refuses_no_recheck(world: World) -> None:
    """The time that the file states was within the one by which it has loaded."""
    allowed: list[dict[str, Any]] = [
        {"settings": IngestSettings(large_object_bytes=1 << 30, time_tolerance=each)}
        for each in (timedelta(hours=1), timedelta(minutes=1))
    ]
    wide, tight = allowed
    deliver(world, put(world, "A,x,5,,"), **wide)
    stated = timestamp(BEGIN + timedelta(hours=3, minutes=30))
    deliver(world, put(world, "A,x,5,,", hour=3, metadata={"as-of": stated}), **wide)
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **wide)
    drain(world, **tight)
    assert quantities(world) == {"A": "5"}


def test_a_version_that_left_its_complete_feed_by_a_replay_is_asked_no_more(world: World) -> None:
    """Feeds are complete, but for the moment of the replay; an older version comes late."""
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,1,,", hour=2))
    newest = put(world, "A,x,1,,", "B,x,2,,", hour=3)
    deliver(world, newest)
    world.complete = {}
    deliver(world, newest, Kind.REPLAY)
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,1,,", "C,x,5,,", hour=1))
    drain(world)
    assert quantities(world) == {"A": "1", "B": "2", "C": "0"}


def test_a_version_is_withdrawn_from_the_feed_in_which_it_has_loaded(world: World) -> None:
    """The feed is not complete any more; what a newer version implies because of it goes."""
    world.complete = {"a.csv": "zero"}
    version = put(world, "A,x,1,,", "B,x,2,,")
    deliver(world, version)
    deliver(world, put(world, "A,x,1,,", hour=1))
    assert quantities(world) == {"A": "1", "B": "0"}
    world.complete = {}
    deliver(world, version, Kind.WITHDRAW, task=_command(world))
    come_to_rest(world)
    assert quantities(world) == {"A": "1"}


def test_a_run_that_takes_over_stores_a_reject_file_also_without_rejects(world: World) -> None:
    """One that died may have left the file of another reading."""
    version = put(world, "A,x,1,,", "!B")
    with pytest.raises(MemoryError):
        deliver(world, version, **adding(0, -1, _die))
    world.reports.files["rejects/a.csv/v1.csv"] = b"header\nB\n"
    world.clock.move(hours=1)
    plain: dict[str, Any] = {"open_part": lambda *_, **__: TinyFeed(("A,x,1,,",))}
    deliver(world, version, Kind.REDRIVE, **plain)
    assert world.record(version)["rejected"] == 0
    assert world.reports.files["rejects/a.csv/v1.csv"].count(b"\n") == 1


def test_messages_that_were_taken_away_are_sent_once_more_by_a_first_run(world: World) -> None:
    """The run that sent them has died, and `inventory redrive` took them for readable."""
    version = put(world, "A,x,1,,", "!B")
    with pytest.raises(MemoryError):
        deliver(world, version, readings=SimpleNamespace(put=_die))
    assert [body["line"] for _, body in world.rejects.bodies] == [3]
    world.rejects.bodies.clear()
    deliver(world, version, Kind.REPLAY, untold=True)
    assert [body["line"] for _, body in world.rejects.bodies] == [3]


# Replays that break off


def test_an_answer_that_is_lost_closes_no_replay_that_broke_off(world: World) -> None:
    """The request comes again, and finds that the file is read as before."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    lost: list[object] = []

    def transport(operation: str, payload: Any) -> Any:
        answer = world.tables(operation, payload)
        if "SET reads_by = :before" in str(payload) and not lost:
            lost.append(answer)
            raise TransientError("ReadTimeoutError", "the answer is lost")
        return answer

    world.transport = transport
    deliver(world, version, Kind.REPLAY, **adding(100, 2, _break_off))
    assert lost
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "1")


def test_a_replay_that_broke_off_ends_once(world: World) -> None:
    """The last message of its workers comes twice."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    options = breaking(100, 2) | {"settings": IngestSettings(large_object_bytes=1)}
    deliver(world, version, Kind.REPLAY, **options)
    messages = 0
    while world.work.messages:
        message = world.work.messages.pop(0)
        messages += 1
        for _ in range(1 if world.work.messages else 2):
            name = f"m{messages}"
            deliver(world, version, message.kind, delivery_id=name, task=message.task, **options)
    come_to_rest(world, **breaking(100, 2))
    assert quantities(world) == dict.fromkeys("ABCD", "1")


def test_a_job_that_broke_off_is_not_gone_on_with_when_the_object_is_gone(world: World) -> None:
    """It could not end, and would come again every hour."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    options = breaking(100, 2) | {"settings": IngestSettings(large_object_bytes=1)}
    deliver(world, version, Kind.REPLAY, **options)
    drain(world, **options)
    world.objects.delete(version)
    come_to_rest(world, **options)
    assert "open_runs" not in world.record(version)


def test_a_replay_that_breaks_off_beside_a_later_one_leaves_nothing(world: World) -> None:
    """The later one has run whole meanwhile, and its settings count."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))

    def later(number: int) -> None:
        if number == 1:
            deliver(world, version, Kind.REPLAY, delivery_id="later", **adding(200))
        if number == 3:
            _break_off()

    deliver(world, version, Kind.REPLAY, delivery_id="first", **reading(100, later))
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "201")


def test_a_replay_that_breaks_off_keeps_the_later_base(world: World) -> None:
    """Of the event that goes on with it; what it wrote under that is written over by a replay."""
    version = put(world, *ROWS, sequencer="0A")
    listed = replace(version, sequencer="")
    deliver(world, listed, Kind.REDRIVE, **adding(0))
    with pytest.raises(MemoryError):
        deliver(world, listed, Kind.REPLAY, **adding(100, 0, _die))
    deliver(world, version, **breaking(100, 2))
    world.clock.move(minutes=5)
    deliver(world, listed, Kind.REPLAY, delivery_id="mended", **adding(200))
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "201")


def test_a_replay_that_breaks_off_ends_where_nobody_knows_how_it_was_read(world: World) -> None:
    """After 400 days there is nothing to give back."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    world.clock.move(days=401)
    world.tables.tables["lanes"].items.clear()
    deliver(world, version, Kind.REPLAY, **breaking(100, 2))
    come_to_rest(world, **breaking(100, 2))
    assert "open_runs" not in world.record(version)
    assert len(world.rejects.bodies) == 1


# Files that broke off: their rows are loaded


@pytest.mark.parametrize("late_event", [False, True])
def test_a_file_that_broke_off_is_read_as_before(world: World, late_event: bool) -> None:
    """Also by the redrive of a recheck that died, and by an event that comes late."""
    deliver(world, put(world, *ROWS, key="first.csv"), **adding(0))
    version = put(world, *ROWS, hour=3, sequencer="0A")
    deliver(world, replace(version, sequencer=""), Kind.REDRIVE, **breaking(0, 3))
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **adding(0))
    if late_event:
        deliver(world, version, **adding(100))
    else:
        message = world.work.messages.pop(0)
        with pytest.raises(MemoryError):
            deliver(world, version, message.kind, **adding(0, 0, _die))
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "1")


def test_a_replay_of_a_file_that_broke_off_is_gone_on_with_by_its_settings(world: World) -> None:
    """It dies, and the settings of the next hours are others."""
    version = put(world, *ROWS)
    deliver(world, version, **breaking(0, 3))
    with pytest.raises(MemoryError):
        deliver(world, version, Kind.REPLAY, **adding(100, 2, _die))
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "101")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (1, {"A": "1", "B": "1", "C": "1", "D": "1"}),  # the reading of before comes further
        (3, {"A": "101", "B": "101", "C": "101", "D": "1"}),
    ],
)
def test_a_replay_that_breaks_off_counts_where_it_comes_as_far(
    world: World, at: int, expected: dict[str, str]
) -> None:
    """Else a row would be nobody's: an older file that comes late would win it."""
    deliver(world, put(world, *ROWS, key="first.csv"), **adding(0))
    version = put(world, *ROWS, hour=3)
    deliver(world, version, **reading(0, _breaks_at(3)))
    deliver(world, version, Kind.REPLAY, **reading(100, _breaks_at(at)))
    come_to_rest(world, **reading(0, _breaks_at(3)))
    deliver(world, put(world, "C,x,9,,", hour=2, key="late.csv"), **adding(0))
    come_to_rest(world, **reading(0, _breaks_at(3)))
    assert quantities(world) == expected
    assert world.record(version)["status"] == "FAILED"


def test_a_refused_replay_leaves_the_figures_of_a_file_that_broke_off(world: World) -> None:
    """Its rows are in the table as before."""
    version = put(world, *ROWS)
    deliver(world, version, **breaking(0, 3))
    deliver(world, version, Kind.REPLAY, open_feed=_refuse)
    come_to_rest(world, **adding(0))
    record = world.record(version)
    assert (record["status"], record["loaded"], record["rows_read"]) == ("FAILED", 3, 3)
    assert "fits no profile now" in record["error"]


# Rechecks, and whose turn it is


def test_a_recheck_waits_for_the_end_of_a_first_run(world: World) -> None:
    """It would read by settings of its own; the reconcile sends it again."""
    deliver(world, put(world, *ROWS), **adding(0))
    version = put(world, *ROWS, hour=3)
    late = put(world, "A,x,9,,", hour=2, key="late.csv")
    inner = world.ports().readings

    def store(*arguments: Any, **more: Any) -> None:
        inner.put(*arguments, **more)
        deliver(world, late, **adding(0))
        drain(world, **adding(100))

    deliver(world, version, readings=SimpleNamespace(get=inner.get, put=store), **adding(0))
    come_to_rest(world, **adding(100))
    assert quantities(world) == dict.fromkeys("ABCD", "1")


@pytest.mark.parametrize("dies", [False, True])
def test_a_withdrawn_file_is_not_rechecked_before_it_is_restored(world: World, dies: bool) -> None:
    """Nor after the restore was refused; what it once relied on is not its any more."""
    deliver(world, put(world, "A,x,1,,", key="first.csv"), **adding(0))
    version = put(world, "A,x,1,,", hour=3)
    deliver(world, version, **adding(0))
    deliver(world, version, Kind.WITHDRAW, task=_command(world))
    come_to_rest(world)
    world.clock.move(hours=2)
    if dies:
        with pytest.raises(MemoryError):
            deliver(world, version, Kind.RESTORE, task=_command(world), open_feed=_die)
    else:
        deliver(world, version, Kind.RESTORE, task=_command(world), open_feed=_refuse)
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **adding(0))
    drain(world, **adding(0))
    assert quantities(world) == {"A": "9"}
    world.reconcile().run(time_left=lambda: 300.0)
    assert not world.work.messages


def test_a_request_of_an_earlier_replay_that_comes_late_changes_nothing(world: World) -> None:
    """Its run died; a later replay has ended meanwhile."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    late: list[tuple[str, Any]] = []

    def transport(operation: str, payload: Any) -> Any:
        if "SET reads_by = :by," in str(payload) and not late:
            late.append((operation, payload))
            raise MemoryError
        return world.tables(operation, payload)

    world.transport = transport
    with pytest.raises(MemoryError):
        deliver(world, version, Kind.REPLAY, delivery_id="first", **adding(100))
    world.clock.move(minutes=5)
    deliver(world, version, Kind.REPLAY, delivery_id="later", **adding(200))
    with pytest.raises(ConditionFailedError):
        world.tables(*late[0])
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "201")


def test_an_earlier_replay_that_is_slow_does_not_undo_a_later_one(world: World) -> None:
    """It opens the file before, and says only afterwards how it reads it."""
    version = put(world, *ROWS)
    deliver(world, version, **adding(0))
    options = adding(100)
    opened = options["open_feed"]

    def slow(source: Any, **more: Any) -> Any:
        feed = opened(source, **more)
        world.clock.move(minutes=2)
        deliver(world, version, Kind.REPLAY, delivery_id="later", **adding(200))
        return feed

    with pytest.raises(RetryableError, match="another run"):
        deliver(world, version, Kind.REPLAY, delivery_id="first", **options | {"open_feed": slow})
    come_to_rest(world, **adding(200))
    assert quantities(world) == dict.fromkeys("ABCD", "201")


def test_a_recheck_that_a_replay_overtakes_counts_no_item_again(world: World) -> None:
    """The replay has counted it, by the same settings."""
    deliver(world, put(world, *ROWS, key="first.csv"), **adding(0))
    version = put(world, *ROWS, hour=3)
    deliver(world, version, **adding(0))
    deliver(world, put(world, "A,x,9,,", hour=2, key="late.csv"), **adding(0))

    def replay() -> None:
        deliver(world, version, Kind.REPLAY, **adding(0))

    drain(world, **adding(0, -1, replay))
    come_to_rest(world, **adding(0))
    record = world.record(version)
    assert (record["loaded"], record["unchanged"]) == (1, 3)


# Complete feeds, reject files, times


def test_a_refused_replay_takes_no_version_out_of_its_complete_feed(world: World) -> None:
    """The file is read as before, and so are the articles that it lacks."""
    world.complete = {"a.csv": "zero"}
    newest = put(world, "A,x,1,,", "B,x,2,,", hour=3)
    deliver(world, newest)
    deliver(world, newest, Kind.REPLAY, open_feed=_refuse)
    come_to_rest(world)
    deliver(world, put(world, "A,x,1,,", "C,x,5,,", hour=1))
    come_to_rest(world)
    assert quantities(world) == {"A": "1", "B": "2", "C": "0"}


def test_a_replay_that_dies_has_left_its_complete_feed(world: World) -> None:
    """Whoever goes on with it does not know that it was complete."""
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,1,,", hour=2))
    newest = put(world, "A,x,1,,", "B,x,2,,", hour=3)
    deliver(world, newest)
    world.complete = {}

    def transport(operation: str, payload: Any) -> Any:
        answer = world.tables(operation, payload)
        if "SET reads_by = :by," in str(payload):
            raise MemoryError
        return answer

    world.transport = transport
    with pytest.raises(MemoryError):
        deliver(world, newest, Kind.REPLAY)
    world.transport = None
    come_to_rest(world)
    world.complete = {"a.csv": "zero"}
    deliver(world, put(world, "A,x,1,,", "C,x,5,,", hour=1))
    come_to_rest(world)
    assert quantities(world) == {"A": "1", "B": "2", "C": "0"}


def test_a_version_is_withdrawn_from_the_feed_that_a_replay_has_taken_it_out_of(
    world: World,
) -> None:
    """Feeds are complete, but for the moment of the replay; its list counts until then."""
    world.complete = {"a.csv": "zero"}
    version = put(world, "A,x,1,,", "B,x,2,,")
    deliver(world, version)
    deliver(world, put(world, "A,x,1,,", hour=1))
    world.complete = {}
    deliver(world, version, Kind.REPLAY)
    world.complete = {"a.csv": "zero"}
    deliver(world, version, Kind.WITHDRAW, task=_command(world))
    come_to_rest(world)
    assert quantities(world) == {"A": "1"}


def test_a_reject_file_does_not_outlive_the_reading_that_made_it(world: World) -> None:
    """Also where a restore was refused in between, whose record knows of no reject."""
    version = put(world, "A,x,1,,", "!B")
    deliver(world, version)
    deliver(world, version, Kind.WITHDRAW, task=_command(world))
    come_to_rest(world)
    world.clock.move(hours=2)
    deliver(world, version, Kind.RESTORE, task=_command(world), open_feed=_refuse)
    world.clock.move(hours=2)
    whole: dict[str, Any] = {"open_part": lambda *_, **__: TinyFeed(("A,x,1,,", "B,x,2,,"))}
    deliver(world, version, Kind.REPLAY, **whole)
    assert world.reports.files["rejects/a.csv/v1.csv"].count(b"\n") == 1  # its header


def test_a_late_event_keeps_its_sequencer_after_the_tolerance_was_lowered(world: World) -> None:
    """The file has loaded by its time, and of two of one time the sequencer decides."""
    allowed: list[dict[str, Any]] = [
        {"settings": IngestSettings(large_object_bytes=1 << 30, time_tolerance=each)}
        for each in (timedelta(hours=1), timedelta(minutes=1))
    ]
    wide, tight = allowed
    stated = {"as-of": timestamp(BEGIN + timedelta(minutes=30))}
    version = put(world, "A,x,5,,", metadata=stated, sequencer="0B")
    before = put(world, "A,x,7,,", metadata=stated, sequencer="0A")
    deliver(world, replace(version, sequencer=""), Kind.REDRIVE, **wide)
    deliver(world, before, **wide)
    deliver(world, version, **tight)
    come_to_rest(world, **tight)
    assert quantities(world) == {"A": "5"}


def test_how_a_file_is_read_fits_into_an_item(world: World) -> None:
    """A feed may list thousands of locations, in any alphabet."""
    text = json.dumps([f"Филиал {number}" for number in range(30_000)])
    assert len(text) > 400 * 1024
    readings = world.ports().readings
    readings.put("id", "r", text, expires_at=2_000_000_000)
    assert readings.get("id", "r") == text


def breaking(more: int, at: int) -> Any:
    """Settings that add so much, and cannot read on from a batch of a file read by them."""
    return reading(more, _breaks_at(at))


def reading(more: int, before: Callable[[int], object]) -> Any:
    """Settings that add so much; what happens before each batch of a file read by them."""

    def read(feed: TinyFeed, profile: str) -> AddingFeed:
        own = before if profile == f"plus {more}" else lambda _: None
        return AddingFeed(feed.lines, feed.start_line, profile=profile, before=own)

    return {
        "open_feed": lambda source, *, key, latest: read(
            open_tiny_feed(source, key=key, latest=latest), f"plus {more}"
        ),
        "open_part": lambda state, source, **place: read(
            open_tiny_part(state, source, **place), state["profile"]
        ),
        "batch_rows": 1,
    }


def _breaks_at(batch: int) -> Callable[[int], object]:
    def before(number: int) -> None:
        if number == batch:
            _break_off()

    return before


def _command(world: World) -> dict[str, Any]:
    return Command(asked_at=timestamp(world.clock()), by="ann").to_data()


def _refuse(*_: Any, **__: Any) -> Any:
    raise BadFileError(ErrorCode.MISSING_LABEL, "The file fits no profile now.", line=1)


def _die(*_: Any, **__: Any) -> Any:
    raise MemoryError


def _break_off() -> None:
    raise BadFileError(ErrorCode.SOURCE_ERROR, "The file breaks off.", line=3)
