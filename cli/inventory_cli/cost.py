"""`inventory cost`: what the stack comes to in a month."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory.domain.order import timestamp
from inventory_cli.bill import BillLine, FunctionUse, Use, bill
from inventory_cli.errors import UsageError
from inventory_cli.records import scan_records
from inventory_cli.rendering import emit_json, emit_table, money, remark
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory_cli.session import Session

_DAY_SECONDS = 86_400


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cost)


def cost(
    month: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="Month (UTC). Default: this one, so far.", show_default=False
        ),
    ] = None,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show what this stack comes to in a month, by list prices.

    DynamoDB by the units that each file's record and each summary counted, Lambda and logs by
    CloudWatch, storage by what is stored now. Quantities that are estimated are marked with ~; so
    are those of files, if a file was processed in several months: it counts in the last of them.
    The figures tell one dollar from a hundred; the invoice has discounts, free tiers and taxes.
    """
    now = datetime.now(UTC)
    start, end = _month(month, now)
    session = connect(outputs, env)
    remark(session.where)
    lines = list(bill(_use(session, start, end, min(now, end))))
    total = sum(line.dollars for line in lines)
    if json_:
        emit_json(
            {
                "month": f"{start:%Y-%m}",
                "complete": end <= now,
                "dollars": round(total, 4),
                "lines": [{**line._asdict(), "dollars": round(line.dollars, 4)} for line in lines],
            }
        )
        return
    emit_table(
        ("what", "US dollars", "by"),
        [
            *((line.what, _dollars(line), line.basis) for line in lines),
            ("all", money(total), f"{start:%Y-%m}{'' if end <= now else ' so far'}"),
        ],
        right=("US dollars",),
        folded=("what", "by"),
    )


def _dollars(line: BillLine) -> str:
    return f"{'~' if line.estimated else ''}{money(line.dollars)}"


def _month(text: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Beginning of a month and of the next.

    Raises:
        UsageError: It is no month, or one that has not begun.
    """
    try:
        month = f"{now:%Y-%m}" if text is None else text
        start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"--month {text!r} is not a month such as 2026-11") from None
    if start > now:
        raise UsageError(f"--month {text!r} has not begun")
    december = 12
    if start.month == december:
        return start, start.replace(year=start.year + 1, month=1)
    return start, start.replace(month=start.month + 1)


def _use(session: Session, start: datetime, end: datetime, until: datetime) -> Use:
    names = session.outputs
    tables: list[Any] = [
        session.dynamodb.describe_table(TableName=name)["Table"]
        for name in (names.items_table_name, names.ingestions_table_name, names.lanes_table_name)
        if name
    ]
    created = min(table["CreationDateTime"] for table in tables).astimezone(UTC)
    if created >= until:
        raise UsageError(f"--month {start:%Y-%m}: the stack is there since {created:%Y-%m-%d}")
    since, before = timestamp(start), timestamp(end)
    records, moved = [], 0
    for each in scan_records(session):
        records += [each] if since <= each.moment < before else []
        # Runs of earlier months are among those of this one, or of this one among those of a later.
        began = str(each.attributes.get("stored_at") or each.attributes.get("started_at") or "~")
        moved += began < since <= each.moment < before or began < before <= each.moment
    summaries = list(_summary_dollars(session, start))
    functions = [
        name
        for name in (
            names.processor_function_name,
            names.chunk_processor_function_name,
            names.summary_function_name,
            names.reconcile_function_name,
        )
        if name
    ]
    return Use(
        share=(until - max(start, created)) / (end - start),
        files=len(records),
        moved=moved,
        write_units=sum(float(each.attributes.get("write_units", 0)) for each in records),
        read_units=sum(float(each.attributes.get("read_units", 0)) for each in records),
        summaries=len(summaries),
        summary_dollars=sum(summaries),
        functions=tuple(_function(session, name, start, until) for name in functions),
        table_bytes=sum(table.get("TableSizeBytes", 0) for table in tables),
        object_bytes=sum(_object_sizes(session)),
        log_bytes=sum(
            _metric(session, "AWS/Logs", "IncomingBytes", "LogGroupName", group, start, until)
            for group in (f"/aws/lambda/{name}" for name in functions)
        ),
        alarm_metrics=sum(_alarm_metrics(session)),
    )


def _summary_dollars(session: Session, start: datetime) -> Iterator[float]:
    """Reads of the tables, by each summary of the month."""
    bucket = session.outputs.reports_bucket_name
    pages = session.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"summaries/{start:%Y/%m}/"
    )
    for page in pages:
        for entry in page.get("Contents", ()):
            if entry["Key"].endswith(".json"):
                body = session.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                yield float(json.loads(body)["cost"]["dollars"])


def _function(session: Session, name: str, start: datetime, until: datetime) -> FunctionUse:
    configuration: Any = session.functions.get_function_configuration(FunctionName=name)

    def total(metric: str) -> float:
        return _metric(session, "AWS/Lambda", metric, "FunctionName", name, start, until)

    return FunctionUse(
        name=name,
        invocations=total("Invocations"),
        seconds=total("Duration") / 1000,
        memory_mib=int(configuration.get("MemorySize", 128)),
        arm="arm64" in configuration.get("Architectures", ()),
    )


def _metric(  # noqa: PLR0917  what names a metric, and a period
    session: Session,
    namespace: str,
    metric: str,
    dimension: str,
    value: str,
    start: datetime,
    until: datetime,
) -> float:
    """Sum of a metric over a period of at most a month."""
    answer = session.cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": value}],
        StartTime=start,
        EndTime=until,
        Period=_DAY_SECONDS,
        Statistics=["Sum"],
    )
    return sum(point.get("Sum", 0.0) for point in answer.get("Datapoints", ()))


def _object_sizes(session: Session) -> Iterator[int]:
    """Bytes of every object version in both buckets."""
    for bucket in (session.outputs.uploads_bucket_name, session.outputs.reports_bucket_name):
        for page in session.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in page.get("Versions", ()):
                yield entry["Size"]


def _alarm_metrics(session: Session) -> Iterator[int]:
    """Number of metrics that each alarm of the stack watches."""
    topic = session.outputs.alarm_topic_arn
    for page in session.cloudwatch.get_paginator("describe_alarms").paginate():
        for alarm in page.get("MetricAlarms", ()):
            if topic in alarm.get("AlarmActions", ()):
                queried = [each for each in alarm.get("Metrics", ()) if "MetricStat" in each]
                yield max(1, len(queried))
