"""Limits of AWS that both settings and constructs check; neither imports the other."""

from __future__ import annotations

import zoneinfo

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# From what a new on-demand table takes per second without being asked, to the quota of an account.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
WARM_READ_UNITS = (12_000, 40_000)
WARM_WRITE_UNITS = (4_000, 40_000)
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
QUEUE_SOURCE_CONCURRENCY = (2, 1000)
# An account starts with 1,000 at most; 0 would switch a function off.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
RESERVED_CONCURRENCY = (1, 1000)
# CloudWatch evaluates seven days at most, for periods of an hour or longer.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
MOST_ALARM_HOURS = 168
# Hours that a late or repeated summary has, one of which is gone where summer time ends. A schedule
# with a longer gap would set off the alarm on a missing summary although none is missing.
SUMMARY_GRACE_HOURS = 2
MOST_SUMMARY_GAP_HOURS = MOST_ALARM_HOURS - SUMMARY_GRACE_HOURS
# S3 takes 2,147,483,647 days, which nobody means: ten years, as long as CloudWatch keeps logs.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
LIFECYCLE_DAYS = (1, 3653)
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
SCHEDULE_EXPRESSION = (
    r"(?:rate\([1-9][0-9]{0,8} (?:minute|hour|day)s?\)|cron\(\S{1,40}(?: \S{1,40}){5}\)"
    r"|at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\))"
)
# Without `{`: Terraform would read `${` and `%{` as a template.
# https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
EMAIL_ADDRESS = r"[^@\s{]+@[^@\s{]+\.[^@\s{]+"


def is_time_zone(name: str) -> bool:
    """Return True for the name of an IANA time zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
