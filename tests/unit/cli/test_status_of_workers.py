"""`inventory status` tells how far a large file has come."""

from __future__ import annotations

from typing import Any


def test_shows_how_many_workers_are_done(cloud: Any, run: Any) -> None:
    """While the file is in progress, and only for files that are shared out."""
    cloud.s3.put("large.csv", b"1")
    cloud.s3.put("small.csv", b"1")
    running = {"status": "IN_PROGRESS", "workers": 8, "workers_done": 3}
    cloud.dynamodb.record("uploads/large.csv#v1", **running)
    cloud.dynamodb.record("uploads/small.csv#v2", status="IN_PROGRESS")

    large, small = run("status", "large.csv"), run("status", "uploads/small.csv#v2")

    assert "3 of 8 workers done" in large.out
    assert large.exit_code == 5
    assert "workers" not in small.out
