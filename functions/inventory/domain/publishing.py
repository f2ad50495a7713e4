"""Rejects on their way out: messages up to a limit, and one file with all of them."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from inventory.domain.rejects import RejectFile, overflow_reject, reject_key, reject_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import ObjectVersion, Reject
    from inventory.domain.ports import Feed, RejectQueue, Reports

#: Bytes of a reject file that are kept in memory before they go to the temporary disk.
_SPOOLED_BYTES = 1 << 20

_MESSAGES_PER_SEND = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectDoors:
    """Where rejects leave, and how many as messages.

    Attributes:
        queue: The dead-letter queue.
        reports: The reports bucket.
        message_limit: Messages per object version before one stands for the rest.
    """

    queue: RejectQueue
    reports: Reports
    message_limit: int


class RejectPublisher:
    """Publishes the rejects of one run, in bounded memory.

    Delivery is at least once: a run that is repeated sends the same bodies again, with the same
    `id`s, and stores the same file.

    Args:
        doors: Where rejects leave.
        version: Source of the rows.
        feed: Its profile, columns and dialect.
        timestamp: ISO 8601 time of the messages.
    """

    def __init__(
        self,
        doors: RejectDoors,
        *,
        version: ObjectVersion,
        feed: Feed,
        timestamp: str,
    ) -> None:
        self._doors = doors
        self._version = version
        self._feed = feed
        self._timestamp = timestamp
        self._waiting: list[dict[str, Any]] = []
        self._count = 0
        self._spool: SpooledTemporaryFile[bytes] | None = None
        self._file: RejectFile | None = None

    def add(self, rejects: Sequence[Reject]) -> None:
        """Take rejects of rows; messages leave as they fill a request."""
        if not rejects:
            return
        if self._file is None:
            self._spool = SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115  see close()
            self._file = RejectFile(
                self._spool,
                header=self._feed.header,
                delimiter=self._feed.delimiter,
                quoted=self._feed.quoted,
            )
        for reject in rejects:
            self._file.add(reject)
            if self._count < self._doors.message_limit:
                self._waiting.append(self._message(reject))
            self._count += 1
        if len(self._waiting) >= _MESSAGES_PER_SEND:
            self._send_waiting()

    def finish(self) -> int:
        """Send what waits, store the file, and point at it when the limit was passed.

        Returns:
            Number of messages sent.
        """
        sent = min(self._count, self._doors.message_limit)
        if self._file is not None and self._spool is not None:
            self._send_waiting()
            self._file.finish()
            self._spool.seek(0)
            self._doors.reports.put(
                reject_key(self._version),
                cast("BinaryIO", self._spool),
                content_type="text/csv; charset=utf-8",
            )
            if self._count > sent:
                overflow = overflow_reject(self._count - sent, self._version)
                self._doors.queue.send("file", [self._message(overflow)])
                sent += 1
        return sent

    def close(self) -> None:
        """Drop the temporary file."""
        if self._spool is not None:
            self._spool.close()

    def _message(self, reject: Reject) -> dict[str, Any]:
        return reject_message(reject, self._version, self._feed.profile, self._timestamp)

    def _send_waiting(self) -> None:
        if self._waiting:
            self._doors.queue.send("row", self._waiting)
            self._waiting = []
