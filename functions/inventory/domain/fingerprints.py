"""Fingerprints: what a version of a file has seen in the table, for the next version of the file.

A version that ends leaves a *set*: one hash of key and content for each row that it left alone or
inserted, and the key hashes of the items that it wrote over. The next version need not read the
item of a row that is in the set, because an earlier run has read it, and *what was read then holds
now* unless somebody has written the key since. Whoever has stands in a write set with a higher
number than the shard had when the set was begun, and is looked up before the set is used; or has
not ended yet, and will find the row in the read set of its reader, as ever (see `validation`).

    producer  number of the latest write set ; reads items . . . . . . . ; leaves its set
    consumer         number of the latest write set ; write sets since then ; uses the set

So a set may be anybody's, of any version, and may be lost: then the items are read. Why the table
depends on the files alone also with sets: docs/order.md.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, blake2s
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from inventory.domain.errors import RejectedRequestError
from inventory.domain.keysets import encoded
from inventory.domain.model import MAX_ITEM_BYTES, Row, Rows
from inventory.domain.order import timestamp
from inventory.domain.ports import Epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inventory.domain.jobs import Job, SegmentReport
    from inventory.domain.keysets import KeySets
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Registry, Reports

#: Part of every hash. Change it whenever another item is made of the same `Row`.
ITEM_FORMAT = b"item 1"

#: How long a set may be used. Write sets are kept for 30 days, and objects that are kept for other
#: runs as well; a set must not outlive those by which it is judged.
RETENTION = timedelta(days=28)

#: Hashes of a block, and blocks in memory at once: where files keep their order, a row is met in
#: the block in which the version before had it, or a neighbour of that.
BLOCK_HASHES = 1 << 15
_BLOCKS = 4

#: Slots for the key hashes of items that may have been written since; those of others that share a
#: slot are read in vain: one in forty, when 100,000 were written.
_SLOTS = 1 << 22

#: Keys that a segment may have written over; beyond that, the next version reads all items.
MOST_WRITTEN = 1 << 20

#: Write sets of a shard since the producer's that are looked at before all of its items are read.
_MOST_WRITE_SETS = 256

#: Characters of a set's text, which is ASCII, at most: it stands in one item, beside its key and
#: expiry. Some 4,800 segments leave more; then the next version uses an older set, or none. Source:
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (400 KB).
MAX_TEXT = MAX_ITEM_BYTES - 1024

#: Longer than an invocation takes.
_LONGEST_SEGMENT = timedelta(hours=1)

_HASH_BYTES = 8
_BYTES = "application/octet-stream"
_DATE = re.compile(
    r"(?:(?:19|20)\d\d([-_./]?)[01]\d\1[0-3]\d|[0-3]\d([-_./]?)[0-3]\d\2(?:19|20)\d\d)"
    r"(?:[-_.T ]?[0-2]\d(?:[-_.:]?[0-5]\d){1,2})?"
)

#: What stands between the cells of a row that is hashed, and before what would be taken for it.
_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_ESCAPED, _REPLACED = f"{_ESCAPE}0", f"{_ESCAPE}1"
_ATTRIBUTES = Row._fields.index("attributes")
_NOTHING = blake2b(digest_size=_HASH_BYTES, person=ITEM_FORMAT)


def hashes_of(rows: Rows) -> array[int]:
    """One hash of the key and the content of each row, the same in every process.

    The row's own time is part of it: of two rows that are equal, the one of the later file then
    comes later in the order.
    """
    columns = rows.columns.copy()
    columns[_ATTRIBUTES] = [repr(each) if each else "" for each in columns[_ATTRIBUTES]]
    cells = map(_separable, columns[1:])  # all but the line
    digests = []
    for content in encoded(list(map(_SEPARATOR.join, zip(*cells, strict=True)))):
        # To copy one takes half the time of making one with these arguments.
        row_hash = _NOTHING.copy()
        row_hash.update(content)
        digests.append(row_hash.digest())
    return array("Q", b"".join(digests))


def _separable(column: Sequence[Any]) -> Sequence[str]:
    """Cells as text without a separator, from which they follow."""
    try:
        text = "".join(column)
    except TypeError:  # None is among them
        # No cell is empty text, so that can stand for one that is not there.
        column = [cell or "" for cell in column]
        text = "".join(column)
    if _SEPARATOR in text or _ESCAPE in text:
        return [cell.replace(_ESCAPE, _ESCAPED).replace(_SEPARATOR, _REPLACED) for cell in column]
    return column


def series_of(version: ObjectVersion, feed: str = "") -> str:
    """Name of the series that a version belongs to.

    Args:
        version: The object version.
        feed: The complete feed that it is a whole file of. Default: none, then the series is that
            of its key, whatever date is in it.

    Example:
        `stock/2026-11-27.csv` and `stock/2026-11-28.csv` are versions of the same file.
    """
    name = f"{version.bucket}/{feed or _DATE.sub('#', version.key)}"
    return blake2s(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Stored fingerprints of one segment.

    Attributes:
        worker: Number of the worker.
        key: Beginning of the keys of its objects.
        blocks: Objects with hashes of rows that were left alone or inserted, eight bytes each.
        written: True if there is one with key hashes of items that were written over, four bytes
            each.
    """

    worker: int
    key: str
    blocks: int
    written: bool

    @property
    def block_keys(self) -> list[str]:
        """Keys of the objects with hashes of rows, in the order of the file."""
        return [f"{self.key}-{number:06d}.seen" for number in range(self.blocks)]

    @property
    def written_key(self) -> str:
        """Key of the object with key hashes."""
        return f"{self.key}.written"


@dataclass(frozen=True, kw_only=True, slots=True)
class FingerprintSet:
    """A set, as the next version finds it.

    Attributes:
        base: Base of the tokens of the version that left it.
        began: When that version's run began, ISO 8601.
        read_at: When the items were really read: its own beginning, or, if it has used a set
            itself, that of the version at the beginning of the chain.
        workers: Workers that shared the file.
        epochs: The latest write set of each shard before its first item was read.
        own: Pointers of the write sets that it appended itself.
        pieces: Where the fingerprints are.
    """

    base: str
    began: str
    read_at: str
    workers: int
    epochs: dict[int, Epoch]
    own: frozenset[str]
    pieces: tuple[Piece, ...]

    @property
    def expires_at(self) -> int:
        """Epoch seconds after which it may vanish."""
        return int((datetime.fromisoformat(self.began) + RETENTION).timestamp())

    def to_text(self) -> str:
        """Compact JSON."""
        return json.dumps(asdict(self) | {"own": sorted(self.own)}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The set whose `to_text` this is."""
        data: dict[str, Any] = json.loads(text)
        data["epochs"] = {int(shard): Epoch(*each) for shard, each in data["epochs"].items()}
        data["own"] = frozenset(data["own"])
        data["pieces"] = tuple(Piece(**piece) for piece in data["pieces"])
        return cls(**data)


class Window:
    """The stretch of a worker's fingerprints that is in memory; it goes along with the file.

    Args:
        files: Where the fingerprints are.
        pieces: The worker's pieces.
        place: Blocks that the segments before have left behind.
        block_hashes: Hashes of a block.

    Attributes:
        place: Blocks that are left behind.
    """

    def __init__(
        self, files: Reports, pieces: Iterable[Piece], place: int, block_hashes: int
    ) -> None:
        self.place = place
        self._block_hashes = block_hashes
        keys = [key for piece in pieces for key in piece.block_keys]
        self._following = _blocks(files, keys[place:])
        self._blocks = deque(islice(self._following, _BLOCKS), maxlen=_BLOCKS)
        self._next = next(self._following, None)
        self._rows = 0

    def unknown(self, hashes: Sequence[int]) -> set[int]:
        """Those of the hashes that are not in the stretch, which then goes on as the file does."""
        others = set(hashes)
        found = []
        for block in self._blocks:
            before, others = others, others - block
            found.append(len(before) - len(others))
        self._rows += len(hashes)
        if self._next is not None:
            ahead = found[-1] > found[0]
            # Rows of which the version before knew nothing lead nowhere; their number does.
            lost = self._rows >= self._block_hashes and not any(found)
            if ahead or lost:
                self._blocks.append(self._next)
                self._next = next(self._following, None)
                self.place += 1
                self._rows = 0
        return others


def _blocks(files: Reports, keys: Iterable[str]) -> Iterator[frozenset[int]]:
    """Blocks by their keys, up to the first that is gone."""
    for key in keys:
        data = stored_object(files, key)
        if data is None:
            return
        yield frozenset(array("Q", data))


def stored_object(files: Reports, key: str) -> bytes | None:
    """An object, unless it is not there any more."""
    try:
        return files.get(key)
    except RejectedRequestError:  # what S3 says of one that is not there to who may not list
        return None


class Promises:
    """Promises of a set about the items that one segment is about to read.

    Args:
        given: The set.
        files: Where the fingerprints are.
        worker: Number of the worker.
        own: What the worker itself has left in segments before.
        place: See `Window`.
        block_hashes: See `Window`.
        trusted: True if items need not be read; else what was promised is compared with them.
        now: The time.
    """

    def __init__(
        self,
        given: FingerprintSet,
        files: Reports,
        worker: int,
        *,
        own: Iterable[Piece],
        place: int,
        block_hashes: int,
        trusted: bool,
        now: datetime,
    ) -> None:
        self.given = given
        self._until = int((now + _LONGEST_SEGMENT).timestamp())
        self.trusted = trusted
        pieces = [piece for piece in given.pieces if piece.worker == worker]
        self._written = bytearray(_SLOTS)
        self._closed: set[int] = set()
        if not self._learn(files, (*pieces, *own)):
            pieces = []
        self._window = Window(files, pieces, place, block_hashes)

    @property
    def place(self) -> int:
        """Where the next segment goes on."""
        return self._window.place

    def _learn(self, files: Reports, pieces: Iterable[Piece]) -> bool:
        """Know what was written over after it was seen; False where that cannot be told."""
        for piece in pieces:
            if piece.written:
                data = stored_object(files, piece.written_key)
                if data is None:
                    return False
                self.distrust(array("I", data))
        return True

    def open_shard(self, shard: int, latest: Epoch, registry: Registry) -> None:
        """Find out who has written in a shard since the producer began.

        Args:
            shard: The shard.
            latest: Its latest write set, which was looked up before this.
            registry: Tells the others.
        """
        epoch = self.given.epochs.get(shard)
        if epoch is None or 0 < epoch.expires_at < self._until:
            self._closed.add(shard)
            return
        if latest.number == epoch.number:
            return
        for count, entry in enumerate(registry.written_since(shard, epoch.number)):
            if entry.pointer in self.given.own:
                continue
            hashes = entry.writes.hashes()
            if hashes is None or count >= _MOST_WRITE_SETS:
                self._closed.add(shard)
                return
            self.distrust(hashes)

    def distrust(self, key_hashes: Iterable[int]) -> None:
        """Promise nothing more of these keys."""
        written, last = self._written, _SLOTS - 1
        for key_hash in key_hashes:
            written[key_hash & last] = 1

    def hold(
        self, hashes: Sequence[int], shards: Sequence[int], key_hashes: Sequence[int]
    ) -> list[bool]:
        """Tell whether the table is known to hold what each row says.

        Args:
            hashes: `hashes_of` the rows.
            shards: Shard of each.
            key_hashes: Key hash of each.
        """
        unknown, closed = self._window.unknown(hashes), self._closed
        written, last = self._written, _SLOTS - 1
        held = [
            row_hash not in unknown and not written[key_hash & last]
            for row_hash, key_hash in zip(hashes, key_hashes, strict=True)
        ]
        if closed:
            held = [each and shard not in closed for each, shard in zip(held, shards, strict=True)]
        return held


class Notes:
    """Fingerprints that one segment leaves, stored while they are made.

    Args:
        files: Where they are stored.
        worker: Number of the worker.
        key: Beginning of the keys of their objects.
        block_hashes: Hashes of a block.
    """

    def __init__(self, files: Reports, worker: int, key: str, *, block_hashes: int) -> None:
        self._files = files
        self._worker = worker
        self._key = key
        self._block_hashes = block_hashes
        self._seen = array("Q")
        self._blocks = 0
        self._written = array("I")

    def saw(self, hashes: Iterable[int]) -> None:
        """Note rows whose items hold what they say."""
        self._seen.extend(hashes)
        size = self._block_hashes
        while len(self._seen) >= size:
            self._put(self._seen[:size])
            del self._seen[:size]

    def wrote(self, key_hashes: Iterable[int]) -> None:
        """Note keys of which this version has written over the item."""
        if len(self._written) <= MOST_WRITTEN:
            self._written.extend(key_hashes)

    def store(self) -> Piece | None:
        """Store what is left to be stored; None where nothing may be promised."""
        if len(self._written) > MOST_WRITTEN:
            return None
        if self._seen:
            self._put(self._seen)
        piece = Piece(
            worker=self._worker, key=self._key, blocks=self._blocks, written=bool(self._written)
        )
        if piece.written:
            self._files.put(piece.written_key, self._written.tobytes(), content_type=_BYTES)
        return piece

    def _put(self, hashes: array[int]) -> None:
        key = f"{self._key}-{self._blocks:06d}.seen"
        self._files.put(key, hashes.tobytes(), content_type=_BYTES)
        self._blocks += 1


def usable(given: FingerprintSet, *, base: str, workers: int, now: datetime) -> bool:
    """Tell whether a set says something of a version.

    Args:
        given: The set.
        base: Base of the version's tokens. A set of a later one would be as true, but its rows
            would have to be counted as stale.
        workers: Workers that share the file.
        now: The time.
    """
    fresh = timestamp(now - RETENTION) < given.began
    return fresh and given.base < base and given.workers == workers


def full_read_due(given: FingerprintSet, *, began: str, days: int) -> bool:
    """Tell whether all items are to be read although there is a set, to find what nobody announces.

    Args:
        given: The set.
        began: When the version's run began, ISO 8601.
        days: Days after which that is to be. Half a day less counts: nights are not equally long.
    """
    since = datetime.fromisoformat(began) - datetime.fromisoformat(given.read_at)
    return since >= timedelta(days=days) - timedelta(hours=12)


def set_of(job: Job, reports: Sequence[SegmentReport], keys: KeySets) -> FingerprintSet | None:
    """The set that a job leaves; None where a segment could not say what it wrote over.

    Args:
        job: The job, which has been validated.
        reports: Reports of all segments.
        keys: Read and write sets of all of them.
    """
    if not all(report.read_at for report in reports):
        return None
    return FingerprintSet(
        base=job.base,
        began=job.began,
        read_at=min(report.read_at for report in reports),
        workers=job.workers,
        epochs={shard: Epoch(each.epoch, each.expires_at) for shard, each in keys.items()},
        own=frozenset(each.pointer for each in keys.values() if each.pointer),
        pieces=tuple(piece for report in reports if report.ended for piece in report.fingerprints),
    )
