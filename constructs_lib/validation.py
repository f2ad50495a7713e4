"""Rule tables: every value a construct refuses, reported at once and in one form.

Whether a value is a token is asked last, and so only of values that would be refused: each such
question is a request to the jsii kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import Construct


class InvalidPropsError(ValueError):
    """A construct was given values that AWS or this project refuses."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One value and whether it may be used.

    Attributes:
        name: The prop, as the caller wrote it.
        got: The value the caller gave.
        allowed: The values that would do, in words.
        holds: Whether the value is one of them.
    """

    name: str
    got: object
    allowed: str
    holds: bool


def between(name: str, got: float | None, least: float, most: float) -> Rule:
    """Give the rule for a number with both limits included; nothing given is allowed.

    Args:
        name: The prop, with its unit.
        got: Its value.
        least: Smallest value allowed.
        most: Largest value allowed.
    """
    holds = got is None or least <= got <= most or Token.is_unresolved(got)
    return Rule(name=name, got=got, allowed=f"{least} to {most}", holds=holds)


def one_of(name: str, got: object, allowed: Iterable[object]) -> Rule:
    """Give the rule for a value out of a list.

    Args:
        name: The prop.
        got: Its value.
        allowed: The list.
    """
    values = tuple(allowed)
    holds = got in values or Token.is_unresolved(got)
    return Rule(name=name, got=got, allowed=", ".join(map(str, values)), holds=holds)


def name_of_length(name: str, got: str, most: int) -> Rule:
    """Give the rule for a name that is there and that AWS does not find too long.

    Args:
        name: The prop.
        got: Its value.
        most: Largest number of characters.
    """
    holds = 1 <= len(got) <= most or Token.is_unresolved(got)
    return Rule(name=name, got=got, allowed=f"1 to {most} characters", holds=holds)


def validate(scope: Construct, id_: str, rules: Iterable[Rule]) -> None:
    """Refuse a construct whose rules do not all hold.

    Args:
        scope: The construct's parent.
        id_: The construct's id.
        rules: Its rule table.

    Raises:
        InvalidPropsError: Names the construct's path, and for each broken rule the prop, the value
            got and the values allowed.
    """
    broken = [rule for rule in rules if not rule.holds]
    if not broken:
        return
    path = f"{scope.node.path}/{id_}".lstrip("/")
    problems = "; ".join(
        f"{rule.name}: got {rule.got!r}, allowed {rule.allowed}" for rule in broken
    )
    raise InvalidPropsError(f"{path}: {problems}")
