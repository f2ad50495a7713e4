"""`inventory release`: a held file, and nothing else, is let in."""

from __future__ import annotations

from typing import Any

import pytest

CONTENT = b"sku,location,quantity\nA1,x,5\n"


def test_a_held_file_is_sent_to_be_loaded(cloud: Any, run: Any) -> None:
    """By its key, the newest version; as what lets it in whatever it takes away."""
    cloud.s3.put("a/stock.csv", CONTENT)
    held = cloud.s3.put("a/stock.csv", CONTENT)
    cloud.dynamodb.record(f"uploads/a/stock.csv#{held}", status="HELD")
    assert run("release", "a/stock.csv").exit_code == 0
    (body,) = cloud.work.bodies()
    assert body["kind"] == "release"
    assert held in str(body)


def test_an_older_version_is_released_by_its_name(cloud: Any, run: Any) -> None:
    """The newest one is left alone."""
    held = cloud.s3.put("a/stock.csv", CONTENT)
    newest = cloud.s3.put("a/stock.csv", CONTENT)
    cloud.dynamodb.record(f"uploads/a/stock.csv#{held}", status="HELD")
    assert run("release", f"s3://uploads/a/stock.csv#{held}").exit_code == 0
    (body,) = cloud.work.bodies()
    assert held in str(body)
    assert newest not in str(body)


@pytest.mark.parametrize("status", ["", "IN_PROGRESS", "COMPLETED", "FAILED"])
def test_fails_for_a_file_that_is_not_held(cloud: Any, run: Any, status: str) -> None:
    """Nothing is sent, and the status is named."""
    version_id = cloud.s3.put("stock.csv", CONTENT)
    if status:
        cloud.dynamodb.record(f"uploads/stock.csv#{version_id}", status=status)
    ran = run("release", "stock.csv")
    assert ran.exit_code != 0
    assert (status or "no record") in ran.err
    assert cloud.work.messages == {}


def test_fails_for_a_version_that_is_gone(cloud: Any, run: Any) -> None:
    """Its record is left; there is nothing to load."""
    cloud.dynamodb.record("uploads/stock.csv#gone", status="HELD")
    ran = run("release", "stock.csv#gone")
    assert ran.exit_code != 0
    assert "not in the bucket" in ran.err
    assert cloud.work.messages == {}


@pytest.mark.parametrize(("command", "status"), [("release", "HELD"), ("restore", "WITHDRAWN")])
def test_a_whole_version_id_is_that_version(
    cloud: Any, run: Any, command: str, status: str
) -> None:
    """Also where another version's id begins so: v1 is not v10."""
    versions = [cloud.s3.put("stock.csv", CONTENT) for _ in range(10)]
    assert versions[9].startswith(versions[0])
    cloud.dynamodb.record(f"uploads/stock.csv#{versions[0]}", status=status)
    assert run(command, f"stock.csv#{versions[0]}").exit_code == 0
    (body,) = cloud.work.bodies()
    assert f"'{versions[0]}'" in str(body)
