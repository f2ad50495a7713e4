"""`inventory status` tells how far a large file has come, and what a complete one has set."""

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


def test_shows_how_many_items_a_complete_file_has_set_because_it_lacks_them(
    cloud: Any, run: Any
) -> None:
    """They are no rows of it, so no other count has them."""
    for name, absent in (("some.csv", 1200), ("none.csv", 0)):
        cloud.s3.put(name, b"1")
        version = {"some.csv": "v1", "none.csv": "v2"}[name]
        cloud.dynamodb.record(f"uploads/{name}#{version}", rows_read=3, loaded=3, absent=absent)
    assert "1,200 items set that the file lacks" in run("status", "some.csv").out
    assert "lacks" not in run("status", "none.csv").out
