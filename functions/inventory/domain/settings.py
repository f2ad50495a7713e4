"""Limits of a deployment that the ingest's rules depend on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: Workers of a file above `large_object_bytes`: enough that several functions have work, few
#: enough that what each costs to begin and to end does not count.
WORKERS = 4

#: Default of the setting `time_tolerance_minutes`.
TIME_TOLERANCE = timedelta(minutes=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestSettings:
    """Limits of a deployment.

    Attributes:
        large_object_bytes: Larger objects are processed by several workers.
        workers: Their number.
        time_tolerance: How much later than its object was stored the time of a file or row may
            be.
    """

    large_object_bytes: int
    workers: int = WORKERS
    time_tolerance: timedelta = TIME_TOLERANCE
