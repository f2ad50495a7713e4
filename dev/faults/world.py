# ruff: noqa: PLR2004  probabilities are chosen, not derived
"""A world in which everything fails: the shipped ingest over tables in memory, step by step.

Every request of the ingest is a step at which another process may go on, and which may fail: the
answer is lost, the request arrives late, the process dies. Around the functions stands what AWS
does with their failures: an event whose function fails comes again twice and then lies in the
dead-letter queue until an operator sends it again; a message of the work queue comes again until
it was received five times, and then is sent again or expires. Settings, code and files change,
time passes, and the reconcile and operators do what they do, all at any moment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from faults.dynamodb import parsed
from faults.fakes import (
    INGESTIONS,
    LANES,
    MemoryReportWriter,
    TinyFeed,
    World,
    open_tiny_feed,
    open_tiny_part,
)
from faults.findings import Findings, examine
from faults.scheduler import Killed, Scheduler, Task
from inventory.adapters.dynamodb_api import DynamoDbError, TransientError
from inventory.domain.errors import BadFileError, ErrorCode, RetryableError
from inventory.domain.model import Rows
from inventory.domain.order import timestamp
from inventory.domain.publishing import RejectDestinations
from inventory.domain.settings import IngestSettings
from inventory.domain.work import Command, Delivery, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from random import Random

    from faults.case import Case, Upload
    from inventory.adapters.dynamodb_api import Payload
    from inventory.domain.ingest import Ingest
    from inventory.domain.model import Batch, ObjectVersion, Row
    from inventory.domain.ports import FeedSource, ObjectInfo
    from inventory.domain.reading import Share

EVENT_ATTEMPTS = 3
WORK_ATTEMPTS = 5
MOST_DUPLICATES = 6
_WRITES = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchExecuteStatement", "BatchWriteItem"}
    | {"TransactWriteItems"}
)
INTERVENTIONS = (
    *("minutes", "minutes", "hours", "reconcile", "reconcile", "redrive"),
    *("replay", "release", "recheck", "profile", "refuse", "delete"),
)
_ROUNDS = 80
_MOST_REQUESTS = 4_000
_REQUESTS_PER_UPLOAD = 1_500
_LONGEST_RUN_SECONDS = 900
_NO_LARGE_OBJECTS = 1 << 30


class InjectedError(Exception):
    """A failure that nobody foresaw."""


@dataclass(kw_only=True, slots=True)
class Job:
    """Something that an invocation has to do, and has not done yet.

    Attributes:
        delivery: What is delivered; None for the reconcile.
        attempts: How often it was tried.
    """

    delivery: Delivery | None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """Conditions of a schedule: what may fail in it, and how often.

    Attributes:
        switch: Probability that another process goes on at a step.
        fault: Probability that a step fails.
        lost: Share of the failed writes whose answer alone is lost.
        only: "lost" when nothing fails but answers of writes, "late" when nothing but that writes
            arrive late, "dead" when processes only die.
        budget: Failures at most.
        processes: Processes at once.
        duplicate: Probability that a message of the work queue comes twice.
        expiry: Probability that a message expires that was received too often.
        vanish: Probability that a message expires before it is received.
        intervention_rate: Probability that an operator, a setting or time does something at a step.
        most_interventions: How often at most.
        interventions: Kinds of what they do.
        hurry: Probability that an invocation has little time.
        batch_rows: Rows a batch.
        seen_slots: Memory for the keys of a file; 4 make it forget after two.
        workers: Numbers of workers that a process may begin a job with; 0 for a run without one.
        shares: Values of `max_stock_drop_share` that a process may have.
        full_read_days: Values of that setting; 0 for no fingerprints.
    """

    switch: float = 0.0
    fault: float = 0.0
    lost: float = 0.0
    only: str = ""
    budget: int = 0
    processes: int = 1
    duplicate: float = 0.0
    expiry: float = 0.5
    vanish: float = 0.0
    intervention_rate: float = 0.0
    most_interventions: int = 0
    interventions: tuple[str, ...] = INTERVENTIONS
    hurry: float = 0.0
    batch_rows: int = 2
    seen_slots: int = 1024
    workers: tuple[int, ...] = (0,)
    shares: tuple[Decimal, ...] = (Decimal(0),)
    full_read_days: tuple[int, ...] = (7,)

    @classmethod
    def random(cls, rng: Random) -> Conditions:
        """Anything between no failures and many."""
        return cls(
            switch=rng.choice((0.02, 0.1, 0.3, 0.6)),
            fault=rng.choice((0.0, 0.03, 0.1, 0.25)),
            lost=rng.choice((0.0, 0.3, 1.0)),
            budget=rng.randint(0, 14),
            processes=rng.choice((1, 2, 2, 3, 4)),
            duplicate=rng.choice((0.0, 0.3)),
            intervention_rate=rng.choice((0.0, 0.0, 0.02, 0.1)),
            most_interventions=rng.randint(1, 4),
            batch_rows=rng.choice((1, 2, 2, 3, 10)),
            seen_slots=rng.choice((4, 1024, 1024)),
            workers=rng.choice(((0,), (0,), (2,), (3,), (0, 2, 3), (1, 4))),
        )


class FaultyWorld(World):
    """A world in which every call is a step that may fail.

    Attributes:
        faults: Failures injected so far, by kind.
        runs: Invocations so far.
        drifted: Drifted items that they have found.
        known: Rows whose items they did not read.
        misread: What a reader with a defect makes of a row.
        block_hashes: Fingerprints of a block, so few that small files have several.
        fatal: Step at which every process dies; 0 for none.
        log: Deliveries that came to their end, in this order.
    """

    block_hashes = 2
    fatal = 0

    def __init__(self, case: Case, rng: Random, conditions: Conditions) -> None:
        super().__init__(objects=case.objects, complete=case.complete)
        self.transport = self.request
        self.tables.behind = lambda: rng.random() < 0.5
        self.case = case
        self.rng = rng
        self.conditions = conditions
        self.budget = conditions.budget
        self.interventions_left = conditions.most_interventions
        self.duplicates = MOST_DUPLICATES
        self.faults: Counter[str] = Counter()
        self.runs = 0
        self.drifted = 0
        self.known = 0
        self.log: list[Delivery] = []
        self.deliveries = 0
        self.requests = 0
        self.profile, self.release = "tiny", "1"
        self.refused: set[str] = set()
        self.rewritten: dict[str, list[str]] = {}
        self.rewriting: tuple[str, str] | None = None
        self.defect = False
        self.misread = misread
        self.scheduler = Scheduler(self._choose)
        self.pending: list[Job] = []
        self.dead_letters: list[Job] = []
        self.late: list[tuple[str, dict[str, Any], datetime]] = []
        self._began: dict[Task, datetime] = {}
        for upload in case.uploads[: case.first or None]:
            self.announce(upload)

    @property
    def rechecks(self) -> int:
        """Deliveries so far that were rechecks."""
        return sum(delivery.kind is Kind.RECHECK for delivery in self.log)

    @property
    def several(self) -> bool:
        """Tell whether a file was processed by several workers."""
        workers = {
            (key[0], key[1].partition("#")[0])
            for key in self.tables.tables[LANES].items
            if key[0].startswith("job#") and "#" in key[1] and not key[1].startswith("-")
        }
        return len(workers) > len({job for job, _ in workers})

    def announce(self, upload: Upload) -> None:
        """Have an upload delivered, as often as its events are."""
        for _ in range(upload.events):
            self.pending.append(self._job(Kind.CREATED, upload.version))

    def set_conditions(self, conditions: Conditions) -> None:
        """Go on under other conditions."""
        self.conditions = conditions
        self.budget = conditions.budget
        self.interventions_left = conditions.most_interventions

    def settle(self) -> Findings:
        """Deliver everything until nothing is left to deliver, then examine the result."""
        if self.case.first:
            self._begin()
        for _ in range(_ROUNDS):
            self.scheduler.run()
            if self.exhausted:
                break
            self._flush_late()
            self.pending += self.dead_letters
            self.dead_letters = []
            for job in self.pending:
                job.attempts = 0
            if self.pending or self.work.messages:
                continue
            self.clock.move(hours=2)
            self.work.time_passes()
            redriven = self.reconcile().run(time_left=lambda: 300.0).redriven
            if not redriven and not self.work.messages:
                return self.examine()
        return Findings(lost=["the world never comes to rest"])

    def _begin(self) -> None:
        """Deliver the first uploads in peace, and announce the others."""
        conditions = self.conditions
        quiet = Conditions(
            batch_rows=conditions.batch_rows,
            seen_slots=conditions.seen_slots,
            workers=conditions.workers,
            shares=conditions.shares,
        )
        self.set_conditions(quiet)
        self.scheduler.run()
        self.set_conditions(conditions)
        for upload in self.case.uploads[self.case.first :]:
            self.announce(upload)
        self.case.first = 0

    def examine(self) -> Findings:
        """Return what is wrong, now that nothing is left to deliver."""
        return examine(self.case, self)

    @property
    def exhausted(self) -> bool:
        """Tell whether so much was asked that it will never come to rest."""
        return self.requests > _MOST_REQUESTS + _REQUESTS_PER_UPLOAD * len(self.case.uploads)

    # The scheduler

    def _choose(self, scheduler: Scheduler) -> Task | None:
        if self.work.messages:
            self._receive()
        if self.exhausted:
            self.pending.clear()
        rng = self.rng
        if self.late and rng.random() < 0.1:
            self._arrive_late()
        if self.interventions_left > 0 and rng.random() < self.conditions.intervention_rate:
            self.interventions_left -= 1
            self._intervene()
        current = scheduler.current
        if current is not None and rng.random() >= self.conditions.switch:
            return current
        running = scheduler.running
        may_start = bool(self.pending) and len(running) < self.conditions.processes
        count = len(running) + may_start
        if not count:
            return None
        pick = rng.randrange(count)
        if pick < len(running):
            return running[pick]
        return self.start(self.pending.pop(rng.randrange(len(self.pending))))

    def start(self, job: Job) -> Task:
        """Begin an invocation; it goes on when it is chosen."""
        task = self.scheduler.start(lambda: self._invoke(job))
        self._began[task] = self.clock.at
        return task

    def _job(self, kind: Kind, version: ObjectVersion, task: dict[str, Any] | None = None) -> Job:
        self.deliveries += 1
        name = f"{kind}-{self.deliveries}"
        delivery = Delivery(
            kind=kind,
            version=version,
            delivery_id=name,
            task=task,
            asked_at="" if kind is Kind.CREATED else timestamp(self.clock()),
        )
        return Job(delivery=delivery)

    def _receive(self) -> None:
        for message in self.work.messages:
            # What an operator has asked for waits until it is done.
            durable = message.kind is Kind.RESTORE
            if not durable and self.budget > 0 and self.rng.random() < self.conditions.vanish:
                self.budget -= 1
                self.faults["message expired"] += 1
                continue
            job = self._job(message.kind, message.version, message.task)
            self.pending.append(job)
            if self.duplicates and self.rng.random() < self.conditions.duplicate:
                self.duplicates -= 1
                self.pending.append(Job(delivery=job.delivery))
        self.work.messages.clear()

    def _invoke(self, job: Job) -> None:
        job.attempts += 1
        self.runs += 1
        try:
            if job.delivery is None:
                self.faulty_reconcile()
            else:
                outcome = self.process().run(job.delivery, time_left=self._time_left())
                self.drifted += outcome.drifted
                self.known += outcome.known
                self.log.append(job.delivery)
        except (RetryableError, InjectedError, Killed):
            if job.delivery is not None:
                self._failed(job, job.delivery)

    def _failed(self, job: Job, delivery: Delivery) -> None:
        event = delivery.kind is Kind.CREATED
        if job.attempts < (EVENT_ATTEMPTS if event else WORK_ATTEMPTS):
            self.again(job)
        elif event or self._asked(delivery) or self.rng.random() >= self.conditions.expiry:
            self.dead_letters.append(self._job(delivery.kind, delivery.version, delivery.task))
            if event:
                self.dead_letters[-1].delivery = delivery
        else:
            self.faults["message expired"] += 1

    @staticmethod
    def _asked(delivery: Delivery) -> bool:
        """Tell whether an operator waits for what the delivery asks for."""
        return delivery.kind in (Kind.WITHDRAW, Kind.RESTORE) and delivery.task is not None

    def again(self, job: Job) -> None:
        """Put a delivery that failed back."""
        self.pending.append(job)

    # The processes

    def process(self) -> Ingest:
        """One fresh process of an ingest function, with the settings of the moment."""
        faulty = FaultyPorts(self)
        reports: Any = faulty
        workers = self.rng.choice(self.conditions.workers)
        days = self.conditions.full_read_days
        return self.ingest(
            batch_rows=self.conditions.batch_rows,
            seen_slots=self.conditions.seen_slots,
            block_hashes=self.block_hashes,
            settings=IngestSettings(
                large_object_bytes=0 if workers else _NO_LARGE_OBJECTS,
                workers=workers or 1,
                full_read_days=days[0] if len(days) == 1 else self.rng.choice(days),
                fingerprint_bytes=0,
            ),
            share=self.rng.choice(self.conditions.shares),
            objects=faulty,
            open_feed=faulty.open_feed,
            open_part=faulty.open_part,
            files=faulty,
            work=FaultySender(self, self.work),
            events=FaultySender(self, self.events, "partial announcement"),
            rejects=RejectDestinations(
                queue=FaultySender(self, self.rejects), reports=reports, message_limit=1000
            ),
            release=self.release,
        )

    def faulty_reconcile(self) -> None:
        """The reconcile, which may fail like any process."""
        self.faults["reconcile"] += 1
        reconcile = self.reconcile(
            listing=FaultyListing(self), work=FaultySender(self, self.work), deadline_minutes=0
        )
        reconcile.run(time_left=self._time_left())

    def _time_left(self) -> Callable[[], float]:
        hurried = self.budget > 0 and self.rng.random() < self.conditions.hurry
        self.budget -= hurried
        if not hurried and not self.draws_failure(0.5):
            return lambda: 900.0
        self.faults["out of time"] += 1
        looks = iter(range(self.rng.randint(0, 8)))
        return lambda: 900.0 if next(looks, None) is not None else 0.0

    # What happens besides

    def _intervene(self) -> None:
        upload = self.rng.choice(self.case.uploads)
        kind = self.rng.choice(self.conditions.interventions)
        self.faults[kind] += 1
        if kind in ("minutes", "hours"):
            self._move(minutes=120 if kind == "hours" else self.rng.randint(1, 10))
        elif kind == "reconcile":
            self.pending.append(Job(delivery=None))
        elif kind == "expire":
            self._expire()
        elif kind == "profile":
            # Another release or profile reads every file in another way, with the same result.
            self.read_by(self.rng.choice(("tiny", "small", "little")), self.rng.choice("12"))
        elif kind == "refuse":
            self.refused ^= {upload.version.key}
            for other in self.case.uploads:
                other.doubtful = other.doubtful or other.version.key == upload.version.key
        elif kind == "delete":
            if not upload.deleted and not upload.doubtful and self.rng.random() < 0.5:
                self.case.objects.delete(upload.version)
                upload.doubtful = True
        elif kind in ("withdraw", "restore"):
            self.command(Kind(kind), upload)
        else:
            self.operate(Kind(kind), upload)

    def read_by(self, profile: str, release: str = "1") -> None:
        """Have files read by another profile or release from now on."""
        same = (profile, release) == (self.profile, self.release)
        self.case.reread = self.case.reread or not same
        self.profile, self.release = profile, release

    def _expire(self) -> None:
        """Have DynamoDB delete what has expired, which takes it up to some days."""
        lanes, now = self.tables.tables[LANES].items, self.clock.at.timestamp()
        for key, item in list(lanes.items()):
            if float(item.get("expires_at", {"N": "inf"})["N"]) <= now:
                del lanes[key]

    def command(self, kind: Kind, upload: Upload) -> None:
        """Have an operator withdraw a version, or restore one that is withdrawn."""
        record = self.tables.tables[INGESTIONS].items.get((upload.version.object_id,), {})
        if kind is Kind.RESTORE and record.get("status") != {"S": "WITHDRAWN"}:
            return
        upload.withdrawn = kind is Kind.WITHDRAW
        task = Command(asked_at=timestamp(self.clock()), by="me").to_data()
        job = self._job(kind, replace(upload.version, sequencer=""), task)
        self.pending += [job] * self.rng.choice((1, 1, 2))

    def operate(self, kind: Kind, upload: Upload) -> None:
        """Have an operator send a version again."""
        upload.approved = upload.approved or kind in (Kind.REPLAY, Kind.RELEASE)
        # What operators name comes from a listing, which has no sequencers.
        self.pending.append(self._job(kind, replace(upload.version, sequencer="")))

    def _move(self, **delta: float) -> None:
        """Let time pass: what has run for too long is killed, and its requests have arrived."""
        then = self.clock.at + timedelta(**delta)
        for late in list(self.late):
            if (then - late[2]).total_seconds() > _LONGEST_RUN_SECONDS:
                self.late.remove(late)
                self._answer_lost(*late[:2])
        self.clock.move(**delta)
        self.work.time_passes()
        for task in self.scheduler.running:
            lived = (self.clock.at - self._began[task]).total_seconds()
            task.dead = task.dead or lived > _LONGEST_RUN_SECONDS

    def _flush_late(self) -> None:
        while self.late:
            self._arrive_late()

    # Failures

    def draws_failure(self, share: float = 1.0, *, writes: bool = False) -> bool:
        """Tell whether a failure happens here.

        Args:
            share: Makes it rarer.
            writes: True if it would be that of a write to DynamoDB.
        """
        if self.conditions.only in ("lost", "late") and not writes:
            return False
        if self.budget <= 0 or self.rng.random() >= self.conditions.fault * share:
            return False
        self.budget -= 1
        return True

    def step(self) -> None:
        """Let another process go on, and die at the fatal step."""
        task = self.scheduler.current
        if task is None:
            return
        self.scheduler.step()
        if task.steps == self.fatal:
            self.kill()

    def kill(self) -> None:
        """Kill the running process."""
        assert self.scheduler.current is not None
        self.scheduler.current.dead = True
        raise Killed

    def maybe_fail(self) -> None:
        """A failure of a service other than DynamoDB, perhaps."""
        self.step()
        if not self.draws_failure():
            return
        kind = self.rng.choice(("kill", "exception", "retryable"))
        if self.conditions.only == "dead":
            kind = "kill"
        self.faults[kind] += 1
        if kind == "kill":
            self.kill()
        raise InjectedError if kind == "exception" else RetryableError("S3 or SQS says no")

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """One request to DynamoDB, which may fail in every way."""
        payload = parsed(payload)
        self.step()
        self.requests += 1
        if self.exhausted and self.scheduler.current is not None:
            self.kill()
        writes = operation in _WRITES
        if self.scheduler.current is None or not self.draws_failure(writes=writes):
            return self.tables(operation, payload)
        kinds = ["throttle", "500", "timeout", "lost answer", "kill", "kill after", "exception"]
        if writes:
            kinds += ["late", "kill late"]
        if operation in ("BatchGetItem", "BatchExecuteStatement"):
            kinds += ["partial", "partial"]
        kind = self.rng.choice(kinds)
        if self.conditions.only == "dead":
            kind = self.rng.choice(("kill", "kill after", "kill late" if writes else "kill"))
        elif self.conditions.only == "late":
            kind = "late"
        elif writes and self.rng.random() < self.conditions.lost:
            kind = "partial" if operation == "BatchExecuteStatement" else "lost answer"
            kind = self.rng.choice((kind, "lost answer"))
        self.faults[kind] += 1
        return self._fail(kind, operation, payload)

    def _fail(self, kind: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        if kind == "partial":
            return self._partial(operation, payload)
        if kind in ("lost answer", "kill after"):
            self._answer_lost(operation, payload)
        if kind in ("late", "kill late"):
            self.late.append((operation, payload, self.clock.at))
        if kind.startswith("kill"):
            self.kill()
        if kind == "exception":
            raise InjectedError
        codes = {"throttle": "ProvisionedThroughputExceededException", "500": "InternalServerError"}
        raise TransientError(codes.get(kind, "ReadTimeoutError"), "injected")

    def _answer_lost(self, operation: str, payload: dict[str, Any]) -> None:
        try:
            self.tables(operation, payload)
        except DynamoDbError:
            return  # its condition failed, and nobody learns of it

    def _partial(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """HTTP 200, and only a part is done."""
        if operation == "BatchGetItem":
            ((table, request),) = payload["RequestItems"].items()
            keys = list(request["Keys"])
            kept = self.rng.randrange(len(keys))
            left = {**request, "Keys": keys[kept:]}
            answer: dict[str, Any] = {"Responses": {table: []}}
            if kept:
                some = {**request, "Keys": keys[:kept]}
                answer = self.tables(operation, {"RequestItems": {table: some}})
            return {**answer, "UnprocessedKeys": {table: left}}
        codes = ("ThrottlingError", "InternalServerError", "TransactionConflict")
        responses = []
        for statement in payload["Statements"]:
            fails = self.rng.random() < 0.5
            applied = not fails or self.rng.random() < max(0.3, self.conditions.lost)
            one: dict[str, Any] = {}
            if applied:
                (one,) = self.tables(operation, {"Statements": [statement]})["Responses"]
            if fails:
                one = {"Error": {"Code": self.rng.choice(codes), "Message": "injected"}}
            responses.append(one)
        return {"Responses": responses}

    def _arrive_late(self) -> None:
        """A request whose sender gave up reaches the table after all."""
        operation, payload, _ = self.late.pop(self.rng.randrange(len(self.late)))
        self._answer_lost(operation, payload)


class FaultyPorts:
    """S3 as one process sees it, failing as the world decides."""

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world
        self._profile = world.profile
        self._defect = world.defect
        self._rewriting = world.rewriting

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """See `ports.ObjectStore`."""
        self._world.maybe_fail()
        return self._world.objects.describe(version)

    def source(self, version: ObjectVersion) -> FeedSource:
        """See `ports.ObjectStore`."""
        return self._world.objects.source(version)

    def open_feed(self, source: FeedSource, *, key: str, latest: str) -> FaultyFeed:
        """See `ports.OpenFeed`."""
        self._world.maybe_fail()
        if key in self._world.refused:
            raise BadFileError(ErrorCode.MISSING_LABEL, f"{key} fits no profile now.", line=1)
        feed = open_tiny_feed(source, key=key, latest=latest)
        feed = replace(feed, profile=self._profile)
        if self._rewriting is not None and key == self._rewriting[0]:
            feed = self._rewritten(feed, self._rewriting[1])
        return FaultyFeed(feed, source, self._world, defect=self._defect)

    def _rewritten(self, feed: TinyFeed, profile: str) -> TinyFeed:
        """The feed by settings that take other rows out of a file."""
        return replace(feed, lines=tuple(self._world.rewritten[profile]), profile=profile)

    def open_part(self, state: dict[str, Any], source: FeedSource, **place: Any) -> FaultyFeed:
        """See `ports.OpenPart`."""
        feed = open_tiny_part(state, source, **place)
        if feed.profile in self._world.rewritten:
            feed = self._rewritten(feed, feed.profile)
        return FaultyFeed(feed, source, self._world, defect=self._defect)

    def __getattr__(self, name: str) -> Callable[..., object]:
        """See `ports.Reports`."""

        def call(*arguments: Any, **named: Any) -> object:
            self._world.maybe_fail()
            answer: object = getattr(self._world.reports, name)(*arguments, **named)
            return answer

        return call

    def writer(self, key: str, *, content_type: str) -> MemoryReportWriter:
        """See `ports.Reports`; every third object is too large for another key."""
        small = self._world.rng.choice((0, 1 << 20, 1 << 20))
        reports: Any = self
        return MemoryReportWriter(reports, key, content_type, small)


class FaultyListing:
    """The listing of the uploads bucket, failing as the world decides."""

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world

    def pages(self, start: tuple[str, str] | None) -> Iterator[Any]:
        """See `ports.ObjectListing`."""
        for page in self._world.objects.pages(start):
            self._world.maybe_fail()
            yield page


@dataclass(frozen=True, slots=True)
class FaultySender:
    """A queue or bus as one process sees it.

    Attributes:
        world: Decides what fails.
        port: The queue or bus.
        fault: How a failure is counted.
    """

    world: FaultyWorld
    port: Any
    fault: str = "partial send"

    def send(self, *arguments: Any, **named: Any) -> None:
        """Send messages, the last of the arguments; if that fails, a part may have been taken."""
        *first, messages = arguments
        send = partial(self.port.send, *first, **named)
        self.world.maybe_fail()
        if self.world.draws_failure():
            self.world.faults[self.fault] += 1
            send(messages[: self.world.rng.randint(0, len(messages))])
            raise RetryableError("a part was taken")
        send(messages)


class FaultyFeed:
    """A feed whose object breaks off where the world decides.

    Args:
        feed: The feed.
        world: The world.
        defect: True if the reader has a defect, see `FaultyWorld.misread`.
    """

    def __init__(
        self, feed: TinyFeed, source: FeedSource, world: FaultyWorld, *, defect: bool = False
    ) -> None:
        self._feed = feed
        self._source = source
        self._world = world
        self._defect = defect

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a feed has
        return getattr(self._feed, name)

    def in_parts(self) -> FaultyFeed:
        """See `reading.Feed`."""
        return self

    def batches(self, max_rows: int = 1000, share: Share | None = None) -> Iterator[Batch]:
        """See `reading.Feed`."""
        for batch in self._feed.batches(max_rows, share):
            self._source.open()
            if self._world.draws_failure():
                self._world.faults["truncation"] += 1
                raise RetryableError("the object breaks off")
            if self._defect:
                batch.rows = Rows(map(self._world.misread, batch.rows))
            yield batch


def misread(row: Row) -> Row:
    """A row as a reader with a defect reads it: on odd lines, 1 for 2 and 2 for 1."""
    swapped = {"1": "2", "2": "1"}.get(row.quantity, row.quantity)
    return row._replace(quantity=swapped) if row.line % 2 else row


def misplaced(row: Row) -> Row:
    """A row as a reader with another defect reads it: odd lines are rows of the first SKU."""
    return row._replace(sku="B") if row.line % 2 else row
