"""A world in which several processes go on in turns, as a script says."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from fakes import World
from faults.scheduler import Killed, Scheduler, Task
from inventory.domain.errors import RetryableError
from inventory.domain.work import Delivery, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.model import ObjectVersion

#: A process goes on until it is about to send its n-th request of an operation; None: to its end.
Stop = tuple[str, int] | None

#: A process sends the request at which it stopped, and dies before it learns of the answer.
DIES: Stop = ("dies", 0)


class Stage(World):
    """A world whose processes are called onto a stage, and go on in turns."""

    def __init__(self) -> None:
        super().__init__()
        self.transport = self.request
        self._scheduler = Scheduler(self._choose)
        self._bodies: dict[str, Callable[[], object]] = {}
        self._tasks: dict[str, Task] = {}
        self._sent: defaultdict[Task, Counter[str]] = defaultdict(Counter)
        self._script: list[tuple[str, Stop]] = []

    def enter(
        self,
        name: str,
        version: ObjectVersion,
        kind: Kind = Kind.CREATED,
        *,
        task: dict[str, Any] | None = None,
        time_left: Callable[[], float] = lambda: 900.0,
        **options: Any,
    ) -> None:
        """Name a process that delivers a version; it begins when the script calls it."""
        delivery = Delivery(kind=kind, version=version, delivery_id=name, task=task)

        def run() -> None:
            try:
                self.ingest(**options).run(delivery, time_left=time_left)
            except RetryableError:
                return  # its message would come again

        self._bodies[name] = run

    def call(self, name: str, body: Callable[[], object]) -> None:
        """Name a process that does anything else."""
        self._bodies[name] = body

    def play(self, *script: tuple[str, Stop]) -> None:
        """Have processes go on in this order, each until its stop; then all to their ends."""
        self._script = list(script)
        self._scheduler.run()

    def _choose(self, scheduler: Scheduler) -> Task | None:
        while self._script:
            name, _ = self._script[0]
            if name not in self._tasks:
                self._tasks[name] = scheduler.start(self._bodies[name])
            if self._tasks[name] in scheduler.running:
                return self._tasks[name]
            self._script.pop(0)
        return scheduler.running[0] if scheduler.running else None

    def request(self, operation: str, payload: Any) -> dict[str, Any]:
        """One request, before which the process may have to stop."""
        me = self._scheduler.current
        if me is None:
            return self.tables(operation, payload)
        self._sent[me][operation] += 1
        if self._script and self._script[0][1] == (operation, self._sent[me][operation]):
            self._script.pop(0)
            self._scheduler.step()
        answer = self.tables(operation, payload)
        if self._script and self._script[0][1] == DIES:
            self._script.pop(0)
            me.dead = True
            raise Killed
        return answer
