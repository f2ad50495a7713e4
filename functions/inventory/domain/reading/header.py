"""The beginning of a feed: what it is packed in, its encoding, dialect, profile and columns.

All of it is decided before the first row is given, so that a file that is refused loads nothing.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice, product, tee
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.archives import Archive, archive_of, check_text, open_unpacked, verify
from inventory.domain.reading.blocks import TextBlock, byte_blocks
from inventory.domain.reading.encodings import (
    LEGACY_ENCODINGS,
    UNREADABLE,
    UTF_8,
    FeedEncoding,
    is_utf_8,
    marked_encoding,
    survey,
)
from inventory.domain.reading.evidence import A_PLACE, name_looks_like, title_looks_like
from inventory.domain.reading.grammar import grammar_of, physical_lines
from inventory.domain.reading.layout import NUMBERS
from inventory.domain.reading.profiles import DELIMITERS
from inventory.domain.reading.quantities import CELL_BREAK, POINT_FOR_SURE, UNGROUPED
from inventory.domain.reading.records import RecordSplitter
from inventory.domain.reading.rows import RecordMapper
from inventory.domain.reading.sources import BytesSource, FeedSource, FullReads
from inventory.domain.reading.workbooks import SHEET_DELIMITER, SheetSource, sheets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from inventory.domain.reading.layout import Layout
    from inventory.domain.reading.matching import ProfileSet

#: Read to look at a feed; a file that is shorter is not read again.
PROBE_BYTES = 1 << 17
#: Longest header record in characters; hundreds of columns take a tenth of it.
MAX_HEADER_CHARACTERS = 1 << 15
# The header is taken for damaged when none of the records that are looked at has its width: of at
# least three if they agree on another one, else of many.
_AGREEING_RECORDS = 3
_MANY_RECORDS = 16
# Where apostrophes are looked for, and how many cells in them are too many.
_SAMPLED_RECORDS = 100
_WRAPPED_CELLS = 3
# Titles, comments and blank lines above a header; and cells of a line that is no title.
_LINES_ABOVE_HEADER = 20
_CELLS_OF_HEADER = 3
_NOT_UTF_8 = (
    "the header is not UTF-8 text, and fits no profile that has another encoding: save the file as "
    'UTF-8 (in Excel "CSV UTF-8"), or describe it with `inventory profile FILE`'
)
_NO_SHEET = (
    "the workbook has no visible sheet that can be read; if it was saved as Strict Open XML, save "
    "it as Excel Workbook (.xlsx)"
)
_DELIMITER_SAID = re.compile(r'"?sep=([^"\r\n])"?[\r\n]', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedStart:
    """Findings from the beginning of a feed.

    Attributes:
        source: Where to read on: the file, or its unpacked bytes where they are known entirely.
        archive: How that source is packed.
        packed: How the file as stored is packed.
        layout: Its columns.
        encoding: Its encoding.
        body_byte: Byte of the unpacked file after the header.
        body_line: Physical line after the header.
        sheet: Index of the sheet among the visible ones; None where it is no workbook.
    """

    source: FeedSource
    archive: Archive
    packed: Archive
    layout: Layout
    encoding: FeedEncoding
    body_byte: int
    body_line: int
    sheet: int | None = None


def open_header(source: FeedSource, key: str, profiles: ProfileSet) -> FeedStart:
    """Look at the beginning of a feed.

    Args:
        source: The file as stored.
        key: Its object key, which may pin a profile.
        profiles: Profiles it may follow.

    Raises:
        BadFileError: The file is refused.
    """
    probe = _probe(source, Archive.NONE)
    archive = packed = archive_of(probe, key)
    if archive is Archive.WORKBOOK:
        return _open_sheet(source, key, profiles)
    name = ""
    if archive is not Archive.NONE:
        name = PurePosixPath(verify(source, archive)).stem
        probe = _probe(source, archive)
    check_text(probe)
    start = _open_text(source, archive, probe, key, profiles, packed=packed)
    _check_name(name, "file in the archive", start.layout)
    return start


def beginnings(source: FeedSource, key: str) -> dict[str, bytes]:
    """The first bytes of a file, unpacked, by ""; of a workbook those of each sheet by its name.

    Args:
        source: The file as stored.
        key: Its object key.

    Raises:
        BadFileError: It is no table of text.
    """
    archive = archive_of(_probe(source, Archive.NONE), key)
    if archive is not Archive.WORKBOOK:
        return {"": _probe(source, archive)}
    return {
        name: _probe(SheetSource(source, sheet), Archive.NONE)
        for sheet, name in enumerate(sheets_of(source))
    }


def _open_sheet(source: FeedSource, key: str, profiles: ProfileSet) -> FeedStart:
    """Look at the only sheet whose header fits, or the one that the feed names."""
    refusal: BadFileError | None = None
    wanted, names = profiles.feed_of(key).sheet, sheets_of(source)
    fitting: dict[str, FeedStart] = {}
    for sheet, name in enumerate(names):
        if wanted and name != wanted:
            continue
        lines = SheetSource(source, sheet)
        probe = _probe(lines, Archive.NONE)
        try:
            opening = _open_text(lines, Archive.NONE, probe, key, SheetProfiles(profiles))
            if not wanted:
                _check_name(name, "sheet", opening.layout)
        except BadFileError as error:
            refusal = refusal or error
        else:
            fitting[name] = replace(opening, sheet=sheet)
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        message = (
            f"the sheets {', '.join(map(repr, fitting))} all look like stock: let the feed name "
            "the one that counts (`sheet`), or put all rows on one, with a column for what parts "
            "them"
        )
        raise BadFileError(ErrorCode.CONSTRAINT_ERROR, message)
    message = f"the workbook has no visible sheet {wanted!r}; it has {', '.join(names)}"
    raise refusal or BadFileError(ErrorCode.SOURCE_ERROR, message if wanted else _NO_SHEET)


class Profiles(Protocol):
    """Finds the layout of a header; `ProfileSet` does.

    Attributes:
        delimiters: Those that the file may have.
    """

    delimiters: tuple[str, ...]

    def match(
        self, headers: Mapping[tuple[str, bool], Sequence[str]], key: str, *, legacy: str = ""
    ) -> Layout:
        """The layout; see `ProfileSet.match`."""
        ...


class SheetProfiles:
    """Profiles for the header of a sheet, whose dialect is not the one they were written for.

    Args:
        profiles: The profiles.
    """

    def __init__(self, profiles: ProfileSet) -> None:
        self._profiles = profiles
        self.delimiters: tuple[str, ...] = (SHEET_DELIMITER,)

    def match(
        self, headers: Mapping[tuple[str, bool], Sequence[str]], key: str, *, legacy: str = ""
    ) -> Layout:
        """As `ProfileSet.match`, in whatever dialect the profile has."""
        cells = [cell.replace(CELL_BREAK, " ") for cell in next(iter(headers.values()))]
        dialects = product(DELIMITERS, (True, False))
        return of_sheet(self._profiles.match(dict.fromkeys(dialects, cells), key, legacy=legacy))


def of_sheet(layout: Layout) -> Layout:
    """The layout for the CSV file that stands for a sheet."""
    profile = replace(layout.profile, quoted=True, encodings=())
    return replace(layout, delimiter=SHEET_DELIMITER, profile=profile, of_sheet=True)


def _open_text(
    source: FeedSource,
    archive: Archive,
    probe: bytes,
    key: str,
    profiles: Profiles,
    *,
    packed: Archive = Archive.NONE,
) -> FeedStart:
    """Look at the beginning of the text."""
    whole = len(probe) < PROBE_BYTES
    if whole:
        source, archive = BytesSource(probe), Archive.NONE
    marked = marked_encoding(probe)
    body = probe[marked.mark_bytes :] if marked else probe
    if whole and not body.strip():
        raise BadFileError(ErrorCode.SOURCE_ERROR, "the file is empty")
    if marked:
        (layout, beginning), encoding = _match(body, marked, key, profiles), marked
    else:
        layout, beginning = _match_unmarked(body, key, profiles)
        encoding = FeedEncoding(UTF_8)
        if layout.profile.encodings:
            with FullReads(open_unpacked(source, archive)) as stream:
                encoding = survey(byte_blocks(stream), layout.profile.encodings)
            layout, beginning = _match(body, encoding, key, profiles)
    text, unreadable = _text(body, encoding, whole=whole)
    opening = FeedStart(
        source=source,
        archive=archive,
        packed=packed,
        layout=layout,
        encoding=encoding,
        body_byte=encoding.mark_bytes + min(encoding.byte_length(beginning), len(body)),
        body_line=1 + len(physical_lines(beginning)),
    )
    rest = TextBlock(text[len(beginning) :], unreadable, final=whole)
    records, again, once_more = tee(_sampled(opening, rest), 3)
    _check_body(opening, rest, records)
    if layout.profile.quoted and '"' not in rest.text:
        _check_quotes(again)
    return replace(opening, layout=replace(layout, points=_shown_points(layout, once_more)))


def _probe(source: FeedSource, archive: Archive) -> bytes:
    with FullReads(open_unpacked(source, archive)) as stream:
        return stream.read(PROBE_BYTES)


def _text(body: bytes, encoding: FeedEncoding, *, whole: bool) -> tuple[str, bool]:
    """The probe's whole lines, and whether any of it is unreadable."""
    blocks = byte_blocks(FullReads(BytesSource(body).open()), encoding)
    first = next(blocks, b"")
    lines = b"".join(chain([first], blocks)) if whole else first
    text, unreadable = encoding.decode(lines)
    return (text if text.endswith(("\n", "\r")) else text + "\n"), unreadable


def _records(text: str, start: int, delimiters: Iterable[str]) -> dict[tuple[str, bool], str]:
    """The record at one place in every dialect in which it is well-formed."""
    records = {}
    for quoted in (True, False):
        for delimiter in delimiters:
            match = grammar_of(delimiter, quoted=quoted).record.match(text, start)
            if match is not None and len(match[0]) <= MAX_HEADER_CHARACTERS:
                records[delimiter, quoted] = match[0]
    return records


def _match(
    body: bytes,
    encoding: FeedEncoding,
    key: str,
    profiles: Profiles,
    *,
    legacy: str = "",
) -> tuple[Layout, str]:
    """The layout by the first record that is a header, and the text up to its end.

    Titles may stand above it, comments, blank lines, and Excel's `sep=;`.
    """
    text, _ = _text(body, encoding, whole=len(body) + encoding.mark_bytes < PROBE_BYTES)
    lines = physical_lines(text)[: 1 + _LINES_ABOVE_HEADER]
    if "\0" in lines[0]:
        raise BadFileError(ErrorCode.SOURCE_ERROR, "the file is not text", line=1)
    said = _DELIMITER_SAID.match(text)
    delimiters = (said[1],) if said else profiles.delimiters
    start, widest = 0, 0
    refusal: BadFileError | None = None
    for number, line in enumerate(lines, 1):
        records = _records(text, start, delimiters)
        try:
            layout = _match_record(records, key, profiles, legacy=legacy)
        except BadFileError as error:
            # The first record of three cells is what people would call the header.
            cells = max(_filled(line, each) for each in delimiters)
            if refusal is None or widest < _CELLS_OF_HEADER <= cells:
                error.line = number
                refusal, widest = error, cells
        else:
            if all(_is_title(each, layout) for each in lines[: number - 1]):
                _check_titles(lines[: number - 1], layout)
                record = records[layout.delimiter, layout.profile.quoted]
                return layout, text[: start + len(record)]
        start += len(line)
    if refusal is None:  # a header stands below what is no title
        message = "no header within the first lines"
        refusal = BadFileError(ErrorCode.MISSING_LABEL, message, line=1)
    raise refusal


def _match_record(
    records: Mapping[tuple[str, bool], str],
    key: str,
    profiles: Profiles,
    *,
    legacy: str,
) -> Layout:
    """The layout by one record in all its dialects."""
    headers = {
        (delimiter, quoted): grammar_of(delimiter, quoted=quoted).split(physical_lines(record))[0]
        for (delimiter, quoted), record in records.items()
    }
    if not headers:
        message = f"the header is longer than {MAX_HEADER_CHARACTERS} characters"
        raise BadFileError(ErrorCode.SOURCE_ERROR, message, line=1)
    if any(UNREADABLE.search(record) for record in records.values()):
        raise BadFileError(ErrorCode.ENCODING_ERROR, _NOT_UTF_8, line=1)
    try:
        return profiles.match(headers, key, legacy=legacy)
    except BadFileError as error:
        if any(quoted for _, quoted in headers):
            raise
        message = f"a quote in the header is misplaced or has no end; {error.message}"
        raise BadFileError(ErrorCode.SOURCE_ERROR, message, line=1) from None


def _filled(line: str, delimiter: str) -> int:
    """Cells of a line that are not blank."""
    return sum(bool(cell.strip(' "\r\n')) for cell in line.split(delimiter))


def _is_title(line: str, layout: Layout) -> bool:
    """Tell whether a line may stand above the header: a comment, or fewer cells than it."""
    most = min(_CELLS_OF_HEADER, sum(bool(label.strip()) for label in layout.header))
    return line.startswith("#") or _filled(line, layout.delimiter) < most


def _check_titles(lines: Sequence[str], layout: Layout) -> None:
    """Nothing above the header says that all rows are of one place or state, which nobody reads.

    Raises:
        BadFileError: Something does, and the feed does not name its profile.
    """
    placed = "location" in layout.indexes or layout.profile.location.in_header
    for number, line in enumerate(lines, 1):
        kind = title_looks_like(line)
        if layout.pinned or kind is None or (kind == A_PLACE and placed):
            continue
        message = (
            f"{line.strip()[:80]!r} above the header looks like {kind}, and nothing reads it. If "
            "the file is stock, describe it with `inventory profile FILE` (--at names the one "
            "location of every row), name the profile for its feed, or leave the line out"
        )
        raise BadFileError(ErrorCode.CONSTRAINT_ERROR, message, line=number)


def _check_name(name: str, of_what: str, layout: Layout) -> None:
    """The name of a table says nothing that its header does not.

    Raises:
        BadFileError: It says that no stock is in it, and the feed does not name its profile.
    """
    kind = None if layout.pinned else name_looks_like(name)
    if kind is not None:
        message = (
            f"the name of the {of_what}, {name[:80]!r}, looks like {kind}. If it holds stock, give "
            "it another name, or name the profile for its feed"
        )
        raise BadFileError(ErrorCode.CONSTRAINT_ERROR, message)


def _match_unmarked(body: bytes, key: str, profiles: Profiles) -> tuple[Layout, str]:
    """The layout by a header in UTF-8, or else in an encoding that its profile allows."""
    try:
        return _match(body, FeedEncoding(UTF_8), key, profiles)
    except BadFileError as error:
        beginning = b"".join(body.splitlines(keepends=True)[: 1 + _LINES_ABOVE_HEADER])
        if error.code is not ErrorCode.ENCODING_ERROR and is_utf_8(beginning):
            raise
        for name in LEGACY_ENCODINGS:
            with suppress(BadFileError):
                return _match(body, FeedEncoding(name), key, profiles, legacy=name)
        raise


def _check_body(opening: FeedStart, rest: TextBlock, records: Iterable[list[str]]) -> None:
    """Rows follow the header, and the first ones do not all contradict its width."""
    if rest.final and not rest.text.strip():
        raise BadFileError(ErrorCode.SOURCE_ERROR, "the file has a header and no rows", line=1)
    _check_width(opening.layout.width, records)


def _check_quotes(records: Iterable[list[str]]) -> None:
    """The cells of a file without quotes are not quoted with apostrophes instead."""
    sampled = islice(records, _SAMPLED_RECORDS)
    wrapped = sum(len(c) > 1 and c[0] == c[-1] == "'" for cells in sampled for c in cells)
    if wrapped >= _WRAPPED_CELLS:
        message = "cells are quoted with apostrophes instead of quotes"
        raise BadFileError(ErrorCode.SOURCE_ERROR, message, line=1)


def _shown_points(layout: Layout, records: Iterable[list[str]]) -> frozenset[str]:
    """Fields in whose columns the first rows tell that "1.200" has a fraction.

    A number with a point that can be nothing else says it of all columns. Thousands without a
    separator say it of their own: in another column they may be grouped.
    """
    found: set[str] = set()
    for cells in () if layout.delimiter == ";" else records:
        for at, field in layout.numbers.items():
            cell = cells[at].strip() if at < len(cells) else ""
            if POINT_FOR_SURE.fullmatch(cell):
                return frozenset(NUMBERS)
            if UNGROUPED.fullmatch(cell):
                found.add(field)
    return frozenset(found)


def _check_width(width: int, records: Iterable[list[str]]) -> None:
    """At least one of the records that were looked at has the width of the header."""
    widths: list[int] = []
    for cells in records:
        if len(cells) == width:
            return
        widths.append(len(cells))
    seen = sorted(set(widths) - {0})
    agree = len(seen) == 1 and 0 not in widths
    if len(widths) >= (_AGREEING_RECORDS if agree else _MANY_RECORDS):
        have = ", ".join(map(str, seen[:_AGREEING_RECORDS])) or "no legible"
        raise BadFileError(
            ErrorCode.MISSING_LABEL,
            f"the header names {width} columns, but the first rows have {have} cells",
            line=1,
        )


def _sampled(opening: FeedStart, rest: TextBlock) -> Iterator[list[str]]:
    """The first records that are not blank; damaged lines without cells."""
    layout = opening.layout
    grammar = grammar_of(layout.delimiter, quoted=layout.profile.quoted)
    splitter = RecordSplitter(
        grammar,
        RecordMapper(layout),
        opening.encoding,
        line=opening.body_line,
        byte_offset=opening.body_byte,
    )
    for span in splitter.split([rest]):
        if span.damage:
            yield from [[]] * len(physical_lines(span.text))
        else:
            yield from filter(None, grammar.reader(physical_lines(span.text)))
