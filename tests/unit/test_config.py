"""The functions read their environment once and report everything that is wrong with it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.config import ConfigError, IngestConfig, ReconcileConfig

INGEST = {
    "ITEMS_TABLE_NAME": "items",
    "INGESTIONS_TABLE_NAME": "ingestions",
    "LANES_TABLE_NAME": "lanes",
    "DEAD_LETTER_QUEUE_URL": "https://queue/dlq",
    "WORK_QUEUE_URL": "https://queue/work",
    "REPORTS_BUCKET_NAME": "reports",
    "EVENT_BUS_NAME": "events",
    "ENVIRONMENT_SUFFIX": "dev",
    "FEEDS_KEY": "settings/feeds.json",
    "FEEDS_VERSION_ID": "v1",
    "REJECT_MESSAGE_LIMIT": "1000",
    "LARGE_OBJECT_BYTES": "67108864",
    "MAX_STOCK_DROP_SHARE": "0.5",
    "TIME_TOLERANCE_MINUTES": "60",
    "FULL_READ_DAYS": "7",
}


def test_every_variable_becomes_a_typed_field() -> None:
    """Numbers and shares arrive parsed."""
    config = IngestConfig.from_env(INGEST)

    assert config.large_object_bytes == 67108864
    assert config.max_stock_drop_share == Decimal("0.5")
    assert config.time_tolerance_minutes == 60


def test_the_variables_of_a_function_are_its_fields_in_upper_case() -> None:
    """The contract test compares this set with what the construct sets."""
    assert IngestConfig.variables() == frozenset(INGEST)


def test_fails_with_every_missing_and_unusable_variable_in_one_message() -> None:
    """Somebody who fixes the environment fixes it once."""
    with pytest.raises(ConfigError) as caught:
        ReconcileConfig.from_env({"UPLOADS_BUCKET_NAME": "", "RECONCILE_DEADLINE_MINUTES": "soon"})

    message = str(caught.value)
    assert "UPLOADS_BUCKET_NAME=''" in message
    assert "INGESTIONS_TABLE_NAME is not set" in message
    assert "LANES_TABLE_NAME is not set" in message
    assert "WORK_QUEUE_URL is not set" in message
    assert "RECONCILE_DEADLINE_MINUTES='soon'" in message


@pytest.mark.parametrize("share", ["-0.01", "1.01", "half"])
def test_fails_for_a_share_outside_zero_to_one(share: str) -> None:
    """A share is a part of the whole."""
    with pytest.raises(ConfigError, match="MAX_STOCK_DROP_SHARE"):
        IngestConfig.from_env({**INGEST, "MAX_STOCK_DROP_SHARE": share})


@pytest.mark.parametrize("minutes", ["-1", "1.5", "", "an hour"])
def test_fails_for_a_tolerance_that_is_no_number_of_minutes(minutes: str) -> None:
    """Zero is one."""
    with pytest.raises(ConfigError, match="TIME_TOLERANCE_MINUTES"):
        IngestConfig.from_env({**INGEST, "TIME_TOLERANCE_MINUTES": minutes})
    assert IngestConfig.from_env({**INGEST, "TIME_TOLERANCE_MINUTES": "0"})
