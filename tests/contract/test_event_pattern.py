"""The rule's pattern matches the events that S3 sends, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from synthesised import only

EVENTS = Path(__file__).parents[1] / "events"
BUCKET = "the-uploads-bucket"


def pattern_of(stack) -> dict[str, Any]:
    """Give the rule's pattern as EventBridge gets it, with a name for the bucket."""
    text = only(stack, "aws_cloudwatch_event_rule")["event_pattern"]
    text = text.removeprefix("${jsonencode(").removesuffix(")}")
    text = re.sub(r"aws_s3_bucket\.\w+\.bucket", json.dumps(BUCKET), text)
    return json.loads(text.replace('" = ', '": '))


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Tell whether an event matches a pattern of exact values.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
    """
    return all(
        name in event
        and (matches(wanted, event[name]) if isinstance(wanted, dict) else event[name] in wanted)
        for name, wanted in pattern.items()
    )


def recorded(name: str, bucket: str = BUCKET) -> dict[str, Any]:
    """Give a recorded event, as if it were from a bucket."""
    event = json.loads((EVENTS / f"{name}.json").read_text())
    if "bucket" in event.get("detail", {}):
        event["detail"]["bucket"]["name"] = bucket
    return event


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in EVENTS.glob("s3_object_created*.json"))
)
def test_a_new_object_of_the_bucket_matches(stack, name) -> None:
    """However it was made: put, copied, posted or uploaded in parts."""
    assert matches(pattern_of(stack), recorded(name))


def test_fails_to_match_an_object_of_another_bucket(stack) -> None:
    """Other buckets of the account tell EventBridge too."""
    assert not matches(pattern_of(stack), recorded("s3_object_created", bucket="another"))


@pytest.mark.parametrize("name", ["s3_object_deleted", "scheduled_summary"])
def test_fails_to_match_other_events(stack, name) -> None:
    """A deletion is no delivery."""
    assert not matches(pattern_of(stack), recorded(name))
