"""The same world with files in parts: every file is cut, and its parts meet every failure."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, BinaryIO
from unittest.mock import patch

from faults import world
from faults.campaign import Catch, Tally
from faults.case import Case, Upload
from faults.fakes import BEGIN, LANES
from faults.mutants import Mutant
from faults.world import FaultyWorld, Weather
from inventory.adapters.dynamodb_api import ConditionFailedError, DynamoDbApi
from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.adapters.dynamodb_parts import DynamoDbParts
from inventory.domain.chunks import cutting
from inventory.domain.chunks.finishing import Finisher
from inventory.domain.chunks.ports import ChunkPorts
from inventory.domain.chunks.service import Chunks
from inventory.domain.chunks.trace import PartTrace
from inventory.domain.hold import StockDropHold, Weighing
from inventory.domain.ingest import Ingest
from inventory.domain.order import timestamp
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory.domain.work import Kind
from inventory.domain.writing import RowWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from faults.findings import Findings
    from faults.mutants import Patch
    from faults.oracle import Fact
    from inventory.domain.chunks.model import PartReport, Place

HEADER = "sku,location,quantity,name,updated_at\n"


class HeldUpload(Upload):
    """A file that lowers the known stock too far: nothing of it may load."""

    def facts(self) -> list[Fact]:
        """Rows for the oracle: none."""
        return []

    @property
    def status(self) -> str:
        """Status its record must end in."""
        return "FAILED"

    def rejects(self) -> set[str]:
        """Ids of the reject messages it must cause."""
        return {f"{self.version.object_id}/0"}


class PartCase(Case):
    """A case whose files the shipped reader reads."""

    def add(
        self,
        key: str,
        lines: list[str],
        *,
        seconds: int,
        sequencer: str = "",
        as_of_seconds: int | None = None,
        events: int = 1,
        kind: type[Upload] = Upload,
    ) -> Upload:
        """Store one more version; see `Case.add`. `kind` says what is expected of it."""
        assert as_of_seconds is None
        version = self.objects.put(
            key,
            HEADER + "".join(f"{line}\n" for line in lines),
            last_modified=BEGIN + timedelta(seconds=seconds),
            sequencer=sequencer,
        )
        time = timestamp(BEGIN + timedelta(seconds=seconds))
        upload = kind(version=version, time=time, lines=lines, events=events)
        self.uploads.append(upload)
        return upload


class PartStore:
    """The reports bucket as parts of one process see it."""

    def __init__(self, world: PartWorld) -> None:
        self._world = world
        self._files = world.reports.files

    def put(self, key: str, body: BinaryIO) -> None:
        """See `chunks.ports.PartStore`."""
        self._world.stumble()
        self._files[key] = body.read()

    def open(self, key: str) -> BinaryIO:
        """See `chunks.ports.PartStore`."""
        self._world.stumble()
        return io.BytesIO(self._files[key])

    def join(self, key: str, beginning: bytes, parts: list[str]) -> None:
        """See `chunks.ports.PartStore`."""
        self._world.stumble()
        self._files[key] = beginning + b"".join(self._files[part] for part in parts)


class PartWorld(FaultyWorld):
    """A world in which every file is processed in parts.

    Args:
        case: What is delivered.
        rng: Decides everything.
        weather: How bad the schedule is.
        chunk_bytes: Size of the parts.
        share: Share of the known stock above which files are held; 0 for none.
    """

    def __init__(
        self,
        case: Case,
        rng: Random,
        weather: Weather,
        *,
        chunk_bytes: int,
        share: Decimal = Decimal(0),
    ) -> None:
        super().__init__(case, rng, weather)
        self.chunk_bytes = chunk_bytes
        self.share = share

    def announce(self, upload: Upload, weather: Weather) -> None:
        """Have an upload delivered that came later than the others, and in another weather."""
        self.weather, self.budget = weather, weather.budget
        for _ in range(upload.events):
            self.pending.append(self._job(Kind.CREATED, upload.version))

    def settle(self) -> Findings:
        """Deliver everything; see `FaultyWorld.settle`."""
        # The files are too small to keep cuts away from damage, and have none that spreads.
        with (
            patch.object(cutting, "_LINES_BEFORE_DAMAGE", 1),
            patch.object(cutting, "_LINES_AFTER_DAMAGE", 0),
            patch.object(world, "_WRITES", world._WRITES | {"TransactWriteItems"}),  # noqa: SLF001  may arrive late
        ):
            return super().settle()

    def process(self) -> Ingest:
        """One fresh process; see `FaultyWorld.process`."""
        ports = replace(self.faulty_ports(), open_feed=self._open)
        api = DynamoDbApi(
            self.request, ports.deadline, in_flight=1, sleep=lambda _: None, uniform=lambda: 0.0
        )
        chunks = ChunkPorts(
            open_part=continue_feed,
            parts=DynamoDbParts(api, LANES, ports.usage),
            store=PartStore(self),
            large_object_bytes=0,
            chunk_bytes=self.chunk_bytes,
        )
        rows = self.weather.batch_rows
        hold = None
        if self.share:
            hold = StockDropHold(
                ports.items, ports.deadline, ports.usage, self.share, batch_rows=rows
            )
        return Ingest(
            ports,
            batch_rows=rows,
            chunks=Chunks(ports, chunks, batch_rows=rows, hold=hold),
            hold=hold,
        )

    def _time_left(self) -> Callable[[], float]:
        if not self.share or self.rng.random() < 0.5:  # noqa: PLR2004  a share
            return super()._time_left()
        # Enough for a batch or two, so that a file is weighed by many invocations.
        looks = iter(range(self.rng.randint(1, 6)))
        return lambda: 900.0 if next(looks, None) is not None else 0.0

    def _open(self, source: Any, *, key: str) -> Any:  # noqa: ANN401  the reader's own types
        self.stumble()
        return open_feed(source, key=key, profiles=ProfileSet())


def random_part_world(seed: int) -> PartWorld:
    """A small world in which parts of files collide in every way."""
    rng = Random(seed)  # noqa: S311  schedules, no secrets
    if seed % 4 == 3:  # noqa: PLR2004  every fourth
        return _weighing_world(rng)
    case = PartCase()
    skus = "ABCD"[: rng.randint(1, 4)]
    timed = rng.random() < 0.3  # noqa: PLR2004  a share
    for number in range(rng.randint(1, 4)):
        lines = []
        for _ in range(rng.randint(2, 10)):
            updated_at = ""
            if timed:
                updated_at = timestamp(BEGIN + timedelta(seconds=rng.randint(1, 4)))
            lines.append(f"{rng.choice(skus)},x,{rng.choice('12')},,{updated_at}")
        if rng.random() < 0.3:  # noqa: PLR2004  a share
            lines.insert(rng.randint(1, len(lines)), "!bad")
        case.add(
            rng.choice(("a.csv", "b.csv")),
            lines,
            seconds=rng.randint(1, 4),
            sequencer=f"0{number}",
            events=rng.choice((1, 1, 2, 0)),
        )
    weather = Weather.random(rng)
    return PartWorld(case, rng, weather, chunk_bytes=rng.choice((20, 40, 60, 1000)))


def _weighing_world(rng: Random) -> PartWorld:
    """One in which files are weighed: some lower the known stock a little, one by nearly all."""
    case = PartCase()
    skus = "ABCD"[: rng.randint(1, 4)]
    case.add("known.csv", [f"{sku},x,100,," for sku in skus], seconds=0)
    share = Decimal("0.5")
    world = PartWorld(case, rng, Weather(), chunk_bytes=1000, share=share)
    world.settle()
    weather = Weather.random(rng)
    for number in range(rng.randint(1, 3)):
        lines = [f"{rng.choice(skus)},x,{rng.choice(('98', '99'))},," for _ in range(10)]
        lines = lines[rng.randrange(10) :]
        upload = case.add(
            rng.choice(("a.csv", "b.csv")),
            lines,
            seconds=rng.randint(1, 4),
            sequencer=f"0{number}",
            events=rng.choice((1, 1, 2, 0)),
        )
        world.announce(upload, weather)
    # It is the newest, so that none of its rows is stale: then nothing of it would count.
    lines = [f"{sku},x,1,," for sku in skus] * rng.randint(1, 3)
    upload = case.add(
        "a.csv", lines, seconds=9, sequencer="09", events=rng.choice((1, 2, 0)), kind=HeldUpload
    )
    world.announce(upload, weather)
    return world


def at_random(seeds: Iterable[int]) -> Tally:
    """One random schedule for each seed."""
    tally = Tally()
    for seed in seeds:
        world = random_part_world(seed)
        tally.add(world.settle(), f"parts, seed {seed}:")
        tally.runs += world.runs
        tally.faults += world.faults
    return tally


def hunt(mutant: Mutant, *, seeds: Iterable[int]) -> Catch:
    """Run random schedules on a mutant until one goes red."""
    count = 0
    with mutant.applied():
        for seed in seeds:
            count += 1
            findings = random_part_world(seed).settle()
            if not findings.clean:
                first = (findings.wrong + findings.lost + findings.invented)[0]
                return Catch(mutant.name, "parts", count, first)
    return Catch(mutant.name, "", count, "")


def _no_second_look() -> Sequence[Patch]:
    return [(Finisher, "_again", lambda *_: [])]


def _count_apart() -> Sequence[Patch]:
    """The report is put and the chunk is counted in two requests instead of one transaction."""

    def enter(
        self: DynamoDbParts, job: str, place: Place, report: PartReport, *, expires_at: int
    ) -> bool:
        lane = {"S": f"parts#{job}"}
        item = {
            "lane": lane,
            "position": {"S": str(place)},
            "report": {"S": report.to_text()},
            "expires_at": {"N": str(expires_at)},
        }
        condition = "attribute_not_exists(lane)"
        payload = {"TableName": LANES, "Item": item, "ConditionExpression": condition}
        try:
            self._api.call("PutItem", payload)
        except ConditionFailedError:
            return False
        if not report.going_on:
            self._api.call(
                "UpdateItem",
                {
                    "TableName": LANES,
                    "Key": {"lane": lane, "position": {"S": f"done#{place.round}"}},
                    "UpdateExpression": "ADD done :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                },
            )
        return True

    return [(DynamoDbParts, "enter", enter)]


def _rely_on_own_rows() -> Sequence[Patch]:
    return [(PartTrace, "may_rely_on", lambda *_, **__: True)]


def _forget_attempts() -> Sequence[Patch]:
    return [(DynamoDbLedger, "enter", lambda *_: None)]


def _parts_do_not_look_back() -> Sequence[Patch]:
    return [(RowWriter, "look_back", lambda *_: 0)]


def _weigh_apart() -> Sequence[Patch]:
    """What earlier invocations have weighed is not added to."""
    read = Weighing.from_text

    def forget(text: str) -> Weighing:
        weighing = read(text)
        if not weighing.done:
            weighing.change = Decimal(0)
        return weighing

    return [(Weighing, "from_text", forget)]


MUTANTS = (
    Mutant("parts: no second look at rows left alone", _no_second_look),
    Mutant("parts: report and count in two requests", _count_apart),
    Mutant("parts: rows rely on rows of other parts", _rely_on_own_rows),
    Mutant("parts: attempts that died forgotten", _forget_attempts),
    Mutant("parts: no look-back", _parts_do_not_look_back),
    Mutant("parts: every invocation weighs for itself", _weigh_apart),
)
