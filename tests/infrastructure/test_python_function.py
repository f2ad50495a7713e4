"""Functions have their own role and logs, are traced, and lose no event."""

from __future__ import annotations

import pytest

from synthesised import a_function, a_queue, allowed, only, readable, resources


def test_a_function_runs_the_package_and_is_traced(synth) -> None:
    """Handler, zip and its hash are what was given; tracing is on."""
    function = only(synth(a_function), "aws_lambda_function")

    assert function["handler"] == "inventory.handlers.work.handler"
    assert function["runtime"] == "python3.13"
    assert function["filename"] == "assets/summary.zip"
    assert function["source_code_hash"] == "c2hhMjU2"
    assert function["tracing_config"] == {"mode": "Active"}
    assert "reserved_concurrent_executions" not in function


def test_a_function_logs_into_a_group_that_is_there_before_it(synth) -> None:
    """The function refers to the group, so Terraform makes the group first, with its retention."""
    document = synth(a_function)
    group = only(document, "aws_cloudwatch_log_group")
    function = only(document, "aws_lambda_function")

    assert group == {"name": "/aws/lambda/inventory-work-test", "retention_in_days": 7}
    assert readable(function["logging_config"]["log_group"]) == "<Work_LogGroup.name>"


def test_a_function_may_log_trace_and_leave_failed_events(synth) -> None:
    """Nothing else, until it is granted."""
    document = synth(a_function)
    policy = only(document, "aws_iam_role_policy")["policy"]

    assert allowed(document, policy) == {
        ("logs:CreateLogStream", "<Work_LogGroup>:*"),
        ("logs:PutLogEvents", "<Work_LogGroup>:*"),
        ("sqs:SendMessage", "<Dlq>"),
        ("xray:PutTelemetryRecords", "*"),
        ("xray:PutTraceSegments", "*"),
    }


def test_a_failed_event_ends_in_the_dead_letter_queue(synth) -> None:
    """Two retries, six hours, then the queue."""
    document = synth(a_function)
    function = only(document, "aws_lambda_function")
    invocations = only(document, "aws_lambda_function_event_invoke_config")

    assert readable(function["dead_letter_config"]["target_arn"]) == "<Dlq>"
    assert invocations["maximum_retry_attempts"] == 2
    assert invocations["maximum_event_age_in_seconds"] == 21_600


def test_a_function_waits_for_its_permissions(synth) -> None:
    """Lambda refuses a dead-letter queue that the role may not write to."""
    function = only(synth(a_function), "aws_lambda_function")

    assert function["depends_on"][0].startswith("aws_iam_role_policy.Work_Policy_")


def a_function_with_a_queue(stack):
    """Make a function that takes messages off a queue."""
    function = a_function(stack, timeout_seconds=100)
    queue = a_queue(stack, "Jobs", visibility_timeout_seconds=600)
    function.add_queue_source("Jobs", queue, maximum_concurrency=5)
    return function


def test_a_queue_feeds_a_function_one_message_at_a_time(synth) -> None:
    """Failed messages alone come again, and concurrency is bounded."""
    document = synth(a_function_with_a_queue)
    mapping = only(document, "aws_lambda_event_source_mapping")

    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert mapping["batch_size"] == 1
    assert mapping["scaling_config"] == {"maximum_concurrency": 5}
    assert readable(mapping["event_source_arn"]) == "<Jobs>"


def test_a_queue_source_grants_its_consumption(synth) -> None:
    """The mapping acts with the function's role."""
    document = synth(a_function_with_a_queue)
    policy = only(document, "aws_iam_role_policy")["policy"]

    assert {pair for pair in allowed(document, policy) if pair[1] == "<Jobs>"} == {
        ("sqs:ChangeMessageVisibility", "<Jobs>"),
        ("sqs:DeleteMessage", "<Jobs>"),
        ("sqs:GetQueueAttributes", "<Jobs>"),
        ("sqs:ReceiveMessage", "<Jobs>"),
    }


def test_fails_for_a_queue_that_shows_a_message_again_too_soon(refuse) -> None:
    """Below six times the function's timeout, two invocations would do the same work."""

    def compose(stack) -> None:
        function = a_function(stack, timeout_seconds=100)
        queue = a_queue(stack, "Jobs", visibility_timeout_seconds=599)
        function.add_queue_source("Jobs", queue, maximum_concurrency=5)

    assert refuse(compose) == (
        "test/Work/Jobs: visibility_timeout_seconds: got 599, allowed 600 to 43200"
    )


def test_the_function_of_large_files_alone_may_call_itself(whole_stack) -> None:
    """Lambda stops any other one after about 16 invocations that follow from each other.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    setting = only(whole_stack(), "aws_lambda_function_recursion_config")

    assert readable(setting["function_name"]) == "<ChunkProcessor.function_name>"
    assert setting["recursive_loop"] == "Allow"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, [None, None, None, None]), ({"max_reserved_concurrency": 7}, [7, None, None, None])],
)
def test_as_much_concurrency_is_set_aside_as_the_setting_says(
    whole_stack, changes, expected
) -> None:
    """For the processor alone: the mapping bounds the chunk processor, and schedules the others."""
    by_name = {
        function["function_name"]: function.get("reserved_concurrent_executions")
        for function in resources(whole_stack(**changes), "aws_lambda_function")
    }

    assert expected == [
        by_name[f"inventory-{what}-dev"]
        for what in ("processor", "chunk-processor", "summary", "reconcile")
    ]


def test_the_defaults_leave_room_in_a_new_account(whole_stack) -> None:
    """Which may have a limit of 10: a large file leaves half of it to the others.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    document = whole_stack()
    (mapping,) = resources(document, "aws_lambda_event_source_mapping")

    assert mapping["scaling_config"]["maximum_concurrency"] <= 5


def test_functions_have_their_time_and_memory(whole_stack) -> None:
    """Loading has a whole processor, and all the time Lambda gives."""
    assert {
        function["function_name"]: (function["timeout"], function["memory_size"])
        for function in resources(whole_stack(), "aws_lambda_function")
    } == {
        "inventory-processor-dev": (900, 1769),
        "inventory-chunk-processor-dev": (900, 1769),
        "inventory-summary-dev": (900, 1024),
        "inventory-reconcile-dev": (300, 512),
    }
