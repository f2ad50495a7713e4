"""Announcements: what others are told of an object version that has come to an end.

An announcement is stored in the record by the very update that ends the version, and is taken out
of it once EventBridge has it. So none is lost, whoever dies in between, and one whose sender dies
before it is taken out is sent twice, with the same `id`. Why this way:
docs/adr/0020-announcements-wait-in-the-record.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from inventory.domain.ingestions import Status
from inventory.domain.messages import message_text
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.ingestions import Admission, Record, RunReport
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Arrivals, Events, Ingestions
    from inventory.domain.reading.feed_settings import FeedSettings

#: Version of `docs/events/stock-file.v1.json`; a change that breaks a consumer makes another one.
SCHEMA_VERSION = "1"

#: An operator's reason may be long, and an event has to stay below 256 KiB.
#: Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
_REASON_CHARACTERS = 1_000


def end_announcement(admission: Admission, report: RunReport, status: Status) -> str:
    """Announcement of a file that is COMPLETED, FAILED or HELD; the same run says the same.

    Args:
        admission: The run that ends the record.
        report: What it came to.
        status: Status of the record from now on.
    """
    found = admission.record
    return _text(
        admission.version,
        status,
        admission.run,
        report.finished_at,
        base=admission.base,
        stored_at=found.stored_at if found else "",
        profile=report.profile or None,
        restored=found is not None and found.being_restored,
        rows=asdict(report.counts),
        rejected_by_error=dict(sorted(report.rejected_by_error.items())),
        reason=report.error or report.nothing_loaded,
    )


def withdrawal_announcement(
    version: ObjectVersion, record: Record, run: str, removed: int, now: str
) -> str:
    """Announcement of a version whose withdrawal is finished.

    Args:
        version: The version.
        record: Its record, which is WITHDRAWN.
        run: Name of the run that finished it.
        removed: Items removed.
        now: When it was finished, ISO 8601.
    """
    return _text(
        version,
        Status.WITHDRAWN,
        run,
        now,
        base=record.base,
        stored_at=record.stored_at,
        items_removed=removed,
        reason=record.withdrawn_reason,
        by=record.withdrawn_by or None,
    )


def _text(
    version: ObjectVersion,
    status: Status,
    run: str,
    ended_at: str,
    *,
    base: str,
    stored_at: str,
    reason: str,
    **figures: Any,
) -> str:
    end = f"{version.object_id}\n{status}\n{run}".encode("utf-8", "surrogatepass")
    nothing = dict.fromkeys(("profile", "rows", "rejected_by_error", "items_removed", "by"))
    return message_text(
        {
            "schema_version": SCHEMA_VERSION,
            "id": blake2s(end, digest_size=16).hexdigest(),
            "status": status.value,
            "ended_at": ended_at,
            "object_id": version.object_id,
            "bucket": version.bucket,
            "key": version.key,
            "version_id": version.version_id,
            "stored_at": timestamp(version.stored_at) if version.stored_at else stored_at or None,
            "as_of": base.partition("#")[0] or None,
            "restored": False,
            **nothing,
            **figures,
            "reason": reason[:_REASON_CHARACTERS] or None,
        }
    )


class Announcer:
    """Sends what waits in a record, in the order of the ends, and takes it out.

    Args:
        ingestions: The ingestions table.
        events: Where announcements go.
        arrivals: What is known of the last files of feeds.
        feed_of: Gives the feed that an object key belongs to.
    """

    def __init__(
        self,
        ingestions: Ingestions,
        events: Events,
        arrivals: Arrivals,
        feed_of: Callable[[str], FeedSettings],
    ) -> None:
        self._ingestions = ingestions
        self._events = events
        self._arrivals = arrivals
        self._feed_of = feed_of

    def announce(self, object_id: str) -> None:
        """Send every announcement of a version that was not sent; each step may be repeated.

        Raises:
            RejectedRequestError: EventBridge refuses it for good; it stays in the record.
            RetryableError: EventBridge did not answer; it stays in the record.
        """
        record = self._ingestions.get(object_id)
        if record is None or not record.announcements:
            return
        ends = sorted(map(json.loads, record.announcements), key=lambda end: end["ended_at"])
        for end in ends:
            end["feed"] = self._feed_of(end["key"]).name or None
            if end["feed"]:
                self._arrivals.note(end["feed"], end)
        self._events.send(ends)
        self._ingestions.announced(object_id, record.announcements)
