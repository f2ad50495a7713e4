"""Settings of an environment, each with its default, its meaning and the values allowed."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from constructs_lib.limits import (
    EMAIL_ADDRESS,
    LIFECYCLE_DAYS,
    LOG_RETENTION_DAYS,
    MOST_ALARM_HOURS,
    MOST_SUMMARY_GAP_HOURS,
    QUEUE_SOURCE_CONCURRENCY,
    RESERVED_CONCURRENCY,
    SCHEDULE_EXPRESSION,
    WARM_READ_UNITS,
    WARM_WRITE_UNITS,
    is_time_zone,
)
from constructs_lib.schedule_gap import longest_gap_hours
from constructs_lib.stack_folder import locked_provider

# The first provider that knows the argument; older ones call it an extraneous property.
# https://github.com/hashicorp/terraform-provider-aws/blob/v6.13.0/CHANGELOG.md
WARM_THROUGHPUT_SINCE = (6, 13, 0)
OWN_TAGS = ("environment", "managed-by", "project")
# S3 takes ten on an object, as the feeds are, and 50 on all else. The provider can leave its tags
# out of an object, but does not keep to it when the object changes.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
# https://github.com/hashicorp/terraform-provider-aws/issues/45381
MOST_TAGS = 10 - len(OWN_TAGS)
MOST_TAG_KEY_CHARACTERS = 128
MOST_TAG_VALUE_CHARACTERS = 256

REGION = r"^[a-z]{2}(-[a-z]+)+-[1-9]$"

T = TypeVar("T")


def setting(
    *,
    default: T,
    description: str,
    allowed: str = "",
    pattern: str | None = None,
    limits: tuple[int, int] | tuple[None, None] = (None, None),
) -> T:
    """Return a field with the words for the values allowed, which error messages show."""
    extra: dict[str, JsonValue] = {"allowed": allowed or "{} to {}".format(*limits)}
    field: T = Field(
        default=default,
        description=description,
        json_schema_extra=extra,
        pattern=pattern,
        ge=limits[0],
        le=limits[1],
    )
    return field


def from_json(value: object) -> object:
    """Parse JSON, which environment variables hold where cdktf.json holds objects.

    Args:
        value: Text, or an object.

    Raises:
        ValueError: The text is no JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("not JSON") from None


class WarmThroughputSettings(BaseModel):
    """Load that the items table takes at once; both numbers only ever go up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    read_units_per_second: int = Field(
        WARM_READ_UNITS[0], ge=WARM_READ_UNITS[0], le=WARM_READ_UNITS[1]
    )
    write_units_per_second: int = Field(
        WARM_WRITE_UNITS[0], ge=WARM_WRITE_UNITS[0], le=WARM_WRITE_UNITS[1]
    )


class Settings(BaseSettings):
    """Settings of one environment.

    An environment variable, the setting's name in capitals, wins over cdktf.json.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_ignore_empty=True, validate_default=True
    )

    environment_suffix: str = setting(
        default="dev",
        description="Suffix of every name, so that environments can share an account.",
        allowed="1 to 20 lower-case letters, digits and inner hyphens; not beginning with behind-, "
        "daily- or hourly-, nor ending in -dead-letter, which names of other environments have "
        "there",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$",
    )
    aws_region: str = setting(
        default="us-east-1",
        description="Region of all resources; each of several regions needs a suffix of its own.",
        allowed="a region's name, such as us-east-1",
        pattern=REGION,
    )
    aws_account_id: str | None = setting(
        default=None,
        description="Account to deploy to; credentials of another one are refused.",
        allowed="12 digits in quotes, or nothing",
        pattern=r"^\d{12}$",
    )
    log_retention_days: int = setting(
        default=7,
        description="Days the functions' logs are kept.",
        allowed=", ".join(map(str, LOG_RETENTION_DAYS)),
    )
    summary_schedule: str = setting(
        default="cron(0 6 * * ? *)",
        description="Schedule of the summary.",
        allowed="rate(...) or cron(...), each of its six fields within its limits, one of the two "
        "days ?, without L, W and #; once in "
        f"{MOST_SUMMARY_GAP_HOURS} hours or more often, so that an alarm can tell of a missing one",
        pattern=f"^{SCHEDULE_EXPRESSION}$",
    )
    summary_timezone: str = setting(
        default="UTC",
        description="Time zone of that schedule, and of the summary's day.",
        allowed="an IANA time zone, such as Europe/Berlin",
    )
    low_stock_threshold: int = setting(
        default=10,
        description="Quantity at or below which an item without a reorder point runs low.",
        limits=(0, 1_000_000_000),
    )
    alarm_email: str | None = setting(
        default=None,
        description="Mail address for alarms and summaries.",
        allowed="a mail address without {, or nothing",
        pattern=f"^{EMAIL_ADDRESS}$",
    )
    runbook_url: str = setting(
        default="docs/operations.md",
        description="Address of docs/operations.md, to which alarms point.",
        allowed="an address without blanks and {, of at most 300 characters",
        pattern=r"^[!-z|}~]{1,300}$",
    )
    backend: Literal["local", "s3", "cloud"] = setting(
        default="local",
        description="Backend for Terraform's state.",
        allowed="local, s3, cloud",
    )
    state_bucket: str | None = setting(
        default=None,
        description="Bucket of the s3 backend.",
        allowed="a bucket's name; must be set for the s3 backend",
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    )
    state_region: str | None = setting(
        default=None,
        description="Region of that bucket; by default the one of all resources.",
        allowed="a region's name, or nothing",
        pattern=REGION,
    )
    cloud_organization: str | None = setting(
        default=None,
        description="Organization of the cloud backend.",
        allowed="an organization's name; must be set for the cloud backend",
        pattern=r"^[A-Za-z0-9_-]+$",
    )
    cloud_hostname: str = setting(
        default="app.terraform.io",
        description="Host of the cloud backend.",
        allowed="a host's name",
        pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?$",
    )
    customer_managed_keys: bool = setting(
        default=False,
        description="Encrypt everything with a customer managed key, in place of keys of AWS.",
        allowed="true, false",
    )
    access_logs: bool = setting(
        default=False,
        description="Enable S3 server access logging; always on with a customer managed key.",
        allowed="true, false",
    )
    code_signing_profile_version_arn: str | None = setting(
        default=None,
        description="Signing profile; Lambda then refuses zips that it did not sign.",
        allowed="the ARN of a signing profile's version, or nothing",
        pattern=r"^arn:[a-z-]+:signer:[a-z0-9-]+:\d{12}:/signing-profiles/\w{2,64}/\w{10}$",
    )
    deletion_protection: bool = setting(
        default=False,
        description="Protect tables, buckets, queues and keys from deletion.",
        allowed="true, false",
    )
    warm_throughput: Annotated[
        WarmThroughputSettings | None, NoDecode, BeforeValidator(from_json)
    ] = setting(
        default=None,
        description="Warm throughput that the items table is made with, above AWS's default.",
        allowed=(
            "read_units_per_second {} to {}, write_units_per_second {} to {}, or nothing"
        ).format(*WARM_READ_UNITS, *WARM_WRITE_UNITS),
    )
    large_object_bytes: int = setting(
        default=64 * 1024**2,
        description="Bytes above which several workers share a file.",
        limits=(1024**2, 5 * 1024**4),
    )
    work_queue_concurrency: int = setting(
        default=5,
        description="Workers of large files, and rechecks, at the same time.",
        limits=QUEUE_SOURCE_CONCURRENCY,
    )
    expected_feed_interval_hours: int = setting(
        default=24,
        description="Hours without a feed after which an alarm goes off.",
        limits=(1, MOST_ALARM_HOURS),
    )
    max_reserved_concurrency: int | None = setting(
        default=None,
        description="Files processed at the same time, set aside for the processor alone.",
        limits=RESERVED_CONCURRENCY,
    )
    noncurrent_version_days: int = setting(
        default=90,
        description="Days replaced and deleted files are kept.",
        limits=LIFECYCLE_DAYS,
    )
    reject_message_limit: int = setting(
        default=1000,
        description="Reject messages per file before one message stands for all.",
        limits=(1, 100_000),
    )
    max_stock_drop_share: Decimal = setting(
        default=Decimal(0),
        description="Share of the last stock that a file may take away, unless its feed says it.",
        limits=(0, 1),
    )
    time_tolerance_minutes: int = setting(
        default=60,
        description="Minutes by which a file or row may be dated later than the file was stored.",
        limits=(0, 1440),
    )
    full_read_days: int = setting(
        default=7,
        description="Days after which all items of a file are read, not those of new rows alone; "
        "0 for always.",
        limits=(0, 28),
    )
    reconcile_deadline_minutes: int = setting(
        default=60,
        description="Age at which a file must have been accounted for.",
        limits=(5, 10_080),
    )
    feeds_file: str = setting(
        default="feeds.toml",
        description="File with the feeds and their profiles, from the project's folder on.",
        allowed="path of a TOML file",
        pattern=r"\.toml$",
    )
    tags: Annotated[dict[str, str], NoDecode, BeforeValidator(from_json)] = setting(
        default={},
        description="Tags of all resources, beside environment, project and managed-by.",
        allowed=f"up to {MOST_TAGS}, keys of 1 to {MOST_TAG_KEY_CHARACTERS} characters that do not "
        f"begin with aws:, values of up to {MOST_TAG_VALUE_CHARACTERS}; letters, digits, blanks "
        f"and any of _.:/=+-@; no two keys, {', '.join(OWN_TAGS)} among them, that differ in case "
        "alone",
    )

    @property
    def stack_name(self) -> str:
        """The stack's name, which is its folder and its workspace too."""
        return f"inventory-{self.environment_suffix}"

    @property
    def keeps_access_logs(self) -> bool:
        """True if there is a bucket of access logs."""
        return self.access_logs or self.customer_managed_keys

    @property
    def default_tags(self) -> dict[str, str]:
        """The tags of all resources."""
        own = dict(zip(OWN_TAGS, (self.environment_suffix, "cdktf", "inventory"), strict=True))
        return dict(sorted({**own, **self.tags}.items()))

    @field_validator("environment_suffix")
    @classmethod
    def _no_names_of_another_environment(cls, value: str) -> str:
        """Refuse suffixes with which a name would be one of another environment.

        `daily-x` would call its summary's role inventory-summary-daily-x, as `x` does the role of
        its schedule; `x-dead-letter` and `behind-x` have the like with alarms.
        """
        if re.match("(behind|daily|hourly)-|.*-dead-letter$", value):
            raise ValueError("a name would be one of another environment")
        return value

    @field_validator("log_retention_days")
    @classmethod
    def _retention_of_cloudwatch(cls, value: int) -> int:
        if value not in LOG_RETENTION_DAYS:
            raise ValueError("not a retention that CloudWatch Logs has")
        return value

    @field_validator("summary_schedule")
    @classmethod
    def _often_enough(cls, value: str) -> str:
        gap = longest_gap_hours(value)
        if gap is None or gap > MOST_SUMMARY_GAP_HOURS:
            raise ValueError("an alarm could not tell that a summary is missing")
        return value

    @field_validator("summary_timezone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        if not is_time_zone(value):
            raise ValueError("not a time zone")
        return value

    @field_validator("tags")
    @classmethod
    def _tags_of_aws(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse what any of the services refuses: IAM, for one, does not see the case of keys.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
        """
        keys = {*OWN_TAGS, *value}
        fits = len(keys) <= len(OWN_TAGS) + MOST_TAGS and all(
            1 <= len(key) <= MOST_TAG_KEY_CHARACTERS
            and not key.lower().startswith("aws:")
            and len(text) <= MOST_TAG_VALUE_CHARACTERS
            and re.fullmatch(r"[\w .:/=+@-]*", key + text)
            for key, text in value.items()
        )
        if not fits or len({key.lower() for key in keys}) < len(keys):
            raise ValueError("not tags that AWS takes")
        return value

    @model_validator(mode="after")
    def _provider_knows_warm_throughput(self) -> Self:
        locked = locked_provider()
        if self.warm_throughput and locked < WARM_THROUGHPUT_SINCE:
            needed, there = (".".join(map(str, each)) for each in (WARM_THROUGHPUT_SINCE, locked))
            raise ValueError(
                f"warm_throughput needs provider {needed} or later, and the lock has {there}: lock "
                "a later one with `make providers-lock`, or warm the table by hand "
                "(docs/scale.md)"
            )
        return self

    @model_validator(mode="after")
    def _backend_is_complete(self) -> Self:
        needs = {"s3": "state_bucket", "cloud": "cloud_organization"}
        name = needs.get(self.backend)
        if name and not getattr(self, name):
            raise ValueError(f"{name} must be set for the {self.backend} backend")
        return self
