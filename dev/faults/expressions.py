"""The expressions and PartiQL statements that the functions send, compiled to functions.

The grammar is the part of DynamoDB's that is used; anything else raises, so that a new expression
is added here and compared with the local cloud before a test relies on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

Item = dict[str, Any]
Condition = Callable[[Item, Item, Item], bool]
Update = Callable[[Item, Item, Item], None]

_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),]|[#:]?\w+(?:\.#?\w+)*)")
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
_ACTION = re.compile(r'(SET|REMOVE) "(\w+)"(=\?)?')


def _comparable(value: Item) -> tuple[str, Any]:
    kind, content = next(iter(value.items()))
    return kind, Decimal(content) if kind == "N" else content


def _compare(operator: str, left: Item | None, right: Item | None) -> bool:
    if left is None or right is None:
        return operator == "<>" and left is not right
    (kind, one), (other_kind, other) = _comparable(left), _comparable(right)
    if kind != other_kind:
        return operator == "<>"
    results: dict[str, bool] = {"=": one == other, "<>": one != other}
    if operator not in results:
        results = {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}
    return results[operator]


class _Parser:
    """Recursive descent over a condition: OR of ANDs of comparisons and functions."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def take(self, expected: str | None = None) -> str:
        token: str = self.tokens[self.at]
        if expected is not None and token != expected:
            raise NotImplementedError(f"{expected} expected, {token} found")
        self.at += 1
        return token

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def either(self) -> Condition:
        terms = [self.both()]
        while self.peek() == "OR":
            self.take()
            terms.append(self.both())
        if len(terms) == 1:
            return terms[0]
        return lambda item, names, values: any(term(item, names, values) for term in terms)

    def both(self) -> Condition:
        terms = [self.term()]
        while self.peek() == "AND":
            self.take()
            terms.append(self.term())
        if len(terms) == 1:
            return terms[0]
        return lambda item, names, values: all(term(item, names, values) for term in terms)

    def term(self) -> Condition:
        token = self.take()
        if token == "(":  # noqa: S105  a parenthesis
            inner = self.either()
            self.take(")")
            return inner
        if self.peek() == "(":
            return self.function(token)
        operator, right = self.take(), self.take()
        if operator == "BETWEEN":
            self.take("AND")
            highest = self.take()
            return lambda item, names, values: (
                _compare(">=", _operand(token, item, names, values), values[right])
                and _compare("<=", _operand(token, item, names, values), values[highest])
            )
        return lambda item, names, values: _compare(
            operator, _operand(token, item, names, values), _operand(right, item, names, values)
        )

    def function(self, name: str) -> Condition:
        self.take("(")
        path = self.take()
        if name == "contains":
            self.take(",")
            member = self.take()
            self.take(")")
            return lambda item, names, values: _contains(
                item.get(names.get(path, path), {}), values[member]["S"]
            )
        self.take(")")
        if name == "attribute_exists":
            return lambda item, names, _: _has(item, path, names)
        if name == "attribute_not_exists":
            return lambda item, names, _: not _has(item, path, names)
        raise NotImplementedError(name)


def _has(item: Item, path: str, names: Item) -> bool:
    """Tell whether there is an attribute, or a member of a map, at a path."""
    *maps, last = path.split(".")
    for name in maps:
        item = item.get(names.get(name, name), {}).get("M", {})
    return names.get(last, last) in item


def _contains(value: Item, member: str) -> bool:
    return member in value["SS"] if "SS" in value else member in value.get("S", "")


def _operand(token: str, item: Item, names: Item, values: Item) -> Item | None:
    if token.startswith(":"):
        value: Item = values[token]
        return value
    return item.get(names.get(token, token))


@cache
def compile_condition(text: str) -> Condition:
    """A condition or key condition as a function of item, names and values."""
    parser = _Parser(text)
    condition = parser.either()
    if parser.peek():
        raise NotImplementedError(text)
    return condition


@cache
def compile_update(text: str) -> Update:
    """An update expression as a function that changes an item."""
    pieces = _CLAUSE.split(text)[1:]
    actions: list[tuple[str, str, str]] = []
    for clause, body in zip(pieces[::2], pieces[1::2], strict=True):
        for action in body.split(","):
            path, _, value = action.strip().replace(" = ", " ").partition(" ")
            actions.append((clause, path, value.strip()))

    def update(item: Item, names: Item, values: Item) -> None:
        for clause, path, value in actions:
            _apply(item, clause, names.get(path, path), values.get(value))

    return update


def _apply(item: Item, clause: str, name: str, value: Item | None) -> None:
    if clause == "REMOVE":
        item.pop(name, None)
        return
    assert value is not None
    if clause == "SET":
        item[name] = value
    elif "N" in value:
        item[name] = {"N": str(Decimal(item.get(name, {"N": "0"})["N"]) + Decimal(value["N"]))}
    else:
        members = set(item.get(name, {}).get("SS", ()))
        changed = members | set(value["SS"]) if clause == "ADD" else members - set(value["SS"])
        if changed:
            item[name] = {"SS": sorted(changed)}
        else:
            item.pop(name, None)


@dataclass(frozen=True, slots=True)
class Statement:
    """One compiled PartiQL statement.

    Attributes:
        table: Table it is about.
        inserts: True if it is an INSERT.
        sets: Names set, in the order of their parameters.
        removes: Names removed.
        where: Names that must equal their parameters, which follow those of `sets`.
        missing: Names that must not be there.
    """

    table: str
    inserts: bool
    sets: tuple[str, ...]
    removes: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of question marks."""
        return len(self.sets) + len(self.where)

    def key(self, parameters: list[Item]) -> Item:
        """Attributes among which the key is."""
        if self.inserts:
            return dict(zip(self.sets, parameters, strict=True))
        return dict(zip(self.where, parameters[len(self.sets) :], strict=True))

    def holds(self, item: Item | None, parameters: list[Item]) -> bool:
        """Tell whether an UPDATE finds its item."""
        if item is None or any(name in item for name in self.missing):
            return False
        wanted = parameters[len(self.sets) :]
        return all(item.get(n) == value for n, value in zip(self.where, wanted, strict=True))

    def apply(self, item: Item, parameters: list[Item]) -> Item:
        """The item afterwards."""
        item.update(zip(self.sets, parameters, strict=False))
        for name in self.removes:
            item.pop(name, None)
        return item


@cache
def compile_statement(text: str) -> Statement:
    """An INSERT or UPDATE of the form that the items adapter writes."""
    if insert := re.fullmatch(r"INSERT INTO \"([\w.-]+)\" VALUE \{(.*)\}", text):
        names = tuple(re.findall(r"'(\w+)': \?", insert[2]))
        return Statement(table=insert[1], inserts=True, sets=names)
    update = re.fullmatch(r"UPDATE \"([\w.-]+)\" (.*) WHERE (.*)", text)
    if update is None:
        raise NotImplementedError(text)
    actions = _ACTION.findall(update[2])
    terms = update[3].split(" AND ")
    return Statement(
        table=update[1],
        inserts=False,
        sets=tuple(name for action, name, _ in actions if action == "SET"),
        removes=tuple(name for action, name, _ in actions if action == "REMOVE"),
        where=tuple(term.strip('"=?') for term in terms if term.endswith("=?")),
        missing=tuple(term.split('"')[1] for term in terms if term.endswith("IS MISSING")),
    )


def normalised(item: Item) -> Item:
    """An item as DynamoDB keeps it: numbers without superfluous zeros."""
    return {name: _normal(value) for name, value in item.items()}


def _normal(value: Item) -> Item:
    if "N" in value:
        try:
            number = Decimal(value["N"])
        except InvalidOperation:
            raise ValueError(f"{value['N']} is no number") from None
        if len(number.as_tuple().digits) > 38:  # noqa: PLR2004  the service's limit
            raise ValueError("more than 38 significant digits")
        text = f"{number:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return {"N": "0" if text in ("-0", "") else text}
    if "M" in value:
        return {"M": normalised(value["M"])}
    return value


def item_size(item: Item) -> int:
    """Bytes an item counts for: names and values, as the service documents it.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Item) -> int:
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.replace(".", "").lstrip("-").strip("0")) // 2 + 2
    if kind == "M":
        return 3 + sum(1 + len(k.encode()) + _value_size(v) for k, v in content.items())
    if kind == "SS":
        return sum(len(member.encode()) for member in content)
    return 1
