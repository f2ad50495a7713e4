"""Failed deliveries end in queues in AWS's own shapes: the patches of EventBridge and Lambda."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ministack.services import lambda_svc

from emulated_resources import attributes
from local_cloud.patches import deliveries

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources


def test_event_for_a_function_that_is_gone_ends_in_the_targets_queue(
    emulated: EmulatedResources,
) -> None:
    """A rule's target that does not exist dead-letters the event itself, without retries."""
    url, queue = emulated.queue("dead", "events.amazonaws.com")
    gone = f"arn:aws:lambda:us-east-1:000000000000:function:{emulated.name}"
    rule = emulated.rule({"Arn": gone, "DeadLetterConfig": {"Arn": queue}})

    emulated.send()

    [message] = emulated.receive(url)
    assert json.loads(message["Body"])["detail"] == {"file": "a+b"}
    found = attributes(message)
    assert found.pop("ERROR_MESSAGE")
    assert found == {
        "RULE_ARN": rule,
        "TARGET_ARN": gone,
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
    }


def test_event_for_a_function_that_the_rule_may_not_invoke_is_dead_lettered(
    emulated: EmulatedResources,
) -> None:
    """A missing permission of the rule is noticed here, not first on AWS."""
    seen, _ = emulated.queue("seen")
    url, queue = emulated.queue("dead", "events.amazonaws.com")
    arn = emulated.function("echo", emulated.role("role", "lambda.amazonaws.com"), seen)
    emulated.rule({"Arn": arn, "DeadLetterConfig": {"Arn": queue}})

    emulated.send()

    [message] = emulated.receive(url)
    assert attributes(message)["ERROR_CODE"] == "NO_PERMISSIONS"


def test_retries_end_at_the_targets_policy(emulated: EmulatedResources) -> None:
    """An error that may heal is retried up to the policy, which is named in the end."""
    error = deliveries.DeliveryError(
        code="ERROR_FROM_TARGET", exception="ServiceException", message="later", retried=True
    )
    attempts: list[None] = []

    def failing(*_: object) -> deliveries.DeliveryError:
        attempts.append(None)
        return error

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deliveries, "attempt_delivery", failing)
        patched.setattr(lambda_svc, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0.001)
        given_up = deliveries.deliver(
            emulated.name, "{}", {"MaximumRetryAttempts": 3}, lambda _: True
        )
        too_old = deliveries.deliver(
            emulated.name, "{}", {"MaximumEventAgeInSeconds": 0}, lambda _: True
        )

    assert given_up == deliveries.GivenUp(
        error=error, retry_attempts=3, exhausted="MaximumRetryAttempts"
    )
    assert too_old is not None
    assert too_old.exhausted == "MaximumEventAgeInSeconds"
    assert len(attempts) == 5


def test_crashing_function_is_tried_three_times_and_recorded_at_its_destination(
    emulated: EmulatedResources,
) -> None:
    """The on-failure destination gets the record of the invocation with the event inside."""
    seen, seen_arn = emulated.queue("seen")
    url, queue = emulated.queue("failed")
    role = emulated.role(
        "role", "lambda.amazonaws.com", ("sqs:SendMessage", seen_arn), ("sqs:SendMessage", queue)
    )
    arn = emulated.function("crash", role, seen)
    functions = emulated.cloud.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName=emulated.name, DestinationConfig={"OnFailure": {"Destination": queue}}
    )

    functions.invoke(FunctionName=emulated.name, InvocationType="Event", Payload=b'{"n": 1}')

    [message] = emulated.receive(url)
    record = json.loads(message["Body"])
    assert len(emulated.receive(seen, 3)) == 3
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"] == f"{arn}:$LATEST"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no such luck"
    assert attributes(message) == {}


def test_dead_letter_queue_of_a_function_gets_the_event_itself(emulated: EmulatedResources) -> None:
    """A function's own dead-letter queue holds the event, and the error in three attributes."""
    seen, _ = emulated.queue("seen")
    url, queue = emulated.queue("failed")
    role = emulated.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    emulated.function("crash", role, seen, DeadLetterConfig={"TargetArn": queue})

    emulated.cloud.client("lambda").invoke(
        FunctionName=emulated.name, InvocationType="Event", Payload=b'{"n": 1}'
    )

    [message] = emulated.receive(url)
    assert json.loads(message["Body"]) == {"n": 1}
    found = attributes(message)
    assert found.pop("RequestID")
    assert found == {"ErrorCode": "200", "ErrorMessage": "no such luck"}


def test_throttled_event_waits_until_the_function_is_free(emulated: EmulatedResources) -> None:
    """An event that finds the function throttled is neither dropped nor counted as an attempt."""
    seen, _ = emulated.queue("seen")
    role = emulated.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    emulated.function("echo", role, seen)
    functions = emulated.cloud.client("lambda")
    functions.put_function_concurrency(FunctionName=emulated.name, ReservedConcurrentExecutions=1)

    for number in range(6):
        functions.invoke(
            FunctionName=emulated.name,
            InvocationType="Event",
            Payload=json.dumps({"n": number}).encode(),
        )

    bodies = [json.loads(message["Body"]) for message in emulated.receive(seen, 6)]
    assert sorted(body["event"]["n"] for body in bodies) == [0, 1, 2, 3, 4, 5]


def test_functions_see_nothing_of_the_callers_environment(
    emulated: EmulatedResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function's environment is its own: the caller's variables do not leak into it."""
    monkeypatch.setenv("LEAKED", "yes")
    seen, _ = emulated.queue("seen")
    role = emulated.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    emulated.function("echo", role, seen)

    emulated.cloud.client("lambda").invoke(FunctionName=emulated.name, Payload=b"{}")

    [message] = emulated.receive(seen)
    environment = json.loads(message["Body"])["environment"]
    assert environment["SEEN"] == seen
    assert not {"LEAKED", "PIPENV_ACTIVE", "TERM"} & environment.keys()


def test_s3_event_names_the_version_and_keeps_the_key_as_it_is(emulated: EmulatedResources) -> None:
    """An Object Created event carries version-id, etag and sequencer, and an undecoded key."""
    s3 = emulated.cloud.client("s3")
    url, queue = emulated.queue("events", "events.amazonaws.com")
    s3.create_bucket(Bucket=emulated.name)
    s3.put_bucket_versioning(Bucket=emulated.name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=emulated.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events = emulated.cloud.client("events")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [emulated.name]}}}
    events.put_rule(Name=emulated.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=emulated.name, Targets=[{"Id": "queue", "Arn": queue}])

    put = s3.put_object(Bucket=emulated.name, Key="shop a/100%+1.csv", Body=b"sku,quantity\n")

    [message] = emulated.receive(url)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Object Created"
    described = event["detail"]["object"]
    assert described["key"] == "shop a/100%+1.csv"
    assert described["version-id"] == put["VersionId"]
    assert described["etag"] == put["ETag"].strip('"')
    assert int(described["sequencer"], 16) > 0
