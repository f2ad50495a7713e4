"""Settings of each function, read from its environment once and checked at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ConfigError(Exception):
    """The function's environment lacks variables or holds values that cannot be used."""


def _text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _whole_number(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _share(value: str) -> Decimal:
    try:
        share = Decimal(value)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not 0 <= share <= 1:
        raise ValueError("must lie between 0 and 1")
    return share


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": _text,
    "int": _whole_number,
    "Decimal": _share,
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Variables that one function reads; a field `items_table_name` is `ITEMS_TABLE_NAME`."""

    @classmethod
    def variables(cls) -> frozenset[str]:
        """Names of the environment variables this function requires."""
        return frozenset(field.name.upper() for field in fields(cls))

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read and check every variable.

        Args:
            environment: Variable names to text, such as `os.environ`.

        Raises:
            ConfigError: Variables are missing or unusable; the message names all of them.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in fields(cls):
            name = field.name.upper()
            if name not in environment:
                problems.append(f"{name} is not set")
                continue
            try:
                values[field.name] = _PARSERS[str(field.type)](environment[name])
            except (ValueError, TypeError) as error:
                problems.append(f"{name}={environment[name]!r}: {error}")
        if problems:
            raise ConfigError("; ".join(problems))
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class IngestConfig(Config):
    """Settings of the processor and the chunk processor.

    Attributes:
        items_table_name: Table of the stock items.
        ingestions_table_name: Table of the ingestion records.
        lanes_table_name: Table in which runs tell each other what they read and wrote.
        dead_letter_queue_url: Where rejects go.
        work_queue_url: Where segments of jobs and rechecks go.
        reports_bucket_name: Where reject files go.
        event_bus_name: Where others are told of files that have ended.
        environment_suffix: Suffix of the environment.
        feeds_key: Where in the reports bucket the feeds and profiles of this deployment are.
        feeds_version_id: Which version of that object they are.
        reject_message_limit: Reject messages per object version before one message stands for all.
        large_object_bytes: Objects above this size are processed by several workers.
        max_stock_drop_share: Share (0 to 1) of the stock of a feed's last file that a file may
            take away where its feed says nothing; 0 for any.
        time_tolerance_minutes: How much later than its object was stored the time of a file or
            row may be.
        full_read_days: Days after which all items of a file are read although its fingerprints say
            what is in them; 0 for always.
    """

    items_table_name: str
    ingestions_table_name: str
    lanes_table_name: str
    dead_letter_queue_url: str
    work_queue_url: str
    reports_bucket_name: str
    event_bus_name: str
    environment_suffix: str
    feeds_key: str
    feeds_version_id: str
    reject_message_limit: int
    large_object_bytes: int
    max_stock_drop_share: Decimal
    time_tolerance_minutes: int
    full_read_days: int


@dataclass(frozen=True, kw_only=True)
class SummaryConfig(Config):
    """Settings of the daily summary.

    Attributes:
        items_table_name: Table of the stock items.
        ingestions_table_name: Table of the ingestion records.
        lanes_table_name: Table of what is known of the last files of feeds.
        reports_bucket_name: Where summaries go.
        feeds_key: Where in that bucket the feeds of this deployment are.
        feeds_version_id: Which version of that object they are.
        alarm_topic_arn: Topic on which the summary is announced.
        low_stock_threshold: Quantity at or below which an item without a reorder point runs low.
        summary_timezone: IANA time zone in which a day begins and ends.
    """

    items_table_name: str
    ingestions_table_name: str
    lanes_table_name: str
    reports_bucket_name: str
    feeds_key: str
    feeds_version_id: str
    alarm_topic_arn: str
    low_stock_threshold: int
    summary_timezone: str


@dataclass(frozen=True, kw_only=True)
class ReconcileConfig(Config):
    """Settings of the reconcile.

    Attributes:
        uploads_bucket_name: Bucket whose object versions are accounted for.
        ingestions_table_name: Table of the ingestion records.
        lanes_table_name: Table in which the walk through the bucket is remembered.
        work_queue_url: Where missing object versions are sent again.
        reports_bucket_name: Bucket of the feeds.
        feeds_key: Where in it those of this deployment are.
        feeds_version_id: Which version of that object they are.
        alarm_topic_arn: Topic on which people are told of late feeds.
        reconcile_deadline_minutes: Age in minutes at which a version must have a terminal record.
    """

    uploads_bucket_name: str
    ingestions_table_name: str
    lanes_table_name: str
    work_queue_url: str
    reports_bucket_name: str
    feeds_key: str
    feeds_version_id: str
    alarm_topic_arn: str
    reconcile_deadline_minutes: int
