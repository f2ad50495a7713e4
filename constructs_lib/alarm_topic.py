"""Where alarms and summaries are announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from constructs_lib.iam import Condition, PolicyDocument, PolicyStatement, only_over_tls
from constructs_lib.validation import name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.iam import Grantable

PUBLISH_ACTIONS = ("sns:Publish",)


@dataclass(frozen=True, kw_only=True)
class AlarmTopicProps:
    """What the topic needs.

    Attributes:
        topic_name: The topic's name.
        encryption_key: Key of our own; see EncryptionKey for why there is no default.
        account: Whose alarms may publish.
        email: Who gets the announcements, once they have confirmed. Default: nobody by mail.
    """

    topic_name: str
    encryption_key: EncryptionKey
    account: Account
    email: str | None = None


class AlarmTopic(Construct):
    """An encrypted topic that the account's alarms may publish to.

    Attributes:
        topic_arn: The topic's ARN.
        topic_name: The topic's name.
    """

    def __init__(self, scope: Construct, id_: str, props: AlarmTopicProps) -> None:
        # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
        validate(scope, id_, [name_of_length("topic_name", props.topic_name, 256)])
        super().__init__(scope, id_)
        self._id = id_
        self._key = props.encryption_key
        topic = SnsTopic(
            self, "Resource", name=props.topic_name, kms_master_key_id=self._key.key_arn
        )
        self.topic_arn: str = topic.arn
        self.topic_name: str = topic.name
        policy = PolicyDocument(
            self,
            "PolicyDocument",
            PolicyStatement(
                sid="Alarms",
                actions=PUBLISH_ACTIONS,
                resources=(self.topic_arn,),
                service="cloudwatch.amazonaws.com",
                conditions=(
                    Condition(
                        test="StringEquals",
                        variable="aws:SourceAccount",
                        values=(props.account.account_id,),
                    ),
                ),
            ),
            # SNS refuses `sns:*` in a topic's policy; publishing is what carries data.
            only_over_tls("sns:Publish", self.topic_arn),
        )
        SnsTopicPolicy(self, "Policy", arn=self.topic_arn, policy=policy.json)
        self._key.grant_use_by_service("Alarms", "cloudwatch.amazonaws.com")
        if props.email:
            SnsTopicSubscription(
                self, "Email", topic_arn=self.topic_arn, protocol="email", endpoint=props.email
            )

    def grant_publish(self, grantee: Grantable) -> None:
        """Allow sns:Publish on this topic, and the use of its key.

        Args:
            grantee: Who announces.
        """
        grantee.add_to_policy(
            PolicyStatement(
                sid=f"{self._id}Publish", actions=PUBLISH_ACTIONS, resources=(self.topic_arn,)
            )
        )
        self._key.grant_use(grantee)
