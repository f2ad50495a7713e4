"""A function invoked by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetDeadLetterConfig,
    SchedulerScheduleTargetRetryPolicy,
)
from constructs import Construct

from constructs_lib.iam import Condition, PolicyDocument, PolicyStatement, assume_role_by
from constructs_lib.validation import Rule, between, name_of_length, validate

if TYPE_CHECKING:
    from constructs_lib.account import Account
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.python_function import PythonFunction

INVOKE_ACTIONS = ("lambda:InvokeFunction",)


@dataclass(frozen=True, kw_only=True)
class FunctionScheduleProps:
    """What a schedule needs.

    Attributes:
        schedule_name: The schedule's name; its role has the same one.
        description: What happens, in a sentence.
        expression: `cron(...)`, `rate(...)` or `at(...)`.
        function: The function to invoke.
        dead_letter_queue: Where an invocation goes that could not be made.
        account: Whose schedules may take the role.
        time_zone: IANA time zone of the expression. Default: UTC.
        payload: JSON text the function gets; Scheduler replaces context attributes such as
            `<aws.scheduler.scheduled-time>` in it. Default: an event that describes the schedule.
        maximum_event_age_seconds: Age at which Scheduler gives up. Default: one hour.
        maximum_retry_attempts: Attempts after which Scheduler gives up. Default: 20.
        encryption_key: Key of our own. Default: a key that AWS manages.
    """

    schedule_name: str
    description: str
    expression: str
    function: PythonFunction
    dead_letter_queue: MessageQueue
    account: Account
    time_zone: str = "UTC"
    payload: str | None = None
    maximum_event_age_seconds: int = 3600
    maximum_retry_attempts: int = 20
    encryption_key: EncryptionKey | None = None


class FunctionSchedule(Construct):
    """A schedule whose role may invoke one function, on time, and keeps what it cannot invoke.

    Attributes:
        schedule_name: The schedule's name.
    """

    def __init__(self, scope: Construct, id_: str, props: FunctionScheduleProps) -> None:
        validate(scope, id_, _rules(props))
        super().__init__(scope, id_)
        trust = PolicyDocument(
            self,
            "Trust",
            assume_role_by(
                "scheduler.amazonaws.com",
                # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
                Condition(
                    test="StringEquals",
                    variable="aws:SourceAccount",
                    values=(props.account.account_id,),
                ),
                Condition(
                    test="ArnEquals",
                    variable="aws:SourceArn",
                    values=(props.account.arn("scheduler", "schedule-group/default"),),
                ),
            ),
        )
        role = IamRole(
            self,
            "Role",
            name=props.schedule_name,
            description=f"What {props.schedule_name} may do",
            assume_role_policy=trust.json,
        )
        # By name: Terraform does not read a document that refers to a resource it is about to
        # change, and every new version of the code would show this policy as changed, too.
        # https://developer.hashicorp.com/terraform/language/data-sources#data-resource-behavior
        function_arn = props.account.arn("lambda", f"function:{props.function.given_name}")
        self._permissions = PolicyDocument(
            self,
            "Permissions",
            PolicyStatement(sid="Invoke", actions=INVOKE_ACTIONS, resources=(function_arn,)),
        )
        policy = IamRolePolicy(
            self,
            "Policy",
            name="permissions",
            role=role.name,
            policy=self._permissions.json,
        )
        schedule = SchedulerSchedule(
            self,
            "Resource",
            name=props.schedule_name,
            description=props.description,
            schedule_expression=props.expression,
            schedule_expression_timezone=props.time_zone,
            flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            kms_key_arn=props.encryption_key.key_arn if props.encryption_key else None,
            target=SchedulerScheduleTarget(
                arn=props.function.function_arn,
                role_arn=role.arn,
                input=props.payload,
                dead_letter_config=SchedulerScheduleTargetDeadLetterConfig(
                    arn=props.dead_letter_queue.queue_arn
                ),
                retry_policy=SchedulerScheduleTargetRetryPolicy(
                    maximum_event_age_in_seconds=props.maximum_event_age_seconds,
                    maximum_retry_attempts=props.maximum_retry_attempts,
                ),
            ),
            depends_on=[policy],
        )
        self.schedule_name: str = schedule.name
        props.dead_letter_queue.grant_send(self)
        if props.encryption_key:
            props.encryption_key.grant_use(self)

    def add_to_policy(self, statement: PolicyStatement) -> None:
        """Let the schedule do what a statement allows.

        Args:
            statement: Actions and resources.
        """
        self._permissions.add(statement)


def _rules(props: FunctionScheduleProps) -> list[Rule]:
    """Limits of https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html."""
    return [
        name_of_length("schedule_name", props.schedule_name, 64),
        name_of_length("description", props.description, 512),
        Rule(
            name="expression",
            got=props.expression,
            allowed="cron(...), rate(...) or at(...)",
            holds=props.expression.startswith(("cron(", "rate(", "at("))
            and props.expression.endswith(")"),
        ),
        between("maximum_event_age_seconds", props.maximum_event_age_seconds, 60, 86_400),
        between("maximum_retry_attempts", props.maximum_retry_attempts, 0, 185),
    ]
