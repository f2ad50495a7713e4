"""Rejects on their way out: messages up to a limit, and one file with all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.domain.messages import BYTES_PER_REQUEST, MESSAGES_PER_REQUEST, message_bytes
from inventory.domain.rejects import (
    REJECT_FILE_TYPE,
    RejectFile,
    pointer_message,
    reject_key,
    reject_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inventory.domain.model import ObjectVersion, Reject
    from inventory.domain.ports import Feed, RejectQueue, Reports, ReportWriter


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectDestinations:
    """Destinations of rejects, and how many of them go out as messages.

    Attributes:
        queue: The dead-letter queue.
        reports: The reports bucket.
        message_limit: Messages per object version before one stands for the rest; a job keeps the
            one that it was begun with.
    """

    queue: RejectQueue
    reports: Reports
    message_limit: int


class RejectPublisher:
    """Publishes the rejects of one run over a file, or over a stretch of it, in bounded memory.

    A run that reads the file to its end calls `finish`, which completes the reject file. One that
    ends before calls `finish_piece`; the run that reads the end of the file gives `finish` what
    that returned for all the stretches before. Rejects are the same in every attempt, so that
    storing them again stores the same file, and a message that an earlier attempt is known to have
    sent is not sent again.

    Messages are delivered at least once all the same: one comes twice when SQS took it and its
    answer was lost, when a run died before what it had told `note_sent` was stored, and whenever a
    standard queue does so by itself. The bodies have the same `id` then.

    Args:
        destinations: Where rejects go.
        version: Source of the rows.
        feed: Its profile, columns and dialect.
        base: Base of its tokens.
        timestamp: ISO 8601 time of the messages.
        piece_key: Where a piece is stored, see `rejects.piece_key`.
        message_limit: See `Job.message_limit`.
        rejects_before: Rejects of the file before the stretch that this run reads.
        already_sent: Messages of the file that are known to be sent, counted in file order.
        note_sent: Told that number whenever it has grown.
        tells: False if the file is all that is wanted, and no messages.
        replaces: True if an earlier run may have left a reject file, which one of the header alone
            takes the place of where this run refuses no row.
    """

    def __init__(
        self,
        destinations: RejectDestinations,
        *,
        version: ObjectVersion,
        feed: Feed,
        base: str,
        timestamp: str,
        piece_key: str,
        message_limit: int,
        rejects_before: int = 0,
        already_sent: int = 0,
        note_sent: Callable[[int], None] = lambda _: None,
        tells: bool = True,
        replaces: bool = False,
    ) -> None:
        self._destinations = destinations
        self._version = version
        self._feed = feed
        self._base = base
        self._timestamp = timestamp
        self._piece_key = piece_key
        self._limit = message_limit
        self._rejects = rejects_before
        self._already_sent = max(already_sent, min(rejects_before, message_limit))
        self._note_sent = note_sent
        self._tells = tells
        self._replaces = replaces
        self._waiting: list[dict[str, Any]] = []
        self._waiting_bytes = 0
        self._writer: ReportWriter | None = None
        self._file: RejectFile | None = None
        self.sent = 0
        """Messages that this run has sent."""

    def add(self, rejects: Sequence[Reject]) -> None:
        """Take rejects of rows, in file order."""
        if not rejects:
            return
        file = self._file or self._begin()
        for reject in rejects:
            file.add(reject)
            if self._tells and self._already_sent <= self._rejects < self._limit:
                self._enqueue(
                    reject_message(reject, self._version, self._feed.profile, self._timestamp)
                )
            self._rejects += 1

    @property
    def has_file(self) -> bool:
        """True if `finish` stores a reject file."""
        return self._rejects > 0 or self._replaces

    def joins(self, earlier_pieces: Sequence[str]) -> bool:
        """Return whether `finish` has to join pieces, which takes long where they are large.

        Args:
            earlier_pieces: As for `finish`.
        """
        return any(earlier_pieces) or (self._writer is not None and not self._writer.in_memory)

    def finish(self, earlier_pieces: Sequence[str] = ()) -> None:
        """Complete the reject file, and point at it when the limit of messages was passed.

        Args:
            earlier_pieces: What `finish_piece` returned for the stretches before, in file order.
        """
        if not self._rejects and self._replaces:
            self._begin()
        destinations = self._destinations
        final_key = reject_key(self._version)
        pieces = [key for key in earlier_pieces if key]
        own = self._store(small_key=None if pieces else final_key)
        if own and own != final_key:
            pieces.append(own)
        if pieces:
            destinations.reports.join(final_key, pieces, content_type=REJECT_FILE_TYPE)
        more = self._rejects - self._limit
        if self._tells and more > 0 and self._already_sent <= self._limit:
            refused = f"{more} more rows were refused"
            pointer = pointer_message(refused, self._version, self._feed.profile, self._timestamp)
            self._send("file", [pointer])

    def finish_piece(self) -> str:
        """Store the rejects of this run, for `finish` of a later one.

        Returns:
            Where they are stored; "" when there are none.
        """
        return self._store()

    def close(self) -> None:
        """Drop what is not stored; call it in any case."""
        if self._writer is not None:
            self._writer.abort()

    def _begin(self) -> RejectFile:
        """The file with its header, or without where the file has rejects before."""
        reports, feed = self._destinations.reports, self._feed
        self._writer = reports.writer(self._piece_key, content_type=REJECT_FILE_TYPE)
        self._file = RejectFile(
            self._writer,
            header=None if self._rejects else feed.header,
            base=self._base,
            delimiter=feed.delimiter,
            quoted=feed.quoted,
        )
        return self._file

    def _store(self, *, small_key: str | None = None) -> str:
        self._send_waiting()
        if self._file is None or self._writer is None:
            return ""
        self._file.finish()
        return self._writer.finish(small_key=small_key)

    def _enqueue(self, body: dict[str, Any]) -> None:
        size = message_bytes(body)
        full = len(self._waiting) == MESSAGES_PER_REQUEST
        if full or self._waiting_bytes + size > BYTES_PER_REQUEST:
            self._send_waiting()
        self._waiting.append(body)
        self._waiting_bytes += size

    def _send_waiting(self) -> None:
        bodies, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if bodies:
            self._send("row", bodies)

    def _send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        self._destinations.queue.send(kind, bodies)
        self.sent += len(bodies)
        self._already_sent += len(bodies)
        self._note_sent(self._already_sent)
