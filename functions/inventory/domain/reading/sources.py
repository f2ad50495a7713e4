"""Where the bytes of a feed come from."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class ByteStream(Protocol):
    """A stream that can only be read forward."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end, and possibly fewer before it."""
        ...

    def close(self) -> None:
        """Give back what the stream holds."""
        ...


class FeedSource(Protocol):
    """Bytes that can be read more than once: an archive is verified before its first row."""

    def open(self, start_byte: int = 0) -> ByteStream:
        """A new stream from `start_byte` (of the bytes as stored) to the end."""
        ...


class BytesSource:
    """A source in memory.

    Args:
        data: The whole file.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, start_byte: int = 0) -> ByteStream:
        """A new stream from `start_byte` to the end."""
        return io.BytesIO(self._data[start_byte:])


class FullReads:
    """A stream whose reads are never shorter than asked for, except at the end.

    Args:
        stream: Where the bytes come from; closed with this one.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        pieces: list[bytes] = []
        missing = size
        while missing > 0 and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
