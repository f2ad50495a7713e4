"""The ingestions table in memory and on the local cloud: every method, and when it refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import BEGIN
from inventory.adapters.dynamodb_api import ConditionFailedError
from inventory.domain.ingestions import (
    Admission,
    Mode,
    Record,
    RunReport,
    Status,
    admit,
    run_name,
)
from inventory.domain.model import Counts, ObjectVersion
from inventory.domain.work import Command, Kind

if TYPE_CHECKING:
    from dynamodb_adapters import DynamoDb

VERSION = ObjectVersion(
    bucket="uploads", key="a+b/ø %.csv", version_id="v1", etag="e", size_bytes=7, sequencer="0A"
)
OBJECT_ID = VERSION.object_id
#: After `REPORT` was given.
NOW = "2026-11-22T20:02:00.000000Z"
COUNTS = Counts(rows_read=10, loaded=1, unchanged=4, stale=2, rejected=1, skipped=1, duplicates=1)
REPORT = RunReport(
    profile="p",
    counts=COUNTS,
    skipped_by_reason=Counter(blank=1),
    rejected_by_error=Counter({"type-error": 1}),
    first_error_line=7,
    read_units=2.5,
    write_units=3,
    finished_at="2026-11-22T20:01:00.000000Z",
)


def _admitted(
    adapters: DynamoDb,
    kind: Kind = Kind.CREATED,
    *,
    base: str = "b1",
    delivery_id: str = "d",
    now: datetime = BEGIN,
) -> Admission:
    record = adapters.ingestions.get(OBJECT_ID)
    return admit(record, kind=kind, version=VERSION, base=base, delivery_id=delivery_id, now=now)


def _opened(adapters: DynamoDb, *args: Any, **options: Any) -> Admission:
    accepted = options.pop("accepted", True)
    admission = _admitted(adapters, *args, **options)
    assert adapters.ingestions.open(admission, accepted=accepted)
    return admission


def _completed(adapters: DynamoDb, report: RunReport = REPORT) -> Admission:
    admission = _opened(adapters)
    adapters.ingestions.complete(admission, report)
    return admission


def _record(adapters: DynamoDb) -> Record:
    record = adapters.ingestions.get(OBJECT_ID)
    assert record is not None
    return record


def _item(adapters: DynamoDb) -> dict[str, Any]:
    item = adapters.item("ingestions", OBJECT_ID)
    assert item is not None
    return item


def test_the_first_run_makes_the_record(adapters: DynamoDb) -> None:
    """With all that is known at the beginning."""
    assert adapters.ingestions.get(OBJECT_ID) is None
    admission = _opened(adapters)
    assert _item(adapters) == {
        "object_id": {"S": OBJECT_ID},
        "status": {"S": "IN_PROGRESS"},
        "bucket": {"S": "uploads"},
        "key": {"S": VERSION.key},
        "version_id": {"S": "v1"},
        "bytes": {"N": "7"},
        "base": {"S": "b1"},
        "started_at": {"S": admission.now},
        "lease_until": {"S": admission.lease_until},
        "attempts": {"N": "1"},
        "accepted": {"BOOL": True},
        "open_runs": {"SS": [admission.run]},
        "last_run": {"S": admission.run},
        "quantity_meaning": {"S": "absolute stock at as_of"},
    }
    assert _record(adapters) == Record(
        status=Status.IN_PROGRESS,
        base="b1",
        open_runs=frozenset({admission.run}),
        accepted=True,
        lease_until=admission.lease_until,
        last_run=admission.run,
    )


def test_a_file_that_is_to_be_weighed_is_not_accepted_yet(adapters: DynamoDb) -> None:
    """Until somebody says so."""
    _opened(adapters, accepted=False)
    assert not _record(adapters).accepted
    assert adapters.ingestions.accept(OBJECT_ID, NOW)
    assert adapters.ingestions.accept(OBJECT_ID, NOW)
    assert _record(adapters).accepted
    _opened(adapters, delivery_id="another", accepted=False)
    assert _record(adapters).accepted, "it stays accepted"


def test_a_request_that_is_repeated_finds_its_own_run(adapters: DynamoDb) -> None:
    """Its answer was lost; the first attempt made the record."""
    admission = _opened(adapters)
    assert adapters.ingestions.open(admission, accepted=True)
    assert _record(adapters).open_runs == {admission.run}


def test_a_request_that_is_repeated_does_not_lift_a_verdict(adapters: DynamoDb) -> None:
    """Another run has held the file since."""
    late = _opened(adapters, delivery_id="late", accepted=False)
    held = _opened(adapters, delivery_id="held", accepted=False)
    adapters.ingestions.fail(held, REPORT, Status.HELD)
    assert not adapters.ingestions.open(late, accepted=False)
    assert _record(adapters).status is Status.HELD


def test_fails_to_open_a_record_that_is_not_as_it_was_decided_on(adapters: DynamoDb) -> None:
    """New where there was none, another status, or a later base: read and decide again."""
    first = _admitted(adapters)
    _opened(adapters, delivery_id="faster")
    assert not adapters.ingestions.open(first, accepted=True)
    second = _admitted(adapters, delivery_id="second")
    ended = _opened(adapters, delivery_id="third")
    adapters.ingestions.fail(ended, replace(REPORT, error="bad"), Status.FAILED)
    assert not adapters.ingestions.open(second, accepted=True)
    third = _admitted(adapters, Kind.REDRIVE, base="b1", delivery_id="fourth")
    _opened(adapters, Kind.REDRIVE, base="b2", delivery_id="fifth")
    assert not adapters.ingestions.open(replace(third, record=_record(adapters)), accepted=True)


def test_a_completed_record_says_what_became_of_every_row(adapters: DynamoDb) -> None:
    """And forgets what only counted while it was open."""
    admission = _opened(adapters)
    adapters.ingestions.note_messages(OBJECT_ID, "digest#3")
    assert _record(adapters).messages_sent == "digest#3"
    adapters.ingestions.complete(admission, REPORT)
    item = _item(adapters)
    counts = {name: {"N": str(getattr(COUNTS, name))} for name in Counts.__slots__}
    expected = {
        "status": {"S": "COMPLETED"},
        "profile": {"S": "p"},
        "finished_at": {"S": REPORT.finished_at},
        "first_error_line": {"N": "7"},
        "skipped_by_reason": {"M": {"blank": {"N": "1"}}},
        "rejected_by_error": {"M": {"type-error": {"N": "1"}}},
        "read_units": {"N": "2.5"},
        "write_units": {"N": "3"},
        **counts,
    }
    assert {name: item[name] for name in expected} == expected
    assert not {"open_runs", "lease_until", "messages_sent", "error"} & item.keys()
    assert _record(adapters).read_units == 2.5


def test_units_of_all_runs_that_ended_are_summed(adapters: DynamoDb) -> None:
    """What a version cost, however often it was processed."""
    _completed(adapters)
    again = _opened(adapters, Kind.REPLAY)
    adapters.ingestions.complete(again, REPORT)
    assert (_record(adapters).read_units, _record(adapters).write_units) == (5, 6)


def test_a_run_that_reads_otherwise_than_the_record_says_stays_open(adapters: DynamoDb) -> None:
    """It neither ends the record nor closes, until the file is read in its way again."""
    ingestions = adapters.ingestions
    _completed(adapters, replace(REPORT, reads_by="01"))
    former = _opened(adapters, Kind.RELEASE, delivery_id="former")
    replay = _opened(adapters, Kind.REPLAY, delivery_id="replay")
    assert ingestions.read_by(OBJECT_ID, replay.run, "02")
    assert not ingestions.read_by(OBJECT_ID, "none", "03")
    ingestions.complete(former, replace(REPORT, profile="q", reads_by="01"))
    ingestions.close(former, written=1, reads_by="01")
    record = _record(adapters)
    assert record.open_runs == {former.run, replay.run}
    assert (record.reads_by, record.last_reads_by) == ("02", "01")
    assert _item(adapters)["profile"] == {"S": "p"}
    assert not ingestions.read_as_before(OBJECT_ID, "03", "01")
    assert ingestions.read_as_before(OBJECT_ID, "02", "01")
    ingestions.close(former, written=0, reads_by="01")
    assert _record(adapters).open_runs == {replay.run}


@pytest.mark.parametrize("status", [Status.FAILED, Status.HELD])
def test_a_refused_file_says_why(adapters: DynamoDb, status: Status) -> None:
    """Until it is completed after all."""
    admission = _opened(adapters, accepted=False)
    adapters.ingestions.fail(admission, RunReport(error="bad: x", finished_at="t"), status)
    item = _item(adapters)
    assert (item["status"], item["error"]) == ({"S": status.value}, {"S": "bad: x"})
    assert "first_error_line" not in item
    assert "open_runs" not in item
    again = _opened(adapters, Kind.REPLAY)
    assert again.mode is Mode.PROCESS
    adapters.ingestions.complete(again, REPORT)
    assert _record(adapters).status is Status.COMPLETED
    assert "error" not in _item(adapters)


def test_fails_to_spoil_a_completed_record(adapters: DynamoDb) -> None:
    """A run that comes late leaves it and closes itself; other runs stay open."""
    late = _opened(adapters, delivery_id="late")
    other = _opened(adapters, delivery_id="other")
    done = _opened(adapters, delivery_id="done")
    adapters.ingestions.complete(done, REPORT)
    adapters.ingestions.fail(late, RunReport(error="bad", finished_at="t"), Status.FAILED)
    assert _record(adapters).status is Status.COMPLETED
    assert _record(adapters).open_runs == {other.run}
    assert "error" not in _item(adapters)


def test_fails_to_complete_over_a_later_base(adapters: DynamoDb) -> None:
    """What the later base came to stands."""
    early = _opened(adapters, base="b1", delivery_id="early")
    later = _opened(adapters, base="b2", delivery_id="later")
    adapters.ingestions.complete(later, REPORT)
    adapters.ingestions.complete(early, replace(REPORT, counts=Counts()))
    assert (_record(adapters).base, _record(adapters).open_runs) == ("b2", frozenset())
    assert _item(adapters)["rows_read"] == {"N": "10"}


def test_fails_to_hold_a_file_that_another_run_has_accepted(adapters: DynamoDb) -> None:
    """It may have begun to load; and one that is held is not accepted by a late run."""
    late = _opened(adapters, accepted=False)
    assert adapters.ingestions.accept(OBJECT_ID, NOW)
    adapters.ingestions.fail(late, RunReport(error="held", finished_at="t"), Status.HELD)
    assert _record(adapters).status is Status.IN_PROGRESS
    assert _record(adapters).open_runs == frozenset()


def test_fails_to_accept_a_file_that_another_run_has_held(adapters: DynamoDb) -> None:
    """The first verdict stands."""
    held = _opened(adapters, accepted=False)
    adapters.ingestions.fail(held, RunReport(error="held", finished_at="t"), Status.HELD)
    assert not adapters.ingestions.accept(OBJECT_ID, NOW)
    assert not _record(adapters).accepted


def test_fails_to_fail_a_file_that_another_run_has_held(adapters: DynamoDb) -> None:
    """A run that was admitted before the verdict; one that an operator lets in after it may."""
    late = _opened(adapters, delivery_id="late", accepted=False)
    held = _opened(adapters, delivery_id="held", accepted=False)
    gone = RunReport(error="gone", finished_at="t")
    adapters.ingestions.fail(held, RunReport(error="held", finished_at="t"), Status.HELD)
    adapters.ingestions.fail(late, gone, Status.FAILED)
    assert (_record(adapters).status, _record(adapters).open_runs) == (Status.HELD, frozenset())
    released = _opened(adapters, Kind.RELEASE, accepted=False)
    adapters.ingestions.fail(released, gone, Status.FAILED)
    assert _record(adapters).status is Status.FAILED


@pytest.mark.parametrize("status", [Status.FAILED, Status.HELD])
def test_fails_to_end_what_workers_go_on_with(adapters: DynamoDb, status: Status) -> None:
    """One of two that weigh a file has let it in, and the other one refuses it."""
    weigher = _opened(adapters, accepted=False)
    adapters.ingestions.accept(OBJECT_ID, NOW)
    adapters.ingestions.fail(weigher, REPORT, status, weighing=True)
    assert _record(adapters).status is Status.IN_PROGRESS
    assert _record(adapters).open_runs == {weigher.run}


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.HELD])
def test_a_request_that_ends_a_record_and_arrives_twice_is_not_announced_again(
    adapters: DynamoDb, status: Status
) -> None:
    """The first answer was late, so the request was repeated; others were told in between."""
    admission, ingestions = _opened(adapters, accepted=False), adapters.ingestions
    told = []
    for _ in range(2):
        if status is Status.COMPLETED:
            ingestions.complete(admission, REPORT)
        else:
            ingestions.fail(admission, REPORT, status)
        told.append(_record(adapters).announcements)
        ingestions.announced(OBJECT_ID, told[0])
    assert [len(each) for each in told] == [1, 0]
    assert _record(adapters).status is status


def test_runs_that_are_over_are_dropped_with_the_run_that_found_them_so(
    adapters: DynamoDb,
) -> None:
    """And those that began meanwhile stay."""
    crashed = _opened(adapters, delivery_id="crashed")
    young = run_name(BEGIN + timedelta(hours=1), "young")
    assert adapters.ingestions.enter(OBJECT_ID, young, crashed.run)
    redrive = _opened(adapters, Kind.REDRIVE, now=BEGIN + timedelta(hours=1))
    assert len(redrive.expired) == 1
    adapters.ingestions.complete(redrive, REPORT)
    assert _record(adapters).open_runs == {young}


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
@pytest.mark.parametrize(
    ("written", "loaded", "unchanged"), [(0, 1, 4), (2, 3, 2), (3, 4, 1), (5, 1, 4)]
)
def test_a_recheck_moves_what_it_wrote_to_loaded(
    adapters: DynamoDb, status: Status, written: int, loaded: int, unchanged: int
) -> None:
    """As far as there are unchanged rows, and once, also when the request is repeated.

    A file that breaks off has failed, and its first rows have loaded.
    """
    if status is Status.COMPLETED:
        _completed(adapters)
    else:
        adapters.ingestions.fail(_opened(adapters), REPORT, status)
    adapters.ingestions.request_recheck(OBJECT_ID, ["3#1"])
    recheck = _opened(adapters, Kind.RECHECK)
    for _ in range(2):
        adapters.ingestions.close(recheck, written=written)
        item = _item(adapters)
        assert item["loaded"] == {"N": str(loaded)}
        assert item["unchanged"] == {"N": str(unchanged)}
        assert "open_runs" not in item


def test_a_recheck_takes_the_requests_that_it_has_read(adapters: DynamoDb) -> None:
    """Those that come meanwhile stay for the next one."""
    _completed(adapters)
    adapters.ingestions.request_recheck(OBJECT_ID, ["3#1", "3#2"])
    adapters.ingestions.request_recheck(OBJECT_ID, ["3#2"])
    admission = _admitted(adapters, Kind.RECHECK)
    assert admission.recheck == {"3#1", "3#2"}
    adapters.ingestions.request_recheck(OBJECT_ID, ["4#1"])
    assert adapters.ingestions.open(admission, accepted=True)
    assert _record(adapters).recheck == {"4#1"}
    assert _record(adapters).open_runs == {admission.run}
    assert _record(adapters).status is Status.COMPLETED
    assert _item(adapters)["started_at"] == {"S": _admitted(adapters).now}, "it is left alone"


def test_a_job_is_noted_with_its_run_and_takes_the_place_of_another(adapters: DynamoDb) -> None:
    """Only while its run is open."""
    first = _opened(adapters, delivery_id="first")
    adapters.ingestions.begin_job(OBJECT_ID, first.run, 4, "")
    item = _item(adapters)
    assert (item["job"], item["workers"]) == ({"S": first.run}, {"N": "4"})
    assert item["workers_done"] == {"N": "0"}
    second = _opened(adapters, delivery_id="second")
    adapters.ingestions.begin_job(OBJECT_ID, second.run, 2, first.run)
    assert (_record(adapters).job, _record(adapters).open_runs) == (second.run, {second.run})
    adapters.ingestions.begin_job(OBJECT_ID, first.run, 4, second.run)
    assert (_record(adapters).job, _record(adapters).open_runs) == (second.run, {second.run})


def test_progress_is_noted_while_the_run_is_open(adapters: DynamoDb) -> None:
    """One of a job that was given up changes nothing."""
    admission = _opened(adapters)
    adapters.ingestions.progress(OBJECT_ID, admission.run, 3, "2027")
    adapters.ingestions.progress(OBJECT_ID, "another run", 4, "2028")
    assert _record(adapters).lease_until == "2027"
    assert _item(adapters)["workers_done"] == {"N": "3"}


def test_attempts_come_and_go_in_the_open_runs(adapters: DynamoDb) -> None:
    """Entering twice is entering once, and leaving takes one's own name alone."""
    admission = _opened(adapters)
    for _ in range(2):
        assert adapters.ingestions.enter(OBJECT_ID, "attempt", admission.run)
    assert not adapters.ingestions.enter(OBJECT_ID, "attempt of another job", "another job")
    assert _record(adapters).open_runs == {admission.run, "attempt"}
    for _ in range(2):
        adapters.ingestions.leave(OBJECT_ID, {"attempt"})
    assert _record(adapters).open_runs == {admission.run}


def test_a_withdrawal_is_brought_on_by_the_attempt_that_has_claimed_it(
    adapters: DynamoDb,
) -> None:
    """By no other, and a request that arrives late takes nothing back."""
    ingestions = adapters.ingestions
    command = Command(asked_at="2026-11-22T21:00:00.000000Z", by="ann")
    assert ingestions.withdraw(VERSION, None, command, "w")
    assert ingestions.claim(OBJECT_ID, "2#me", "1")
    assert not ingestions.claim(OBJECT_ID, "3#other", "1")
    assert ingestions.note_withdrawal(OBJECT_ID, "2#me", "000000002#2#me")
    assert not ingestions.note_withdrawal(OBJECT_ID, "2#me", "000000001#2#me")
    assert not ingestions.note_withdrawal(OBJECT_ID, "3#other", "000000003#3#other")
    record = _record(adapters)
    assert record.withdrawal_place == "000000002#2#me"
    for run, left in (("3#other", "w"), ("2#me", "")):
        ingestions.end_withdrawal(VERSION, record, run, 3, "2026-11-22T22:00:00.000000Z")
        assert _record(adapters).withdrawal == left


def test_fails_to_withdraw_a_version_of_which_more_was_asked_later(adapters: DynamoDb) -> None:
    """A restore has overtaken it since the record was read."""
    ingestions = adapters.ingestions
    _completed(adapters)
    found = _record(adapters)
    assert ingestions.note_decision(OBJECT_ID, "2026-11-22T22:00:00.000000Z")
    command = Command(asked_at="2026-11-22T21:00:00.000000Z", by="ann")
    assert not ingestions.withdraw(VERSION, found, command, "w")
    assert _record(adapters).status is Status.COMPLETED


def test_notes_are_added_to_those_that_stand(adapters: DynamoDb) -> None:
    """They outlive the end of the record, for runs that come later."""
    admission = _opened(adapters)
    adapters.ingestions.touch(OBJECT_ID, {"3#b", "4#b"})
    adapters.ingestions.touch(OBJECT_ID, {"3#a", "3#b"})
    adapters.ingestions.complete(admission, REPORT)
    assert _record(adapters).touched == {"3#a", "3#b", "4#b"}


def test_fails_to_make_a_record_by_anything_but_a_run(adapters: DynamoDb) -> None:
    """What comes after a record was deleted leaves no trace."""
    ingestions = adapters.ingestions
    admission = _admitted(adapters)
    ingestions.enter(OBJECT_ID, "run", "job")
    ingestions.leave(OBJECT_ID, {"run"})
    ingestions.touch(OBJECT_ID, ["3#b"])
    ingestions.request_recheck(OBJECT_ID, ["3#1"])
    ingestions.note_messages(OBJECT_ID, "d#1")
    ingestions.begin_job(OBJECT_ID, "run", 4, "")
    ingestions.progress(OBJECT_ID, "run", 1, "2027")
    ingestions.complete(admission, REPORT)
    ingestions.fail(admission, REPORT, Status.FAILED)
    ingestions.close(admission, written=1)
    assert not ingestions.accept(OBJECT_ID, NOW)
    assert ingestions.get(OBJECT_ID) is None


def test_records_are_read_by_the_hundred(adapters: DynamoDb) -> None:
    """Those that exist, of more than one request."""
    versions = [replace(VERSION, key=f"{number}.csv") for number in range(0, 250, 2)]
    for version in versions:
        admission = replace(_admitted(adapters), version=version)
        assert adapters.ingestions.open(admission, accepted=True)
    names = [replace(VERSION, key=f"{number}.csv").object_id for number in range(250)]
    found = adapters.ingestions.get_many(names)
    assert found.keys() == {version.object_id for version in versions}
    assert {record.status for record in found.values()} == {Status.IN_PROGRESS}
    assert adapters.ingestions.get_many([]) == {}


def test_fails_on_a_condition_that_does_not_hold(adapters: DynamoDb) -> None:
    """The error has a class of its own."""
    payload = {
        "TableName": adapters.names["ingestions"],
        "Key": {"object_id": {"S": "x"}},
        "UpdateExpression": "SET accepted = :yes",
        "ConditionExpression": "attribute_exists(object_id)",
        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
    }
    with pytest.raises(ConditionFailedError):
        adapters.api.call("UpdateItem", payload)
