"""The checks of `inventory doctor` on what starts the functions: events, messages, schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory_cli.checks import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from inventory_cli.checks import Checks
    from inventory_cli.session import Session


def notifications(
    session: Session, _now: datetime, _interval: timedelta | None
) -> Iterator[Finding]:
    """Tell whether the uploads bucket sends events to EventBridge."""
    sends = session.s3.get_bucket_notification_configuration(
        Bucket=session.outputs.uploads_bucket_name
    )
    on = "EventBridgeConfiguration" in sends
    text = "to EventBridge" if on else "off: no upload is announced"
    yield Finding(Level.OK if on else Level.FAIL, "events of uploads", text)


def rule(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether the rule on uploads is enabled, and invokes the processor."""
    name = f"inventory-upload-rule-{session.outputs.suffix}"
    state = session.events.describe_rule(Name=name)["State"]
    processor = f":function:{session.outputs.processor_function_name}"
    targets = session.events.list_targets_by_rule(Rule=name)["Targets"]
    invokes = any(each["Arn"].endswith(processor) for each in targets)
    text = state if invokes else f"{state}, but it does not invoke the processor"
    well = invokes and state.startswith("ENABLED")
    yield Finding(Level.OK if well else Level.FAIL, f"rule {name}", text)


def work(session: Session, _now: datetime, _interval: timedelta | None) -> Iterator[Finding]:
    """Tell whether Lambda takes messages from the work queue."""
    name = session.outputs.chunk_processor_function_name
    if not name:
        return
    mappings = session.functions.list_event_source_mappings(FunctionName=name)
    states = [each["State"] for each in mappings["EventSourceMappings"]]
    # One that is being updated takes messages all the while.
    well = bool(states) and {"Enabled", "Updating"}.issuperset(states)
    text = ", ".join(states) if states else "none: nothing takes its messages"
    yield Finding(Level.OK if well else Level.FAIL, "event source of the work queue", text)


def summary_schedule(
    session: Session, _now: datetime, _interval: timedelta | None
) -> Iterator[Finding]:
    """Tell whether the daily summary is scheduled."""
    yield _schedule(session, "summary-daily")


def reconcile_schedule(
    session: Session, _now: datetime, _interval: timedelta | None
) -> Iterator[Finding]:
    """Tell whether the hourly reconcile is scheduled."""
    if session.outputs.reconcile_function_name:
        yield _schedule(session, "reconcile-hourly")


def _schedule(session: Session, part: str) -> Finding:
    name = f"inventory-{part}-{session.outputs.suffix}"
    found = session.scheduler.get_schedule(Name=name)
    enabled = found["State"] == "ENABLED"
    text = f"{found['State']}, {found['ScheduleExpression']}"
    zone = found.get("ScheduleExpressionTimezone")
    return Finding(
        Level.OK if enabled else Level.FAIL,
        f"schedule {name}",
        f"{text} {zone}" if zone else text,
    )


#: Checks in the order in which they are made.
TRIGGER_CHECKS: Checks = {
    "events of uploads": notifications,
    "rule": rule,
    "event source of the work queue": work,
    "schedule": summary_schedule,
    "reconcile schedule": reconcile_schedule,
}
