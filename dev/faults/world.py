# ruff: noqa: PLR2004  probabilities are chosen, not derived
"""A world that delivers twice, out of order and at once, and in which every step may fail.

It models what AWS does around the functions: an event whose function fails comes again twice and
then lies in the dead-letter queue until an operator sends it again; a message of the work queue
comes again until it succeeds; the reconcile runs after the leases are over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from faults.baton import Baton, Killed, Task
from faults.dynamodb import parsed
from faults.fakes import INGESTIONS, MemoryReportWriter, TinyFeed, World, open_tiny_feed
from faults.findings import Findings, examine
from inventory.adapters.dynamodb_api import DynamoDbApi, DynamoDbError, TransientError
from inventory.adapters.dynamodb_ledger import DynamoDbLedger
from inventory.domain.errors import RetryableError
from inventory.domain.ingest import Ingest
from inventory.domain.ports import Deadline, ObjectInfo, Usage
from inventory.domain.publishing import RejectDestinations
from inventory.domain.reconcile import Reconcile
from inventory.domain.work import Delivery, Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random
    from typing import BinaryIO

    from faults.case import Case
    from inventory.adapters.dynamodb_api import Payload
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.model import Batch, ObjectVersion
    from inventory.domain.ports import FeedSource

EVENT_ATTEMPTS = 3
MOST_DUPLICATES = 6
_WRITES = frozenset({"PutItem", "UpdateItem", "BatchExecuteStatement", "BatchWriteItem"})
_ROUNDS = 60
_MOST_REQUESTS = 8_000


class InjectedError(Exception):
    """A failure that nobody foresaw."""


@dataclass(kw_only=True, slots=True)
class Job:
    """A delivery that has not succeeded yet."""

    delivery: Delivery
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """How bad a schedule is.

    Attributes:
        switch: Probability that another process goes on at a step.
        fault: Probability that a step fails.
        budget: Failures at most.
        processes: Processes at once.
        duplicate: Probability that a message of the work queue comes twice.
        batch_rows: Rows a batch.
        seen_slots: Memory for the keys of a file; 4 make it forget after two.
    """

    switch: float = 0.0
    fault: float = 0.0
    budget: int = 0
    processes: int = 1
    duplicate: float = 0.0
    batch_rows: int = 2
    seen_slots: int = 1024

    @classmethod
    def random(cls, rng: Random) -> Weather:
        """Anything between calm and a storm."""
        return cls(
            switch=rng.choice((0.02, 0.1, 0.3, 0.6)),
            fault=rng.choice((0.0, 0.03, 0.1, 0.25)),
            budget=rng.randint(0, 14),
            processes=rng.choice((1, 2, 2, 3, 4)),
            duplicate=rng.choice((0.0, 0.3)),
            batch_rows=rng.choice((1, 2, 2, 3, 10)),
            seen_slots=rng.choice((4, 1024, 1024)),
        )


class FaultyWorld(World):
    """A world in which every call is a step that may fail.

    Attributes:
        faults: Failures injected so far, by kind.
        runs: Invocations so far.
    """

    def __init__(self, case: Case, rng: Random, weather: Weather) -> None:
        super().__init__(objects=case.objects)
        self.transport = self.request
        self.case = case
        self.rng = rng
        self.weather = weather
        self.budget = weather.budget
        self.duplicates = MOST_DUPLICATES
        self.faults: Counter[str] = Counter()
        self.runs = 0
        self.deliveries = 0
        self.requests = 0
        self.baton = Baton(self._choose)
        self.pending: list[Job] = []
        self.dead_letters: list[Job] = []
        self.late: list[tuple[str, dict[str, Any]]] = []
        for upload in case.uploads:
            for _ in range(upload.events):
                self.pending.append(self._job(Kind.CREATED, upload.version))

    def settle(self) -> Findings:
        """Deliver everything until nothing is left to deliver, then examine the result."""
        for _ in range(_ROUNDS):
            self.baton.run()
            if self.requests > _MOST_REQUESTS:
                break
            while self.late:
                self._arrive_late()
            self.pending += self.dead_letters
            self.dead_letters = []
            for job in self.pending:
                job.attempts = 0
            if self.pending:
                continue
            self.clock.move(hours=2)
            if not self._reconcile():
                return examine(self.case, self)
        return Findings(lost=["the world never comes to rest"])

    def _reconcile(self) -> int:
        deadline = Deadline()
        api = DynamoDbApi(self.tables, deadline, in_flight=1)
        reconcile = Reconcile(
            listing=self.objects,
            ledger=DynamoDbLedger(api, INGESTIONS, Usage()),
            work=self.work,
            deadline=deadline,
            now=self.clock,
            deadline_minutes=30,
        )
        return reconcile.run(time_left=lambda: 300.0).redriven

    def _choose(self, baton: Baton) -> Task | None:
        if self.work.messages:
            self._receive()
        if self.requests > _MOST_REQUESTS:
            self.pending.clear()
        rng = self.rng
        if self.late and rng.random() < 0.1:
            self._arrive_late()
        holder = baton.holder
        if holder is not None and rng.random() >= self.weather.switch:
            return holder
        running = baton.running
        may_start = bool(self.pending) and len(running) < self.weather.processes
        count = len(running) + may_start
        if not count:
            return None
        pick = rng.randrange(count)
        if pick < len(running):
            return running[pick]
        job = self.pending.pop(rng.randrange(len(self.pending)))
        return baton.start(lambda: self._invoke(job))

    def _job(self, kind: Kind, version: ObjectVersion, task: dict[str, Any] | None = None) -> Job:
        self.deliveries += 1
        name = f"{kind}-{self.deliveries}"
        delivery = Delivery(kind=kind, version=version, delivery_id=name, task=task)
        return Job(delivery=delivery)

    def _receive(self) -> None:
        for message in self.work.messages:
            job = self._job(message.kind, message.version, message.task)
            self.pending.append(job)
            if self.duplicates and self.rng.random() < self.weather.duplicate:
                self.duplicates -= 1
                self.pending.append(Job(delivery=job.delivery))
        self.work.messages.clear()

    def _invoke(self, job: Job) -> None:
        job.attempts += 1
        self.runs += 1
        try:
            self.process().run(job.delivery, time_left=self._time_left())
        except (RetryableError, InjectedError, Killed):
            event = job.delivery.kind is Kind.CREATED
            if event and job.attempts >= EVENT_ATTEMPTS:
                self.dead_letters.append(job)
            else:
                self.again(job)

    def again(self, job: Job) -> None:
        """Put a delivery that failed back."""
        self.pending.append(job)

    def faulty_ports(self) -> IngestPorts:
        """Ports of one fresh process, going through this world."""
        faulty = FaultyPorts(self)
        return replace(
            self.ports(objects=faulty),
            open_feed=faulty.open_feed,
            work=FaultyQueue(self),
            rejects=RejectDestinations(queue=faulty, reports=faulty, message_limit=1000),
        )

    def process(self) -> Ingest:
        """One fresh process of the ingest function."""
        return Ingest(
            self.faulty_ports(),
            batch_rows=self.weather.batch_rows,
            seen_slots=self.weather.seen_slots,
        )

    def _time_left(self) -> Callable[[], float]:
        if not self.strikes(0.3):
            return lambda: 900.0
        self.faults["out of time"] += 1
        looks = iter(range(self.rng.randint(0, 6)))
        return lambda: 900.0 if next(looks, None) is not None else 0.0

    def strikes(self, share: float = 1.0) -> bool:
        """Whether a failure happens here; `share` makes it rarer."""
        if self.budget <= 0 or self.rng.random() >= self.weather.fault * share:
            return False
        self.budget -= 1
        return True

    def step(self) -> None:
        """Let another process go on."""
        if self.baton.holder is not None:
            self.baton.step()

    def kill(self) -> None:
        """Kill the running process."""
        assert self.baton.holder is not None
        self.baton.holder.dead = True
        raise Killed

    def stumble(self) -> None:
        """A failure of a service other than DynamoDB, perhaps."""
        self.step()
        if not self.strikes():
            return
        kind = self.rng.choice(("kill", "exception", "retryable"))
        self.faults[kind] += 1
        if kind == "kill":
            self.kill()
        raise InjectedError if kind == "exception" else RetryableError("S3 or SQS says no")

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """One request to DynamoDB, which may fail in every way."""
        payload = parsed(payload)
        self.step()
        self.requests += 1
        if self.requests > _MOST_REQUESTS and self.baton.holder is not None:
            self.kill()
        if not self.strikes():
            return self.tables(operation, payload)
        kinds = ["throttle", "500", "timeout", "lost ack", "kill", "kill after", "exception"]
        if operation in _WRITES:
            kinds += ["late", "kill late"]
        if operation in ("BatchGetItem", "BatchExecuteStatement"):
            kinds += ["partial", "partial"]
        kind = self.rng.choice(kinds)
        self.faults[kind] += 1
        return self._fail(kind, operation, payload)

    def _fail(self, kind: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        if kind == "partial":
            return self._partial(operation, payload)
        if kind in ("lost ack", "kill after"):
            self.tables(operation, payload)
        if kind in ("late", "kill late"):
            self.late.append((operation, payload))
        if kind.startswith("kill"):
            self.kill()
        if kind == "exception":
            raise InjectedError
        codes = {"throttle": "ProvisionedThroughputExceededException", "500": "InternalServerError"}
        raise TransientError(codes.get(kind, "ReadTimeoutError"), "injected")

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
            applied = not fails or self.rng.random() < 0.3
            one: dict[str, Any] = {}
            if applied:
                (one,) = self.tables(operation, {"Statements": [statement]})["Responses"]
            if fails:
                one = {"Error": {"Code": self.rng.choice(codes), "Message": "injected"}}
            responses.append(one)
        return {"Responses": responses}

    def _arrive_late(self) -> None:
        """A request whose sender gave up reaches the table after all."""
        operation, payload = self.late.pop(self.rng.randrange(len(self.late)))
        try:
            self.tables(operation, payload)
        except DynamoDbError:
            return  # its condition failed, and nobody listens


class FaultyPorts:
    """S3 and the queues of one process, failing as the world decides."""

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """See `ports.ObjectStore`."""
        self._world.stumble()
        return self._world.objects.describe(version)

    def source(self, version: ObjectVersion, *, end_byte: int | None = None) -> FeedSource:
        """See `ports.ObjectStore`."""
        return self._world.objects.source(version, end_byte=end_byte)

    def open_feed(self, source: FeedSource, *, key: str) -> FaultyFeed:
        """See `ports.OpenFeed`."""
        self._world.stumble()
        return FaultyFeed(open_tiny_feed(source, key=key), self._world)

    def send(self, kind: str, bodies: Sequence[dict[str, Any]]) -> None:
        """See `ports.RejectQueue`; a send that fails may have taken a part."""
        self._world.stumble()
        if self._world.strikes():
            self._world.faults["partial send"] += 1
            self._world.rejects.send(kind, bodies[: self._world.rng.randint(0, len(bodies))])
            raise RetryableError("the queue took a part")
        self._world.rejects.send(kind, bodies)

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """See `ports.Reports`."""
        self._world.stumble()
        self._world.reports.put(key, body, content_type=content_type)

    def get(self, key: str) -> bytes:
        """See `ports.Reports`."""
        self._world.stumble()
        return self._world.reports.get(key)

    def open(self, key: str) -> BinaryIO:
        """See `ports.Reports`."""
        self._world.stumble()
        return self._world.reports.open(key)

    def writer(self, key: str, *, content_type: str) -> MemoryReportWriter:
        """See `ports.Reports`."""
        return MemoryReportWriter(self, key, content_type)

    def join(self, key: str, pieces: Sequence[str], *, content_type: str) -> None:
        """See `ports.Reports`."""
        self._world.stumble()
        self._world.reports.join(key, pieces, content_type=content_type)


class FaultyQueue:
    """The work queue as one process sees it."""

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world

    def send(self, messages: Sequence[WorkMessage]) -> None:
        """See `ports.WorkQueue`; a send that fails may have taken a part."""
        self._world.stumble()
        if self._world.strikes():
            self._world.faults["partial send"] += 1
            self._world.work.send(messages[: self._world.rng.randint(0, len(messages))])
            raise RetryableError("the queue took a part")
        self._world.work.send(messages)


class FaultyFeed:
    """A feed whose object breaks off where the world decides."""

    def __init__(self, feed: TinyFeed, world: FaultyWorld) -> None:
        self._feed = feed
        self._world = world
        self.profile = feed.profile
        self.header = feed.header
        self.delimiter = feed.delimiter
        self.quoted = feed.quoted

    def batches(self, max_rows: int = 1000) -> Iterator[Batch]:
        """See `ports.Feed`."""
        for batch in self._feed.batches(max_rows):
            if self._world.strikes():
                self._world.faults["truncation"] += 1
                raise RetryableError("the object breaks off")
            yield batch
