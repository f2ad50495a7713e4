"""EventBridge: retries and dead-letter queues of Lambda targets, and S3's `version-id`.

MiniStack makes one attempt and drops what it cannot deliver, and its S3 events do not say which
version of an object was created.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.services import eventbridge, s3

from local_cloud.patches import deliveries, grants, queues

SERVICE = "events.amazonaws.com"

_target: contextvars.ContextVar[tuple[dict[str, Any], dict[str, Any]]] = contextvars.ContextVar(
    "local_cloud_target"
)
_version_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "local_cloud_version_id", default=None
)

_invoke_target = eventbridge._invoke_target
_dispatch_event = eventbridge._dispatch_event
_fire_s3_event = s3._fire_s3_event


def apply() -> None:
    """Replace the dispatch of rules, of Lambda targets and of S3's events."""
    eventbridge._invoke_target = invoke_target
    eventbridge._dispatch_to_lambda = dispatch_to_lambda
    eventbridge._dispatch_event = dispatch_event
    s3._fire_s3_event = fire_s3_event


def fire_s3_event(*args: Any, **kwargs: Any) -> None:
    """Remember the version while its event is on the way to EventBridge."""
    _version_id.set(kwargs.get("version_id"))
    _fire_s3_event(*args, **kwargs)


def dispatch_event(event: dict[str, Any], view: Any = None) -> None:
    """Name the version in S3's own events, as S3 does for versioned buckets."""
    version_id = _version_id.get()
    if version_id and event.get("Source") == "aws.s3":
        detail = json.loads(event["Detail"])
        detail["object"]["version-id"] = version_id
        event = {**event, "Detail": json.dumps(detail)}
        view = None
    _dispatch_event(event, view)


def invoke_target(
    target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
) -> None:
    """Remember target and rule for the dispatch that only gets the target's ARN."""
    _target.set((target, rule))
    _invoke_target(target, event, rule, view)


def dispatch_to_lambda(function_arn: str, payload: str) -> None:
    """Deliver in the background, so that one slow target holds up no other."""
    target, rule = _target.get()
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(_deliver, target, rule, function_arn, payload), daemon=True
    ).start()


def _deliver(target: dict[str, Any], rule: dict[str, Any], function_arn: str, payload: str) -> None:
    rule_arn = rule.get("Arn", "")

    def allowed(func: dict[str, Any]) -> bool:
        return grants.service_allowed(
            func.get("policy"),
            service=SERVICE,
            action="lambda:InvokeFunction",
            resource_arn=function_arn,
            source_arn=rule_arn,
        )

    failed = deliveries.deliver(function_arn, payload, target.get("RetryPolicy") or {}, allowed)
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if failed is None:
        return
    if queue_arn is None:
        queues.logger.error("%s dropped an event for %s", rule_arn, function_arn)
        return
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": function_arn,
        "ERROR_CODE": failed.error.code,
        "ERROR_MESSAGE": failed.error.message,
        "RETRY_ATTEMPTS": str(failed.retry_attempts),
    }
    if failed.exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = failed.exhausted
    queues.put_as_service(queue_arn, payload, attributes, service=SERVICE, source_arn=rule_arn)
