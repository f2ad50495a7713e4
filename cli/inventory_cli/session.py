"""One command's connection: the stack's names and the clients to reach them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from inventory_cli.outputs import Located, Outputs, locate

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

AwsClient: TypeAlias = Any
"""A client of boto3, which makes a class for each service at run time."""

# A summary of a large table is waited for as long as its function may take.
_LONGEST_ANSWER_SECONDS = 900

OutputsOption = Annotated[
    Path | None,
    typer.Option(
        "--outputs",
        metavar="FILE",
        help="File with the JSON of terraform output. Default: INVENTORY_OUTPUTS, the local cloud, "
        "or Terraform's state.",
        show_default=False,
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="SUFFIX",
        help="Environment whose Terraform state names the resources, such as prod.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")]


class Session:
    """The stack's names and AWS clients, made on first use.

    Args:
        located: The names and how to reach them.
    """

    def __init__(self, located: Located) -> None:
        self._located = located

    @property
    def outputs(self) -> Outputs:
        """Names of the deployed resources."""
        return self._located.outputs

    @property
    def where(self) -> str:
        """The environment, its place and where its names come from, for people."""
        endpoint = self._located.variables.get("AWS_ENDPOINT_URL")
        place = f"at {endpoint}" if endpoint else f"in {self.outputs.region}"
        account = f"account {self.outputs.account}"
        return f"{self.outputs.suffix} {place}, {account}, by {self._located.origin}"

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        client: S3Client = self.client("s3")
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        client: SQSClient = self.client("sqs")
        return client

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda."""
        client: LambdaClient = self.client("lambda")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        client: CloudWatchClient = self.client("cloudwatch")
        return client

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """EventBridge Scheduler."""
        client: EventBridgeSchedulerClient = self.client("scheduler")
        return client

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        client: SNSClient = self.client("sns")
        return client

    @cached_property
    def iam(self) -> IAMClient:
        """IAM."""
        client: IAMClient = self.client("iam")
        return client

    @cached_property
    def sts(self) -> STSClient:
        """STS."""
        client: STSClient = self.client("sts")
        return client

    def client(self, service: str) -> AwsClient:
        """A client of any service.

        Args:
            service: boto3's name of it.
        """
        # Importing boto3 takes a quarter of a second, which `--help` does not need.
        import boto3
        from botocore.config import Config

        variables = self._located.variables
        make: Any = boto3.Session(
            aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            region_name=self.outputs.region,
        ).client
        return make(
            service,
            endpoint_url=variables.get("AWS_ENDPOINT_URL"),
            config=Config(
                retries={"mode": "standard", "max_attempts": 5},
                read_timeout=_LONGEST_ANSWER_SECONDS if service == "lambda" else 60,
            ),
        )


def connect(outputs_file: Path | None, environment: str | None) -> Session:
    """The session of a command.

    Args:
        outputs_file: Value of `--outputs`.
        environment: Value of `--env`.

    Raises:
        OutOfReachError: The stack's names could not be found.
    """
    return Session(locate(outputs_file, environment))
