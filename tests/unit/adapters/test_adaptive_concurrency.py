"""Requests in flight follow what the service takes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inventory.adapters.adaptive_concurrency import AdaptiveConcurrency
from inventory.adapters.dynamodb_api import DynamoDbApi, TransientError
from inventory.domain.ports import Deadline


def test_a_throttle_halves_the_limit_down_to_one() -> None:
    """Each throttle counts, as long as no other request was in flight with it."""
    concurrency = AdaptiveConcurrency(8)
    limits = []

    for _ in range(5):
        concurrency.throttled()
        limits.append(concurrency.limit)

    assert limits == [4, 2, 1, 1, 1]


def test_throttles_of_requests_that_were_in_flight_together_count_once() -> None:
    """Four requests meet the same full table."""
    concurrency = AdaptiveConcurrency(8)
    for _ in range(4):
        concurrency.__enter__()

    for _ in range(4):
        concurrency.throttled()

    assert concurrency.limit == 4


def test_as_many_answers_as_the_limit_allows_raise_it_by_one() -> None:
    """Growth is slow, and ends at the most."""
    concurrency = AdaptiveConcurrency(4)
    concurrency.throttled()
    limits = []

    for _ in range(14):
        with concurrency:
            pass
        limits.append(concurrency.limit)

    assert limits[:2] == [2, 2]
    assert 3 in limits
    assert limits[-1] == 4


def test_a_request_that_fails_does_not_raise_the_limit() -> None:
    """Only answers show that there is room."""
    concurrency = AdaptiveConcurrency(4)
    concurrency.throttled()

    for _ in range(20):
        with pytest.raises(TransientError), concurrency:
            raise TransientError("ReadTimeoutError", "no answer")

    assert concurrency.limit == 2


def test_no_more_requests_than_the_limit_are_in_flight() -> None:
    """After throttles a pool of eight threads sends two at once, then more again."""
    lock = threading.Lock()
    running = 0
    most: list[int] = []
    throttles = iter(range(8))
    barrier = threading.Barrier(8, timeout=10)

    def transport(_: str, payload: Any) -> dict[str, Any]:
        nonlocal running
        with lock:
            running += 1
            most.append(running)
        if payload["first"] and next(throttles, None) is not None:
            barrier.wait()
            with lock:
                running -= 1
            payload["first"] = False
            raise TransientError("ThrottlingException", "too much")
        with lock:
            running -= 1
        return {}

    api = DynamoDbApi(transport, Deadline(), in_flight=8, sleep=lambda _: None, uniform=lambda: 0.0)

    answers = api.each(
        lambda payload: api.call("Query", payload), [{"first": True} for _ in range(8)]
    )

    assert answers == [{}] * 8
    assert most[7] == 8
    assert max(most[8:]) <= 5
