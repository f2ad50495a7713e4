"""Errors of running Terraform, each one line that says what to do.

RunnerError
|-- MissingToolError      something has to be installed first
`-- TerraformError        terraform refused; its own words are in the message
"""

from __future__ import annotations


class RunnerError(Exception):
    """A failure that is told in one line, without a traceback."""


class MissingToolError(RunnerError):
    """A tool is missing or too old."""


class TerraformError(RunnerError):
    """Terraform ended with an error."""
