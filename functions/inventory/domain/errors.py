"""Errors of the functions.

InventoryError
|-- BadFileError          permanent: the whole file is refused, the record ends FAILED
|   `-- HeldFileError     permanent until an operator lets it in, the record ends HELD
|-- ObjectGoneError       permanent: the version cannot be read any more
|-- RejectedRequestError  permanent: a service refuses a request, for a reason that only a person
|                         or a deployment removes; no attempt follows within the run, the handler
|                         raises, and Lambda's own retries end in the dead-letter queue
`-- RetryableError        raised so that AWS retries and finally dead-letters the event
    |-- ThrottledError    a service asked for less
    `-- OutOfTimeError    the invocation ends before the work does
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a row or file is refused; the names follow frictionless-py's error types.

    Source: https://framework.frictionlessdata.io (error classes).
    """

    BLANK_ROW = "blank-row"
    MISSING_CELL = "missing-cell"
    EXTRA_CELL = "extra-cell"
    TYPE_ERROR = "type-error"
    CONSTRAINT_ERROR = "constraint-error"
    DUPLICATE_LABEL = "duplicate-label"
    MISSING_LABEL = "missing-label"
    ENCODING_ERROR = "encoding-error"
    SOURCE_ERROR = "source-error"


class InventoryError(Exception):
    """Any failure of ours."""


class BadFileError(InventoryError):
    """The whole file is refused; nothing of it loads.

    Args:
        code: The reason, as a code.
        message: One sentence for the person who corrects the file.
        line: Physical line where it was found; 0 when it has none.
        column: Offending header, where there is one.
        value: Offending text, where there is one.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        line: int = 0,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.value = value


class HeldFileError(BadFileError):
    """The file would take away more stock than its feed may; an operator has to look at it."""


class ObjectGoneError(InventoryError):
    """The object version was deleted or overwritten before it was read."""


class RejectedRequestError(InventoryError):
    """A service refuses a request for a reason that another attempt does not change.

    Permissions, names that do not exist, sizes and contents that a service does not take.
    """


class RetryableError(InventoryError):
    """A failure that a later attempt may not see."""


class ThrottledError(RetryableError):
    """A service kept throttling until the time left was used up."""


class OutOfTimeError(RetryableError):
    """The invocation would end before the work does."""
