"""What becomes of a row: the whole decision table, and the keys a file has seen."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.decide import Decision, decide
from inventory.domain.seen import SeenKeys


@pytest.mark.parametrize(
    ("stored", "equal", "own", "expected"),
    [
        (None, False, False, Decision.WRITE),
        ("1", False, False, Decision.WRITE),
        ("1", False, True, Decision.WRITE),
        ("1", True, False, Decision.UNCHANGED),
        ("1", True, True, Decision.UNCHANGED),
        ("2", True, True, Decision.LOADED),
        ("2", False, True, Decision.WRITE),
        ("3", False, False, Decision.STALE),
        ("3", True, False, Decision.STALE),
        ("3", False, True, Decision.DUPLICATE),
        ("3", True, True, Decision.DUPLICATE),
        ("", False, False, Decision.WRITE),
    ],
)
def test_every_case_of_the_decision_table(
    stored: str | None,
    equal: bool,
    own: bool,
    expected: Decision,
) -> None:
    """A row with token 2 against everything that may be stored."""
    assert decide("2", stored, equal=equal, own=own) == expected


@given(st.lists(st.lists(st.integers(0, 900), unique=True), max_size=40))
def test_the_outcomes_before_are_remembered(batches: list[list[int]]) -> None:
    """It answers as a dictionary does, also when it has moved to its arrays."""
    seen = SeenKeys(most_slots=2048)
    model: dict[int, int] = {}
    for number, keys in enumerate(batches):
        outcome = number % 3 + 1
        hashes = [hash(("sku", key)) for key in keys]
        assert [seen.outcome(each) for each in hashes] == [model.get(key, 0) for key in keys]
        earlier = [model[key] for key in keys if key in model]
        assert seen.swap_all(hashes, outcome) == earlier
        model |= dict.fromkeys(keys, outcome)


def test_a_full_table_starts_over() -> None:
    """Memory is bounded; what the counts then lack is less exact, not wrong."""
    seen = SeenKeys(most_slots=16)
    hashes = [hash(("sku", key)) for key in range(12)]
    seen.swap_all(hashes[:11], 1)
    assert all(map(seen.outcome, hashes[:11]))
    seen.swap_all(hashes[11:], 1)
    assert not any(map(seen.outcome, hashes[:11]))


def test_keys_are_forgotten_in_the_memory_that_held_them() -> None:
    """Never two arrays of the largest size, also while whoever adds a key holds on to the old."""
    slots = 1 << 15
    tracemalloc.start()
    try:
        seen = SeenKeys(most_slots=slots)
        for at in range(0, slots, 64):
            seen.swap_all([hash((str(number), "x")) for number in range(at, at + 64)], 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert seen.outcome(hash(("0", "x"))) == 0
    assert peak < 1.2 * 16 * slots
