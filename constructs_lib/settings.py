"""What may differ between environments, checked all at once."""

from __future__ import annotations

import json
import zoneinfo
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from constructs_lib.limits import (
    LEAST_WARM_READ_UNITS,
    LEAST_WARM_WRITE_UNITS,
    MOST_WARM_UNITS,
    RETENTION_DAYS,
)
from constructs_lib.settings_fields import WarmThroughputSettings, allowed, from_json

# Lambda gives all variables of a function 4 KB together.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_FEED_PROFILE_BYTES = 2800
MOST_TAGS = 40  # AWS takes 50 a resource, and ours are among them
MOST_TAG_KEY_CHARACTERS = 128
MOST_TAG_VALUE_CHARACTERS = 256


class Settings(BaseSettings):
    """Settings of one environment.

    An environment variable, the setting's name in capitals, wins over cdktf.json.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_ignore_empty=True, validate_default=True
    )

    environment_suffix: str = Field(
        default="dev",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$",
        description="Ends every name, so that environments can share an account.",
        json_schema_extra=allowed("1 to 20 lower-case letters, digits and inner hyphens"),
    )
    aws_region: str = Field(
        default="us-east-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-[1-9]$",
        description="Region everything is in.",
        json_schema_extra=allowed("a region's name, such as us-east-1"),
    )
    log_retention_days: int = Field(
        default=7,
        description="Days the functions' logs are kept.",
        json_schema_extra=allowed(", ".join(map(str, RETENTION_DAYS))),
    )
    summary_schedule: str = Field(
        default="cron(0 6 * * ? *)",
        pattern=r"^(cron|rate|at)\(.+\)$",
        description="When the summary is made.",
        json_schema_extra=allowed("cron(...), rate(...) or at(...)"),
    )
    summary_timezone: str = Field(
        default="UTC",
        description="Time zone of that schedule, and of the summary's day.",
        json_schema_extra=allowed("an IANA time zone, such as Europe/Berlin"),
    )
    low_stock_threshold: int = Field(
        default=10,
        ge=0,
        description="Quantity at or below which an item without a reorder point runs low.",
        json_schema_extra=allowed("0 or more"),
    )
    alarm_email: str | None = Field(
        default=None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        description="Who gets alarms and summaries by mail.",
        json_schema_extra=allowed("a mail address, or nothing"),
    )
    backend: Literal["local", "s3", "cloud"] = Field(
        default="local",
        description="Where Terraform keeps its state.",
        json_schema_extra=allowed("local, s3, cloud"),
    )
    state_bucket: str | None = Field(
        default=None,
        description="Bucket of the s3 backend.",
        json_schema_extra=allowed("a bucket's name; must be set for the s3 backend"),
    )
    state_region: str | None = Field(
        default=None,
        description="Region of that bucket; by default the one everything is in.",
        json_schema_extra=allowed("a region's name, or nothing"),
    )
    cloud_organization: str | None = Field(
        default=None,
        description="Organization of the cloud backend.",
        json_schema_extra=allowed("an organization's name; must be set for the cloud backend"),
    )
    cloud_hostname: str = Field(
        default="app.terraform.io",
        pattern=r"^[A-Za-z0-9.-]+(:\d+)?$",
        description="Host of the cloud backend.",
        json_schema_extra=allowed("a host's name"),
    )
    customer_managed_keys: bool = Field(
        default=False,
        description="Whether a key of our own encrypts everything, in place of keys of AWS.",
        json_schema_extra=allowed("true, false"),
    )
    access_logs: bool = Field(
        default=False,
        description="Whether who asked the buckets for what is kept; always with a key of our own.",
        json_schema_extra=allowed("true, false"),
    )
    code_signing_profile_version_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:signer:[a-z0-9-]+:\d{12}:/signing-profiles/\w{2,64}/\w{10}$",
        description="Signing profile; Lambda then refuses zips that it did not sign.",
        json_schema_extra=allowed("the ARN of a signing profile's version, or nothing"),
    )
    deletion_protection: bool = Field(
        default=False,
        description="Whether tables and buckets that hold data refuse to be deleted.",
        json_schema_extra=allowed("true, false"),
    )
    warm_throughput: Annotated[
        WarmThroughputSettings | None, NoDecode, BeforeValidator(from_json)
    ] = Field(
        default=None,
        description="What the items table takes at once, where that is more than AWS's default.",
        json_schema_extra=allowed(
            f"read_units_per_second {LEAST_WARM_READ_UNITS} to {MOST_WARM_UNITS}, "
            f"write_units_per_second {LEAST_WARM_WRITE_UNITS} to {MOST_WARM_UNITS}, or nothing"
        ),
    )
    large_object_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        le=5 * 1024**4,
        description="Files above this size are split into byte ranges.",
        json_schema_extra=allowed("1048576 to 5497558138880"),
    )
    work_queue_concurrency: int = Field(
        default=10,
        ge=2,
        le=1000,
        description="Byte ranges processed at the same time.",
        json_schema_extra=allowed("2 to 1000"),
    )
    expected_feed_interval_hours: int = Field(
        default=24,
        ge=1,
        le=168,
        description="Hours without a feed after which an alarm goes off.",
        json_schema_extra=allowed("1 to 168"),
    )
    max_reserved_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Files processed at the same time, set aside from the account's pool.",
        json_schema_extra=allowed("1 to 1000, or nothing"),
    )
    noncurrent_version_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days replaced and deleted files are kept.",
        json_schema_extra=allowed("1 to 3650"),
    )
    reject_message_limit: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Reject messages per file before one message stands for all.",
        json_schema_extra=allowed("1 to 100000"),
    )
    max_stock_drop_share: Decimal = Field(
        default=Decimal(0),
        ge=0,
        le=1,
        description="Share of the known stock that one file may take away; 0 switches it off.",
        json_schema_extra=allowed("0 to 1"),
    )
    reconcile_deadline_minutes: int = Field(
        default=60,
        ge=5,
        le=10_080,
        description="Age at which a file must have been accounted for.",
        json_schema_extra=allowed("5 to 10080"),
    )
    feed_profiles: Annotated[dict[str, Any], NoDecode, BeforeValidator(from_json)] = Field(
        default={"profiles": [], "pins": {}},
        description="Profiles of feeds beside the built-in ones, and which key prefix has which.",
        json_schema_extra=allowed(
            f'JSON such as {{"profiles": [], "pins": {{}}}}, up to {MOST_FEED_PROFILE_BYTES} bytes'
        ),
    )
    tags: Annotated[dict[str, str], NoDecode, BeforeValidator(from_json)] = Field(
        default={},
        description="Tags of everything, beside environment, project and managed-by.",
        json_schema_extra=allowed(
            f"up to {MOST_TAGS}, keys of 1 to {MOST_TAG_KEY_CHARACTERS} characters that do not "
            f"begin with aws:, values of up to {MOST_TAG_VALUE_CHARACTERS}"
        ),
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what cdktf.json says, and read nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @property
    def stack_name(self) -> str:
        """The stack's name, which is its folder and its workspace too."""
        return f"inventory-{self.environment_suffix}"

    @property
    def keeps_access_logs(self) -> bool:
        """Whether there is a bucket of access logs."""
        return self.access_logs or self.customer_managed_keys

    def feed_profiles_json(self) -> str:
        """Feed profiles as the functions get them: compact, keys in order."""
        return json.dumps(self.feed_profiles, separators=(",", ":"), sort_keys=True)

    @field_validator("log_retention_days")
    @classmethod
    def _retention_of_cloudwatch(cls, value: int) -> int:
        if value not in RETENTION_DAYS:
            raise ValueError("not a retention that CloudWatch Logs has")
        return value

    @field_validator("summary_timezone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not a time zone") from None
        return value

    @field_validator("tags")
    @classmethod
    def _tags_of_aws(cls, value: dict[str, str]) -> dict[str, str]:
        fits = len(value) <= MOST_TAGS and all(
            1 <= len(key) <= MOST_TAG_KEY_CHARACTERS
            and not key.lower().startswith("aws:")
            and len(text) <= MOST_TAG_VALUE_CHARACTERS
            for key, text in value.items()
        )
        if not fits:
            raise ValueError("not tags that AWS takes")
        return value

    @field_validator("feed_profiles")
    @classmethod
    def _room_for_feed_profiles(cls, value: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(value, separators=(",", ":"))
        if not {"profiles", "pins"} >= set(value) or len(text.encode()) > MOST_FEED_PROFILE_BYTES:
            raise ValueError("not feed profiles")
        return {"profiles": [], "pins": {}, **value}

    @model_validator(mode="after")
    def _backend_is_complete(self) -> Self:
        needs = {"s3": "state_bucket", "cloud": "cloud_organization"}
        name = needs.get(self.backend)
        if name and not getattr(self, name):
            raise ValueError(f"{name} must be set for the {self.backend} backend")
        return self
