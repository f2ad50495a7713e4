"""The order token: its parts, and that comparing text is comparing order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.errors import BadFileError
from inventory.domain.order import (
    TIME_LENGTH,
    Tokens,
    base_of,
    ceiling,
    later_base,
    latest_time,
    line_of,
    object_time,
    padded_sequencer,
    timestamp,
)

HOUR = timedelta(hours=1)
MOMENT = datetime(2026, 11, 22, 20, 18, 5, tzinfo=UTC)
TIME = "2026-11-22T20:18:05.000000Z"

MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2))  # noqa: DTZ001  a zone is added
SEQUENCERS = st.text("0123456789abcdefABCDEF", max_size=32)


def test_a_token_names_time_sequencer_line_and_object() -> None:
    """Every part has its fixed width and place."""
    token = Tokens(base_of(TIME, "0a"), "bucket/key#v1").of(42, None)
    time, sequencer, line, tie = token.split("#")
    assert time == TIME
    assert sequencer == "0A" + "0" * 30
    assert line == "000000000042"
    assert len(tie) == 8


def test_a_row_with_its_own_time_is_ordered_by_it() -> None:
    """`updated_at` takes the place of the object's time."""
    tokens = Tokens(base_of(TIME, "0a"), "bucket/key#v1")
    assert tokens.of(1, "2020-01-01T00:00:00.000000Z") < tokens.of(1, None)


@given(MOMENTS, MOMENTS)
def test_times_compare_as_text(one: datetime, other: datetime) -> None:
    """Text order is time order, in every year."""
    assert len(timestamp(one)) == TIME_LENGTH
    assert (timestamp(one) < timestamp(other)) == (one < other)


@given(SEQUENCERS, SEQUENCERS)
def test_sequencers_compare_as_the_service_says(one: str, other: str) -> None:
    """Shorter ones are padded with zeros on the right, case does not matter."""
    one, other = one or "0", other or "0"
    width = max(len(one), len(other))
    wanted = one.upper().ljust(width, "0") < other.upper().ljust(width, "0")
    assert (padded_sequencer(one) < padded_sequencer(other)) == wanted


@pytest.mark.parametrize("odd", ["", "xyz", "0A 1", "0" * 33, "٣", "0A\n"])
def test_missing_and_odd_sequencers_count_as_zero(odd: str) -> None:
    """Nothing that is no hexadecimal number takes part in the order."""
    assert padded_sequencer(odd) == "0" * 32


def test_objects_of_the_same_second_and_line_are_told_apart() -> None:
    """The last part makes the order total."""
    base = base_of(TIME, "")
    assert Tokens(base, "b/one#1").of(2, None) != Tokens(base, "b/two#1").of(2, None)


@given(st.integers(1, 10**12 - 1))
def test_a_ceiling_lies_between_the_tokens_of_a_base_and_the_next_base(line: int) -> None:
    """What is said to be left alone covers every row, and no later version."""
    base, later = base_of(TIME, "0a"), base_of(TIME, "0b")
    token = Tokens(base, "b/one#1").of(line, None)
    assert base < token < ceiling(base) < later


@given(st.integers(1, 10**12 - 1), st.one_of(st.none(), MOMENTS.map(timestamp)))
def test_a_token_tells_its_line_and_its_object(line: int, updated_at: str | None) -> None:
    """Of rows with and without times of their own."""
    tokens = Tokens(base_of(TIME, "0a"), "b/one#1")
    token = tokens.of(line, updated_at)
    assert line_of(token) == line
    assert tokens.is_own(token)
    assert not Tokens(base_of(TIME, "0a"), "b/two#1").is_own(token)


def test_of_two_bases_of_a_version_the_later_one_counts() -> None:
    """In whatever order a listing and an event bring them."""
    listed, announced = base_of(TIME, ""), base_of(TIME, "0a")
    assert later_base(listed, announced) == later_base(announced, listed) == announced


def test_the_objects_time_is_its_last_modified() -> None:
    """Without metadata the version's own time counts."""
    assert object_time(MOMENT, {}, tolerance=HOUR) == TIME


@pytest.mark.parametrize(
    "as_of",
    [
        "2026-11-22T20:18:05Z",
        "2026-11-22T20:18:05",
        "2026-11-22T21:18:05+01:00",
        " 20261122T201805Z ",
    ],
)
def test_the_uploaders_time_goes_before_last_modified(as_of: str) -> None:
    """`as-of` may be written in every ISO 8601 form; without a zone it is UTC."""
    assert object_time(MOMENT + timedelta(days=1), {"as-of": as_of}, tolerance=HOUR) == TIME


@pytest.mark.parametrize("as_of", ["", "yesterday", "22.11.2026", "0001-01-01T00:00:00+14:00"])
def test_fails_on_a_time_that_is_none(as_of: str) -> None:
    """A file with an unreadable `as-of` is refused and not ordered by guess."""
    with pytest.raises(BadFileError) as caught:
        object_time(MOMENT, {"as-of": as_of}, tolerance=HOUR)
    assert caught.value.column == "as-of"


def test_times_of_other_zones_are_the_same_times() -> None:
    """A time is a moment, whatever clock it was read from."""
    assert timestamp(MOMENT.astimezone(timezone(timedelta(hours=-8)))) == TIME


@pytest.mark.parametrize(
    ("seconds", "refused"), [(-86_400, False), (0, False), (60, False), (60.000001, True)]
)
def test_stock_is_not_known_much_later_than_its_file_was_stored(
    seconds: float,
    refused: bool,
) -> None:
    """Below, at and above a tolerance of a minute; it is a matter of data, not of a clock."""
    as_of = (MOMENT + timedelta(seconds=seconds)).isoformat()
    tolerance = timedelta(minutes=1)
    if not refused:
        assert object_time(MOMENT, {"as-of": as_of}, tolerance=tolerance)
        return
    with pytest.raises(BadFileError) as caught:
        object_time(MOMENT, {"as-of": as_of}, tolerance=tolerance)
    assert (caught.value.column, caught.value.value) == ("as-of", as_of)
    assert latest_time(MOMENT, tolerance) in caught.value.message


def test_the_latest_time_is_that_of_the_object_and_the_tolerance() -> None:
    """What rows with times of their own are compared with."""
    assert latest_time(MOMENT, timedelta(hours=1)) == "2026-11-22T21:18:05.000000Z"
