"""Errors of AWS services, sorted by one table: those that may pass, and those that will not.

An error that is not in the table is sorted by its HTTP status: those of the server's side pass,
all others do not.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from inventory.domain.errors import RejectedRequestError, RetryableError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html,
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html,
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html and
# botocore.retries.standard. SQS names some errors in two ways, by its older protocol ("KMS.") and
# by its newer one; DynamoDB names those of a statement without "Exception".
_THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TRANSIENT = frozenset(
    {
        # The service's own trouble, where no status says so: within the answer to a batch.
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        # Damaged or broken off on the way.
        "BadDigest",
        "IncompleteBody",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
        # Something else is going on with the same object or item.
        "ConditionalRequestConflict",
        "OperationAborted",
        "PriorRequestNotComplete",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        # An upload that is gone, ended by its lifecycle rule or by an attempt whose answer was
        # lost: the next attempt begins another one.
        "InvalidPart",
        "NoSuchUpload",
        # The next attempt signs anew, with credentials that Lambda renews.
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "TokenRefreshRequired",
        # A bucket that is so new that its name is not known everywhere.
        "Redirect",
        "TemporaryRedirect",
    }
)
_TOO_MANY_REQUESTS = 429
_TRANSIENT_STATUSES = frozenset({408, 500, 502, 503, 504})


def is_throttle(code: str, status: int = 0) -> bool:
    """Return whether the service asks for less."""
    return code in _THROTTLES or status == _TOO_MANY_REQUESTS


def may_pass(code: str, status: int = 0) -> bool:
    """Return whether another attempt may succeed.

    Args:
        code: The service's code; the HTTP status where an answer has no body, as that to HEAD.
        status: HTTP status; 0 when there is none.
    """
    if code in _TRANSIENT or is_throttle(code, status):
        return True
    return (status or (int(code) if code.isdecimal() else 0)) in _TRANSIENT_STATUSES


def sorted_error(
    error: ClientError | BotoCoreError, doing: str
) -> RetryableError | RejectedRequestError:
    """The error to raise for what botocore raised, after its own retries.

    Args:
        error: What botocore raised.
        doing: What was not done, for the message.
    """
    message = f"{doing}: {error}"
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if is_throttle(code, status):
            return ThrottledError(message)
        return RetryableError(message) if may_pass(code, status) else RejectedRequestError(message)
    if isinstance(error, ParamValidationError):
        return RejectedRequestError(message)
    return RetryableError(message)  # no answer came: connections, timeouts, credentials


@contextmanager
def sorted_errors(doing: str) -> Iterator[None]:
    """Raise our errors in place of botocore's.

    Args:
        doing: What is not done if one is raised, for the message.

    Raises:
        RejectedRequestError: The service refuses a request for good.
        RetryableError: Another attempt may succeed.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise sorted_error(error, doing) from error
