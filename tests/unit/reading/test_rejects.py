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

from feeds import Outcome, gathered, opened, read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.messages import message_bytes, message_text
from inventory.domain.model import ObjectVersion, Reject
from inventory.domain.rejects import (
    MAX_KEY_BYTES,
    MAX_MESSAGE_BYTES,
    RejectFile,
    file_reject,
    overflow_message,
    piece_key,
    reject_key,
    reject_message,
)
from sample_feeds.exports import exports

if TYPE_CHECKING:
    from sample_feeds.export import Export

VERSION = ObjectVersion(
    bucket="uploads", key="in/a b+c.csv", version_id="v1", etag="e", size_bytes=9, sequencer="0A"
)
TIME = "2026-01-02T03:04:05.000000Z"


def message(reject: Reject) -> dict[str, Any]:
    """The message of a reject."""
    return reject_message(reject, VERSION, "canonical", TIME)


def reject_file(data: bytes | str, key: str = "feed.csv") -> bytes:
    """The reject file of a feed."""
    feed = opened(data, key)
    sink = io.BytesIO()
    file = RejectFile(sink, header=feed.header, delimiter=feed.delimiter, quoted=feed.quoted)
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
        "message": "quantity 'many' is not a plain decimal number",
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
    body = overflow_message(7, VERSION, "canonical", TIME)
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
    body = overflow_message(7, version, "canonical", TIME)
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
    file = RejectFile(whole, header=feed.header)
    for reject in rejects:
        file.add(reject)
    file.finish()
    for at, reject in enumerate(rejects):
        piece = RejectFile(pieces, header=None if at else feed.header)
        piece.add(reject)
        piece.finish()
    assert pieces.getvalue() == whole.getvalue()


def test_the_file_has_the_columns_of_the_feed_and_three_more() -> None:
    """In the feed's own dialect, readable by spreadsheets."""
    data = 'sku;quantity;name\nA;many;"x;y"\n\nB;1\nC;1;z;!\nD;1;12" wide\n'
    assert reject_file(data).decode("utf-8-sig") == (
        "sku;quantity;name;line;error;message\n"
        "A;many;\"x;y\";2;type-error;quantity 'many' is not a plain decimal number\n"
        "B;1;4;missing-cell;the row has 2 cells, the header 3\n"
        "C;1;z;!;5;extra-cell;the row has 4 cells, the header 3\n"
        'D;1;"12"" wide";6;source-error;a quote in cell 3 neither begins nor ends it\n'
    )


def corrected(file: bytes, corrections: dict[str, str]) -> str:
    """The reject file with some cells changed, as a spreadsheet would save it."""
    text = file.decode("utf-8-sig")
    for wrong, right in corrections.items():
        assert wrong in text
        text = text.replace(wrong, right, 1)
    return text


def test_a_corrected_file_uploads_again_without_other_edits() -> None:
    """Line, error and message are dropped; what was corrected loads."""
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
    assert [row[:-3] for row in rows[0]] == [row[:-3] for row in rows[1]]


def test_a_feed_with_a_column_of_that_name_keeps_it() -> None:
    """Only the three together, at the end, are dropped."""
    file = reject_file("attr_line,sku,quantity\n7,A,many\n")
    outcome = read(corrected(file, {"7,A,many": "7,A,1"}))
    assert outcome.rows[0].attributes == {"attr_line": "7"}


def test_several_bad_cells_of_a_record_make_one_line() -> None:
    """In a feed with a column per location each is counted, but a record is corrected once."""
    header = "Handle,Title,SKU,COO,Main,Depot"
    data = f"{header}\nh,t,S,,x,y\nh,t,S2,,1,2\n"
    assert len(read(data).rejects) == 2
    first, second = (f"{name} is not a plain decimal number" for name in ("Main 'x'", "Depot 'y'"))
    assert reject_file(data).decode("utf-8-sig").splitlines() == [
        f"{header},line,error,message",
        f"h,t,S,,x,y,2,type-error,{first}; {second}",
    ]


@pytest.mark.parametrize(
    "export", [export for export in exports() if export.rejects], ids=lambda export: export.name
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


@settings(max_examples=200, deadline=None, derandomize=True)
@given(body=st.text('abA10,"\n é', max_size=80))
def test_no_cell_is_ever_lost(body: str) -> None:
    """Whatever was refused stands in the file, character by character."""
    data = "sku,quantity,name\nA,1,x\n" + body
    outcome: Outcome = gathered(opened(data).batches())
    rows = list(csv.reader(io.StringIO(reject_file(data).decode("utf-8-sig"), newline="")))[1:]
    assert [signs("".join(row[:-3])) for row in rows] == [signs(r.row) for r in outcome.rejects]
    assert [row[-3] for row in rows] == [str(reject.line) for reject in outcome.rejects]
