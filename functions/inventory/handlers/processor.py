"""inventory-processor: one "Object Created" event, one object version in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.bootstrap.ingest import ingest
from inventory.handlers.deliveries import from_object_created
from inventory.handlers.observation import logger, metrics, process

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process the object version that the event names.

    Args:
        event: EventBridge event, see `deliveries.from_object_created`.
        context: Lambda's context; its remaining time bounds the work.

    Returns:
        `object_id` and the `mode` in which the delivery was processed.

    Raises:
        RetryableError: Lambda retries the event and finally dead-letters it.
    """
    outcome = process(ingest(), from_object_created(event), context)
    return {"object_id": outcome.object_id, "mode": outcome.mode.value}
