"""Validation: whoever may have relied on what was written over is asked to decide again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import LANES, World
from ingest_steps import put
from inventory.domain.errors import RetryableError
from inventory.domain.ingestions import Record, Status, admit, touch_note
from inventory.domain.keysets import KeySet, KeySets, ShardKeys
from inventory.domain.order import timestamp
from inventory.domain.ports import Registration, WriteSet
from inventory.domain.validation import READS_RETENTION, WRITES_RETENTION, Validator
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.model import ObjectVersion

SHARD, ANOTHER = 3, 4
NOW = "2026-11-22T20:00:00.000000Z"
NOW_EPOCH = 1795377600


class Setting:
    """A validator over real tables in memory, and versions with records."""

    def __init__(self) -> None:
        self.world = World()
        self.ports: IngestPorts = self.world.ports()
        self.writer, self.reader = self.version("writer.csv"), self.version("reader.csv")

    def version(self, key: str) -> ObjectVersion:
        """A version with a record."""
        version = put(self.world, "A,x,1,,", key=key)
        admission = admit(
            None, kind=Kind.CREATED, version=version, base="b", delivery_id="d", now=_now()
        )
        assert self.ports.ingestions.open(admission, accepted=True)
        return version

    def validate(
        self, version: ObjectVersion, keys: dict[int, ShardKeys], *, timed: bool = False
    ) -> int:
        """Validate a run of a version."""
        return self._validator().validate(version, "run", KeySets(keys), timed=timed, now=NOW)

    def abandon(self, version: ObjectVersion, record: Record) -> int:
        """Validate for crashed runs of a version."""
        return self._validator().abandon(version, record, run="run", now=NOW)

    def _validator(self) -> Validator:
        ports = self.ports
        return Validator(ports.registry, ports.ingestions, ports.follow_ups, ports.work)

    def asked(self) -> dict[str, set[str]]:
        """By key: shard and number of the write sets because of which it must decide again."""
        found = {}
        for version in (self.writer, self.reader):
            record = self.ports.ingestions.get(version.object_id)
            assert record is not None
            if record.recheck:
                found[version.key] = {each.rpartition("#")[0] for each in record.recheck}
        return found

    def written(self, writes: KeySet, lowest: str, version: ObjectVersion) -> None:
        """Have somebody else append a write set."""
        entry = WriteSet("", version.object_id, lowest, writes)
        self.ports.registry.append(SHARD, entry, expires_at=NOW_EPOCH)

    def relied(self, reads: KeySet, highest: str, version: ObjectVersion) -> None:
        """Have somebody else publish a read set."""
        registration = Registration(version, "another run", highest, reads, KeySet())
        self.ports.registry.register(SHARD, registration, expires_at=NOW_EPOCH)


def _now() -> Any:
    return World().clock()


@pytest.fixture
def setting() -> Setting:
    """A writer and a reader, of whom nothing is known yet."""
    return Setting()


def _writes(*hashes: int, lowest: str = "m", epoch: int = 0) -> dict[int, ShardKeys]:
    return {SHARD: ShardKeys(epoch=epoch, writes=KeySet(hashes), lowest=lowest)}


def _reads(*hashes: int, highest: str = "m", epoch: int = 0) -> dict[int, ShardKeys]:
    return {SHARD: ShardKeys(epoch=epoch, reads=KeySet(hashes), highest=highest)}


@pytest.mark.parametrize(
    ("reads", "highest", "asked"),
    [
        (KeySet([1, 2]), "n", True),
        (KeySet([1, 2]), "l", False),  # all of it is older than what was written
        (KeySet([3]), "n", False),  # other keys
        (KeySet(everything=True), "n", True),
        (KeySet(everything=True), "l", False),
    ],
)
def test_a_writer_asks_readers_whose_read_sets_stand(
    setting: Setting,
    reads: KeySet,
    highest: str,
    asked: bool,
) -> None:
    """Those that left a newer row of one of its keys alone."""
    setting.relied(reads, highest, setting.reader)
    assert setting.validate(setting.writer, _writes(1, 9)) == asked
    assert setting.asked() == ({"reader.csv": {f"{SHARD}#1"}} if asked else {})


def test_a_writer_does_not_ask_itself(setting: Setting) -> None:
    """Its own rows of a key are decided in their order."""
    setting.relied(KeySet([1]), "n", setting.writer)
    assert setting.validate(setting.writer, _writes(1)) == 0


def test_a_writer_asks_nobody_in_another_shard(setting: Setting) -> None:
    """Keys of another location are other keys."""
    registration = Registration(setting.reader, "r", "n", KeySet([1]), KeySet())
    setting.ports.registry.register(ANOTHER, registration, expires_at=NOW_EPOCH)
    assert setting.validate(setting.writer, _writes(1)) == 0


@pytest.mark.parametrize(
    ("epoch", "writes", "lowest", "asked"),
    [
        (0, KeySet([1, 2]), "l", True),
        (1, KeySet([1, 2]), "l", False),  # written before the reader read an item
        (0, KeySet([1, 2]), "n", False),  # newer than every row left alone
        (0, KeySet([1, 2]), "m", False),  # as new as the newest of them
        (0, KeySet([3]), "l", False),  # other keys
        (0, KeySet(everything=True), "l", True),
    ],
)
def test_a_reader_finds_writers_that_ended_before_it(
    setting: Setting,
    epoch: int,
    writes: KeySet,
    lowest: str,
    asked: bool,
) -> None:
    """Those of the shard's write sets that came after it began to read."""
    setting.written(writes, lowest, setting.writer)
    assert setting.validate(setting.reader, _reads(1, epoch=epoch)) == asked
    assert setting.asked() == ({"reader.csv": {f"{SHARD}#1"}} if asked else {})


@pytest.mark.parametrize("timed", [False, True])
def test_only_rows_with_times_of_their_own_are_written_over_by_their_own_file(
    setting: Setting,
    timed: bool,
) -> None:
    """An older row of a key may follow a newer one that was left alone."""
    keys = {
        SHARD: ShardKeys(epoch=0, reads=KeySet([1]), highest="m", writes=KeySet([1]), lowest="z")
    }
    assert setting.validate(setting.reader, keys, timed=timed) == timed
    assert setting.asked() == ({"reader.csv": {f"{SHARD}#1"}} if timed else {})


def test_whichever_ends_later_finds_the_other(setting: Setting) -> None:
    """Both orders of a reader and a writer of the same key."""
    assert setting.validate(setting.reader, _reads(1, highest="n")) == 0
    assert setting.validate(setting.writer, _writes(1)) == 1
    other = Setting()
    assert other.validate(other.writer, _writes(1)) == 0
    assert other.validate(other.reader, _reads(1, highest="n")) == 1
    assert setting.asked() == other.asked() == {"reader.csv": {f"{SHARD}#1"}}


def test_a_version_is_asked_once_for_all_write_sets(setting: Setting) -> None:
    """One message; the record names what to decide again, the reconcile looks after it."""
    registry = setting.ports.registry
    for shard in (SHARD, ANOTHER):
        registration = Registration(setting.reader, "r", "n", KeySet([1]), KeySet())
        registry.register(shard, registration, expires_at=NOW_EPOCH)
    keys = _writes(1) | {ANOTHER: ShardKeys(epoch=0, writes=KeySet([1]), lowest="m")}
    assert setting.validate(setting.writer, keys) == 1
    assert setting.asked() == {"reader.csv": {f"{SHARD}#1", f"{ANOTHER}#1"}}
    message = WorkMessage(kind=Kind.RECHECK, version=setting.reader)
    assert setting.world.work.messages == [message]
    assert list(setting.ports.follow_ups.all()) == [setting.reader]


def test_a_run_that_did_nothing_leaves_no_trace(setting: Setting) -> None:
    """A shard that was looked at, but in which no item was left alone or written over."""
    assert setting.validate(setting.writer, {SHARD: ShardKeys(epoch=0)}) == 0
    assert setting.world.tables.tables[LANES].items == {}


def test_a_request_stands_although_its_message_was_lost(setting: Setting) -> None:
    """The reconcile finds it in the record, because the follow-up stands too."""

    class Lost:
        def send(self, *_: object, **__: object) -> None:
            raise RetryableError("the queue did not answer")

    setting.relied(KeySet([1]), "n", setting.reader)
    validator = Validator(
        setting.ports.registry, setting.ports.ingestions, setting.ports.follow_ups, Lost()
    )
    keys = KeySets(_writes(1))
    with pytest.raises(RetryableError):
        validator.validate(setting.writer, "run", keys, timed=False, now=NOW)
    assert setting.asked() == {"reader.csv": {f"{SHARD}#1"}}
    assert list(setting.ports.follow_ups.all()) == [setting.reader]


def test_both_sets_are_published_before_anybody_is_looked_for(setting: Setting) -> None:
    """The order on which it rests that one of two runs finds the other."""
    calls: list[str] = []

    class Noting:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(setting.ports.registry, name)

    validator = Validator(
        Noting(),
        setting.ports.ingestions,
        setting.ports.follow_ups,
        setting.ports.work,
    )
    keys = KeySets(
        {SHARD: ShardKeys(epoch=0, reads=KeySet([1]), highest="m", writes=KeySet([2]), lowest="l")}
    )
    validator.validate(setting.writer, "run", keys, timed=False, now=NOW)
    assert calls == ["register", "append", "registered_after", "written_since"]


def test_read_sets_outlive_write_sets(setting: Setting) -> None:
    """Both expire, counted from the end of the run."""
    keys = {
        SHARD: ShardKeys(epoch=0, reads=KeySet([1]), highest="m", writes=KeySet([2]), lowest="l")
    }
    setting.validate(setting.writer, keys)
    expiry = {
        lane: int(item["expires_at"]["N"]) - NOW_EPOCH
        for (lane, _), item in setting.world.tables.tables[LANES].items.items()
    }
    assert expiry == {
        f"{SHARD}#reads": READS_RETENTION.total_seconds(),
        f"{SHARD}#writes": WRITES_RETENTION.total_seconds(),
    }


def test_for_crashed_runs_every_key_of_the_touched_shards_counts_as_written(
    setting: Setting,
) -> None:
    """Whoever left anything newer than the lowest floor alone is asked, in these shards alone."""
    setting.relied(KeySet([77]), "n", setting.reader)
    touched = frozenset({touch_note(SHARD, "m", "ab"), touch_note(SHARD, "k", "cd")})
    record = Record(status=Status.IN_PROGRESS, touched=touched)
    assert setting.abandon(setting.writer, record) == 1
    (entry,) = setting.ports.registry.written_since(SHARD, 0)
    assert (entry.lowest, entry.writes.everything) == ("k", True)
    assert setting.asked() == {"reader.csv": {f"{SHARD}#1"}}


@pytest.mark.parametrize(
    "touched", [(), (touch_note(ANOTHER, "k", "ab"),), (touch_note(SHARD, "o", "ab"),)]
)
def test_crashed_runs_that_touched_nothing_older_ask_nobody(
    setting: Setting, touched: tuple[str, ...]
) -> None:
    """No shard, another shard, or only rows that are newer than what was left alone."""
    setting.relied(KeySet([77]), "n", setting.reader)
    record = Record(status=Status.IN_PROGRESS, touched=frozenset(touched))
    assert setting.abandon(setting.writer, record) == 0
    assert setting.asked() == {}


def test_times_are_compared_in_the_same_form() -> None:
    """The constants above are the same moment."""
    assert timestamp(_now()) == "2026-11-22T20:00:00.001000Z"
