"""A Lambda function with its own role, its own log group and a dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdktf import Token
from cdktf_cdktf_provider_aws import lambda_function
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_recursion_config import LambdaFunctionRecursionConfig
from constructs import Construct

from constructs_lib.iam import PolicyStatement, ServiceRole
from constructs_lib.limits import (
    LOG_RETENTION_DAYS,
    QUEUE_SOURCE_CONCURRENCY,
    RESERVED_CONCURRENCY,
)
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.validation import (
    Rule,
    between,
    identifier,
    matching,
    one_of,
    text,
    validate,
    validate_types,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdktf import TerraformResource

    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.stack_folder import FunctionPackage

LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACE_ACTIONS = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
MOST_ENVIRONMENT_BYTES = 4096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED_VARIABLES = frozenset(
    {
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME"),
        *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION"),
        *("LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "TZ"),
    }
)
# Lambda keeps an event that it could not process for at most six hours.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
SIX_HOURS_IN_SECONDS = 6 * 3600
# A batch must stay hidden while Lambda retries it after a throttle.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUT_FACTOR = 6


@dataclass(frozen=True, kw_only=True)
class PythonFunctionProps:
    """Properties of a function.

    Attributes:
        function_name: The function's name.
        handler: Module and function, such as `inventory.handlers.summary.handler`.
        package: The zip with its code.
        description: Purpose of the function. Default: none.
        runtime: Lambda's name of a Python version. Default: python3.13.
        architecture: arm64 or x86_64. Default: arm64, which is cheaper.
        role_name: Name of its role, unique in the account. Default: the function's name.
        dead_letter_queue: Queue for the events of failed asynchronous invocations. Default: a queue
            of its own, named after the function, which Terraform refuses to delete.
        environment: Its environment variables. Default: none.
        timeout_seconds: Time that one invocation may take. Default: 900, Lambda's maximum.
        memory_mib: Its memory; 1,769 are one processor. Default: 512.
        log_retention_days: Days its logs are kept. Default: 7.
        reserved_concurrency: Simultaneous invocations, set aside from the account's pool. Default:
            as many as the account has left.
        recursive_loop: Allow or Terminate. Lambda terminates chains of about 16 invocations that
            lead from the function back to it. Allow them only where each invocation makes progress
            and the code bounds their number. Default: Terminate.
        encryption_key: Customer managed key for logs and variables. Default: keys of AWS.
        code_signing_config_arn: Configuration with the trusted signers of the zip. Default: code
            need not be signed.
    """

    function_name: str
    handler: str
    package: FunctionPackage
    description: str | None = None
    runtime: str = "python3.13"
    architecture: str = "arm64"
    role_name: str | None = None
    dead_letter_queue: MessageQueue | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 900
    memory_mib: int = 512
    log_retention_days: int = 7
    reserved_concurrency: int | None = None
    recursive_loop: str = "Terminate"
    encryption_key: EncryptionKey | None = None
    code_signing_config_arn: str | None = None


class PythonFunction(Construct):
    """A function that logs into a group created before it, is traced, and may do what is granted.

    The dead-letter queue is the function's own setting, not an on-failure destination: the queue
    then gets the event itself, in the same shape as an event that never reached the function, so
    one redrive serves both.

    Attributes:
        resource: The function itself.
        function_name: The function's name, as a reference that makes Terraform wait for it.
        physical_name: The same name as text.
        function_arn: The function's ARN.
        log_group: Its log group.
        role: Its role, and the policy with what it may do.
        dead_letter_queue: Queue for the events of failed asynchronous invocations.
        timeout_seconds: Time that one invocation may take.
    """

    def __init__(self, scope: Construct, id_: str, props: PythonFunctionProps) -> None:
        validate_types(scope, id_, props)
        validate(scope, id_, *_rules(props))
        super().__init__(scope, id_)
        key = props.encryption_key
        self.physical_name = props.function_name
        self.timeout_seconds = props.timeout_seconds
        self.dead_letter_queue = props.dead_letter_queue or MessageQueue(
            self,
            "DeadLetterQueue",
            MessageQueueProps(queue_name=f"{props.function_name}-dlq", encryption_key=key),
        )
        log_group_name = f"/aws/lambda/{props.function_name}"
        if key:
            key.grant_use_by_logs(log_group_name)
        self.log_group = CloudwatchLogGroup(
            self,
            "LogGroup",
            name=log_group_name,
            retention_in_days=props.log_retention_days,
            kms_key_id=key.key_arn if key else None,
        )
        self.role = ServiceRole(
            self, props.role_name or props.function_name, "lambda.amazonaws.com"
        )
        for actions, resource in (
            (LOG_ACTIONS, f"{self.log_group.arn}:*"),
            (TRACE_ACTIONS, "*"),  # X-Ray has no resources to name for these two actions
        ):
            self.add_to_policy(PolicyStatement(actions=actions, resources=(resource,)))
        self.dead_letter_queue.grant_send(self)
        if key:
            key.grant_use(self)
        self.resource = self._function(props)
        self.function_name: str = self.resource.function_name
        self.function_arn: str = self.resource.arn
        LambdaFunctionEventInvokeConfig(
            self,
            "AsynchronousInvocations",
            function_name=self.function_name,
            maximum_event_age_in_seconds=SIX_HOURS_IN_SECONDS,
            maximum_retry_attempts=2,
        )
        if props.recursive_loop != "Terminate":
            LambdaFunctionRecursionConfig(
                self,
                "RecursiveLoop",
                function_name=self.function_name,
                recursive_loop=props.recursive_loop,
            )

    def _function(self, props: PythonFunctionProps) -> lambda_function.LambdaFunction:
        return lambda_function.LambdaFunction(
            self,
            "Resource",
            function_name=props.function_name,
            description=props.description,
            role=self.role.role_arn,
            handler=props.handler,
            runtime=props.runtime,
            architectures=[props.architecture],
            filename=props.package.path,
            source_code_hash=props.package.sha256_base64,
            timeout=props.timeout_seconds,
            memory_size=props.memory_mib,
            reserved_concurrent_executions=props.reserved_concurrency,
            environment=lambda_function.LambdaFunctionEnvironment(
                variables=dict(props.environment)
            ),
            kms_key_arn=props.encryption_key.key_arn if props.encryption_key else None,
            code_signing_config_arn=props.code_signing_config_arn,
            dead_letter_config=lambda_function.LambdaFunctionDeadLetterConfig(
                target_arn=self.dead_letter_queue.queue_arn
            ),
            tracing_config=lambda_function.LambdaFunctionTracingConfig(mode="Active"),
            logging_config=lambda_function.LambdaFunctionLoggingConfig(
                log_format="Text", log_group=self.log_group.name
            ),
            # Lambda refuses a dead-letter queue that the role may not write to.
            # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
            depends_on=[self.role.policy],
        )

    def add_to_policy(self, statement: PolicyStatement) -> TerraformResource:
        """Add a statement to the policy of the function's role and return the policy.

        Args:
            statement: Actions and resources.
        """
        return self.role.add_to_policy(statement)

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
            queue: The queue.
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
            between("maximum_concurrency", maximum_concurrency, *QUEUE_SOURCE_CONCURRENCY),
            between("batch_size", batch_size, 1, 10),
            between(
                "visibility_timeout_seconds",
                queue.visibility_timeout_seconds,
                VISIBILITY_TIMEOUT_FACTOR * self.timeout_seconds,
                43_200,
            ),
        )
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
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            depends_on=list(queue.grant_consume(self).policies),
        )


def _rules(props: PythonFunctionProps) -> list[Rule]:
    """Return the limits of https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html."""
    return [
        identifier("function_name", props.function_name, 64, "-_"),
        text("description", props.description, 256, least=0),
        matching("handler", props.handler, r"\S{1,128}", "1 to 128 characters without spaces"),
        matching("runtime", props.runtime, r"python3\.[0-9]{1,2}", "python3.<minor version>"),
        one_of("architecture", props.architecture, ("arm64", "x86_64")),
        identifier("role_name", props.role_name, 64, "_+=,.@-"),
        between("timeout_seconds", props.timeout_seconds, 1, 900),
        between("memory_mib", props.memory_mib, 128, 10_240),
        between("reserved_concurrency", props.reserved_concurrency, *RESERVED_CONCURRENCY),
        between("environment (bytes)", _known_bytes(props.environment), 0, MOST_ENVIRONMENT_BYTES),
        *(
            matching(f"environment ({name})", name, "[A-Za-z][A-Za-z0-9_]+", "names such as A_1")
            for name in props.environment
        ),
        Rule(
            name="environment",
            got=sorted(props.environment),
            allowed="no names that Lambda sets itself",
            holds=RESERVED_VARIABLES.isdisjoint(props.environment),
        ),
        one_of("log_retention_days", props.log_retention_days, LOG_RETENTION_DAYS),
        one_of("recursive_loop", props.recursive_loop, ("Allow", "Terminate")),
    ]


def _known_bytes(environment: Mapping[str, str]) -> int:
    """Return the size of the variables, without the values that only Terraform knows."""
    size = sum(len(f"{name}{value}".encode()) for name, value in environment.items())
    if size <= MOST_ENVIRONMENT_BYTES:
        return size
    return sum(
        len(name.encode()) + (0 if Token.is_unresolved(value) else len(value.encode()))
        for name, value in environment.items()
    )
