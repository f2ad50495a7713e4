"""An EventBridge rule that hands events of a bus to a queue; the example for who wants to react."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdktf import Fn
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
)
from constructs import Construct

from constructs_lib.terraform import in_same_stack
from constructs_lib.validation import Rule, identifier, text, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.event_bus import EventBus
    from constructs_lib.message_queue import MessageQueue


def _is_pattern(value: object) -> bool:
    """Return True for what EventBridge compares a value with: a list, or an object of them.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
    """
    if isinstance(value, Mapping):
        return bool(value) and all(_is_pattern(each) for each in value.values())
    return isinstance(value, list | tuple) and bool(value)


@dataclass(frozen=True, kw_only=True)
class QueueEventRuleProps:
    """Properties of a rule.

    Attributes:
        rule_name: The rule's name.
        bus: The bus.
        queue: Queue that gets the events.
        dead_letter_queue: Queue for events that could not be delivered to it.
        detail_types: Types of the events. Default: all of the source.
        detail: Pattern that their details have to match. Default: any.
        source: Who the events are from. Default: the inventory pipeline.
        description: Purpose of the rule. Default: none.
    """

    rule_name: str
    bus: EventBus
    queue: MessageQueue
    dead_letter_queue: MessageQueue
    detail_types: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    source: str = "inventory"
    description: str | None = None


class QueueEventRule(Construct):
    """Events of a bus for a queue; undeliverable ones are kept.

    Attributes:
        resource: The rule itself.
        rule_name: The rule's name.
        rule_arn: The rule's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: QueueEventRuleProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
            identifier("rule_name", props.rule_name, 64, "-_."),
            text("description", props.description, 512, least=0),
            text("source", props.source, 256),
            Rule(
                name="detail",
                got=props.detail,
                allowed="lists that are not empty, at any depth",
                holds=not props.detail or _is_pattern(props.detail),
            ),
            Rule(
                name="dead_letter_queue",
                got=props.dead_letter_queue.node.path,
                allowed="another queue than the one that gets the events",
                holds=props.dead_letter_queue is not props.queue,
            ),
        )
        super().__init__(scope, id_)
        pattern: dict[str, Any] = {"source": [props.source]}
        if props.detail_types:
            pattern["detail-type"] = list(props.detail_types)
        if props.detail:
            pattern["detail"] = dict(props.detail)
        self.resource = CloudwatchEventRule(
            self,
            "Resource",
            name=props.rule_name,
            description=props.description,
            event_bus_name=props.bus.bus_name,
            event_pattern=Fn.jsonencode(pattern),
        )
        self.rule_name: str = self.resource.name
        self.rule_arn: str = self.resource.arn
        queues = (props.queue, props.dead_letter_queue)
        policies = [
            policy
            for queue in queues
            for policy in queue.grant_send_by_rule(self.rule_arn).policies
        ]
        CloudwatchEventTarget(
            self,
            "Target",
            rule=self.rule_name,
            event_bus_name=props.bus.bus_name,
            target_id=props.rule_name,
            arn=props.queue.queue_arn,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(
                arn=props.dead_letter_queue.queue_arn
            ),
            # Without permission EventBridge does not try again.
            depends_on=in_same_stack(self, policies),
        )
