"""Last files of feeds, and which feeds are late.

A feed with `expected_every` is late from the moment at which its next file should have come until
it has come; a `required` one without that is late when it has had no file a day after it was first
watched. What counts is when a file was stored, and only files of which stock was accepted count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from inventory.domain.ingestions import Status
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from inventory.domain.ports import FeedNotes, Pauses

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE_DAY = timedelta(days=1)

#: Longer than the time between two due times of any rule: a week, and an hour of summer time.
_ANY_PERIOD = timedelta(days=8)

#: Feeds that a message names.
_NAMED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Knowledge of the files of a feed; times are ISO 8601, "" where there is none.

    Attributes:
        watched_since: When the feed was first watched.
        accepted_at: When the last file was stored of which stock was accepted.
        object_id: The file that was stored last.
        stored_at: When that was.
        status: What became of it.
        rows_read: Its rows.
        loaded: Those of them that were written.
        rejected: Those of them that were rejected.
        told_due: Due time of the last file that people were told is missing.
    """

    watched_since: str = ""
    accepted_at: str = ""
    object_id: str = ""
    stored_at: str = ""
    status: str = ""
    rows_read: int = 0
    loaded: int = 0
    rejected: int = 0
    told_due: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedState:
    """A feed of the settings at one moment.

    Attributes:
        feed: Its prefix.
        arrival: What is known of its files.
        due: When its next file should have come at the latest; None where nothing is expected.
        late: True if that is over.
        paused: True if files of it wait, because an operator has paused a folder.
    """

    feed: str
    arrival: Arrival
    due: datetime | None
    late: bool
    paused: bool

    @property
    def due_at(self) -> str:
        """`due` as ISO 8601; "" where nothing is expected."""
        return timestamp(self.due) if self.due else ""

    @property
    def sentence(self) -> str:
        """Describe a late feed for people; times are UTC."""
        last = self.arrival.accepted_at
        came = f"the last file came {_minute(last)}" if last else "no file has come"
        paused = "; it is paused, so its files wait" if self.paused else ""
        return f"{self.feed}: due {_minute(self.due_at)}, {came}{paused}"


def counts_as_arrival(end: Mapping[str, Any]) -> bool:
    """Tell whether stock of a file was accepted, by its announcement.

    A COMPLETED file has a reason only where none of its rows is stock; one without rows says
    nothing, such as the folders that consoles create.
    """
    completed = end["status"] == Status.COMPLETED and not end["reason"]
    return completed and end["rows"]["rows_read"] > 0


def due_time(rule: Mapping[str, Any], last: datetime | None, watched_since: datetime) -> datetime:
    """When the next file of a feed must have come at the latest.

    Days of the week: a file counts for the due time that it is nearest to. So one that comes a
    little late does not count for the next day, and one of the evening before is not too early. A
    time that a change to summer time skips is due an hour later by the clock, and one that comes
    twice is due the first time.

    A feed that was not watched yet has one period: the second due time after that is the first
    that counts.

    Args:
        rule: `expected_every` as the feeds file has it.
        last: When its last file was stored; None for none.
        watched_since: When the feed was first watched.
    """
    if "hours" in rule:
        begin = watched_since if last is None else max(last, watched_since)
        return begin + timedelta(hours=rule["hours"])
    _first, second = islice(_due_times(rule, watched_since), 2)
    return second if last is None else max(second, _following(rule, last))


def _following(rule: Mapping[str, Any], last: datetime) -> datetime:
    """The due time after the one that a file counts for."""
    times = _due_times(rule, last - _ANY_PERIOD)
    before = following = next(times)
    while following <= last:
        before, following = following, next(times)
    return following if last - before <= following - last else next(times)


def _due_times(rule: Mapping[str, Any], after: datetime) -> Iterator[datetime]:
    """Due times after a moment, in UTC."""
    zone, at = ZoneInfo(rule["zone"]), time.fromisoformat(rule["time"])
    day: date = after.astimezone(zone).date() - _ONE_DAY
    while True:
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if _DAYS[day.weekday()] in rule["days"] and due > after:
            yield due
        day += _ONE_DAY


def feed_state(
    feed: str,
    settings: Mapping[str, Any],
    arrival: Arrival,
    paused: Collection[str],
    now: datetime,
) -> FeedState:
    """State of a feed.

    Args:
        feed: Its prefix.
        settings: Its entry of the feeds file.
        arrival: What is known of its files.
        paused: Beginnings of the keys of files that wait.
        now: The moment.
    """
    last = datetime.fromisoformat(arrival.accepted_at) if arrival.accepted_at else None
    since = datetime.fromisoformat(arrival.watched_since) if arrival.watched_since else now
    due = None
    if "expected_every" in settings:
        due = due_time(settings["expected_every"], last, since)
    elif settings.get("required") and last is None:
        due = since + _ONE_DAY
    return FeedState(
        feed=feed,
        arrival=arrival,
        due=due,
        late=due is not None and now > due,
        paused=any(feed.startswith(each) or each.startswith(feed) for each in paused),
    )


def feed_states(
    feeds: Mapping[str, Mapping[str, Any]],
    arrivals: Mapping[str, Arrival],
    paused: Collection[str],
    now: datetime,
) -> list[FeedState]:
    """State of every feed of the settings, in the order of their prefixes."""
    return [
        feed_state(feed, settings, arrivals.get(feed, Arrival()), paused, now)
        for feed, settings in sorted(feeds.items())
    ]


class FeedWatch:
    """Looks for late feeds, and tells people once of each file that did not come.

    Args:
        feeds: Prefix to entry of the feeds file.
        notes: What is known of their files.
        pauses: Where operators have files wait.
        notify: Sends a subject and a message to people.
    """

    def __init__(
        self,
        feeds: Mapping[str, Mapping[str, Any]],
        notes: FeedNotes,
        pauses: Pauses,
        notify: Callable[[str, str], None],
    ) -> None:
        self._feeds = feeds
        self._notes = notes
        self._pauses = pauses
        self._notify = notify

    def late(self, now: datetime) -> list[FeedState]:
        """Feeds that are late; everybody is told of those that have become late.

        Raises:
            RetryableError: DynamoDB or SNS did not answer.
        """
        arrivals = self._notes.all()
        for feed in arrivals.keys() - self._feeds.keys():
            self._notes.forget(feed)
        states = feed_states(self._feeds, arrivals, self._pauses.prefixes(), now)
        for state in states:
            if state.due is not None and not state.arrival.watched_since:
                self._notes.watch(state.feed, timestamp(now))
        late = [state for state in states if state.late]
        untold = [each for each in late if each.arrival.told_due != each.due_at]
        if untold:
            self._notify(*late_message(untold))
        for each in untold:
            self._notes.tell(each.feed, each.due_at)
        return late


def late_message(late: list[FeedState]) -> tuple[str, str]:
    """Subject and text of the message that names feeds that have become late."""
    count = f"{len(late):,} feeds are late" if len(late) > 1 else "1 feed is late"
    named = [f"- {each.sentence}" for each in late[:_NAMED]]
    if len(late) > _NAMED:
        named.append(f"- and {len(late) - _NAMED:,} more")
    lines = [f"{count} (times are UTC):", "", *named, "", "All feeds: inventory feeds"]
    return f"Inventory: {count}", "\n".join(lines)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
