"""AWS's failures in an operator's words."""

from __future__ import annotations


def explain(error: Exception) -> str | None:
    """One line for a failure of AWS or of the connection; None for anything else.

    Args:
        error: What was raised.
    """
    # Errors of boto3 come only where it is imported already; `--help` never gets here.
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        NoCredentialsError,
    )
    from botocore.parsers import ResponseParserError

    proxy = "See HTTPS_PROXY and NO_PROXY"
    behind = error.__cause__ or error.__context__
    reason = None
    if isinstance(error, Boto3Error) and isinstance(behind, Exception):
        # An upload's refusal is the context of boto3's own error, which has no code of AWS.
        reason = explain(behind) or str(error)
    elif isinstance(error, NoCredentialsError):
        reason = "no AWS credentials: set AWS_PROFILE, or run `make local-up` for a local cloud"
    elif isinstance(error, EndpointConnectionError):
        here = "//127.0.0.1" in str(error)
        way = f"there a way to it from here? {proxy}"
        reason = f"{error}: is {'the local cloud still up?' if here else way}"
    elif isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code = details.get("Code", "unknown")
        message = details.get("Message", "")
        reason = f"AWS refused {error.operation_name}: {code} {message}".rstrip()
    elif isinstance(error, ResponseParserError):
        reason = f"the answer is not AWS's: is a proxy in between? {proxy}"
    elif isinstance(error, BotoCoreError | Boto3Error):
        reason = f"AWS could not be reached: {error}"
    return reason
