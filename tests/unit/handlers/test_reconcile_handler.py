"""The reconcile's handler gives the time left, and measures what came of it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from inventory.domain.reconcile import Reconciliation

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from conftest import Context


def test_the_figures_of_a_reconcile_are_answered_and_measured(
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    metric_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """What was sent again, how far it lags behind and what it read."""
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "dev")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory-reconcile")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Inventory")
    monkeypatch.delitem(sys.modules, "inventory.handlers.reconcile", raising=False)
    handlers = import_module("inventory.handlers.reconcile")
    left: list[float] = []

    class Noting:
        def run(self, *, time_left: Callable[[], float]) -> Reconciliation:
            left.append(time_left())
            return Reconciliation(
                missing=1,
                expired=2,
                crashed=3,
                rechecks=4,
                read_units=5.5,
                finished=False,
                hours_behind=30.5,
            )

    monkeypatch.setattr(handlers, "reconcile", Noting)

    answer = handlers.handler({}, context)

    (line,) = metric_lines()
    assert left == [90.0]
    assert (answer["missing"], answer["finished"]) == (1, False)
    assert line["ReconcileHoursBehind"] == [30.5]
