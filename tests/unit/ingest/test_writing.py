"""Rows that are settled together are settled as each of them would be alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.decide import Decision, decide
from inventory.domain.model import Counts, Row
from inventory.domain.order import Tokens, base_of
from inventory.domain.ports import Change, Stored
from inventory.domain.seen import SeenKeys
from inventory.domain.writing import RowWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

OBJECT = "uploads/a.csv#v1"
BASE = base_of("2026-11-22T20:00:00.000000Z", "0a")
OLDER = base_of("2026-11-22T19:00:00.000000Z", "0b")
NEWER = base_of("2026-11-22T21:00:00.000000Z", "0c")

#: What may be stored: base, object and line of its token, or no item, or one without a token.
TOKENS = (
    st.none()
    | st.just("")
    | st.builds(
        lambda base, object_id, line: Tokens(base, object_id).of(line, None),
        st.sampled_from([OLDER, BASE, NEWER, base_of("2026-11-22T20:00:00.000000Z", "09")]),
        st.sampled_from([OBJECT, "uploads/b.csv#v1"]),
        st.integers(1, 6),
    )
)


class Table:
    """Holds what a test says, and takes every write."""

    def __init__(self, stored: dict[str, Stored | None]) -> None:
        self.stored = stored
        self.written: set[str] = set()

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """Give what is stored for each row."""
        return [self.stored[row.sku] for row in rows]

    def write(self, changes: Sequence[Change], **_: object) -> list[Change]:
        """Remember what is written."""
        self.written |= {change.row.sku for change in changes}
        return []


def _row(line: int, sku: str) -> Row:
    return Row(line, sku, "default", "1", None, None, None, None, None, {}, None)


def _writer(table: Any, counts: Counts, tokens: Tokens) -> RowWriter:
    version: Any = SimpleNamespace(object_id=OBJECT)
    admission: Any = SimpleNamespace(
        version=version, thorough=False, now="2026-11-22T20:01:00.000000Z"
    )
    return RowWriter(
        items=table,
        lanes=SimpleNamespace(announce=lambda *_, **__: None),  # type: ignore[arg-type]
        deadline=SimpleNamespace(left=lambda: 900.0),  # type: ignore[arg-type]
        admission=admission,
        tokens=tokens,
        counts=counts,
        seen=SeenKeys(),
        now=lambda: "2026-11-22T20:01:00.000000Z",
    )


@given(st.lists(st.tuples(TOKENS, st.booleans()), min_size=1, max_size=6))
def test_every_row_comes_to_the_end_that_was_decided(items: list[tuple[str | None, bool]]) -> None:
    """Counts and writes are those of `decide` for each row, in whatever company it comes."""
    tokens, counts = Tokens(BASE, OBJECT), Counts()
    rows = [_row(line, f"S{line}") for line in range(1, len(items) + 1)]
    stored = {
        row.sku: None if token is None else Stored(token, equal, (), "1")
        for row, (token, equal) in zip(rows, items, strict=True)
    }
    expected = {
        row.sku: decide(
            tokens.of(row.line, None),
            None if (old := stored[row.sku]) is None else old.token,
            equal=old is not None and old.equal,
            mine=old is not None and tokens.mine(old.token),
        )
        for row in rows
    }
    table = Table(stored)
    _writer(table, counts, tokens).write(rows)
    assert table.written == {sku for sku, end in expected.items() if end is Decision.WRITE}
    ends = list(expected.values())
    assert counts == Counts(
        loaded=ends.count(Decision.LOADED) + ends.count(Decision.WRITE),
        unchanged=ends.count(Decision.UNCHANGED),
        stale=ends.count(Decision.STALE),
        duplicates=ends.count(Decision.DUPLICATE),
    )


def test_a_later_row_takes_an_unchanged_one_over() -> None:
    """Of two batches with the same key, the row of the earlier one ends as a duplicate."""
    tokens, counts = Tokens(BASE, OBJECT), Counts()
    equal = Stored(Tokens(OLDER, OBJECT).of(1, None), True, (), "1")  # noqa: FBT003  a field
    writer = _writer(Table({"A": equal, "B": equal}), counts, tokens)
    writer.write([_row(1, "A"), _row(2, "B")])
    writer.write([_row(3, "A")])
    assert counts == Counts(unchanged=2, duplicates=1)
