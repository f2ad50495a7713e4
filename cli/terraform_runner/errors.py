"""Errors of running Terraform, each of which says what to do.

RunnerError
|-- MissingToolError      something has to be installed first
|-- TerraformError        terraform refused; its own words are in the message
`-- ProtectedError        the stack is protected from deletion
"""

from __future__ import annotations


class RunnerError(Exception):
    """A failure that is told without a traceback."""


class MissingToolError(RunnerError):
    """A tool is missing or too old."""


class TerraformError(RunnerError):
    """Terraform ended with an error."""


class ProtectedError(RunnerError):
    """The stack is protected from deletion."""
