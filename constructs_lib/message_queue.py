"""An encrypted queue, with or without a dead-letter queue behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Fn
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy
from cdktf_cdktf_provider_aws.sqs_queue_redrive_policy import SqsQueueRedrivePolicy
from constructs import Construct

from constructs_lib.iam import Condition, PolicyDocument, PolicyStatement, only_over_tls
from constructs_lib.validation import between, name_of_length, validate

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
FOURTEEN_DAYS_IN_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class MessageQueueProps:
    """What a queue needs.

    Attributes:
        queue_name: The queue's name.
        visibility_timeout_seconds: How long a received message is hidden. Default: 30.
        retention_seconds: How long a message is kept. Default: 14 days, the most SQS allows.
        encryption_key: Key of our own. Default: a key that SQS manages.
        dead_letter_queue: Where messages go that were received too often. Default: they stay until
            their retention ends.
        maximum_receive_count: Receives after which a message goes there. Default: 5.
    """

    queue_name: str
    visibility_timeout_seconds: int = 30
    retention_seconds: int = FOURTEEN_DAYS_IN_SECONDS
    encryption_key: EncryptionKey | None = None
    dead_letter_queue: MessageQueue | None = None
    maximum_receive_count: int = 5


class MessageQueue(Construct):
    """A standard queue, encrypted at rest and closed to plain HTTP.

    Policy and redrive policy are resources of their own: the provider waits 25 seconds for each
    queue and each policy, and this way queues wait side by side.

    Attributes:
        queue_name: The queue's name.
        queue_arn: The queue's ARN.
        queue_url: The queue's URL.
        visibility_timeout_seconds: How long a received message is hidden.
    """

    def __init__(self, scope: Construct, id_: str, props: MessageQueueProps) -> None:
        validate(
            scope,
            id_,
            [
                # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
                name_of_length("queue_name", props.queue_name, 80),
                between("visibility_timeout_seconds", props.visibility_timeout_seconds, 0, 43_200),
                between("retention_seconds", props.retention_seconds, 60, FOURTEEN_DAYS_IN_SECONDS),
                between("maximum_receive_count", props.maximum_receive_count, 1, 1000),
            ],
        )
        super().__init__(scope, id_)
        self._id = id_
        self._key = props.encryption_key
        self.visibility_timeout_seconds = props.visibility_timeout_seconds
        queue = SqsQueue(
            self,
            "Resource",
            name=props.queue_name,
            visibility_timeout_seconds=props.visibility_timeout_seconds,
            message_retention_seconds=props.retention_seconds,
            sqs_managed_sse_enabled=None if self._key else True,
            kms_master_key_id=self._key.key_arn if self._key else None,
        )
        self.queue_name: str = queue.name
        self.queue_arn: str = queue.arn
        self.queue_url: str = queue.url
        self._policy = PolicyDocument(
            self, "PolicyDocument", only_over_tls("sqs:*", self.queue_arn)
        )
        SqsQueuePolicy(self, "Policy", queue_url=self.queue_url, policy=self._policy.json)
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

    def grant_send(self, grantee: Grantable) -> None:
        """Allow sqs:SendMessage on this queue.

        Args:
            grantee: Who sends.
        """
        self._allow(grantee, "Send", SEND_ACTIONS)

    def grant_consume(self, grantee: Grantable) -> None:
        """Allow sqs:ReceiveMessage, DeleteMessage, GetQueueAttributes, ChangeMessageVisibility.

        Args:
            grantee: Who takes messages off the queue.
        """
        self._allow(grantee, "Consume", CONSUME_ACTIONS)

    def grant_send_by_rule(self, sid: str, rule_arn: str) -> None:
        """Allow EventBridge sqs:SendMessage for one rule: what its target could not be given.

        Args:
            sid: The statement's id.
            rule_arn: The rule.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        self._policy.add(
            PolicyStatement(
                sid=sid,
                actions=SEND_ACTIONS,
                resources=(self.queue_arn,),
                service="events.amazonaws.com",
                conditions=(
                    Condition(test="ArnEquals", variable="aws:SourceArn", values=(rule_arn,)),
                ),
            )
        )
        if self._key:
            self._key.grant_use_by_service("Events", "events.amazonaws.com")

    def _allow(self, grantee: Grantable, what: str, actions: tuple[str, ...]) -> None:
        grantee.add_to_policy(
            PolicyStatement(sid=f"{self._id}{what}", actions=actions, resources=(self.queue_arn,))
        )
        if self._key:
            self._key.grant_use(grantee)
