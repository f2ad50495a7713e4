"""Archives of one file: gzip (also concatenated) and zip, verified before the first row is given.

Both are read forward only, in bounded memory. `verify` decompresses everything once and checks all
that can be wrong with an archive, so that a damaged one loads nothing at all.

Sources: RFC 1952 (gzip); APPNOTE.TXT 6.3.10, sections 4.3 and 4.5 (zip, zip64).
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

from inventory.domain.errors import BadFileError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.reading.sources import ByteStream, FeedSource

_PIECE_BYTES = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_DESCRIPTOR = b"PK\x07\x08"
_ZIP_DIRECTORY = b"PK\x01\x02"
_ZIP64_END = b"PK\x06\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP_END = b"PK\x05\x06"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_AFTER_DATA = 0x1, 0x8
_IN_ZIP64 = 0xFFFFFFFF

_SEVERAL = "the archive holds more than one file: put one file into it"
#: Most that the members may unpack to which a Mac puts beside a file.
_MOST_BESIDE_BYTES = 1 << 20

#: First bytes of files that hold no text, what they are, and what to do.
_AS_CSV = "save it as CSV (UTF-8) or as .xlsx"
_TABLE = "export the table itself, as CSV (UTF-8) or .xlsx"
_PACKED = "pack it as .zip or .gz"
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls), or a protected one",
        _AS_CSV,
    ),
    (b"%PDF", "a PDF", _TABLE),
    (b"\x89PNG", "an image", _TABLE),
    (b"\xff\xd8\xff", "an image", _TABLE),
    (b"GIF8", "an image", _TABLE),
    (b"II*\x00", "an image", _TABLE),
    (b"PAR1", "a Parquet file", "export it as CSV (UTF-8)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _PACKED),
    (b"Rar!", "a RAR archive", _PACKED),
    (b"BZh", "a bzip2 archive", _PACKED),
    (b"\xfd7zXZ", "an xz archive", _PACKED),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _PACKED),
)
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*(?:"|\})')
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype|html|table|!--)", re.IGNORECASE)
#: Names with which the first part of a workbook begins, and that of an OpenDocument file.
_WORKBOOK_PARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_OPEN_DOCUMENT_PART = b"mimetype"
_NAME_AT = 30


class Archive(StrEnum):
    """How a feed is packed."""

    NONE = "none"
    GZIP = "gzip"
    ZIP = "zip"
    WORKBOOK = "workbook"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveLimits:
    """Bounds against archives made to exhaust whoever unpacks them.

    Attributes:
        size_bytes: Most that an archive may unpack to.
        ratio: Most times its own size that it may unpack to; deflate reaches 1,032, text 5 to 50.
        free_bytes: Unpacked size from which on the ratio counts.
    """

    size_bytes: int = 64 << 30
    ratio: int = 250
    free_bytes: int = 32 << 20


DEFAULT_LIMITS = ArchiveLimits()


def archive_of(start: bytes, key: str) -> Archive:
    """How a file is packed, by its first bytes.

    Raises:
        BadFileError: It is of another kind than text, or its name says it is an archive and its
            bytes do not.
    """
    lowered = key.lower()
    if start.startswith(_GZIP_MAGIC):
        return Archive.GZIP
    if start.startswith(_ZIP_MAGIC):
        name = start[_NAME_AT:]
        if name.startswith(_OPEN_DOCUMENT_PART):
            _refuse(f"this is an OpenDocument file: {_AS_CSV}")
        workbook = name.startswith(_WORKBOOK_PARTS) or lowered.endswith((".xlsx", ".xlsm"))
        return Archive.WORKBOOK if workbook else Archive.ZIP
    check_text(start)
    if start and lowered.endswith((".gz", ".zip", ".xlsx")):
        _refuse(f"the name ends in .{lowered.rpartition('.')[2]}, but this is no such file")
    return Archive.NONE


def check_text(start: bytes) -> None:
    """Refuse what is known not to be a table of text.

    Raises:
        BadFileError: It is; the message says what to do.
    """
    for magic, kind, advice in _OTHERS:
        if start.startswith(magic):
            _refuse(f"this is {kind}: {advice}")
    if start.startswith((_ZIP_MAGIC, _GZIP_MAGIC)):
        _refuse("the archive holds an archive or a workbook: upload that one itself")
    if _JSON.match(start):
        _refuse("this is JSON: export the table as CSV (UTF-8) or .xlsx")
    if _MARKUP.match(start):
        _refuse(
            f"this is HTML or XML, whatever its name says: open it in a spreadsheet and {_AS_CSV}"
        )


def open_unpacked(source: FeedSource, archive: Archive, start_byte: int = 0) -> ByteStream:
    """A stream of the unpacked bytes.

    Args:
        source: The file as stored.
        archive: How it is packed.
        start_byte: Where to begin, counted in unpacked bytes.
    """
    if archive is Archive.NONE:
        return source.open(start_byte)
    unpacked = _Unpacked(source.open(), archive, DEFAULT_LIMITS)
    left = start_byte
    while left > 0 and (skipped := unpacked.read(min(left, _PIECE_BYTES))):
        left -= len(skipped)
    return unpacked


def verify(source: FeedSource, archive: Archive, limits: ArchiveLimits = DEFAULT_LIMITS) -> str:
    """Unpack everything once and check it.

    Returns:
        The name that a zip gives its file; "" in any other archive.

    Raises:
        BadFileError: The archive is truncated, damaged, encrypted, holds not exactly one file, has
            bytes after its end, or exceeds the limits.
    """
    if archive is Archive.NONE:
        return ""
    unpacked = _Unpacked(source.open(), archive, limits)
    try:
        while unpacked.read(_PIECE_BYTES):
            pass
    finally:
        unpacked.close()
    return unpacked.name


def _refuse(message: str) -> NoReturn:
    raise BadFileError(ErrorCode.SOURCE_ERROR, message)


class _Packed:
    """The packed bytes, with what a decompressor took too much of put back."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._back = b""
        self.taken_bytes = 0
        self.file_name = ""

    def some(self) -> bytes:
        """A few bytes; none at the end."""
        data = self._back or self._stream.read(_PIECE_BYTES)
        self._back = b""
        self.taken_bytes += len(data)
        return data

    def put_back(self, data: bytes) -> None:
        self._back = data + self._back
        self.taken_bytes -= len(data)

    def exactly(self, size: int) -> bytes:
        data = self.up_to(size)
        if len(data) < size:
            _refuse("the archive is truncated")
        return data

    def up_to(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self.some()):
            data += more
        self.put_back(data[size:])
        return data[:size]


class _Unpacked:
    """A stream of unpacked bytes that checks while it is read."""

    def __init__(self, stream: ByteStream, archive: Archive, limits: ArchiveLimits) -> None:
        self._stream = stream
        self._packed = _Packed(stream)
        pieces = _gunzip if archive is Archive.GZIP else _unzip
        self._pieces = _bounded(pieces(self._packed), self._packed, limits)
        self._waiting = b""

    @property
    def name(self) -> str:
        """Name of the file in a zip, as far as it was reached."""
        return self._packed.file_name

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._waiting:
            self._waiting = next(self._pieces, b"")
        if size < 0:
            size = len(self._waiting)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def close(self) -> None:
        self._stream.close()


def _bounded(pieces: Iterator[bytes], packed: _Packed, limits: ArchiveLimits) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limits.size_bytes:
            _refuse(f"the archive unpacks to more than {limits.size_bytes} bytes")
        if size > limits.free_bytes and size > limits.ratio * packed.taken_bytes:
            _refuse(f"the archive unpacks to more than {limits.ratio} times its size")
        if piece:
            yield piece


def _inflate(packed: _Packed, window_bits: int) -> Iterator[bytes]:
    """Pieces of one deflate stream, none longer than `_PIECE_BYTES`."""
    inflater = zlib.decompressobj(window_bits)
    data = b""
    while not inflater.eof:
        data = data or packed.some()
        if not data:
            _refuse("the archive is truncated")
        try:
            piece = inflater.decompress(data, _PIECE_BYTES)
        except zlib.error:
            _refuse("the archive is damaged")
        data = inflater.unconsumed_tail
        yield piece
    packed.put_back(inflater.unused_data)


def _gunzip(packed: _Packed) -> Iterator[bytes]:
    """Members one after another, as `cat a.gz b.gz` makes them; zlib checks CRC and length."""
    while start := packed.up_to(2):
        if start != _GZIP_MAGIC:
            _refuse("the archive has bytes after its end")
        packed.put_back(start)
        yield from _inflate(packed, 16 + zlib.MAX_WBITS)


def _unzip(packed: _Packed) -> Iterator[bytes]:
    """The one file of a zip; folders, and what a Mac puts beside a file, are passed over."""
    members = files = passed = 0
    while (start := packed.up_to(4)) == _ZIP_MAGIC:
        members += 1
        header = struct.unpack("<5H3L2H", packed.exactly(26))
        name = packed.exactly(header[8])
        beside = _is_beside(name)
        files += not beside
        if files > 1:
            _refuse(_SEVERAL)
        if not beside:
            packed.file_name = name.decode("utf-8", "replace")
        for piece in _member(packed, header, folder=name.endswith(b"/")):
            if not beside:
                yield piece
                continue
            passed += len(piece)
            if passed > _MOST_BESIDE_BYTES:
                _refuse(_SEVERAL)
    packed.put_back(start)
    _check_end(packed, members)
    if not files:
        _refuse("the archive holds no file")


def _is_beside(name: bytes) -> bool:
    """Tell whether a member is a folder, or one of those that a Mac puts beside a file."""
    base = name.rpartition(b"/")[2]
    return (
        not base or name.startswith(b"__MACOSX/") or base.startswith(b"._") or base == b".DS_Store"
    )


def _member(packed: _Packed, header: tuple[int, ...], *, folder: bool) -> Iterator[bytes]:
    """The data of a member, checked against its header or what follows it."""
    _, flags, method, _, _, crc, packed_size, size, _, extra_length = header
    extra = packed.exactly(extra_length)
    if flags & _ENCRYPTED:
        _refuse("the archive is encrypted")
    if method not in (_STORED, _DEFLATED):
        _refuse("the archive is packed in another way than deflate")
    after_data = bool(flags & _SIZES_AFTER_DATA)
    if after_data and method == _STORED and not folder:
        _refuse("the archive does not say how long its file is")
    zip64 = _zip64_sizes(extra)
    if zip64 is not None and size == _IN_ZIP64:
        size, packed_size = zip64
    begin = packed.taken_bytes
    got_crc = got_size = 0
    pieces = _inflate(packed, -zlib.MAX_WBITS) if method else _stored(packed, packed_size)
    for piece in pieces:
        got_crc = zlib.crc32(piece, got_crc)
        got_size += len(piece)
        yield piece
    got_packed_size = packed.taken_bytes - begin
    if after_data:
        crc, packed_size, size = _descriptor(packed, wide=zip64 is not None)
    if (crc, packed_size, size) != (got_crc, got_packed_size, got_size):
        _refuse("the archive is damaged: its file is not what its header says")


def _stored(packed: _Packed, size: int) -> Iterator[bytes]:
    while size:
        piece = packed.exactly(min(size, _PIECE_BYTES))
        size -= len(piece)
        yield piece


def _zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    """Size and packed size of the zip64 extra field (id 1) of a local header."""
    while len(extra) >= 4:  # noqa: PLR2004  two 16-bit numbers: id and length
        id_, length = struct.unpack_from("<HH", extra)
        if id_ == 1:
            sizes = extra[4 : 4 + length]
            if len(sizes) < 16:  # noqa: PLR2004  two 64-bit numbers
                return (0, 0)
            size, packed_size = struct.unpack_from("<QQ", sizes)
            return size, packed_size
        extra = extra[4 + length :]
    return None


def _descriptor(packed: _Packed, *, wide: bool) -> tuple[int, int, int]:
    """CRC, packed size and size that follow the data; the signature before them is optional."""
    start = packed.exactly(4)
    if start != _ZIP_DESCRIPTOR:
        packed.put_back(start)
    layout = "<LQQ" if wide else "<LLL"
    crc, packed_size, size = struct.unpack(layout, packed.exactly(struct.calcsize(layout)))
    return crc, packed_size, size


def _check_end(packed: _Packed, members: int) -> None:
    """A directory entry for each member, the end record, and nothing after it."""
    entries = 0
    while (magic := packed.exactly(4)) != _ZIP_END:
        if magic == _ZIP_DIRECTORY:
            entries += 1
            fixed = packed.exactly(42)
            packed.exactly(sum(struct.unpack_from("<3H", fixed, 24)))
        elif magic == _ZIP64_END:
            (length,) = struct.unpack("<Q", packed.exactly(8))
            if length > _PIECE_BYTES:
                _refuse("the archive's directory is damaged")
            packed.exactly(length)
        elif magic == _ZIP64_LOCATOR:
            packed.exactly(16)
        else:
            _refuse("the archive's directory is damaged")
    if entries != members:
        _refuse("the archive's directory does not name what the archive holds")
    (comment_length,) = struct.unpack_from("<H", packed.exactly(18), 16)
    packed.exactly(comment_length)
    if packed.up_to(1):
        _refuse("the archive has bytes after its end")
