"""Guards of data: a table of attributes, and the directions that take a guard away."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from plan_review.attributes import normal
from plan_review.masking import ABSENT, SENSITIVE, UNKNOWN, anywhere
from plan_review.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from plan_review.masking import JsonValue
    from plan_review.plan import Change


class To(StrEnum):
    """A direction that an attribute must not take unseen.

    SOONER: a smaller number, where none and 0 are never. LESS: a smaller number. FEWER: a smaller
    number, where none is 0. OFF: not true, or not there, any more. FALSE: the same, or false from
    the beginning. ON: true, or there, from now on. OTHER: another value. CHANGED: the same, or a
    value where there was none.
    """

    SOONER = "sooner"
    LESS = "less"
    FEWER = "fewer"
    OFF = "off"
    FALSE = "false"
    ON = "on"
    OTHER = "other"
    CHANGED = "changed"


class Guard(NamedTuple):
    """An attribute that guards data, or decides how long it lives.

    Attributes:
        type: The resource's type.
        path: The attribute; `*` stands for any element or part of a name, `**` for all below.
        to: The direction that is told.
        says: What it means.
        refused: True if data goes with it, so that it has to be allowed.
        values: The values that are told, of a direction `OTHER`; all, if there are none.
        of_new: True if it is told of what is new, too, and belongs to nothing that was there.
    """

    type: str
    path: str
    to: To
    says: str
    refused: bool = False
    values: tuple[str, ...] = ()
    of_new: bool = False


ONE_DOT = "\u2024"
"""Stands for a dot within a name: a path has dots between names."""

_TABLE, _BUCKET, _RULE = (
    "aws_dynamodb_table",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
)
_QUEUE, _KEY, _FUNCTION = "aws_sqs_queue", "aws_kms_key", "aws_lambda_function"
_SCHEDULE, _TARGET = "aws_scheduler_schedule", "aws_cloudwatch_event_target"
_INVOKE, _ALARM = "aws_lambda_function_event_invoke_config", "aws_cloudwatch_metric_alarm"
_COMPOSITE = "aws_cloudwatch_composite_alarm"
_FILTER, _MAPPING = "aws_cloudwatch_log_metric_filter", "aws_lambda_event_source_mapping"
_BLOCK, _DATABASE = "aws_s3_bucket_public_access_block", "aws_db_instance"
_VERSIONING = "aws_s3_bucket_versioning"

_LEFT_BEHIND = {_VERSIONING: {"versioning_configuration": [{"status": "Suspended"}]}}
"""What the provider makes of settings that are destroyed, where the rest stays. Source:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_versioning"""

_LIFECYCLE_RULES = {_BUCKET: "lifecycle_rule", _RULE: "rule"}
"""Blocks whose going lets objects live longer, whatever they said."""

GUARDS = (
    Guard(_TABLE, "deletion_protection_enabled", To.OFF, "the table may be deleted"),
    Guard(_TABLE, "point_in_time_recovery.*.enabled", To.OFF, "its backups go", refused=True),
    Guard(
        _TABLE,
        "point_in_time_recovery.*.recovery_period_in_days",
        To.LESS,
        "backups go sooner",
        refused=True,
    ),
    Guard(_TABLE, "ttl.*.enabled", To.ON, "items expire", refused=True),
    Guard(_TABLE, "ttl.*.attribute_name", To.OTHER, "other items expire", refused=True),
    Guard(_TABLE, "replica.**", To.OTHER, "a replica goes", refused=True),
    Guard(_TABLE, "server_side_encryption.*.enabled", To.OFF, "its own encryption goes"),
    Guard(_TABLE, "server_side_encryption.*.kms_key_arn", To.CHANGED, "another key is needed"),
    Guard(_TABLE, "stream_enabled", To.OFF, "nobody hears of changes any more"),
    Guard(_TABLE, "stream_view_type", To.OTHER, "its stream says something else"),
    Guard(_TABLE, "billing_mode", To.OTHER, "it takes another load"),
    Guard(_TABLE, "read_capacity", To.LESS, "it takes less load"),
    Guard(_TABLE, "write_capacity", To.LESS, "it takes less load"),
    Guard(_TABLE, "on_demand_throughput.*.*", To.CHANGED, "it takes another load"),
    Guard(
        _BUCKET,
        "lifecycle_rule.*.expiration.*.days",
        To.SOONER,
        "objects expire sooner",
        refused=True,
    ),
    Guard(
        _BUCKET,
        "lifecycle_rule.*.noncurrent_version_expiration.*.days",
        To.SOONER,
        "old versions go sooner",
        refused=True,
    ),
    Guard(_BUCKET, "lifecycle_rule.*.enabled", To.ON, "its objects expire", refused=True),
    Guard(_BUCKET, "lifecycle_rule.*.prefix", To.OTHER, "other objects expire", refused=True),
    Guard(_BUCKET, "lifecycle_rule.*.tags.*", To.OTHER, "other objects expire", refused=True),
    Guard(_BUCKET, "versioning.*.enabled", To.OFF, "what is overwritten is lost", refused=True),
    Guard(_BUCKET, "replication_configuration.**", To.CHANGED, "its objects go elsewhere"),
    Guard(_BUCKET, "grant.**", To.CHANGED, "others may read or write it"),
    *(
        Guard(
            kind,
            "acl",
            To.OTHER,
            "everybody may read or write it",
            values=("authenticated-read", "public-read", "public-read-write"),
            of_new=True,
        )
        for kind in (_BUCKET, "aws_s3_object")
    ),
    Guard(_BUCKET, "force_destroy", To.ON, "objects may be destroyed with it"),
    Guard(_RULE, "rule.*.expiration.*.days", To.SOONER, "objects expire sooner", refused=True),
    Guard(_RULE, "rule.*.expiration.*.date", To.CHANGED, "objects expire", refused=True),
    Guard(_RULE, "rule.*.transition.*.*", To.CHANGED, "objects cannot be read at once"),
    Guard(
        _RULE,
        "rule.*.noncurrent_version_expiration.*.noncurrent_days",
        To.SOONER,
        "old versions go sooner",
        refused=True,
    ),
    Guard(
        _RULE,
        "rule.*.noncurrent_version_expiration.*.newer_noncurrent_versions",
        To.FEWER,
        "fewer old versions stay",
        refused=True,
    ),
    Guard(
        _RULE,
        "rule.*.status",
        To.OTHER,
        "its objects expire",
        refused=True,
        values=("Enabled",),
    ),
    Guard(_RULE, "rule.*.filter.**", To.OTHER, "other objects expire", refused=True),
    Guard(_RULE, "rule.*.prefix", To.OTHER, "other objects expire", refused=True),
    Guard(
        _VERSIONING,
        "versioning_configuration.*.status",
        To.OTHER,
        "what is overwritten is lost",
        refused=True,
        values=("Disabled", "Suspended"),
    ),
    Guard(
        _VERSIONING,
        "versioning_configuration.*.mfa_delete",
        To.OTHER,
        "versions may be deleted without it",
        values=("Disabled",),
    ),
    Guard(
        "aws_s3_bucket_object_lock_configuration",
        "rule.*.default_retention.*.*",
        To.LESS,
        "objects may be deleted sooner",
        refused=True,
    ),
    *(
        Guard(block, name, To.FALSE, "buckets may become public")
        for block in (_BLOCK, "aws_s3_account_public_access_block")
        for name in (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        )
    ),
    Guard(
        "aws_s3_bucket_ownership_controls",
        "rule.*.object_ownership",
        To.OTHER,
        "lists of access count again",
        values=("BucketOwnerPreferred", "ObjectWriter"),
    ),
    Guard(
        "aws_s3_bucket_notification", "eventbridge", To.OFF, "nobody hears of new files any more"
    ),
    *(
        Guard("aws_s3_bucket_notification", f"{name}.**", To.OTHER, "others hear of new files")
        for name in ("lambda_function", "queue", "topic")
    ),
    Guard("aws_s3_bucket_logging", "target_bucket", To.OTHER, "its record goes elsewhere"),
    Guard(
        "aws_s3_bucket_server_side_encryption_configuration",
        "rule.*.apply_server_side_encryption_by_default.*.*",
        To.CHANGED,
        "new objects are encrypted in another way",
    ),
    Guard(_QUEUE, "message_retention_seconds", To.LESS, "messages go sooner", refused=True),
    Guard(_QUEUE, "redrive_policy", To.OTHER, "failed messages go elsewhere, or are lost"),
    Guard(_QUEUE, "kms_master_key_id", To.CHANGED, "another key is needed"),
    Guard(_QUEUE, "max_message_size", To.LESS, "larger messages are refused"),
    Guard(_QUEUE, "visibility_timeout_seconds", To.LESS, "messages come twice"),
    Guard(_QUEUE, "sqs_managed_sse_enabled", To.OFF, "messages are stored in clear"),
    Guard(
        "aws_sqs_queue_redrive_policy",
        "redrive_policy",
        To.OTHER,
        "failed messages go elsewhere, or are lost",
    ),
    Guard(
        "aws_cloudwatch_log_group", "retention_in_days", To.SOONER, "logs go sooner", refused=True
    ),
    Guard("aws_cloudwatch_log_group", "kms_key_id", To.CHANGED, "another key is needed"),
    Guard(_FILTER, "log_group_name", To.OTHER, "it counts something else"),
    Guard(_FILTER, "pattern", To.CHANGED, "it counts something else"),
    Guard(_FILTER, "metric_transformation.**", To.OTHER, "it counts something else"),
    Guard("aws_kms_alias", "target_key_id", To.OTHER, "another key is needed"),
    Guard(_KEY, "is_enabled", To.OFF, "nobody can read what it encrypts", refused=True),
    Guard(_KEY, "enable_key_rotation", To.OFF, "the key stays the same for ever"),
    Guard(_KEY, "rotation_period_in_days", To.OTHER, "it rotates in another rhythm"),
    Guard(_KEY, "deletion_window_in_days", To.LESS, "less time to take a deletion back"),
    Guard(_KEY, "bypass_policy_lockout_safety_check", To.ON, "its policy may lock everybody out"),
    Guard("aws_cloudwatch_event_rule", "is_enabled", To.OFF, "events are not delivered"),
    Guard(
        "aws_cloudwatch_event_rule",
        "state",
        To.OTHER,
        "events are not delivered",
        values=("DISABLED",),
    ),
    Guard("aws_cloudwatch_event_rule", "event_pattern", To.OTHER, "other events are delivered"),
    Guard("aws_cloudwatch_event_rule", "schedule_expression", To.OTHER, "it runs at other times"),
    Guard(_TARGET, "arn", To.OTHER, "events go elsewhere"),
    Guard(_TARGET, "input", To.CHANGED, "events say something else"),
    Guard(_TARGET, "input_path", To.CHANGED, "events say something else"),
    Guard(_TARGET, "input_transformer.**", To.CHANGED, "events say something else"),
    Guard(_TARGET, "role_arn", To.OTHER, "it runs with another role"),
    Guard(_TARGET, "dead_letter_config.**", To.OTHER, "undeliverable events are lost"),
    Guard(_TARGET, "retry_policy.*.*", To.LESS, "it gives up sooner"),
    Guard(_SCHEDULE, "state", To.OTHER, "it does not run", values=("DISABLED",)),
    *(
        Guard(_SCHEDULE, name, To.CHANGED, "it runs at other times")
        for name in (
            "schedule_expression",
            "schedule_expression_timezone",
            "start_date",
            "end_date",
        )
    ),
    Guard(_SCHEDULE, "target.*.arn", To.OTHER, "it runs something else"),
    Guard(_SCHEDULE, "target.*.input", To.CHANGED, "it runs something else"),
    Guard(_SCHEDULE, "target.*.dead_letter_config.**", To.OTHER, "what fails is lost"),
    Guard(_SCHEDULE, "target.*.retry_policy.*.*", To.LESS, "it gives up sooner"),
    Guard(_SCHEDULE, "target.*.role_arn", To.OTHER, "it runs with another role"),
    Guard(_FUNCTION, "role", To.OTHER, "it runs with another role"),
    Guard(
        _FUNCTION,
        "reserved_concurrent_executions",
        To.OTHER,
        "it does not run",
        values=("0",),
    ),
    Guard(_FUNCTION, "dead_letter_config.**", To.OTHER, "failed events are lost"),
    Guard(_FUNCTION, "code_signing_config_arn", To.OTHER, "it takes code that others signed"),
    Guard(_FUNCTION, "environment.*.variables.*_ARN", To.OTHER, "it works on something else"),
    Guard(_FUNCTION, "environment.*.variables.*_NAME", To.OTHER, "it works on something else"),
    Guard(_FUNCTION, "environment.*.variables.*_URL", To.OTHER, "it works on something else"),
    Guard(
        _FUNCTION,
        "environment.*.variables.MAX_STOCK_DROP_SHARE",
        To.CHANGED,
        "it holds files back at another drop of stock",
    ),
    Guard(
        _FUNCTION, "environment.*.variables.FEED_PROFILES", To.CHANGED, "it reads feeds otherwise"
    ),
    Guard(_FUNCTION, "handler", To.OTHER, "it runs something else"),
    Guard(_FUNCTION, "logging_config.*.log_group", To.OTHER, "its logs go elsewhere"),
    *(
        Guard(_FUNCTION, f"logging_config.*.{name}", To.CHANGED, "its logs say something else")
        for name in ("application_log_level", "log_format", "system_log_level")
    ),
    Guard(
        "aws_lambda_function_recursion_config",
        "recursive_loop",
        To.OTHER,
        "long chains through a queue are dropped",
        values=("Terminate",),
    ),
    Guard(_FUNCTION, "kms_key_arn", To.CHANGED, "another key is needed"),
    Guard(_FUNCTION, "timeout", To.LESS, "it gives up sooner"),
    Guard(_FUNCTION, "vpc_config.**", To.CHANGED, "it reaches something else"),
    Guard(_MAPPING, "event_source_arn", To.ON, "somebody else reads it, too"),
    Guard(_MAPPING, "enabled", To.OFF, "nobody reads the queue"),
    Guard(_MAPPING, "filter_criteria.**", To.CHANGED, "what does not match is deleted unread"),
    Guard(_MAPPING, "function_name", To.OTHER, "somebody else reads the queue"),
    Guard(
        _MAPPING,
        "function_response_types.**",
        To.OFF,
        "one bad message fails its batch",
    ),
    Guard(
        "aws_lambda_code_signing_config",
        "policies.*.untrusted_artifact_on_deployment",
        To.OTHER,
        "it takes code that nobody signed",
        values=("Warn",),
    ),
    Guard(
        "aws_lambda_code_signing_config",
        "allowed_publishers.**",
        To.CHANGED,
        "it takes code that others signed",
    ),
    Guard(_INVOKE, "maximum_retry_attempts", To.LESS, "it gives up sooner"),
    Guard(_INVOKE, "maximum_event_age_in_seconds", To.LESS, "it gives up sooner"),
    Guard(_INVOKE, "destination_config.**", To.OTHER, "events go elsewhere, or are lost"),
    *(
        Guard(alarm, *guard)
        for alarm in (_ALARM, _COMPOSITE)
        for guard in (
            ("alarm_actions.**", To.OFF, "nobody is told"),
            ("actions_enabled", To.OFF, "nobody is told"),
        )
    ),
    Guard(_COMPOSITE, "actions_suppressor.**", To.CHANGED, "nobody is told at times"),
    Guard(_COMPOSITE, "alarm_rule", To.CHANGED, "it rings for something else"),
    *(
        Guard(_ALARM, name, To.CHANGED, "it rings for something else")
        for name in (
            "comparison_operator",
            "datapoints_to_alarm",
            "dimensions.*",
            "evaluate_low_sample_count_percentiles",
            "evaluation_periods",
            "metric_name",
            "metric_query.**",
            "namespace",
            "period",
            "statistic",
            "extended_statistic",
            "threshold",
            "threshold_metric_id",
            "unit",
        )
    ),
    Guard(
        _ALARM,
        "treat_missing_data",
        To.OTHER,
        "silence is no alarm",
        values=("ignore", "missing", "notBreaching"),
    ),
    Guard("aws_sns_topic", "kms_master_key_id", To.CHANGED, "another key is needed"),
    Guard("aws_sns_topic_subscription", "filter_policy", To.CHANGED, "others are told"),
    Guard("aws_sns_topic_subscription", "filter_policy_scope", To.OTHER, "others are told"),
    Guard("aws_sns_topic_subscription", "redrive_policy", To.OTHER, "what fails is lost"),
    Guard(_DATABASE, "backup_retention_period", To.LESS, "backups go sooner", refused=True),
    Guard(_DATABASE, "deletion_protection", To.OFF, "it may be deleted"),
    Guard(_DATABASE, "skip_final_snapshot", To.ON, "nothing is kept when it goes"),
    Guard(
        "aws_secretsmanager_secret",
        "recovery_window_in_days",
        To.LESS,
        "less time to take a deletion back",
    ),
)
"""Facts that are told, whatever else a plan does."""


@dataclass(frozen=True, kw_only=True)
class Loosening:
    """An attribute that goes in a direction of the table.

    Attributes:
        address: The resource.
        path: The attribute.
        before: What it was, as it may be shown.
        after: What it becomes.
        says: What that means.
        refused: True if data goes with it.
    """

    address: str
    path: str
    before: str
    after: str
    says: str
    refused: bool


def loosenings(change: Change, *, is_new: bool = False) -> Iterator[Loosening]:
    """Give what a change does to guards, and to how long data lives.

    Args:
        change: A change of a resource that stays, or of one that comes to, or goes from, one that
            stays.
        is_new: True if the resource is created, and belongs to nothing that was there.
    """
    exists = change.before is not None
    guards = [
        each
        for each in GUARDS
        if each.type == change.type
        and (exists or each.to != To.CHANGED)
        and (each.of_new or not is_new)
    ]
    if change.kind is Kind.DESTROY:
        change = replace(change, after=_LEFT_BEHIND.get(change.type))
    if not guards or change.after is None:
        return
    before, after = dict(_leaves(change.before)), dict(_leaves(change.after))
    after |= {path: UNKNOWN for path, mask in _leaves(change.unknown) if mask is True}
    hidden = anywhere([change.before_sensitive, change.after_sensitive])
    for guard in guards:
        for path in sorted({**before, **after}):
            old, new = before.get(path), after.get(path)
            if (new == UNKNOWN and _is_within(guard.path, path)) or (
                _pattern(guard.path).fullmatch(path)
                and _goes(guard, old, new)
                and _stays(guard, path, after)
            ):
                yield Loosening(
                    address=change.address,
                    path=guard.path if hidden else path,
                    before=SENSITIVE if hidden else _text(old),
                    after=SENSITIVE if hidden else _text(new),
                    says=guard.says,
                    refused=guard.refused and new != UNKNOWN,
                )


def _goes(guard: Guard, old: JsonValue, new: JsonValue) -> bool:
    """Tell whether an attribute goes in the direction that is told."""
    if normal(old) == normal(new):
        return False
    if new == UNKNOWN:
        return _MAY_GO[guard.to](old)
    if guard.to is To.OTHER and guard.values:
        return str(new) in guard.values and str(old) not in guard.values
    return _DIRECTIONS[guard.to](old, new)


_DIRECTIONS: dict[To, Callable[[JsonValue, JsonValue], bool]] = {
    To.SOONER: lambda old, new: _number(new or math.inf) < _number(old or math.inf),
    To.LESS: lambda old, new: None not in (old, new) and _number(new) < _number(old),
    To.FEWER: lambda old, new: _number(new or 0) < _number(old or 0),
    To.OFF: lambda old, new: bool(old) and not new,
    To.FALSE: lambda old, new: new is False or (bool(old) and not new),
    To.ON: lambda old, new: bool(new) and not old,
    To.OTHER: lambda old, _: bool(old),
    To.CHANGED: lambda old, new: bool(old or new),
}


_MAY_GO: dict[To, Callable[[JsonValue], bool]] = {
    To.SOONER: lambda _: True,
    To.LESS: lambda old: old is not None,
    To.FEWER: bool,
    To.OFF: bool,
    To.FALSE: lambda _: True,
    To.ON: lambda old: not old,
    To.OTHER: bool,
    To.CHANGED: lambda _: True,
}
"""Which old values a value that is not known yet may take the guard from."""


def _number(value: JsonValue) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.inf


def _stays(guard: Guard, path: str, after: dict[str, JsonValue]) -> bool:
    """Tell whether the lifecycle rule, if it is one, is still there."""
    parts = path.split(".")
    if parts[0] != _LIFECYCLE_RULES.get(guard.type):
        return True
    # Where versions do not expire any more, the number that is kept says nothing.
    block = parts[:-1] if guard.to is To.FEWER else parts[:2]
    return any(each.startswith(f"{'.'.join(block)}.") for each in after)


def _is_within(pattern: str, path: str) -> bool:
    """Tell whether an attribute of the pattern may lie within a block."""
    inner, outer = pattern.split("."), path.split(".")
    return len(outer) < len(inner) and all(
        _pattern(inner[index]).fullmatch(name) for index, name in enumerate(outer)
    )


@lru_cache
def _pattern(path: str) -> re.Pattern[str]:
    inner = re.escape(path).replace(r"\*\*", ".+").replace(r"\*", "[^.]+")
    return re.compile(inner)


def _leaves(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Values by path; elements of lists by their id, by themselves, or by their place."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            name = each.get("id", index) if isinstance(each, dict) else each
            yield from _leaves(each, f"{path}.{str(name).replace('.', ONE_DOT)}")
    else:
        yield path, _document(value)


def _document(value: JsonValue) -> JsonValue:
    """A document of JSON in one way of writing it, anything else as it is."""
    if not isinstance(value, str) or value[:1] != "{":
        return value
    try:
        return json.dumps(json.loads(value), sort_keys=True)
    except (RecursionError, ValueError):
        return value


def _text(value: JsonValue) -> str:
    return ABSENT if value is None else value if isinstance(value, str) else json.dumps(value)
