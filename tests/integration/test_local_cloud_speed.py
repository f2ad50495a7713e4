"""What the local cloud computes once is what MiniStack computes every time."""

from __future__ import annotations

from typing import Any

import pytest

from local_cloud.patches import speed

ITEM = {
    "sku": {"S": "A"},
    "quantity": {"N": "5.5"},
    "attributes": {"M": {"colour": {"S": "red"}, "sizes": {"L": [{"N": "1"}, {"N": "2"}]}}},
    "tags": {"L": [{"S": "a"}, {"M": {"x": {"N": "1"}}}]},
}
NAMES = {"#q": "quantity", "#a": "attributes", "#none": "none"}
UPDATE = 'UPDATE "items" SET "quantity" = ? WHERE "sku" = ? AND "order_token" = ?'


@pytest.mark.parametrize(
    "expression",
    ["sku", "sku, #q", "#a,#none", "tags", "#a.colour", "#a.sizes[1],sku", "tags[1].x", " sku ,#q"],
)
def test_a_projection_gives_what_it_always_gave(expression: str) -> None:
    """Whole attributes, parts of them, and attributes that are not there."""
    for item in (ITEM, {"sku": {"S": "B"}}):
        assert speed.project_item(item, expression, NAMES) == speed._project_item(
            item, expression, NAMES
        )


@pytest.mark.parametrize("expression", ["sku,sku", "#a,#a.colour", "name"])
def test_fails_for_a_projection_that_always_failed(expression: str) -> None:
    """Paths that overlap and reserved words, each time they are asked for."""
    for _ in range(2):
        with pytest.raises(ValueError, match="Invalid ProjectionExpression"):
            speed.project_item(ITEM, expression, NAMES)


def test_a_statement_is_read_once_for_two_readers_and_anew_for_the_next() -> None:
    """Other parameters are other statements, also with the same text."""
    parse = speed._Parsing()
    parameters = [[{"N": str(n)}, {"S": "A"}, {"S": "t"}] for n in range(2)]

    first = parse(UPDATE, parameters[0])
    again = parse(UPDATE, parameters[0])
    third = parse(UPDATE, parameters[0])
    other = parse(UPDATE, parameters[1])

    assert again is first
    assert third is not first
    assert plain(first) == plain(third) == plain(speed._parse_partiql(UPDATE, parameters[0]))
    assert plain(other) == plain(speed._parse_partiql(UPDATE, parameters[1])) != plain(first)


def test_fails_for_a_statement_that_cannot_be_read_every_time() -> None:
    """An error is nothing to remember."""
    parse = speed._Parsing()
    for _ in range(2):
        with pytest.raises(ValueError, match="parameters"):
            parse(UPDATE, [])


def plain(parsed: dict[str, Any]) -> dict[str, Any]:
    """What of a parsed statement can be compared: all but its functions."""
    return {name: value for name, value in parsed.items() if not callable(value)}
