"""A loaded file is read again as it has loaded, until an operator replays it (ADR 24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN, TinyFeed, World, open_tiny_feed, open_tiny_part
from ingest_steps import deliver, drain, put, quantities
from inventory.domain.errors import BadFileError, ErrorCode
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

    def read(feed: TinyFeed, profile: str) -> AddingFeed:
        def before(number: int) -> None:
            if events and number == at and profile == f"plus {more}":
                events.pop()()

        return AddingFeed(feed.lines, feed.start_line, profile=profile, before=before)

    return {
        "open_feed": lambda source, *, key, latest: read(
            open_tiny_feed(source, key=key, latest=latest), f"plus {more}"
        ),
        "open_part": lambda state, source, **place: read(
            open_tiny_part(state, source, **place), state["profile"]
        ),
        "batch_rows": 1,
    }


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
    command = Command(asked_at=timestamp(world.clock()), by="ann", reason="")
    deliver(world, version, Kind.WITHDRAW, task=command.to_data())
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
        deliver(world, version, readings=SimpleNamespace(put=lambda *_, **__: _die()))
    assert [body["line"] for _, body in world.rejects.bodies] == [3]
    world.rejects.bodies.clear()
    deliver(world, version, Kind.REPLAY, untold=True)
    assert [body["line"] for _, body in world.rejects.bodies] == [3]


def _die() -> None:
    raise MemoryError


def _break_off() -> None:
    raise BadFileError(ErrorCode.SOURCE_ERROR, "The file breaks off.", line=3)
