"""How many requests may be in flight: additive increase, multiplicative decrease."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class AdaptiveConcurrency:
    """Lets so many requests through at once as the service takes without throttling.

    A throttle halves the limit, but only once for all requests that were in flight then; as many
    answers as the limit allows raise it by one. So functions that share a table share its
    throughput about evenly, and none waits for a pause that another one needs.

    Source: https://datatracker.ietf.org/doc/html/rfc5681 (congestion avoidance)

    Args:
        most: Requests in flight at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._running = 0
        self._sent_before_halving = 0
        self._changed = Condition()

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    def __enter__(self) -> None:
        with self._changed:
            while self._running >= int(self._limit):
                self._changed.wait()
            self._running += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._running -= 1
            self._sent_before_halving = max(self._sent_before_halving - 1, 0)
            if kind is None:
                self._limit = min(self._limit + 1 / self._limit, self._most)
            self._changed.notify_all()

    def throttled(self) -> None:
        """Half as many from now on, unless another request in flight has said so already."""
        with self._changed:
            if not self._sent_before_halving:
                self._limit = max(self._limit / 2, 1.0)
                self._sent_before_halving = self._running
