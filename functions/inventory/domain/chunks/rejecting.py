"""Rejects of one part: messages up to its share of the limit, and its piece of the file."""

from __future__ import annotations

import io
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, cast

from inventory.domain.rejects import RejectFile, overflow_message, reject_message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from inventory.domain.chunks.ports import PartStore
    from inventory.domain.model import ObjectVersion, Reject
    from inventory.domain.ports import RejectQueue
    from inventory.domain.reading.feed import Feed

#: Bytes that are kept in memory before they go to the temporary disk.
_SPOOLED_BYTES = 1 << 20
_MESSAGES_PER_SEND = 100


class PartRejects:
    """Publishes the rejects of one part, in bounded memory.

    A part that is repeated sends the same bodies again, with the same `id`s.

    Args:
        queue: Takes the messages.
        store: Takes the piece of the reject file.
        feed: The part, for the dialect of that file.
        version: Source of the rows.
        timestamp: ISO 8601 time of the messages.
        messages: Messages it may send.
    """

    def __init__(
        self,
        queue: RejectQueue,
        store: PartStore,
        feed: Feed,
        *,
        version: ObjectVersion,
        timestamp: str,
        messages: int,
    ) -> None:
        self._queue = queue
        self._store = store
        self._version = version
        self._profile = feed.profile
        self._timestamp = timestamp
        self._most = messages
        self._waiting: list[dict[str, Any]] = []
        self._count = 0
        self._sink = SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115  see close()
        self._file = _reject_file(cast("BinaryIO", self._sink), feed)
        self._beginning = self._sink.tell()

    def add(self, rejects: Sequence[Reject]) -> None:
        """Take rejects of rows; messages leave as they fill a request."""
        for reject in rejects:
            self._file.add(reject)
            if self._count < self._most:
                self._waiting.append(
                    reject_message(reject, self._version, self._profile, self._timestamp)
                )
            self._count += 1
        if len(self._waiting) >= _MESSAGES_PER_SEND:
            self._send()

    def finish(self, key: str) -> tuple[int, str]:
        """Send what waits and store the piece of the file under this key.

        Returns:
            Number of messages sent; and the key, "" when there were no rejects.
        """
        if not self._count:
            return 0, ""
        self._send()
        self._file.finish()
        self._sink.seek(self._beginning)
        self._store.put(key, cast("BinaryIO", self._sink))
        return min(self._count, self._most), key

    def close(self) -> None:
        """Drop the temporary file."""
        self._sink.close()

    def _send(self) -> None:
        if self._waiting:
            self._queue.send("row", self._waiting)
            self._waiting = []


def beginning_of_file(feed: Feed) -> bytes:
    """How the reject file of a feed begins."""
    sink = io.BytesIO()
    _reject_file(sink, feed)
    return sink.getvalue()


def pointer(more: int, feed: Feed, *, version: ObjectVersion, timestamp: str) -> dict[str, Any]:
    """Body of the one message that stands for the rejects past the limit.

    Args:
        more: How many have no message of their own.
        feed: Any part of the feed.
        version: Source of the rows.
        timestamp: ISO 8601 time.
    """
    return overflow_message(more, version, feed.profile, timestamp)


def _reject_file(sink: BinaryIO, feed: Feed) -> RejectFile:
    return RejectFile(sink, header=feed.header, delimiter=feed.delimiter, quoted=feed.quoted)
