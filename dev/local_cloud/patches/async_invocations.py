"""Asynchronous invocations as Lambda retries them and as it reports the ones that failed.

Function errors are retried twice (by default); throttles are retried until the event is too old
and are never counted as attempts. A failed event goes to the on-failure destination as a record
of the invocation, and to the dead-letter queue as the event itself with three attributes; a
function may have both. Waits are scaled by LAMBDA_ASYNC_RETRY_BASE_SECONDS.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

from ministack import app
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc

from local_cloud.patches import grants, queues

DEFAULT_RETRIES = 2
DEFAULT_AGE_SECONDS = 21_600
THROTTLED_WAIT_SECONDS = 0.2
"""AWS waits from 1 second up to 5 minutes."""

ERROR_MESSAGE_BYTES = 1_024

_route_elsewhere = lambda_svc._route_async_failure


def apply() -> None:
    """Replace the one entry point of asynchronous invocations."""
    lambda_svc.invoke_async_with_retry = invoke


def invoke(func: dict[str, Any], event: Any) -> None:
    """Run an invocation in the background until it succeeds or is given up."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, func, event), daemon=True).start()


def _run(func: dict[str, Any], event: Any) -> None:
    config = func.get("config") or func
    account_id, region = lambda_svc._account_region_from_function_config(config)
    lambda_svc._request_account_id.set(account_id)
    lambda_svc._request_region.set(region)
    settings = _event_invoke_config(func)
    retries = settings.get("MaximumRetryAttempts", DEFAULT_RETRIES)
    deadline = time.time() + int(settings.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS))
    attempts = 0
    while True:
        result = lambda_svc._execute_function(func, event)
        if not result.get("error"):
            return
        if result.get("throttle"):
            # A reserved concurrency of zero means "do not even try", so nothing is waited for.
            closed = func.get("concurrency") == 0
            wait = THROTTLED_WAIT_SECONDS
        else:
            attempts += 1
            closed = attempts > retries
            wait = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** (attempts - 1)
        if closed or time.time() + wait > deadline:
            condition = "RetriesExhausted" if closed else "EventAgeExceeded"
            _report(func, event, result, attempts=attempts, condition=condition)
            return
        time.sleep(wait)


def _event_invoke_config(func: dict[str, Any]) -> dict[str, Any]:
    per_version = func.get("event_invoke_configs") or {}
    return func.get("event_invoke_config") or per_version.get("$LATEST") or {}


def _report(
    func: dict[str, Any],
    event: Any,
    result: dict[str, Any],
    *,
    attempts: int,
    condition: str,
) -> None:
    settings = _event_invoke_config(func)
    config = func.get("config") or func
    request_id = new_uuid()
    error = result.get("body") if isinstance(result.get("body"), dict) else {}
    destination = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    if destination and ":sqs:" in destination:
        record = invocation_record(
            config, event, error, attempts=attempts, condition=condition, request_id=request_id
        )
        _send(config, destination, json.dumps(record), {})
    elif destination:
        _route_elsewhere(destination, config["FunctionName"], event, result)
    dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if dead_letters and ":sqs:" in dead_letters:
        message = str((error or {}).get("errorMessage", ""))[:ERROR_MESSAGE_BYTES]
        status = "429" if result.get("throttle") else "200"
        attributes = {"RequestID": request_id, "ErrorCode": status, "ErrorMessage": message or "-"}
        _send(config, dead_letters, json.dumps(event), attributes)


def invocation_record(
    config: dict[str, Any],
    event: Any,
    error: Any,
    *,
    attempts: int,
    condition: str,
    request_id: str,
) -> dict[str, Any]:
    """Return Lambda's message to an on-failure destination."""
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{config['FunctionArn']}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": error,
    }


def _send(config: dict[str, Any], queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    allowed = not app.AUTH or grants.role_allowed(
        config["Role"],
        service="lambda.amazonaws.com",
        action="sqs:SendMessage",
        resource_arn=queue_arn,
        source_arn=config["FunctionArn"],
    )
    if allowed:
        queues.put(queue_arn, body, attributes)
    else:
        queues.logger.error(
            "a failed event of %s is lost: its role may not send to %s",
            config["FunctionName"],
            queue_arn,
        )
