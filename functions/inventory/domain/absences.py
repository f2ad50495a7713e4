"""Complete feeds: what a file does not name, although an older one did, is out of stock.

Each version of a complete feed leaves a *list* of the keys that it names, and a register of the
feed knows all lists. When all rows of a version are in the table, it enters its own list, and then
reads those of older versions: a key that is in one of them and not in its own has an *implied row*,
a quantity of zero as of the version's time. An implied row is a row like any other, on line 0.

    older version    enters its list ; reads the register ; asks the newest version that is newer
    newer version    enters its list ; reads the register, and the lists of older versions

Whichever enters its list later finds the other one. Why that is right: docs/order.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2s
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import compress, decompress

from inventory.domain.errors import RetryableError
from inventory.domain.fingerprints import stored_object
from inventory.domain.ingestions import Mode
from inventory.domain.jobs import KeyList, how_read_from, job_id
from inventory.domain.model import Absent, Row
from inventory.domain.order import timestamp
from inventory.domain.removals import REASON, REMOVED
from inventory.domain.validation import READS_RETENTION, expiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.jobs import Job, SegmentReport
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Reports
    from inventory.domain.validation import Validator

    Key = tuple[str, str]

#: Line of implied rows: below every row of a file.
LINE = 0

#: Beginning of a request, among those of `Record.recheck`, to read the lists of keys again.
ASKED = "absent#"

_FOLDER = "lists/"
_BYTES = "application/octet-stream"
_JSON = "application/json"

#: Keys of a block, and keys whose hashes are in memory at once.
BLOCK_KEYS = 1 << 15
_MOST_KEYS = 1 << 20

_key = attrgetter("sku", "location")


class KeyNotes:
    """Keys that one segment leaves, stored block by block.

    Args:
        files: Where they are stored.
        name: Name of their objects, see `list_name`.
        block_keys: Keys of a block.
    """

    def __init__(self, files: Reports, name: str, *, block_keys: int = BLOCK_KEYS) -> None:
        self._files = files
        self._name = name
        self._block_keys = block_keys
        self._keys: list[Key] = []
        self._blocks = 0

    def saw(self, keys: Iterable[Key]) -> None:
        """Note keys."""
        self._keys.extend(keys)
        while len(self._keys) >= self._block_keys:
            self._put(self._keys[: self._block_keys])
            del self._keys[: self._block_keys]

    def store(self) -> KeyList:
        """Store what is left to be stored, and tell where the keys are."""
        if self._keys:
            self._put(self._keys)
        return KeyList(self._name, self._blocks)

    def _put(self, keys: Sequence[Key]) -> None:
        by_location: dict[str, list[str]] = {}
        for sku, location in keys:
            by_location.setdefault(location, []).append(sku)
        data = compress(json.dumps(by_location, separators=(",", ":")).encode(), level=1)
        self._files.put(_block_key(self._name, self._blocks), data, content_type=_BYTES)
        self._blocks += 1


def list_name(object_id: str, attempt: str, worker: int) -> str:
    """Name of the list that a segment leaves, another one for every attempt."""
    return f"{job_id(object_id, attempt)}-{worker:04d}"


def _block_key(name: str, number: int) -> str:
    return f"{_FOLDER}{name}-{number:06d}.keys"


def keys_of(
    files: Reports, lists: Iterable[KeyList], *, required: bool = False
) -> Iterator[list[Key]]:
    """Read keys, block by block.

    Args:
        files: Where they are stored.
        lists: Where the keys are.
        required: True if all must be there; else those are left out that have expired.

    Raises:
        RetryableError: They are required and not there.
    """
    for name, blocks in lists:
        for number in range(blocks):
            data = stored_object(files, _block_key(name, number))
            if data is not None:
                by_location = json.loads(decompress(data))
                yield [(sku, place) for place, skus in by_location.items() for sku in skus]
            elif required:
                raise RetryableError(f"the list of keys {name} is not there")


def absent_keys(
    files: Reports, own: Sequence[KeyList], known: Sequence[KeyList], older: Sequence[KeyList]
) -> Iterator[list[Key]]:
    """Keys of older lists that are in no list of one's own, each once.

    The hashes of a million keys are in memory at once; where there are more, all lists are read
    several times.

    Args:
        files: Where the lists are.
        own: Lists of the version.
        known: Lists of absent keys that earlier segments have dealt with.
        older: Lists of older versions.
    """
    named = [*own, *known]
    blocks = max(sum(each.blocks for each in named), *(each.blocks for each in older), 1)
    passes = -(-blocks * BLOCK_KEYS // _MOST_KEYS)
    for number in range(passes):
        seen: set[int] = set()
        for keys in keys_of(files, named, required=True):
            seen.update(each for each in map(hash, keys) if each % passes == number)
        for keys in keys_of(files, older):
            fresh = []
            for key in keys:
                key_hash = hash(key)
                if key_hash % passes == number and key_hash not in seen:
                    seen.add(key_hash)
                    fresh.append(key)
            if fresh:
                yield fresh


def implied_row(job: Job, key: Key) -> Row:
    """Row of a key that a complete file does not name.

    It says the same in every version, so that the next one finds it equal.
    """
    attributes = {}
    if job.absent is Absent.REMOVE:
        attributes = {REMOVED: f"feed {job.complete}", REASON: "not in its file"}
    return Row(LINE, *key, "0", None, None, None, None, None, attributes, None)


class Listing(NamedTuple):
    """Entry of the register of a feed.

    Attributes:
        version: A version of the feed.
        base: Base of its tokens; "" for a reject file that came back, whose rows count as of the
            file that they come from.
        name: Name of its list, by which others tell that they have read it.
        own: Where the keys are that it names.
        implies: True if it has implied rows.
        decided_at: When an operator last asked to withdraw or restore it, as the run knew that
            made the list; "" for never.
        dropped: When an operator asked to withdraw it; "" for never.
    """

    version: ObjectVersion
    base: str
    name: str
    own: tuple[KeyList, ...]
    implies: bool
    decided_at: str
    dropped: str = ""

    @property
    def live(self) -> bool:
        """Tell whether it counts; one of a run before the withdrawal does not."""
        return bool(self.name) and (not self.dropped or self.decided_at > self.dropped)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """Knowledge with which a version finds out what it lacks.

    Attributes:
        own: Lists of the version.
        older: Lists of older versions.
        covers: Versions whose keys are among these: hash of the object id to name of the list.
        implies: True if what it lacks is out of stock.
    """

    own: list[KeyList]
    older: list[KeyList]
    covers: dict[str, str]
    implies: bool


class Absences:
    """Lists of complete feeds.

    Args:
        ports: The world.
        validator: Requests rechecks.
    """

    def __init__(self, ports: IngestPorts, validator: Validator) -> None:
        self._ports = ports
        self._validator = validator

    def begin(
        self, job: Job, version: ObjectVersion, attempt: str, reports: Sequence[SegmentReport]
    ) -> Absence:
        """Enter the list of a version all of whose rows are in the table, and read the register.

        A damaged row may have been any article, and behind the damage that ends a file may stand
        all others: such a file takes nothing away. Nor does one of which no row is stock.

        Args:
            job: The job.
            version: The object version.
            attempt: Name of the run.
            reports: Reports of all segments.
        """
        own = [each for report in reports if report.ended for each in report.listed]
        whole = any(blocks for _, blocks in own)
        whole &= not any(report.error or report.counts.rejected for report in reports)
        implies = whole and not job.part and job.absent is not Absent.KEEP
        if any(report.error for report in reports):
            # It has read less than a run before, whose rows are in the table.
            for each in self._ports.listings.all(job.complete):
                if each.version.object_id == version.object_id and each.live:
                    own += each.own
        if job.mode is not Mode.RECHECK:
            self._ports.listings.put(
                job.complete,
                Listing(
                    version,
                    "" if job.part else job.base,
                    list_name(version.object_id, attempt, job.workers),
                    tuple(own),
                    implies,
                    job.decided_at,
                ),
                expires_at=expiry(timestamp(self._ports.now()), READS_RETENTION),
            )
        # Not before its own list is there: whoever enters one meanwhile asks those that he finds.
        older, covers = self._older(job, version, self._ports.listings.all(job.complete))
        return Absence(own=own, older=older, covers=covers, implies=implies)

    def _older(
        self, job: Job, version: ObjectVersion, listings: Iterable[Listing]
    ) -> tuple[list[KeyList], dict[str, str]]:
        """Lists of older versions, as few as tell all of their keys."""
        listed = {_digest(each.version): each for each in listings}
        listed.pop(_digest(version), None)
        older = [
            (name, each)
            for name, each in sorted(listed.items(), key=lambda one: one[1].base, reverse=True)
            if each.live and each.base < job.base
        ]
        lists: list[KeyList] = []
        covers: dict[str, str] = {}
        known = False
        for name, each in older:
            if covers.get(name) != each.name:
                lists += each.own
                covers[name] = each.name
            if known and all(covers.get(other) == one.name for other, one in older):
                break
            more = _older_of(self._ports.files, each.name)
            # The keys of one that was withdrawn are in there, and cannot be told from others.
            if more is not None and all(
                other not in listed or listed[other].live for other in more[1]
            ):
                lists += more[0]
                covers = {other: at for other, at in more[1].items() if other in listed} | covers
                known = True
        return lists, covers

    def end(
        self, job: Job, version: ObjectVersion, attempt: str, absence: Absence, gone: list[KeyList]
    ) -> None:
        """Leave what was absent for the next version, and ask the newest one.

        That is one which is newer, unless this one implies nothing: then others have to.

        Args:
            job: The job.
            version: The object version.
            attempt: Name of the run.
            absence: What it knew.
            gone: Lists of all keys that it lacks, one of each segment.
        """
        if job.mode is Mode.RECHECK:
            if not absence.implies and job.absent is not Absent.KEEP:
                self.refused(version)
            return
        # An earlier segment may have read a list that was dropped since, and its keys are in there.
        if len(gone) == 1:
            name = list_name(version.object_id, attempt, job.workers)
            body = json.dumps({"keys": gone, "covers": absence.covers}, separators=(",", ":"))
            self._ports.files.put(_older_key(name), body.encode(), content_type=_JSON)
        self.ask_newest(job.complete, version, job.base if absence.implies else "")

    def ask_newest(self, feed: str, version: ObjectVersion, base: str = "") -> None:
        """Have the newest version read the lists again, if it is newer than one that has changed.

        Args:
            feed: The feed.
            version: The one that has changed.
            base: Its base; "" when it is not among the versions of the feed any more.
        """
        newer = [
            each
            for each in self._ports.listings.all(feed)
            if each.live and each.implies and each.base > base
            if each.version.object_id != version.object_id
        ]
        if newer:
            newest = max(newer, key=attrgetter("base"))
            self._validator.request(newest.version, {f"{ASKED}{_digest(version)}"})

    def refused(self, version: ObjectVersion) -> None:
        """Expect nothing more of a version that cannot be read any more."""
        if feed := self.feed_of(version):
            self.give_up(feed, version)

    def give_up(self, feed: str, version: ObjectVersion) -> None:
        """Expect nothing more of a version in a feed."""
        # Asked each time: who gave it up first may have died before it asked.
        if self._ports.listings.give_up(feed, version):
            self.ask_newest(feed, version)

    def dropped(self, version: ObjectVersion) -> None:
        """Have the newest version that is left read the lists: others may not have asked it."""
        if feed := self.feed_of(version):
            self.ask_newest(feed, version)

    def feed_of(self, version: ObjectVersion) -> str:
        """The complete feed that a version belongs to; "" for none.

        That is the one as which it is read by now; else that of the day, in which it may be listed
        although a replay has taken it out.
        """
        record = self._ports.ingestions.get(version.object_id)
        text = self._ports.readings.get(version.object_id, record.reads_by if record else "")
        feed = self._ports.feed_of(version.key)
        as_read = str(how_read_from(text)["complete"]) if text else ""
        return as_read or (feed.prefix if feed.complete else "")

    def drop(self, version: ObjectVersion, asked_at: str, now: str) -> str:
        """Count the list of a withdrawn version no more.

        Args:
            version: The version.
            asked_at: When an operator asked for that.
            now: ISO 8601 time.

        Returns:
            When it was dropped first, ISO 8601; "" where the feed is not complete.
        """
        feed = self.feed_of(version)
        if not feed:
            return ""
        # It outlives what others have left of its keys before.
        expires_at = expiry(now, READS_RETENTION)
        return self._ports.listings.drop(feed, version, asked_at, now, expires_at=expires_at)

    def own_keys(self, version: ObjectVersion) -> Iterator[list[Key]]:
        """Keys that a version has named, whether its list counts or not."""
        feed = self.feed_of(version)
        for each in self._ports.listings.all(feed) if feed else ():
            if each.version.object_id == version.object_id:
                yield from keys_of(self._ports.files, each.own)


def _older_key(name: str) -> str:
    return f"{_FOLDER}{name}.older"


def _older_of(files: Reports, name: str) -> tuple[list[KeyList], dict[str, str]] | None:
    """Lists of the keys that a version lacks, and the versions whose keys they are."""
    data = stored_object(files, _older_key(name))
    if data is None:
        return None
    left: dict[str, Any] = json.loads(data)
    return [KeyList(*each) for each in left["keys"]], left["covers"]


def _digest(version: ObjectVersion) -> str:
    return blake2s(version.object_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
