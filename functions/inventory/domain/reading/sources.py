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


class BoundedStream:
    """The first bytes of another stream.

    Args:
        stream: Where the bytes come from; closed with this one.
        size_bytes: How many of them to give; None for all.
    """

    def __init__(self, stream: ByteStream, size_bytes: int | None) -> None:
        self._stream = stream
        self._left = size_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        if self._left is not None:
            size = min(size, self._left)
        pieces: list[bytes] = []
        missing = size
        while missing > 0:
            piece = self._stream.read(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._left is not None:
            self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the other stream."""
        self._stream.close()
