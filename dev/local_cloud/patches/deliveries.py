"""One delivery of an event to a function by a service, with its retries and its dead letters.

Errors that no retry can heal (the function is gone, or may not be invoked) go to the dead-letter
queue at once; others are retried as the target's policy says.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_RETRIES = 185
DEFAULT_AGE_SECONDS = 86_400
LONGEST_WAIT_SECONDS = 1.0


class DeliveryError(NamedTuple):
    """Why a target did not take an event.

    Attributes:
        code: EventBridge's code; Scheduler reports the exception of the target instead.
        exception: Name of the target's exception.
        message: What the target said.
        retried: True if another attempt may succeed.
    """

    code: str
    exception: str
    message: str
    retried: bool


class GivenUp(NamedTuple):
    """An event that was not delivered.

    Attributes:
        error: Of the last attempt.
        retry_attempts: How often it was tried again.
        exhausted: The limit that ended the attempts, None when none could have helped.
    """

    error: DeliveryError
    retry_attempts: int
    exhausted: str | None


def deliver(
    function_arn: str,
    payload: str,
    policy: dict[str, Any],
    allowed: Callable[[dict[str, Any]], bool],
) -> GivenUp | None:
    """Invoke a function asynchronously; None once Lambda has taken the event.

    Args:
        function_arn: The target.
        payload: The event as JSON text.
        policy: The target's RetryPolicy.
        allowed: True if the caller may invoke the function, from MiniStack's record of it.
    """
    retries = int(policy.get("MaximumRetryAttempts", DEFAULT_RETRIES))
    deadline = time.time() + int(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS))
    wait = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    attempt = 0
    while True:
        error = attempt_delivery(function_arn, payload, allowed)
        if error is None:
            return None
        if not error.retried:
            return GivenUp(error, 0, None)
        if attempt == retries:
            return GivenUp(error, attempt, "MaximumRetryAttempts")
        if time.time() + wait > deadline:
            return GivenUp(error, attempt, "MaximumEventAgeInSeconds")
        time.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        attempt += 1


def attempt_delivery(
    function_arn: str, payload: str, allowed: Callable[[dict[str, Any]], bool]
) -> DeliveryError | None:
    """One attempt; what went wrong, or None."""
    func, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    if not func or not config:
        message = f"Function not found: {name}"
        return DeliveryError("NO_RESOURCE", "ResourceNotFoundException", message, retried=False)
    if not allowed(func):
        message = f"not authorized to perform: lambda:InvokeFunction on resource: {function_arn}"
        return DeliveryError("NO_PERMISSIONS", "AccessDeniedException", message, retried=False)
    if config.get("State") in {"Pending", "Failed"}:
        message = f"The function is in state {config['State']}"
        return DeliveryError(
            "ERROR_FROM_TARGET", "ResourceConflictException", message, retried=True
        )
    record = lambda_svc._execution_record_for_config(func, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
    return None
