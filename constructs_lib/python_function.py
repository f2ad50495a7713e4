"""A Lambda function with its own role, its own log group and somewhere for failures to go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionDeadLetterConfig,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
)
from constructs import Construct

from constructs_lib.iam import PolicyDocument, PolicyStatement, assume_role_by
from constructs_lib.limits import RETENTION_DAYS
from constructs_lib.validation import Rule, between, name_of_length, one_of, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.function_package import FunctionPackage
    from constructs_lib.message_queue import MessageQueue

LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACE_ACTIONS = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
# Lambda keeps an event that it could not process for at most six hours.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
SIX_HOURS_IN_SECONDS = 6 * 3600
# A batch must stay hidden while Lambda retries it after a throttle.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUT_FACTOR = 6


@dataclass(frozen=True, kw_only=True)
class PythonFunctionProps:
    """What a function needs.

    Attributes:
        function_name: The function's name; its role has the same one.
        description: What it does, in a sentence.
        handler: Module and function, such as `inventory.handlers.summary.handler`.
        package: The zip with its code.
        dead_letter_queue: Where the events of failed asynchronous invocations go.
        environment: Its environment variables. Default: none.
        timeout_seconds: How long one invocation may take. Default: 900, the most Lambda allows.
        memory_mib: Its memory; 1,769 are one processor. Default: 512.
        log_retention_days: How long its logs are kept. Default: 7.
        reserved_concurrency: Invocations at the same time, taken out of the account's pool.
            Default: as many as the account has left.
        encryption_key: Key of our own for logs and variables. Default: keys that AWS manages.
        code_signing_config_arn: Who must have signed the zip. Default: nobody.
    """

    function_name: str
    description: str
    handler: str
    package: FunctionPackage
    dead_letter_queue: MessageQueue
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 900
    memory_mib: int = 512
    log_retention_days: int = 7
    reserved_concurrency: int | None = None
    encryption_key: EncryptionKey | None = None
    code_signing_config_arn: str | None = None


class PythonFunction(Construct):
    """A function that logs into a group created before it, is traced, and may do what is granted.

    The dead-letter queue is the function's own setting, not an on-failure destination: the queue
    then gets the event itself, in the same shape as an event that never reached the function, so
    one redrive serves both.

    Attributes:
        function_name: The function's name, as a reference that makes Terraform wait for it.
        given_name: The same name as text.
        function_arn: The function's ARN.
        timeout_seconds: How long one invocation may take.
    """

    def __init__(self, scope: Construct, id_: str, props: PythonFunctionProps) -> None:
        validate(scope, id_, _rules(props))
        super().__init__(scope, id_)
        self.timeout_seconds = props.timeout_seconds
        key = props.encryption_key
        log_group = CloudwatchLogGroup(
            self,
            "LogGroup",
            name=f"/aws/lambda/{props.function_name}",
            retention_in_days=props.log_retention_days,
            kms_key_id=key.key_arn if key else None,
        )
        trust = PolicyDocument(self, "Trust", assume_role_by("lambda.amazonaws.com"))
        role = IamRole(
            self,
            "Role",
            name=props.function_name,
            description=f"What {props.function_name} may do",
            assume_role_policy=trust.json,
        )
        self._permissions = PolicyDocument(self, "Permissions", *_own_permissions(log_group))
        self._policy = IamRolePolicy(
            self,
            "Policy",
            name="permissions",
            role=role.name,
            policy=self._permissions.json,
        )
        function = LambdaFunction(
            self,
            "Resource",
            function_name=props.function_name,
            description=props.description,
            role=role.arn,
            handler=props.handler,
            runtime="python3.13",
            # Cheaper per second, and the zip holds nothing that was compiled.
            architectures=["arm64"],
            filename=props.package.path,
            source_code_hash=props.package.sha256_base64,
            timeout=props.timeout_seconds,
            memory_size=props.memory_mib,
            reserved_concurrent_executions=props.reserved_concurrency,
            environment=LambdaFunctionEnvironment(variables=dict(props.environment)),
            kms_key_arn=key.key_arn if key else None,
            code_signing_config_arn=props.code_signing_config_arn,
            dead_letter_config=LambdaFunctionDeadLetterConfig(
                target_arn=props.dead_letter_queue.queue_arn
            ),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            logging_config=LambdaFunctionLoggingConfig(log_format="Text", log_group=log_group.name),
            # Lambda refuses a dead-letter queue that the role may not write to.
            depends_on=[self._policy],
        )
        self.given_name = props.function_name
        self.function_name: str = function.function_name
        self.function_arn: str = function.arn
        LambdaFunctionEventInvokeConfig(
            self,
            "AsynchronousInvocations",
            function_name=self.function_name,
            maximum_event_age_in_seconds=SIX_HOURS_IN_SECONDS,
            maximum_retry_attempts=2,
        )
        props.dead_letter_queue.grant_send(self)
        if key:
            key.grant_use(self)

    def add_to_policy(self, statement: PolicyStatement) -> None:
        """Let the function do what a statement allows.

        Args:
            statement: Actions and resources.
        """
        self._permissions.add(statement)

    def add_queue_source(
        self,
        id_: str,
        queue: MessageQueue,
        *,
        maximum_concurrency: int,
        batch_size: int = 1,
    ) -> LambdaEventSourceMapping:
        """Invoke the function with a queue's messages; those it reports as failed come again.

        Args:
            id_: The mapping's construct id.
            queue: Where the messages are.
            maximum_concurrency: Batches at the same time, 2 to 1,000.
            batch_size: Messages per invocation, 1 to 10.

        Raises:
            InvalidPropsError: A limit is broken, or the queue shows a message again before the
                function can be through with it.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
        """
        validate(
            self,
            id_,
            [
                between("maximum_concurrency", maximum_concurrency, 2, 1000),
                between("batch_size", batch_size, 1, 10),
                between(
                    "visibility_timeout_seconds",
                    queue.visibility_timeout_seconds,
                    VISIBILITY_TIMEOUT_FACTOR * self.timeout_seconds,
                    43_200,
                ),
            ],
        )
        queue.grant_consume(self)
        return LambdaEventSourceMapping(
            self,
            id_,
            event_source_arn=queue.queue_arn,
            function_name=self.function_arn,
            batch_size=batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(
                maximum_concurrency=maximum_concurrency
            ),
            # Lambda refuses a queue that the role may not read.
            depends_on=[self._policy],
        )


def _rules(props: PythonFunctionProps) -> list[Rule]:
    """Limits of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
    variables_bytes = sum(len(f"{name}{value}") for name, value in props.environment.items())
    return [
        name_of_length("function_name", props.function_name, 64),
        name_of_length("description", props.description, 256),
        name_of_length("handler", props.handler, 128),
        between("timeout_seconds", props.timeout_seconds, 1, 900),
        between("memory_mib", props.memory_mib, 128, 10_240),
        between("reserved_concurrency", props.reserved_concurrency, 1, 1000),
        between("environment (bytes)", variables_bytes, 0, 4096),
        one_of("log_retention_days", props.log_retention_days, RETENTION_DAYS),
    ]


def _own_permissions(log_group: CloudwatchLogGroup) -> tuple[PolicyStatement, ...]:
    return (
        PolicyStatement(sid="WriteLogs", actions=LOG_ACTIONS, resources=(f"{log_group.arn}:*",)),
        PolicyStatement(
            sid="SendTraces",
            actions=TRACE_ACTIONS,
            resources=("*",),  # X-Ray has no resources to name for these two actions
        ),
    )
