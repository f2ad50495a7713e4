"""From bytes to text, never to the wrong text in silence.

A file is in one encoding. A byte order mark decides it. Without one it is UTF-8, unless its profile
allows others; then the whole file is surveyed first (`survey`), and the majority of its lines with
non-ASCII bytes decides. Lines that contradict the decision are refused, each with an
encoding-error: their bytes become lone surrogates, which no good text holds, so that the record
around them is split and reported like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UTF_8 = "utf-8"
UTF_16_LE = "utf-16-le"
UTF_16_BE = "utf-16-be"
#: Encodings a profile may list besides UTF-8; each takes a survey of the file.
LEGACY_ENCODINGS = ("cp1252", "cp932")

_MARKS = ((b"\xef\xbb\xbf", UTF_8), (b"\xff\xfe", UTF_16_LE), (b"\xfe\xff", UTF_16_BE))
#: Characters that make a record unreadable: undecodable bytes and NUL.
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
# What people type in cp1252 between 0x80 and 0x9F; the rest of that range is rare there and common
# in cp932.
_COMMON_CP1252 = re.compile(rb"[^\x81-\x84\x86-\x90\x98\x9a-\x9f]*")


@dataclass(frozen=True, slots=True)
class FeedEncoding:
    """The one encoding of a file.

    Attributes:
        name: Python's name of the codec.
        mark_bytes: Length of the byte order mark the file begins with.
    """

    name: str
    mark_bytes: int = 0

    @property
    def unit_bytes(self) -> int:
        """Bytes of one ASCII character."""
        return 2 if self.name in (UTF_16_LE, UTF_16_BE) else 1

    def decode(self, data: bytes) -> tuple[str, bool]:
        """Text of whole physical lines, and whether any of it is unreadable.

        `byte_length` of any span of the text is the number of bytes it came from.
        """
        if self.name in LEGACY_ENCODINGS and not data.isascii():
            text = "".join(self._legacy_line(line) for line in data.splitlines(keepends=True))
            return text, UNREADABLE.search(text) is not None
        try:
            text = data.decode(self.name)
        except UnicodeDecodeError:
            if self.unit_bytes == 1:
                return data.decode(self.name, "surrogateescape"), True
            odd = data[len(data) & ~1 :]
            whole = data[: len(data) & ~1].decode(self.name, "surrogatepass")
            return whole + odd.decode("ascii", "surrogateescape"), True
        return text, "\0" in text

    def byte_length(self, text: str) -> int:
        """How many bytes of the file this text came from."""
        if self.unit_bytes == 2:  # noqa: PLR2004  surrogates  UTF-16
            return len(text.encode(self.name, "surrogatepass"))
        if text.isascii():
            return len(text)
        return len(text.encode(self.name, "surrogateescape"))

    def _legacy_line(self, line: bytes) -> str:
        """A line in a legacy encoding, unless it is UTF-8 and so contradicts the file."""
        if line.isascii():
            return line.decode("ascii")
        if is_utf_8(line):
            return line.decode("ascii", "surrogateescape")
        return line.decode(self.name, "surrogateescape")


def marked_encoding(start: bytes) -> FeedEncoding | None:
    """The encoding a byte order mark names; None without one."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return FeedEncoding(name, len(mark))
    return None


def survey(blocks: Iterable[bytes], legacy: Sequence[str]) -> FeedEncoding:
    """Decide the encoding of a file without a byte order mark whose profile allows several.

    UTF-8 wins unless more of the lines with non-ASCII bytes are invalid in it than valid. Then the
    legacy encoding in which most of those lines decode is taken, if that is more than half of
    them. Where cp1252 and cp932 decode as many, kana speak for cp932; without kana it is cp1252 as
    long as only bytes that are common there occur, for else nobody can tell.

    Args:
        blocks: The file in pieces that end at physical lines.
        legacy: Encodings of the profile besides UTF-8.

    Raises:
        BadFileError: The lines decode in none of the encodings, or nobody can tell in which.
    """
    valid = invalid = 0
    decoded = dict.fromkeys(legacy, 0)
    kana = False
    common = True
    for block in blocks:
        if block.isascii():
            continue
        for line in block.splitlines():
            if line.isascii():
                continue
            if is_utf_8(line):
                valid += 1
                continue
            invalid += 1
            for name in legacy:
                text = _decoded(line, name)
                decoded[name] += text is not None
                kana = kana or (name == "cp932" and text is not None and bool(_KANA.search(text)))
            common = common and _COMMON_CP1252.fullmatch(line) is not None
    if invalid <= valid:
        return FeedEncoding(UTF_8)
    most = max(decoded.values())
    names = [name for name, lines in decoded.items() if lines == most and 2 * lines > invalid]
    if len(names) > 1:
        names = ["cp932"] if kana else ["cp1252"] if common else []
    if not names:
        tried = ", ".join((UTF_8, *legacy))
        raise BadFileError(
            ErrorCode.ENCODING_ERROR, f"cannot tell the encoding of the text; tried {tried}"
        )
    return FeedEncoding(names[0])


def printable(text: str) -> str:
    r"""The text with undecodable bytes and NUL as `\xNN`, fit for messages."""
    if UNREADABLE.search(text) is None:
        return text
    escaped = UNREADABLE.sub(_escaped, text)
    return escaped.encode("utf-8", "replace").decode("utf-8")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"  # noqa: PLR2004  lone surrogates


def is_utf_8(line: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    return _decoded(line, UTF_8) is not None


def _decoded(line: bytes, name: str) -> str | None:
    try:
        return line.decode(name)
    except UnicodeDecodeError:
        return None
