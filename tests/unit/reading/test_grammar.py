"""Shortcuts for text without quotes give what the definitions give."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.reading.grammar import Grammar, grammar_of, physical_lines

TEXTS = st.lists(
    st.sampled_from(["a", ",", ";", '"', '""', "\n", "\r", "\r\n", " ", "=", "\0", "\x1c", "é"]),
    max_size=40,
).map("".join)


@pytest.mark.parametrize("quoted", [True, False])
@given(text=TEXTS, room=st.integers(0, 5))
def test_up_to_the_line_with_a_quote_every_line_is_a_record(
    text: str, room: int, *, quoted: bool
) -> None:
    """As the expression for runs of records finds them, one after the other."""
    grammar, end = grammar_of(",", quoted=quoted), max(len(text) - room, 0)
    assert _end(grammar, text, grammar.before_quote(text, 0, end), end) == _end(
        grammar, text, 0, end
    )


def _end(grammar: Grammar, text: str, start: int, end: int) -> int:
    while True:
        match = grammar.run.match(text, start, end)
        assert match is not None
        if match.end() == start:
            return start
        start = match.end()


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";"])
@given(text=TEXTS)
def test_records_are_split_as_the_standard_library_splits_them(
    text: str, delimiter: str, *, quoted: bool
) -> None:
    """Also blank ones, and such with characters that end lines for others."""
    grammar = grammar_of(delimiter, quoted=quoted)
    lines = physical_lines(text.replace('"', "") if quoted else text)
    if quoted:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    assert grammar.split(lines) == list(reader)
