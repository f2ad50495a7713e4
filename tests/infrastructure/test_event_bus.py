"""The bus on which others are told of files, and the rule that docs/events.md shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from constructs_lib.account import Account
from constructs_lib.event_bus import EventBus, EventBusProps
from constructs_lib.queue_event_rule import QueueEventRule, QueueEventRuleProps
from constructs_lib.validation import InvalidPropsError
from inventory.adapters.eventbridge_events import SOURCE
from inventory.domain.ingestions import Status
from synthesised import a_function, a_queue, only, readable, resources, role_permissions, statements

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.partition("```python\n")[2].partition("```")[0]
ACCOUNT = Account(
    account_id="123456789012",
    partition="aws",
    dns_suffix="amazonaws.com",
    region="us-east-1",
)


def a_bus(stack, **props) -> EventBus:
    """Add a bus."""
    return EventBus(stack, "Bus", EventBusProps(bus_name="files", account=ACCOUNT, **props))


def test_the_stack_has_a_bus_that_the_functions_that_load_files_may_send_to(whole_stack) -> None:
    """And nobody else."""
    document = whole_stack()
    assert only(document, "aws_cloudwatch_event_bus")["name"] == "inventory-events-dev"
    assert {
        role
        for role, pairs in role_permissions(document).items()
        if ("events:PutEvents", "<Events>") in pairs
    } == {"inventory-processor-dev", "inventory-chunk-processor-dev"}
    assert not resources(document, "aws_cloudwatch_event_bus_policy")


def test_the_example_of_the_page_is_a_rule(synth) -> None:
    """What matches goes to the queue, what cannot be delivered to the other; both let it in."""

    def compose(stack) -> None:
        names = {"stack": stack, "bus": a_bus(stack), "queue": a_queue(stack, "Trouble-queue")}
        names |= {"dead_letters": a_queue(stack, "Undelivered")}
        names |= {"QueueEventRule": QueueEventRule, "QueueEventRuleProps": QueueEventRuleProps}
        exec(EXAMPLE, names)

    document = synth(compose)
    rule, target = (
        only(document, "aws_cloudwatch_event_rule"),
        only(document, "aws_cloudwatch_event_target"),
    )
    assert rule["event_pattern"] == (
        '${jsonencode({"source" = ["inventory"], '
        '"detail-type" = ["Stock File Failed", "Stock File Held"], '
        '"detail" = {"feed" = ["stores/"]}})}'
    )
    assert {readable(each["event_bus_name"]) for each in (rule, target)} == {"<Bus.name>"}
    assert readable(target["arn"]) == "<Trouble-queue>"
    assert readable(target["dead_letter_config"]["arn"]) == "<Undelivered>"
    for policy in resources(document, "aws_sqs_queue_policy"):
        sends = statements(document, policy["policy"])[1]
        assert sends["principals"][0]["identifiers"] == ["events.amazonaws.com"]
        assert readable(sends["condition"][0]["values"][0]) == "<Trouble>"
    assert len(target["depends_on"]) == 2


def test_the_page_names_every_type_of_event() -> None:
    """One for each status that is an end."""
    ends = {Status.COMPLETED, Status.FAILED, Status.HELD, Status.WITHDRAWN}
    for status in ends:
        assert f"| `Stock File {status.title()}` |" in PAGE
    assert PAGE.count("| `Stock File ") == len(ends)
    assert QueueEventRuleProps.__dataclass_fields__["source"].default == SOURCE


def test_another_account_may_make_rules_of_its_own(synth) -> None:
    """Only on this bus, and only change those that it made; several accounts share one policy."""

    def compose(stack) -> None:
        bus = a_bus(stack)
        for account_id in ("111122223333", "444455556666", "111122223333"):
            bus.grant_rules(account_id)

    document = synth(compose)
    policy = only(document, "aws_cloudwatch_event_bus_policy")
    first, second = statements(document, policy["policy"])
    assert [each["principals"][0]["identifiers"] for each in (first, second)] == [
        ["111122223333"],
        ["444455556666"],
    ]
    assert first["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/files/*"]
    assert first["condition"][0]["values"] == ["&{aws:PrincipalAccount}"]
    # As in "allow_account_to_manage_rules_they_created" of
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
    for statement in (first, second):
        assert set(statement["actions"]) == {
            "events:DeleteRule",
            "events:DescribeRule",
            "events:DisableRule",
            "events:EnableRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "events:UntagResource",
        }


def test_a_grant_to_send_is_for_this_bus_alone(synth) -> None:
    """One action, one resource."""

    def compose(stack) -> None:
        a_bus(stack).grant_put_events(a_function(stack))

    document = synth(compose)
    [pairs] = role_permissions(document).values()
    assert {pair for pair in pairs if pair[0].startswith("events:")} == {
        ("events:PutEvents", "<Bus>")
    }


def test_fails_for_what_eventbridge_would_not_take(new_stack) -> None:
    """Names, accounts, and a queue that would be its own dead-letter queue."""
    stack = new_stack()
    with pytest.raises(InvalidPropsError, match="bus_name"):
        EventBus(stack, "Bad", EventBusProps(bus_name="a/b", account=ACCOUNT))
    bus, queue = a_bus(stack), a_queue(stack)
    with pytest.raises(InvalidPropsError, match="account_id"):
        bus.grant_rules("12")
    with pytest.raises(InvalidPropsError, match="dead_letter_queue"):
        QueueEventRule(
            stack,
            "Rule",
            QueueEventRuleProps(rule_name="r", bus=bus, queue=queue, dead_letter_queue=queue),
        )
