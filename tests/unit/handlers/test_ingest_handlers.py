"""The processor and the chunk processor hand over, observe and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.metrics import INGEST_SERVICE
from inventory.domain.ingestions import Mode, Status
from inventory.domain.model import ObjectVersion
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    from unit.handlers.conftest import Context, NotingIngest


def metric_sums(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Metrics by name, over all embedded metric lines."""
    sums: dict[str, float] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                sums[metric["Name"]] = sums.get(metric["Name"], 0) + sum(values)
    return sums


def sqs_event(*keys: str) -> dict[str, Any]:
    """An SQS event with one recheck message per key."""
    return {
        "Records": [
            {
                "messageId": f"message-{key}",
                "receiptHandle": f"handle-{key}",
                "body": WorkMessage(
                    kind=Kind.RECHECK,
                    version=ObjectVersion(
                        bucket="uploads", key=key, version_id="v1", etag="e", size_bytes=1
                    ),
                ).to_text(),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795377600123"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:inventory-work-dev",
                "awsRegion": "us-east-1",
            }
            for key in keys
        ]
    }


def test_the_processor_hands_over_the_events_object_with_the_time_left(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    """One event, one delivery, bounded by the invocation."""
    answer = handlers.processor.handler(load_event("s3_object_created"), context)

    assert [d.version.key for d in ingest.deliveries] == ["stores/north/stock.csv"]
    assert ingest.seconds_left == [90.0]
    assert answer == {"object_id": ingest.deliveries[0].version.object_id, "mode": "process"}


def test_the_processor_measures_every_outcome(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """Rows by outcome, files by status and the invariant are metrics; the log names the object."""
    handlers.processor.handler(load_event("s3_object_created"), context)

    sums = metric_sums(metric_lines())
    assert sums["RowsRead"] == 3
    assert sums["RowsLoaded"] == 2
    assert sums["RowsRejected"] == 1
    assert sums["FilesCompleted"] == 1
    assert sums["FilesFailed"] == 0
    assert sums["AccountingBreaches"] == 0
    keys = handlers.observation.logger.get_current_keys()
    assert keys["object_id"] == ingest.deliveries[0].version.object_id


def test_metrics_have_the_dimensions_by_which_alarms_find_them(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """Both functions that load files publish under one name, whatever each is called."""
    handlers.processor.handler(load_event("s3_object_created"), context)

    assert ingest.deliveries
    for line in metric_lines():
        for published in line["_aws"]["CloudWatchMetrics"]:
            assert [sorted(each) for each in published["Dimensions"]] == [
                ["environment", "service"]
            ]
        assert (line["environment"], line["service"]) == ("dev", INGEST_SERVICE)


def test_counts_that_do_not_add_up_are_a_breach(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """An alarm watches this metric; the service tells it of the file, however many ran for it."""
    ingest.instead = {"balanced": False}

    handlers.processor.handler(load_event("s3_object_created"), context)

    assert metric_sums(metric_lines())["AccountingBreaches"] == 1


@pytest.mark.parametrize(
    ("instead", "metric", "value"),
    [
        ({"status": Status.FAILED}, "FilesFailed", 1),
        ({"status": Status.FAILED}, "FilesCompleted", 0),
        ({"status": Status.HELD}, "FilesCompleted", 0),
    ],
)
def test_what_became_of_a_delivery_is_a_metric(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
    instead: dict[str, Any],
    metric: str,
    value: float,
) -> None:
    """Each figure that alarms and the dashboard show."""
    ingest.instead = instead

    handlers.processor.handler(load_event("s3_object_created"), context)

    assert metric_sums(metric_lines())[metric] == value


@pytest.mark.parametrize("mode", [Mode.REPROCESS, Mode.RECHECK, Mode.CLOSE, Mode.NOTHING])
def test_rows_that_are_decided_again_are_not_counted_again(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
    mode: Mode,
) -> None:
    """Only processing a file counts its rows."""
    ingest.instead = {"mode": mode}

    handlers.processor.handler(load_event("s3_object_created"), context)

    assert "RowsRead" not in metric_sums(metric_lines())


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_fails_with_the_services_own_error_so_that_lambda_retries(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    load_event: Callable[[str], dict[str, Any]],
    metric_lines: Callable[[], list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is swallowed."""
    event = load_event("s3_object_created")
    event["detail"]["object"]["key"] = "broken.csv"

    with pytest.raises(TimeoutError):
        handlers.processor.handler(event, context)
    assert len(ingest.deliveries) == 1
    assert metric_lines() == []
    assert "delivery failed" in caplog.messages


def test_a_poison_message_fails_alone(
    handlers: SimpleNamespace,
    ingest: NotingIngest,
    context: Context,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others of the batch are done; the failed one is logged and comes again."""
    answer = handlers.chunk_processor.handler(sqs_event("a.csv", "broken.csv", "c.csv"), context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-broken.csv"}]}
    assert [d.version.key for d in ingest.deliveries] == ["a.csv", "broken.csv", "c.csv"]
    assert ingest.retried == [("handle-broken.csv", 1)]
    assert caplog.messages.count("delivery failed") == 1


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_every_message_may_fail_without_failing_the_invocation(
    handlers: SimpleNamespace, ingest: NotingIngest, context: Context
) -> None:
    """The queue counts receives per message, whatever the others did."""
    answer = handlers.chunk_processor.handler(sqs_event("broken-1.csv", "broken-2.csv"), context)

    assert len(answer["batchItemFailures"]) == 2
    assert len(ingest.deliveries) == 2
