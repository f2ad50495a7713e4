# ruff: noqa: PLR2004  probabilities are chosen, not derived
"""Subject of one schedule: object versions, their rows, and what is announced of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from faults.fakes import BEGIN, MemoryObjects, tiny
from faults.oracle import Fact, implied
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from random import Random

    from inventory.domain.model import ObjectVersion


@dataclass(kw_only=True, slots=True)
class Upload:
    """One object version of a case.

    Attributes:
        version: As stored; its sequencer is that of its events.
        time: Its time by which its rows are ordered.
        lines: Lines of its tiny feed.
        events: How often its event is delivered at least; 0 for an event that never came.
        deleted: True if it is deleted before anybody reads it.
        doubtful: True if it is deleted or refused at some time, so that it may have loaded whole,
            in part or not at all.
        held: True if it takes away so much stock that it "must" be held, or "may" be; "" for
            neither.
        approved: True if an operator let it in, or had it judged again.
        kept_out: True if it has ended without loading anything, as it may.
        withdrawn: True if an operator has asked to withdraw it, and has not restored it.
    """

    version: ObjectVersion
    time: str
    lines: list[str]
    events: int = 1
    deleted: bool = False
    doubtful: bool = False
    held: str = ""
    approved: bool = False
    kept_out: bool = False
    withdrawn: bool = False

    def facts(self) -> list[Fact]:
        """Its rows for the oracle."""
        if self.deleted or self.kept_out or self.withdrawn or "NO FEED" in self.lines:
            return []
        facts = []
        for number, text in enumerate(self.lines, 2):
            if text == "BROKEN":
                break
            if text[0] in "!-":
                continue
            sequencer = self.version.sequencer if self.events else ""
            before = (self.version.object_id, self.time, sequencer, number)
            facts.append(Fact(*before, *text.split(",")))
        return facts

    @property
    def statuses(self) -> set[str]:
        """Statuses its record may end in."""
        if self.withdrawn:
            return {"WITHDRAWN"}
        bad = self.deleted or "NO FEED" in self.lines or "BROKEN" in self.lines
        statuses = {"FAILED" if bad else "COMPLETED"}
        if self.doubtful:
            statuses |= {"COMPLETED", "FAILED"}
        if self.held:
            statuses.add("HELD")
        if self.held == "must" and not self.approved:
            statuses.discard("COMPLETED")
        return statuses

    def possible_rejects(self, *, reread: bool) -> set[str]:
        """Ids of the reject messages it may cause.

        Args:
            reread: See `Case.reread`.
        """
        object_id = self.version.object_id
        doubts = {f"{object_id}/0", f"{object_id}/1"} if self.doubtful else set()
        refuses = any(text.startswith("!") for text in self.lines)
        if self.held or (reread and refuses):
            # A file that is read again in another way has a message for all that is refused.
            doubts.add(f"{object_id}/0")
        return self._rejects() | doubts

    @property
    def rejects(self) -> set[str]:
        """Ids of the reject messages it must cause."""
        spared = self.doubtful or self.kept_out or self.withdrawn
        return set() if spared else self._rejects()

    def _rejects(self) -> set[str]:
        object_id = self.version.object_id
        if self.deleted:
            return {f"{object_id}/0"}
        if "NO FEED" in self.lines:
            return {f"{object_id}/1"}
        ids = set()
        for number, text in enumerate(self.lines, 2):
            if text[0] == "!" or text == "BROKEN":
                ids.add(f"{object_id}/{number}")
            if text == "BROKEN":
                break
        return ids


@dataclass(kw_only=True, slots=True)
class Case:
    """Uploads and the bucket that holds them.

    Attributes:
        objects: The bucket.
        uploads: The uploads.
        first: How many of them are processed in peace before anything else happens.
        complete: What becomes of what files of a complete feed lack, by their key.
        reread: True once files are read by another profile or release than before.
    """

    objects: MemoryObjects = field(default_factory=MemoryObjects)
    uploads: list[Upload] = field(default_factory=list)
    first: int = 0
    complete: dict[str, str] = field(default_factory=dict)
    reread: bool = False

    def add(
        self,
        key: str,
        lines: list[str],
        *,
        seconds: int,
        sequencer: str = "",
        as_of_seconds: int | None = None,
        events: int = 1,
    ) -> Upload:
        """Store one more version.

        Args:
            key: Object key.
            lines: Lines of its feed.
            seconds: LastModified, in seconds after the beginning.
            sequencer: Sequencer of its events.
            as_of_seconds: Its `as-of`, in seconds after the beginning, where it has one.
            events: How often its event is delivered at least.
        """
        time = BEGIN + timedelta(seconds=seconds if as_of_seconds is None else as_of_seconds)
        metadata = {} if as_of_seconds is None else {"as-of": time.isoformat()}
        body = "no feed" if "NO FEED" in lines else tiny(*lines)
        version = self.objects.put(
            key,
            body,
            last_modified=BEGIN + timedelta(seconds=seconds),
            metadata=metadata,
            sequencer=sequencer,
        )
        upload = Upload(version=version, time=timestamp(time), lines=lines, events=events)
        self.uploads.append(upload)
        return upload

    def facts(self, *, doubtful: bool) -> list[Fact]:
        """Rows that were delivered, of the uploads that are doubtful or of the others."""
        uploads = [upload for upload in self.uploads if upload.doubtful is doubtful]
        facts = [fact for upload in uploads for fact in upload.facts()]
        return facts + self._implied(uploads)

    def _implied(self, uploads: list[Upload]) -> list[Fact]:
        """What complete files imply: of keys that older ones name, and they do not."""
        facts = []
        for key, absent in self.complete.items():
            versions = [each.facts() for each in self.uploads if each.version.key == key]
            for upload in uploads:
                whole = not any(line[0] == "!" or line == "BROKEN" for line in upload.lines)
                own = upload.facts()
                if upload.version.key == key and whole and own and absent != "keep":
                    facts += implied(own, versions)
        return facts


#: Of two, three and four workers, the first two of these have different ones.
_SKUS = "BDAEC"
_SEQUENCERS = ("", "0A", "0a", "0B5", "0B50", "zz", "0C" * 20, "00637B1A")


def _at(seconds: int) -> str:
    return timestamp(BEGIN + timedelta(seconds=seconds))


def random_case(rng: Random) -> Case:
    """A small case in which every kind of collision is likely."""
    kind = rng.random()
    if kind < 0.3:
        return trap_case(rng)
    if kind < 0.6:
        return crowded_case(rng)
    case = Case()
    skus = _SKUS[: rng.randint(1, 5)]
    locations = ["x", "y"] if rng.random() < 0.3 else ["x"]
    quantities = "123"[: rng.randint(2, 3)]
    keys = ["a.csv", "b.csv", "c.csv"][: rng.randint(1, 3)]
    seconds = list(range(1, 1 + rng.choice((1, 2, 4, 6))))
    timed = rng.random() < 0.35
    odd = rng.random() < 0.25
    for _ in range(rng.randint(2, 5)):
        lines = []
        own_times = timed and rng.random() < 0.7
        for _ in range(rng.randint(1, 6)):
            updated_at = _at(rng.choice(seconds)) if own_times and rng.random() < 0.9 else ""
            name = rng.choice(("", "", "n")) if odd else ""
            cells = (rng.choice(skus), rng.choice(locations), rng.choice(quantities))
            lines.append(",".join((*cells, name, updated_at)))
        if odd:
            extra = rng.choice(("!bad", "-blank", "!worse", "BROKEN", "NO FEED"))
            lines.insert(rng.randint(0, len(lines)), extra)
        upload = case.add(
            rng.choice(keys),
            lines,
            seconds=rng.choice(seconds),
            sequencer=rng.choice(_SEQUENCERS),
            as_of_seconds=rng.choice(seconds) if rng.random() < 0.15 else None,
            events=rng.choice((1, 1, 1, 1, 2, 2, 3, 0)),
        )
        if rng.random() < 0.03:
            upload.deleted = True
            case.objects.delete(upload.version)
            upload.events = max(upload.events, 1)
    return case


def trap_case(rng: Random, *, one_second: bool = False) -> Case:
    """A first file whose items newer ones leave alone, and files between that write over them.

    Args:
        rng: Draws it.
        one_second: True if all of them are of the same second and differ by their sequencers.
    """
    case = Case()
    skus = _SKUS[: rng.randint(1, 2)]
    timed = rng.random() < 0.3
    seconds = sorted(rng.sample(range(1, 8), rng.randint(3, 5)))
    if rng.random() < 0.2:
        seconds[1:] = sorted(rng.choices(range(2, 4), k=len(seconds) - 1))
    case.add("a.csv", [f"{sku},x,1,," for sku in skus], seconds=seconds[0])
    case.first = 1
    for number, second in enumerate(seconds[1:]):
        newest = number % 2 == len(seconds) % 2
        lines = []
        for _ in range(rng.randint(1, 3)):
            quantity = "1" if newest == (rng.random() < 0.8) else "2"
            updated_at = _at(rng.randint(1, 7)) if timed else ""
            lines.append(f"{rng.choice(skus)},x,{quantity},,{updated_at}")
        case.add(
            rng.choice(("b.csv", "c.csv")),
            lines,
            seconds=seconds[0] if one_second else second,
            sequencer=f"{number + 1:02X}" if one_second else "",
            events=rng.choice((1, 1, 2)),
        )
    return case


def crowded_case(rng: Random) -> Case:
    """Hardly any keys and values, so that nearly every row meets an equal older one."""
    case = Case()
    timed = rng.random() < 0.4
    for second in rng.sample(range(1, 7), rng.randint(2, 5)):
        lines = []
        for _ in range(rng.choice((1, 1, 2, 4)) if not timed else rng.randint(1, 5)):
            updated_at = _at(rng.randint(1, 6)) if timed else ""
            name = rng.choice(("", "n")) if rng.random() < 0.1 else ""
            cells = (rng.choice(_SKUS[0] + _SKUS[:2]), "x", rng.choice("12"))
            lines.append(",".join((*cells, name, updated_at)))
        case.add(rng.choice("abc") + ".csv", lines, seconds=second, events=rng.choice((1, 1, 2)))
    return case


def nightly_case(rng: Random) -> Case:
    """Versions of the same file, in which little changes, and other files of the same keys.

    The first version is there before anything else; the others come in any order.
    """
    case = Case()
    skus = _SKUS[: rng.randint(1, 4)]
    timed = rng.random() < 0.25
    seconds = sorted(rng.sample(range(1, 10), rng.randint(3, 6)))
    case.add("a.csv", [f"{sku},x,1,," for sku in skus], seconds=seconds[0])
    case.first = 1
    for second in seconds[1:]:
        same = rng.random() < 0.6
        lines = []
        for sku in [*skus, *rng.choices(skus, k=rng.choice((0, 0, 1, 3)))]:
            quantity = "1" if rng.random() < (0.8 if same else 0.4) else "2"
            updated_at = _at(rng.randint(1, 9)) if timed and rng.random() < 0.7 else ""
            if same or rng.random() < 0.6:
                lines.append(f"{sku},x,{quantity},,{updated_at}")
        lines = lines or [f"{skus[0]},x,2,,"]
        if same and rng.random() < 0.4:
            lines = [f"{skus[0]},x,2,,", *lines, f"{skus[0]},x,1,,"]
        key = "a.csv" if same else rng.choice(("b.csv", "c.csv"))
        case.add(key, lines, seconds=second, events=rng.choice((1, 1, 2)))
    return case


def complete_case(rng: Random) -> Case:
    """Versions of a complete feed that lack now this and now that, and other files of its keys."""
    case = Case(complete={"a.csv": rng.choice(("zero", "zero", "zero", "keep"))})
    skus = _SKUS[: rng.randint(2, 5)]
    seconds = rng.sample(range(1, 12), rng.randint(3, 6))
    case.first = rng.choice((0, 0, 1, 2))
    for number, second in enumerate(seconds):
        complete = number < 2 or rng.random() < 0.7
        lines = []
        for sku in skus:
            if rng.random() < (0.6 if complete else 0.4):
                updated_at = _at(rng.randint(1, 12))
                # The reader gives rows of complete files no times of their own.
                own = "" if complete else rng.choice(("", "", updated_at))
                lines.append(f"{sku},x,{rng.choice('12')},,{own}")
        lines = lines or [f"{rng.choice(skus)},x,2,,"]
        if rng.random() < 0.15:
            lines.insert(rng.randint(0, len(lines)), rng.choice(("!bad", "BROKEN", "-blank")))
        if lines[0] == "BROKEN":
            lines.insert(0, f"{skus[0]},x,1,,")
        case.add(
            "a.csv" if complete else rng.choice(("b.csv", "c.csv")),
            lines,
            seconds=rng.choice((second, second, second, seconds[0])),
            sequencer=rng.choice(("", "", "0A", "0B")),
            events=rng.choice((1, 1, 1, 2)),
        )
    return case


def raced_complete_case(rng: Random) -> Case:
    """Two or three versions of a complete feed with hardly any keys, and sometimes other files."""
    case = Case(complete={"a.csv": "zero"})
    for second in rng.sample(range(1, 5), rng.choice((2, 2, 3))):
        lines = [f"{sku},x,{rng.choice('12')},," for sku in rng.sample("BD", rng.choice((1, 1, 2)))]
        case.add("a.csv", lines, seconds=second)
    if rng.random() < 0.3:
        case.add("b.csv", ["B,x,0,,", "D,x,2,,"], seconds=rng.randint(1, 5))
    return case


def written_over_case() -> Case:
    """What the last version of a complete feed leaves alone is written over by a late file."""
    case = Case(complete={"a.csv": "zero"})
    for second, key, sku, quantity in (
        (1, "a.csv", "B", 1),
        (2, "b.csv", "B", 0),
        (3, "c.csv", "B", 2),
        (4, "a.csv", "D", 1),
    ):
        case.add(key, [f"{sku},x,{quantity},,"], seconds=second)
    return case


def alternating_case(rng: Random) -> Case:
    """Four versions of one key, of two files in turn, of which the first is there before."""
    case = Case()
    for second, quantity in enumerate("1212", 1):
        key = "a.csv" if quantity == "1" else "b.csv"
        case.add(key, [f"B,x,{quantity},,"], seconds=second, events=1)
    case.first = 1
    if rng.random() < 0.5:
        case.add("a.csv", ["B,x,1,,"], seconds=5)
    return case


def crowd(rng: Random) -> Case:
    """Many files at one location: SKUs of their own, and a few that all of them have."""
    case = Case()
    shared = rng.choice((0, 1, 2))
    for number in rng.sample(range(100), rng.choice((20, 40, 80))):
        lines = [f"K{number},x,1,,"]
        lines += [f"{sku},x,{rng.choice('12')},," for sku in "AB"[:shared] if rng.random() < 0.8]
        case.add(f"{number}.csv", lines, seconds=number)
    return case
