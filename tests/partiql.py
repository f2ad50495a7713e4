"""The part of PartiQL for DynamoDB that writes items, as AWS documents it.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html,
ql-reference.update.html and ql-operators.html beside it:

    INSERT INTO table VALUE item
    UPDATE table [SET | REMOVE] path [= data] [...] WHERE condition
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_Json = dict[str, Any]

KEY = ("sku", "location")
"""Key of the one table that statements are about."""

# A name in double quotes may be anything; one without is a word that is not reserved, and those
# are more than five hundred: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
_TOKENS = re.compile(r"""\s*("(?:[^"]|"")+"|'(?:[^']|'')+'|[A-Za-z]+|[?={}:,])""")


class StatementError(ValueError):
    """A statement that is not in the documented grammar, or that a limit forbids."""


@dataclass(kw_only=True)
class Statement:
    """A write; parameters are named by their places.

    Attributes:
        table: Name of the table.
        inserts: True if it is an INSERT.
        sets: Place of the value by attribute.
        removes: Attributes that are removed.
        equal: Place of the value that an attribute must have, by attribute.
        missing: Attributes that must not be there.
        parameters: How many there are.
    """

    table: str
    inserts: bool
    sets: dict[str, int] = field(default_factory=dict)
    removes: list[str] = field(default_factory=list)
    equal: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    parameters: int = 0


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKENS.match(text, at)
            if found is None:
                raise StatementError(f"{text[at : at + 20]!r} is no token")
            self._tokens.append(found[1])
            at = found.end()
        self._parameters = 0

    def statement(self) -> Statement:
        statement = self._insert() if self._next() == "INSERT" else self._update()
        if self._tokens:
            raise StatementError(f"nothing may follow, not {self._tokens[0]}")
        statement.parameters = self._parameters
        return statement

    def _insert(self) -> Statement:
        self._take("INSERT", "INTO")
        statement = Statement(table=self._name('"'), inserts=True)
        self._take("VALUE", "{")
        while True:
            name = self._name("'")
            self._take(":")
            self._once(statement.sets, name)
            if self._next() != ",":
                break
            self._take(",")
        self._take("}")
        self._has_key(statement.sets)
        return statement

    def _update(self) -> Statement:
        self._take("UPDATE")
        statement = Statement(table=self._name('"'), inserts=False)
        while self._next() in {"SET", "REMOVE"}:
            sets = self._tokens.pop(0) == "SET"
            name = self._name('"')
            if name in KEY or name in statement.removes:
                raise StatementError(f"{name} is part of the key, or removed")
            if sets:
                self._take("=")
                self._once(statement.sets, name)
            elif name in statement.sets:
                raise StatementError(f"{name} is set and removed")
            else:
                statement.removes.append(name)
        if not (statement.sets or statement.removes):
            raise StatementError("nothing is set or removed")
        self._take("WHERE")
        self._condition(statement)
        while self._next() == "AND":
            self._take("AND")
            self._condition(statement)
        self._has_key(statement.equal)
        return statement

    def _condition(self, statement: Statement) -> None:
        name = self._name('"')
        if self._next() == "IS":
            self._take("IS", "MISSING")
            statement.missing.append(name)
        else:
            self._take("=")
            self._once(statement.equal, name)

    def _once(self, places: dict[str, int], name: str) -> None:
        self._take("?")
        if name in places:
            raise StatementError(f"{name} stands there twice")
        places[name] = self._parameters
        self._parameters += 1

    def _has_key(self, names: dict[str, int]) -> None:
        if not names.keys() >= set(KEY):
            raise StatementError("it is not about one primary key")

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, *wanted: str) -> None:
        for token in wanted:
            if self._next() != token:
                raise StatementError(f"{token} is expected, not {self._next() or 'the end'}")
            self._tokens.pop(0)

    def _name(self, quote: str) -> str:
        token = self._next()
        if not token.startswith(quote):
            raise StatementError(f"a name in {quote} is expected, not {token or 'the end'}")
        self._tokens.pop(0)
        return token[1:-1].replace(quote * 2, quote)


@cache
def parse(text: str) -> Statement:
    """A statement.

    Raises:
        StatementError: It is not in the grammar.
    """
    return _Parser(text).statement()


def batch_problems(statements: Sequence[_Json]) -> list[str]:
    """What a batch of statements breaks of the grammar and the limits."""
    found: list[str] = []
    keys: set[tuple[str, ...]] = set()
    for number, each in enumerate(statements):
        try:
            key = _key(parse(each["Statement"]), each.get("Parameters", []))
        except StatementError as error:
            found.append(f"Statements[{number}]: {error} in {each['Statement']}")
            continue
        if key in keys:
            found.append(f"Statements[{number}]: {key} is written twice")
        keys.add(key)
    return found


def _key(statement: Statement, parameters: Sequence[_Json]) -> tuple[str, ...]:
    if statement.parameters != len(parameters):
        raise StatementError(f"{len(parameters)} parameters, {statement.parameters} places")
    places = statement.sets if statement.inserts else statement.equal
    key = tuple(parameters[places[name]].get("S", "") for name in KEY)
    # Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    for part, most in zip(key, (2048, 1024), strict=True):
        if not 1 <= len(part.encode()) <= most:
            raise StatementError(f"a key of {len(part.encode())} bytes")
    return key


def single_request(text: str, parameters: Sequence[_Json]) -> tuple[str, _Json]:
    """The write without PartiQL that does what a statement does.

    Returns:
        Operation and request; its condition fails where the statement fails.
    """
    statement = parse(text)
    if statement.inserts:
        item = {name: parameters[place] for name, place in statement.sets.items()}
        return "PutItem", {
            "TableName": statement.table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({KEY[0]})",
        }
    names = {
        name: f"#n{number}"
        for number, name in enumerate(
            sorted({*statement.sets, *statement.removes, *statement.equal, *statement.missing})
        )
    }
    values = {f":p{place}": value for place, value in enumerate(parameters)}
    conditions = [f"{names[name]} = :p{place}" for name, place in statement.equal.items()]
    conditions += [f"attribute_not_exists({names[name]})" for name in statement.missing]
    update = "SET " + ", ".join(f"{names[name]} = :p{at}" for name, at in statement.sets.items())
    if statement.removes:
        update += " REMOVE " + ", ".join(names[name] for name in statement.removes)
    return "UpdateItem", {
        "TableName": statement.table,
        "Key": {name: parameters[statement.equal[name]] for name in KEY},
        "UpdateExpression": update,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {alias: name for name, alias in names.items()},
        "ExpressionAttributeValues": values,
    }
