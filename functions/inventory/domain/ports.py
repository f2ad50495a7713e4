"""What the rules need of the world; adapters implement these, tests fake them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal
    from typing import BinaryIO

    from inventory.domain.ledger import Admission, Record, RunReport
    from inventory.domain.model import Batch, ObjectVersion, Row
    from inventory.domain.work import WorkMessage


class ObjectInfo(NamedTuple):
    """What S3 says of one object version.

    Attributes:
        version: The version, with its version id wherever the bucket has one.
        last_modified: When S3 stored it; the same at every redelivery.
        metadata: User metadata, keys in lower case.
    """

    version: ObjectVersion
    last_modified: datetime
    metadata: dict[str, str]


class FeedSource(Protocol):
    """Bytes of one object version."""

    def open(self, start_byte: int = 0) -> BinaryIO:
        """Stream of the bytes from `start_byte` on; may be called more than once.

        Raises:
            ObjectGoneError: The version cannot be read any more.
            RetryableError: S3 did not answer; also raised by the stream's `read`.
        """
        ...


class ObjectStore(Protocol):
    """The uploads bucket."""

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """What S3 says of the version.

        Raises:
            ObjectGoneError: The version was deleted or overwritten.
            RetryableError: S3 did not answer.
        """
        ...

    def source(self, version: ObjectVersion, *, end_byte: int | None = None) -> FeedSource:
        """Where its bytes come from.

        Args:
            version: The version.
            end_byte: Byte after which nothing is wanted; None for the end of the object.
        """
        ...


class Feed(Protocol):
    """A feed whose header was understood."""

    @property
    def profile(self) -> str:
        """Name of the profile it follows."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """Its columns, as fed."""
        ...

    @property
    def delimiter(self) -> str:
        """What stands between its cells."""
        ...

    @property
    def quoted(self) -> bool:
        """Whether its dialect knows quotes."""
        ...

    def batches(self, max_rows: int = ...) -> Iterator[Batch]:
        """Stretches of it in file order; may be asked for more than once."""
        ...


class OpenFeed(Protocol):
    """Opens a feed, profiles included."""

    def __call__(self, source: FeedSource, *, key: str) -> Feed:
        """A feed over these bytes.

        Args:
            source: Where the bytes come from.
            key: Object key, which may pin a profile.

        Raises:
            BadFileError: The whole file is refused.
        """
        ...


class Stored(NamedTuple):
    """What the items table holds for a row's key.

    Attributes:
        token: Its order token; "" when something else wrote an item without one.
        equal: Whether its content (all but order_token, as_of, source, written_at) is the row's.
        names: Names of its content attributes, so that a whole-item replace knows what to remove.
        quantity: Its quantity in decimal text.
    """

    token: str
    equal: bool
    names: Collection[str]
    quantity: str


class StockPage(NamedTuple):
    """What a part of the items table holds at some locations.

    Attributes:
        quantity: Sum of the stored quantities.
        after: Key of its last item, where the next page begins; None when it is the last page.
    """

    quantity: Decimal
    after: tuple[str, str] | None


class Change(NamedTuple):
    """One conditional write.

    Attributes:
        row: What to write.
        token: Its order token.
        stored: What was read and must still be there; None when nothing may be there.
    """

    row: Row
    token: str
    stored: Stored | None


class Usage:
    """Capacity units used so far.

    Attributes:
        read_units: Read request units.
        write_units: Write request units.
    """

    __slots__ = ("read_units", "write_units")

    def __init__(self) -> None:
        self.read_units = 0.0
        self.write_units = 0.0


class ItemStore(Protocol):
    """The items table."""

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """What is stored for each row's key, strongly consistent, in the order of the rows.

        Raises:
            RetryableError: The table did not answer in the time left.
        """
        ...

    def write(
        self, changes: Sequence[Change], *, version: ObjectVersion, written_at: str
    ) -> list[Change]:
        """Write each change if what was read is still there; all others are acknowledged.

        Args:
            changes: No two of the same key.
            version: Source of the rows.
            written_at: ISO 8601 time.

        Returns:
            The changes whose condition failed.

        Raises:
            RetryableError: The table did not answer in the time left.
        """
        ...

    def known_stock(
        self, locations: Collection[str], *, after: tuple[str, str] | None
    ) -> StockPage:
        """A page of the stock at these locations, strongly consistent.

        Args:
            locations: The locations.
            after: Key of the item after which it begins; None for the first page.

        Raises:
            RetryableError: The table did not answer in the time left.
        """
        ...


class Lanes(Protocol):
    """Announcements of what a run may skip, so that a late writer finds who relied on its items.

    A lane is a fixed share of all locations. A run announces, before it reads items of a lane, a
    bound of the tokens it may skip there; a run that overwrote an item asks, after its writes are
    acknowledged, who announced a later bound.
    """

    def announce(self, lane: str, bound: str, version: ObjectVersion, *, expires_at: int) -> None:
        """Announce that rows of this version up to `bound` may be skipped in the lane.

        Args:
            lane: From `lanes.lane_of`.
            bound: From `order.Tokens.bound`.
            version: The version to send again when an older item is written.
            expires_at: Epoch seconds after which the announcement may vanish.
        """
        ...

    def announced_after(self, lane: str, token: str) -> Iterator[ObjectVersion]:
        """Versions that announced a bound after `token`, strongly consistent."""
        ...


class Ledger(Protocol):
    """The ingestions table: one record per object version."""

    def get(self, object_id: str) -> Record | None:
        """The record, strongly consistent; None when there is none."""
        ...

    def open(self, admission: Admission) -> bool:
        """Enter a run in the record.

        Returns:
            False when the record is not as the admission was decided on; read and decide again.
        """
        ...

    def complete(self, admission: Admission, report: RunReport) -> None:
        """Close the run and make the record COMPLETED, unless a later base has done so."""
        ...

    def fail(self, admission: Admission, report: RunReport) -> None:
        """Close the run and make the record FAILED, unless it is COMPLETED."""
        ...

    def close(self, admission: Admission, *, written: int) -> None:
        """Close a run that leaves the status alone; `written` rows move to `loaded`."""
        ...

    def plan(self, object_id: str, run: str, chunks: int) -> None:
        """Note that a run processes the version in so many chunks, none of which is done."""
        ...

    def progress(self, object_id: str, run: str, chunks_done: int, lease_until: str) -> None:
        """Note how many of them are done, unless more are known to be or another run began."""
        ...

    def prolong(self, object_id: str, run: str, lease_until: str) -> None:
        """Note that a run that is open goes on until then at least."""
        ...

    def enter(self, object_id: str, run: str) -> None:
        """Add an attempt at a part to the open runs."""
        ...

    def leave(self, object_id: str, run: str) -> None:
        """Remove a run from the open ones and change nothing else."""
        ...

    def accept(self, admission: Admission) -> None:
        """Note that the file may load, so that later attempts do not ask again."""
        ...


class WorkQueue(Protocol):
    """The work queue."""

    def send(self, messages: Sequence[WorkMessage]) -> None:
        """Send every message.

        Raises:
            RetryableError: A message was not taken.
        """
        ...


class RejectQueue(Protocol):
    """The dead-letter queue, as far as rejects go there."""

    def send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        """Send every body as a message with the attribute `kind`.

        Args:
            kind: "row" or "file".
            bodies: As `rejects.reject_message` makes them.

        Raises:
            RejectedRequestError: A message will not be taken.
            RetryableError: A message was not taken.
        """
        ...


class ReportWriter(Protocol):
    """An object of the reports bucket while it is written; its memory is bounded."""

    def write(self, data: bytes, /) -> None:
        """Take more bytes.

        Raises:
            RejectedRequestError: S3 refuses them for good.
            RetryableError: S3 did not take them.
        """
        ...

    def finish(self, *, small_key: str | None = None) -> str:
        """Store the object.

        Args:
            small_key: Where to store it if all of it is still in memory; by default at its key.

        Returns:
            The key at which it is stored.

        Raises:
            RejectedRequestError: S3 refuses it for good.
            RetryableError: S3 did not take it.
        """
        ...

    def abort(self) -> None:
        """Store nothing, unless it is finished; never raises."""
        ...


class Reports(Protocol):
    """The reports bucket."""

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store an object.

        Raises:
            RejectedRequestError: S3 refuses it for good.
            RetryableError: S3 did not take it.
        """
        ...

    def get(self, key: str) -> bytes:
        """Bytes of an object that fits into memory.

        Raises:
            RejectedRequestError: It is not there, or too large.
            RetryableError: S3 did not give it.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """Stream of an object.

        Raises:
            RejectedRequestError: It is not there.
            RetryableError: S3 did not give it; also raised by the stream's `read`.
        """
        ...

    def writer(self, key: str, *, content_type: str) -> ReportWriter:
        """Begin an object; finish or abort it."""
        ...

    def join(self, key: str, pieces: Sequence[str], *, content_type: str) -> None:
        """Store the object that others make, one after the other, in bounded memory.

        Args:
            key: Its key.
            pieces: Keys of the others.
            content_type: Its media type.

        Raises:
            RejectedRequestError: A piece is not there, or S3 refuses the object.
            RetryableError: S3 did not give or take it.
        """
        ...


class Deadline:
    """Seconds left of the running invocation, shared by the rules and the adapters."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: Callable[[], float] = lambda: float("inf")

    def start(self, left: Callable[[], float]) -> None:
        """Take over from a new invocation.

        Args:
            left: Seconds until the invocation ends.
        """
        self._left = left

    def left(self) -> float:
        """Seconds until the invocation ends."""
        return self._left()


class ObjectListing(Protocol):
    """All versions of the uploads bucket."""

    def versions(self) -> Iterator[tuple[ObjectVersion, datetime]]:
        """Every object version and when S3 stored it; delete markers are left out."""
        ...


class LedgerReader(Protocol):
    """The ingestions table, as far as the reconcile reads it."""

    def get_many(self, object_ids: Sequence[str]) -> dict[str, Record]:
        """The records of several object versions, those that exist, strongly consistent."""
        ...
