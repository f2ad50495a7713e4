"""Refused rows as messages, and as a file that can be corrected and uploaded again."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import BUILT_IN, Outcome, gathered, opened, read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.messages import message_bytes, message_text
from inventory.domain.model import ObjectVersion, Reject
from inventory.domain.order import TIME_LENGTH, Tokens, base_of
from inventory.domain.reading import BytesSource, ProfileSet, open_feed
from inventory.domain.reading.corrections import guarded, restored
from inventory.domain.rejects import (
    MAX_KEY_BYTES,
    MAX_MESSAGE_BYTES,
    RejectFile,
    file_reject,
    piece_key,
    pointer_message,
    reject_key,
    reject_message,
)
from sample_exports import EXPORTS

if TYPE_CHECKING:
    from sample_exports import Export

VERSION = ObjectVersion(
    bucket="uploads", key="in/a b+c.csv", version_id="v1", etag="e", size_bytes=9, sequencer="0A"
)
TIME = "2026-01-02T03:04:05.000000Z"
BASE = base_of(TIME, "0A")


def place(line: int) -> str:
    """The last cell of a row of the reject file."""
    return f"{TIME}#0A{'0' * 30}#{line:012d}"


def message(reject: Reject) -> dict[str, Any]:
    """The message of a reject."""
    return reject_message(reject, VERSION, "canonical", TIME)


def reject_file(data: bytes | str, key: str = "feed.csv") -> bytes:
    """The reject file of a feed."""
    feed = opened(data, key)
    sink = io.BytesIO()
    file = RejectFile(
        sink, header=feed.header, base=BASE, delimiter=feed.delimiter, quoted=feed.quoted
    )
    for batch in feed.batches():
        for reject in batch.rejects:
            file.add(reject)
    file.finish()
    return sink.getvalue()


def test_a_message_says_everything_about_a_row() -> None:
    """Entry by entry; dead-letter consumers rest on them."""
    (reject,) = read("sku,quantity\nA,1\nB,many\n").rejects
    assert message(reject) == {
        "id": "uploads/in/a b+c.csv#v1/3",
        "error": "type-error",
        "message": "quantity 'many' is not a plain decimal number: write digits without a unit",
        "column": "quantity",
        "value": "many",
        "line": 3,
        "byte_offset": 17,
        "row": "B,many",
        "bucket": "uploads",
        "key": "in/a b+c.csv",
        "version_id": "v1",
        "profile": "canonical",
        "timestamp": TIME,
    }


@pytest.mark.parametrize("character", ["x", "é", "商", "😀", '"', "\x01", "\uffff"])
@pytest.mark.parametrize("size", [1_000, 300_000])
def test_a_large_row_is_cut_and_points_to_the_file(character: str, size: int) -> None:
    """Whatever the row holds, the message fits, and says where all of it is."""
    row = character * size
    body = message(Reject(2, 0, ErrorCode.EXTRA_CELL, row, "c", row, row, (row,)))
    assert message_bytes(body) <= MAX_MESSAGE_BYTES
    cut = body.get("row_truncated", False)
    assert cut == (size > 1_000)
    assert row.startswith(body["row"])
    if cut:
        assert message_bytes(body) > 0.9 * MAX_MESSAGE_BYTES
        assert body["reject_file"] == reject_key(VERSION) == "rejects/in/a b+c.csv/v1.csv"


def test_bytes_that_are_no_text_are_shown_in_messages() -> None:
    """A body can be encoded as UTF-8 whatever the row held."""
    (reject,) = read(b"sku,quantity\nA,1\nB\xff,2\n").rejects
    body = message(reject)
    assert (body["value"], body["row"]) == ("B\\xff", "B\\xff,2")
    message_text(body).encode()


def test_a_file_and_the_rest_past_the_limit_have_rejects_too() -> None:
    """Line 0 stands for the whole file."""
    error = BadFileError(ErrorCode.MISSING_LABEL, "no", line=1, column="c", value="v")
    assert message(file_reject(error))["id"] == "uploads/in/a b+c.csv#v1/1"
    body = pointer_message("7 more rows were refused", VERSION, "canonical", TIME)
    assert body["id"] == "uploads/in/a b+c.csv#v1/0"
    assert body["message"] == ("7 more rows were refused; all stand in rejects/in/a b+c.csv/v1.csv")
    assert body["reject_file"] == reject_key(VERSION)


@pytest.mark.parametrize("name", ["3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY.Mtr", "v" * 1024, "é" * 512])
@pytest.mark.parametrize("character", ["k", "é", "商", "😀", "/"])
@pytest.mark.parametrize("size", [1, 900, 970, 980, 1000, 1011, 1012, 1013, 1024])
def test_the_key_of_a_reject_file_is_never_longer_than_s3_takes(
    name: str, character: str, size: int
) -> None:
    """Whatever the object's key and its version id are; short ones stand as they are."""
    key = (character * size).encode()[:size].decode(errors="ignore") or "k"
    version = replace(VERSION, key=key, version_id=name)
    plain = f"rejects/{key}/{name}.csv"

    found = reject_key(version)

    assert len(found.encode()) <= MAX_KEY_BYTES
    assert (found == plain) == (len(plain.encode()) <= MAX_KEY_BYTES)
    assert found.startswith(f"rejects/{key[:190]}")
    assert found.endswith(".csv")
    assert len(piece_key(version, "2026-11-22T20:00:00.000000Z#" + "e" * 1024)) < 100


def test_objects_whose_long_names_differ_at_the_end_have_files_of_their_own() -> None:
    """What is left out of a key is in its hash."""
    long = "k" * 1023
    versions = [
        replace(VERSION, key=long + "a"),
        replace(VERSION, key=long + "b"),
        replace(VERSION, key=long + "a", version_id="v2"),
        replace(VERSION, key=long + "a", version_id="v" * 1000 + "1"),
        replace(VERSION, key=long + "a", version_id="v" * 1000 + "2"),
        replace(VERSION, key="k", version_id="v" * 1023 + "1"),
        replace(VERSION, key="k", version_id="v" * 1023 + "2"),
        replace(VERSION, key=long + "a", version_id=None, etag="e1"),
    ]
    assert len({reject_key(version) for version in versions}) == len(versions)
    assert reject_key(versions[0]) == reject_key(replace(versions[0], sequencer="other"))
    assert len({piece_key(version, "run") for version in versions}) == len(versions)
    assert piece_key(VERSION, "run 1") != piece_key(VERSION, "run 2")


def test_a_pointer_names_a_long_reject_file_whole() -> None:
    """The sentence is cut for readers, the key never is."""
    version = replace(VERSION, key="k" * 1024)
    body = pointer_message("7 more rows were refused", version, "canonical", TIME)
    assert body["reject_file"] == reject_key(version)
    assert len(body["reject_file"]) == MAX_KEY_BYTES


def test_every_character_can_be_sent_and_comes_back() -> None:
    """Bodies hold nothing but what SQS takes, and the reader of the JSON gets what was meant.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    allowed = {0x9, 0xA, 0xD, *range(0x20, 0xD800), *range(0xE000, 0xFFFE)}
    for code in range(0x10000):
        text = message_text({"row": f"a{chr(code)}b"})
        assert set(map(ord, text)) <= allowed
        assert json.loads(text) == {"row": f"a{chr(code)}b"}
    assert message_text({"row": "😀\U0010ffff"}) == '{"row":"😀\U0010ffff"}'


def test_a_piece_of_the_file_has_rows_alone() -> None:
    """Pieces are joined to the file that one run would have written."""
    feed = opened("sku,quantity\nA,many\nB\nC,1,2\n")
    rejects = [reject for batch in feed.batches() for reject in batch.rejects]
    whole, pieces = io.BytesIO(), io.BytesIO()
    file = RejectFile(whole, header=feed.header, base=BASE)
    for reject in rejects:
        file.add(reject)
    file.finish()
    for at, reject in enumerate(rejects):
        piece = RejectFile(pieces, header=None if at else feed.header, base=BASE)
        piece.add(reject)
        piece.finish()
    assert pieces.getvalue() == whole.getvalue()


def test_the_file_has_the_columns_of_the_feed_and_four_more() -> None:
    """In the feed's own dialect, readable by spreadsheets."""
    data = 'sku;quantity;name\nA;many;"x;y"\n\nB;1\nC;1;z;!\nD;1;12" wide\n'
    assert reject_file(data).decode("utf-8-sig") == (
        "sku;quantity;name;line;error;message;counts as of\n"
        "A;many;\"x;y\";2;type-error;quantity 'many' is not a plain decimal number: write digits "
        f"without a unit;{place(2)}\n"
        f"B;1;4;missing-cell;the row has 2 cells, the header 3;{place(4)}\n"
        f"C;1;z;!;5;extra-cell;the row has 4 cells, the header 3;{place(5)}\n"
        'D;1;"12"" wide";6;source-error;a quote in cell 3 neither begins nor ends it;'
        f"{place(6)}\n"
    )


def corrected(file: bytes, corrections: dict[str, str]) -> str:
    """The reject file with some cells changed, as a spreadsheet would save it."""
    text = file.decode("utf-8-sig")
    for wrong, right in corrections.items():
        assert wrong in text
        text = text.replace(wrong, right, 1)
    return text


def test_a_corrected_file_uploads_again_without_other_edits() -> None:
    """What was appended is dropped; what was corrected loads."""
    file = reject_file("sku,quantity,name\nA,many,x\nB,2\nC,3,ok\n")
    text = corrected(file, {"A,many,x": "A,7,x", "B,2": "B,2,y"})
    outcome = read(text)
    assert outcome.items == {("A", "default"): "7", ("B", "default"): "2"}
    assert [row.attributes for row in outcome.rows] == [{}, {}]
    assert opened(text).header == ("sku", "quantity", "name")
    assert not outcome.rejects


def test_a_file_that_is_uploaded_uncorrected_gives_the_same_rejects() -> None:
    """Nothing grows, and nothing loads by itself."""
    once = reject_file("sku,quantity\nA,many\nB\nC,1,2\n,\n")
    assert not read(once).rows
    assert [error for _, error, _ in read(once).errors] == [
        "type-error",
        "missing-cell",
        "extra-cell",
        "blank-row",
    ]
    again = reject_file(once)
    rows = [list(csv.reader(io.StringIO(f.decode("utf-8-sig")))) for f in (once, again)]
    # The lines are those of the file that is uploaded; the places stay.
    kept = [[(row[:-4], row[-3], row[-1]) for row in each] for each in rows]
    assert kept[0] == kept[1]


def test_a_feed_with_a_column_of_that_name_keeps_it() -> None:
    """Only the four together, at the end, are dropped."""
    file = reject_file("attr_line,sku,quantity\n7,A,many\n")
    outcome = read(corrected(file, {"7,A,many": "7,A,1"}))
    assert outcome.rows[0].attributes == {"attr_line": "7"}


def test_several_bad_cells_of_a_record_make_one_line() -> None:
    """In a feed with a column per location each is counted, but a record is corrected once."""
    header = "Handle,Title,SKU,COO,Main,Depot"
    data = f"{header}\nh,t,S,,x,y\nh,t,S2,,1,2\n"
    assert len(read(data).rejects) == 2
    first, second = (
        f"{name} is not a plain decimal number: write digits without a unit"
        for name in ("Main 'x'", "Depot 'y'")
    )
    assert reject_file(data).decode("utf-8-sig").splitlines() == [
        f"{header},line,error,message,counts as of",
        f"h,t,S,,x,y,2,type-error,{first}; {second},{place(2)}",
    ]


@pytest.mark.parametrize(
    "export", [export for export in EXPORTS if export.rejects], ids=lambda export: export.name
)
def test_the_file_of_every_export_is_recognised_again(export: Export) -> None:
    """The profile, the rejects and their columns are the same when it comes back."""
    file = reject_file(export.data, export.key)
    assert opened(file).profile == export.profile
    assert [error[1:] for error in read(file).errors] == [
        error[1:] for error in read(export.data, export.key).errors
    ]


def test_quotes_stay_ordinary_characters_where_the_dialect_has_none() -> None:
    """Amazon's tab-separated text, with a message that holds no tab."""
    header = "sku\tprice\tasin\tquantity\titem-name\n"
    data = header + 'A\t1\tB\tma\x0bny\t27" wide\n'
    file = reject_file(data).decode("utf-8-sig")
    start = 'A\t1\tB\tma\x0bny\t27" wide\t2\ttype-error\tquantity '
    assert file.split("\n")[1].startswith(start)
    outcome = read(corrected(file.encode(), {"ma\x0bny": "3"}))
    assert outcome.rows[0].name == '27" wide'


def test_undecodable_bytes_stay_as_they_were() -> None:
    """They are refused again until they are corrected."""
    file = reject_file(b"sku,quantity\nA,1\nB\xff,2\n")
    assert b"B\xff,2,3,encoding-error" in file
    assert read(file).errors == [(2, "encoding-error", "sku")]


def signs(text: str) -> str:
    """The text without what a writer of CSV adds."""
    return "".join(character for character in text if character not in '",\r\n')


@pytest.mark.slow
@settings(max_examples=200)
@given(body=st.text('abA10,"\n é', max_size=80))
def test_no_cell_is_ever_lost(body: str) -> None:
    """Whatever was refused stands in the file, character by character."""
    data = "sku,quantity,name\nA,1,x\n" + body
    outcome: Outcome = gathered(opened(data).batches())
    rows = list(csv.reader(io.StringIO(reject_file(data).decode("utf-8-sig"), newline="")))[1:]
    assert [signs("".join(restored(row[:-4]))) for row in rows] == [
        signs(r.row) for r in outcome.rejects
    ]
    assert [row[-4] for row in rows] == [str(reject.line) for reject in outcome.rejects]


def saved_by_a_spreadsheet(file: bytes) -> bytes:
    """The file as Excel saves it where the comma is the decimal separator."""
    rows = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=";", lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + saved.getvalue().encode()


@pytest.mark.parametrize("save", [bytes, saved_by_a_spreadsheet])
def test_a_correction_counts_as_of_the_file_it_came_from(save: Any) -> None:
    """It follows the refused row, and comes before the next line and before whatever is newer."""
    original = Tokens(BASE, "uploads/stock.csv#v1")
    file = save(reject_file("sku,quantity\nA,1\nA,many\nA,3\n").replace(b"A,many", b"A,2"))
    [row] = read(file).rows
    token = Tokens(base_of("2026-12-24T00:00:00.000000Z", "FF"), "u/c#v9").of(2, row.updated_at)
    newer = Tokens(base_of("2026-01-02T03:04:05.000001Z", ""), "uploads/stock.csv#v2")
    older = Tokens(base_of("2026-01-02T03:04:04.999999Z", "FF"), "uploads/stock.csv#v0")
    assert older.of(999, None) < original.of(3, None) < token < original.of(4, None)
    assert token < newer.of(1, None)
    assert token[:TIME_LENGTH] == TIME


def test_of_two_corrections_of_a_row_the_one_of_the_later_file_counts() -> None:
    """Whatever their sequencers: those of two keys cannot be compared, and an event may be lost."""
    file = reject_file("sku,quantity\nA,1\nB,many\n").replace(b"many", b"2")
    [row] = read(file).rows
    monday, tuesday = (
        Tokens(base_of(f"2026-01-0{day}T00:00:00.000000Z", sequencer), f"u/{day}#v")
        for day, sequencer in ((5, "FF"), (6, ""))
    )
    assert monday.of(2, row.updated_at) < tuesday.of(2, row.updated_at)


def test_a_correction_of_a_row_with_a_time_of_its_own_keeps_that() -> None:
    """Corrected in the file, it is the corrected one."""
    data = "sku,quantity,updated_at\nA,many,2025-01-01\nB,many,2025-01-01\n"
    file = reject_file(data).replace(b"many", b"1").replace(b"B,1,'2025-01-01", b"B,1,2025-02-03")
    tokens = Tokens(base_of(TIME, ""), "x")
    assert [tokens.of(row.line, row.updated_at)[:TIME_LENGTH] for row in read(file).rows] == [
        "2025-01-01T00:00:00.000000Z",
        "2025-02-03T00:00:00.000000Z",
    ]


def test_a_second_correction_counts_as_of_the_first_file() -> None:
    """What is refused twice keeps its place, however often it goes round."""
    once = reject_file("sku,quantity\nA,1\nB,many\n")
    twice = reject_file(b"\n".join([once.splitlines()[0], b"", once.splitlines()[1]]) + b"\n")
    assert place(3) in twice.decode()
    [row] = read(twice.replace(b"many", b"7")).rows
    assert row.updated_at == f"{place(3)}~"


@pytest.mark.parametrize(
    "header",
    [
        "sku,quantity,line,error,message",
        "sku,quantity,counts as of",
        "sku,quantity,line,error,counts as of,message",
        "counts as of,sku,quantity,line,error,message",
    ],
)
def test_a_reject_file_without_its_columns_is_refused(header: str) -> None:
    """Its rows would count as of now."""
    with pytest.raises(BadFileError, match="inventory rejects get"):
        opened(f"{header}\n{','.join('1' for _ in header.split(','))}\n")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("stores/north.rejects.csv", True),
        ("stores/north.rejects (1).csv", True),
        ("north.rejects", True),
        ("stores/north.csv", False),
        ("a.rejects.b/north.csv", False),
        ("stores/north.rejectsheet.csv", False),
    ],
)
def test_a_reject_file_without_any_of_its_columns_is_known_by_its_name(
    name: str, refused: bool
) -> None:
    """A spreadsheet in which somebody deleted them all leaves no other sign."""
    source = BytesSource(b"sku,quantity\nA,1\n")
    if not refused:
        open_feed(source, key=name, profiles=BUILT_IN)
        return
    with pytest.raises(BadFileError, match=r"this one does not.*another name"):
        open_feed(source, key=name, profiles=BUILT_IN)


@pytest.mark.parametrize("cell", ["", "2026-01-02", "now", "2026-01-02T03:04:05.000000Z", "x#1#2"])
def test_a_row_whose_place_was_lost_is_refused(cell: str) -> None:
    """It alone; and what it says then cannot be mistaken for a place."""
    file = reject_file("sku,quantity\nA,x\nB,y\n").decode("utf-8-sig")
    lines = file.replace("A,x", "A,1").replace("B,y", "B,2").replace(place(2), cell)
    outcome = read(lines)
    assert outcome.items == {("B", "default"): "2"}
    assert outcome.errors == [(2, "constraint-error", "counts as of")]


def test_a_place_later_than_the_file_is_refused() -> None:
    """No stock is known in advance."""
    file = reject_file("sku,quantity\nA,x\n").replace(b"A,x", b"A,1")
    source = BytesSource(file)
    feed = open_feed(source, key="a.csv", profiles=BUILT_IN, latest="2026-01-02T03:04:04.000000Z")
    assert gathered(feed.batches()).errors == [(2, "constraint-error", "counts as of")]


FORMULAS = ["=1+1", "+cmd", "-x", "@SUM(A1)", "\uff1dx", "'=kept", "''-kept"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_run_as_a_formula_and_all_come_back(formula: str) -> None:
    """Whether it stands in a cell, in a header or in the message; numbers stay numbers."""
    file = reject_file(f"sku,quantity,attr_x,unit_price\n{formula},many,{formula},-5\n")
    rows = list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))
    assert not any(cell[:1] in set("=+@\uff1d") or cell == "-x" for row in rows for cell in row)
    assert rows[1][3] == "-5"
    [row] = read(file.replace(b"many", b"1")).rows
    assert (row.sku, row.attributes["attr_x"]) == (formula, formula)
    assert read(file.replace(b",-5,", b",5,")).rejects[0].cells[0] == formula


# Values of the predicate that datatest publishes for what Excel changes, and some of its kinds.
# Source: https://datatest.readthedocs.io/en/stable/how-to/excel-auto-formatting.html
CHANGED_BY_EXCEL = [
    *("3-4", "3-2026", "MAR 1", "MAR-1", "MAR1", "2 sept", "9-Dec", "9 AM", "12p", "7:", "7:30:15"),
    *("007", "00.5", "1.200", "1.50", "5.", "5E3", "1e-3", "4006381333931", "12345678901234567"),
    *("+49", "12,5", ".5", "2026-11-26", "2026-11-26 10:00", "2026-11-26T10:00:00Z", "3/4", "50%"),
    *("TRUE", "false"),
]


@pytest.mark.parametrize("text", [*CHANGED_BY_EXCEL, "'007"])
def test_no_spreadsheet_saves_a_cell_otherwise_and_all_come_back(text: str) -> None:
    """Or a corrected row of 007 would set the stock of 7."""
    file = reject_file(f'sku,quantity,attr_x\n"{text}",many,"{text}"\n').decode("utf-8-sig")
    header, (sku, _, attribute, *rest) = csv.reader(file.splitlines())
    assert (sku, attribute) == (f"'{text}", f"'{text}")
    saved = io.StringIO()
    rows = [header, [sku, "1", attribute, *rest]]
    csv.writer(saved, delimiter=";", lineterminator="\r\n").writerows(rows)
    assert [each.attributes["attr_x"] for each in read(saved.getvalue()).rows] == [text]


@pytest.mark.parametrize(
    "text", ["0", "-5", "240", "12345678901", "A-100", "MARKER", "1 box", "3M"]
)
def test_what_spreadsheets_leave_alone_is_as_it_was(text: str) -> None:
    """Nobody has to wonder about an apostrophe."""
    assert guarded(text) == text


@settings(max_examples=200)
@given(cell=st.text("'=+-@\t01.,Ea", max_size=6))
def test_what_is_guarded_can_be_restored(cell: str) -> None:
    """And is nothing that a spreadsheet runs."""
    assert restored([guarded(cell)]) == [cell]
    assert guarded(cell)[:1] not in set("=@\t")


def test_a_part_of_a_sum_is_no_correction() -> None:
    """Alone it would replace what the other rows of the key add up to."""
    file = reject_file("sku,quantity\nA,5\nA,many\n").replace(b"many", b"7")
    lots = ProfileSet({}, {"lots/": {"on_duplicate": "sum"}})
    assert len(gathered(opened(file, "other.csv", lots).batches()).rows) == 1
    with pytest.raises(BadFileError, match="correct the whole file"):
        opened(file, "lots/a.csv", lots)
