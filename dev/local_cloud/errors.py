"""Errors of the local cloud.

LocalCloudError           one line that says what to do
`-- NotReadyError         something did not come up or did not happen in time
"""

from __future__ import annotations


class LocalCloudError(Exception):
    """A failure that is told in one line, without a traceback."""


class NotReadyError(LocalCloudError):
    """A stated limit of time passed."""
