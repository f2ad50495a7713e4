"""Settings come from cdktf.json, the environment wins, and all errors are told at once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from constructs_lib.settings import Settings
from constructs_lib.settings_loading import SettingsError, load_settings

PROJECT = Path(__file__).parents[2]


def refusal(context=None, **kwargs) -> str:
    """Give the message with which settings are refused."""
    with pytest.raises(SettingsError) as caught:
        load_settings(context or {}, **kwargs)
    return str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    """A development environment needs no settings at all."""
    settings = load_settings({})

    assert settings.environment_suffix == "dev"
    assert settings.log_retention_days == 7
    assert settings.backend == "local"
    assert settings.warm_throughput is None
    assert settings.stack_name == "inventory-dev"


def test_every_setting_says_what_it_is_and_what_it_may_be() -> None:
    """Errors and documentation rest on it."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert isinstance(field.json_schema_extra, dict), name
        assert field.json_schema_extra["allowed"], name


def test_the_environment_wins_over_the_file(monkeypatch) -> None:
    """A variable with the setting's name in capitals."""
    monkeypatch.setenv("LOG_RETENTION_DAYS", "30")
    monkeypatch.setenv("CUSTOMER_MANAGED_KEYS", "true")
    monkeypatch.setenv("MAX_STOCK_DROP_SHARE", "0.25")
    settings = load_settings({"log_retention_days": 14, "low_stock_threshold": 3})

    assert settings.log_retention_days == 30
    assert settings.customer_managed_keys is True
    assert settings.max_stock_drop_share == Decimal("0.25")
    assert settings.low_stock_threshold == 3


def test_an_empty_variable_is_as_good_as_none(monkeypatch) -> None:
    """Pipelines set variables they have no value for."""
    monkeypatch.setenv("ALARM_EMAIL", "")
    monkeypatch.setenv("LOG_RETENTION_DAYS", "")

    assert load_settings({"log_retention_days": 14}).log_retention_days == 14


def test_what_is_an_object_in_the_file_is_json_in_the_environment(monkeypatch) -> None:
    """Tags and warm throughput."""
    monkeypatch.setenv("TAGS", '{"team": "stock"}')
    monkeypatch.setenv("WARM_THROUGHPUT", '{"write_units_per_second": 8000}')
    monkeypatch.setattr("constructs_lib.settings.locked_provider", lambda: (6, 13, 0))
    settings = load_settings({})

    assert settings.tags == {"team": "stock"}
    assert settings.warm_throughput is not None
    assert settings.warm_throughput.write_units_per_second == 8000


def test_fails_with_everything_that_is_wrong_at_once(monkeypatch) -> None:
    """Each line has the setting, its variable, the value got and the values allowed."""
    monkeypatch.setenv("TAGS", "team=stock")
    lines = refusal(
        {"environment_suffix": "Prod!", "log_retention_days": 8, "backend": "ftp", "colour": 1}
    ).splitlines()

    expected = {
        "environment_suffix": "'Prod!', allowed: 1 to 20 lower-case letters, digits and ",
        "log_retention_days": "8, allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, ",
        "backend": "'ftp', allowed: local, s3, cloud",
        "tags": "'team=stock', allowed: up to 7, keys of 1 to 128 characters that do not ",
    }
    assert len(lines) == len(expected) + 1
    for line, (name, rest) in zip(lines, expected.items(), strict=False):
        assert line.startswith(f"{name} ({name.upper()}): got {rest}")
    assert lines[-1] == f"colour: no such setting; there are {', '.join(Settings.model_fields)}"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("environment_suffix", ""),
        ("environment_suffix", "a" * 21),
        ("environment_suffix", "-a"),
        ("environment_suffix", "dev\n"),
        ("environment_suffix", "behind-dev"),
        ("environment_suffix", "daily-dev"),
        ("environment_suffix", "hourly-dev"),
        ("environment_suffix", "dev-dead-letter"),
        ("aws_region", "Frankfurt"),
        ("summary_schedule", "daily"),
        ("summary_schedule", "cron(0 6 * * * *)"),
        ("summary_schedule", "cron(99 77 * * ? *)"),
        ("summary_schedule", "cron(x y * * ? *)"),
        # An alarm looks back 168 hours at most, and a week is 169 where summer time ends.
        ("summary_schedule", "rate(7 days)"),
        ("summary_schedule", "rate(167 hours)"),
        ("summary_schedule", "cron(0 6 ? * MON *)"),
        ("summary_schedule", "cron(0 6 1 * ? *)"),
        ("summary_schedule", "at(2026-11-22T06:00:00)"),
        ("summary_timezone", "Mars/Olympus"),
        ("summary_timezone", "../../etc/passwd"),
        ("low_stock_threshold", -1),
        ("alarm_email", "nobody"),
        # Terraform would read these as templates.
        ("alarm_email", "${x}@example.com"),
        ("alarm_email", "x@%{if true}.example"),
        ("runbook_url", "https://example.com/${page}"),
        ("runbook_url", "https://example.com/%{page}"),
        ("runbook_url", "https://example.com/a page"),
        ("backend", "ftp"),
        ("state_bucket", "Not A Bucket!"),
        ("state_bucket", "b"),
        ("state_region", "mars"),
        ("cloud_organization", "a b/c"),
        ("cloud_hostname", "..."),
        ("cloud_hostname", "terraform..example"),
        ("cloud_hostname", "terraform.example:port"),
        ("customer_managed_keys", "perhaps"),
        ("warm_throughput", {"write_units_per_second": 3999}),
        ("warm_throughput", {"read_units_per_second": 40_001}),
        ("warm_throughput", {"speed": 1}),
        ("large_object_bytes", 1_048_575),
        ("work_queue_concurrency", 1),
        ("work_queue_concurrency", 1001),
        ("expected_feed_interval_hours", 0),
        ("expected_feed_interval_hours", 169),
        ("max_reserved_concurrency", 0),
        ("noncurrent_version_days", 0),
        ("reject_message_limit", 0),
        ("max_stock_drop_share", "1.01"),
        ("max_stock_drop_share", "-0.01"),
        ("reconcile_deadline_minutes", 4),
        ("tags", {"aws:team": "stock"}),
        ("tags", {"": "stock"}),
        ("tags", {"team": "x" * 257}),
        ("tags", {str(number): "x" for number in range(8)}),
        # IAM refuses a role with these, in the middle of a deployment.
        ("tags", {"team": "stock, and more"}),
        ("tags", {"team?": "stock"}),
        ("tags", {"Team": "stock", "team": "stock"}),
        ("tags", {"Project": "stock"}),
        ("feeds_file", "feeds.json"),
    ],
)
def test_fails_for_a_value_that_is_not_allowed(name, wrong) -> None:
    """The one line names the setting, its variable and what is allowed."""
    (line,) = refusal({name: wrong}).splitlines()

    assert line.startswith(f"{name}")
    assert f"({name.upper()}): got " in line
    assert "allowed: " in line


def test_tags_that_every_service_takes_are_taken() -> None:
    """Seven of them, letters of all languages, and other values for those of the pipeline.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
    """
    more = {f"key {number}": "x" for number in range(5)}
    tags = {"Größe_.:/=+-@9": "Ärger _.:/=+-@9", "project": "ours", **more}

    assert load_settings({"tags": tags}).tags == tags


@pytest.mark.parametrize(
    ("backend", "missing"), [("s3", "state_bucket"), ("cloud", "cloud_organization")]
)
def test_fails_for_a_backend_without_what_it_needs(backend, missing) -> None:
    """The line names the setting that is missing."""
    assert refusal({"backend": backend}) == f"{missing} must be set for the {backend} backend"
    assert load_settings({"backend": backend, missing: "something"})


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_environments_of_the_file_can_be_used(environment) -> None:
    """cdktf.json holds nothing that would be refused."""
    environments = json.loads((PROJECT / "cdktf.json").read_text())["context"]["environments"]

    assert load_settings({**environments[environment], "environment_suffix": environment})
