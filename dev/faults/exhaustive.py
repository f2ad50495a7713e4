"""Every small schedule: all orders, a crash at every step, all interleavings of two runs.

Three versions over three SKUs, chosen so that the trap of an unadvanced token is in them: A comes
as 1, 2, 1 (the third version may skip what the second overwrites), B as 1, 1, 2, and C as 1, -, 1.
"""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from faults.case import Case
from faults.dynamodb import parsed
from faults.fakes import ITEMS
from faults.world import Conditions, FaultyWorld, Job
from inventory.domain.work import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from faults.findings import Findings
    from faults.scheduler import Scheduler, Task
    from inventory.adapters.dynamodb_api import Payload

_NO_FAILURES = Conditions(batch_rows=10)
_SKUS = {"A", "B", "C"}
_VERSIONS = (
    ["A,x,1,,", "B,x,1,,", "C,x,1,,"],
    ["A,x,2,,", "B,x,1,,"],
    ["A,x,1,,", "B,x,2,,", "C,x,1,,"],
)

#: Every order of two deliveries of each of three versions.
ORDERS = tuple(sorted(set(permutations((0, 0, 1, 1, 2, 2)))))


def small_case(*, one_key: bool = True) -> Case:
    """The three versions, of one key or of three."""
    case = Case()
    for number, lines in enumerate(_VERSIONS):
        key = "stock.csv" if one_key else f"{number}.csv"
        case.add(key, list(lines), seconds=number + 1, sequencer=f"0{number}", events=2)
    return case


class ScriptedWorld(FaultyWorld):
    """Delivers in a given order, one after the other, and kills one process at a given step.

    Args:
        case: What is delivered.
        order: Indexes into the case's uploads.
        crash_at: Step of the whole schedule at which the running process dies; 0 for never.
        retry_first: True if a delivery that died comes again at once, else after all others.
    """

    def __init__(
        self, case: Case, order: Sequence[int], *, crash_at: int = 0, retry_first: bool = False
    ) -> None:
        super().__init__(case, Random(0), _NO_FAILURES)  # noqa: S311  unused here
        self.pending = [self._job(Kind.CREATED, case.uploads[at].version) for at in order]
        self.crash_at = crash_at
        self.retry_first = retry_first
        self.steps = 0

    def _choose(self, scheduler: Scheduler) -> Task | None:
        self._receive()
        if scheduler.current is not None:
            return scheduler.current
        if scheduler.running:
            return scheduler.running[0]
        if not self.pending:
            return None
        job = self.pending.pop(0)
        return scheduler.start(lambda: self._invoke(job))

    def again(self, job: Job) -> None:
        """Put a delivery that died back."""
        self.pending.insert(0 if self.retry_first else len(self.pending), job)

    def step(self) -> None:
        """Count, and die at the given step."""
        super().step()
        if self.scheduler.current is None:
            return
        self.steps += 1
        if self.steps == self.crash_at:
            self.kill()

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """One request; a crash hits before it or, as the next step, after it."""
        answer = super().request(operation, payload)
        self.step()
        return answer


class Access(NamedTuple):
    """Subject of a request.

    Attributes:
        what: Items, and partitions of other tables.
        writes: True if it changes them.
        position: Sort key of the only item of a partition that it changes.
    """

    what: frozenset[str]
    writes: bool
    position: str = ""

    def commutes(self, other: Access) -> bool:
        """Tell whether the order of two requests makes no difference."""
        if not (self.writes or other.writes) or self.what.isdisjoint(other.what):
            return True
        return self.writes and other.writes and self.position != other.position


class InterleavedWorld(ScriptedWorld):
    """Runs two deliveries at once in one given interleaving, others before and after.

    Interleavings that differ in the order of requests that commute come to the same. Of these,
    only the one is taken in which the delivery that began first goes first: after a request, none
    of an earlier delivery follows that commutes with it.

    Args:
        case: What is delivered.
        before: Delivered first, one after the other.
        pair: Delivered at once.
        after: Delivered last.
        choices: Which of the processes that may go on does so, at each request; then the first.
        batch_rows: Rows a batch.
    """

    def __init__(
        self,
        case: Case,
        *,
        before: Sequence[int],
        pair: Sequence[int],
        after: Sequence[int],
        choices: Sequence[int],
        batch_rows: int,
    ) -> None:
        super().__init__(case, [*before, *pair, *after])
        self.conditions = Conditions(batch_rows=batch_rows)
        self.serial = len(before)
        self.together = len(pair)
        self.choices = list(choices)
        self.trace: list[tuple[int, int]] = []
        self.at_request = False
        self.waiting: dict[Task, Access] = {}
        self.last: tuple[Task, Access] | None = None

    def _choose(self, scheduler: Scheduler) -> Task | None:
        if self.serial:
            if scheduler.current is None and not scheduler.running:
                self.serial -= 1
            return super()._choose(scheduler)
        self._receive()
        if self.together and not scheduler.running:
            for job in [self.pending.pop(0) for _ in range(self.together)]:
                scheduler.start(lambda job=job: self._invoke(job))  # type: ignore[misc]  # a default binds it
            self.together = 0
        if len(scheduler.running) < 2 or (scheduler.current is not None and not self.at_request):  # noqa: PLR2004  a pair
            return super()._choose(scheduler)
        running = sorted(scheduler.running, key=lambda task: task.number)
        options = [task for task in running if not self._repeats(task)] or running
        place = len(self.trace)
        choice = self.choices[place] if place < len(self.choices) else 0
        self.trace.append((choice, len(options)))
        return options[choice]

    def _repeats(self, task: Task) -> bool:
        """Tell whether another interleaving has the request of this task before the last one."""
        if self.last is None or task not in self.waiting:
            return False
        other, access = self.last
        return task.number < other.number and self.waiting[task].commutes(access)

    def request(self, operation: str, payload: Payload) -> dict[str, Any]:
        """One request: the only place where the other process may go on."""
        payload = parsed(payload)
        me = self.scheduler.current
        if me is None or self.serial or self.together:
            return self.tables(operation, payload)
        access = _access(operation, payload)
        self.waiting[me] = access
        self.at_request = True
        self.step()
        self.at_request = False
        self.last = me, access
        return self.tables(operation, payload)


def _access(operation: str, payload: dict[str, Any]) -> Access:
    if operation == "BatchExecuteStatement":
        texts = [
            {value["S"] for value in statement["Parameters"] if "S" in value}
            for statement in payload["Statements"]
        ]
        return Access(
            frozenset(f"{ITEMS} {sku}" for sku in set().union(*texts) & _SKUS), writes=True
        )
    if operation == "BatchGetItem":
        (request,) = payload["RequestItems"].values()
        return Access(
            frozenset(f"{ITEMS} {key['sku']['S']}" for key in request["Keys"]), writes=False
        )
    table = payload["TableName"]
    key = payload.get("Key") or payload.get("Item") or {}
    name = key.get("lane") or key.get("object_id") or payload["ExpressionAttributeValues"][":l"]
    writes = operation not in ("Query", "GetItem")
    position = key.get("position", {"S": ""})["S"]
    return Access(frozenset({f"{table} {name['S']}"}), writes, position)


def orders() -> Iterator[Findings]:
    """Every order of two deliveries of each version, of one key and of three."""
    for one_key in (True, False):
        for order in ORDERS:
            yield ScriptedWorld(small_case(one_key=one_key), order).settle()


def crashes(first: int = 0, every: int = 1) -> Iterator[Findings]:
    """Every order with a crash at every step, the delivery coming again at once or last.

    Args:
        first: Number of the first order.
        every: Look at every n-th order only.
    """
    for order in ORDERS[first::every]:
        for retry_first in (True, False):
            step = 0
            while True:
                step += 1
                world = ScriptedWorld(small_case(), order, crash_at=step, retry_first=retry_first)
                findings = world.settle()
                if world.steps < step:
                    break
                yield findings


def interleavings(first: int = 0, every: int = 1, *, quick: bool = False) -> Iterator[Findings]:
    """Every interleaving of two runs, of two versions or of one, the others before or after.

    Args:
        first: Number of the first combination of runs.
        every: Look at every n-th combination only.
        quick: One batch a file and runs of different versions only.
    """
    combinations = []
    pairs = ((0, 1), (0, 2), (1, 2)) if quick else ((0, 1), (0, 2), (1, 2), (1, 1), (2, 2))
    for pair in pairs:
        others = [version for version in range(3) if version not in pair]
        splits = {(tuple(others[:at]), tuple(others[at:])) for at in range(len(others) + 1)}
        for before, after in sorted(splits):
            sizes = (10,) if quick or len(set(pair)) == 1 else (10, 2)
            combinations += [(before, pair, after, batch_rows) for batch_rows in sizes]
    for before, pair, after, batch_rows in combinations[first::every]:
        yield from _all_choices(before, pair, after, batch_rows)


def _all_choices(
    before: Sequence[int], pair: Sequence[int], after: Sequence[int], batch_rows: int
) -> Iterator[Findings]:
    choices: list[int] | None = []
    while choices is not None:
        world = InterleavedWorld(
            small_case(),
            before=before,
            pair=pair,
            after=after,
            choices=choices,
            batch_rows=batch_rows,
        )
        yield world.settle()
        choices = _next_choices(world.trace)


def _next_choices(trace: list[tuple[int, int]]) -> list[int] | None:
    """The schedule after this one, depth first; None after the last."""
    while trace:
        choice, options = trace.pop()
        if choice + 1 < options:
            return [earlier for earlier, _ in trace] + [choice + 1]
    return None
