"""Rows by column are the rows."""

from __future__ import annotations

from ingest_steps import row
from inventory.domain.model import Rows

SOME = [row("A", line=2), row("B", line=3, location="x"), row("C", line=4)]


def test_rows_are_given_as_they_came() -> None:
    """Also none, and those that are added."""
    rows = Rows()
    assert (len(rows), list(rows), list(rows.keys)) == (0, [], [])
    rows.add(Rows(SOME[:1]).columns)
    rows.add(Rows().columns)
    rows.add(Rows(SOME[1:]).columns)
    assert (len(rows), list(rows)) == (3, SOME)
    assert rows.lines == [2, 3, 4]
    assert rows.quantities == [each.quantity for each in SOME]
    assert rows.times == [None, None, None]
    assert list(rows.keys) == [(each.sku, each.location) for each in SOME]


def test_some_of_them_are_rows_of_their_own() -> None:
    """What is added to these is not among those."""
    rows = Rows(SOME)
    some = rows.where([True, False, True])
    assert list(some) == [SOME[0], SOME[2]]
    some.add(Rows(SOME).columns)
    assert len(rows) == 3
