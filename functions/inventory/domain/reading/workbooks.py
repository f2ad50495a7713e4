"""Excel workbooks (.xlsx): a sheet as the text of a CSV file, row by row.

openpyxl reads the parts of the workbook and the cells; here it is told to forget what it has read,
so that memory does not depend on the number of rows, and what a workbook may hold is bounded. Each
row of the sheet becomes one line, so that lines are the row numbers that people see.

Sources: ECMA-376-1, 18.3 (sheets) and 18.4 (shared strings);
https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3 (Excel's limits).
"""

from __future__ import annotations

import csv
import io
import os
import re
import struct
import tempfile
import zipfile
import zlib
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, NoReturn
from xml.etree.ElementTree import iterparse
from xml.parsers import expat

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.archives import DEFAULT_LIMITS
from inventory.domain.reading.quantities import CELL_BREAK

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from xml.etree.ElementTree import Element

    from inventory.domain.reading.sources import ByteStream, FeedSource

#: Delimiter of the CSV file that stands for a sheet. With it the text `1.200` is in doubt; the
#: numbers of a sheet are not.
SHEET_DELIMITER = ";"
#: Text of a cell whose formula has no stored value: what wrote the workbook computes none.
NO_VALUE = "(formula without a value)"
#: Largest workbook, and largest sum of its shared texts; both are kept on the temporary disk.
MAX_WORKBOOK_BYTES = 200 << 20
MAX_TEXT_BYTES = 200 << 20
#: Largest part besides sheets and shared texts, and most XML of one row.
_MAX_PART_BYTES = 16 << 20
_MAX_DIRECTORY_BYTES = 4 << 20
_MAX_ROWS = 1 << 20
#: Rows that tell how wide the table is: shorter ones are filled up with blank cells.
_FIRST_ROWS = 50
#: Digits that Excel keeps of a number.
_DIGITS = 15

_IS_XML = re.compile(r".*\.(?:xml|rels)", re.IGNORECASE | re.DOTALL)
#: Parts that are read in pieces, however large they are.
_HAS_ROWS = re.compile(r"xl/(?:worksheets/|sharedStrings|pivotCache/)")
_PROLOG_PIECE = 1 << 10
_MAX_PROLOG_BYTES = 1 << 16
_BREAKS = re.compile(r"[\r\n]+")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: A part of a number's format: a quoted or an escaped text, a sign that stands for itself, a digit.
_FORMAT_PART = re.compile(r'"[^"]*"|\\.|[- /()0]')
_ZEROS_AND_TEXT = re.compile(rf"(?:{_FORMAT_PART.pattern}|_.)*+")
_PADDING = re.compile(r"_.")
_AMBIGUOUS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_PIECE_BYTES = 1 << 16
_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
#: Where a shared text ends.
_PLACE = struct.Struct("<Q")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

#: What openpyxl, zipfile and the XML parser raise where a workbook is not as it should be.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class SheetSource:
    """One sheet of a workbook as a CSV file: UTF-8 with a mark, semicolons, a line for each row.

    Args:
        source: The workbook as stored.
        sheet: Index among its visible sheets.
    """

    def __init__(self, source: FeedSource, sheet: int) -> None:
        self._source = source
        self._sheet = sheet

    def open(self, start_byte: int = 0) -> ByteStream:
        """A new stream from `start_byte` of the CSV file to its end."""
        stream = _Lines(_csv(self._source, self._sheet))
        while start_byte > 0 and (skipped := stream.read(min(start_byte, _PIECE_BYTES))):
            start_byte -= len(skipped)
        return stream


def sheets_of(source: FeedSource) -> list[str]:
    """Names of the visible sheets, after every byte of all sheets was checked.

    Raises:
        BadFileError: The workbook is damaged or exceeds the limits.
    """
    with _opened(source) as reader:
        sheets = _sheets(reader)
        for path in sheets.values():
            with reader.archive.open(path) as part:
                while part.read(_PIECE_BYTES):
                    pass
        return list(sheets)


def _csv(source: FeedSource, sheet: int) -> Generator[bytes]:
    """The lines of the CSV file, some at a time."""
    yield b"\xef\xbb\xbf"
    with _opened(source) as reader, _texts(reader) as texts:
        path = list(_sheets(reader).values())[sheet]
        with reader.archive.open(path) as part:
            rows = _rows(reader, _Part(part), texts)
            first = list(islice(rows, _FIRST_ROWS))
            width = max((len(cells) for _, cells in first), default=0)
            lines = io.StringIO(newline="")
            writer = csv.writer(lines, delimiter=SHEET_DELIMITER, lineterminator="\n")
            next_number = 1
            for number, cells in chain(first, rows):
                if not next_number <= number <= _MAX_ROWS:
                    _refuse(f"the workbook's row {number} is out of order")
                lines.write("\n" * (number - next_number))
                writer.writerow(cells + [""] * (width - len(cells)))
                next_number = number + 1
                if lines.tell() >= _PIECE_BYTES:
                    yield lines.getvalue().encode()
                    lines.seek(0)
                    lines.truncate()
            yield lines.getvalue().encode()


def _rows(reader: Any, stream: _Part, texts: _Texts) -> Iterator[tuple[int, list[str]]]:
    """Numbers and cells of the rows that are not blank."""
    from openpyxl.worksheet._reader import WorkSheetParser

    book = reader.wb
    parser = WorkSheetParser(
        stream,
        texts,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )
    cell_text = _CellText(book)
    data: Any = None
    for event, element in iterparse(stream, events=("start", "end")):
        if event == "start":
            data = element if element.tag == _MAIN + "sheetData" else data
        elif element.tag == _MAIN + "row":
            number, found = parser.parse_row(element)
            parser.row_dimensions.clear()
            data.clear()
            stream.forget()
            cells: list[str] = []
            for cell, part in zip(found, element, strict=True):
                cells += [""] * (cell["column"] - 1 - len(cells))
                cells.append(NO_VALUE if _lacks_value(part) else cell_text.of(cell))
            if any(map(str.strip, cells)):
                yield number, cells
        elif element is data:
            return


def _lacks_value(cell: Element) -> bool:
    """Tell whether a cell has a formula whose value nobody has computed; it may be no text."""
    if cell.find(_MAIN + "f") is None:
        return False
    value = cell.find(_MAIN + "v")
    return value is None or (not value.text and cell.get("t") != "str")


class _CellText:
    """Text that stands in a CSV file for a cell.

    Args:
        book: openpyxl's workbook, with its formats.
    """

    def __init__(self, book: Any) -> None:
        self._book = book
        self._forms: dict[int, list[str | None]] = {}

    def of(self, cell: dict[str, Any]) -> str:
        """The text: numbers plain, dates in ISO 8601, line breaks as `CELL_BREAK`."""
        value = cell["value"]
        if value is None:
            return ""
        if isinstance(value, str):
            return _BREAKS.sub(
                CELL_BREAK, _ESCAPED.sub(_unescaped, value) if "_x" in value else value
            )
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int | float):
            return self._number(value, cell["style_id"])
        if isinstance(value, datetime):
            whole_day = value.time() == time()
            return value.date().isoformat() if whole_day else value.isoformat(timespec="seconds")
        return value.isoformat() if isinstance(value, date | time) else str(value)

    def _number(self, value: float, style: int) -> str:
        number = Decimal(f"{value:.{_DIGITS}g}")
        if abs(number) >= 10**_DIGITS:
            # Excel has made zeros of its last digits: what it shows is refused as a SKU.
            return f"{number:E}"
        text = f"{number:f}"
        if _AMBIGUOUS.fullmatch(text):
            return text + "0"  # a fraction for sure
        return self._as_shown(text, style) if text.isdecimal() else text

    def _as_shown(self, digits: str, style: int) -> str:
        """A whole number by its format: filled up with zeros, with the text that stands in it."""
        if style not in self._forms:
            number = self._book._cell_styles[style].numFmtId
            own = number - 164  # Source: ECMA-376-1, 18.8.30: those below are built in
            formats = self._book._number_formats
            self._forms[style] = _shown_form(formats[own] if 0 <= own < len(formats) else "")
        form = self._forms[style]
        if not form:
            return digits
        more = form.count(None) - 1
        digits = digits.zfill(more + 1)
        first = len(digits) - more  # the first place takes what the others leave
        shown = iter([digits[:first], *digits[first:]])
        return "".join(next(shown) if part is None else part for part in form)


def _shown_form(number_format: str) -> list[str | None]:
    """The parts of a format of zeros and text, None for each digit; none where it is another."""
    section = number_format.partition(";")[0]
    if not _ZEROS_AND_TEXT.fullmatch(section):
        return []
    parts = [
        None if part == "0" else part.strip('"').removeprefix("\\")
        for part in _FORMAT_PART.findall(_PADDING.sub("", section))
    ]
    digits = parts.count(None)
    # A text behind a single digit is a unit, and no part of the number.
    return parts if digits > 1 or (digits and parts[0] is not None) else []


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


class _Part:
    """A part of the workbook that ends where one row or text of it is too large.

    Args:
        stream: The part's bytes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._bytes = 0

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        data = self._stream.read(size)
        self._bytes += len(data)
        if self._bytes > _MAX_PART_BYTES:
            _refuse(f"the workbook has a row of more than {_MAX_PART_BYTES} bytes")
        return data

    def forget(self) -> None:
        """Begin to count again: what was read is not kept any more."""
        self._bytes = 0


class _Texts:
    """The shared texts of a workbook, on the temporary disk.

    Args:
        texts: Takes them.
        ends: Takes where each of them ends.
    """

    def __init__(self, texts: IO[bytes], ends: IO[bytes]) -> None:
        self._texts = texts
        self._ends = ends
        self._end = self._written = 0
        ends.write(_PLACE.pack(0))

    def add(self, text: str) -> None:
        """Take the next text."""
        data = text.encode("utf-8", "surrogatepass")
        self._end += len(data)
        self._written += len(data) + _PLACE.size
        if self._written > MAX_TEXT_BYTES:
            _refuse(f"the workbook holds more than {MAX_TEXT_BYTES} bytes of text: save it as CSV")
        self._texts.write(data)
        self._ends.write(_PLACE.pack(self._end))

    def flush(self) -> None:
        """No text comes any more."""
        self._texts.flush()
        self._ends.flush()

    def __getitem__(self, index: int) -> str:
        places = os.pread(self._ends.fileno(), 2 * _PLACE.size, index * _PLACE.size)
        start, end = (place for (place,) in _PLACE.iter_unpack(places))
        data = os.pread(self._texts.fileno(), end - start, start)
        return data.decode("utf-8", "surrogatepass")


@contextmanager
def _texts(reader: Any) -> Iterator[_Texts]:
    """The shared texts of a workbook."""
    from openpyxl.xml.constants import SHARED_STRINGS

    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as ends:
        texts = _Texts(file, ends)
        place = reader.package.find(SHARED_STRINGS)
        if place is not None:
            with reader.archive.open(place.PartName[1:]) as stream:
                part, root = _Part(stream), None
                for event, element in iterparse(part, events=("start", "end")):
                    root = element if root is None else root
                    if event == "end" and element.tag == _MAIN + "si":
                        # Phonetic text beside it is none of it.
                        own = element.findall(f"{_MAIN}t") + element.findall(f"{_MAIN}r/{_MAIN}t")
                        texts.add("".join(each.text or "" for each in own))
                        root.clear()
                        part.forget()
        texts.flush()
        yield texts


@contextmanager
def _opened(source: FeedSource) -> Iterator[Any]:
    """The workbook, with its parts and formats read."""
    with tempfile.TemporaryFile() as file:
        with closing(source.open()) as stream:
            while data := stream.read(_PIECE_BYTES):
                if file.tell() + len(data) > MAX_WORKBOOK_BYTES:
                    _refuse(
                        f"the workbook has more than {MAX_WORKBOOK_BYTES} bytes: save it as CSV"
                    )
                file.write(data)
        try:
            _check_directory(file)
            from openpyxl.reader.excel import ExcelReader
            from openpyxl.styles.stylesheet import apply_stylesheet

            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            _check_sizes(reader.archive, file.seek(0, io.SEEK_END))
            reader.read_manifest()
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            yield reader
        except _DAMAGE as error:
            message = "the workbook is damaged or encrypted: save it again, or as CSV"
            raise BadFileError(ErrorCode.SOURCE_ERROR, message) from error


def _sheets(reader: Any) -> dict[str, str]:
    """Names of the visible sheets, in their order, to where they are."""
    return {
        sheet.name: rel.target
        for sheet, rel in reader.parser.find_sheets()
        if sheet.state == "visible"
        and rel.Type.endswith("/worksheet")
        and rel.target in reader.valid_files
    }


def _check_directory(file: IO[bytes]) -> None:
    """Bound the zip's directory before it is read, all at once, into memory."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END_BYTES - (1 << 16), 0))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        _refuse("the workbook is truncated")
    (directory,) = struct.unpack_from("<L", tail, at + 12)
    # A locator says that the numbers stand elsewhere, which no workbook of this size needs.
    if directory > _MAX_DIRECTORY_BYTES or _LOCATOR in tail[max(at - _LOCATOR_BYTES, 0) : at]:
        _refuse("the workbook's directory is too large: save it again, or as CSV")


def _check_sizes(archive: zipfile.ZipFile, packed: int) -> None:
    """Bound what the workbook unpacks to; zipfile gives no more of a part than its entry says."""
    limits, total = DEFAULT_LIMITS, 0
    for part in archive.infolist():
        total += part.file_size
        if _IS_XML.fullmatch(part.filename):
            if part.file_size > _MAX_PART_BYTES and not _HAS_ROWS.match(part.filename):
                _refuse(f"the workbook's {part.filename} is larger than {_MAX_PART_BYTES} bytes")
            with archive.open(part) as stream:
                _check_prolog(stream)
    large = total > limits.free_bytes and total > limits.ratio * packed
    if large or total > limits.size_bytes:
        _refuse(f"the workbook unpacks to more than {limits.ratio} times its size")


def _check_prolog(stream: IO[bytes]) -> None:
    """Refuse a document type, in which entities stand that are made to exhaust memory."""
    begun = False

    def begin(*_: object) -> None:
        nonlocal begun
        begun = True

    def refuse(*_: object) -> None:
        if not begun:
            _refuse("the workbook has a document type, which no spreadsheet writes")

    parser, left = expat.ParserCreate(), _MAX_PROLOG_BYTES
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    while not begun and (data := stream.read(_PROLOG_PIECE)):
        left -= len(data)
        if left < 0:
            _refuse("the workbook's XML does not begin")
        parser.Parse(data)


def _refuse(message: str) -> NoReturn:
    raise BadFileError(ErrorCode.SOURCE_ERROR, message)


class _Lines:
    """A stream of pieces.

    Args:
        pieces: The bytes, some at a time.
    """

    def __init__(self, pieces: Generator[bytes]) -> None:
        self._pieces = pieces
        self._waiting = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._waiting = piece
        if size < 0:
            size = len(self._waiting)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def close(self) -> None:
        """Give back the workbook."""
        self._pieces.close()
