"""Errors of the local cloud and of setup.

LocalCloudError           one line that says what to do
|-- MissingToolError      something has to be installed first
|-- TerraformError        terraform refused; its own words are in the message
`-- NotReadyError         something did not come up or did not happen in time
"""

from __future__ import annotations


class LocalCloudError(Exception):
    """A failure that is told in one line, without a traceback."""


class MissingToolError(LocalCloudError):
    """A tool is missing or too old."""


class TerraformError(LocalCloudError):
    """Terraform ended with an error."""


class NotReadyError(LocalCloudError):
    """A stated limit of time passed."""
