"""What becomes of a row: the whole decision table, and the keys a file has seen."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.decide import Decision, decide
from inventory.domain.seen import SeenKeys


@pytest.mark.parametrize(
    ("stored", "equal", "mine", "expected"),
    [
        (None, False, False, Decision.WRITE),
        ("1", False, False, Decision.WRITE),
        ("1", False, True, Decision.WRITE),
        ("1", True, False, Decision.UNCHANGED),
        ("1", True, True, Decision.UNCHANGED),
        ("2", True, True, Decision.LOADED),
        ("2", False, True, Decision.LOADED),
        ("3", False, False, Decision.STALE),
        ("3", True, False, Decision.STALE),
        ("3", False, True, Decision.DUPLICATE),
        ("3", True, True, Decision.DUPLICATE),
        ("", False, False, Decision.WRITE),
    ],
)
def test_every_case_of_the_decision_table(
    stored: str | None,
    equal: bool,  # noqa: FBT001  a parameter of the table
    mine: bool,  # noqa: FBT001  a parameter of the table
    expected: Decision,
) -> None:
    """A row with token 2 against everything that may be stored."""
    assert expected == decide("2", stored, equal=equal, mine=mine)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 3)), max_size=600))
def test_the_outcome_before_is_remembered(steps: list[tuple[int, int]]) -> None:
    """The table answers as a dictionary does, through all its sizes."""
    seen, model = SeenKeys(), {}
    for key, outcome in steps:
        assert model.get(key, 0) == seen.swap(hash(("sku", key)), outcome)
        model[key] = outcome


@given(st.lists(st.lists(st.integers(0, 900), unique=True), max_size=40))
def test_several_keys_are_set_as_one_after_the_other(batches: list[list[int]]) -> None:
    """Keys that are set together give the outcomes before of those that had one."""
    together, alone = SeenKeys(), SeenKeys()
    for number, keys in enumerate(batches):
        outcome = number % 3 + 1
        hashes = [hash(("sku", key)) for key in keys]
        earlier = [alone.swap(each, outcome) for each in hashes]
        assert together.swap_all(hashes, outcome) == [each for each in earlier if each]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 50)), max_size=1500))
def test_the_latest_time_of_a_key_is_remembered(steps: list[tuple[int, int]]) -> None:
    """A row is the newest of its key exactly when no later time was met."""
    seen, model = SeenKeys(), {}
    for key, second in steps:
        time = f"2026-01-01T00:00:00.0000{second:02d}Z"
        assert (second >= model.get(key, 0)) == seen.newest(hash(("sku", key)), time)
        model[key] = max(second, model.get(key, 0))


def test_memory_is_bounded_and_forgetting_is_said() -> None:
    """A full table starts over and says so, because the counts may then be less exact."""
    seen = SeenKeys(most_slots=16)
    for key in range(11):
        seen.swap(hash(("sku", key)), 1)
    assert not seen.forgot
    seen.swap(hash(("sku", 11)), 1)
    assert seen.forgot
    assert seen.swap(hash(("sku", 0)), 1) == 0


def test_keys_are_forgotten_in_the_memory_that_held_them() -> None:
    """Never two arrays of the largest size, also while whoever adds a key holds on to the old."""
    slots = 1 << 16
    tracemalloc.start()
    try:
        seen = SeenKeys(most_slots=slots)
        for number in range(slots):
            seen.swap(hash((str(number), "x")), 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert seen.forgot
    assert peak < 1.2 * 8 * slots
