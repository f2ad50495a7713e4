"""Queues are encrypted, closed to plain HTTP, and know where poison goes."""

from __future__ import annotations

from synthesised import a_queue, only, readable, resources, statements

FOURTEEN_DAYS = 1_209_600


def test_a_queue_keeps_messages_for_fourteen_days_under_a_key_of_sqs(synth) -> None:
    """Somebody who comes back from two weeks off still finds them."""
    queue = only(synth(a_queue), "aws_sqs_queue")

    assert queue["message_retention_seconds"] == FOURTEEN_DAYS
    assert queue["sqs_managed_sse_enabled"] is True
    assert "kms_master_key_id" not in queue


def test_a_queue_uses_the_key_it_is_given(whole_stack) -> None:
    """SQS refuses its own key and ours at the same time."""
    queues = resources(whole_stack(customer_managed_keys=True), "aws_sqs_queue")

    assert len(queues) == 2
    for queue in queues:
        assert queue["kms_master_key_id"].startswith("${aws_kms_key.Key_")
        assert "sqs_managed_sse_enabled" not in queue


def test_a_queue_refuses_plain_http(synth) -> None:
    """Every action of everybody is denied unless it comes over TLS."""
    document = synth(a_queue)
    (statement,) = statements(document, only(document, "aws_sqs_queue_policy")["policy"])

    assert (statement["effect"], statement["actions"]) == ("Deny", ["sqs:*"])
    assert statement["principals"] == [{"type": "*", "identifiers": ["*"]}]
    assert statement["condition"] == [
        {"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}
    ]


def test_a_rule_may_leave_what_it_could_not_deliver(synth) -> None:
    """EventBridge may send for that one rule."""
    document = synth(lambda stack: a_queue(stack).grant_send_by_rule("the-rule"))
    policy = only(document, "aws_sqs_queue_policy")["policy"]
    _, statement = statements(document, policy)

    assert statement["actions"] == ["sqs:SendMessage"]
    assert [readable(each) for each in statement["resources"]] == ["<Dlq>"]
    assert statement["principals"] == [{"type": "Service", "identifiers": ["events.amazonaws.com"]}]
    assert statement["condition"] == [
        {"test": "ArnEquals", "variable": "aws:SourceArn", "values": ["the-rule"]}
    ]


def test_messages_received_too_often_go_to_the_dead_letter_queue(synth) -> None:
    """The redrive policy is written by Terraform, without the spaces that would be drift."""
    document = synth(
        lambda stack: a_queue(
            stack, "Work", dead_letter_queue=a_queue(stack), maximum_receive_count=3
        )
    )
    redrive = only(document, "aws_sqs_queue_redrive_policy")

    assert readable(redrive["queue_url"]) == "<Work.url>"
    assert redrive["redrive_policy"].startswith(
        '${jsonencode({"deadLetterTargetArn" = aws_sqs_queue.Dlq_'
    )
    assert redrive["redrive_policy"].endswith('.arn, "maxReceiveCount" = 3})}')


def test_a_queue_waits_for_no_other_queue(synth) -> None:
    """The provider waits 25 seconds for each queue; in a chain they would add up."""
    document = synth(lambda stack: a_queue(stack, "Work", dead_letter_queue=a_queue(stack, "Dlq")))

    for queue in resources(document, "aws_sqs_queue"):
        assert "aws_sqs_queue" not in str(queue)
        assert {"policy", "redrive_policy", "depends_on"}.isdisjoint(queue)
