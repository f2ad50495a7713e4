"""Logs and metrics of each delivery; never what a row holds.

Powertools writes the metrics as embedded metric format into the function's own log group.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from inventory.domain.ingestions import Mode, Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from inventory.domain.ingest import Ingest
    from inventory.domain.outcome import Outcome
    from inventory.domain.work import Delivery

logger = Logger()
# One name for both functions that load files, and only what an alarm or the dashboard shows: every
# combination of metric and dimensions costs $0.30 a month. The log line has the rest.
# Source: https://aws.amazon.com/cloudwatch/pricing/
metrics = Metrics(service="ingest")


def process(ingest: Ingest, delivery: Delivery, context: LambdaContext) -> Outcome:
    """Process one delivery; log and measure what came of it.

    Args:
        ingest: The service.
        delivery: The delivery.
        context: Lambda's context; its remaining time bounds the work.

    Raises:
        Exception: Whatever the service raised, so that the delivery comes again.
    """
    logger.append_keys(object_id=delivery.version.object_id)
    metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT_SUFFIX"])
    try:
        outcome = ingest.run(
            delivery, time_left=lambda: context.get_remaining_time_in_millis() / 1000
        )
    except Exception:
        logger.exception("delivery failed")
        raise
    _observe(outcome)
    return outcome


def _observe(outcome: Outcome) -> None:
    counts = outcome.counts
    logger.info(
        "delivery processed",
        mode=outcome.mode.value,
        status=outcome.status.value if outcome.status else None,
        profile=outcome.profile,
        error=outcome.error,
        nothing_loaded=outcome.nothing_loaded,
        rows_read=counts.rows_read,
        loaded=counts.loaded,
        unchanged=counts.unchanged,
        stale=counts.stale,
        rejected=counts.rejected,
        skipped=counts.skipped,
        duplicates=counts.duplicates,
        conflicting=counts.conflicting,
        written=outcome.written,
        absent=outcome.absent,
        known=outcome.known,
        drifted=outcome.drifted,
        rechecks=outcome.rechecks,
        reject_messages=outcome.reject_messages,
        read_units=outcome.read_units,
        write_units=outcome.write_units,
        seconds=round(outcome.seconds, 3),
    )
    _count("FilesCompleted", outcome.status is Status.COMPLETED)
    _count("FilesFailed", outcome.status is Status.FAILED)
    _count("FilesWithoutStock", bool(outcome.nothing_loaded))
    _count("AccountingBreaches", not outcome.balanced)
    _count("ItemsDrifted", outcome.drifted)
    if outcome.mode is not Mode.PROCESS:
        return  # the rows of an earlier run are not counted twice
    _count("RowsRead", counts.rows_read)
    _count("RowsLoaded", counts.loaded)
    _count("RowsUnchanged", counts.unchanged)
    _count("RowsStale", counts.stale)
    _count("RowsRejected", counts.rejected)
    _count("RowsSkipped", counts.skipped)
    _count("RowsDuplicate", counts.duplicates)
    _count("RowsConflicting", counts.conflicting)


def _count(name: str, value: int) -> None:
    metrics.add_metric(name, MetricUnit.Count, value)
