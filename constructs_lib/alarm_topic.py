"""The topic that alarms and summaries are published to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from constructs_lib.iam import Condition, Grant, PolicyDocument, PolicyStatement, only_over_tls
from constructs_lib.limits import EMAIL_ADDRESS
from constructs_lib.validation import identifier, matching, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

CLOUDWATCH = "cloudwatch.amazonaws.com"
PUBLISH_ACTIONS = ("sns:Publish",)


@dataclass(frozen=True, kw_only=True)
class AlarmTopicProps:
    """Properties of an alarm topic.

    Attributes:
        topic_name: The topic's name.
        encryption_key: Customer managed key; see EncryptionKey for why there is no default.
        account: The account whose alarms may publish.
        email: Address that subscribes, once somebody has confirmed it. Default: no subscription.
    """

    topic_name: str
    encryption_key: EncryptionKey
    account: Account
    email: str | None = None


class AlarmTopic(Construct):
    """An encrypted topic that the account's alarms may publish to.

    Attributes:
        resource: The topic itself.
        topic_arn: The topic's ARN.
        topic_name: The topic's name.
        policy: The topic's policy.
    """

    def __init__(self, scope: Construct, id_: str, props: AlarmTopicProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
            identifier("topic_name", props.topic_name, 256, "-_"),
            matching("email", props.email, EMAIL_ADDRESS, "a mail address without {, or nothing"),
        )
        super().__init__(scope, id_)
        self._key = props.encryption_key
        self.resource = SnsTopic(
            self, "Resource", name=props.topic_name, kms_master_key_id=self._key.key_arn
        )
        self.topic_arn: str = self.resource.arn
        self.topic_name: str = self.resource.name
        alarms = props.account.arn("cloudwatch", "alarm:*")
        document = PolicyDocument(
            self,
            "PolicyDocument",
            PolicyStatement(
                actions=PUBLISH_ACTIONS,
                resources=(self.topic_arn,),
                principal=("Service", CLOUDWATCH),
                # https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
                conditions=(Condition(test="ArnLike", variable="aws:SourceArn", values=(alarms,)),),
            ),
            # SNS refuses `sns:*` in a topic's policy; publishing is what carries data.
            only_over_tls("sns:Publish", self.topic_arn),
            sids=True,
        )
        self.policy = SnsTopicPolicy(self, "Policy", arn=self.topic_arn, policy=document.json)
        self._key.grant_use_by_service(CLOUDWATCH)
        if props.email:
            SnsTopicSubscription(
                self, "Email", topic_arn=self.topic_arn, protocol="email", endpoint=props.email
            )

    def grant_publish(self, grantee: Grantable) -> Grant:
        """Allow sns:Publish on this topic, and the use of its key."""
        return Grant.to(grantee, PUBLISH_ACTIONS, self.topic_arn, key=self._key)
