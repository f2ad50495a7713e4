"""One command's connection: the stack's names and the clients to reach them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from inventory_cli.errors import ForeignAnswerError, OutOfReachError
from inventory_cli.outputs import Located, Outputs, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
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
    def origin(self) -> str:
        """Where the names come from, for people."""
        return self._located.origin

    @property
    def where(self) -> str:
        """The environment, its place and where its names come from, for people."""
        endpoint = self._located.variables.get("AWS_ENDPOINT_URL")
        place = f"at {endpoint}" if endpoint else f"in {self.outputs.region}"
        account = f"account {self.outputs.account}"
        return f"{self.outputs.suffix} {place}, {account}, by {self.origin}"

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
    def events(self) -> EventBridgeClient:
        """EventBridge."""
        client: EventBridgeClient = self.client("events")
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

        Raises:
            OutOfReachError: The settings of AWS make no sense.
        """
        # Importing boto3 takes a quarter of a second, which `--help` does not need.
        import boto3
        from botocore.config import Config
        from botocore.session import Session as BotocoreSession

        variables = self._located.variables
        # Beside keys of its own no profile counts, not even one that is not there.
        no_profile: Any = {"profile": (None, None, None, None)} if variables else None
        make: Any = boto3.Session(
            botocore_session=BotocoreSession(no_profile),
            aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            region_name=self.outputs.region,
        ).client
        endpoint = variables.get("AWS_ENDPOINT_URL")
        try:
            client = make(
                service,
                endpoint_url=endpoint,
                config=Config(
                    retries={"mode": "standard", "max_attempts": 5},
                    read_timeout=_LONGEST_ANSWER_SECONDS if service == "lambda" else 60,
                    # The local cloud is on this machine, which no proxy knows.
                    proxies={} if endpoint else None,
                ),
            )
        except ValueError as error:
            # Of an address without http:// or a region that is none, wherever it is set.
            raise OutOfReachError(
                f"{error}: see AWS_ENDPOINT_URL, and the region of the stack"
            ) from error
        client.meta.events.register("before-parse", _refuse_foreign)
        return client


def _refuse_foreign(response_dict: Mapping[str, Any], event_name: str, **_: object) -> None:
    """Refuse a page in place of an answer: AWS sends none without a request id.

    Raises:
        ForeignAnswerError: Something else than AWS answered.
    """
    headers = {name.lower(): value for name, value in response_dict["headers"].items()}
    from_aws = any(name.startswith(("x-amz", "x-amzn")) for name in headers)
    if "html" in headers.get("content-type", "") and not from_aws:
        operation = event_name.rpartition(".")[2]
        raise ForeignAnswerError(
            f"the answer to {operation} is not AWS's but a page (HTTP "
            f"{response_dict['status_code']}): is a proxy in between? See HTTPS_PROXY and NO_PROXY"
        )


def connect(
    outputs_file: Path | None, environment: str | None, *, any_account: bool = False
) -> Session:
    """The session of a command; its credentials are of the stack's account.

    Two accounts may have the same environment, with tables and functions of the same names.

    Args:
        outputs_file: Value of `--outputs`.
        environment: Value of `--env`.
        any_account: True to leave the account to whoever asks.

    Raises:
        OutOfReachError: The stack's names could not be found, or it is in another account.
    """
    session = Session(locate(outputs_file, environment))
    outputs = session.outputs
    if outputs.account and not any_account:
        own = session.sts.get_caller_identity()["Account"]
        if own != outputs.account:
            raise OutOfReachError(
                f"these credentials are of account {own}, and {outputs.suffix} is in account "
                f"{outputs.account}, by {session.origin}: set AWS_PROFILE, or name another stack "
                "with --env or --outputs"
            )
    return session
