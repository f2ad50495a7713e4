"""The alarms of a stack, a line each; docs/operations.md has a section for every one of them.

The treatment of missing data is decided for each. A count that is only reported when something
happens (errors, throttles, rejected rows) is well while nothing is reported. Something that must
happen (a feed, a summary) has not happened while nothing is reported, unless the stack is younger
than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.alarms import HOUR_IN_SECONDS, AlarmSpec
from constructs_lib.limits import SUMMARY_GRACE_HOURS
from constructs_lib.metrics import aws_metric, ingest_metric, own_metric
from constructs_lib.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.metrics import Metric

#: Sections of the runbook are for all environments, and some for all functions or tables.
SECTIONS = Names("<env>")
FUNCTION_SECTION = SECTIONS.of("<function>")
TABLE_SECTION = SECTIONS.of("<table>")
#: Rejects wait for a supplier over a weekend; queues keep messages for 14 days, so that 10 remain.
DEAD_LETTER_HOURS = 4 * 24
#: Above this share of its timeout the summary is about to be cut off. The other functions end in
#: time by themselves and leave the rest to another invocation, so that a long one is no trouble.
NEAR_TIMEOUT_SHARE = 0.8
#: Functions that read a queue and report the messages that failed. To Lambda such an invocation has
#: succeeded, and its error count knows only of those that never came to report.
#: Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
QUEUE_READERS = ("ChunkProcessor",)
#: A pass of the reconcile takes minutes; one of a day is stuck or has too much to do.
DAY_IN_HOURS = 24
#: Above this many in a hundred it is not single rows that are wrong but the feed.
REJECTED_ROWS_PER_HUNDRED = 5

#: Operations of the functions by table; DynamoDB counts its own faults by operation alone.
#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
TABLE_OPERATIONS = {
    "Items": ("BatchGetItem", "BatchExecuteStatement", "DeleteItem", "Scan"),
    "Ingestions": ("BatchGetItem", "GetItem", "UpdateItem", "Scan"),
    "Lanes": ("DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"),
}


def alarm_specs(
    names: Names,
    *,
    expected_feed_interval_hours: int,
    summary_gap_hours: int,
    summary_timeout_seconds: int,
) -> tuple[AlarmSpec, ...]:
    """Return the alarms of a stack.

    Args:
        names: The names of what is watched.
        expected_feed_interval_hours: Hours in which a file must arrive.
        summary_gap_hours: Hours between two summaries, up to MOST_SUMMARY_GAP_HOURS.
        summary_timeout_seconds: Seconds that making a summary may take.
    """
    return (
        *_absence_alarms(names, expected_feed_interval_hours, summary_gap_hours),
        *_row_alarms(names),
        *_reconcile_alarms(names),
        *_queue_alarms(names),
        *(alarm for id_, name in names.functions.items() for alarm in _function_alarms(id_, name)),
        _summary_duration_alarm(names, summary_timeout_seconds),
        *(alarm for id_, name in names.tables.items() for alarm in _table_alarms(id_, name)),
        *_rule_alarms(names),
    )


def _absence_alarms(
    names: Names, feed_interval_hours: int, summary_gap_hours: int
) -> Iterator[AlarmSpec]:
    """Yield the alarms on what must happen in time: every hour of the window is a data point.

    An hour counts only if the stack was there: Lambda asks the work queue for messages all the
    time, so that SQS reports on it, and `IF` without an else gives no data point for an hour
    without such reports. So they do not go off before the stack is as old as the window. In an hour
    with reports, what was not reported is zero.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    feeds = aws_metric("Lambda", "Invocations", FunctionName=names.functions["Processor"])
    summaries = own_metric(names, "summary", "SummariesWritten")
    waiting = "ApproximateNumberOfMessagesVisible"
    there = aws_metric("SQS", waiting, "SampleCount", QueueName=names.work_queue)
    for key, name, event, metric, hours in (
        ("NoFeedArrived", "no-feed-arrived", "file has arrived", feeds, feed_interval_hours),
        (
            "NoSummaryWritten",
            "no-summary-written",
            "summary was written",
            summaries,
            summary_gap_hours + SUMMARY_GRACE_HOURS,
        ),
    ):
        yield AlarmSpec(
            key=key,
            alarm_name=names.of(name),
            section=SECTIONS.of(name),
            description=f"No {event} for {hours} hours.",
            expression="IF(m2,m1)",
            metrics=(metric, there),
            threshold=1,
            operator="LessThanThreshold",
            period_seconds=HOUR_IN_SECONDS,
            evaluation_periods=hours,
            missing_data="missing",
        )


def _row_alarms(names: Names) -> tuple[AlarmSpec, ...]:
    return (
        AlarmSpec(
            key="RejectedRows",
            alarm_name=names.of("rejected-rows"),
            section=SECTIONS.of("rejected-rows"),
            description=f"More than {REJECTED_ROWS_PER_HUNDRED} of 100 rows were rejected.",
            # Division by zero gives no data point, which is right: an hour without rows is well.
            expression="100*FILL(m1,0)/FILL(m2,0)",
            metrics=(ingest_metric(names, "RowsRejected"), ingest_metric(names, "RowsRead")),
            threshold=REJECTED_ROWS_PER_HUNDRED,
            period_seconds=HOUR_IN_SECONDS,
        ),
        _any_of(
            "AccountingBreaches",
            names.of("accounting-breaches"),
            SECTIONS.of("accounting-breaches"),
            "The outcomes of a file's rows do not add up to the rows read.",
            (ingest_metric(names, "AccountingBreaches"),),
        ),
        _any_of(
            "DriftedItems",
            names.of("drifted-items"),
            SECTIONS.of("drifted-items"),
            "Something else than the pipeline has changed items; a full read has set them right.",
            (ingest_metric(names, "ItemsDrifted"),),
        ),
    )


def _reconcile_alarms(names: Names) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        key="ReconcileBehind",
        alarm_name=names.of("reconcile-behind"),
        section=SECTIONS.of("reconcile-behind"),
        description=f"The reconcile has not come through the bucket in {DAY_IN_HOURS} hours.",
        metrics=(own_metric(names, "reconcile", "ReconcileHoursBehind", "Maximum"),),
        threshold=DAY_IN_HOURS,
        period_seconds=HOUR_IN_SECONDS,
    )
    yield AlarmSpec(
        key="LateFeeds",
        alarm_name=names.of("late-feeds"),
        section=SECTIONS.of("late-feeds"),
        description="Feeds of the settings are late; a message of its own names them.",
        metrics=(own_metric(names, "reconcile", "LateFeeds", "Maximum"),),
        threshold=0,
        period_seconds=HOUR_IN_SECONDS,
    )
    yield AlarmSpec(
        key="UnannouncedFiles",
        alarm_name=names.of("unannounced-files"),
        section=SECTIONS.of("unannounced-files"),
        description="Files have ended, and their events could not be sent.",
        metrics=(own_metric(names, "reconcile", "UnannouncedFiles", "Maximum"),),
        threshold=0,
        period_seconds=HOUR_IN_SECONDS,
        # One that ends at the moment of a pass is announced a moment later.
        evaluation_periods=2,
    )


def _queue_alarms(names: Names) -> tuple[AlarmSpec, ...]:
    """Return the alarms on what waits.

    The age of the oldest message leaves out those that were received three times, where a queue
    hands them to no other one, and to look at the dead-letter queue is to receive from it. So its
    alarm counts the hours in a row in which something waited: by their maximum, as what is looked
    at is hidden for moments.

    SQS may stop reporting about a queue that nobody used for six hours; its messages stay. So the
    last report stands until the next one.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    and https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
    """
    waiting, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    dead_letters = aws_metric("SQS", waiting, "Maximum", QueueName=names.dead_letter_queue)
    return (
        AlarmSpec(
            key="DeadLetterQueueNotEmpty",
            alarm_name=names.of("dlq-not-empty"),
            section=SECTIONS.of("dlq-not-empty"),
            description="Rejected rows or failed events wait in the dead-letter queue.",
            metrics=(dead_letters,),
            threshold=0,
            missing_data="ignore",
        ),
        AlarmSpec(
            key="DeadLetterQueueAge",
            alarm_name=names.of("dlq-age"),
            section=SECTIONS.of("dlq-age"),
            description="In every hour of four days something waited in the dead-letter queue.",
            expression="FILL(m1,REPEAT)",
            metrics=(dead_letters,),
            threshold=0,
            period_seconds=HOUR_IN_SECONDS,
            evaluation_periods=DEAD_LETTER_HOURS,
        ),
        AlarmSpec(
            key="WorkQueueAge",
            alarm_name=names.of("work-queue-age"),
            section=SECTIONS.of("work-queue-age"),
            description="A worker of a large file, or a recheck, has waited for more than an hour.",
            metrics=(aws_metric("SQS", age, "Maximum", QueueName=names.work_queue),),
            threshold=HOUR_IN_SECONDS,
        ),
    )


def _function_alarms(id_: str, name: str) -> Iterator[AlarmSpec]:
    failed = "ran out of time, crashed or could not start; messages that fail are not counted here"
    if id_ not in QUEUE_READERS:
        failed = "raised an error or ran out of time"
    for metric_name, suffix, meaning in (
        ("Errors", "errors", failed),
        ("Throttles", "throttles", "was not allowed to run for lack of concurrency"),
        ("DeadLetterErrors", "dead-letter-errors", "lost an event: the queue refused it"),
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
        ("RecursiveInvocationsDropped", "recursive-invocations-dropped", "was stopped as a loop"),
    ):
        yield AlarmSpec(
            key=f"{id_}{metric_name}",
            alarm_name=f"{name}-{suffix}",
            section=f"{FUNCTION_SECTION}-{suffix}",
            description=f"{name} {meaning}.",
            metrics=(aws_metric("Lambda", metric_name, FunctionName=name),),
            threshold=0,
        )


def _summary_duration_alarm(names: Names, timeout_seconds: int) -> AlarmSpec:
    name = names.functions["Summary"]
    return AlarmSpec(
        key="SummaryDuration",
        alarm_name=f"{name}-duration",
        section=f"{FUNCTION_SECTION}-duration",
        description=f"{name} took more than four fifths of the {timeout_seconds} seconds it has.",
        metrics=(aws_metric("Lambda", "Duration", "Maximum", FunctionName=name),),
        threshold=round(NEAR_TIMEOUT_SHARE * timeout_seconds * 1000),
    )


def _table_alarms(id_: str, name: str) -> tuple[AlarmSpec, ...]:
    """Return the alarms on faults of a table.

    An alarm on a metric of DynamoDB keeps its state while data is missing, whatever it is told, and
    these metrics have data only when something is wrong: it would stay on for ever. Math that fills
    the gaps with zero ends it.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    throttles = tuple(
        aws_metric("DynamoDB", each, TableName=name)
        for each in ("ReadThrottleEvents", "WriteThrottleEvents")
    )
    errors = tuple(
        aws_metric("DynamoDB", "SystemErrors", TableName=name, Operation=each)
        for each in TABLE_OPERATIONS[id_]
    )
    refused = f"{name} refused reads or writes for lack of capacity."
    failed = f"DynamoDB failed to serve requests for {name}."
    return tuple(
        _any_of(f"{id_}{key}", f"{name}-{suffix}", f"{TABLE_SECTION}-{suffix}", meaning, metrics)
        for key, suffix, meaning, metrics in (
            ("Throttles", "throttles", refused, throttles),
            ("SystemErrors", "system-errors", failed, errors),
        )
    )


def _rule_alarms(names: Names) -> Iterator[AlarmSpec]:
    for key, suffix, metric_name, description in (
        (
            "FailedInvocations",
            "failed-invocations",
            "FailedInvocations",
            "EventBridge gave up on handing new files to the processor.",
        ),
        (
            "DeadLetterErrors",
            "dead-letter-errors",
            "InvocationsFailedToBeSentToDlq",
            "EventBridge lost events: the dead-letter queue refused them.",
        ),
    ):
        yield AlarmSpec(
            key=f"UploadRule{key}",
            alarm_name=names.of(f"upload-rule-{suffix}"),
            section=SECTIONS.of(f"upload-rule-{suffix}"),
            description=description,
            metrics=(aws_metric("Events", metric_name, RuleName=names.upload_rule),),
            threshold=0,
        )


def _any_of(
    key: str, name: str, section: str, description: str, metrics: tuple[Metric, ...]
) -> AlarmSpec:
    """Return the alarm on any count above zero among some metrics.

    The newest data point may still be on its way and be filled with zero: one of three is enough.
    """
    return AlarmSpec(
        key=key,
        alarm_name=name,
        section=section,
        description=description,
        expression="+".join(f"FILL(m{number},0)" for number, _ in enumerate(metrics, start=1)),
        metrics=metrics,
        threshold=0,
        evaluation_periods=3,
        datapoints_to_alarm=1,
    )
