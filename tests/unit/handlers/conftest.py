"""Handlers run with recorded events and a service that only notes what it is asked."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Metrics

from inventory.domain.ingestions import Mode, Status
from inventory.domain.model import Counts
from inventory.domain.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.work import Delivery

EVENTS = Path(__file__).resolve().parents[2] / "events"


class Context:
    """The part of Lambda's context that the handlers and Powertools read."""

    function_name = "inventory-processor-dev"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:inventory-processor-dev"
    aws_request_id = "5f6a1ed2-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left."""
        return 90_000


class NotingIngest:
    """Notes deliveries; fails for keys that say so."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.seconds_left: list[float] = []
        self.counts = Counts(rows_read=3, loaded=2, rejected=1)
        self.instead: dict[str, Any] = {}
        self.retried: list[tuple[str, int]] = []

    def retry_soon(self, receipt_handle: str, receive_count: int) -> None:
        """Note the message that is to come again."""
        self.retried.append((receipt_handle, receive_count))

    def run(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Outcome:
        """Note the delivery."""
        self.deliveries.append(delivery)
        self.seconds_left.append(time_left())
        if "broken" in delivery.version.key:
            raise TimeoutError("the table does not answer")
        outcome = Outcome(
            object_id=delivery.version.object_id,
            mode=Mode.PROCESS,
            status=Status.COMPLETED,
            profile="canonical",
            counts=self.counts,
        )
        return replace(outcome, **self.instead)


@pytest.fixture
def context() -> Context:
    """Lambda's context with 90 s left."""
    return Context()


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The ingest's handlers, loaded as a cold start does: after the environment is there."""
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "dev")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory-processor")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Inventory")
    Metrics().clear_default_dimensions()  # all instances of a process share them
    names = ("observation", "processor", "chunk_processor", "reconcile")
    for name in names:
        monkeypatch.delitem(sys.modules, f"inventory.handlers.{name}", raising=False)
    return SimpleNamespace(**{name: import_module(f"inventory.handlers.{name}") for name in names})


@pytest.fixture
def ingest(handlers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> NotingIngest:
    """The service behind both ingest handlers."""
    noting = NotingIngest()
    monkeypatch.setattr(handlers.processor, "ingest", lambda: noting)
    monkeypatch.setattr(handlers.chunk_processor, "ingest", lambda: noting)
    monkeypatch.setattr(handlers.chunk_processor, "work_visibility", lambda: noting)
    return noting


@pytest.fixture
def load_event() -> Callable[[str], dict[str, Any]]:
    """Loads a recorded event by its name."""

    def load(name: str) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return parsed

    return load


@pytest.fixture
def metric_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Lines of embedded metrics that the function printed."""

    def read() -> list[dict[str, Any]]:
        printed = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in printed if "_aws" in line]

    return read
