"""Conditional writes of whole items as PartiQL statements, made as JSON text."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as text_of
from typing import TYPE_CHECKING

from inventory.domain.order import TIME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Change

_KEY = ("sku", "location")
#: Optional attributes in the order of their bits in a shape.
_OPTIONAL = ("name", "category", "unit_price", "currency", "reorder_point", "attributes")
_NAME, _CATEGORY, _UNIT_PRICE, _CURRENCY, _REORDER_POINT, _ATTRIBUTES = (
    1 << bit for bit in range(len(_OPTIONAL))
)
_PROVENANCE = ("order_token", "as_of", "source", "written_at")


class Statements:
    """Statements that insert or replace items of one table.

    Numbers, tokens and times hold no character that JSON would escape; they go in as they are.

    Args:
        table_name: Name of the items table.
    """

    def __init__(self, table_name: str) -> None:
        self._table = table_name
        self._inserts: dict[int, str] = {}
        self._updates: dict[tuple[int, frozenset[str], bool], str] = {}

    def of(self, changes: Sequence[Change], version: ObjectVersion, written_at: str) -> list[str]:
        """A statement for each change, which fails unless what was read is still there.

        Args:
            changes: What to write.
            version: Source of the rows.
            written_at: ISO 8601 time.
        """
        source = {"bucket": {"S": version.bucket}, "key": {"S": version.key}}
        if version.version_id is not None:
            source["version_id"] = {"S": version.version_id}
        source_start = f'{{"M":{json.dumps(source)[:-1]},"line":{{"N":"'
        end = f'"}}}}}},{{"S":"{written_at}"}}'
        statements: list[str] = []
        for row, token, stored in changes:
            line, sku, location, quantity, name, category, price, currency, reorder, more, _ = row
            shape = 0
            values = f'{{"N":"{quantity}"}}'
            if name is not None:
                shape = _NAME
                values += ',{"S":' + text_of(name) + "}"
            if category is not None:
                shape |= _CATEGORY
                values += ',{"S":' + text_of(category) + "}"
            if price is not None:
                shape |= _UNIT_PRICE
                values += f',{{"N":"{price}"}}'
            if currency is not None:
                shape |= _CURRENCY
                values += f',{{"S":"{currency}"}}'
            if reorder is not None:
                shape |= _REORDER_POINT
                values += f',{{"N":"{reorder}"}}'
            if more:
                shape |= _ATTRIBUTES
                attributes = [
                    f'{text_of(column)}:{{"S":{text_of(text)}}}' for column, text in more.items()
                ]
                values += f',{{"M":{{{",".join(attributes)}}}}}'
            values += (
                f',{{"S":"{token}"}},{{"S":"{token[:TIME_LENGTH]}"}},{source_start}{line}{end}'
            )
            key = '{"S":' + text_of(sku) + '},{"S":' + text_of(location) + "}"
            if stored is None:
                start = self._inserts.get(shape) or self._insert(shape)
                statements.append(f"{start}{key},{values}]}}")
                continue
            names = frozenset(stored.names)
            start = self._updates.get((shape, names, bool(stored.token))) or self._update(
                shape, names, has_token=bool(stored.token)
            )
            condition = f',{{"S":{text_of(stored.token)}}}' if stored.token else ""
            statements.append(f"{start}{values},{key}{condition}]}}")
        return statements

    def _insert(self, shape: int) -> str:
        values = ", ".join(f"'{name}': ?" for name in (*_KEY, *_written(shape)))
        start = _start(f'INSERT INTO "{self._table}" VALUE {{{values}}}')
        self._inserts[shape] = start
        return start

    def _update(self, shape: int, names: frozenset[str], *, has_token: bool) -> str:
        written = _written(shape)
        removed = names.difference(written, _KEY)
        actions = " ".join(f'SET "{name}"=?' for name in written)
        actions += "".join(f' REMOVE "{name}"' for name in sorted(removed))
        unchanged = '"order_token"=?' if has_token else '"order_token" IS MISSING'
        start = _start(
            f'UPDATE "{self._table}" {actions} WHERE "sku"=? AND "location"=? AND {unchanged}'
        )
        self._updates[shape, names, has_token] = start
        return start


def _written(shape: int) -> tuple[str, ...]:
    """Names of the attributes after the key, in the order of their values."""
    optional = (name for bit, name in enumerate(_OPTIONAL) if shape >> bit & 1)
    return ("quantity", *optional, *_PROVENANCE)


def _start(statement: str) -> str:
    return f'{{"Statement":{json.dumps(statement)},"Parameters":['
