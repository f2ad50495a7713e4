"""Monthly bill of a deployed stack, by list prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from plan_review import cost as prices

if TYPE_CHECKING:
    from collections.abc import Iterator


class FunctionUse(NamedTuple):
    """Usage of a function.

    Attributes:
        name: Its name.
        invocations: How often it ran.
        seconds: How long, all invocations together.
        memory_mib: Its memory.
        arm: True if it runs on Arm.
    """

    name: str
    invocations: float
    seconds: float
    memory_mib: int
    arm: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Usage of a month, as far as it is counted.

    Attributes:
        share: Share of the month that is over and in which the stack was there, 0 to 1.
        files: File versions that ended in it.
        moved: File versions that may have been processed in it and in other months: the units of
            all their runs are among those of the last one.
        write_units: Write units of their runs, by their records.
        read_units: Read units of their runs, by their records.
        summaries: Summaries of its days.
        summary_dollars: What reading the tables for them came to, by the summaries themselves.
        functions: Its functions.
        table_bytes: Bytes stored in all tables now, by DynamoDB's count of the last six hours.
        object_bytes: Bytes stored in the buckets now, all versions.
        log_bytes: Bytes logged.
        alarm_metrics: Metrics that alarms watch.
    """

    share: float
    files: int = 0
    moved: int = 0
    write_units: float = 0.0
    read_units: float = 0.0
    summaries: int = 0
    summary_dollars: float = 0.0
    functions: tuple[FunctionUse, ...] = field(default=())
    table_bytes: int = 0
    object_bytes: int = 0
    log_bytes: float = 0.0
    alarm_metrics: int = 0


class BillLine(NamedTuple):
    """A line of the bill.

    Attributes:
        what: What is paid for.
        basis: Of what it was computed.
        estimated: True if the quantity is estimated: today's, a rule of thumb, or one of which a
            part may belong to another month.
        dollars: US dollars of the month so far.
    """

    what: str
    basis: str
    estimated: bool
    dollars: float


def bill(use: Use) -> Iterator[BillLine]:
    """The lines of a month's bill.

    On-demand list prices of us-east-1 without free tiers, see `plan_review.cost` for their sources.

    Args:
        use: What was used.
    """
    moved = f"; {use.moved:,} files were processed in other months too" if use.moved else ""
    yield BillLine(
        "writing to DynamoDB for files",
        f"{use.write_units:,.0f} write units of {use.files:,} files{moved}",
        estimated=bool(moved),
        dollars=use.write_units * prices.WRITE_UNIT,
    )
    yield BillLine(
        "reading from DynamoDB for files",
        f"{use.read_units:,.0f} read units",
        estimated=bool(moved),
        dollars=use.read_units * prices.READ_UNIT,
    )
    yield BillLine(
        "reading from DynamoDB for summaries",
        f"{use.summaries:,} summaries",
        estimated=False,
        dollars=use.summary_dollars,
    )
    for each in use.functions:
        rate = prices.ARM_GB_SECOND if each.arm else prices.X86_GB_SECOND
        gb_seconds = each.seconds * each.memory_mib / 1024
        yield BillLine(
            each.name,
            f"{each.invocations:,.0f} invocations, {gb_seconds:,.0f} GB-seconds",
            estimated=False,
            dollars=gb_seconds * rate + each.invocations * prices.INVOCATION,
        )
    yield BillLine(
        "events for others",
        f"{use.files:,} events, one a file",
        estimated=True,
        dollars=use.files * prices.CUSTOM_EVENT,
    )
    yield BillLine(
        "logs",
        f"{use.log_bytes / prices.GIB:,.2f} GiB taken in",
        estimated=False,
        dollars=use.log_bytes / prices.GIB * prices.LOG_GB,
    )
    gib = use.table_bytes / prices.GIB
    yield BillLine(
        "tables and their recovery",
        f"{gib:,.2f} GiB, as large as they are now",
        estimated=True,
        dollars=use.share * gib * (prices.TABLE_GB_MONTH + prices.RECOVERY_GB_MONTH),
    )
    gib = use.object_bytes / prices.GIB
    yield BillLine(
        "files, rejects and summaries in S3",
        f"{gib:,.2f} GiB, as large as they are now",
        estimated=True,
        dollars=use.share * gib * prices.OBJECT_GB_MONTH,
    )
    metrics = sum(prices.CUSTOM_METRICS.values())
    yield BillLine(
        "metrics of the functions",
        f"{metrics} metrics",
        estimated=True,
        dollars=use.share * metrics * prices.CUSTOM_METRIC_MONTH,
    )
    invocations = sum(each.invocations for each in use.functions)
    yield BillLine(
        "traces",
        f"{invocations:,.0f} at most, one an invocation",
        estimated=True,
        dollars=invocations * prices.TRACE,
    )
    yield BillLine(
        "alarms",
        f"{use.alarm_metrics:,} metrics watched",
        estimated=True,
        dollars=use.share * use.alarm_metrics * prices.ALARM_METRIC_MONTH,
    )
    yield BillLine(
        "dashboard, key of the topic",
        "one each",
        estimated=True,
        dollars=use.share * (prices.DASHBOARD_MONTH + prices.KEY_MONTH),
    )
    yield BillLine(
        "requests of the work queue",
        "five pollers of Lambda",
        estimated=True,
        dollars=use.share * prices.DAYS * prices.POLLS_PER_DAY * prices.QUEUE_REQUEST,
    )
