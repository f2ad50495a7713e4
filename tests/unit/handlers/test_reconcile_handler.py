"""The reconcile's handler gives the time left, and measures what came of it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from inventory.domain.arrivals import Arrival, FeedState
from inventory.domain.reconcile import Reconciliation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import SimpleNamespace

    import pytest

    from unit.handlers.conftest import Context


def test_the_figures_of_a_reconcile_are_answered_and_measured(
    handlers: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    metric_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """What was sent again, how far it lags behind and what it read."""
    left: list[float] = []

    class Noting:
        def run(self, *, time_left: Callable[[], float]) -> Reconciliation:
            left.append(time_left())
            return Reconciliation(
                missing=1,
                expired=2,
                crashed=3,
                rechecks=4,
                unannounced=2,
                read_units=5.5,
                finished=False,
                hours_behind=30.5,
            )

    class Watching:
        def late(self, now: datetime) -> list[FeedState]:
            assert now.tzinfo is UTC
            return [FeedState(feed="shop/", arrival=Arrival(), due=now, late=True, paused=False)]

    monkeypatch.setattr(handlers.reconcile, "reconcile", Noting)
    monkeypatch.setattr(handlers.reconcile, "feed_watch", Watching)

    answer = handlers.reconcile.handler({}, context)

    (line,) = metric_lines()
    assert left == [90.0]
    assert (answer["missing"], answer["finished"]) == (1, False)
    assert line["ReconcileHoursBehind"] == [30.5]
    assert (line["UnannouncedFiles"], line["LateFeeds"]) == ([2.0], [1.0])
    assert answer["late_feeds"] == ["shop/"]
    assert line["environment"] == "dev"
    (published,) = line["_aws"]["CloudWatchMetrics"]
    assert [sorted(each) for each in published["Dimensions"]] == [["environment", "service"]]
