"""Limits of AWS that settings and constructs both check."""

from __future__ import annotations

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# What a new on-demand table takes without being asked, per second; warming starts above it, and
# ends at the quota of an account.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
LEAST_WARM_READ_UNITS = 12_000
LEAST_WARM_WRITE_UNITS = 4_000
MOST_WARM_UNITS = 40_000
