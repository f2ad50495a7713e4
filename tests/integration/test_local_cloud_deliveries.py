"""Failed deliveries end in queues in AWS's own shapes: the patches of EventBridge and Lambda."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local_cloud.patches import deliveries
from workshop import attributes

if TYPE_CHECKING:
    from workshop import Workshop


def test_event_for_a_function_that_is_gone_ends_in_the_targets_queue(workshop: Workshop) -> None:
    """A rule's target that does not exist dead-letters the event itself, without retries."""
    url, queue = workshop.queue("dead", "events.amazonaws.com")
    gone = f"arn:aws:lambda:us-east-1:000000000000:function:{workshop.name}"
    rule = workshop.rule({"Arn": gone, "DeadLetterConfig": {"Arn": queue}})

    workshop.send()

    [message] = workshop.receive(url)
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
    workshop: Workshop,
) -> None:
    """A missing permission of the rule is noticed here, not first on AWS."""
    seen, _ = workshop.queue("seen")
    url, queue = workshop.queue("dead", "events.amazonaws.com")
    arn = workshop.function("echo", workshop.role("role", "lambda.amazonaws.com"), seen)
    workshop.rule({"Arn": arn, "DeadLetterConfig": {"Arn": queue}})

    workshop.send()

    [message] = workshop.receive(url)
    assert attributes(message)["ERROR_CODE"] == "NO_PERMISSIONS"


def test_retries_end_at_the_targets_policy(workshop: Workshop) -> None:
    """An error that may heal is retried up to the policy, which is named in the end."""
    error = deliveries.DeliveryError(
        code="ERROR_FROM_TARGET", exception="ServiceException", message="later", retried=True
    )
    attempts = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deliveries, "attempt_delivery", lambda *_: attempts.append(1) or error)
        patched.setattr(deliveries.lambda_svc, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0.001)
        given_up = deliveries.deliver(
            workshop.name, "{}", {"MaximumRetryAttempts": 3}, lambda _: True
        )
        too_old = deliveries.deliver(
            workshop.name, "{}", {"MaximumEventAgeInSeconds": 0}, lambda _: True
        )

    assert given_up == deliveries.GivenUp(
        error=error, retry_attempts=3, exhausted="MaximumRetryAttempts"
    )
    assert too_old is not None
    assert too_old.exhausted == "MaximumEventAgeInSeconds"
    assert len(attempts) == 5


def test_crashing_function_is_tried_three_times_and_recorded_at_its_destination(
    workshop: Workshop,
) -> None:
    """The on-failure destination gets the record of the invocation with the event inside."""
    seen, seen_arn = workshop.queue("seen")
    url, queue = workshop.queue("failed")
    role = workshop.role(
        "role", "lambda.amazonaws.com", ("sqs:SendMessage", seen_arn), ("sqs:SendMessage", queue)
    )
    arn = workshop.function("crash", role, seen)
    functions = workshop.cloud.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName=workshop.name, DestinationConfig={"OnFailure": {"Destination": queue}}
    )

    functions.invoke(FunctionName=workshop.name, InvocationType="Event", Payload=b'{"n": 1}')

    [message] = workshop.receive(url)
    record = json.loads(message["Body"])
    assert len(workshop.receive(seen, 3)) == 3
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"] == f"{arn}:$LATEST"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no such luck"
    assert attributes(message) == {}


def test_dead_letter_queue_of_a_function_gets_the_event_itself(workshop: Workshop) -> None:
    """A function's own dead-letter queue holds the event, and the error in three attributes."""
    seen, _ = workshop.queue("seen")
    url, queue = workshop.queue("failed")
    role = workshop.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    workshop.function("crash", role, seen, DeadLetterConfig={"TargetArn": queue})

    workshop.cloud.client("lambda").invoke(
        FunctionName=workshop.name, InvocationType="Event", Payload=b'{"n": 1}'
    )

    [message] = workshop.receive(url)
    assert json.loads(message["Body"]) == {"n": 1}
    found = attributes(message)
    assert found.pop("RequestID")
    assert found == {"ErrorCode": "200", "ErrorMessage": "no such luck"}


def test_throttled_event_waits_until_the_function_is_free(workshop: Workshop) -> None:
    """An event that finds the function throttled is neither dropped nor counted as an attempt."""
    seen, _ = workshop.queue("seen")
    role = workshop.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    workshop.function("echo", role, seen)
    functions = workshop.cloud.client("lambda")
    functions.put_function_concurrency(FunctionName=workshop.name, ReservedConcurrentExecutions=1)

    for number in range(6):
        functions.invoke(
            FunctionName=workshop.name,
            InvocationType="Event",
            Payload=json.dumps({"n": number}).encode(),
        )

    bodies = [json.loads(message["Body"]) for message in workshop.receive(seen, 6)]
    assert sorted(body["event"]["n"] for body in bodies) == [0, 1, 2, 3, 4, 5]


def test_functions_see_nothing_of_the_callers_environment(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function's environment is its own: the caller's variables do not leak into it."""
    monkeypatch.setenv("LEAKED", "yes")
    seen, _ = workshop.queue("seen")
    role = workshop.role("role", "lambda.amazonaws.com", ("sqs:SendMessage", "*"))
    workshop.function("echo", role, seen)

    workshop.cloud.client("lambda").invoke(FunctionName=workshop.name, Payload=b"{}")

    [message] = workshop.receive(seen)
    environment = json.loads(message["Body"])["environment"]
    assert environment["SEEN"] == seen
    assert not {"LEAKED", "PIPENV_ACTIVE", "TERM"} & environment.keys()


def test_s3_event_names_the_version_and_keeps_the_key_as_it_is(workshop: Workshop) -> None:
    """An Object Created event carries version-id, etag and sequencer, and an undecoded key."""
    s3 = workshop.cloud.client("s3")
    url, queue = workshop.queue("events", "events.amazonaws.com")
    s3.create_bucket(Bucket=workshop.name)
    s3.put_bucket_versioning(Bucket=workshop.name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=workshop.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events = workshop.cloud.client("events")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [workshop.name]}}}
    events.put_rule(Name=workshop.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=workshop.name, Targets=[{"Id": "queue", "Arn": queue}])

    put = s3.put_object(Bucket=workshop.name, Key="shop a/100%+1.csv", Body=b"sku,quantity\n")

    [message] = workshop.receive(url)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Object Created"
    described = event["detail"]["object"]
    assert described["key"] == "shop a/100%+1.csv"
    assert described["version-id"] == put["VersionId"]
    assert described["etag"] == put["ETag"].strip('"')
    assert int(described["sequencer"], 16) > 0
