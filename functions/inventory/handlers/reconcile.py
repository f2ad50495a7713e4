"""inventory-reconcile: once an hour, every object version is accounted for or sent again.

Late feeds are looked for, too.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from inventory.bootstrap.reconcile import feed_watch, reconcile

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compare the uploads bucket with the ingestions table once.

    Args:
        _event: Nothing of it is read.
        context: Lambda's context; its remaining time bounds the work.

    Returns:
        The figures of `reconcile.Reconciliation`, and the `late_feeds`.

    Raises:
        RetryableError: Lambda retries the event and finally dead-letters it.
    """
    result = reconcile().run(time_left=lambda: context.get_remaining_time_in_millis() / 1000)
    late = [state.feed for state in feed_watch().late(datetime.now(UTC))]
    figures = {**asdict(result), "late_feeds": late}
    logger.info("reconciled", **figures)
    metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT_SUFFIX"])
    metrics.add_metric("ReconcileHoursBehind", MetricUnit.NoUnit, result.hours_behind)
    metrics.add_metric("UnannouncedFiles", MetricUnit.Count, result.unannounced)
    metrics.add_metric("LateFeeds", MetricUnit.Count, len(late))
    return figures
