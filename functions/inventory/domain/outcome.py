"""Result of one delivery of an object version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.domain.model import Counts

if TYPE_CHECKING:
    from inventory.domain.ingestions import Mode, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Result of one delivery; handlers log it and make metrics of it.

    Attributes:
        object_id: Key of the record.
        mode: What the delivery was allowed to do.
        status: Status of the record as this run leaves it; None when it leaves it alone.
        profile: Profile of the feed; "" when it was not opened.
        counts: Outcomes of the rows of this run.
        written: Items this run wrote.
        absent: Items it wrote because a complete file lacks them.
        known: Rows whose items were not read, because fingerprints told what is in them.
        drifted: Items that were other than fingerprints told, although nobody of the pipeline has
            changed them; any must raise an alarm.
        rechecks: Object versions sent again.
        reject_messages: Reject messages sent, the one of a refused file included.
        error: Why the file was refused; "" otherwise.
        nothing_loaded: Why none of its rows is stock; "" otherwise.
        read_units: Read request units of this run.
        write_units: Write request units of this run.
        seconds: How long it took.
        balanced: True if every row read of a file that ended has exactly one outcome; False must
            raise an alarm.
    """

    object_id: str
    mode: Mode
    status: Status | None
    profile: str = ""
    counts: Counts = field(default_factory=Counts)
    written: int = 0
    absent: int = 0
    known: int = 0
    drifted: int = 0
    rechecks: int = 0
    reject_messages: int = 0
    error: str = ""
    nothing_loaded: str = ""
    read_units: float = 0.0
    write_units: float = 0.0
    seconds: float = 0.0
    balanced: bool = True
