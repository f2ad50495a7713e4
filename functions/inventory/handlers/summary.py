"""inventory-summary: once a day, what is in stock, what runs low and what did not arrive."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from inventory.bootstrap.summary import summary_service
from inventory.domain.summary.service import scheduled_time

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from inventory.domain.summary.model import Summary

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Make the summary of the day that the schedule called for.

    Args:
        event: Input of the schedule, see `scheduled_time`; with `mail` false, nobody is told.
        _context: Lambda's context.

    Returns:
        The `date` and, by extension, the address of each document.

    Raises:
        InventoryError: Lambda retries the event and finally dead-letters it.
    """
    summary, documents = summary_service().make(
        scheduled_time(event, datetime.now(UTC)), mail=event.get("mail") is not False
    )
    observe(summary, documents["html"])
    return {"date": summary.date, **documents}


def observe(summary: Summary, page: str) -> None:
    """Log the figures of a summary and add them to the metrics of the invocation."""
    stock, feeds = summary.stock, summary.feeds
    figures = {
        "Items": stock.totals.items,
        "OutOfStockItems": stock.totals.out_of_stock,
        "LowStockItems": stock.totals.low,
        "FeedsReceived": feeds.received,
        "FeedsRejectedRows": feeds.rows["rejected"],
        "SummariesWritten": 1,
    }
    logger.info(
        "summary written",
        date=summary.date,
        page=page,
        compared_with=summary.changes.since_date if summary.changes else None,
        notes=summary.notes,
        read_units=float(summary.read_units),
        read_dollars=float(summary.dollars),
        unchanged=stock.unchanged.total,
        unreadable=stock.unreadable,
        figures=figures,
    )
    metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT_SUFFIX"])
    for name, value in figures.items():
        metrics.add_metric(name, MetricUnit.Count, value)
