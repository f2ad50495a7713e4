"""The total order of rows, which never depends on when something was processed.

A token is text, and comparing text is comparing order (times are UTC, every part is padded):

    2026-11-22T20:18:05.000000Z # 00637B1A...0000 # 000000000042 # 9f3c01de
    time of the row or object     sequencer, 32     line, 12       object, 8 hex

A row with a time of its own has it in place of the object's. A corrected row has the place of the
refused one (`corrections.time_of_place`) before the whole base of its own file: of two corrections,
that counts which was stored last.

Equal tokens mean the same line of the same object version at the same base.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2s
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ErrorCode

if TYPE_CHECKING:
    from datetime import timedelta

#: Metadata key (`x-amz-meta-as-of`) by which an uploader states the time of the stock.
AS_OF = "as-of"

#: Characters of a time, the first part of every token.
TIME_LENGTH = len("2026-11-22T20:18:05.000000Z")

#: Part of the tokens of implied rows alone, see `absences`: their line is 0.
IMPLIED = f"#{0:012d}#"

_SEQUENCER_DIGITS = 32
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,32}\Z")
#: End of the place of a refused row in the tokens of its corrections; sorts after the "#" that
#: follows the line in a token of its own file.
AFTER_THE_LINE = "~"

_HIGHEST = "~"  # sorts after every digit, letter and "#", so after every token of a base


def timestamp(moment: datetime) -> str:
    """Text of a moment in UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Args:
        moment: A moment with a time zone.

    Example:
        >>> timestamp(datetime(2026, 11, 22, 20, 18, 5, tzinfo=UTC))
        '2026-11-22T20:18:05.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


def object_time(last_modified: datetime, metadata: dict[str, str], *, tolerance: timedelta) -> str:
    """Time of an object version: its `as-of` metadata, else the version's LastModified.

    Args:
        last_modified: When S3 stored the version; the same at every redelivery.
        metadata: User metadata of the version, keys in lower case.
        tolerance: How much later than LastModified `as-of` may be.

    Raises:
        BadFileError: `as-of` is there but is not an ISO 8601 time, or is too late.
    """
    as_of = metadata.get(AS_OF)
    if as_of is None:
        return timestamp(last_modified)
    try:
        moment = datetime.fromisoformat(as_of.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        time = timestamp(moment)
    except (ValueError, OverflowError):
        raise BadFileError(
            ErrorCode.CONSTRAINT_ERROR,
            "The metadata as-of is not an ISO 8601 time such as 2026-11-22T20:18:05Z.",
            column=AS_OF,
            value=as_of,
        ) from None
    latest = latest_time(last_modified, tolerance)
    if time > latest:
        raise BadFileError(
            ErrorCode.CONSTRAINT_ERROR,
            f"The metadata as-of is later than {latest}, when the file was stored plus the "
            "tolerance; stock cannot be known in advance.",
            column=AS_OF,
            value=as_of,
        )
    return time


def latest_time(last_modified: datetime, tolerance: timedelta) -> str:
    """Latest time that a version or a row of it may state.

    Args:
        last_modified: When S3 stored the version.
        tolerance: How much later a time may be, for clocks that go fast.
    """
    return timestamp(last_modified + tolerance)


def padded_sequencer(sequencer: str) -> str:
    """A sequencer as 32 upper-case digits; zeros for one that is missing or odd.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    (pad the shorter one on the right with zeros, then compare as text).
    """
    if not _SEQUENCER.match(sequencer):
        return "0" * _SEQUENCER_DIGITS
    return sequencer.upper().ljust(_SEQUENCER_DIGITS, "0")


def object_hash(object_id: str) -> str:
    """Eight hex digits that make the order total between objects of the same second."""
    return blake2s(object_id.encode(), digest_size=4).hexdigest()


def base_of(time: str, sequencer: str) -> str:
    """Common beginning of the tokens of one object version, `<time>#<padded sequencer>`."""
    return f"{time}#{padded_sequencer(sequencer)}"


def later_base(one: str, other: str) -> str:
    """The later of two bases of the same object version.

    A listing has no sequencer and an event has one: both name the same version, and taking the
    later one whenever it is known makes their order the same whichever arrives first.
    """
    return max(one, other)


class Tokens:
    """Tokens of the rows of one object version.

    Args:
        base: From `base_of`.
        object_id: Partition key of the ingestion record.
    """

    __slots__ = ("_after_line", "_after_time", "_before_line", "base")

    def __init__(self, base: str, object_id: str) -> None:
        self.base = base
        self._before_line = f"{base}#"
        self._after_time = base[base.index("#") :] + "#"
        self._after_line = f"#{object_hash(object_id)}"

    def of(self, line: int, updated_at: str | None) -> str:
        """Token of the row on this line.

        Args:
            line: Physical line of the row.
            updated_at: The row's own time, where the feed has one; of a corrected row, its place.
        """
        if updated_at is None:
            return f"{self._before_line}{line:012d}{self._after_line}"
        if updated_at.endswith(AFTER_THE_LINE):
            return f"{updated_at}#{self._before_line}{line:012d}{self._after_line}"
        return f"{updated_at}{self._after_time}{line:012d}{self._after_line}"

    def is_own(self, token: str) -> bool:
        """Tell whether this object version wrote a stored token (8 hex digits are compared)."""
        return token.endswith(self._after_line)


def ceiling(base: str) -> str:
    """Text that sorts after every token of this base."""
    return f"{base}{_HIGHEST}"


def line_of(token: str) -> int:
    """Physical line of the row that has this token."""
    return int(token.rsplit("#", 2)[1])


def time_of(token: str) -> str:
    """Return the time that a token begins with: the row's own, else that of the object."""
    return token.partition("#")[0]
