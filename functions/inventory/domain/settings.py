"""Limits of a deployment that the ingest's rules depend on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: Workers of a file just above `large_object_bytes`: enough that several functions have work, few
#: enough that what each costs to begin and to end does not count.
WORKERS = 4

#: Workers of a file at most. Each reads the whole file, which it does some thirty times as fast as
#: DynamoDB takes its rows.
MOST_WORKERS = 32

#: Default of the setting `time_tolerance_minutes`.
TIME_TOLERANCE = timedelta(minutes=60)

#: Default of the setting `full_read_days`.
FULL_READ_DAYS = 7

#: Smaller files have no fingerprints: to store and to find them costs as much as to read 100 items.
FINGERPRINT_BYTES = 16 << 10


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestSettings:
    """Limits of a deployment.

    Attributes:
        large_object_bytes: Larger objects are processed by several workers; 0 for all objects.
        workers: Workers at that size; one more for each time that it fits again.
        time_tolerance: How much later than its object was stored the time of a file or row may
            be.
        full_read_days: Days after which all items of a file are read although its fingerprints say
            what is in them; 0 for always.
        fingerprint_bytes: Smaller objects have no fingerprints.
    """

    large_object_bytes: int
    workers: int = WORKERS
    time_tolerance: timedelta = TIME_TOLERANCE
    full_read_days: int = FULL_READ_DAYS
    fingerprint_bytes: int = FINGERPRINT_BYTES

    def has_fingerprints(self, size_bytes: int) -> bool:
        """Tell whether an object of this size leaves fingerprints and uses those of others."""
        return bool(self.full_read_days) and size_bytes >= self.fingerprint_bytes

    def workers_for(self, size_bytes: int) -> int:
        """Number of workers that share an object of this size."""
        large = self.large_object_bytes
        if size_bytes <= large:
            return 1
        more = size_bytes // large - 1 if large else 0
        return min(self.workers + more, MOST_WORKERS)
