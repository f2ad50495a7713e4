"""The EventBridge rule that invokes a function for every new object of a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Fn
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from constructs_lib.iam import statement_id
from constructs_lib.terraform import in_same_stack
from constructs_lib.validation import Rule, between, identifier, text, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.private_bucket import PrivateBucket
    from constructs_lib.python_function import PythonFunction


@dataclass(frozen=True, kw_only=True)
class ObjectCreatedRuleProps:
    """Properties of a rule.

    Attributes:
        rule_name: The rule's name.
        bucket: The bucket; it has to send events.
        function: The function to invoke.
        description: Purpose of the rule. Default: none.
        target_id: Id of the target within the rule. Default: the rule's name.
        dead_letter_queue: Queue for events that could not be delivered. Default: the function's
            dead-letter queue.
        maximum_event_age_seconds: Age at which EventBridge gives up. Default: 24 hours.
        maximum_retry_attempts: Retries after which EventBridge gives up. Default: 185.
    """

    rule_name: str
    bucket: PrivateBucket
    function: PythonFunction
    description: str | None = None
    target_id: str | None = None
    dead_letter_queue: MessageQueue | None = None
    maximum_event_age_seconds: int = 86_400
    maximum_retry_attempts: int = 185


class ObjectCreatedRule(Construct):
    """Object Created events of one bucket, for one function; undeliverable ones are kept.

    Attributes:
        resource: The rule itself.
        rule_name: The rule's name.
        rule_arn: The rule's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: ObjectCreatedRuleProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
            identifier("rule_name", props.rule_name, 64, "-_."),
            identifier("target_id", props.target_id, 64, "-_."),
            text("description", props.description, 512, least=0),
            Rule(
                name="bucket",
                got=props.bucket.node.path,
                allowed="a bucket with sends_events",
                holds=props.bucket.sends_events,
            ),
            between("maximum_event_age_seconds", props.maximum_event_age_seconds, 60, 86_400),
            between("maximum_retry_attempts", props.maximum_retry_attempts, 0, 185),
        )
        super().__init__(scope, id_)
        self.resource = CloudwatchEventRule(
            self,
            "Resource",
            name=props.rule_name,
            description=props.description,
            event_pattern=Fn.jsonencode(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [props.bucket.bucket_name]}},
                }
            ),
        )
        self.rule_name: str = self.resource.name
        self.rule_arn: str = self.resource.arn
        permission = LambdaPermission(
            self,
            "Permission",
            statement_id=statement_id(self),
            action="lambda:InvokeFunction",
            function_name=props.function.function_name,
            principal="events.amazonaws.com",
            source_arn=self.rule_arn,
        )
        queue = props.dead_letter_queue or props.function.dead_letter_queue
        given = queue.grant_send_by_rule(self.rule_arn)
        CloudwatchEventTarget(
            self,
            "Target",
            rule=self.rule_name,
            target_id=props.target_id or props.rule_name,
            arn=props.function.function_arn,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=queue.queue_arn),
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=props.maximum_event_age_seconds,
                maximum_retry_attempts=props.maximum_retry_attempts,
            ),
            # Without permission EventBridge does not try again, and drops what the queue refuses.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
            depends_on=[permission, *in_same_stack(self, given.policies)],
        )
