"""What holds for any table in any dialect, and for any damage."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feeds import gathered, opened, read
from inventory.domain.errors import BadFileError
from inventory.domain.reading import BytesSource, columns, continue_feed
from inventory.domain.reading.totals import is_total
from sample_feeds.table import Dialect

pytestmark = pytest.mark.slow

HEADER = ("sku", "quantity", "name", "attr_note")
FAST = settings(max_examples=100)

plain_cells = st.text("ab 0.,;|\t#é商", max_size=8)
hard_cells = st.text('ab0,;\t"\n\r', max_size=10)
skus = st.text("AB0-/ é", min_size=1, max_size=6).filter(
    lambda sku: bool(sku.strip()) and not is_total(sku)
)
quantities = st.integers(-999, 99_999).map(str)


def tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, ...]]]:
    """Tables of canonical feeds."""
    rows = st.tuples(skus, quantities, cells, cells)
    return st.lists(rows, min_size=1, max_size=8)


dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from(",;|\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
)


def written(dialect: Dialect, table: list[tuple[str, ...]]) -> str:
    """The table as a file."""
    return "".join(map(dialect.record, [HEADER, *table]))


def loaded(outcome) -> list[tuple[str, ...]]:
    """Rows as the cells they came from."""
    return [
        (row.sku, row.quantity, row.name or "", row.attributes.get("attr_note", ""))
        for row in outcome.rows
    ]


def stripped(table: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What the rows of a table load as: blanks around a SKU are no part of it."""
    return [(sku.strip(), *cells) for sku, *cells in table]


@FAST
@given(
    table=tables(st.one_of(plain_cells, hard_cells)),
    dialect=dialects,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    final_newline=st.booleans(),
)
def test_any_table_in_any_dialect_is_read_back(table, dialect, encoding, final_newline) -> None:
    """Whatever is written by the rules of CSV comes back cell by cell."""
    text = written(dialect, table)
    text = text if final_newline else text.removesuffix(dialect.line_end)
    outcome = read(text.encode(encoding))
    assert loaded(outcome) == stripped(table)
    assert not outcome.rejects
    assert not outcome.skips


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(skus, quantities, plain_cells, st.lists(hard_cells, min_size=1, max_size=4)),
        min_size=1,
        max_size=4,
    ),
    lines=st.sampled_from([1, 63, 64, 65, 66, 129, 400]),
    inner=st.sampled_from(["", "text", "S1,5,small,ok", '"S1","5","small","ok"', '5" x 6"']),
    dialect=dialects,
)
def test_no_line_of_a_cell_loads_however_many_it_has(rows, lines, inner, dialect) -> None:
    """Whatever the lines look like, the table is read back; lines like rows are told of."""
    table: list[tuple[str, ...]] = [
        (sku, quantity, name, dialect.line_end.join([*cells, *[inner] * lines]))
        for sku, quantity, name, cells in rows
    ]
    outcome = read(written(dialect, table))
    assert loaded(outcome) == stripped(table)
    assert not outcome.rejects or inner.count(",") == 3


@dataclass
class Damage:
    """A damaged file, and which of its rows the damage touched."""

    text: str
    touched: int


@st.composite
def damages(draw: st.DrawFn, table: list[tuple[str, ...]], dialect: Dialect) -> Damage:
    """One structural damage of one record: a quote, or a delimiter, too many, too few or wrong."""
    records = [dialect.record(cells) for cells in table]
    touched = draw(st.integers(0, len(table) - 1))
    cells = list(map(dialect.cell, table[touched]))
    end = dialect.line_end
    kind = draw(st.sampled_from(["stray quote", "missing", "extra", "wrong"]))
    if kind == "stray quote":
        record = records[touched].removesuffix(end)
        at = draw(st.integers(0, len(record)))
        damaged = record[:at] + '"' + record[at:] + end
    else:
        at = draw(st.integers(0, len(cells) - 2))
        other = ";" if dialect.delimiter == "," else ","
        between = {"missing": "", "extra": dialect.delimiter * 2, "wrong": other}[kind]
        delimiters = [dialect.delimiter] * (len(cells) - 1) + [end]
        delimiters[at] = between
        damaged = "".join(c + d for c, d in zip(cells, delimiters, strict=True))
    records[touched] = damaged
    return Damage(dialect.record(HEADER) + "".join(records), touched)


def damaged_tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy:
    """A table and a damage of it."""
    return st.tuples(tables(cells), dialects).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), damages(*pair))
    )


lines_in_cells = st.lists(st.text('ab 0"<>', max_size=6), max_size=3).map("\n".join)


@settings(max_examples=200)
@given(damaged_tables(st.one_of(plain_cells, lines_in_cells)))
def test_single_damage_loses_only_the_record_it_touches(case) -> None:
    """All other rows load exactly, and the touched one is refused."""
    table, damage = case
    outcome = read(damage.text)
    intact = stripped([row for index, row in enumerate(table) if index != damage.touched])
    assert loaded(outcome) == intact
    assert outcome.rejects


@settings(max_examples=200)
@given(damaged_tables(hard_cells))
def test_no_wrong_row_is_loaded_whatever_the_cells_hold(case) -> None:
    """Cells full of quotes, delimiters and line breaks do not make damage look like a row."""
    table, damage = case
    try:
        outcome = read(damage.text)
    except BadFileError:
        return
    assert outcome.rejects
    intact = stripped([row for index, row in enumerate(table) if index != damage.touched])
    assert not Counter(loaded(outcome)) - Counter(intact)


hostile = st.text('ab0,;"\n\r\x00é', max_size=120)


@FAST
@given(body=hostile, block_bytes=st.integers(1, 64), encoding=st.sampled_from(["utf-8", "utf-16"]))
def test_what_is_read_does_not_depend_on_how_it_is_cut(body, block_bytes, encoding) -> None:
    """Blocks of any size give the same rows, rejects and skips, byte offsets included."""
    data = ("sku,quantity,name\nA,1,x\n" + body).encode(encoding)
    whole = gathered(opened(data).batches())
    assert gathered(opened(data, block_bytes=block_bytes).batches()) == whole


@FAST
@given(body=hostile, max_rows=st.integers(1, 5))
@example(body='"a\n","b', max_rows=1)
def test_a_feed_continues_from_the_end_of_any_batch(body, max_rows) -> None:
    """From every batch's end on the rest is read as if there had been no break."""
    data = ("sku,quantity,name\nA,1,x\n" + body).encode()
    feed = opened(data)
    batches = list(feed.batches(max_rows))
    assert batches[-1].next_byte_offset == len(data)
    state = json.loads(json.dumps(feed.state()))
    for index, batch in enumerate(batches):
        rest = continue_feed(
            state,
            BytesSource(data),
            start_byte=batch.next_byte_offset,
            start_line=batch.next_line,
        )
        assert gathered(rest.batches()) == gathered(batches[index + 1 :])


@FAST
@given(body=hostile)
def test_columns_and_records_are_mapped_alike(body) -> None:
    """The fast way of mapping gives what the slow one gives."""
    data = "sku,quantity,name,location,attr_x\nA,1,x,,\nB,02,,b,y\n" + body
    fast = read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_usable", lambda _: False)
        assert read(data) == fast


def zipped(data: bytes) -> bytes:
    """A zip of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feed.csv", data)
    return packed.getvalue()


FEED = b"sku,quantity,name\n" + b"A1,5,Lamp\n" * 40
PACKED = {"feed.csv": FEED, "feed.csv.gz": gzip.compress(FEED, mtime=0), "feed.zip": zipped(FEED)}


@settings(max_examples=250)
@given(key=st.sampled_from(sorted(PACKED)), data=st.data())
def test_fails_only_with_its_own_error_on_mutated_files(key, data) -> None:
    """Bytes changed, dropped and added anywhere: rows, rejects or `BadFileError`."""
    content = bytearray(PACKED[key])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(BadFileError):
        read(bytes(content), key)


@FAST
@given(
    start=st.sampled_from([b"", b"sku\tprice\tasin\tquantity\n", b"\xff\xfe", b"\xef\xbb\xbf"]),
    content=st.binary(max_size=300),
)
def test_fails_only_with_its_own_error_on_garbage(start, content) -> None:
    """Any bytes at all: rows, rejects or `BadFileError`."""
    with suppress(BadFileError):
        read(start + content)


@FAST
@given(data=st.data())
def test_a_damaged_archive_gives_no_row_at_all(data) -> None:
    """A changed byte of a gzip or zip is found before the first row, or changes no row."""
    key = data.draw(st.sampled_from(["feed.csv.gz", "feed.zip"]))
    content = bytearray(PACKED[key])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    try:
        outcome = read(bytes(content), key)
    except BadFileError:
        return
    assert loaded(outcome) == [("A1", "5", "Lamp", "")] * 40
