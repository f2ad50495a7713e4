"""`inventory feeds`: each feed of the deployed settings, its last file, and whether it is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory.domain.order import timestamp

SETTINGS: dict[str, Any] = {
    "feeds": {
        "stores/north/": {"expected_every": {"hours": 24}},
        "stores/south/": {"expected_every": {"hours": 24}, "required": True},
        "web/": {"profile": "canonical"},
    },
    "profiles": {},
}


@pytest.fixture
def fed(cloud: Any) -> Any:
    """North came an hour ago with rejects, south two days ago, and then was refused."""
    cloud.s3.feeds = SETTINGS
    for feed, hours, refused in (("stores/north/", 1, False), ("stores/south/", 50, True)):
        accepted = timestamp(datetime.now(UTC) - timedelta(hours=hours))
        stored = timestamp(datetime.now(UTC) - timedelta(hours=2)) if refused else accepted
        texts = {
            "lane": "feeds",
            "position": feed,
            "watched_since": "2026-01-01T00:00:00.000000Z",
            "accepted_at": accepted,
            "object_id": f"uploads/{feed}a.csv#v1",
            "stored_at": stored,
            "last_status": "FAILED" if refused else "COMPLETED",
        }
        numbers = {"rows_read": 1240, "loaded": 1200, "rejected": 40}
        item = {name: {"S": text} for name, text in texts.items()}
        item |= {name: {"N": str(0 if refused else count)} for name, count in numbers.items()}
        cloud.dynamodb.put_item(TableName="lanes", Item=item)
    return cloud


@pytest.mark.usefixtures("fed")
def test_each_feed_has_a_line_and_the_late_one_a_sentence(run: Any) -> None:
    """A refused file is the last one, and does not count."""
    ran = run("feeds")
    north, south, web = (
        next(line for line in ran.out.splitlines() if line.rstrip().endswith(feed))
        for feed in ("stores/north/", "stores/south/", "web/")
    )
    assert ("on time" in north, "1 h" in north, "1,240" in north, "40" in north) == (True,) * 4
    assert ("late" in south, "2 h, failed" in south) == (True, True)
    assert "never" in web
    assert "stores/south/: due" in ran.out
    assert "1 of 3 feeds are late" in ran.err
    assert ran.exit_code == 1
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.usefixtures("fed")
def test_the_json_has_what_the_table_has(run: Any) -> None:
    """And with --late only the late ones."""
    north, south, web = run("feeds", "--json").json
    assert [each["state"] for each in (north, south, web)] == ["on time", "late", "-"]
    assert (north["rows_read"], north["rejected"], north["status"]) == (1240, 40, "COMPLETED")
    assert 3500 < north["age_seconds"] < 3700
    assert (web["due"], web["object_id"], web["age_seconds"]) == (None, None, None)
    ran = run("feeds", "--late", "--json")
    assert [each["feed"] for each in ran.json] == ["stores/south/"]
    assert ran.exit_code == 1


def test_a_paused_feed_is_said_to_be(fed: Any, run: Any) -> None:
    """On time or late, for its files wait."""
    run("pause", "stores/")
    north, south, web = run("feeds", "--json").json
    assert [each["paused"] for each in (north, south, web)] == [True, True, False]
    ran = run("feeds")
    assert "on time, paused" in ran.out
    assert "late, paused" in ran.out
    assert "; it is paused, so its files wait" in ran.out
    assert "files of paused feeds wait" in ran.err
    assert ran.exit_code == 1
    assert max(map(len, ran.out.splitlines()[:-1])) <= 80
    [found] = [each for each in run("doctor", "--json").json if each["check"] == "paused"]
    assert found["level"] == "warn"
    assert "stores/north/, stores/south/" in found["found"]
    run("resume", "stores/")
    assert not any(each["paused"] for each in run("feeds", "--json").json)
    assert fed.work.messages == {}


def test_a_deployment_that_was_not_watched_yet_is_well(cloud: Any, run: Any) -> None:
    """Nothing is late before its first period is over; without feeds a remark says so."""
    cloud.s3.feeds = SETTINGS
    ran = run("feeds", "--json")
    assert {each["state"] for each in ran.json} == {"on time", "-"}
    assert ran.exit_code == 0
    cloud.s3.feeds = {"feeds": {}, "profiles": {}}
    ran = run("feeds")
    assert (ran.out, ran.exit_code) == ("", 0)
    assert "no feeds" in ran.err


@pytest.mark.usefixtures("fed")
def test_the_doctor_warns_of_a_late_feed_by_name(run: Any) -> None:
    """As of everything that wants a look."""
    found = [each for each in run("doctor", "--json").json if each["check"] == "late feed"]
    assert [each["level"] for each in found] == ["warn"]
    assert found[0]["found"].startswith("stores/south/: due")
