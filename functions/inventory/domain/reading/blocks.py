"""A stream of bytes as blocks of text that end where physical lines end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.encodings import UTF_8, FeedEncoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.reading.sources import FullReads

#: Bytes read at a time: large enough that the work per block vanishes, small enough for any memory.
BLOCK_BYTES = 1 << 18
#: Longest physical line and longest record in bytes and in characters; what an item can hold
#: (400 KB) fits more than twice, so nothing longer could load.
MAX_RECORD_SIZE = 1 << 20
#: How much of a longer line is kept to be reported.
_KEPT_BYTES = 1 << 16
_ONE_BYTE = FeedEncoding(UTF_8)


class TextBlock(NamedTuple):
    """Whole physical lines.

    Attributes:
        text: The lines; a missing line end at the end of the file is added.
        unreadable: True if it holds undecodable bytes or NUL.
        final: True if the file ends after it.
        added_bytes: Bytes of the added line end.
        long_line_bytes: Not 0 when the block is the beginning of one physical line above the
            limit: how many bytes it has. The rest of it is dropped.
    """

    text: str
    unreadable: bool
    final: bool = False
    added_bytes: int = 0
    long_line_bytes: int = 0


def text_blocks(
    stream: FullReads, encoding: FeedEncoding, *, block_bytes: int = BLOCK_BYTES
) -> Iterator[TextBlock]:
    """The stream's text in blocks; the last one, and only that, is final.

    Args:
        stream: Begins at the beginning of a physical line, after any byte order mark.
        encoding: Of the file.
        block_bytes: Read at a time.
    """
    size = min(block_bytes, MAX_RECORD_SIZE)
    carry = b""
    while data := stream.read(size):
        data = carry + data
        while len(data) > MAX_RECORD_SIZE and _first_line_end(data, encoding) > MAX_RECORD_SIZE:
            line_bytes, rest = _drop_line(stream, data, encoding, size)
            text, _ = encoding.decode(data[:_KEPT_BYTES])
            yield TextBlock(text, unreadable=True, long_line_bytes=line_bytes)
            data = rest
        cut = _last_line_end(data, encoding)
        if cut:
            yield TextBlock(*encoding.decode(data[:cut]))
        carry = data[cut:]
    text, unreadable = encoding.decode(carry)
    ended = not text or text.endswith("\r")
    added = 0 if ended else encoding.unit_bytes
    yield TextBlock(text if ended else text + "\n", unreadable, final=True, added_bytes=added)


def byte_blocks(stream: FullReads, encoding: FeedEncoding = _ONE_BYTE) -> Iterator[bytes]:
    """The stream in pieces that end at physical lines as far as these are of sensible length."""
    carry = b""
    while data := stream.read(BLOCK_BYTES):
        data = carry + data
        cut = _last_line_end(data, encoding) or (len(data) if len(data) > MAX_RECORD_SIZE else 0)
        if cut:
            yield data[:cut]
        carry = data[cut:]
    if carry:
        yield carry


def _first_line_end(data: bytes, encoding: FeedEncoding) -> int:
    """Position after the first line end; past the end of the data without one."""
    return min(_after(data, b"\n", encoding), _after(data, b"\r", encoding))


def _last_line_end(data: bytes, encoding: FeedEncoding) -> int:
    """Position after the last line end; 0 without one.

    A CR at the very end does not count: an LF may follow. A CR counts only where there is no LF,
    because few files have lone CRs, and those have nothing else.
    """
    unit = encoding.unit_bytes
    for character in ("\n", "\r"):
        mark = character.encode(encoding.name)
        at = data.rfind(mark, 0, len(data) - (unit if character == "\r" else 0))
        while at > 0 and at % unit:
            at = data.rfind(mark, 0, at + unit - 1)
        if at >= 0:
            return at + unit
    return 0


def _after(data: bytes, character: bytes, encoding: FeedEncoding) -> int:
    mark = character.decode("ascii").encode(encoding.name)
    at = data.find(mark)
    while at % encoding.unit_bytes and at > 0:
        at = data.find(mark, at + 1)
    return at + encoding.unit_bytes if at >= 0 else len(data) + 1


def _drop_line(
    stream: FullReads, data: bytes, encoding: FeedEncoding, size: int
) -> tuple[int, bytes]:
    """Read on to the end of the line that `data` begins with.

    Returns:
        The length of the line with its end, and the bytes after it.
    """
    unit = encoding.unit_bytes
    dropped = 0
    while (end := _first_line_end(data, encoding)) > len(data) - unit:
        # Also with a CR at the very end: an LF may follow. An odd byte waits for its other half.
        more = stream.read(size)
        if not more:
            return dropped + len(data), b""
        kept = len(data) % unit + (unit if end <= len(data) else 0)
        dropped += len(data) - kept
        data = data[len(data) - kept :] + more
    if data[end - unit : end + unit] == "\r\n".encode(encoding.name):
        end += unit
    return dropped + end, data[end:]
