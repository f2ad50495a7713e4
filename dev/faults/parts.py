# ruff: noqa: PLR2004  probabilities are chosen, not derived
"""Kinds of random schedules: each a world for every seed, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from faults.case import (
    Case,
    alternating_case,
    complete_case,
    crowd,
    nightly_case,
    raced_complete_case,
    random_case,
    trap_case,
    written_over_case,
)
from faults.dynamodb import parsed
from faults.fakes import INGESTIONS, ITEMS
from faults.findings import Findings, counts_of
from faults.recount import Recount
from faults.world import Conditions, FaultyWorld, Job, misplaced
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.case import Upload
    from faults.scheduler import Scheduler, Task
    from inventory.adapters.dynamodb_api import Payload

_SKUS = "BD"  # the first two of every case
_SEVERAL = ((2,), (3,), (4,), (1, 2, 4))


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of random schedules.

    Attributes:
        name: What is special about it.
        world: World of a seed.
        schedules: How many a full run of the campaign takes.
    """

    name: str
    world: Callable[[int], FaultyWorld]
    schedules: int


PARTS: dict[str, Part] = {}


def _part(
    name: str, schedules: int
) -> Callable[[Callable[[Random], FaultyWorld]], Callable[[Random], FaultyWorld]]:
    """Define a part by the function that draws its worlds."""

    def define(draw: Callable[[Random], FaultyWorld]) -> Callable[[Random], FaultyWorld]:
        # The same schedule for the same seed.
        PARTS[name] = Part(name, lambda seed: draw(Random(seed)), schedules)  # noqa: S311  seeded
        return draw

    return define


@_part("one worker", 6_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are processed by one worker each, without and with a job."""
    conditions = replace(Conditions.random(rng), workers=rng.choice(((0,), (0,), (1,), (0, 1))))
    return FaultyWorld(random_case(rng), rng, replace(conditions, most_interventions=0))


@_part("complete feeds", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of a complete feed in any order, and others that interfere."""
    conditions = replace(
        Conditions.random(rng),
        switch=rng.choice((0.02, 0.1, 0.3, 0.6)),
        fault=rng.choice((0.0, 0.0, 0.03, 0.1)),
        intervention_rate=rng.choice((0.0, 0.02, 0.1)),
        interventions=("minutes", "hours", "reconcile", "redrive", "replay", "recheck", "profile"),
        hurry=rng.choice((0.0, 0.0, 0.3)),
        batch_rows=rng.choice((1, 2, 10)),
        workers=rng.choice(((0,), (0,), (2,), (0, 2, 3))),
    )
    return FaultyWorld(complete_case(rng), rng, conditions)


@_part("complete feeds raced", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of a complete feed that are at work at once."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=rng.choice((2, 2, 3)),
        batch_rows=rng.choice((1, 10)),
        workers=rng.choice(((0,), (0,), (2,))),
    )
    case = written_over_case() if rng.random() < 0.3 else raced_complete_case(rng)
    return FaultyWorld(case, rng, conditions)


class WithdrawingWorld(FaultyWorld):
    """Versions that operators withdraw and restore at any moment, and again after all are in.

    Attributes:
        raced: True if all are in before any is withdrawn, and none is restored after all.
    """

    raced = False

    def settle(self) -> Findings:
        """All versions come in; then some are withdrawn, and some of these restored.

        Others are read again meanwhile, and late ones come in.
        """
        conditions, rng = self.conditions, self.rng
        if self.raced or rng.random() < 0.7:
            self.set_conditions(
                Conditions(batch_rows=conditions.batch_rows, workers=conditions.workers)
            )
        findings = super().settle()
        for kind in (Kind.WITHDRAW,) if self.raced else (Kind.WITHDRAW, Kind.RESTORE):
            uploads = self.case.uploads
            if not findings.clean or (not self.raced and rng.random() < 0.3):
                return findings
            self.set_conditions(conditions)
            for upload in rng.sample(uploads, rng.randint(1, len(uploads))):
                self.command(kind, upload)
            for upload in rng.sample(uploads, rng.choice((0, 0, 1, 2))):
                self.operate(Kind.REPLAY, upload)
            for _ in range(rng.choice((2, 3, 4) if self.raced else (0, 1, 2))):
                self.announce(self._late())
            findings = super().settle()
        return findings

    def _late(self) -> Upload:
        rng = self.rng
        skus = rng.sample(_SKUS, rng.randint(1, len(_SKUS)))
        lines = [f"{sku},x,{rng.choice('12')},," for sku in skus]
        key = rng.choice(("late.csv", *self.case.complete)) if self.case.complete else "late.csv"
        return self.case.add(key, lines, seconds=rng.randint(1, 8))


class RacedWithdrawingWorld(WithdrawingWorld):
    """The same, with others at work at once."""

    raced = True


@_part("complete feeds withdrawn", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of a complete feed that are withdrawn and restored at any moment."""
    conditions = replace(
        Conditions.random(rng),
        fault=rng.choice((0.0, 0.03, 0.1)),
        intervention_rate=rng.choice((0.05, 0.1, 0.2)),
        most_interventions=rng.randint(3, 10),
        interventions=(
            *("withdraw", "withdraw", "withdraw", "restore", "restore"),
            *("minutes", "minutes", "hours", "hours", "reconcile", "redrive", "recheck", "replay"),
        ),
        vanish=rng.choice((0.0, 0.1)),
        workers=rng.choice(((0,), (0,), (2,), (0, 2))),
    )
    return WithdrawingWorld(complete_case(rng), rng, conditions)


@_part("complete feeds raced, withdrawn", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of a complete feed with hardly any keys, withdrawn while others are at work."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3)),
        processes=rng.choice((2, 3)),
        fault=rng.choice((0.0, 0.1)),
        only=rng.choice(("dead", "lost")),
        budget=3,
    )
    return RacedWithdrawingWorld(raced_complete_case(rng), rng, conditions)


@_part("races", 5_000)
def _(rng: Random) -> FaultyWorld:
    """Nothing fails, but several files of hardly any keys are processed at once."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=rng.choice((2, 2, 3)),
        batch_rows=rng.choice((1, 10)),
        workers=rng.choice(((0,), (0,), (2,), (3,))),
    )
    return FaultyWorld(trap_case(rng), rng, conditions)


@_part("several workers", 8_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are processed by several workers."""
    conditions = replace(Conditions.random(rng), workers=rng.choice(_SEVERAL), most_interventions=0)
    case = trap_case(rng) if rng.random() < 0.5 else random_case(rng)
    return FaultyWorld(case, rng, conditions)


@_part("lost answers", 10_500)
def _(rng: Random) -> FaultyWorld:
    """Writes whose answers are lost, and in every other schedule nothing else that fails."""
    conditions = replace(
        Conditions.random(rng),
        fault=rng.choice((0.1, 0.25, 0.5)),
        lost=rng.choice((0.7, 1.0)),
        only=rng.choice(("", "lost")),
        hurry=rng.choice((0.0, 0.3)),
        budget=rng.randint(2, 20),
        most_interventions=0,
    )
    return FaultyWorld(random_case(rng), rng, conditions)


@_part("dead runs", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Processes that die, in files that are delivered more than once."""
    conditions = replace(
        Conditions.random(rng),
        only="dead",
        fault=rng.choice((0.05, 0.1, 0.2)),
        intervention_rate=rng.choice((0.0, 0.1)),
        most_interventions=4,
        interventions=rng.choice((("redrive", "replay", "minutes", "hours"), ("profile",))),
    )
    case = trap_case(rng)
    for upload in case.uploads[case.first :]:
        upload.events = rng.choice((1, 2, 3))
    return FaultyWorld(case, rng, conditions)


class SlowWorld(FaultyWorld):
    """One of two runs of a version waits on its way until some other runs have ended.

    The version leaves a key alone, another one writes over it, and a newer one, perhaps, leaves
    that alone.

    Args:
        quantities: Those of the files, in their order.
        one_second: True if the files differ by their sequencers alone.
    """

    def __init__(
        self, rng: Random, conditions: Conditions, quantities: str, *, one_second: bool = False
    ) -> None:
        case = Case(first=1)
        for number, quantity in enumerate(quantities, 1):
            case.add(
                f"{number}.csv",
                [f"B,x,{quantity},,"],
                seconds=1 if one_second else number,
                sequencer=f"0{number}" if one_second else "",
            )
        super().__init__(case, rng, conditions)
        self.slow: Job | None = None
        self.slow_task: Task | None = None
        self.waits_at = rng.randint(1, 12)
        self.waits_for = rng.randint(1, 5)

    def _begin(self) -> None:
        super()._begin()
        self.slow = self._deliver_twice()

    def _deliver_twice(self) -> Job:
        """Deliver the third file once more; returns the delivery that is slow."""
        version = self.case.uploads[2].version
        event = next(
            job for job in self.pending if job.delivery and job.delivery.version == version
        )
        if self.rng.random() < 0.5:
            self.operate(Kind.REDRIVE, self.case.uploads[2])
        else:
            self.pending.append(Job(delivery=event.delivery))
        return event

    def _choose(self, scheduler: Scheduler) -> Task | None:
        chosen = super()._choose(scheduler)
        while chosen is not None and chosen is self.slow_task and self._waits(chosen, scheduler):
            chosen = super()._choose(scheduler)
        return chosen

    def _waits(self, task: Task, scheduler: Scheduler) -> bool:
        running = len(scheduler.running)
        others = running > 1 or (bool(self.pending) and running < self.conditions.processes)
        return others and task.steps >= self.waits_at and len(self.log) < self.waits_for

    def start(self, job: Job) -> Task:
        """Remember the one that is slow."""
        task = super().start(job)
        if job is self.slow:
            self.slow_task = task
        return task


class SlowListingWorld(SlowWorld):
    """The slow run is one that knows no sequencer."""

    def _deliver_twice(self) -> Job:
        self.operate(Kind.REDRIVE, self.case.uploads[2])
        return self.pending[-1]


class LosingWorld(SlowWorld):
    """The slow run dies, and its delivery does not come again: only its name tells of it."""

    def __init__(self, rng: Random, conditions: Conditions) -> None:
        super().__init__(rng, conditions, "1212")
        self.writing = False
        self.steps_left = rng.randint(1, 12)

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """Notice that it writes items."""
        if self.scheduler.current is self.slow_task:
            self.writing |= operation == "BatchExecuteStatement"
        return super().request(operation, payload)

    def step(self) -> None:
        """Let it die some steps after it has begun to write."""
        super().step()
        if self.writing and self.scheduler.current is self.slow_task:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.kill()

    def again(self, job: Job) -> None:
        """Put back every other delivery that failed."""
        if job is not self.slow:
            super().again(job)


@_part("known by name", 2_000)
def _(rng: Random) -> FaultyWorld:
    """One of two runs of a version dies and is only known by its name."""
    conditions = Conditions(switch=rng.choice((0.1, 0.3, 0.6)), processes=4, batch_rows=10)
    return LosingWorld(rng, conditions)


def _between(third: str, newest: str) -> Case:
    """A file that another one writes over before a third one, and perhaps a newer one.

    Args:
        third: Quantities of the one key in the third file.
        newest: That in the newest.
    """
    case = Case(first=1)
    files = ((1, "a.csv", "1"), (2, "b.csv", "2"), (3, "c.csv", third), (4, "d.csv", newest))
    for second, key, quantities in files:
        case.add(key, [f"B,x,{quantity},," for quantity in quantities], seconds=second)
    return case


@_part("twins", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Messages of jobs that come twice, to workers of which some have hardly any time."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=4,
        duplicate=1.0,
        fault=rng.choice((0.0, 0.02, 0.05)),
        only=rng.choice(("dead", "lost")),
        lost=1.0,
        hurry=rng.choice((0.2, 0.5)),
        budget=rng.randint(1, 6),
        batch_rows=1,
        workers=(2,),
    )
    case = _between(rng.choice(("1", "12", "11")), rng.choice("12"))
    return FaultyWorld(case, rng, conditions)


class InterruptedWorld(FaultyWorld):
    """A job's file, whose invocations are interrupted at one step each, while others go on.

    The last one that is interrupted stands still until hardly anything else is left to do.
    """

    def __init__(self, case: Case, rng: Random, conditions: Conditions) -> None:
        super().__init__(case, rng, conditions)
        self.interrupted: list[tuple[Task, int]] = []
        self.later: list[Job] = []

    def invoke(self, upload: Upload, workers: int) -> None:
        """Process an upload in peace, or have workers do so."""
        created = next(
            job for job in self.pending if job.delivery and job.delivery.version == upload.version
        )
        self.pending.remove(created)
        conditions = self.conditions
        self.conditions = replace(conditions, workers=(workers,), hurry=0.0, fault=0.0)
        self._invoke(created)
        self.conditions = conditions
        self._receive()

    def interrupt(self, job: Job, first: int, last: int) -> None:
        """Begin what is interrupted, and draw its step."""
        self.interrupted.append((self.start(job), self.rng.randint(first, last)))

    def _choose(self, scheduler: Scheduler) -> Task | None:
        rng = self.rng
        for task, step in self.interrupted:
            if task in scheduler.running and task.steps < step:
                return task
        last = self.interrupted[-1][0] if self.interrupted else None
        if last not in scheduler.running:
            return super()._choose(scheduler)
        self._receive()
        others = [task for task in scheduler.running if task is not last]
        if scheduler.current in others and rng.random() >= self.conditions.switch:
            return scheduler.current
        left = len(self.pending) + len(self.later)
        if self.pending and left > 1 and (not others or rng.random() < 0.5):
            at = 0 if rng.random() < 0.8 else rng.randrange(len(self.pending))
            return self.start(self.pending.pop(at))
        return rng.choice(others) if others else last


class OvertakenWorld(InterruptedWorld):
    """An attempt at a segment that writes, does not learn of it, and is overtaken by its twin.

    A newer file has relied on the item that is written over.
    """

    def _begin(self) -> None:
        """Process the newer file in peace, and leave the job's messages behind, each twice."""
        super()._begin()
        _, large, newer = self.case.uploads
        self.invoke(newer, workers=0)
        self.invoke(large, workers=2)
        self.rng.shuffle(self.pending)
        self.interrupt(self.pending.pop(), 10, 18)


@_part("overtaken attempts", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Attempts that do not learn what they have written, and are overtaken."""
    conditions = Conditions(
        duplicate=1.0,
        fault=rng.choice((0.3, 0.5)),
        only="lost",
        lost=1.0,
        hurry=0.8,
        budget=rng.randint(2, 4),
        processes=4,
        batch_rows=1,
    )
    case = Case(first=1)
    for second, quantities in ((1, "1"), (2, "12"), (3, "1")):
        case.add(f"{second}.csv", [f"B,x,{each},," for each in quantities], seconds=second)
    return OvertakenWorld(case, rng, conditions)


class ReplacedWorld(InterruptedWorld):
    """A job that is replaced while its workers are at work, and others that interfere.

    As long as one worker has not ended, nobody ends the job. It is replaced because an operator
    replays the file, or because its event comes again when another profile reads it.
    """

    def _begin(self) -> None:
        """Leave the job's messages behind, and deliver its file again."""
        super()._begin()
        _, before, large, newer = self.case.uploads
        rng = self.rng
        if rng.random() < 0.3:
            self.announce(large)
            for upload in (before, newer):
                self.invoke(upload, workers=0)
            self.invoke(large, workers=2)
            self._invoke(self.pending.pop(rng.randint(1, 2)))
            self.read_by("small")
            return
        self.invoke(large, workers=2)
        former = self.pending.pop(-rng.randint(1, 2))
        # The others come when one worker of the new job is done, which the other one ends.
        self.later, self.pending = self.pending[:-1], []
        self.interrupt(former, 3, 12)
        self.conditions = replace(self.conditions, workers=(2,))
        self.operate(Kind.REPLAY, large)

    def _choose(self, scheduler: Scheduler) -> Task | None:
        if self.later and any(each.kind is Kind.SEGMENT for each in self.log):
            self.pending[:0] = self.later
            self.later = []
        return super()._choose(scheduler)


@_part("replaced jobs", 2_000)
def _(rng: Random) -> FaultyWorld:
    """A job that is replaced while its workers are at work."""
    conditions = Conditions(switch=rng.choice((0.0, 0.05, 0.1)), processes=5, batch_rows=10)
    return ReplacedWorld(_between("1", "2"), rng, conditions)


class OutlivedWorld(InterruptedWorld):
    """A recheck by two workers that are still at work when its version is read again.

    The version has left a key alone that is then written over, now by one and now by another file,
    of which the newest leaves it alone.
    """

    def _begin(self) -> None:
        """Have one worker of the recheck wait until another one has read the version again."""
        super()._begin()
        large, before, again, over, newest = self.case.uploads[1:]
        self.invoke(large, workers=2)
        self._take(Kind.SEGMENT, 2)
        self.invoke(before, workers=0)
        self._take(Kind.RECHECK, 1)
        rechecks = [job for job in self.pending if job.delivery and job.delivery.task]
        self.invoke(again, workers=0)
        self.clock.move(minutes=20)
        self.operate(kind := self.rng.choice((Kind.REPLAY, Kind.REDRIVE)), large)
        self._take(kind, 1)
        waiting = [job for job in self.pending if job in rechecks]
        self.pending = [job for job in self.pending if job not in rechecks]
        self._take(Kind.SEGMENT, 1)
        for upload in (over, newest):
            self.invoke(upload, workers=0)
        self._run(waiting.pop(self.rng.randrange(2)))
        self._take(Kind.SEGMENT, 1)
        self.pending += waiting

    def _take(self, kind: Kind, count: int) -> None:
        """Have so many deliveries of a kind processed."""
        for _ in range(count):
            due = [job for job in self.pending if job.delivery and job.delivery.kind is kind]
            self.pending.remove(job := self.rng.choice(due))
            self._run(job)

    def _run(self, job: Job) -> None:
        self._invoke(job)
        self._receive()


@_part("rechecks outlived", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Rechecks that are at work for longer than a run can be."""
    conditions = Conditions(processes=2, switch=0.1, batch_rows=10, workers=(2,))
    case = Case(first=1)
    case.add("1.csv", ["B,x,1,,"], seconds=1)
    case.add("large.csv", ["B,x,1,,", "D,x,1,,"], seconds=10)
    for second, quantity in ((2, 2), (3, 1), (4, 2), (20, 2)):
        case.add(f"{second}.csv", [f"B,x,{quantity},,"], seconds=second)
    return OutlivedWorld(case, rng, conditions)


class NewerFirstWorld(InterruptedWorld):
    """A file that writes over what a newer one has relied on, which is processed before."""

    def _begin(self) -> None:
        """Process the newer file in peace."""
        super()._begin()
        self.invoke(self.case.uploads[2], workers=0)


class SlippedWorld(NewerFirstWorld):
    """Settings with a slip, by which the newer file could not be read, while others ask it."""

    def _begin(self) -> None:
        """Change the settings when the newer file has been processed."""
        super()._begin()
        self.refused.add(self.case.uploads[2].version.key)


class ReplayedWorld(NewerFirstWorld):
    """Settings that take other rows out of the newer file, which is replayed by them."""

    def _begin(self) -> None:
        """Change the settings when the newer file has been processed, and replay it."""
        super()._begin()
        newer = self.case.uploads[2]
        self.rewritten["rewriting"] = [line.replace("x,1", "x,7") for line in newer.lines]
        self.rewriting = newer.version.key, "rewriting"
        self.case.reread = True
        self.operate(Kind.REPLAY, newer)

    def examine(self) -> Findings:
        """Expect all rows in the one way or in the other: the replay's message may be lost."""
        newer = self.case.uploads[2]
        if self.record(newer.version)["profile"] == "rewriting":
            newer.lines = self.rewritten["rewriting"]
        return super().examine()


class BrokenOffWorld(ReplayedWorld):
    """Some of the settings by which the newer file is replayed cannot read it to its end."""

    def _begin(self) -> None:
        """Begin with such settings."""
        super()._begin()
        lines = [line.replace("x,7", "x,9") for line in self.rewritten["rewriting"]]
        lines[self.rng.randint(1, len(lines) - 1)] = "BROKEN"
        self.rewritten["breaking off"] = lines
        self._change_settings("breaking off")

    def _intervene(self) -> None:
        """Change the settings, and replay the file; or whatever else the conditions have."""
        if self.rng.random() < 0.5:
            super()._intervene()
            return
        self._change_settings(self.rng.choice(("breaking off", "rewriting")))
        self.operate(Kind.REPLAY, self.case.uploads[2])

    def examine(self) -> Findings:
        """Expect a message of each replay that broke off, about the line where it did."""
        found = super().examine()
        told = f"reject {self.case.uploads[2].version.object_id}/"
        found.invented = [each for each in found.invented if not each.startswith(told)]
        return found

    def _change_settings(self, profile: str) -> None:
        self.rewriting = self.case.uploads[2].version.key, profile


class BesideTheDeadWorld(NewerFirstWorld):
    """A job whose version another run has begun, too, and died; a redrive takes the job up."""

    def again(self, job: Job) -> None:
        """Leave it to the reconcile."""

    def _begin(self) -> None:
        """Let a run die, leave the messages of the job behind, and redrive the version."""
        super()._begin()
        large = self.case.uploads[1]
        waiting, self.pending = self.pending[1:], self.pending[:1]
        conditions = self.conditions
        self.conditions = replace(conditions, workers=(0,))
        self.fatal = self.rng.randint(8, 16)
        self.scheduler.run()
        self.fatal = 0
        self.pending = waiting
        self.conditions = replace(conditions, workers=(2,))
        self.invoke(large, workers=2)
        self.clock.move(minutes=self.rng.choice((20, 40)))
        self.operate(Kind.REDRIVE, large)
        self._invoke(self.pending.pop())
        self._receive()


def _newer_first(rng: Random, *, events: int) -> Case:
    """The second file writes over what the first and the third say alike."""
    case = Case(first=1)
    case.add("1.csv", ["B,x,1,,"], seconds=1)
    lines = ["B,x,2,,", "D,x,1,,"]
    case.add("2.csv", [*rng.sample(lines, 2), "A,x,1,,"], seconds=2, events=events)
    case.add("3.csv", ["B,x,1,,"], seconds=3)
    return case


def _to_be_replayed(rng: Random) -> Case:
    """The second file writes over a row that the third one has, among others."""
    case = Case(first=1)
    case.add("1.csv", ["B,x,1,,"], seconds=1)
    case.add("2.csv", ["B,x,2,,", "D,x,1,,"], seconds=2, events=rng.choice((1, 2)))
    lines = [f"{sku},x,1,," for sku in rng.sample("BDEFG", 4)]
    case.add("3.csv", lines, seconds=3, events=rng.choice((1, 2)))
    return case


@_part("settings with a slip", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are asked again while today's settings would have them refused."""
    conditions = replace(
        Conditions.random(rng),
        most_interventions=rng.randint(0, 4),
        interventions=("minutes", "hours", "reconcile", "redrive", "recheck"),
    )
    return SlippedWorld(_newer_first(rng, events=rng.choice((1, 2))), rng, conditions)


@_part("replayed by other settings", 2_000)
def _(rng: Random) -> FaultyWorld:
    """A file that is replayed by other settings, while others have it read again as before."""
    case = _to_be_replayed(rng)
    conditions = replace(
        Conditions.random(rng),
        batch_rows=rng.choice((1, 2)),
        most_interventions=rng.randint(0, 4),
        interventions=("minutes", "hours", "reconcile", "redrive", "recheck"),
    )
    return ReplayedWorld(case, rng, conditions)


@_part("replays that break off", 2_000)
def _(rng: Random) -> FaultyWorld:
    """A file that is replayed again and again, also by settings that break off."""
    case = _to_be_replayed(rng)
    conditions = replace(
        Conditions.random(rng),
        batch_rows=1,
        most_interventions=rng.randint(0, 6),
        interventions=("minutes", "hours", "reconcile", "redrive", "recheck"),
    )
    return BrokenOffWorld(case, rng, conditions)


@_part("jobs beside the dead", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Jobs that are taken up although another run of their version has died."""
    conditions = Conditions(processes=2, switch=0.1, batch_rows=10, workers=(2,))
    return BesideTheDeadWorld(_newer_first(rng, events=2), rng, conditions)


@_part("runs that become jobs", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Runs of one invocation that find no time for their whole file, beside their twins."""
    conditions = Conditions(
        processes=2,
        switch=rng.choice((0.0, 0.1, 0.3)),
        only=rng.choice(("dead", "lost")),
        fault=rng.choice((0.0, 0.1, 0.3)),
        lost=1.0,
        hurry=0.6,
        budget=rng.randint(1, 6),
        batch_rows=1,
    )
    return NewerFirstWorld(_newer_first(rng, events=rng.choice((1, 2, 2))), rng, conditions)


class RefusedJobWorld(NewerFirstWorld):
    """A job older than any run, whose workers are at work when its file fits no profile now."""

    def _begin(self) -> None:
        """Leave the job's messages behind, and redrive its version."""
        super()._begin()
        large = self.case.uploads[1]
        self.invoke(large, workers=2)
        self.clock.move(minutes=20)
        self.refused.add(large.version.key)
        large.doubtful = True
        self.operate(Kind.REDRIVE, large)


@_part("refused jobs", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Jobs whose file is refused while their workers are at work."""
    conditions = Conditions(processes=3, switch=rng.choice((0.1, 0.3)), batch_rows=10)
    return RefusedJobWorld(_newer_first(rng, events=1), rng, conditions)


class HalfReadWorld(InterruptedWorld):
    """A file whose first run dies, and of which the second one does not read every row again.

    That is because the file is deleted meanwhile, or because the first run was one of a profile or
    release that took a row for another one's. A newer file has relied on the item that was written
    over.
    """

    def __init__(self, case: Case, rng: Random, conditions: Conditions, *, deleted: bool) -> None:
        super().__init__(case, rng, conditions)
        self.dying: Task | None = None
        self.redrive: Task | None = None
        self.deleted = deleted
        self.dies_at, self.gone_at = rng.randint(8, 16), rng.randint(4, 16)

    def _begin(self) -> None:
        """Process the newer file in peace, and begin the one that is not read again."""
        super()._begin()
        self.invoke(self.case.uploads[2], workers=0)
        self.misread, self.defect = misplaced, not self.deleted
        self.dying = self.start(self.pending.pop())

    def start(self, job: Job) -> Task:
        """Remember the run that the reconcile asks for."""
        task = super().start(job)
        if job.delivery and job.delivery.kind is Kind.REDRIVE:
            self.redrive = self.redrive or task
        return task

    def step(self) -> None:
        """Let the first one die at its step, and the file vanish at one of the second."""
        super().step()
        task, upload = self.scheduler.current, self.case.uploads[1]
        if task is None:
            return
        if self.deleted and task is self.redrive and task.steps == self.gone_at:
            self.case.objects.delete(upload.version)
            upload.doubtful = True
        if task is self.dying and task.steps == self.dies_at:
            if self.defect:
                self.defect = False
                self.read_by(*self.rng.choice((("small", "1"), ("tiny", "2"))))
            self.kill()

    def again(self, job: Job) -> None:
        """Leave it to the reconcile."""


@_part("files half read again", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files of which a second run does not read every row that the first one has written."""
    deleted = rng.random() < 0.5
    sku = "B" if deleted else "D"  # the defect takes this one for B
    case = Case(first=1)
    case.add("1.csv", ["D,x,1,,", "B,x,1,,"], seconds=1)
    case.add("2.csv", ["D,x,1,,", f"{sku},x,2,,"], seconds=2)
    case.add("3.csv", ["B,x,1,,"], seconds=3)
    return HalfReadWorld(case, rng, Conditions(batch_rows=1), deleted=deleted)


class ExpiringWorld(FaultyWorld):
    """A write set that expires, a month later, while others are at work in its shard."""

    def settle(self) -> Findings:
        """Two files in peace, then a month, then the others."""
        conditions = self.conditions
        self.set_conditions(Conditions())
        self.announce(self.case.add("a.csv", ["D,x,2,,"], seconds=2))
        super().settle()
        self.clock.move(days=31)
        self.set_conditions(conditions)
        month = 31 * 86_400
        for second, quantity in ((month + 2, 1), (month + 1, 2)):
            self.announce(self.case.add("b.csv", [f"B,x,{quantity},,"], seconds=second))
        return super().settle()


@_part("expired write sets", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Numbers of write sets that come again."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=2,
        intervention_rate=rng.choice((0.03, 0.1, 0.3)),
        most_interventions=3,
        interventions=("expire",),
    )
    case = Case()
    case.add("a.csv", ["B,x,1,,", "D,x,1,,"], seconds=1)
    return ExpiringWorld(case, rng, conditions)


@_part("files given up", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are deleted or refused after a run of them has written and died."""
    conditions = replace(
        Conditions.random(rng),
        only="dead",
        fault=rng.choice((0.05, 0.1, 0.2)),
        intervention_rate=0.1,
        most_interventions=rng.randint(2, 6),
        interventions=("refuse", "delete", "delete", "hours"),
        workers=rng.choice(((0,), (2,))),
    )
    return FaultyWorld(trap_case(rng), rng, conditions)


@_part("deleted versions", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Versions that are deleted when a run of them has ended or died; some have no event."""
    conditions = replace(
        Conditions.random(rng),
        only=rng.choice(("late", "dead")),
        fault=rng.choice((0.1, 0.2)),
        intervention_rate=0.1,
        most_interventions=rng.randint(2, 6),
        interventions=(
            *("redrive", "replay", "recheck", "delete", "delete", "delete"),
            *("reconcile", "minutes"),
        ),
        expiry=1.0,
        vanish=rng.choice((0.0, 0.3)),
    )
    case = random_case(rng)
    for upload in case.uploads[case.first :]:
        upload.events = 1 if upload.deleted else rng.choice((0, 1))
    return FaultyWorld(case, rng, conditions)


@_part("sequencers", 2_000)
def _(rng: Random) -> FaultyWorld:
    """Files of one second, whose order their sequencers tell, or a listing that names none."""
    conditions = replace(
        Conditions.random(rng),
        fault=rng.choice((0.0, 0.05)),
        intervention_rate=0.1,
        most_interventions=6,
        interventions=("redrive", "redrive", "recheck", "replay", "reconcile"),
        vanish=rng.choice((0.0, 0.5)),
    )
    if rng.random() < 0.3:
        conditions = replace(conditions, processes=rng.choice((2, 3, 4)))
        return SlowListingWorld(rng, conditions, rng.choice(("121", "1212")), one_second=True)
    return FaultyWorld(trap_case(rng, one_second=True), rng, conditions)


@_part("interventions", 5_000)
def _(rng: Random) -> FaultyWorld:
    """Everything that operators, settings, releases and time do, at any moment."""
    conditions = replace(
        Conditions.random(rng),
        intervention_rate=rng.choice((0.02, 0.05, 0.15)),
        most_interventions=rng.randint(2, 10),
        expiry=rng.choice((0.0, 0.5, 1.0)),
        vanish=rng.choice((0.0, 0.1)),
    )
    return FaultyWorld(random_case(rng), rng, conditions)


@_part("withdrawals", 5_000)
def _(rng: Random) -> FaultyWorld:
    """Versions that operators withdraw and restore at any moment."""
    conditions = replace(
        Conditions.random(rng),
        fault=rng.choice((0.0, 0.03, 0.1)),
        switch=rng.choice((0.02, 0.1, 0.3, 0.6)),
        intervention_rate=rng.choice((0.05, 0.1, 0.2)),
        most_interventions=rng.randint(3, 10),
        interventions=(
            *("withdraw", "withdraw", "withdraw", "restore", "restore"),
            *("minutes", "minutes", "hours", "hours", "reconcile", "redrive", "recheck", "replay"),
        ),
        expiry=rng.choice((0.0, 0.5, 1.0)),
        vanish=rng.choice((0.0, 0.1, 0.5)),
        duplicate=rng.choice((0.0, 0.3)),
        hurry=rng.choice((0.0, 0.1)),
        workers=rng.choice(((0,), (0,), (0,), (2,), (0, 2, 3))),
    )
    case = random_case(rng) if rng.random() < 0.4 else trap_case(rng)
    return WithdrawingWorld(case, rng, conditions)


@_part("raced withdrawals", 5_000)
def _(rng: Random) -> FaultyWorld:
    """Versions withdrawn while others are at work on hardly any keys."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=rng.choice((2, 3, 4)),
        batch_rows=rng.choice((1, 10)),
        duplicate=0.3,
        fault=rng.choice((0.0, 0.0, 0.1)),
        only=rng.choice(("dead", "lost")),
        budget=3,
    )
    return RacedWithdrawingWorld(trap_case(rng), rng, conditions)


class PausedWorld(FaultyWorld):
    """Files of which some wait, because their folder is paused, until it is resumed."""

    def settle(self) -> Findings:
        """All come in while some must wait; then these, too, unless they are deleted."""
        conditions, waiting = (
            self.conditions,
            [each for each in self.case.uploads if not each.deleted],
        )
        prefix = self.rng.choice(("", *sorted({each.version.key for each in waiting})))
        self.pauses().add(prefix, "me", "now")
        super().settle()
        begun = [
            f"{each.version.object_id} did not wait"
            for each in waiting
            if each.version.key.startswith(prefix)
            and self.record(each.version).get("status") != "WAITING"
        ]
        for each in waiting:
            if each.version.key.startswith(prefix) and self.rng.random() < 0.1:
                self.case.objects.delete(each.version)
                each.doubtful = True
        self.pauses().remove(prefix)
        self.clock.move(days=self.rng.choice((0, 20)))
        self.set_conditions(conditions)
        findings = super().settle()
        findings.wrong += begun
        return findings


@_part("paused folders", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files whose folder is paused when they come, and resumed later."""
    conditions = replace(Conditions.random(rng), most_interventions=0)
    case = random_case(rng)
    case.first = 0
    return PausedWorld(case, rng, conditions)


class JudgedWorld(FaultyWorld):
    """Files of which some may be held."""

    def __init__(self, case: Case, rng: Random, conditions: Conditions) -> None:
        super().__init__(case, rng, conditions)
        self.seen_held: set[str] = set()

    def step(self) -> None:
        """Look who is held: nobody but an operator may change that."""
        super().step()
        for upload in self.case.uploads:
            if self._status(upload) == "HELD":
                self.seen_held.add(upload.version.object_id)

    def _status(self, upload: Upload) -> str:
        record = self.tables.tables[INGESTIONS].items.get((upload.version.object_id,), {})
        return str(record.get("status", {}).get("S"))

    def examine(self) -> Findings:
        """Held files must stay out, and the rest must be as ever."""
        wrong = []
        for upload in self.case.uploads:
            object_id, status = upload.version.object_id, self._status(upload)
            unheard = upload.held == "must" and not upload.approved
            # A file that is weighed is read to its end before anything of it loads.
            upload.kept_out = status == "HELD" or unheard or "BROKEN" in upload.lines
            if status != "HELD" and object_id in self.seen_held and not upload.approved:
                wrong.append(f"{object_id} was held and is {status}")
            if status == "HELD" and self.record(upload.version).get("released"):
                wrong.append(f"{object_id} was released and is held")
        findings = super().examine()
        findings.wrong += wrong
        return findings


class HoldingWorld(JudgedWorld):
    """Files of which some take away more stock than the share allows that a process has.

    A first file of the feed a.csv is accepted before anything else happens.

    Attributes:
        insists: True if a release that fails comes again.
    """

    insists = True

    def __init__(self, rng: Random, conditions: Conditions) -> None:
        shares = rng.choice((("0.5",), ("0.1", "0.5", "0.9")))
        conditions = replace(conditions, shares=tuple(map(Decimal, shares)))
        super().__init__(Case(), rng, replace(conditions, budget=0, most_interventions=0))
        self.later_conditions = conditions

    def settle(self) -> Findings:
        """The first file without failures, then all others, then the release of what is held."""
        first = self.case.add("a.csv", [f"{sku},x,50,," for sku in "ABCD"], seconds=1)
        self.announce(first)
        super().settle()
        for upload in self._others():
            self.announce(upload)
        self.set_conditions(self.later_conditions)
        findings = super().settle()
        if not findings.clean or self.rng.random() < 0.5:
            return findings
        held = [upload for upload in self.case.uploads if self._status(upload) == "HELD"]
        self.set_conditions(replace(self.later_conditions, expiry=0.0, most_interventions=0))
        for upload in held:
            if self.rng.random() < 0.3:
                self.operate(Kind.REPLAY, upload)
            self.operate(Kind.RELEASE, upload)
            if self.rng.random() < 0.5:
                self.operate(Kind.REDRIVE, upload)
        findings = super().settle()
        for upload in held if self.insists else ():
            if self._status(upload) == "HELD":
                findings.wrong.append(f"{upload.version.object_id} was released and is held")
        return findings

    def _others(self) -> list[Upload]:
        rng, uploads = self.rng, []
        for number, second in enumerate(rng.sample(range(2, 9), rng.randint(2, 4))):
            tiny = number == 0
            key = "a.csv" if tiny else rng.choice(("a.csv", "b.csv"))
            skus = rng.sample("ABCD", 3 if tiny else rng.randint(2, 4))
            quantities = "01" if tiny else ("50", "49", "60")
            lines = [f"{sku},x,{rng.choice(quantities)},," for sku in skus]
            if rng.random() < 0.25:
                lines.append("BROKEN")
            upload = self.case.add(key, lines, seconds=second, events=rng.choice((1, 1, 2)))
            upload.held = "must" if tiny else "may"
            uploads.append(upload)
        return uploads


@_part("held files", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Files that must be held, others that may be."""
    conditions = replace(
        Conditions.random(rng),
        intervention_rate=rng.choice((0.0, 0.02, 0.1)),
        most_interventions=rng.randint(1, 6),
        batch_rows=rng.choice((1, 2)),
    )
    return HoldingWorld(rng, conditions)


class RacedHoldingWorld(HoldingWorld):
    """The same, but a release that fails does not come again."""

    insists = False

    def again(self, job: Job) -> None:
        """Put back every other delivery that failed."""
        if job.delivery is None or job.delivery.kind is not Kind.RELEASE:
            super().again(job)


@_part("held files raced", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are held or released while others at work on them judge them."""
    conditions = Conditions(
        switch=rng.choice((0.3, 0.6)),
        processes=rng.choice((2, 3)),
        only="dead",
        fault=rng.choice((0.0, 0.1)),
        budget=3,
        intervention_rate=0.05,
        most_interventions=4,
        interventions=("redrive", "recheck", "release"),
        batch_rows=10,
    )
    return RacedHoldingWorld(rng, conditions)


class OneSecondHoldingWorld(HoldingWorld):
    """Two files of one second, which the reconcile may find before their events come."""

    def _others(self) -> list[Upload]:
        uploads = []
        for quantity, sequencer in (("45", "0A"), ("1", "0B")):
            lines = [f"{sku},x,{quantity},," for sku in "ABCD"]
            upload = self.case.add("a.csv", lines, seconds=2, sequencer=sequencer)
            upload.held = "may"
            uploads.append(upload)
            if self.rng.random() < 0.5:
                self.operate(Kind.REDRIVE, upload)
        return uploads


@_part("held in one second", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that may be held, whose order their sequencers tell."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3)),
        processes=rng.choice((1, 2)),
        fault=rng.choice((0.0, 0.05)),
        budget=3,
        batch_rows=10,
    )
    return OneSecondHoldingWorld(rng, conditions)


class JudgedAgainWorld(JudgedWorld):
    """A held file that an operator has judged again, or lets in.

    Attributes:
        dying: True while the process dies that lets the file in.
        request_on_its_way: What it has sent last, which arrives when the file is judged again.
    """

    dying = False
    request_on_its_way: tuple[str, dict[str, Any]] | None = None

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """Notice the request that lets a file in."""
        if self.dying and "SET accepted" in parsed(payload).get("UpdateExpression", ""):
            self.request_on_its_way = operation, parsed(payload)
            self.kill()
        return super().request(operation, payload)

    def again(self, job: Job) -> None:
        """Let the delivery that died wait until others are done."""
        if not self.dying:
            super().again(job)

    def settle(self) -> Findings:
        """It is held because of a larger file, which is older and may come between."""
        conditions = self.conditions
        self.set_conditions(replace(conditions, hurry=0.0, budget=0, processes=1))
        self._deliver(36, seconds=1)
        upload = self._deliver(24, seconds=3, dies=True)
        self._deliver(120, seconds=2)
        self.announce(upload)
        self.scheduler.run()
        self.set_conditions(conditions)
        self.operate(Kind.REPLAY, upload)
        released = self.rng.random() < 0.5
        if released:
            replay = self.pending[-1]
            self.scheduler.run()
            self.operate(Kind.RELEASE, upload)
            self.pending.append(Job(delivery=replay.delivery))
        elif self.request_on_its_way is not None:
            self.late.append((*self.request_on_its_way, self.clock.at))
        findings = super().settle()
        if (self._status(upload) == "HELD") is released:
            findings.wrong.append(f"{upload.version.object_id} is {self._status(upload)}")
        return findings

    def _deliver(self, stock: int, *, seconds: int, dies: bool = False) -> Upload:
        lines = [f"S{number},x,{stock // 12},," for number in range(12)]
        upload = self.case.add("a.csv", lines, seconds=seconds)
        upload.held = "may"
        self.announce(upload)
        self.dying = dies
        self.scheduler.run()
        self.dying = False
        return upload


@_part("judged again", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are let in by a late request, or judged again by a message that comes twice."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=2,
        hurry=rng.choice((0.0, 0.7)),
        budget=6,
        batch_rows=1,
        shares=(Decimal("0.5"),),
    )
    return JudgedAgainWorld(Case(), rng, conditions)


class DeletedHoldingWorld(HoldingWorld):
    """A file that must be held, comes twice, and is deleted meanwhile."""

    steps_left = 0

    def step(self) -> None:
        """Delete it at its step."""
        super().step()
        self.steps_left -= 1
        if not self.steps_left:
            upload = self.case.uploads[-1]
            self.case.objects.delete(upload.version)
            upload.doubtful = True

    def _others(self) -> list[Upload]:
        self.steps_left = self.rng.randint(1, 30)
        upload = self.case.add("a.csv", ["A,x,0,,", "B,x,1,,"], seconds=2, events=2)
        upload.held = "must"
        return [upload]


@_part("held and deleted", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files of which one delivery says that they are held, and another one that they are gone."""
    conditions = Conditions(switch=rng.choice((0.3, 0.6)), processes=2, batch_rows=10)
    return DeletedHoldingWorld(rng, conditions)


class RestoredHoldingWorld(JudgedWorld):
    """A file that is restored, and then has to be weighed, though it once was accepted.

    It is the first of its feed to come, and a larger one comes after it that is older.
    """

    def settle(self) -> Findings:
        """All come in and it is withdrawn; then it is restored while another file goes.

        In the end it is released.
        """
        conditions = self.conditions
        self.set_conditions(replace(conditions, budget=0, processes=1))
        small = self._deliver("a.csv", "1", 2)
        self._deliver("a.csv", "50", 1)
        other = self._deliver("b.csv", "5", self.rng.choice((1, 3)))
        self.command(Kind.WITHDRAW, small)
        findings = super().settle()
        if not findings.clean:
            return findings
        self.set_conditions(conditions)
        self.command(Kind.WITHDRAW, other)
        self.command(Kind.RESTORE, small)
        small.held = "must"
        findings = super().settle()
        if not findings.clean:
            return findings
        self.operate(Kind.RELEASE, small)
        return super().settle()

    def _deliver(self, key: str, quantity: str, second: int) -> Upload:
        upload = self.case.add(key, [f"{sku},x,{quantity},," for sku in "AB"], seconds=second)
        upload.held = "may"
        self.announce(upload)
        super().settle()
        return upload


@_part("held and restored", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are restored and judged while runs die."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=rng.choice((1, 2)),
        only="dead",
        fault=rng.choice((0.03, 0.1)),
        budget=3,
        batch_rows=10,
        shares=(Decimal("0.5"),),
    )
    return RestoredHoldingWorld(Case(), rng, conditions)


@_part("hold on and off", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Files that are weighed in several invocations, while the hold is switched on and off."""
    conditions = Conditions(
        switch=rng.choice((0.0, 0.1, 0.3)),
        processes=rng.choice((1, 2)),
        hurry=0.5,
        budget=rng.randint(2, 10),
        batch_rows=1,
        workers=rng.choice(((0,), (0, 2))),
        shares=(Decimal(0), Decimal("0.5")),
    )
    case = trap_case(rng)
    for upload in case.uploads:
        upload.held = "may"
    return JudgedWorld(case, rng, conditions)


class AgedWorld(FaultyWorld):
    """Files that the reconcile's walk is past, and late ones that concern them."""

    def settle(self) -> Findings:
        """The old files without failures, then ten days, then the late ones."""
        conditions, rng = self.conditions, self.rng
        self.set_conditions(
            Conditions(batch_rows=conditions.batch_rows, workers=conditions.workers)
        )
        super().settle()
        self.clock.move(days=10)
        for _ in range(2):
            self.reconcile().run(time_left=lambda: 300.0)
        self.set_conditions(conditions)
        skus = sorted({key[0] for key in self.items()})
        for number in range(rng.randint(1, 3)):
            chosen = rng.sample(skus, rng.randint(1, len(skus)))
            lines = [f"{sku},x,{rng.choice('12')},," for sku in chosen]
            seconds, as_of = 864_000 + number, rng.randint(1, 8)
            self.announce(self.case.add("late.csv", lines, seconds=seconds, as_of_seconds=as_of))
        return super().settle()


@_part("old files", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Old files, and late ones that write over what these left alone."""
    conditions = replace(
        Conditions.random(rng),
        fault=rng.choice((0.03, 0.1, 0.25)),
        vanish=rng.choice((0.1, 0.5)),
        intervention_rate=0.02,
        most_interventions=rng.choice((0, 3)),
    )
    return AgedWorld(trap_case(rng), rng, conditions)


class RepairedWorld(FaultyWorld):
    """Files that a reader with a defect reads, until it is repaired and everything replayed."""

    def settle(self) -> Findings:
        """Let everything come to rest with the defect, then without."""
        conditions = self.conditions
        self.defect = True
        super().settle()
        self.defect = False
        self.set_conditions(replace(conditions, expiry=0.0))
        for upload in self.case.uploads:
            for _ in range(self.rng.choice((1, 1, 2))):
                self.operate(Kind.REPLAY, upload)
        return super().settle()


@_part("a repaired defect", 3_000)
def _(rng: Random) -> FaultyWorld:
    """A defect of the reader is repaired, and everything replayed."""
    conditions = replace(Conditions.random(rng), most_interventions=0)
    return RepairedWorld(random_case(rng), rng, conditions)


class CountedWorld(FaultyWorld):
    """Files one after the other, and nothing that fails: so their counts are known."""

    def _choose(self, scheduler: Scheduler) -> Task | None:
        self._receive()
        if scheduler.current is not None or scheduler.running or not self.pending:
            return super()._choose(scheduler)
        # What is under way first, then what must be decided again, then another file.
        for kind in (Kind.SEGMENT, Kind.RECHECK):
            due = [job for job in self.pending if job.delivery and job.delivery.kind is kind]
            if due:
                self.pending.remove(job := self.rng.choice(due))
                return self.start(job)
        return super()._choose(scheduler)

    def examine(self) -> Findings:
        """The counts, too, must be those of a recount."""
        findings = super().examine()
        recount, loaded = Recount(), set()
        uploads = {upload.version.object_id: upload for upload in self.case.uploads}
        for delivery in self.log:
            object_id = delivery.version.object_id
            facts = uploads[object_id].facts()
            if delivery.kind is Kind.RECHECK and object_id in loaded:
                recount.recheck(facts, self.conditions.batch_rows)
            elif object_id not in loaded and facts:
                recount.load(facts, self.conditions.batch_rows)
            loaded.add(object_id)
        for upload in self.case.uploads:
            counts = counts_of(upload, self, ("loaded", "unchanged", "stale", "duplicates"))
            fingerprints = self.conditions.full_read_days != (0,)
            if not recount.agrees(upload.version.object_id, counts, fingerprints=fingerprints):
                findings.wrong.append(f"{upload.version.object_id} counts {counts}")
        return findings


@_part("counts without failures", 3_000)
def _(rng: Random) -> FaultyWorld:
    """Nothing fails, and the counts are those of a recount."""
    conditions = Conditions(
        batch_rows=rng.choice((1, 2, 3, 10)),
        workers=rng.choice(((0,), (1,), (2,), (3,), (4,))),
    )
    case = random_case(rng)
    for upload in case.uploads:
        upload.events = 1
    conditions = replace(conditions, full_read_days=(rng.choice((0, 7)),))
    return CountedWorld(case, rng, conditions)


@_part("crowds", 120)
def _(rng: Random) -> FaultyWorld:
    """Many files at one location, all at once or in any order."""
    conditions = Conditions(
        switch=rng.choice((0.02, 0.3, 0.6)),
        fault=rng.choice((0.0, 0.0, 0.01)),
        budget=20,
        processes=rng.choice((1, 4, 12)),
        workers=rng.choice(((0,), (0,), (2,))),
    )
    return FaultyWorld(crowd(rng), rng, conditions)


@_part("fingerprints", 8_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of a file that use what versions before have seen, and others that interfere."""
    conditions = replace(
        Conditions.random(rng),
        switch=rng.choice((0.02, 0.1, 0.3, 0.6)),
        fault=rng.choice((0.0, 0.0, 0.03, 0.1)),
        only=rng.choice(("", "dead", "lost")),
        intervention_rate=rng.choice((0.0, 0.02, 0.1)),
        hurry=rng.choice((0.0, 0.3, 0.6)),
        budget=rng.randint(2, 14),
        batch_rows=rng.choice((1, 1, 2, 10)),
        workers=rng.choice(((0,), (0,), (2,), (0, 2), (3,))),
        full_read_days=rng.choice(((7,), (7,), (0, 7))),
    )
    return FaultyWorld(nightly_case(rng), rng, conditions)


@_part("raced fingerprints", 8_000)
def _(rng: Random) -> FaultyWorld:
    """Versions of one key at once, some of which die, and some of which read all items."""
    conditions = Conditions(
        switch=rng.choice((0.1, 0.3, 0.6)),
        processes=rng.choice((2, 3)),
        only="dead",
        fault=rng.choice((0.0, 0.1, 0.2)),
        budget=rng.choice((2, 3)),
        full_read_days=rng.choice(((7,), (0, 7))),
    )
    return FaultyWorld(alternating_case(rng), rng, conditions)


class DyingWorld(FaultyWorld):
    """Two versions die on the way, one of another file ends in between, and time passes.

    The second that dies has read all items, and written over the one that the first had written
    and the other one had left alone. It comes again when its file has fingerprints.
    """

    def again(self, job: Job) -> None:
        """Leave it to the reconcile."""

    def settle(self) -> Findings:
        """The first version in peace, then those that die and the other one, one by one."""
        super().settle()
        conditions = self.conditions
        for second, key, quantity, days, dies in (
            (2, "b.csv", 2, 7, True),
            (4, "c.csv", 2, 7, False),
            (3, "a.csv", 1, 0, True),
        ):
            self.conditions = replace(conditions, full_read_days=(days,))
            self.fatal = self.rng.randint(3, 20) if dies else 0
            self.announce(self.case.add(key, [f"B,x,{quantity},,"], seconds=second))
            self.scheduler.run()
        self.conditions, self.fatal = conditions, 0
        return super().settle()


@_part("fingerprints of the dead", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Versions that die and come again when there are fingerprints of their file."""
    case = Case()
    case.add("a.csv", ["B,x,1,,"], seconds=1)
    return DyingWorld(case, rng, Conditions(batch_rows=10))


class TamperedWorld(FaultyWorld):
    """Items that somebody changes by hand, until a night in which everything is read."""

    block_hashes = 1000  # what is not in memory is set right, but not counted

    def settle(self) -> Findings:
        """Some nights, then somebody's hand, then the seventh night."""
        conditions, rng = self.conditions, self.rng
        findings = super().settle()
        if not findings.clean:
            return findings
        self.set_conditions(replace(conditions, budget=0, most_interventions=0))
        every = sorted(self.items())
        lines = [f"{sku},{location},1,," for sku, location in every]
        for second in (20, 21):
            self.announce(self.case.add("a.csv", lines, seconds=second))
            findings = super().settle()
        tampered = rng.sample(every, rng.randint(0, len(every)))
        for key in tampered:
            if rng.random() < 0.3:
                del self.tables.tables[ITEMS].items[key]
            else:
                self.tables.tables[ITEMS].items[key] = {**self.items()[key], "quantity": {"N": "7"}}
        self.clock.move(days=7)
        before = self.drifted
        self.announce(self.case.add("a.csv", lines, seconds=22))
        findings = super().settle()
        if self.drifted - before != len(tampered):
            findings.wrong.append(f"{self.drifted - before} drifted, not {tampered}")
        return findings


@_part("items changed by hand", 1_000)
def _(rng: Random) -> FaultyWorld:
    """Items changed by hand are found by the seventh night, counted and set right."""
    conditions = replace(
        Conditions.random(rng),
        most_interventions=0,
        workers=rng.choice(((0,), (2,))),
        full_read_days=(7,),
    )
    return TamperedWorld(nightly_case(rng), rng, conditions)
