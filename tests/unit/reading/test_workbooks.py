"""Excel workbooks: typed cells, the sheet that fits, bounds, and what is refused."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from datetime import datetime

import openpyxl
import pytest
from openpyxl.xml.constants import SHARED_STRINGS

from feeds import gathered, opened, read
from inventory.domain.errors import BadFileError
from inventory.domain.reading import BytesSource, ProfileSet, Share, continue_feed, workbooks

HEADER = ["sku", "quantity", "name", "updated_at", "unit\nprice"]


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook's file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(rows, *, before: str = "Notes") -> bytes:
    """A workbook whose second sheet has these rows; its first has another table."""
    book = openpyxl.Workbook()
    book.active.title = before
    book.active.append(["Shop", "Phone", "Street"])
    sheet = book.create_sheet("Stock")
    for row in rows:
        sheet.append(row)
    return saved(book)


def replaced(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with another content of a part."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in {*old.namelist(), name}:
            new.writestr(part, content if part == name else old.read(part))
    return file.getvalue()


ROWS = [
    ["Stock list of May"],
    [],
    HEADER,
    [12345.0, 5, "two\nlines", datetime(2026, 1, 2), 1.234],  # noqa: DTZ001  Excel has no zones
    ["00123", 1.5, None, None, 0.1 + 0.2],
    [],
    ["=A4", 7],
    [8850000000000000000, 3],
    ["A", True],
    ["B", "1.200"],
    ["C", 1200],
]


def test_typed_cells_are_read_as_what_people_see() -> None:
    """Numbers without a fraction, dates, line breaks; lines are the numbers of the rows."""
    outcome = read(workbook(ROWS), "stock.xlsx")
    assert [(row.line, row.sku, row.quantity) for row in outcome.rows] == [
        (4, "12345", "5"),
        (5, "00123", "1.5"),
        (11, "C", "1200"),
    ]
    first, second, *_ = outcome.rows
    assert (first.name, first.unit_price) == ("two lines", "1.234")
    assert first.updated_at == "2026-01-02T00:00:00.000000Z"
    assert second.unit_price == "0.3"
    assert outcome.reasons == [(6, "blank row")]
    # A formula without a stored value, a number whose digits Excel has lost, a truth value, a
    # text that could be a thousand.
    assert outcome.errors == [
        (7, "type-error", "sku"),
        (8, "type-error", "sku"),
        (9, "type-error", "quantity"),
        (10, "type-error", "quantity"),
    ]


@pytest.mark.parametrize(
    ("form", "number", "sku"),
    [
        ("00000", 123, "00123"),
        ('"SKU-"000', 7, "SKU-007"),
        ('"A"0', 12, "A12"),
        (r"\M\-00", 123, "M-123"),
        ("000-0000", 1234567, "123-4567"),
        ("0000;-0000", 12, "0012"),
        ("0000_)", 12, "0012"),
        ('0" pcs"', 12, "12"),
        ("#,##0", 1234, "1234"),
        ("0.00", 12, "12"),
        ("0000", 1.5, "1.5"),
    ],
)
def test_a_sku_is_the_number_as_its_format_shows_it(form: str, number: float, sku: str) -> None:
    """Zeros and text before them belong to it, as they do in the CSV file that Excel saves."""
    book = openpyxl.Workbook()
    book.active.append(["sku", "quantity"])
    book.active.append([number, 7])
    book.active["A2"].number_format = form
    assert read(saved(book), "a.xlsx").items == {(sku, "default"): "7"}


def test_a_date_is_no_sku_and_no_location() -> None:
    """Excel has made it of `MAR-1`, or of `10:20`; as a time of the row it is one."""
    day = datetime(2024, 3, 1)  # noqa: DTZ001  Excel has no zones
    rows = [
        ["sku", "quantity", "location", "updated_at"],
        ["A", 1, "North", day],
        [day, 2, "North", day],
        [day.time(), 3, "North", day],
        ["B", 4, day, day],
        ["3-1", 5, "North", day],
    ]
    outcome = read(workbook(rows), "a.xlsx")
    assert outcome.items == {("A", "North"): "1", ("3-1", "North"): "5"}
    columns = ["sku", "sku", "location"]
    assert outcome.errors == [(3 + n, "type-error", each) for n, each in enumerate(columns)]


def test_hidden_sheets_are_not_read() -> None:
    """What nobody sees is no stock list."""
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS)))
    book["Stock"].sheet_state = "hidden"
    with pytest.raises(BadFileError, match="fits no profile"):
        read(saved(book), "a.xlsx")


def test_a_profile_of_another_dialect_fits_a_sheet() -> None:
    """Amazon's files have tabs and no quotes; saved as a workbook they are what they were."""
    rows = [["sku", "asin", "price", "quantity"], ["M", "B0", 19.5, 4], ['5" "x"', "B1", 2, 5]]
    outcome = read(workbook(rows), "a.xlsx")
    assert outcome.items == {("M", "default"): "4", ('5" "x"', "default"): "5"}


@pytest.mark.parametrize("max_rows", [1, 3])
def test_a_sheet_continues_from_the_end_of_any_batch(max_rows: int) -> None:
    """Like any feed, shared or not."""
    data = workbook(ROWS)
    feed = opened(data, "a.xlsx")
    state = json.loads(json.dumps(feed.state()))
    for share in (None, Share(0, 2), Share(1, 2)):
        batches = list(feed.batches(max_rows, share))
        for index, batch in enumerate(batches):
            rest = continue_feed(
                state,
                BytesSource(data),
                start_byte=batch.next_byte_offset,
                start_line=batch.next_line,
            )
            assert gathered(rest.batches(share=share)) == gathered(batches[index + 1 :])


BOOK = workbook(ROWS)
SHEET = "xl/worksheets/sheet2.xml"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BOOK[:2000], "truncated"),
        (BOOK[:-30], "truncated"),
        (BOOK.replace(b"xl/workbook.xml", b"xl/workbork.xml"), "damaged"),
        (replaced(BOOK, SHEET, b"<worksheet"), "damaged"),
        (replaced(BOOK, SHEET, BOMB + b"<worksheet/>"), "document type"),
        (
            replaced(BOOK, SHEET, (BOMB + b"<worksheet/>").decode().encode("utf-16")),
            "document type",
        ),
        (replaced(BOOK, "xl/media/x.bin", b" " * (33 << 20)), "times its size"),
        (replaced(BOOK, "xl/styles.xml", b"<a>" + b" " * (17 << 20)), "styles.xml is larger"),
    ],
)
def test_fails_on_a_workbook_that_is_damaged_or_a_bomb(data: bytes, message: str) -> None:
    """Before the first row, and before anything of that size is in memory."""
    with pytest.raises(BadFileError, match=message):
        read(data, "a.xlsx")


def test_fails_on_a_row_larger_than_memory_should_hold(monkeypatch) -> None:
    """A part that never ends a row is refused while it is read."""
    monkeypatch.setattr(workbooks, "_MAX_PART_BYTES", 1 << 18)
    xmlns = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = b'<row r="1"><c t="str"><v>sku</v></c></row><row r="2">' + b"<c/>" * (1 << 17)
    sheet = b'<worksheet xmlns="%s"><sheetData>%s</row></sheetData></worksheet>' % (xmlns, rows)
    with pytest.raises(BadFileError, match="a row of more than"):
        read(replaced(BOOK, SHEET, sheet), "a.xlsx")


NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PART = '<Override PartName="/xl/sharedStrings.xml" ContentType="{}"/></Types>'


def with_texts(texts: list[str], rows: str) -> bytes:
    """A workbook of one sheet, written as Excel does: with its texts in a part of their own."""
    book = openpyxl.Workbook()
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    types = types.replace("</Types>", PART.format(SHARED_STRINGS))
    data = replaced(data, "[Content_Types].xml", types.encode())
    strings = "".join(f"<si>{text}</si>" for text in texts)
    data = replaced(data, "xl/sharedStrings.xml", f"<sst {NS}>{strings}</sst>".encode())
    sheet = f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>"
    return replaced(data, "xl/worksheets/sheet1.xml", sheet.encode())


TEXTS = [
    "<t>sku</t>",
    "<t>quantity</t>",
    "<r><t>M_x0020_</t></r><r><t>1</t></r><rPh><t>x</t></rPh>",
]
CELLS = (
    '<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
    '<row r="2" ht="20"><c t="s"><v>2</v></c><c><v>4</v></c></row>'
)


def test_shared_texts_are_read_without_their_phonetic_guide() -> None:
    """Rich text is one text, and escaped characters are characters."""
    assert read(with_texts(TEXTS, CELLS), "a.xlsx").items == {("M 1", "default"): "4"}


@pytest.mark.parametrize("name", ["MAX_WORKBOOK_BYTES", "MAX_TEXT_BYTES"])
def test_fails_on_more_than_the_temporary_disk_holds(monkeypatch, name: str) -> None:
    """The workbook and its shared texts lie there."""
    monkeypatch.setattr(workbooks, name, 3)
    with pytest.raises(BadFileError, match="save"):
        read(with_texts(TEXTS, CELLS), "a.xlsx")


def test_fails_on_more_texts_than_the_temporary_disk_holds(monkeypatch) -> None:
    """Texts without a character count, too."""
    monkeypatch.setattr(workbooks, "MAX_TEXT_BYTES", 300)
    assert read(with_texts(TEXTS, CELLS), "a.xlsx").rows
    with pytest.raises(BadFileError, match="bytes of text"):
        read(with_texts([*TEXTS, *["<t/>"] * 40], CELLS), "a.xlsx")


def test_rows_that_were_read_are_forgotten(monkeypatch) -> None:
    """Memory does not depend on their number."""
    monkeypatch.setattr(workbooks, "_PIECE_BYTES", 1 << 12)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for number in range(2_500):
        sheet.append([f"SKU-{number:07}", number])
    stream = workbooks.SheetSource(BytesSource(saved(book)), 0).open()
    tracemalloc.start()
    held = []
    while stream.read(1 << 12):
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(held) > 8
    assert held[-1] < held[3] + 20_000


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old Excel workbook \(.xls\).*as .xlsx"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis", "OpenDocument"),
        (b"%PDF-1.7\n", "a PDF: export the table itself"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b'[{"sku": "A", "quantity": 1}]', "JSON: export the table"),
        (b'\xef\xbb\xbf\n{ "items": []}', "JSON: export the table"),
        (b"<html><table><tr><td>sku</td>", "HTML or XML"),
        (b'<?xml version="1.0"?><Workbook/>', "HTML or XML"),
    ],
)
def test_fails_on_what_is_no_table_of_text_and_says_what_to_do(start, message) -> None:
    """Whatever its name is."""
    for key in ("stock.csv", "stock.xls"):
        with pytest.raises(BadFileError, match=message):
            read(start + b"\n" * 40, key)


def test_of_several_sheets_of_stock_the_feed_names_one() -> None:
    """Else the stock of the others would be lost in silence."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, quantity in (("Berlin", 5), ("Hamburg", 7)):
        sheet = book.create_sheet(name)
        sheet.append(["sku", "quantity"])
        sheet.append(["A1", quantity])
    data = saved(book)
    with pytest.raises(BadFileError, match="'Berlin', 'Hamburg' all look like stock"):
        opened(data, "a.xlsx")
    feeds = {"h/": {"sheet": "Hamburg"}, "b/": {"sheet": "Bremen"}}
    profiles = ProfileSet(feeds=feeds)
    assert read(data, "h/a.xlsx", profiles).items == {("A1", "default"): "7"}
    with pytest.raises(BadFileError, match="no visible sheet 'Bremen'; it has Berlin, Hamburg"):
        opened(data, "b/a.xlsx", profiles)


@pytest.mark.parametrize("name", ["Returns", "Orders May", "Reserved"])
def test_fails_on_a_sheet_that_is_called_like_no_stock(name: str) -> None:
    """Unless the feed names the sheet or the profile; another sheet may be stock."""
    book = openpyxl.Workbook()
    book.active.title = name
    for row in (["sku", "quantity"], ["A", 5]):
        book.active.append(row)
    data = saved(book)
    with pytest.raises(BadFileError, match=f"name of the sheet, '{name}', looks like"):
        read(data, "a/b.xlsx")
    for feed in ({"sheet": name}, {"profile": "canonical"}):
        assert read(data, "a/b.xlsx", ProfileSet(feeds={"a/": feed})).rows
    stock = book.create_sheet("Warehouse May")
    for row in (["sku", "quantity"], ["B", 7]):
        stock.append(row)
    assert read(saved(book), "a/b.xlsx").items == {("B", "default"): "7"}


def test_a_formula_without_a_stored_value_is_rejected() -> None:
    """Blank cells of a vendor mean that an article is not stocked; this one says nothing."""
    header = ["Handle", "Title", "SKU", "Location", "On hand (current)"]
    rows = [header, ["h", "t", "A", "Main", "=2+3"], ["h", "t", "B", "Main", 7]]
    rows += [["h", "=A1", "C", "Main", 7], ["h", "t", "D", "Main", None]]
    rows.append([None, None, "Total", None, "=SUM(E2:E4)"])
    outcome = read(workbook(rows))
    assert outcome.items == {("B", "Main"): "7"}
    assert outcome.errors == [
        (2, "type-error", "On hand (current)"),
        (4, "type-error", "Title"),
    ]
    assert {reject.message for reject in outcome.rejects} == {
        "the formula has no stored value; open the workbook in Excel and save it"
    }
    assert outcome.reasons == [(5, "not stocked"), (6, "total line")]


def test_a_formula_whose_value_is_no_text_is_blank() -> None:
    """Excel stores that as a text without characters."""
    data = workbook([["sku", "quantity", "name"], ["A", 5, "=B1"]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        path = next(name for name in archive.namelist() if name.endswith("sheet2.xml"))
        sheet = archive.read(path)
    changed = sheet.replace(b'<c r="C2"', b'<c r="C2" t="str"')
    assert changed != sheet
    assert read(replaced(data, path, changed)).rows[0].name is None


def test_a_line_break_parts_keys_and_is_a_blank_in_other_cells() -> None:
    """What is corrected in the reject file is what stood in the workbook."""
    rows = [["sku", "quantity", "name", "attr_note"], ["A1\nA2", 5, "x", None]]
    rows += [["B", 7, "two\nlines", "a\r\nb"]]
    outcome = read(workbook(rows))
    assert [(row.sku, row.name, row.attributes) for row in outcome.rows] == [
        ("B", "two lines", {"attr_note": "a b"})
    ]
    assert outcome.errors == [(2, "constraint-error", "sku")]
    assert outcome.rejects[0].cells == ("A1\nA2", "5", "x", "")
