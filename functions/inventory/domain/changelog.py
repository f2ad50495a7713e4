"""The change log: what runs have written over in the table, for `inventory changes`.

Each segment leaves, when it ends, the keys of the items that it wrote, with the stock that each had
before and when that was written; a withdrawal leaves them before it deletes. An item states when
it was written itself, and every entry when it wrote, so the entries of an item form a chain:

    before        an entry           an entry            the item
    written w0 <- at w1, over w0  <- at w2, over w1   <- written w2

What an item was at a time follows from its chain, also where runs have written at once, and where
a link is missing that shows (see `stock_at`). A run that crashed leaves nothing. Its name stays
in its record's `open_runs`, and the run that recovers leaves the keys of all items that may be of
the crashed one, or, where the file cannot be read any more, that nobody knows them.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.jobs import job_id
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.model import ObjectVersion, Row
    from inventory.domain.ports import Change, ChangeLogs, OwnItem, Reports

#: How far back changes can be asked for. Parts are kept a little longer, until `EXPIRY`.
RETENTION = timedelta(days=28)
EXPIRY = timedelta(days=30)

#: Bytes of a part that stand in the lanes table: to write them costs less than to store an object.
#: Source: https://aws.amazon.com/dynamodb/pricing/on-demand/ and https://aws.amazon.com/s3/pricing/
_INLINE_BYTES = 4096

#: Bytes of an object that a larger part is stored in; so much is kept in memory.
_BLOCK_BYTES = 1 << 16

_BYTES = "application/octet-stream"


class Entry(NamedTuple):
    """One item that was written or deleted.

    Attributes:
        at: The `written_at` that it was given, or when it was about to be deleted, ISO 8601.
        sku: Its SKU.
        location: Its location.
        before: Its quantity before; "" where it had no stock: it was not there, or removed.
        written_at: When it was written before; "" where it was not there; None where it is
            not known whether it was written or deleted now, nor over what.
    """

    at: str
    sku: str
    location: str
    before: str
    written_at: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Part of the change log: what one segment, or one page of a withdrawal, has left.

    Attributes:
        name: Its name; the beginning of the keys of its objects.
        object_key: Key of the file.
        data: Its entries, as far as they are not in objects.
        blocks: Number of its objects.
        lost: True if runs have crashed whose changes nobody knows.
    """

    name: str
    object_key: str
    data: bytes = b""
    blocks: int = 0
    lost: bool = False

    @property
    def block_keys(self) -> list[str]:
        """Keys of its objects in the reports bucket, in order."""
        return [f"{self.name}-{number:06d}.changes" for number in range(self.blocks)]

    def entries(self, files: Reports) -> Iterator[Entry]:
        """Read its entries.

        Args:
            files: Where its objects are.

        Raises:
            LookupError: An object is gone.
        """
        decompress = zlib.decompressobj().decompress
        rest = b""
        for data in (*map(files.get, self.block_keys), self.data):
            if data is None:
                raise LookupError(f"a part of the changes of {self.object_key} is gone")
            *lines, rest = (rest + decompress(data)).split(b"\n")
            for line in lines:
                at, entries = json.loads(line)
                for entry in entries:
                    yield Entry(at, *entry)


class ChangeLog:
    """The part of the log that one segment leaves; its memory is bounded.

    Args:
        files: Takes large parts.
        logs: Takes the others.
        version: The object version.
        attempt: Name of the run, or of what else no other part has.
        now: The time.
    """

    def __init__(
        self,
        files: Reports,
        logs: ChangeLogs,
        *,
        version: ObjectVersion,
        attempt: str,
        now: Callable[[], datetime],
    ) -> None:
        self._files = files
        self._logs = logs
        self._object_key = version.key
        self._name = f"parts/{job_id(version.object_id, attempt)}"
        self._now = now
        self._compress = zlib.compressobj(1)
        self._data = bytearray()
        self._blocks = 0
        self._empty = True

    def wrote(self, changes: Iterable[Change], at: str) -> None:
        """Log writes that were acknowledged.

        Args:
            changes: The writes.
            at: The `written_at` of the items.
        """
        self._add(
            at,
            [
                (row.sku, row.location, "", "")
                if stored is None
                else (row.sku, row.location, stored.stock, stored.written_at)
                for row, _, stored in changes
            ],
        )

    def may_have_changed(self, keys: Iterable[Row | OwnItem]) -> None:
        """Log items of which only the table can tell: an answer is lost, or a run has crashed."""
        entries = [(each.sku, each.location, "", None) for each in keys]
        self._add(timestamp(self._now()), entries)

    def will_delete(self, items: Iterable[OwnItem]) -> None:
        """Log items that are about to be deleted."""
        entries = [(item.sku, item.location, item.stock, item.written_at) for item in items]
        self._add(timestamp(self._now()), entries)

    def store(self, *, lost: bool = False) -> None:
        """Store the part, unless it says nothing.

        Args:
            lost: See `Part`.
        """
        if self._empty and not lost:
            return
        self._data += self._compress.flush()
        if len(self._data) > _INLINE_BYTES:
            self._put_block()
        now = self._now()
        part = Part(
            name=self._name,
            object_key=self._object_key,
            data=bytes(self._data),
            blocks=self._blocks,
            lost=lost,
        )
        self._logs.add(part, now=timestamp(now), expires_at=int((now + EXPIRY).timestamp()))

    def _add(self, at: str, entries: Sequence[tuple[str, str, str, str | None]]) -> None:
        if not entries:
            return
        self._empty = False
        line = json.dumps([at, entries], separators=(",", ":")).encode() + b"\n"
        self._data += self._compress.compress(line)
        if len(self._data) >= _BLOCK_BYTES:
            self._put_block()

    def _put_block(self) -> None:
        key = f"{self._name}-{self._blocks:06d}.changes"
        self._files.put(key, bytes(self._data), content_type=_BYTES)
        self._blocks += 1
        self._data.clear()


def log_of(ports: IngestPorts, version: ObjectVersion, attempt: str) -> ChangeLog:
    """Begin the part of a log that one segment leaves.

    Args:
        ports: The world.
        version: The object version.
        attempt: See `ChangeLog`.
    """
    return ChangeLog(ports.files, ports.changes, version=version, attempt=attempt, now=ports.now)


def stock_at(entries: Iterable[Entry], since: str) -> str | None:
    """Stock that an item had at a time.

    Args:
        entries: Everything the log says of the item from then on, in any order.
        since: The time, ISO 8601.

    Returns:
        Its quantity; "" where it had no stock; None where a link of the chain is missing.
    """
    written: set[str] = set()
    over: dict[str, str] = {}
    doubtful = False
    for entry in entries:
        if entry.at < since:
            continue
        if entry.written_at is None:
            doubtful = True
        else:
            written.add(entry.at)
            over[entry.written_at] = entry.before
    older = [moment for moment in over if moment < since]
    if not older or any(moment >= since and moment not in written for moment in over):
        return None
    # Where two are older, the item was read before the time, written, and then written over.
    first = max(older)
    # Where nothing was when it was written, something may have been deleted since the time.
    return None if doubtful and not first else over[first]
