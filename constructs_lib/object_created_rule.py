"""The rule that hands every new object of a bucket to a function."""

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

from constructs_lib.validation import between, name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.landing_bucket import LandingBucket
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.python_function import PythonFunction


@dataclass(frozen=True, kw_only=True)
class ObjectCreatedRuleProps:
    """What the rule needs.

    Attributes:
        rule_name: The rule's name.
        target_id: The target's id within the rule.
        bucket: The bucket to watch.
        function: The function to invoke.
        dead_letter_queue: Where events go that the function could not be given.
        maximum_event_age_seconds: Age at which EventBridge gives up. Default: 24 hours.
        maximum_retry_attempts: Attempts after which EventBridge gives up. Default: 185.
    """

    rule_name: str
    target_id: str
    bucket: LandingBucket
    function: PythonFunction
    dead_letter_queue: MessageQueue
    maximum_event_age_seconds: int = 86_400
    maximum_retry_attempts: int = 185


class ObjectCreatedRule(Construct):
    """Object Created events of one bucket, for one function; what cannot be given is kept.

    Attributes:
        rule_name: The rule's name.
        rule_arn: The rule's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: ObjectCreatedRuleProps) -> None:
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
                name_of_length("rule_name", props.rule_name, 64),
                name_of_length("target_id", props.target_id, 64),
                between("maximum_event_age_seconds", props.maximum_event_age_seconds, 60, 86_400),
                between("maximum_retry_attempts", props.maximum_retry_attempts, 0, 185),
            ],
        )
        super().__init__(scope, id_)
        rule = CloudwatchEventRule(
            self,
            "Resource",
            name=props.rule_name,
            description="Every new object of the uploads bucket",
            event_pattern=Fn.jsonencode(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [props.bucket.bucket_name]}},
                }
            ),
        )
        self.rule_name: str = rule.name
        self.rule_arn: str = rule.arn
        CloudwatchEventTarget(
            self,
            "Target",
            rule=self.rule_name,
            target_id=props.target_id,
            arn=props.function.function_arn,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(
                arn=props.dead_letter_queue.queue_arn
            ),
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=props.maximum_event_age_seconds,
                maximum_retry_attempts=props.maximum_retry_attempts,
            ),
        )
        LambdaPermission(
            self,
            "Permission",
            statement_id="AllowInvokeByRule",
            action="lambda:InvokeFunction",
            function_name=props.function.function_name,
            principal="events.amazonaws.com",
            source_arn=self.rule_arn,
        )
        props.dead_letter_queue.grant_send_by_rule("UndeliverableEvents", self.rule_arn)
