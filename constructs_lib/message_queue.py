"""An encrypted queue, with or without a dead-letter queue behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Fn
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy
from cdktf_cdktf_provider_aws.sqs_queue_redrive_policy import SqsQueueRedrivePolicy
from constructs import Construct

from constructs_lib.iam import Condition, Grant, PolicyDocument, PolicyStatement, only_over_tls
from constructs_lib.terraform import lifecycle
from constructs_lib.validation import between, identifier, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

SEND_ACTIONS = ("sqs:SendMessage",)
CONSUME_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
)
EVENTBRIDGE = "events.amazonaws.com"
# SQS takes 8,192 bytes, and an ARN has 120 at most, unless a bus has a very long name.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
MOST_RULES = 60
FOURTEEN_DAYS_IN_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class MessageQueueProps:
    """Properties of a queue.

    Attributes:
        queue_name: The queue's name.
        visibility_timeout_seconds: Time for which a received message is hidden. Default: 30.
        retention_seconds: Time for which a message is kept. Default: 14 days, SQS's maximum.
        encryption_key: Customer managed key. Default: a key that SQS manages.
        former_key: Key that waiting messages may be encrypted with; consumers may decrypt with it,
            too. Default: there is none.
        dead_letter_queue: Queue for messages that were received too often. Default: they stay until
            their retention ends.
        maximum_receive_count: Receives after which a message moves there. Default: 5.
        deletion_protection: Make Terraform refuse to delete the queue. Default: it refuses.
    """

    queue_name: str
    visibility_timeout_seconds: int = 30
    retention_seconds: int = FOURTEEN_DAYS_IN_SECONDS
    encryption_key: EncryptionKey | None = None
    former_key: EncryptionKey | None = None
    dead_letter_queue: MessageQueue | None = None
    maximum_receive_count: int = 5
    deletion_protection: bool = True


class MessageQueue(Construct):
    """A standard queue, encrypted at rest and closed to plain HTTP.

    Policy and redrive policy are resources of their own: the provider waits 25 seconds for each
    queue and each policy, and this way queues wait side by side.

    Attributes:
        resource: The queue itself.
        queue_name: The queue's name.
        queue_arn: The queue's ARN.
        queue_url: The queue's URL.
        policy: The queue's policy.
        visibility_timeout_seconds: Time for which a received message is hidden.
    """

    def __init__(self, scope: Construct, id_: str, props: MessageQueueProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
            identifier("queue_name", props.queue_name, 80, "-_"),
            between("visibility_timeout_seconds", props.visibility_timeout_seconds, 0, 43_200),
            between("retention_seconds", props.retention_seconds, 60, FOURTEEN_DAYS_IN_SECONDS),
            between("maximum_receive_count", props.maximum_receive_count, 1, 1000),
        )
        super().__init__(scope, id_)
        self._key = props.encryption_key
        self._former_key = props.former_key
        self._rule_arns: set[str] = set()
        self.visibility_timeout_seconds = props.visibility_timeout_seconds
        self.resource = SqsQueue(
            self,
            "Resource",
            name=props.queue_name,
            visibility_timeout_seconds=props.visibility_timeout_seconds,
            message_retention_seconds=props.retention_seconds,
            sqs_managed_sse_enabled=None if self._key else True,
            kms_master_key_id=self._key.key_arn if self._key else None,
            lifecycle=lifecycle(deletion_protection=props.deletion_protection),
        )
        self.queue_name: str = self.resource.name
        self.queue_arn: str = self.resource.arn
        self.queue_url: str = self.resource.url
        self._document = PolicyDocument(
            self, "PolicyDocument", only_over_tls("sqs:*", self.queue_arn), sids=True
        )
        self.policy = SqsQueuePolicy(
            self, "Policy", queue_url=self.queue_url, policy=self._document.json
        )
        if props.dead_letter_queue:
            # jsonencode writes no spaces; with spaces the provider would see drift on every plan.
            redrive_policy = Fn.jsonencode(
                {
                    "deadLetterTargetArn": props.dead_letter_queue.queue_arn,
                    "maxReceiveCount": props.maximum_receive_count,
                }
            )
            SqsQueueRedrivePolicy(
                self, "Redrive", queue_url=self.queue_url, redrive_policy=redrive_policy
            )

    def grant_send(self, grantee: Grantable) -> Grant:
        """Allow a role sqs:SendMessage on this queue."""
        return Grant.to(grantee, SEND_ACTIONS, self.queue_arn, key=self._key)

    def grant_consume(self, grantee: Grantable) -> Grant:
        """Allow sqs:ReceiveMessage, DeleteMessage, GetQueueAttributes, ChangeMessageVisibility."""
        given = Grant.to(grantee, CONSUME_ACTIONS, self.queue_arn, key=self._key)
        former = self._former_key
        return given.combined(former.grant_decrypt(grantee)) if former else given

    def grant_send_by_rule(self, rule_arn: str) -> Grant:
        """Allow EventBridge sqs:SendMessage for the events of one rule.

        Args:
            rule_arn: The rule whose target is this queue, or has it as dead-letter queue.

        Raises:
            InvalidPropsError: The queue's policy has no room for one more rule.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        self._rule_arns.add(rule_arn)
        rules = between("rules that send to it", len(self._rule_arns), 0, MOST_RULES)
        validate(self, "Policy", rules)
        statement = PolicyStatement(
            actions=SEND_ACTIONS,
            resources=(self.queue_arn,),
            principal=("Service", EVENTBRIDGE),
            conditions=(Condition(test="ArnEquals", variable="aws:SourceArn", values=(rule_arn,)),),
        )
        self._document.add(statement)
        given = Grant(grantee=EVENTBRIDGE, statements=(statement,), policies=(self.policy,))
        return given.combined(self._key.grant_use_by_service(EVENTBRIDGE)) if self._key else given
