"""What the ledger's rules make of an operator's replay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inventory.domain.ingestions import Mode, Record, Status, admit
from inventory.domain.model import ObjectVersion
from inventory.domain.work import Kind, WorkMessage

VERSION = ObjectVersion(bucket="b", key="k.csv", version_id="v", etag="e", size_bytes=1)
BASE = "2026-11-22T20:18:05.000000Z#" + "0" * 32


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (Kind.REPLAY, Status.COMPLETED, Mode.REPROCESS),
        (Kind.REDRIVE, Status.COMPLETED, Mode.NOTHING),
        (Kind.REPLAY, Status.FAILED, Mode.PROCESS),
        (Kind.REPLAY, None, Mode.PROCESS),
    ],
)
def test_a_replay_is_worked_whatever_the_record_says(
    kind: Kind, status: Status | None, expected: Mode
) -> None:
    """A redrive of a completed version is answered; a replay of it decides its rows again."""
    admission = admit(
        None if status is None else Record(status=status, base=BASE),
        kind=kind,
        version=VERSION,
        base=BASE,
        delivery_id="d",
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert admission.mode is expected


def test_a_replay_survives_the_work_queue() -> None:
    """Its message reads back as what was sent."""
    message = WorkMessage(kind=Kind.REPLAY, version=VERSION)
    body = {"kind": "replay", "bucket": "b", "key": "k.csv", "version_id": "v", "etag": "e"}
    assert WorkMessage.from_body({**body, "size_bytes": 1}) == message
