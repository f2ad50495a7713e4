"""Deterministic concurrency: threads of which exactly one runs, until it says where it may stop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """The process died; nothing of it runs any more. No handler of the writer catches it."""


class Task:
    """One process of the world.

    Attributes:
        number: Its place in the order of starting.
        dead: True if it was killed; every later step raises again.
        steps: Steps taken so far.
    """

    __slots__ = ("dead", "number", "steps", "worker")

    def __init__(self, number: int) -> None:
        self.number = number
        self.dead = False
        self.steps = 0
        self.worker: _Worker | None = None


class _Worker:
    """A thread that waits for its turn; kept for the next schedule, for starting one is slow."""

    idle: list[_Worker] = []  # noqa: RUF012  one pool for the process, touched by one thread at a time

    def __init__(self) -> None:
        self.wake = threading.Semaphore(0)
        self.job: Callable[[], None] = lambda: None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.wake.acquire()
            self.job()


class Scheduler:
    """Runs tasks one step at a time.

    Args:
        choose: Given the running tasks and the current one (None when it ended),
            names the next; it may start further tasks first. None when nothing is left.
    """

    def __init__(self, choose: Callable[[Scheduler], Task | None]) -> None:
        self._choose = choose
        self._main = threading.Semaphore(0)
        self._started = 0
        self._failure: BaseException | None = None
        self.running: list[Task] = []
        self.current: Task | None = None

    def start(self, body: Callable[[], object]) -> Task:
        """Add a task; it runs when it is chosen.

        Args:
            body: What it does; must not raise anything but `Killed`.
        """
        task = Task(self._started)
        self._started += 1
        worker = _Worker.idle.pop() if _Worker.idle else _Worker()
        worker.job = lambda: self._perform(task, body)
        task.worker = worker
        self.running.append(task)
        return task

    def run(self) -> None:
        """Run until `choose` finds nothing more to do."""
        self.current = None
        first = self._choose(self)
        if first is None:
            return
        self._hand_to(first)
        self._main.acquire()
        if self._failure is not None:
            raise self._failure

    def step(self) -> None:
        """A point where another task may go on.

        Raises:
            Killed: The task was killed.
        """
        me = self.current
        assert me is not None
        if me.dead:
            raise Killed
        me.steps += 1
        other = self._choose(self)
        if other is not me:
            assert other is not None
            assert me.worker is not None
            self._hand_to(other)
            me.worker.wake.acquire()
        if me.dead:
            raise Killed

    def _hand_to(self, task: Task) -> None:
        self.current = task
        assert task.worker is not None
        task.worker.wake.release()

    def _perform(self, task: Task, body: Callable[[], object]) -> None:
        try:
            body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  handed to the main thread below
            self._failure = self._failure or error
        assert task.worker is not None
        self.running.remove(task)
        _Worker.idle.append(task.worker)
        self.current = None
        following = None if self._failure else self._choose(self)
        if following is None:
            self._main.release()
        else:
            self._hand_to(following)
