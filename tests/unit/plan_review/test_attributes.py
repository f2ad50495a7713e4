"""Differences are shown attribute by attribute, and secrets are not."""

from __future__ import annotations

import json

import pytest

from plan_review.attributes import differences
from plan_review.plan import Change, Kind

SECRET = "hunter2"


def diff(before, after, **masks) -> list[tuple[str, str, str]]:
    """Give the differences of two sides."""
    change = Change(
        address="a.b",
        type="a",
        kind=Kind.UPDATE,
        before=before,
        after=after,
        unknown=masks.get("unknown", {}),
        before_sensitive=masks.get("before_sensitive", {}),
        after_sensitive=masks.get("after_sensitive", {}),
    )
    return [(each.path, each.before, each.after) for each in differences(change)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "1", "2")]),
        ({"a": None}, {"a": []}, []),
        ({"a": None}, {"a": {}}, []),
        ({"a": ""}, {"a": None}, []),
        ({"a": [{"b": []}]}, {"a": [{"b": None}]}, []),
        ({"a": False}, {"a": None}, [("a", "false", "(absent)")]),
        ({"a": 0}, {"a": None}, [("a", "0", "(absent)")]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("a.0.b", "1", "2")]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [("a.1", "(absent)", "y")]),
        ({"a": "x"}, {"a": ["x"]}, [("a", "x", '["x"]')]),
    ],
)
def test_differences_are_found_at_any_depth(before, after, expected) -> None:
    """Nothing and everything empty are the same."""
    assert diff(before, after) == expected


def test_documents_in_texts_are_compared_as_documents() -> None:
    """Order of keys and spaces say nothing."""
    before = json.dumps({"a": 1, "b": [1, 2]})
    assert diff({"p": before}, {"p": json.dumps({"b": [1, 2], "a": 1}, indent=2)}) == []
    assert diff({"p": before}, {"p": json.dumps({"a": 1, "b": [1, 3]})}) == [("p.b.1", "2", "3")]


def test_what_is_known_only_after_apply_is_called_so() -> None:
    """Whole, or in part."""
    assert diff({"arn": "x"}, {}, unknown={"arn": True}) == [("arn", "x", "(known after apply)")]
    assert diff({"a": [{"b": 1}]}, {"a": [{}]}, unknown={"a": [{"b": True}]}) == [
        ("a.0.b", "1", "(known after apply)")
    ]


@pytest.mark.parametrize(
    ("before", "after", "masks"),
    [
        ({"a": SECRET}, {"a": "x"}, {"before_sensitive": {"a": True}}),
        ({"a": "x"}, {"a": SECRET}, {"after_sensitive": {"a": True}}),
        # Public from now on, but the old value was the same secret's.
        ({"a": SECRET + "1"}, {"a": SECRET}, {"before_sensitive": {"a": True}}),
        ({"a": {"b": [SECRET]}}, {"a": {"b": ["x"]}}, {"before_sensitive": {"a": True}}),
        ({"a": {"b": [SECRET]}}, {"a": {"b": ["x"]}}, {"before_sensitive": {"a": {"b": [True]}}}),
        ({"a": SECRET}, {}, {"unknown": {"a": True}, "before_sensitive": {"a": True}}),
        (
            {"a": {"b": SECRET}},
            {},
            {"unknown": {"a": True}, "before_sensitive": {"a": {"b": True}}},
        ),
        # A shape that changes must not carry a masked part along.
        ({"a": [SECRET]}, {"a": "x"}, {"before_sensitive": {"a": [True]}}),
        ({"a": "x"}, {"a": {"b": SECRET}}, {"after_sensitive": {"a": {"b": True}}}),
        ({"a": SECRET}, {"a": "x"}, {"before_sensitive": True}),
        (
            {"a": json.dumps({"k": SECRET})},
            {"a": json.dumps({"k": "x"})},
            {"before_sensitive": {"a": True}},
        ),
    ],
)
def test_a_secret_is_masked_wherever_it_hides(before, after, masks) -> None:
    """That it changes is shown, what it is, is not."""
    found = diff(before, after, **masks)

    assert found
    assert SECRET not in str(found)


def test_a_secret_that_does_not_change_is_no_difference() -> None:
    """Nothing happens to it."""
    masks = {"before_sensitive": {"a": True}, "after_sensitive": {"a": True}}
    assert diff({"a": SECRET, "b": 1}, {"a": SECRET, "b": 2}, **masks) == [("b", "1", "2")]
