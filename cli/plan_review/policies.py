"""Policy documents as pairs of action and resource, and which pair allows what another does.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from plan_review.masking import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plan_review.masking import JsonValue
    from plan_review.plan import JsonObject

EVERYBODY = "everybody"
OPAQUE = "what nobody can tell before it is applied"
BOUNDARY = "Boundary"

MOST_COMPARISONS = 4_000_000
"""Pairs to compare; AWS takes no document that comes near."""


class UnreadablePolicyError(ValueError):
    """A document is no policy, or too large to be compared."""


class Scope(NamedTuple):
    """Actions or resources: one pattern, or everything but some.

    Attributes:
        patterns: Patterns with `*` and `?`.
        reverse: True if it is everything but these (`NotAction`, `NotResource`).
    """

    patterns: tuple[str, ...]
    reverse: bool = False

    def __str__(self) -> str:
        """Give the scope in words."""
        return f"everything but {', '.join(self.patterns)}" if self.reverse else self.patterns[0]


class Pair(NamedTuple):
    """One thing that somebody may, or may not, do.

    `who` is empty in the policies of roles, and `condition` where there is none.
    """

    effect: str
    who: tuple[str, ...]
    action: Scope
    resource: Scope
    condition: str

    def __str__(self) -> str:
        """Give the pair as a line."""
        if self.effect == BOUNDARY:
            return f"nothing beyond the boundary {self.resource}"
        deny = "deny " if self.effect == "Deny" else ""
        who = f" for {', '.join(self.who)}" if self.who else ""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{deny}{self.action} on {self.resource}{who}{condition}"


def pairs_of(policy: JsonValue) -> frozenset[Pair]:
    """Give the pairs of a policy document; two documents with the same pairs say the same.

    Args:
        policy: The document's JSON, or what it holds.

    Raises:
        UnreadablePolicyError: It is no policy document.
    """
    try:
        text = isinstance(policy, str)
        document = json.loads(policy, object_pairs_hook=_once) if text else policy
        if text and "${" in policy and document.get("Version") != VARIABLES_SINCE:
            raise UnreadablePolicyError("variables of a version that has none")
        if text and _ESCAPED.search(policy):
            raise UnreadablePolicyError("a wildcard that is none")
        if not {*document} <= {"Id", "Statement", "Version"}:
            raise UnreadablePolicyError(f"elements of no policy: {sorted(document)}")
        statements = document["Statement"]
        return frozenset(
            pair
            for each in (statements if isinstance(statements, list) else [statements])
            for pair in _of_statement(each)
        )
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise UnreadablePolicyError(str(error)) from error


VARIABLES_SINCE = "2012-10-17"
"""Version of documents in which `${aws:username}` is more than a text."""

_ESCAPED = re.compile(r"\$\{[*?$]\}")

_ELEMENTS = frozenset(
    {
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    }
)


def _once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """An object of JSON; nobody can tell which of two equal keys counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadablePolicyError(f"a key stands there twice: {[key for key, _ in pairs]}")
    return found


def _of_statement(statement: JsonObject) -> list[Pair]:
    effect = statement.get("Effect")
    if not {*statement} <= _ELEMENTS or effect not in {"Allow", "Deny"}:
        raise UnreadablePolicyError(f"no statement: {effect}, {sorted(statement)}")
    who = _principals(statement.get("Principal"))
    if "NotPrincipal" in statement:
        who = tuple(f"everybody but {each}" for each in _principals(statement["NotPrincipal"]))
    condition = _condition(statement.get("Condition"))
    return [
        Pair(effect, who, action, resource, condition)
        for action in _scopes(statement, "Action")
        for resource in _scopes(statement, "Resource") or [Scope(("this",))]
    ]


def _scopes(statement: JsonObject, element: str) -> list[Scope]:
    """The element, or its opposite, which is one set: what two `NotAction` leave is less."""
    reverse = texts(statement.get(f"Not{element}"))
    if reverse:
        return [Scope(tuple(sorted(reverse)), reverse=True)]
    return [Scope((each,)) for each in texts(statement.get(element))]


def texts(value: JsonValue) -> list[str]:
    """Give a value, a list of values or nothing as a list of texts.

    Args:
        value: A value of JSON.
    """
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _principals(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, dict):
        found = texts(value)
        return tuple(sorted(EVERYBODY if each == "*" else each for each in found))
    return tuple(
        sorted(
            EVERYBODY if (kind, each) == ("AWS", "*") else f"{kind} {each}"
            for kind, many in value.items()
            for each in texts(many)
        )
    )


def _condition(value: JsonValue) -> str:
    if not value:
        return ""
    return " and ".join(
        sorted(
            f"{_word(variable)} {test} {' or '.join(sorted(map(_word, texts(wanted))))}"
            for test, variables in value.items()
            for variable, wanted in variables.items()
        )
    )


def _word(text: str) -> str:
    """A text in which nobody takes a space for one between words."""
    return json.dumps(text) if " " in text else text


def not_covered(pairs: Iterable[Pair], by: frozenset[Pair], effect: str) -> set[Pair]:
    """Give the pairs of an effect that no pair of others includes.

    Args:
        pairs: The pairs.
        by: The others.
        effect: `Allow`, `Deny` or `Boundary`.

    Raises:
        UnreadablePolicyError: There are too many to compare.
    """
    wanted = [each for each in pairs if each.effect == effect and each not in by]
    others = [each for each in by if each.effect == effect]
    if len(wanted) * len(others) > MOST_COMPARISONS:
        raise UnreadablePolicyError(f"{len(wanted)} pairs against {len(others)}")
    return {each for each in wanted if not any(_covers(other, each) for other in others)}


def _covers(wide: Pair, narrow: Pair) -> bool:
    return (
        (wide.who == narrow.who or EVERYBODY in wide.who or _some_of(narrow.who, wide.who))
        and wide.condition in {narrow.condition, ""}
        and _includes(_lower(wide.action), _lower(narrow.action))
        and _includes(wide.resource, narrow.resource)
    )


def _some_of(few: tuple[str, ...], many: tuple[str, ...]) -> bool:
    """Tell whether principals are some of others; everybody but A and B is fewer, though."""
    return bool(few) and {*few} <= {*many} and not any("everybody but" in each for each in many)


def _lower(scope: Scope) -> Scope:
    return scope._replace(patterns=tuple(each.lower() for each in scope.patterns))


def _includes(wide: Scope, narrow: Scope) -> bool:
    if wide == narrow:
        return True
    if wide.reverse and narrow.reverse:
        return all(any(matches(n, _filled(w)) for n in narrow.patterns) for w in wide.patterns)
    if wide.reverse:
        one = _filled(narrow.patterns[0])
        return not any(_may_meet(one, _filled(each)) for each in wide.patterns)
    if narrow.reverse:
        return wide.patterns == ("*",)
    return matches(wide.patterns[0], _filled(narrow.patterns[0]))


def _filled(pattern: str) -> str:
    """A pattern in which variables may be anything."""
    return re.sub(r"\$\{[^}]*\}", "*", pattern)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern with `*` and `?` matches everything that another one does.

    A `?` of the text is matched by `?` and `*`, a `*` by `*` alone: `a?c` does not cover `a*c`.

    Args:
        pattern: The wide pattern.
        text: The narrow one, or a text.
    """
    at, star, retry = 0, -1, 0
    position = 0
    while position < len(text):
        one = pattern[at] if at < len(pattern) else ""
        if one == "*":
            star, retry = at, position
            at += 1
        elif one and text[position] != "*" and one in {"?", text[position]}:
            at += 1
            position += 1
        elif star >= 0:
            at = star + 1
            retry += 1
            position = retry
        else:
            return False
    return not pattern[at:].strip("*")


def _may_meet(one: str, other: str) -> bool:
    """Tell whether something may match both; yes, if in doubt."""
    first, second = (re.split(r"[*?]", each, maxsplit=1)[0] for each in (one, other))
    if first == one and second == other:
        return one == other
    if first == one:
        return matches(other, one)
    if second == other:
        return matches(one, other)
    return first.startswith(second) or second.startswith(first)


_ALL_OF_A_KIND = re.compile(r"[*?].*|[\w-]+[/:][*?]+([/:].*)?", re.ASCII | re.DOTALL)
_PARTS_OF_AN_ARN = 6


def _names_nothing(resource: str) -> bool:
    """Tell whether a pattern of ARNs has a wildcard where the name of a thing should stand."""
    parts = resource.split(":", _PARTS_OF_AN_ARN - 1)
    if len(parts) < _PARTS_OF_AN_ARN:
        # What is made from a resource that AWS has not made yet is of that one alone.
        return UNKNOWN not in resource and bool(re.search(r"[*?]", resource))
    return bool(re.search(r"[*?]", parts[2]) or _ALL_OF_A_KIND.fullmatch(parts[-1]))


def is_wild(pair: Pair) -> bool:
    """Tell whether a pair allows more than what it names: wildcards for actions or whole resources.

    Args:
        pair: A pair.
    """
    resource = pair.resource.patterns[0] if pair.resource.patterns else "*"
    return (
        pair.action.reverse
        or pair.resource.reverse
        or any(each in pair.action.patterns[0] for each in "*?")
        or not resource.strip("*?:")
        or _names_nothing(resource)
        or OPAQUE in str(pair)
    )


_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):|^(\d{12})$")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


def is_foreign(who: str, own_account: str) -> bool:
    """Tell whether a principal is everybody, of another account, or of whom nobody can tell.

    Args:
        who: A principal, with or without its kind before it, such as `AWS 111122223333`.
        own_account: The account of the plan; empty if it is not known.
    """
    kind, _, name = who.rpartition(" ")
    if EVERYBODY in who or name == "*":
        return True
    if kind == "Service" or _SERVICE.fullmatch(name):
        return False
    found = _ACCOUNT.search(name)
    if found:
        return (found[1] or found[2]) != own_account
    return kind in {"AWS", "CanonicalUser", "Federated"}
