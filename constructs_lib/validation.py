"""Rule tables: every prop that a construct refuses, reported at once and in one form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cdktf import Token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import DataclassInstance
    from constructs import Construct


class InvalidPropsError(ValueError):
    """A construct was given values that AWS or this project refuses."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A condition on one value, and the words for what would meet it.

    Attributes:
        name: The prop, as the caller wrote it.
        got: The value the caller gave.
        allowed: The values allowed, in words.
        holds: True if the value is allowed.
    """

    name: str
    got: object
    allowed: str
    holds: bool


def between(name: str, got: float | None, least: float, most: float) -> Rule:
    """Return the rule for a whole number, both limits included; None is allowed."""
    holds = got is None or (least <= got <= most and got == int(got))
    return Rule(name=name, got=got, allowed=f"{least} to {most}", holds=holds)


def one_of(name: str, got: object, allowed: Iterable[object]) -> Rule:
    """Return the rule for a value out of a list."""
    values = tuple(allowed)
    return Rule(name=name, got=got, allowed=", ".join(map(str, values)), holds=got in values)


def text(name: str, got: str | None, most: int, *, least: int = 1) -> Rule:
    """Return the rule for a text of any characters; None is allowed."""
    holds = got is None or least <= len(got) <= most
    return Rule(name=name, got=got, allowed=f"{least} to {most} characters", holds=holds)


def identifier(name: str, got: str | None, most: int, marks: str, *, least: int = 1) -> Rule:
    """Return the rule for a name of ASCII letters, digits and some marks; None is allowed."""
    pattern = f"[A-Za-z0-9{re.escape(marks)}]{{{least},{most}}}"
    allowed = f"{least} to {most} letters, digits and any of {marks}"
    return matching(name, got, pattern, allowed)


def matching(name: str, got: str | None, pattern: str, allowed: str) -> Rule:
    """Return the rule for a text that a pattern matches as a whole; None is allowed."""
    holds = got is None or re.fullmatch(pattern, got) is not None
    return Rule(name=name, got=got, allowed=allowed, holds=holds)


def validate(scope: Construct, id_: str, *rules: Rule) -> None:
    """Refuse a construct whose rules do not all hold.

    Tokens are values that only Terraform knows, so no rule applies to them. They are looked for
    last and among refused values alone: each question is a request to the jsii kernel.

    Args:
        scope: The construct's parent.
        id_: The construct's id.
        rules: Its rule table.

    Raises:
        InvalidPropsError: Names the construct's path and, for each broken rule, the prop, the value
            got and the values allowed.
    """
    broken = [rule for rule in rules if not (rule.holds or _is_token(rule.got))]
    if not broken:
        return
    path = f"{scope.node.path}/{id_}".lstrip("/")
    problems = "; ".join(
        f"{rule.name}: got {rule.got!r}, allowed {rule.allowed}" for rule in broken
    )
    raise InvalidPropsError(f"{path}: {problems}")


def validate_types(scope: Construct, id_: str, props: DataclassInstance) -> None:
    """Refuse props that have other types than their dataclass declares, None among them.

    The other rules compare numbers and texts, and a None that the provider takes for "not given"
    would silently be its default: a timeout of 3 seconds, a name made up.

    Args:
        scope: The construct's parent.
        id_: The construct's id.
        props: Its props, of a module that postpones the evaluation of annotations.

    Raises:
        InvalidPropsError: As `validate`.
    """
    rules = []
    for field in fields(props):
        got = getattr(props, field.name)
        holds = any(_is_a(got, kind) for kind in str(field.type).split(" | "))
        rules.append(Rule(name=field.name, got=got, allowed=str(field.type), holds=holds))
    validate(scope, id_, *rules)


def _is_a(value: object, kind: str) -> bool:
    """Return True if a value is of a kind, as an annotation writes it: `int`, `tuple[str, ...]`."""
    name, _, inside = kind.removesuffix("]").partition("[")
    if isinstance(value, tuple):
        return name == "tuple" and all(_is_a(each, inside.partition(",")[0]) for each in value)
    if name == "Mapping":
        of = inside.rpartition(" ")[2]
        return isinstance(value, Mapping) and all(_is_a(each, of) for each in value.values())
    if name in {"int", "float"}:
        return isinstance(value, int | float) and not isinstance(value, bool)
    # The classes of constructs are known to type checkers alone, and are compared by name.
    bases = {each.__name__ for each in type(value).__mro__}
    return name == "Any" or (value is None if name == "None" else name in bases)


def _is_token(value: object) -> bool:
    # The kernel speaks JSON, which has neither infinities nor NaN, and knows objects of its own.
    known = isinstance(value, str | int | float) or hasattr(type(value), "__jsii_type__")
    if not known or (isinstance(value, float) and not math.isfinite(value)):
        return False
    return Token.is_unresolved(value)
