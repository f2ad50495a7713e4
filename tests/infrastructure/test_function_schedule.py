"""Schedules are on time, in their time zone, and keep what they could not invoke."""

from __future__ import annotations

from synthesised import readable, resources


def test_the_summary_is_made_at_the_hour_of_its_time_zone(whole_stack) -> None:
    """Expression and time zone are settings; there is no window to drift in."""
    document = whole_stack(summary_schedule="cron(30 5 * * ? *)", summary_timezone="Europe/Berlin")
    schedules = {each["name"]: each for each in resources(document, "aws_scheduler_schedule")}
    summary = schedules["inventory-summary-daily-dev"]

    assert summary["schedule_expression"] == "cron(30 5 * * ? *)"
    assert summary["schedule_expression_timezone"] == "Europe/Berlin"
    assert summary["flexible_time_window"] == {"mode": "OFF"}


def test_the_reconcile_runs_every_hour(whole_stack) -> None:
    """A file is missed for an hour at most."""
    schedules = {each["name"]: each for each in resources(whole_stack(), "aws_scheduler_schedule")}

    assert schedules["inventory-reconcile-hourly-dev"]["schedule_expression"] == "rate(1 hour)"


def test_schedules_retry_and_then_leave_the_event_in_the_queue(whole_stack) -> None:
    """Each invokes one function with a role of its own."""
    for schedule in resources(whole_stack(), "aws_scheduler_schedule"):
        target = schedule["target"]
        what = "Summary" if "summary" in schedule["name"] else "Reconcile"
        rhythm = "Daily" if what == "Summary" else "Hourly"
        assert readable(target["arn"]) == f"<{what}>"
        assert readable(target["role_arn"]) == f"<{what}{rhythm}_Role>"
        assert readable(target["dead_letter_config"]["arn"]) == "<DeadLetterQueue>"
        assert target["retry_policy"] == {
            "maximum_event_age_in_seconds": 3600,
            "maximum_retry_attempts": 20,
        }
