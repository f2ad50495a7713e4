"""Rejects on their way out: messages up to a limit, and one file with all of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from inventory.domain.model import Reject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import RejectQueue, Reports

#: Bytes of a reject file that are kept in memory before they go to the temporary disk.
_SPOOLED_BYTES = 1 << 20

_MESSAGES_PER_SEND = 100


def reject_key(version: ObjectVersion) -> str:
    """Key of the reject file of an object version in the reports bucket."""
    return f"rejects/{version.key}/{version.version_id or version.etag}.csv"


def reject_message(
    reject: Reject, version: ObjectVersion, profile: str, timestamp: str
) -> dict[str, Any]:
    """Body of a reject message."""
    return {
        "id": f"{version.object_id}/{reject.line}",
        "error": str(reject.error),
        "message": reject.message,
        "column": reject.column,
        "value": reject.value,
        "line": reject.line,
        "byte_offset": reject.byte_offset,
        "row": reject.row,
        "bucket": version.bucket,
        "key": version.key,
        "version_id": version.version_id,
        "profile": profile,
        "timestamp": timestamp,
    }


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
        profile: Profile of the feed.
        header: Columns as fed, for the reject file.
        timestamp: ISO 8601 time of the messages.
    """

    def __init__(
        self,
        doors: RejectDoors,
        *,
        version: ObjectVersion,
        profile: str,
        header: Sequence[str],
        timestamp: str,
    ) -> None:
        self._doors = doors
        self._version = version
        self._profile = profile
        self._timestamp = timestamp
        self._header = header
        self._waiting: list[dict[str, Any]] = []
        self._count = 0
        self._file: SpooledTemporaryFile[bytes] | None = None
        self._text: io.TextIOWrapper | None = None
        self._writer: Any = None

    def add(self, rejects: Sequence[Reject]) -> None:
        """Take rejects of rows; messages leave as they fill a request."""
        if not rejects:
            return
        if self._writer is None:
            self._open_file()
        for reject in rejects:
            self._writer.writerow((*reject.cells, reject.line, reject.error, reject.message))
            if self._count < self._doors.message_limit:
                self._waiting.append(
                    reject_message(reject, self._version, self._profile, self._timestamp)
                )
            self._count += 1
        if len(self._waiting) >= _MESSAGES_PER_SEND:
            self._send_waiting()

    def finish(self) -> int:
        """Send what waits, store the file, and point at it when the limit was passed.

        Returns:
            Number of messages sent.
        """
        sent = min(self._count, self._doors.message_limit)
        if self._file is not None and self._text is not None:
            self._send_waiting()
            self._text.flush()
            self._file.seek(0)
            key = reject_key(self._version)
            self._doors.reports.put(
                key, cast("BinaryIO", self._file), content_type="text/csv; charset=utf-8"
            )
            if self._count > sent:
                self._doors.queue.send("file", [self._pointer(key, self._count - sent)])
                sent += 1
        return sent

    def close(self) -> None:
        """Drop the temporary file."""
        if self._text is not None:
            self._text.close()

    def _open_file(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115  closed by close()
        self._text = io.TextIOWrapper(self._file, "utf-8", newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow((*self._header, "line", "error", "message"))

    def _send_waiting(self) -> None:
        if self._waiting:
            self._doors.queue.send("row", self._waiting)
            self._waiting = []

    def _pointer(self, key: str, more: int) -> dict[str, Any]:
        pointer = Reject(
            line=0,
            byte_offset=0,
            error="constraint-error",
            message=f"{more} more rows were refused; all of them stand in the reject file {key}.",
            column=None,
            value=None,
            row="",
            cells=(),
        )
        return reject_message(pointer, self._version, self._profile, self._timestamp)
