"""When a feed is late: due times against a second implementation, and who is told when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, FR, MO, SA, SU, TH, TU, WE, rrule
from hypothesis import given
from hypothesis import strategies as st

from fakes import LANES, World
from inventory.adapters.dynamodb_notes import DynamoDbArrivals
from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.arrivals import Arrival, FeedWatch, due_time, feed_state
from inventory.domain.order import timestamp
from inventory.domain.ports import ConsumedCapacity, Deadline

WEEKDAYS = {"mon": MO, "tue": TU, "wed": WE, "thu": TH, "fri": FR, "sat": SA, "sun": SU}
BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS: dict[str, Any] = {
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "time": "07:00",
    "zone": "Europe/Berlin",
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

# To the minute, so that some files come at a due time; from 2024 to 2027.
moments = st.integers(28_401_120, 29_979_360).map(
    lambda minute: datetime.fromtimestamp(minute * 60, UTC)
)
rules = st.fixed_dictionaries(
    {
        "days": st.lists(st.sampled_from(sorted(WEEKDAYS)), min_size=1, unique=True),
        "time": st.times().map(lambda at: f"{at:%H:%M}"),
        "zone": st.sampled_from(
            # Summer time of both hemispheres, of half an hour, at midnight, and none at all.
            ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
        ),
    }
)


def berlin(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of 2026 by the clocks of Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def dues_of(rule: dict[str, Any], around: datetime) -> list[datetime]:
    """Due times three weeks around a moment, by dateutil's recurrences of the wall clock."""
    hour, minute = map(int, rule["time"].split(":"))
    naive = rrule(
        DAILY,
        byweekday=[WEEKDAYS[day] for day in rule["days"]],
        dtstart=around.replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
        - timedelta(days=21),
        until=around.replace(tzinfo=None) + timedelta(days=21),
    )
    zone = ZoneInfo(rule["zone"])
    return [each.replace(tzinfo=zone).astimezone(UTC) for each in naive]


@given(rule=rules, last=moments)
def test_a_file_counts_for_the_nearest_due_time(rule: dict[str, Any], last: datetime) -> None:
    """What is expected next is the due time after that, and is reached by going through all."""
    dues = dues_of(rule, last)
    nearest = min(dues, key=lambda due: (abs(due - last), due))
    assert due_time(rule, last, LONG_AGO) == dues[dues.index(nearest) + 1]


@given(rule=rules, since=moments)
def test_a_new_feed_has_a_whole_period(rule: dict[str, Any], since: datetime) -> None:
    """Of the due times after it was first watched, the second is the first that counts."""
    following = [due for due in dues_of(rule, since) if due > since]
    assert due_time(rule, None, since) == following[1]


@given(rule=rules, last=moments, later=moments)
def test_a_later_file_is_never_expected_earlier(
    rule: dict[str, Any], last: datetime, later: datetime
) -> None:
    """And whatever came, the next one is due after it."""
    last, later = sorted((last, later))
    assert last < due_time(rule, last, LONG_AGO) <= due_time(rule, later, LONG_AGO)


@given(hours=st.integers(1, 744), last=moments, since=moments)
def test_hours_are_counted_from_the_last_file_or_the_first_look(
    hours: int, last: datetime, since: datetime
) -> None:
    """Whatever the clocks do meanwhile."""
    due = due_time({"hours": hours}, last, since)
    assert due - max(last, since) == timedelta(hours=hours)
    assert due_time({"hours": hours}, None, since) - since == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (berlin(24, 6, 30), berlin(25, 7)),
        # A minute late is for that day, and the evening before for the next.
        (berlin(24, 7, 1), berlin(25, 7)),
        (berlin(24, 22), berlin(26, 7)),
        # A Saturday's file is nearer to Friday, a Sunday's to Monday.
        (berlin(28, 12), berlin(30, 7)),
        (berlin(29, 12), berlin(1, 7, month=12)),
        # 7:00 is another moment after the clocks were changed.
        (berlin(23, 7, month=10), datetime(2026, 10, 26, 6, tzinfo=UTC)),
        (berlin(27, 7, month=3), datetime(2026, 3, 30, 5, tzinfo=UTC)),
    ],
)
def test_workdays_at_seven(last: datetime, due: datetime) -> None:
    """By hand."""
    assert due_time(WORKDAYS, last, LONG_AGO) == due


def test_times_that_are_skipped_or_come_twice() -> None:
    """02:30 is 03:30 on the last Sunday of March, and the first of two in October."""
    rule = {"days": ["sun"], "time": "02:30", "zone": "Europe/Berlin"}
    spring = due_time(rule, berlin(22, 2, month=3), LONG_AGO)
    autumn = due_time(rule, berlin(18, 2, month=10), LONG_AGO)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_feed_is_late_by_a_minute_and_not_at_the_minute() -> None:
    """Until the file has come."""
    came = Arrival(watched_since=timestamp(LONG_AGO), accepted_at=timestamp(berlin(24, 6)))
    settings = {"expected_every": WORKDAYS}
    assert not feed_state("shop/", settings, came, (), berlin(25, 7)).late
    assert feed_state("shop/", settings, came, (), berlin(25, 7, 1)).late
    came = Arrival(watched_since=timestamp(LONG_AGO), accepted_at=timestamp(berlin(25, 7, 2)))
    assert not feed_state("shop/", settings, came, (), berlin(25, 7, 3)).late


@pytest.mark.parametrize(
    ("settings", "hours", "late"),
    [
        ({}, 10_000, False),
        ({"required": True}, 24, False),
        ({"required": True}, 24.1, True),
        ({"required": False}, 10_000, False),
        ({"expected_every": {"hours": 48}}, 47, False),
        ({"expected_every": {"hours": 48}, "required": True}, 47, False),
        ({"expected_every": {"hours": 48}}, 49, True),
    ],
)
def test_a_feed_that_never_had_a_file(settings: dict[str, Any], hours: float, late: bool) -> None:
    """Nothing is late in a new deployment, and one that was not watched yet has just begun."""
    now = LONG_AGO + timedelta(hours=hours)
    arrival = Arrival(watched_since=timestamp(LONG_AGO))
    assert feed_state("shop/", settings, arrival, (), now).late is late
    assert not feed_state("shop/", settings, Arrival(), (), now).late


def test_a_required_feed_with_a_file_is_well_for_ever() -> None:
    """Nothing more is expected of it."""
    came = Arrival(watched_since=timestamp(LONG_AGO), accepted_at=timestamp(LONG_AGO))
    state = feed_state("shop/", {"required": True}, came, (), datetime(2026, 1, 1, tzinfo=UTC))
    assert (state.due, state.late) == (None, False)


def end(object_id: str, stored: datetime, status: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    """What is noted of an announcement."""
    rows = {"rows_read": 4, "loaded": 2, "rejected": 1}
    return {
        "object_id": object_id,
        "status": status,
        "stored_at": timestamp(stored),
        "ended_at": timestamp(stored),
        "reason": None,
        "rows": rows,
        **more,
    }


@dataclass
class Paused:
    """Beginnings of the keys of files that wait."""

    found: list[str]

    def prefixes(self) -> list[str]:
        """Give them."""
        return self.found


@pytest.fixture
def notes() -> DynamoDbArrivals:
    """An empty table."""
    usage = ConsumedCapacity()
    return DynamoDbArrivals(PartitionedTable(World().api(Deadline()), LANES, usage))


def test_the_last_file_and_the_last_accepted_one_are_told_apart(notes: DynamoDbArrivals) -> None:
    """In whatever order they end, and however often that is noted."""
    ends = [
        end("a", berlin(24, 6)),
        end("b", berlin(25, 6)),
        end("c", berlin(26, 6), "FAILED", reason="no header"),
        end("d", berlin(27, 6), reason="4 of 4 rows are skipped: blank sku"),
    ]
    for one in (ends[3], ends[0], ends[1], ends[2], ends[0]):
        notes.note("shop/", one)
    arrival = notes.all()["shop/"]
    assert (arrival.object_id, arrival.status) == ("d", "COMPLETED")
    assert arrival.accepted_at == timestamp(berlin(25, 6))
    assert (arrival.rows_read, arrival.loaded, arrival.rejected) == (4, 2, 1)


def test_a_withdrawn_file_does_not_count_until_it_is_restored(notes: DynamoDbArrivals) -> None:
    """Nor does the withdrawal of another one change anything."""
    notes.note("shop/", end("a", berlin(24, 6)))
    notes.note("shop/", end("older", berlin(23, 6), "WITHDRAWN", rows=None))
    assert notes.all()["shop/"].accepted_at
    notes.note("shop/", end("a", berlin(24, 6), "WITHDRAWN", rows=None))
    assert notes.all()["shop/"].status == "WITHDRAWN"
    assert not notes.all()["shop/"].accepted_at
    notes.note("shop/", end("a", berlin(24, 6)))
    assert notes.all()["shop/"].accepted_at == timestamp(berlin(24, 6))


def test_people_are_told_once_of_each_file_that_did_not_come(notes: DynamoDbArrivals) -> None:
    """By name; a feed that the settings do not have any more is forgotten."""
    told: list[tuple[str, str]] = []
    feeds: dict[str, Any] = {
        "a/": {"expected_every": {"hours": 24}},
        "b/": {"required": True},
        "c/": {},
    }
    watch = FeedWatch(feeds, notes, Paused([]), lambda *message: told.append(message))
    now = LONG_AGO
    assert watch.late(now) == []
    assert watch.late(now + timedelta(hours=24)) == []
    for _ in range(2):
        late = watch.late(now + timedelta(hours=25))
        assert [state.feed for state in late] == ["a/", "b/"]
    [(subject, text)] = told
    assert subject == "Inventory: 2 feeds are late"
    assert "- a/: due 2020-01-02 00:00, no file has come\n" in text
    notes.note("a/", end("x", now + timedelta(hours=26)))
    assert [each.feed for each in watch.late(now + timedelta(hours=27))] == ["b/"]
    watch.late(now + timedelta(hours=51))
    assert [subject for subject, _ in told[1:]] == ["Inventory: 1 feed is late"]
    assert "the last file came 2020-01-02 02:00" in told[1][1]
    assert FeedWatch({}, notes, Paused([]), lambda *message: told.append(message)).late(now) == []
    assert notes.all() == {}


@pytest.mark.parametrize(
    ("paused", "which"),
    [
        (["a/"], ["a/"]),
        ([""], ["a/", "b/", "c/"]),
        (["b/north/", "c"], ["b/", "c/"]),
        (["d/", "a/b"], ["a/"]),
    ],
)
def test_the_files_of_a_paused_feed_may_be_why_it_is_late(
    notes: DynamoDbArrivals, paused: list[str], which: list[str]
) -> None:
    """Whoever asks why none came is told so, by the message too."""
    feeds: dict[str, Any] = {f"{name}/": {"expected_every": {"hours": 24}} for name in "abc"}
    told: list[tuple[str, str]] = []
    watch = FeedWatch(feeds, notes, Paused(paused), lambda *message: told.append(message))
    assert [state.feed for state in watch.late(LONG_AGO) if state.paused] == []
    late = watch.late(LONG_AGO + timedelta(hours=25))
    assert [state.feed for state in late if state.paused] == which
    [(_, text)] = told
    assert text.count("no file has come; it is paused, so its files wait") == len(which)
