"""A small cloud in memory for the `inventory` command, and a way to run it."""

# The fakes take the names of boto3, whose methods AWS documents.
# ruff: noqa: N803, D102  names and methods are boto3's

from __future__ import annotations

import hashlib
import io
import json
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from fakes import memory_tables
from faults.expressions import compile_condition
from inventory_cli import main, session
from inventory_cli.outputs import Located, Outputs

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)

OUTPUTS = Outputs(
    uploads_bucket_name="uploads",
    reports_bucket_name="reports",
    items_table_name="items",
    ingestions_table_name="ingestions",
    dead_letter_queue_url="https://sqs/dlq",
    work_queue_url="https://sqs/work",
    processor_function_name="inventory-processor-dev",
    chunk_processor_function_name="inventory-chunk-processor-dev",
    summary_function_name="inventory-summary-dev",
    reconcile_function_name="inventory-reconcile-dev",
    alarm_topic_arn="arn:aws:sns:us-east-1:111122223333:inventory-alarms-dev",
    dashboard_name="inventory-dev",
    lanes_table_name="lanes",
)


def refusal(code: str, operation: str = "Operation") -> ClientError:
    """An AWS error."""
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


@dataclass
class FakeQueue:
    """Messages of one queue; time stands still, so what is hidden stays hidden."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    undeletable: set[str] = field(default_factory=set)

    def add(self, body: Any, **attributes: str) -> str:
        """Put a message in; gives its id."""
        message_id = f"m{len(self.messages)}"
        self.messages[message_id] = {
            "MessageId": message_id,
            "ReceiptHandle": f"handle {message_id}",
            "Body": body if isinstance(body, str) else json.dumps(body),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
            "Attributes": {"SentTimestamp": str(int(NOW.timestamp() * 1000) + len(self.messages))},
        }
        return message_id

    def bodies(self) -> list[Any]:
        """Parsed bodies of everything in it."""
        return [json.loads(message["Body"]) for message in self.messages.values()]


class FakeSqs:
    """SQS with the dead-letter queue and the work queue."""

    def __init__(self) -> None:
        self.queues = {
            OUTPUTS.dead_letter_queue_url: FakeQueue(),
            OUTPUTS.work_queue_url: FakeQueue(),
        }
        self.refuses_work = False
        rule = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
        self.policy: Any = {"Statement": [rule]}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> Any:
        queue = self.queues[QueueUrl]
        shown = [each for name, each in queue.messages.items() if name not in queue.hidden]
        taken = shown[:MaxNumberOfMessages]
        queue.hidden |= {each["MessageId"] for each in taken}
        return {"Messages": taken} if taken else {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:
        queue = self.queues[QueueUrl]
        failed = []
        for entry in Entries:
            message_id = entry["ReceiptHandle"].removeprefix("handle ")
            if message_id in queue.undeletable:
                failed.append({"Id": entry["Id"], "Code": "InternalError"})
            else:
                del queue.messages[message_id]
        return {"Failed": failed} if failed else {}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:
        queue = self.queues[QueueUrl]
        assert len(Entries) <= 10
        for entry in Entries:
            assert entry["VisibilityTimeout"] == 0
            queue.hidden.discard(entry["ReceiptHandle"].removeprefix("handle "))
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:
        assert 1 <= len(Entries) <= 10
        if self.refuses_work:
            return {"Failed": [{"Id": "0", "Code": "InternalError"}]}
        for entry in Entries:
            self.queues[QueueUrl].add(entry["MessageBody"])
        return {}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:
        if AttributeNames == ["Policy"]:
            return {"Attributes": {"Policy": json.dumps(self.policy)}}
        if AttributeNames == ["QueueArn"]:
            name = QueueUrl.rpartition("/")[2]
            return {"Attributes": {"QueueArn": f"arn:aws:sqs:us-east-1:111122223333:{name}"}}
        queue = self.queues[QueueUrl]
        hidden = len(queue.hidden & set(queue.messages))
        counts = {
            "ApproximateNumberOfMessages": len(queue.messages) - hidden,
            "ApproximateNumberOfMessagesNotVisible": hidden,
            "ApproximateNumberOfMessagesDelayed": 0,
        }
        return {"Attributes": {name: str(counts[name]) for name in AttributeNames}}


class Pages:
    """A paginator over prepared pages."""

    def __init__(self, pages: list[Any]) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> list[Any]:
        return self._pages


class FakeDynamoDb:
    """DynamoDB with the items and the ingestions."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {
            "items": {},
            "ingestions": {},
        }
        # boto3 gives the time of whoever asks.
        self.created = datetime(2026, 8, 16, 1, tzinfo=timezone(timedelta(hours=2)))
        # What the functions' own adapters ask for is answered as in the tests of these.
        self.lanes = memory_tables()

    def put_item(self, **request: Any) -> Any:
        return self.lanes("PutItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self.lanes("DeleteItem", request)

    def query(self, **request: Any) -> Any:
        answer = self.lanes("Query", request)
        # boto3 decodes what is binary on the wire.
        items = [
            {
                name: {"B": b64decode(value["B"])} if "B" in value else value
                for name, value in item.items()
            }
            for item in answer["Items"]
        ]
        return {**answer, "Items": items}

    def follow_up(self, key: str, version_id: str) -> None:
        """Have the reconcile look at a version."""
        names = {"bucket": "uploads", "key": key, "version_id": version_id}
        names |= {"etag": "", "sequencer": "", "lane": "follow-up", "position": key}
        item = {name: {"S": text} for name, text in names.items()} | {"size_bytes": {"N": "1"}}
        self.put_item(TableName="lanes", Item=item)

    def record(self, object_id: str, **attributes: Any) -> None:
        """Store an ingestion record."""
        stored: dict[str, Any] = {"object_id": {"S": object_id}}
        for name, value in attributes.items():
            if isinstance(value, set):
                stored[name] = {"SS": sorted(value)}
            else:
                stored[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
        self.tables["ingestions"][object_id,] = stored

    def item(self, sku: str, location: str, token: str = "", **attributes: Any) -> None:
        """Store an item."""
        stored: dict[str, Any] = {"sku": {"S": sku}, "location": {"S": location}}
        stored |= {"order_token": {"S": token}, "as_of": {"S": token[:27]}}
        for name, value in attributes.items():
            if isinstance(value, dict):
                stored[name] = {"M": {key: {"S": text} for key, text in value.items()}}
                stored[name]["M"]["line"] = {"N": value["line"]}
            else:
                stored[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
        self.tables["items"][sku, location] = stored

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:
        [(table, request)] = RequestItems.items()
        assert len(request["Keys"]) <= 100
        keys = [tuple(part["S"] for part in key.values()) for key in request["Keys"]]
        assert len(set(keys)) == len(keys)
        found = [self.tables[table][key] for key in keys if key in self.tables[table]]
        return {"Responses": {table: found}}

    def scan(self, *, TableName: str, Segment: int, FilterExpression: str, **request: Any) -> Any:
        wanted, names = compile_condition(FilterExpression), request["ExpressionAttributeNames"]
        found = [each for each in self.tables[TableName].values() if wanted(each, names, {})]
        return {"Items": [] if Segment else found}

    def get_item(self, *, TableName: str, Key: dict[str, Any], **_: Any) -> Any:
        assert _["ConsistentRead"] is True
        if TableName == "lanes":
            return self.lanes("GetItem", {"TableName": TableName, "Key": Key, **_})
        found = self.tables[TableName].get(tuple(value["S"] for value in Key.values()))
        return {"Item": found} if found else {}

    def get_paginator(self, _name: str) -> Any:
        tables = self.tables

        class Items:
            def paginate(self, *, TableName: str, **request: Any) -> list[Any]:
                values = request.get("ExpressionAttributeValues", {})
                return [
                    {"Items": [each]}
                    for each in tables[TableName].values()
                    if all(
                        each[name]["S"] == values[f":{name}"]["S"]
                        for name in ("sku", "location")
                        if f":{name}" in values
                    )
                ]

        return Items()

    def describe_table(self, *, TableName: str) -> Any:
        size = {"ItemCount": len(self.tables.get(TableName, ())), "TableSizeBytes": 1 << 30}
        return {
            "Table": {"TableStatus": "ACTIVE", "CreationDateTime": self.created, **size},
        }


class NoSuchKey(Exception):  # noqa: N818  # S3's own name
    """There is no such object."""


class FakeS3:
    """S3 with versions of uploads, and reports."""

    class exceptions:  # noqa: N801  # as on boto3's clients
        """Errors of S3."""

        NoSuchKey = NoSuchKey

    def __init__(self) -> None:
        self.versions: list[dict[str, Any]] = []
        self.bytes: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.reports: dict[str, bytes] = {}
        self.feeds: dict[str, Any] = {"feeds": {}, "profiles": {}}
        self.versioning = "Enabled"
        self.sends_events = True
        self.logged = False

    def put(self, key: str, content: bytes, stored: datetime = NOW, **metadata: str) -> str:
        """Store a version of an upload; gives its id."""
        version_id = f"v{len(self.versions) + 1}"
        for each in self.versions:
            each["IsLatest"] = each["IsLatest"] and each["Key"] != key
        self.versions.insert(
            0,
            {
                "Key": key,
                "VersionId": version_id,
                "ETag": f'"{hashlib.md5(content).hexdigest()}"',
                "Size": len(content),
                "LastModified": stored + timedelta(seconds=len(self.versions)),
                "IsLatest": True,
            },
        )
        self.metadata[version_id] = metadata
        self.bytes[version_id] = content
        return version_id

    def get_paginator(self, name: str) -> Any:
        s3 = self

        class Versions:
            def paginate(self, *, Bucket: str, Prefix: str = "") -> list[Any]:
                if name == "list_objects_v2":
                    return [{"Contents": [{"Key": each}]} for each in s3.reports]
                if Bucket == "reports":
                    return [{"Versions": [{"Size": len(each)}]} for each in s3.reports.values()]
                found = [each for each in s3.versions if each["Key"].startswith(Prefix)]
                return [{"Versions": [each]} for each in found] or [{}]

        return Versions()

    def _stored(self, request: dict[str, Any]) -> dict[str, Any]:
        for each in self.versions:
            if (each["Key"], each["VersionId"]) == (request["Key"], request.get("VersionId")):
                return each
        raise refusal("404", "HeadObject")

    def head_object(self, **request: Any) -> Any:
        each = self._stored(request)
        return {
            "VersionId": each["VersionId"],
            "ETag": each["ETag"],
            "ContentLength": each["Size"],
            "LastModified": each["LastModified"],
            "Metadata": self.metadata[each["VersionId"]],
        }

    def get_object(self, **request: Any) -> Any:
        if request["Bucket"] == "reports":
            if request["Key"] == "settings/feeds.json":
                return {"Body": io.BytesIO(json.dumps(self.feeds).encode())}
            if request["Key"] not in self.reports:
                raise NoSuchKey
            report = self.reports[request["Key"]]
            tag = f'"{hashlib.md5(report).hexdigest()}"'
            return {"Body": io.BytesIO(report), "ETag": tag, "ContentLength": len(report)}
        content = self.bytes[self._stored(request)["VersionId"]]
        start = int(request.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        found = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return {"Body": io.BytesIO(content[start:]), "ContentRange": found}

    def head_bucket(self, **_: Any) -> Any:
        return {}

    def get_bucket_versioning(self, **_: Any) -> Any:
        return {"Status": self.versioning} if self.versioning else {}

    def get_bucket_notification_configuration(self, **_: Any) -> Any:
        return {"EventBridgeConfiguration": {}} if self.sends_events else {}

    def get_bucket_logging(self, **_: Any) -> Any:
        return {"LoggingEnabled": {"TargetBucket": "logs"}} if self.logged else {}

    def list_objects_v2(self, *, Prefix: str = "", **_: Any) -> Any:
        found = {
            f"{Prefix}{key.removeprefix(Prefix).partition('/')[0]}/"
            for key in self.reports
            if key.startswith(Prefix)
        }
        return {"CommonPrefixes": [{"Prefix": each} for each in sorted(found)]}


class FakeLambda:
    """Lambda; keeps what it was asked to do."""

    def __init__(self) -> None:
        self.invocations: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"date": "2026-11-22"}
        self.error = ""
        self.state = "Active"
        self.unreserved = 10
        self.reserved: dict[str, int] = {}
        self.mappings = [{"State": "Enabled", "ScalingConfig": {"MaximumConcurrency": 5}}]
        self.recursive_loop = "Allow"
        self.variables = {
            "FEEDS_KEY": "settings/feeds.json",
            "FEEDS_VERSION_ID": "v1",
            "TIME_TOLERANCE_MINUTES": "60",
            "LOW_STOCK_THRESHOLD": "10",
        }

    def get_account_settings(self) -> Any:
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.unreserved,
                "UnreservedConcurrentExecutions": self.unreserved,
            }
        }

    def get_function_concurrency(self, *, FunctionName: str) -> Any:
        reserved = self.reserved.get(FunctionName)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def list_event_source_mappings(self, *, FunctionName: str) -> Any:
        assert FunctionName == OUTPUTS.chunk_processor_function_name
        return {"EventSourceMappings": self.mappings}

    def get_function_recursion_config(self, *, FunctionName: str) -> Any:
        assert FunctionName == OUTPUTS.chunk_processor_function_name
        return {"RecursiveLoop": self.recursive_loop}

    def get_function_configuration(self, *, FunctionName: str) -> Any:
        return {
            "FunctionArn": f"arn:aws:lambda:us-east-1:111122223333:function:{FunctionName}",
            "MemorySize": 1024,
            "Architectures": ["arm64"],
            "State": self.state,
            "LastUpdateStatus": "Successful",
            "Environment": {"Variables": self.variables},
        }

    def invoke(self, **request: Any) -> Any:
        self.invocations.append(request)
        if request.get("InvocationType") == "Event":
            return {"StatusCode": 202}
        body = {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return {**body, "FunctionError": self.error} if self.error else body


class FakeCloudWatch:
    """CloudWatch with the stack's alarms."""

    def __init__(self) -> None:
        self.alarms = [self.alarm("inventory-dlq-not-empty-dev")]
        self.set_off: list[str] = []
        self.action = "Successfully executed action arn:aws:sns:us-east-1:111122223333:alarms"

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> Any:
        assert (StateValue, bool(StateReason)) == ("ALARM", True)
        self.set_off.append(AlarmName)

    def describe_alarm_history(self, *, AlarmName: str, **_: Any) -> Any:
        assert AlarmName in self.set_off
        return {"AlarmHistoryItems": [{"HistorySummary": self.action}]}

    @staticmethod
    def alarm(name: str, state: str = "OK", **more: Any) -> dict[str, Any]:
        """An alarm of the stack."""
        topic = OUTPUTS.alarm_topic_arn
        return {"AlarmName": name, "StateValue": state, "AlarmActions": [topic], **more}

    def get_metric_statistics(self, *, MetricName: str, **_: Any) -> Any:
        sums = {"Invocations": 1000.0, "Duration": 3_600_000.0}
        return {"Datapoints": [{"Sum": sums.get(MetricName, 0.0)}]}

    def get_paginator(self, _name: str) -> Pages:
        return Pages([{"MetricAlarms": self.alarms}])

    def describe_alarms(self, *, AlarmNames: list[str]) -> Any:
        return {"MetricAlarms": [each for each in self.alarms if each["AlarmName"] in AlarmNames]}


class FakeScheduler:
    """EventBridge Scheduler with the stack's schedules."""

    def __init__(self) -> None:
        self.disabled = ""

    def get_schedule(self, *, Name: str) -> Any:
        expressions = {
            "inventory-summary-daily-dev": "cron(0 6 * * ? *)",
            "inventory-reconcile-hourly-dev": "rate(1 hour)",
        }
        state = "DISABLED" if Name == self.disabled else "ENABLED"
        return {"State": state, "ScheduleExpression": expressions[Name]}


class FakeEvents:
    """EventBridge with the rule on uploads."""

    def __init__(self) -> None:
        self.state = "ENABLED"
        self.target = OUTPUTS.processor_function_name

    def describe_rule(self, *, Name: str) -> Any:
        assert Name == "inventory-upload-rule-dev"
        return {"State": self.state}

    def list_targets_by_rule(self, *, Rule: str) -> Any:
        assert Rule == "inventory-upload-rule-dev"
        return {
            "Targets": [{"Arn": f"arn:aws:lambda:us-east-1:111122223333:function:{self.target}"}]
        }


class FakeSns:
    """SNS with the topic's subscriptions."""

    def __init__(self) -> None:
        self.arns = ["arn:aws:sns:us-east-1:111122223333:alarms:1"]

    def list_subscriptions_by_topic(self, *, TopicArn: str) -> Any:
        assert TopicArn == OUTPUTS.alarm_topic_arn
        return {"Subscriptions": [{"SubscriptionArn": each} for each in self.arns]}


class FakeIam:
    """IAM; allows everything but what is denied."""

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.closed = False

    def simulate_principal_policy(self, **request: Any) -> Any:
        if self.closed:
            raise refusal("AccessDenied")
        assert ":role/operator" in request["PolicySourceArn"]
        decision = "implicitDeny" if request["ActionNames"][0] in self.denied else "allowed"
        return {"EvaluationResults": [{"EvalDecision": decision}]}


class FakeSts:
    """STS."""

    account = "111122223333"

    def get_caller_identity(self) -> Any:
        arn = f"arn:aws:sts::{self.account}:assumed-role/operator/me"
        return {"Account": self.account, "Arn": arn}


class Cloud:
    """All services together."""

    def __init__(self) -> None:
        self.sqs = FakeSqs()
        self.dynamodb = FakeDynamoDb()
        self.s3: Any = FakeS3()
        self.functions = FakeLambda()
        self.cloudwatch = FakeCloudWatch()
        self.scheduler = FakeScheduler()
        self.events = FakeEvents()
        self.sns = FakeSns()
        self.iam = FakeIam()
        self.sts = FakeSts()

    @property
    def dead_letters(self) -> FakeQueue:
        """The dead-letter queue."""
        return self.sqs.queues[OUTPUTS.dead_letter_queue_url]

    @property
    def work(self) -> FakeQueue:
        """The work queue."""
        return self.sqs.queues[OUTPUTS.work_queue_url]

    def reject(
        self, key: str, version_id: str, line: int, *, kind: str = "row", **more: Any
    ) -> str:
        """Put a reject message into the dead-letter queue."""
        body = {
            "id": f"uploads/{key}#{version_id}/{line}",
            "error": "type-error",
            "message": "quantity 'abc' is not a plain decimal number",
            "column": "quantity",
            "value": "abc",
            "line": line,
            "bucket": "uploads",
            "key": key,
            "version_id": version_id,
            **more,
        }
        return self.dead_letters.add(body, kind=kind)


class FakeSession(session.Session):
    """A session whose clients are those of the cloud in memory."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(Located(outputs=OUTPUTS, origin="a test", variables={}))
        self._cloud = cloud

    def client(self, service: str) -> Any:
        name = "functions" if service == "lambda" else service
        return getattr(self._cloud, name)


@dataclass
class Ran:
    """How a command ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, parsed."""
        return json.loads(self.out)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty cloud that every command connects to."""
    made = Cloud()
    for name in main.COMMANDS:
        module = f"inventory_cli.{main.MODULES.get(name, name)}"
        monkeypatch.setattr(f"{module}.connect", lambda *_, **__: FakeSession(made), raising=False)
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `inventory` with arguments, through its entry point."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["inventory", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def runner() -> CliRunner:
    """Typer's runner, for what is asked of the help."""
    return CliRunner()
