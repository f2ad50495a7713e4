"""DynamoDB at twice the rows a second: what does not depend on the data is computed once.

A PartiQL statement of a batch is read twice, from its characters on, and a projection is checked
and resolved for every item. The pipeline sends the same few texts all the time, with parameters.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ministack.services import _dynamodb_keywords, dynamodb

_TEXTS = 1024

_Json = dict[str, Any]

_tokenize = _dynamodb_keywords._tokenize
_parse_partiql = dynamodb._parse_partiql
_project_item = dynamodb._project_item
_parse_projection_path = dynamodb._parse_projection_path


def apply() -> None:
    """Replace the reading of statements and projections."""
    _dynamodb_keywords._tokenize = lru_cache(_TEXTS)(_tokenize)
    dynamodb._parse_partiql = _Parsing()
    dynamodb._project_item = project_item


class _Parsing:
    """Gives the statement that was read last to whoever reads it again.

    A batch reads each member once to look at it and once more to run it; the first reader changes
    nothing, and there is no third.
    """

    def __init__(self) -> None:
        self._statement: Any = None
        self._parameters: Any = None
        self._parsed: _Json | None = None

    def __call__(self, statement: Any, parameters: Any) -> _Json:
        known, self._parsed = self._parsed, None
        if known and statement is self._statement and parameters is self._parameters:
            return known
        parsed: _Json = _parse_partiql(statement, parameters)
        self._statement, self._parameters, self._parsed = statement, parameters, parsed
        return parsed


def project_item(item: _Json, expression: str, names: _Json | None) -> _Json:
    """The attributes of an item that a projection names.

    Args:
        item: The item.
        expression: Projection expression.
        names: What its placeholders stand for.

    Raises:
        ValueError: Paths overlap or are reserved words.
    """
    attributes = _whole_attributes(expression, tuple(sorted((names or {}).items())))
    if attributes is None:
        projected: _Json = _project_item(item, expression, names)
        return projected
    return {name: item[name] for name in attributes if name in item}


@lru_cache(_TEXTS)
def _whole_attributes(expression: str, names: tuple[tuple[str, str], ...]) -> list[str] | None:
    """Names of the attributes, when the projection asks for nothing inside of one."""
    _project_item({}, expression, dict(names))
    paths = [
        _parse_projection_path(path.strip(), dict(names))
        for path in expression.split(",")
        if path.strip()
    ]
    if any(len(path) != 1 or path[0][0] != "name" for path in paths):
        return None
    return [path[0][1] for path in paths]
