"""The functions publish what alarms and dashboard look at, and nothing that is only paid for."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from plan_review.cost import CUSTOM_METRICS
from synthesised import resources

HANDLERS = Path(__file__).parents[2] / "functions" / "inventory" / "handlers"
SERVICES = {"observation": "ingest", "summary": "summary", "reconcile": "reconcile"}


def published() -> set[tuple[str, str]]:
    """Give service and name of every metric: capitalised words among the handlers' texts."""
    return {
        (service, node.value)
        for module, service in SERVICES.items()
        for node in ast.walk(ast.parse((HANDLERS / f"{module}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.isalpha()
        and node.value[:1].isupper()
    }


def looked_at(stack) -> set[tuple[str, str]]:
    """Give service and name of every metric of ours that an alarm or the dashboard names."""
    found = set()
    for alarm in resources(stack, "aws_cloudwatch_metric_alarm"):
        queried = [each["metric"] for each in alarm.get("metric_query", ()) if "metric" in each]
        found |= {
            (each["dimensions"]["service"], each["metric_name"])
            for each in queried or [alarm]
            if each["namespace"] == "Inventory"
        }
    (dashboard,) = resources(stack, "aws_cloudwatch_dashboard")
    for widget in json.loads(dashboard["dashboard_body"])["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if metric[0] == "Inventory":
                found.add((metric[5], metric[1]))
    return found


def test_every_metric_that_is_published_is_looked_at_and_the_other_way_round(stack) -> None:
    """Each costs $0.30 a month; a name that nobody publishes is an alarm that never goes off.

    https://aws.amazon.com/cloudwatch/pricing/
    """
    assert published() == looked_at(stack)


def test_the_review_counts_every_metric_that_is_paid_for() -> None:
    """By the function that publishes it; the processor stands for both that load files."""
    counted = {"ingest": "inventory-processor"}
    by_function: dict[str, int] = {}
    for service, _ in published():
        function = counted.get(service, f"inventory-{service}")
        by_function[function] = by_function.get(function, 0) + 1

    assert by_function == CUSTOM_METRICS
