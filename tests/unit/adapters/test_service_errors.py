"""Errors of services are sorted into those that may pass and those that will not."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import botocore
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from inventory.adapters.service_errors import may_pass, sorted_error, sorted_errors
from inventory.domain.errors import (
    InventoryError,
    RejectedRequestError,
    RetryableError,
    ThrottledError,
)

PASSING = {
    "BadDigest",
    "ExpiredToken",
    "IncompleteBody",
    "InternalError",
    "InvalidPart",
    "NoSuchUpload",
    "OperationAborted",
    "Redirect",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TemporaryRedirect",
    "TokenRefreshRequired",
}
"""Errors of S3 that another attempt may not see; see the reason of each in the table."""


def s3_errors() -> list[tuple[str, int]]:
    """Every code that S3 documents in botocore's model, with its HTTP status."""
    data = Path(botocore.__file__).parent / "data/s3/2006-03-01/service-2.json.gz"
    model = json.loads(gzip.decompress(data.read_bytes()))
    text = model["shapes"]["Error"]["members"]["Code"]["documentation"]
    found = re.findall(
        r"<i>Code:</i> (\w+)\s*</p>.*?<i>HTTP Status Code:</i> (\d+)", text, re.DOTALL
    )
    return sorted({(code, int(status)) for code, status in found})


def error_of(code: str, status: int = 0) -> InventoryError:
    """What becomes of an error answer."""
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return sorted_error(ClientError(response, "Operation"), "x was not done")  # type: ignore[arg-type]  # a dict


def test_every_error_that_s3_documents_is_sorted() -> None:
    """A code that S3 adds is sorted by its status; one that changes sides shows here."""
    errors = s3_errors()
    assert len(errors) > 60
    assert {code for code, status in errors if may_pass(code, status)} == PASSING
    assert isinstance(error_of("KeyTooLongError", 400), RejectedRequestError)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        # SQS by its older names, its newer ones, and as JSON without either.
        ("AWS.SimpleQueueService.NonExistentQueue", 400, RejectedRequestError),
        ("QueueDoesNotExist", 400, RejectedRequestError),
        ("AccessDeniedException", 400, RejectedRequestError),
        ("AccessDenied", 403, RejectedRequestError),
        ("InvalidMessageContents", 400, RejectedRequestError),
        ("AWS.SimpleQueueService.BatchRequestTooLong", 400, RejectedRequestError),
        ("AWS.SimpleQueueService.UnsupportedOperation", 400, RejectedRequestError),
        ("InvalidClientTokenId", 403, RejectedRequestError),
        ("KMS.AccessDeniedException", 400, RejectedRequestError),
        ("KmsAccessDenied", 400, RejectedRequestError),
        ("KMS.DisabledException", 400, RejectedRequestError),
        ("KmsDisabled", 400, RejectedRequestError),
        ("KmsInvalidState", 400, RejectedRequestError),
        ("KMS.ThrottlingException", 400, ThrottledError),
        ("KmsThrottled", 400, ThrottledError),
        ("RequestThrottled", 403, ThrottledError),
        ("OverLimit", 403, ThrottledError),
        ("ThrottlingException", 400, ThrottledError),
        ("InternalFailure", 500, RetryableError),
        ("ServiceUnavailable", 503, RetryableError),
        # Answers to HEAD have no body: botocore puts the status in the code's place.
        ("400", 400, RejectedRequestError),
        ("403", 403, RejectedRequestError),
        ("503", 503, RetryableError),
        ("503", 0, RetryableError),
        ("429", 429, ThrottledError),
        # What nobody has seen yet.
        ("SomethingNew", 418, RejectedRequestError),
        ("SomethingNew", 502, RetryableError),
        ("SomethingNew", 429, ThrottledError),
        ("NotImplemented", 501, RejectedRequestError),
    ],
)
def test_an_error_says_whether_another_attempt_may_succeed(
    code: str, status: int, expected: type[InventoryError]
) -> None:
    """A throttle is told apart, because it asks for less."""
    error = error_of(code, status)
    assert isinstance(error, expected)
    assert isinstance(error, ThrottledError) == (expected is ThrottledError)
    assert may_pass(code, status) == isinstance(error, RetryableError)
    assert code in str(error)
    assert str(error).startswith("x was not done: ")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReadTimeoutError(endpoint_url="x"), RetryableError),
        (EndpointConnectionError(endpoint_url="x"), RetryableError),
        (ConnectionClosedError(endpoint_url="x"), RetryableError),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), RetryableError),
        (NoCredentialsError(), RetryableError),
        (ParamValidationError(report="Key: valid min length: 1"), RejectedRequestError),
    ],
)
def test_what_has_no_answer_may_pass_and_what_is_not_sent_will_not(
    error: BotoCoreError, expected: type[InventoryError]
) -> None:
    """The cause stays."""
    with pytest.raises(expected) as raised, sorted_errors("x was not done"):
        raise error
    assert raised.value.__cause__ is error


def test_errors_that_are_not_of_a_service_pass_through() -> None:
    """A mistake of ours is none of a service."""
    with pytest.raises(KeyError), sorted_errors("x was not done"):
        raise KeyError
