"""Lanes: fixed shares of the locations, small enough to ask who relied on an item."""

from __future__ import annotations

from zlib import crc32

#: Number of lanes; changing it makes earlier announcements unfindable.
LANES = 64

#: How long an announcement is kept. A version that is delivered for the first time later than
#: this after a newer one skipped its rows would win over it, so it outlives every redrive.
RETENTION_SECONDS = 400 * 24 * 3600

_CACHED_LOCATIONS = 65_536


class LaneIndex:
    """Lane of a location, remembered for as many locations as a file usually has."""

    __slots__ = ("_cache",)

    def __init__(self) -> None:
        self._cache: dict[str, str] = {}

    def of(self, location: str) -> str:
        """Lane of a location, the same on every machine and in every release."""
        lane = self._cache.get(location)
        if lane is None:
            if len(self._cache) >= _CACHED_LOCATIONS:
                self._cache.clear()
            lane = self._cache[location] = lane_of(location)
        return lane


def lane_of(location: str) -> str:
    """Lane of a location, as text.

    Example:
        >>> lane_of("default")
        '31'
    """
    return str(crc32(location.encode()) % LANES)
