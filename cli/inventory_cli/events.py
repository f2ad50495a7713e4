"""Failed events of AWS's own: what they were, and how to give them back.

They reach the dead-letter queue in these shapes, none with an attribute `kind`:

    EventBridge target    the S3 event; attributes RULE_ARN, TARGET_ARN, ERROR_CODE, ERROR_MESSAGE
    Scheduler target      the target's input; attributes SCHEDULE_ARN, TARGET_ARN, ERROR_CODE, ...
    Lambda dead letter    the event; attributes RequestID, ErrorCode, ErrorMessage
    Lambda on failure     requestContext, requestPayload, responseContext, responsePayload
    work queue            the work message, after it was received too often

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.domain.work import Kind, WorkMessage
from inventory.handlers.deliveries import from_object_created

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inventory_cli.dead_letters import DeadLetter
    from inventory_cli.outputs import Outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkAgain:
    """The event is given back as a message of the work queue.

    Attributes:
        body: The message's body.
    """

    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InvokeAgain:
    """The event is given back by invoking its function.

    Attributes:
        function_name: The function.
        payload: Its input, JSON.
    """

    function_name: str
    payload: str


def plan_event(dead_letter: DeadLetter, outputs: Outputs) -> WorkAgain | InvokeAgain | None:
    """How to give an event back; None when it is not one of ours.

    Args:
        dead_letter: The message.
        outputs: Names of the deployed resources.
    """
    document = dead_letter.document
    function_arn = dead_letter.attributes.get("TARGET_ARN", "")
    payload = dead_letter.body
    if "requestContext" in document and isinstance(document.get("requestPayload"), dict):
        function_arn = str(document["requestContext"].get("functionArn", ""))
        document = document["requestPayload"]
        payload = json.dumps(document)
    if document.get("detail-type") == "Object Created":
        return _object_created(document, outputs)
    if isinstance(document.get("kind"), str) and "bucket" in document and "key" in document:
        ours = document["bucket"] == outputs.uploads_bucket_name
        return WorkAgain(body=payload) if ours else None
    function_name = _scheduled_function(document, function_arn, outputs)
    return InvokeAgain(function_name=function_name, payload=payload) if function_name else None


def _object_created(event: Mapping[str, Any], outputs: Outputs) -> WorkAgain | None:
    try:
        version = from_object_created(dict(event)).version
    except (KeyError, TypeError, ValueError):
        return None
    if version.bucket != outputs.uploads_bucket_name or not (version.version_id or version.etag):
        return None
    return WorkAgain(body=WorkMessage(kind=Kind.REDRIVE, version=version).to_text())


def _scheduled_function(
    document: Mapping[str, Any], function_arn: str, outputs: Outputs
) -> str | None:
    """The function a schedule meant, by its ARN, else by what the input says."""
    resources = " ".join(map(str, document.get("resources") or ()))
    schedule_arn = resources if document.get("source") == "aws.scheduler" else ""
    for name in (outputs.summary_function_name, outputs.reconcile_function_name):
        stem = name.removesuffix(f"-{outputs.suffix}")
        if name and (
            name in function_arn.split(":") or (schedule_arn and f"/{stem}-" in schedule_arn)
        ):
            return name
    # Lambda's own dead letters do not say whose they are; only the summary's input has a time.
    return outputs.summary_function_name if "scheduled_time" in document else None
