"""inventory-chunk-processor: messages of the work queue, each an object version to go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from inventory.bootstrap.ingest import ingest, work_visibility
from inventory.handlers.deliveries import from_work_record
from inventory.handlers.observation import logger, metrics, process

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process every message; one that fails comes again alone, and soon.

    Args:
        event: SQS event; each record's body is the JSON of `work.WorkMessage`.
        context: Lambda's context; its remaining time bounds the work.

    Returns:
        The identifiers of the messages that failed.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    def handle(record: SQSRecord) -> None:
        try:
            sent_ms = int(record.attributes.sent_timestamp)
            delivery = from_work_record(record.message_id, record.body, sent_ms)
            process(ingest(), delivery, context)
        except Exception:
            received = int(record.attributes.approximate_receive_count)
            work_visibility().retry_soon(record.receipt_handle, received)
            raise

    return process_partial_response(
        event=event, record_handler=handle, processor=processor, context=context
    )
