"""Rows, rejects and skips: what a record becomes, and the limits of records."""

from __future__ import annotations

import csv
import io

import pytest

from feeds import BUILT_IN, gathered, opened, read
from inventory.domain.model import MAX_ITEM_BYTES
from inventory.domain.reading import BytesSource, open_feed
from inventory.domain.reading.blocks import MAX_RECORD_SIZE
from inventory.domain.reading.limits import RESERVED_ITEM_BYTES, item_bytes

HEAD = "sku,quantity,name\n"


def test_a_reject_says_where_and_what() -> None:
    """Line, byte offset, code, column, value, the raw record and its cells."""
    outcome = read(HEAD + "é,1,x\nB,many,y\n")
    (reject,) = outcome.rejects
    assert reject.line == 3
    assert reject.byte_offset == len((HEAD + "é,1,x\n").encode())
    assert reject.error == "type-error"
    assert (reject.column, reject.value) == ("quantity", "many")
    assert (reject.row, reject.cells) == ("B,many,y", ("B", "many", "y"))
    assert (
        reject.message
        == "quantity 'many' is not a plain decimal number: write digits without a unit"
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("A", "missing-cell"),
        ("A,1", "missing-cell"),
        ("A,1,x,y", "extra-cell"),
        ("A,1,x,", "extra-cell"),
        ("A;1;x", "missing-cell"),
        (",,", "blank-row"),
        (" , ,", "blank-row"),
        (",1,x", "constraint-error"),
        ("A,,x", "type-error"),
        ("A,x,", "type-error"),
        ("sku,quantity,name", "constraint-error"),
        ('A,1,x"y', "source-error"),
        ('A,1,x"', "source-error"),
        ('A,1," x" ', "source-error"),
        ('A,1, "x"', "source-error"),
        ('A,1,"x', "source-error"),
        (f"A,{'9' * 39},x", "constraint-error"),
    ],
)
def test_fails_on_a_bad_row_alone(row: str, code: str) -> None:
    """One reject, and the rows around it load."""
    outcome = read(f"{HEAD}1,1,a\n{row}\n2,2,b\n")
    assert [r.sku for r in outcome.rows] == ["1", "2"]
    assert [(reject.line, str(reject.error)) for reject in outcome.rejects] == [(3, code)]


def test_a_blank_line_is_skipped() -> None:
    """Nothing was said, so nothing is wrong; it is counted all the same."""
    assert read(HEAD + "A,1,x\n\nB,2,y\n\n").reasons == [(3, "blank row"), (5, "blank row")]


def test_blanks_around_a_sku_and_a_location_are_no_part_of_them() -> None:
    """Leading zeros and blanks inside are."""
    outcome = read("sku,quantity,location\n 00 7 , 5 , Main St \n")
    assert outcome.items == {("00 7", "Main St"): "5"}


ACID = {
    # The cases that CSV readers are commonly tried with, on a feed of ours.
    "comma in quotes": ('A,1,"a,b"\n', ["a,b"]),
    "empty": ('A,1,\nB,2,""\n', [None, None]),
    "escaped quotes": ('A,1,"ha ""ha"" ha"\n', ['ha "ha" ha']),
    "only quotes": ('A,1,""""\n', ['"']),
    "json": ('A,1,"{""type"": ""Point""}"\n', ['{"type": "Point"}']),
    "line feed in quotes": ('A,1,"a\nb"\n', ["a\nb"]),
    "CRLF in quotes": ('A,1,"a\r\nb"\r\n', ["a\r\nb"]),
    "quotes and line feeds": ('A,1,"a ""\n\n"" b"\n', ['a "\n\n" b']),
    "utf-8": ("A,1,ʤ\n", ["ʤ"]),
    "blanks": ("A,1, x \n", [" x "]),
    "separators of other alphabets": (
        "A,1,a\x0b\x0c\x1c\x85\u2028b\n",
        ["a\x0b\x0c\x1c\x85\u2028b"],
    ),
    "no line end": ('A,1,"x"', ["x"]),
    "mixed line ends": ("A,1,x\r\nB,2,y\nC,3,z\rD,4,w", ["x", "y", "z", "w"]),
}


@pytest.mark.parametrize("name", ACID)
def test_well_formed_csv_is_read_as_rfc_4180_says(name: str) -> None:
    """Quotes, escapes, line ends and other alphabets."""
    body, names = ACID[name]
    outcome = read(HEAD + body)
    assert [row.name for row in outcome.rows] == names
    assert not outcome.rejects


@pytest.mark.parametrize("inner", ["Line {} of a long text", "S{},{},small,ok", '"","{}","",""'])
@pytest.mark.parametrize("lines", [63, 64, 65, 3_000])
def test_a_record_of_the_headers_width_is_one_however_many_lines_it_has(inner, lines) -> None:
    """Whatever its lines look like, as Python's csv module reads it too."""
    cell = "\n".join(inner.format(*[n] * inner.count("{}")) for n in range(lines))
    table = [["A", "5", "x", cell], ["B", "7", "y", "z"]]
    text = io.StringIO(newline="")
    header = ["sku", "quantity", "name", "attr_note"]
    csv.writer(text, lineterminator="\n").writerows([header, *table])
    outcome = read(text.getvalue())
    assert [[r.sku, r.quantity, r.name, r.attributes["attr_note"]] for r in outcome.rows] == table
    assert list(csv.reader(io.StringIO(text.getvalue(), newline="")))[1:] == table
    # Lines that are whole rows may be some that two stray quotes have swallowed: that is said.
    assert [reject.line for reject in outcome.rejects] == [3] * inner.startswith("S")
    assert outcome.rows[-1].line == lines + 2


@pytest.mark.parametrize(
    ("record", "loads", "rejected"),
    [
        ('A,5,"x,y\nB,6,x,y\nC,7,x",y', {}, {2: 'A,5,"x,y\nB,6,x,y\nC,7,x",y'}),
        ('A,"5,x,y\nB,6",x,y', {}, {2: 'A,"5,x,y\nB,6",x,y'}),
        ('"A,5,x,y\nB",6,x,y', {}, {2: '"A,5,x,y\nB",6,x,y'}),
        ('A,5,x,"y\nB,6,x,y\nC,7,x,y"', {"A": "5"}, {3: 'B,6,x,y\nC,7,x,y"'}),
        ('A,5,x,"y\nB,6,x"', {"A": "5"}, {}),
        ('A,5,"y\nB,6,x",y', {"A": "5"}, {}),
    ],
)
def test_rows_between_two_stray_quotes_are_not_lost_in_silence(record, loads, rejected) -> None:
    """A row made of several states nothing that can be trusted, unless it ends with the cell."""
    data = f"sku,quantity,name,attr_note\n{record}\nZ,9,z,z\nY,many,y,y\n"
    outcome = read(data)
    assert {row.sku: row.quantity for row in outcome.rows} == {**loads, "Z": "9"}
    *found, _ = outcome.rejects
    assert {reject.line: reject.row for reject in found} == rejected
    assert [reject.byte_offset for reject in found] == list(map(data.find, rejected.values()))


TEXT = [*(f"Line {n} of a long text" for n in range(120)), "S0,0,small,ok", "", "Line 121"]


@pytest.mark.parametrize(
    "record",
    [
        'A,5,x,more,"{}"',
        'A,five,x,"{}"',
        'A,5,x,"6" wide\n{}"',
        'A,5,x,"{}\n6" wide\nthe end"',
        'A,5,x, "{}"',
        'A,5,x,"{}" ',
        'A,5,x,"{}',
    ],
)
def test_a_long_record_that_is_wrong_is_one_reject(record) -> None:
    """No line of its text loads, and what follows does."""
    damaged = record.format("\n".join(TEXT))
    outcome = read(f"sku,quantity,name,attr_note\nZ,1,,\n{damaged}\nB,7,y,z\nC,8,y,z\n")
    assert [row.sku for row in outcome.rows] == ["Z", "B", "C"]
    assert [(reject.line, reject.row) for reject in outcome.rejects] == [(3, damaged)]


@pytest.mark.slow
def test_what_bounds_a_record_are_bytes() -> None:
    """What DynamoDB could never take is no record, and its lines are none either."""
    cell = f"{'x' * 63}\n" * (MAX_RECORD_SIZE // 64)
    outcome = read(f'{HEAD}A,1,"{cell}"\nB,2,x\nC,3,x\n')
    assert [row.sku for row in outcome.rows] == ["B", "C"]
    assert outcome.rejects


def test_two_stray_quotes_far_apart_do_not_make_rows_a_cell() -> None:
    """Closed by the next quote the record has another width, and what is in it are rows."""
    rows = [f"S{index},{index},x\n" for index in range(500)]
    rows[100], rows[300] = 'S100,"100,x\n', 'S300,300,x"\n'
    outcome = read(HEAD + "".join(rows))
    assert len(outcome.rows) == 498
    assert [reject.line for reject in outcome.rejects] == [102, 302]


@pytest.mark.parametrize(
    ("record", "damaged"),
    [
        ('A,1,"a\nb,\nc"', 'A,1"a\nb,\nc"'),
        ('A,1,"a\nb,\nc"', 'A,1;"a\nb,\nc"'),
        ('A,1,"a\nb,\nc"', 'A,1,"a"\nb,\nc"'),
        ('A,1,"a\nb,\nc"', 'A,1,"a\nb",\nc"'),
        ('A,1,"a\nb,\nc"', 'A,1,"a\nb,\nc'),
        ('A,1,"a\nb,\nc"', '"A,1,"a\nb,\nc"'),
        ('A,1,"\nb"', 'A,1,""\nb"'),
    ],
)
def test_damage_in_a_record_of_several_lines_is_one_reject(record: str, damaged: str) -> None:
    """Its lines are told from the rows around them, and all of them stand in the reject."""
    around = '1,1,"x\ny"\n{}\n2,2,"z"\n3,3,\n'
    assert not read(HEAD + around.format(record)).rejects
    outcome = read(HEAD + around.format(damaged))
    assert [row.sku for row in outcome.rows] == ["1", "2", "3"]
    assert [(reject.line, reject.row) for reject in outcome.rejects] == [(4, damaged)]


def test_a_stray_quote_does_not_swallow_the_file() -> None:
    """Only its own line is lost, however far the next quote is."""
    rows = [f"S{index},{index},x\n" for index in range(5_000)]
    rows[100] = 'S100,100,"x\n'
    outcome = read(HEAD + "".join(rows))
    assert len(outcome.rows) == 4_999
    assert [reject.line for reject in outcome.rejects] == [102]
    assert outcome.rejects[0].message == "the quote that opens cell 3 has no end"


@pytest.mark.parametrize(("size", "loads"), [(2048, True), (2049, False)])
@pytest.mark.parametrize("character", ["x", "é", "商"])
def test_fails_on_a_sku_too_long_for_a_key(size, loads, character) -> None:
    """Bytes count, not characters."""
    sku = character * (size // len(character.encode()))
    sku += "x" * (size - len(sku.encode()))
    outcome = read(f"{HEAD}{sku},1,x\n")
    assert len(outcome.rows) == loads
    assert [error[1:] for error in outcome.errors] == [("constraint-error", "sku")] * (not loads)


@pytest.mark.parametrize(("size", "loads"), [(1024, True), (1025, False)])
def test_fails_on_a_location_too_long_for_a_key(size, loads) -> None:
    """The sort key has half of the partition key's room."""
    outcome = read(f"sku,quantity,location\nA,1,{'x' * size}\n")
    assert len(outcome.rows) == loads
    assert [error[1:] for error in outcome.errors] == [("constraint-error", "location")] * (
        not loads
    )


def test_room_is_kept_for_what_the_writer_adds() -> None:
    """The longest key, version id and bucket name, with times, token and names of attributes."""
    assert RESERVED_ITEM_BYTES >= 1024 + 1024 + 63 + 600


@pytest.mark.parametrize(("excess", "loads"), [(-1, True), (0, True), (1, False)])
def test_fails_on_a_row_too_large_for_an_item(excess: int, loads: bool) -> None:
    """All further columns count, and room is kept for what the writer adds."""
    base = item_bytes(read("sku,quantity,attr_note,attr_more\nA,1,x,y\n").rows[0]) - 1
    note = "x" * (MAX_ITEM_BYTES - RESERVED_ITEM_BYTES - base + excess)
    outcome = read(f"sku,quantity,attr_note,attr_more\nA,1,{note},y\nB,2,,\n")
    assert [row.sku for row in outcome.rows] == (["A", "B"] if loads else ["B"])
    assert [str(r.error) for r in outcome.rejects] == ([] if loads else ["constraint-error"])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("block_bytes", [1 << 20, 65_537])
def test_fails_on_a_line_longer_than_any_record(line_end, encoding, block_bytes) -> None:
    """It is dropped while it is read, and lines and offsets after it are right."""
    long = "A,1," + "x" * (MAX_RECORD_SIZE + 5)
    text = line_end.join(["sku,quantity,name", '0,0,"x', long, "B,2,y", "C,3"])
    data = text.encode(encoding)
    batches = list(opened(data, block_bytes=block_bytes).batches())
    assert [row.line for batch in batches for row in batch.rows] == [4]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [reject.line for reject in rejects] == [2, 3, 5]
    assert len(rejects[1].row) < 100_000
    unit = 2 if encoding == "utf-16" else 1
    assert rejects[2].byte_offset == len(data) - 3 * unit
    assert batches[-1].next_byte_offset == len(data)


class Trickle(BytesSource):
    """A source whose reads are as short as a network's may be."""

    def open(self, start_byte: int = 0):
        """A stream of single bytes."""
        stream = super().open(start_byte)

        class Single:
            def read(self, _size: int = -1) -> bytes:
                return stream.read(1)

            def close(self) -> None:
                stream.close()

        return Single()


def test_short_reads_change_nothing() -> None:
    """A stream may give less than it is asked for."""
    data = (HEAD + 'A,1,"x\ny"\nB,2\n' * 20).encode()
    feed = open_feed(Trickle(data), key="a.csv", profiles=BUILT_IN)
    assert gathered(feed.batches()) == read(data)


@pytest.mark.parametrize("max_rows", [1, 7, 1000])
def test_batches_are_no_larger_than_asked_for(max_rows: int) -> None:
    """Rows, rejects and skips count, so that a file of damage is bounded too."""
    data = HEAD + "A,1,x\nB\n\n" * 50
    batches = list(opened(data).batches(max_rows))
    sizes = [len(b.rows) + len(b.rejects) + len(b.skips) for b in batches]
    assert max(sizes) <= max_rows
    assert sum(sizes) == 150
