"""The summary's handler: one event, one call, one answer."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from summary_samples import FakeTables, ingestion_record, stock_item, summary_service

if TYPE_CHECKING:
    from inventory.domain.summary.service import SummaryService

EVENT = Path(__file__).resolve().parents[2] / "events" / "scheduled_summary.json"


class Context:
    """The part of Lambda's context that Powertools reads."""

    function_name = "inventory-summary-dev"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:inventory-summary-dev"
    aws_request_id = "5f6a1ed2-0000-4000-8000-000000000001"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The handler as Lambda loads it, before a service over two items and two rejected rows."""
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "dev")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory-summary")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Inventory")
    # Powertools reads these when the module is loaded, which another test may have done before.
    module = importlib.reload(importlib.import_module("inventory.handlers.summary"))
    tables = FakeTables(
        [stock_item("SECRET-SKU"), stock_item("B", quantity="0")],
        [ingestion_record(counts={"rows_read": 5, "rejected": 2})],
    )
    service: SummaryService = summary_service(tables)
    monkeypatch.setattr(module, "summary_service", lambda: service)
    return SimpleNamespace(handler=module.handler, service=service)


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Logs and metrics that the function printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]


def test_the_scheduled_event_makes_the_summary_of_its_day(deployed: SimpleNamespace) -> None:
    """The answer names the day and where its documents lie."""
    answer = deployed.handler(json.loads(EVENT.read_text()), Context())

    assert answer == {
        "date": "2026-11-22",
        "csv": "memory://2026-11-22/summary.csv",
        "html": "memory://2026-11-22/summary.html",
        "json": "memory://2026-11-22/summary.json",
    }


@pytest.mark.parametrize(("event", "mails"), [({}, 1), ({"mail": True}, 1), ({"mail": False}, 0)])
def test_a_summary_by_hand_need_not_be_mailed(
    deployed: SimpleNamespace, event: dict[str, Any], mails: int
) -> None:
    """Whatever else the schedule does."""
    deployed.handler(event, Context())
    assert len(deployed.service.notifier.messages) == mails


def test_an_event_without_a_time_stands_for_today(deployed: SimpleNamespace) -> None:
    """A call by hand needs no input."""
    timezone = ZoneInfo(deployed.service.timezone)
    before = datetime.now(UTC).astimezone(timezone).date()

    deployed.handler({}, Context())

    (day,) = deployed.service.store.documents
    assert before <= date.fromisoformat(day) <= datetime.now(UTC).astimezone(timezone).date()


def test_figures_go_out_as_metrics_and_logs_without_rows(
    deployed: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Alarms and the dashboard have their figures; values of rows are not among them."""
    deployed.handler(json.loads(EVENT.read_text()), Context())

    (metrics,) = [line for line in printed(capsys) if "_aws" in line]
    (log,) = [vars(record) for record in caplog.records if record.msg == "summary written"]
    figures = {name: value[0] for name, value in metrics.items() if isinstance(value, list)}
    assert figures == {
        "Items": 2,
        "OutOfStockItems": 1,
        "LowStockItems": 0,
        "FeedsReceived": 1,
        "FeedsRejectedRows": 2,
        "SummariesWritten": 1,
    }
    assert metrics["environment"] == "dev"
    assert log["figures"]["Items"] == 2
    assert "SECRET-SKU" not in f"{metrics} {log}"


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_fails_without_counting_a_summary_when_the_service_fails(
    deployed: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The failure reaches Lambda, and the alarm on missing summaries sees none."""

    def fail(*_: object) -> None:
        raise TimeoutError("no bucket")

    deployed.service.store.write = fail

    with pytest.raises(TimeoutError, match="no bucket"):
        deployed.handler(json.loads(EVENT.read_text()), Context())

    assert not any("SummariesWritten" in line for line in printed(capsys))
