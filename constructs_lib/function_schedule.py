"""An EventBridge Scheduler schedule that invokes a function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetDeadLetterConfig,
    SchedulerScheduleTargetRetryPolicy,
)
from constructs import Construct

from constructs_lib.cron import cron_fields
from constructs_lib.iam import Condition, PolicyStatement, ServiceRole, only_of_account
from constructs_lib.limits import SCHEDULE_EXPRESSION, is_time_zone
from constructs_lib.validation import (
    Rule,
    between,
    identifier,
    text,
    validate,
    validate_types,
)

if TYPE_CHECKING:
    from cdktf import TerraformResource

    from constructs_lib.account import Account
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.python_function import PythonFunction

INVOKE_ACTIONS = ("lambda:InvokeFunction",)
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
CONTEXT_ATTRIBUTE = re.compile(r"<aws\.scheduler\.[a-z-]+>")


@dataclass(frozen=True, kw_only=True)
class FunctionScheduleProps:
    """Properties of a schedule.

    Attributes:
        schedule_name: The schedule's name, unique in its group.
        expression: `cron(...)`, `rate(...)` or `at(...)`.
        function: The function to invoke.
        account: The account whose schedules may assume the role.
        description: Purpose of the schedule. Default: none.
        schedule_group: Name of an existing schedule group. Default: the group `default`.
        role_name: Name of its role, unique in the account. Default: the schedule's name.
        dead_letter_queue: Queue for invocations that could not be made. Default: the function's
            dead-letter queue.
        time_zone: IANA time zone of the expression. Default: UTC.
        payload: JSON text the function gets; Scheduler replaces context attributes such as
            `<aws.scheduler.scheduled-time>` in it. Default: an event that describes the schedule.
        maximum_event_age_seconds: Age at which Scheduler gives up. Default: one hour.
        maximum_retry_attempts: Retries after which Scheduler gives up. Default: 20.
        encryption_key: Customer managed key. Default: a key that AWS owns.
    """

    schedule_name: str
    expression: str
    function: PythonFunction
    account: Account
    description: str | None = None
    schedule_group: str | None = None
    role_name: str | None = None
    dead_letter_queue: MessageQueue | None = None
    time_zone: str = "UTC"
    payload: str | None = None
    maximum_event_age_seconds: int = 3600
    maximum_retry_attempts: int = 20
    encryption_key: EncryptionKey | None = None


class FunctionSchedule(Construct):
    """A schedule whose role may invoke one function; what it cannot invoke is kept.

    Attributes:
        resource: The schedule itself.
        schedule_name: The schedule's name.
        role: Its role, and the policy with what it may do.
    """

    def __init__(self, scope: Construct, id_: str, props: FunctionScheduleProps) -> None:
        validate_types(scope, id_, props)
        validate(scope, id_, *_rules(props))
        super().__init__(scope, id_)
        account, key = props.account, props.encryption_key
        queue = props.dead_letter_queue or props.function.dead_letter_queue
        group_arn = account.arn("scheduler", f"schedule-group/{props.schedule_group or 'default'}")
        self.role = ServiceRole(
            self,
            props.role_name or props.schedule_name,
            "scheduler.amazonaws.com",
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            only_of_account(account.account_id),
            Condition(test="ArnEquals", variable="aws:SourceArn", values=(group_arn,)),
        )
        # By name: Terraform does not read a document that refers to a resource it is about to
        # change, and every new version of the code would show this policy as changed, too.
        # https://developer.hashicorp.com/terraform/language/data-sources#data-resource-behavior
        function_arn = account.arn("lambda", f"function:{props.function.physical_name}")
        self.add_to_policy(PolicyStatement(actions=INVOKE_ACTIONS, resources=(function_arn,)))
        queue.grant_send(self)
        if key:
            key.grant_use(self)
        self.resource = SchedulerSchedule(
            self,
            "Resource",
            name=props.schedule_name,
            group_name=props.schedule_group,
            description=props.description,
            schedule_expression=props.expression,
            schedule_expression_timezone=props.time_zone,
            flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            kms_key_arn=key.key_arn if key else None,
            target=SchedulerScheduleTarget(
                arn=props.function.function_arn,
                role_arn=self.role.role_arn,
                input=props.payload,
                dead_letter_config=SchedulerScheduleTargetDeadLetterConfig(arn=queue.queue_arn),
                retry_policy=SchedulerScheduleTargetRetryPolicy(
                    maximum_event_age_in_seconds=props.maximum_event_age_seconds,
                    maximum_retry_attempts=props.maximum_retry_attempts,
                ),
            ),
            # A schedule may be due at once, and its role has to be able to invoke by then.
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
            depends_on=[self.role.policy],
        )
        self.schedule_name: str = self.resource.name

    def add_to_policy(self, statement: PolicyStatement) -> TerraformResource:
        """Add a statement to the policy of the schedule's role and return the policy.

        Args:
            statement: Actions and resources.
        """
        return self.role.add_to_policy(statement)


def _is_json(payload: str) -> bool:
    """Return True for JSON in which Scheduler may still have to replace context attributes."""
    try:
        json.loads(CONTEXT_ATTRIBUTE.sub("0", payload))
    except ValueError:
        return False
    return True


def _is_expression(expression: str) -> bool:
    if not re.fullmatch(SCHEDULE_EXPRESSION, expression):
        return False
    return not expression.startswith("cron(") or cron_fields(expression) is not None


def _rules(props: FunctionScheduleProps) -> list[Rule]:
    """Return the limits of a schedule.

    Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    return [
        identifier("schedule_name", props.schedule_name, 64, "-_."),
        identifier("schedule_group", props.schedule_group, 64, "-_."),
        identifier("role_name", props.role_name, 64, "_+=,.@-"),
        text("description", props.description, 512, least=0),
        Rule(
            name="expression",
            got=props.expression,
            allowed="rate(...), at(...) or cron(...), each of its six fields within its limits, "
            "one of the two days ?",
            holds=_is_expression(props.expression),
        ),
        Rule(
            name="payload",
            got=props.payload,
            allowed="JSON, with context attributes such as <aws.scheduler.scheduled-time>",
            holds=props.payload is None or _is_json(props.payload),
        ),
        Rule(
            name="time_zone",
            got=props.time_zone,
            allowed="an IANA time zone, such as Europe/Berlin",
            holds=is_time_zone(props.time_zone),
        ),
        between("maximum_event_age_seconds", props.maximum_event_age_seconds, 60, 86_400),
        between("maximum_retry_attempts", props.maximum_retry_attempts, 0, 185),
    ]
