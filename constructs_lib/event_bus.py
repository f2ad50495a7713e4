"""An event bus of one's own: who may send to it, and who may make rules on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_event_bus import CloudwatchEventBus
from cdktf_cdktf_provider_aws.cloudwatch_event_bus_policy import CloudwatchEventBusPolicy
from constructs import Construct

from constructs_lib.iam import Condition, Grant, PolicyDocument, PolicyStatement
from constructs_lib.validation import matching, text, validate, validate_types

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.iam import Grantable

PUT_EVENTS_ACTIONS = ("events:PutEvents",)
RULE_ACTIONS = (
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
)


@dataclass(frozen=True, kw_only=True)
class EventBusProps:
    """Properties of an event bus.

    Attributes:
        bus_name: The bus's name.
        account: The account it is in.
        description: Purpose of the bus. Default: none.
    """

    bus_name: str
    account: Account
    description: str | None = None


class EventBus(Construct):
    """A bus for events of one's own; whoever is in its account may make rules, as IAM allows.

    It is encrypted with a key that EventBridge owns. With a customer managed one, EventBridge drops
    an event that it cannot encrypt or decrypt, unless the bus has a dead-letter queue, which
    providers before 6 do not know.
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html

    Attributes:
        resource: The bus itself.
        bus_name: The bus's name.
        bus_arn: The bus's ARN.
    """

    def __init__(self, scope: Construct, id_: str, props: EventBusProps) -> None:
        validate_types(scope, id_, props)
        validate(
            scope,
            id_,
            # A "/" is for buses of partners, and "default" is there already.
            # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
            matching(
                "bus_name",
                props.bus_name,
                "(?!default$)[A-Za-z0-9._-]{1,256}",
                "1 to 256 letters, digits and any of -_., not default",
            ),
            text("description", props.description, 512, least=0),
        )
        super().__init__(scope, id_)
        self._account = props.account
        self._bus_name = props.bus_name
        self._rules: PolicyDocument | None = None
        self._policy: CloudwatchEventBusPolicy | None = None
        self.resource = CloudwatchEventBus(
            self, "Resource", name=props.bus_name, description=props.description
        )
        self.bus_name: str = self.resource.name
        self.bus_arn: str = self.resource.arn

    def grant_put_events(self, grantee: Grantable) -> Grant:
        """Allow events:PutEvents on this bus."""
        return Grant.to(grantee, PUT_EVENTS_ACTIONS, self.bus_arn, key=None)

    def grant_rules(self, account_id: str) -> Grant:
        """Allow another account to make rules on this bus, and to change those that it made.

        Their tags are among it: Terraform reads them of every rule, and sets them with PutRule.

        Args:
            account_id: Twelve digits.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
        """
        validate(self, "Policy", matching("account_id", account_id, "[0-9]{12}", "twelve digits"))
        statement = PolicyStatement(
            actions=RULE_ACTIONS,
            resources=(self._account.arn("events", f"rule/{self._bus_name}/*"),),
            principal=("AWS", account_id),
            conditions=(
                Condition(
                    test="StringEqualsIfExists",
                    variable="events:creatorAccount",
                    # In Terraform's data source, `&{` stands for the `${` of a policy variable.
                    values=("&{aws:PrincipalAccount}",),
                ),
            ),
        )
        if self._rules is None:
            self._rules = PolicyDocument(self, "PolicyDocument", statement, sids=True)
            self._policy = CloudwatchEventBusPolicy(
                self, "Policy", event_bus_name=self.bus_name, policy=self._rules.json
            )
        self._rules.add(statement)
        assert self._policy is not None
        return Grant(grantee=account_id, statements=(statement,), policies=(self._policy,))
