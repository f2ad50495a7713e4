"""Waiting for a record: how long, and what is said meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inventory_cli.errors import NotYetError
from inventory_cli.records import await_record


class Clock:
    """Time that goes on while somebody sleeps, and a table in which a record appears at a time."""

    def __init__(self, appears_after: float, status: str = "COMPLETED") -> None:
        self.now = 1000.0
        self._appears = self.now + appears_after
        self._item = {
            "object_id": {"S": "b/k#v"},
            "status": {"S": status},
            "finished_at": {"S": "2026-11-22T20:00:00Z"},
        }
        self.warnings: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time go on."""
        self.now += seconds

    def get_item(self, **_: object) -> dict[str, Any]:
        """Answer as DynamoDB does."""
        return {"Item": self._item} if self.now >= self._appears else {}

    def wait(self, timeout_seconds: float) -> None:
        """Wait for the record and note when a warning came."""
        session: Any = SimpleNamespace(
            dynamodb=self, outputs=SimpleNamespace(ingestions_table_name="t")
        )
        await_record(
            session,
            "b/k#v",
            timeout_seconds=timeout_seconds,
            on_silence=lambda: self.warnings.append(self.now - 1000.0),
            sleep=self.sleep,
            clock=lambda: self.now,
        )


def test_a_minute_without_a_record_is_remarked_once() -> None:
    """Nobody should wait for a quarter of an hour without a word."""
    clock = Clock(appears_after=300)

    clock.wait(900)

    (warned,) = clock.warnings
    assert 60 <= warned < 65


def test_nothing_is_remarked_while_the_record_is_there() -> None:
    """A large file takes long, and its record says so."""
    clock = Clock(appears_after=1, status="IN_PROGRESS")

    with pytest.raises(NotYetError, match="IN_PROGRESS"):
        clock.wait(300)
    assert clock.warnings == []


def test_a_paused_folder_is_not_waited_for() -> None:
    """Nobody knows when it is resumed, and who waits is told why nothing happens."""
    clock = Clock(appears_after=1, status="WAITING")

    with pytest.raises(NotYetError, match="its folder is paused"):
        clock.wait(900)
    assert clock.now < 1010


def test_a_timeout_below_a_minute_ends_without_the_remark() -> None:
    """The error says that there is no record."""
    clock = Clock(appears_after=1000)

    with pytest.raises(NotYetError, match="no record yet"):
        clock.wait(30)
    assert clock.warnings == []
