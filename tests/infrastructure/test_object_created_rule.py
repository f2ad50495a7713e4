"""The rule hands every new object to one function, and keeps what it cannot hand over."""

from __future__ import annotations

from synthesised import only, readable


def test_the_rule_matches_new_objects_of_the_uploads_bucket_alone(whole_stack) -> None:
    """Source, kind of event and bucket, nothing narrower."""
    rule = only(whole_stack(), "aws_cloudwatch_event_rule")

    assert rule["event_pattern"].startswith(
        '${jsonencode({"source" = ["aws.s3"], "detail-type" = ["Object Created"], '
        '"detail" = {"bucket" = {"name" = [aws_s3_bucket.Uploads_'
    )


def test_the_target_keeps_what_cannot_be_delivered(whole_stack) -> None:
    """A day and 185 attempts, then the dead-letter queue; without it the event would be dropped."""
    target = only(whole_stack(), "aws_cloudwatch_event_target")

    assert readable(target["arn"]) == "<Processor>"
    assert target["target_id"] == "inventory-lambda-target-dev"
    assert readable(target["dead_letter_config"]["arn"]) == "<DeadLetterQueue>"
    assert target["retry_policy"] == {
        "maximum_event_age_in_seconds": 86_400,
        "maximum_retry_attempts": 185,
    }


def test_only_this_rule_may_invoke_the_function(whole_stack) -> None:
    """The permission names the rule's ARN."""
    permission = only(whole_stack(), "aws_lambda_permission")

    assert permission["action"] == "lambda:InvokeFunction"
    assert permission["principal"] == "events.amazonaws.com"
    assert readable(permission["source_arn"]) == "<UploadRule>"
    assert readable(permission["function_name"]) == "<Processor.function_name>"
