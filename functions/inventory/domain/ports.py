"""Ports: what the rules need of the world; adapters implement these, tests fake them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from typing import BinaryIO

    from inventory.domain.absences import Listing
    from inventory.domain.arrivals import Arrival
    from inventory.domain.changelog import Part
    from inventory.domain.ingestions import Admission, Record, RunReport, Status
    from inventory.domain.jobs import SegmentReport
    from inventory.domain.keysets import KeySet
    from inventory.domain.model import Batch, ObjectVersion, Row
    from inventory.domain.reading import Share
    from inventory.domain.work import Command, WorkMessage


class ObjectInfo(NamedTuple):
    """S3's facts about one object version.

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
            BadFileError: The object is archived.
            ObjectGoneError: The version cannot be read any more.
            RetryableError: S3 did not answer; also raised by the stream's `read`.
        """
        ...


class ObjectStore(Protocol):
    """The uploads bucket."""

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """Return S3's facts about the version.

        Raises:
            ObjectGoneError: The version was deleted or overwritten.
            RetryableError: S3 did not answer.
        """
        ...

    def source(self, version: ObjectVersion) -> FeedSource:
        """Source of its bytes."""
        ...


class Feed(Protocol):
    """A feed whose header was understood, from some record on; see `reading.Feed`."""

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
        """Text between its cells."""
        ...

    @property
    def quoted(self) -> bool:
        """Tell whether its dialect knows quotes."""
        ...

    @property
    def corrected(self) -> bool:
        """Tell whether it is a reject file that comes back, hence a part of its feed's stock."""
        ...

    @property
    def start_byte(self) -> int:
        """Byte of the unpacked file at which its first record begins."""
        ...

    @property
    def start_line(self) -> int:
        """Physical line on which its first record begins."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything `OpenPart` needs to know of the file; survives JSON."""
        ...

    def batches(self, max_rows: int = ..., share: Share | None = ...) -> Iterator[Batch]:
        """Stretches of it in file order; may be asked for more than once."""
        ...

    def in_parts(self) -> Feed:
        """Return the same feed, but where rows of a key are added each states its own part."""
        ...


class OpenFeed(Protocol):
    """Opens a feed, profiles included."""

    def __call__(self, source: FeedSource, *, key: str, latest: str) -> Feed:
        """Open a feed.

        Args:
            source: Source of the bytes.
            key: Object key, which may pin a profile.
            latest: Latest time that a row may state.

        Raises:
            BadFileError: The whole file is refused.
        """
        ...


class OpenPart(Protocol):
    """Opens a feed from a place between two records on; see `reading.continue_feed`."""

    def __call__(
        self,
        state: Mapping[str, Any],
        source: FeedSource,
        *,
        start_byte: int,
        start_line: int,
        latest: str,
    ) -> Feed:
        """Open a feed whose state is known."""
        ...


#: Time of an item that does not say when it was written: before every other.
NO_TIME = "0"


class Stored(NamedTuple):
    """An item of the table, as far as a row with its key is compared with it.

    Attributes:
        token: Its order token; "" when something else wrote an item without one.
        equal: True if its content (all but order_token, as_of, source, written_at) is the row's.
        names: Names of its content attributes, so that a whole-item replace knows what to remove.
        quantity: Its quantity in canonical decimal text; "" where it has none.
        stock: The same; "" also where the item was removed.
        written_at: When it was written, ISO 8601; `NO_TIME` where it does not say so.
    """

    token: str
    equal: bool
    names: Collection[str]
    quantity: str = ""
    stock: str = ""
    written_at: str = NO_TIME


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


class OwnItem(NamedTuple):
    """An item that a version wrote.

    Attributes:
        sku: Its SKU.
        location: Its location.
        token: Its order token.
        stock: See `Stored`.
        written_at: See `Stored`.
    """

    sku: str
    location: str
    token: str
    stock: str = ""
    written_at: str = NO_TIME


class ConsumedCapacity:
    """Capacity units used since the invocation began.

    Attributes:
        read_units: Read request units.
        write_units: Write request units.
    """

    __slots__ = ("read_units", "write_units")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.read_units = 0.0
        self.write_units = 0.0


class ItemStore(Protocol):
    """The items table."""

    def read(self, rows: Sequence[Row]) -> list[Stored | None]:
        """Read the stored item of each row's key, strongly consistent, in the order of the rows.

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

    def written_by(
        self, version: ObjectVersion, start: str, *, feed: str = ""
    ) -> tuple[list[OwnItem], list[OwnItem], str]:
        """Items that a version wrote, on one page of the whole table, strongly consistent.

        Args:
            version: The version.
            start: What the page before returned; "" for the first.
            feed: Complete feed of which the implied rows are wanted as well; "" for none.

        Returns:
            Its items on the page; those that are there because of implied rows of others; and
            where the next page begins, "" after the last.

        Raises:
            RetryableError: The table did not answer in the time left.
        """
        ...

    def delete(self, items: Sequence[OwnItem]) -> None:
        """Delete each item unless somebody else has written it meanwhile.

        Raises:
            RetryableError: The table did not answer in the time left.
        """
        ...


class Registration(NamedTuple):
    """Publish the decisions of an ended run or job in one shard.

    Attributes:
        version: Its object version.
        run: Its name.
        highest: A token not lower than those of the rows it left alone; "" when there are none.
        reads: Their keys.
        others: Keys of its other rows.
        position: Text before which `Registry.registered` goes on.
    """

    version: ObjectVersion
    run: str
    highest: str
    reads: KeySet
    others: KeySet
    position: str = ""


class WriteSet(NamedTuple):
    """Publish what a run or job wrote over in one shard, or a withdrawal deleted.

    Attributes:
        pointer: Text by which `Registry.writes_of` finds its keys; "" before it is appended.
        object_id: Object version that wrote, or was withdrawn.
        lowest: The lowest token written over an item; "" when they were deleted.
        writes: Keys of the items.
        expires_at: Epoch seconds after which it may vanish; 0 before it is appended.
    """

    pointer: str
    object_id: str
    lowest: str
    writes: KeySet
    expires_at: int = 0


class Epoch(NamedTuple):
    """The latest write set of a shard.

    Attributes:
        number: Its number; 0 for none.
        expires_at: Epoch seconds until which no number of the shard comes again, because this write
            set is there; 0 for no such limit.
    """

    number: int
    expires_at: int


class Registry(Protocol):
    """Read sets and write sets of the shards; see `validation`."""

    def epoch(self, shard: int) -> Epoch:
        """The latest write set of a shard, strongly consistent."""
        ...

    def append(self, shard: int, entry: WriteSet, *, expires_at: int) -> WriteSet:
        """Add a write set under the next number.

        Returns:
            The entry with its pointer.
        """
        ...

    def written_since(self, shard: int, epoch: int) -> Iterator[WriteSet]:
        """Write sets of a shard with a higher number, strongly consistent."""
        ...

    def writes_of(self, pointer: str) -> KeySet:
        """Keys of a write set; every key when it has expired."""
        ...

    def register(self, shard: int, registration: Registration, *, expires_at: int) -> None:
        """Publish the keys of a run's rows."""
        ...

    def registered_after(self, shard: int, token: str) -> Iterator[Registration]:
        """Read what was published with a higher `highest`; consistent.

        Args:
            shard: The shard.
            token: A token, or "" for everything.
        """
        ...

    def registered(self, shard: int, before: str) -> Iterator[Registration]:
        """Read everything that was published, the highest first; consistent.

        Args:
            shard: The shard.
            before: Position of the last one that is known; "" for none.
        """
        ...


class Ingestions(Protocol):
    """The ingestions table: one record per object version."""

    def get(self, object_id: str) -> Record | None:
        """The record, strongly consistent; None when there is none."""
        ...

    def open(self, admission: Admission, *, accepted: bool) -> bool:
        """Enter a run in the record.

        Args:
            admission: The run.
            accepted: True if nothing has to be weighed before it loads.

        Returns:
            False when the record is not as the admission was decided on; read and decide again.
        """
        ...

    def complete(self, admission: Admission, report: RunReport) -> None:
        """Close the run and make the record COMPLETED, unless a later base has done so.

        A run that is closed changes nothing. One that has read the file in another way than it is
        read by now stays open: what it has written has to be read again.
        """
        ...

    def fail(
        self, admission: Admission, report: RunReport, status: Status, *, weighing: bool = False
    ) -> None:
        """Close the run and make the record FAILED or HELD, unless it is COMPLETED.

        HELD neither when another run has accepted the file or an operator has let it in, nor FAILED
        when another run has held it. A run that is closed changes nothing.

        Args:
            admission: The run.
            report: Its result.
            status: FAILED or HELD.
            weighing: True for a run under whose name others load the file once it is accepted: then
                nothing changes, and it stays open.
        """
        ...

    def close(
        self, admission: Admission, *, written: int, absent: int = 0, reads_by: str = ""
    ) -> None:
        """Close a run that leaves the status alone; `written` rows move to `loaded`.

        Items that were written because the file lacks them are added to its count of these. The run
        stays open if the file is read in another way by now, unless `reads_by` is "".
        """
        ...

    def read_by(self, object_id: str, run: str, reads_by: str) -> bool:
        """Have the file read in this way from now on.

        Returns:
            Whether it is; False when the run is not open any more, or a later one has said how.
        """
        ...

    def read_as_before(self, object_id: str, reads_by: str, before: str) -> bool:
        """Have the file read in an earlier way again; False unless it is read in this way now."""
        ...

    def begin_job(self, object_id: str, run: str, workers: int, replaced: str) -> None:
        """Note that a run goes on as a job, in place of another one unless that is ""."""
        ...

    def progress(self, object_id: str, run: str, workers_done: int, lease_until: str) -> None:
        """Note that a job goes on until then at least, and how many of its workers are done."""
        ...

    def enter(self, object_id: str, run: str, job: str) -> bool:
        """Add an attempt to the open runs.

        Args:
            object_id: The object version.
            run: Name of the attempt.
            job: Run of its job.

        Returns:
            Whether it was; False when the job is not open any more.
        """
        ...

    def leave(self, object_id: str, runs: Collection[str], *, job: str = "") -> None:
        """Remove runs from the open ones and change nothing else.

        Args:
            object_id: The version.
            runs: Their names; nothing happens without one.
            job: Run that must be open still, because it accounts for these; "" for none.
        """
        ...

    def join_dead(self, object_id: str, dead: Collection[str], name: str) -> None:
        """Have one name stand for those of dead runs; see `ingestions.dead_runs`."""
        ...

    def accept(self, object_id: str, since: str) -> bool:
        """Note that the file may load, so that later attempts do not weigh it again.

        Args:
            object_id: The version.
            since: When that was begun to be found out, ISO 8601.

        Returns:
            False when it was held, refused or withdrawn since.
        """
        ...

    def touch(self, object_id: str, notes: Collection[str]) -> None:
        """Note shards in which items will be written over, see `ingestions.touch_note`."""
        ...

    def withdraw(
        self, version: ObjectVersion, record: Record | None, command: Command, run: str
    ) -> bool:
        """Make the record WITHDRAWN, or have one that is stay so; there need not be a record.

        Returns:
            False when the record is not as given, or something else was asked for later.
        """
        ...

    def wait(self, version: ObjectVersion, base: str) -> bool:
        """Make the record of a version that has not begun WAITING, or note its later base.

        Returns:
            False when the version has begun, or has a later base.
        """
        ...

    def note_decision(self, object_id: str, asked_at: str) -> bool:
        """Note a request to restore a version that is not withdrawn.

        Returns:
            False when it is withdrawn by now, or something was asked for later.
        """
        ...

    def note_base(self, object_id: str, base: str, status: Status) -> bool:
        """Note a later base of a version that has ended so.

        Returns:
            False when it has another status by now, or a later base.
        """
        ...

    def claim(self, object_id: str, run: str, horizon: str) -> bool:
        """Begin an attempt at the unfinished withdrawal of a version.

        Args:
            object_id: The version.
            run: Name of the attempt.
            horizon: Attempts with lower names are over for sure.

        Returns:
            False when another attempt may be at work, or the withdrawal is finished.
        """
        ...

    def note_withdrawal(self, object_id: str, run: str, place: str) -> bool:
        """Note how far an attempt has come; `place` sorts after every place noted before.

        Returns:
            False when the attempt is not the one at work any more, or has come further.
        """
        ...

    def unclaim(self, object_id: str, run: str) -> None:
        """End an attempt after which another one goes on."""
        ...

    def end_withdrawal(
        self, version: ObjectVersion, record: Record, run: str, removed: int, now: str
    ) -> None:
        """End a withdrawal, and forget what was to be done with the version."""
        ...

    def announced(self, object_id: str, announcements: Collection[str]) -> None:
        """Take announcements out of a record."""
        ...

    def request_recheck(self, object_id: str, pointers: Collection[str]) -> None:
        """Note write sets because of which rows must be decided again, unless none is loaded."""
        ...

    def note_messages(self, object_id: str, note: str) -> None:
        """Note how many reject messages were taken, see `ingestions.messages_note`."""
        ...


class Events(Protocol):
    """Events that others can react to."""

    def send(self, ends: Sequence[dict[str, Any]]) -> None:
        """Send an event for each end, see `announcements`; every one is taken or it raises."""
        ...


class Arrivals(Protocol):
    """Knowledge of the last files of feeds."""

    def note(self, feed: str, end: dict[str, Any]) -> None:
        """Note the end of a file, see `announcements`; a file that was stored later stays."""
        ...


class FeedNotes(Protocol):
    """The same, for whoever watches over feeds."""

    def all(self) -> dict[str, Arrival]:
        """Read what is known by feed, strongly consistent."""
        ...

    def watch(self, feed: str, now: str) -> None:
        """Note since when a feed is watched, unless it is already."""
        ...

    def tell(self, feed: str, due: str) -> None:
        """Note that people were told that a feed is late."""
        ...

    def forget(self, feed: str) -> None:
        """Forget a feed that there is no more."""
        ...


class FollowUps(Protocol):
    """Object versions that the reconcile looks at however old they are."""

    def add(self, version: ObjectVersion) -> None:
        """Have the reconcile look at a version until nothing is left to do for it."""
        ...

    def all(self) -> Iterator[ObjectVersion]:
        """Every version that is to be looked at."""
        ...

    def remove(self, version: ObjectVersion, *, before: datetime) -> None:
        """Look no more at a version, unless it was added (again) since then."""
        ...


class Pauses(Protocol):
    """Where operators have files wait."""

    def prefixes(self) -> list[str]:
        """Beginnings of the keys of files that wait, strongly consistent."""
        ...


class FileSums(Protocol):
    """Sums of files, by feed; whether a file was accepted, its record says."""

    def before(self, feed: str, base: str) -> Iterator[tuple[str, Decimal]]:
        """Object ids and sums of files of a feed before this base, the latest first."""
        ...

    def add(self, feed: str, base: str, object_id: str, quantity: Decimal) -> None:
        """Note the sum of a file that is about to be accepted."""
        ...


class FingerprintSets(Protocol):
    """The latest set of fingerprints of each series of files, see `fingerprints`."""

    def get(self, series: str) -> str | None:
        """Text of the set; None when there is none."""
        ...

    def put(self, series: str, text: str, *, expires_at: int) -> None:
        """Replace the set."""
        ...


class Readings(Protocol):
    """How files were read whose rows may have to be decided again, see `Job.how_read`."""

    def get(self, object_id: str, reads_by: str) -> str | None:
        """Text of how a version was read; None when it is not there any more.

        Args:
            object_id: Key of its record.
            reads_by: See `Job.reads_by`; "" for one that nobody knows.
        """
        ...

    def put(self, object_id: str, reads_by: str, text: str, *, expires_at: int) -> None:
        """Remember how a version was read; expires_at is in epoch seconds."""
        ...


class ChangeLogs(Protocol):
    """The change log, see `changelog`."""

    def add(self, part: Part, *, now: str, expires_at: int) -> None:
        """Add a part.

        Args:
            part: The part.
            now: The time, ISO 8601.
            expires_at: Epoch seconds after which it may vanish.
        """
        ...


class Listings(Protocol):
    """Registers of complete feeds, see `absences`."""

    def put(self, feed: str, listing: Listing, *, expires_at: int) -> None:
        """Enter the list of a version, unless one of a later base or restoration is there."""
        ...

    def all(self, feed: str) -> list[Listing]:
        """Read the register of a feed, strongly consistent."""
        ...

    def drop(
        self, feed: str, version: ObjectVersion, asked_at: str, now: str, *, expires_at: int
    ) -> str:
        """Note that a version is withdrawn; there need not be a list of it.

        Args:
            feed: The feed.
            version: The version.
            asked_at: When an operator asked for that.
            now: ISO 8601 time.
            expires_at: Epoch seconds after which the note may vanish.

        Returns:
            When that was noted first, ISO 8601.
        """
        ...

    def give_up(self, feed: str, version: ObjectVersion) -> bool:
        """Note that a version implies nothing any more; False when it has no list."""
        ...


class JobReports(Protocol):
    """Reports of the workers of jobs, each entered once."""

    def get(self, job: str, worker: int, segment: int) -> SegmentReport | None:
        """A report, strongly consistent; None while the segment is not done."""
        ...

    def latest(self, job: str, worker: int) -> tuple[int, SegmentReport] | None:
        """The last segment of a worker that is done, and its report."""
        ...

    def enter(
        self, job: str, worker: int, segment: int, report: SegmentReport, *, expires_at: int
    ) -> SegmentReport:
        """Enter a report unless there is one; the last of a worker counts it as done.

        Returns:
            The report that stands.
        """
        ...

    def workers_done(self, job: str) -> int:
        """Workers that have come to the end of the file, strongly consistent."""
        ...

    def all(self, job: str) -> Iterator[SegmentReport]:
        """All reports but the weigher's, by worker and segment, strongly consistent."""
        ...


class WorkQueue(Protocol):
    """The work queue."""

    def send(self, messages: Sequence[WorkMessage], *, delay_seconds: int = 0) -> None:
        """Send every message.

        Args:
            messages: The messages.
            delay_seconds: When they come at the earliest, up to 900.

        Raises:
            RetryableError: A message was not taken.
        """
        ...


class EndedChains(Protocol):
    """The dead-letter queue, as far as messages of the work queue go there."""

    def send(self, messages: Sequence[WorkMessage], code: str, reason: str) -> None:
        """Send every message, as the first of a chain, for an operator to look at.

        Args:
            messages: The messages.
            code: Why they are here, one word.
            reason: Why they are here, and what to do.

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

    @property
    def in_memory(self) -> bool:
        """True while nothing of it has been sent."""
        ...

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
            small_key: Where to store it if it is `in_memory`; by default at its key.

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

    def get(self, key: str) -> bytes | None:
        """Bytes of an object that fits into memory; None when there is none.

        Raises:
            RejectedRequestError: It is too large, or S3 refuses to give it.
            RetryableError: S3 did not give it.
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


class VersionPage(NamedTuple):
    """One page of a listing.

    Attributes:
        versions: Object versions and when S3 stored them; delete markers are left out.
        following: Where the next page begins, a key and a version id; None after the last one.
    """

    versions: list[tuple[ObjectVersion, datetime]]
    following: tuple[str, str] | None


class ObjectListing(Protocol):
    """All versions of the uploads bucket."""

    def pages(self, start: tuple[str, str] | None) -> Iterator[VersionPage]:
        """Pages from a place on; None for the beginning.

        Raises:
            RetryableError: S3 did not answer.
        """
        ...


class IngestionReader(Protocol):
    """The ingestions table, as far as the reconcile reads it."""

    def get_many(self, object_ids: Sequence[str]) -> dict[str, Record]:
        """The records of several object versions, those that exist, strongly consistent."""
        ...


class Checkpoints(Protocol):
    """Memory of the reconcile from one invocation to the next."""

    def load(self) -> dict[str, Any]:
        """The state saved last; empty when none was."""
        ...

    def save(self, state: dict[str, Any]) -> None:
        """Save a state that survives JSON."""
        ...
