"""Shortcuts for text without quotes give what the definitions give."""

from __future__ import annotations

import csv
import io

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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(
    records=st.lists(st.lists(st.sampled_from(["a", "", " ", "\x1c"]), max_size=4), max_size=5),
    width=st.integers(1, 4),
    end=st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_columns_hold_what_records_hold(
    records: list[list[str]], width: int, end: str, delimiter: str
) -> None:
    """Or there are none, because a record has more or fewer cells."""
    lines = [delimiter.join(record) + end for record in records]
    columns = grammar_of(delimiter, quoted=True).columns(lines, width)
    widths = {max(len(record), 1) for record in records}  # without cells: a line of one, empty
    if widths == {width}:
        assert columns is not None
        assert list(map(list, zip(*columns, strict=True))) == [each or [""] for each in records]
    else:
        assert columns is None


@given(text=TEXTS, other=st.characters())
def test_lines_end_where_a_csv_file_has_ends(text: str, other: str) -> None:
    """Not where Unicode has others besides."""
    assert physical_lines(text + other + text) == [
        *io.StringIO(text + other + text, newline="").readlines()
    ]
