"""Two of every construct in one stack, applied: no Sid, id or name of one is in the other's way.

The constructs stand in two scopes of a stack that is not this project's, under the same ids and
with everything granted twice. The second scope is in another region, by a provider with an alias.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import cdktf
import jsii
import pytest
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.scheduler_schedule_group import SchedulerScheduleGroup
from constructs import Construct

from constructs_lib.access_log_bucket import AccessLogBucket, AccessLogBucketProps
from constructs_lib.account import Account
from constructs_lib.alarm_topic import AlarmTopic, AlarmTopicProps
from constructs_lib.alarms import Alarms, AlarmSpec, AlarmsProps
from constructs_lib.dashboard import Dashboard, DashboardProps, Graph
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.metrics import aws_metric
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.python_function import PythonFunction, PythonFunctionProps
from constructs_lib.stack_folder import FunctionPackage
from constructs_lib.terraform import PROVIDER_VERSIONS
from emulated_resources import attributes
from local_cloud.observe import wait_for
from local_cloud.override import SERVICES
from local_cloud.server import SECRET, LocalCloud
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGIONS = {"first-half": "us-east-1", "second half.x": "eu-west-1"}
CODE = """
import os, boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="b-2/seen", Body=b"x")
    boto3.client("sqs").send_message(
        QueueUrl=os.environ["SEEN"],
        MessageBody=event["detail"]["object"]["key"],
        MessageAttributes={"rule": {"DataType": "String", "StringValue": event["source"]}},
    )
"""


@jsii.implements(cdktf.IAspect)
class UseProvider:
    """Aspect that has resources created by another provider than the stack's own."""

    def __init__(self, provider: AwsProvider) -> None:
        self._provider = provider

    def visit(self, node: Any) -> None:
        """Set the provider of a resource or data source."""
        if isinstance(node, cdktf.TerraformResource | cdktf.TerraformDataSource):
            node.provider = self._provider


class Half(Construct):
    """Two of every construct, under ids that want to be trouble."""

    def __init__(self, scope: Construct, id_: str, package: FunctionPackage) -> None:
        super().__init__(scope, id_)
        self.name = f"half-{list(REGIONS).index(id_)}"
        self.region = REGIONS[id_]
        Account.of_provider(self, self.region)
        self.account = Account.of_provider(self, self.region)
        self.package = package
        inner = Construct(self, "inner.scope")
        self.keys = [
            EncryptionKey(
                parent, "the-key", EncryptionKeyProps(key_alias=name, account=self.account)
            )
            for parent, name in ((self, f"{self.name}/a"), (inner, f"{self.name}/b"))
        ]
        for key in self.keys:
            key.grant_use_by_logs(f"/aws/lambda/{self.name}-a")
            key.grant_use_by_logs(f"/aws/lambda/{self.name}-b")
        self._add_buckets(inner)
        self._add_queues(inner)
        self._add_functions(inner)
        self._grant_twice()
        self._add_triggers(inner)
        self._add_monitoring(inner)

    def _add_buckets(self, inner: Construct) -> None:
        logs = [
            AccessLogBucket(
                parent,
                "Access Logs",
                AccessLogBucketProps(
                    # Known to Terraform alone, as in a stack with the account's id in its names.
                    bucket_name=f"{self.name}-{name}-logs-{self.account.account_id}",
                    account=self.account,
                    encryption_key=key,
                    force_destroy=True,
                ),
            )
            for parent, name, key in ((self, "a", None), (inner, "b", self.keys[1]))
        ]
        self.buckets = [
            PrivateBucket(
                parent,
                "files",
                PrivateBucketProps(
                    bucket_name=f"{self.name}.{name}",
                    encryption_key=key,
                    sends_events=True,
                    access_logs=log_bucket,
                    scratch_prefix="scratch/",
                ),
            )
            for parent, name, key, log_bucket in (
                (self, "a", self.keys[0], logs[0]),
                (inner, "b", None, logs[0]),
                (Construct(inner, "deep"), "c", self.keys[1], logs[1]),
            )
        ]

    def _add_queues(self, inner: Construct) -> None:
        self.dead_letters = MessageQueue(
            self, "dead-letters", MessageQueueProps(queue_name=f"{self.name}-dead")
        )
        self.queues = [
            MessageQueue(
                parent,
                "jobs 1",
                MessageQueueProps(
                    queue_name=f"{self.name}-{name}",
                    visibility_timeout_seconds=60,
                    encryption_key=key,
                    dead_letter_queue=self.dead_letters,
                ),
            )
            for parent, name, key in ((self, "a", self.keys[0]), (inner, "b", None))
        ]
        self.tables = [
            InventoryTable(
                parent,
                "stock",
                InventoryTableProps(
                    table_name=f"{self.name}.{name}",
                    partition_key="k",
                    encryption_key=key,
                    deletion_protection=False,
                ),
            )
            for parent, name, key in ((self, "a", self.keys[0]), (inner, "b", None))
        ]
        self.topics = [
            AlarmTopic(
                parent,
                "topic",
                AlarmTopicProps(
                    topic_name=f"{self.name}-{name}",
                    encryption_key=key,
                    account=self.account,
                    email="a@b.example",
                ),
            )
            for parent, name, key in zip((self, inner), "ab", self.keys, strict=True)
        ]

    def _add_functions(self, inner: Construct) -> None:
        self.seen = MessageQueue(self, "seen", MessageQueueProps(queue_name=f"{self.name}-seen"))
        self.functions = [
            PythonFunction(
                parent,
                "work-er",
                PythonFunctionProps(
                    function_name=f"{self.name}-{name}",
                    # A role of the same name in another region would be in the way.
                    role_name=f"{self.name}-{name}@{self.region}",
                    handler="code.handler",
                    package=self.package,
                    dead_letter_queue=queue,
                    encryption_key=key,
                    timeout_seconds=10,
                    recursive_loop="Allow",
                    environment={
                        "SEEN": self.seen.queue_url,
                        "BUCKET": self.buckets[1].bucket_name,
                    },
                ),
            )
            for parent, name, queue, key in (
                (self, "a", None, self.keys[0]),
                (inner, "b", self.dead_letters, None),
            )
        ]

    def _grant_twice(self) -> None:
        for function in self.functions:
            self.seen.grant_send(function)
            for bucket in self.buckets:
                bucket.grant_read(function)
                bucket.grant_list_versions(function)
                for prefix in ("a_1/", "b-2/"):
                    bucket.grant_put(function, prefix)
                    bucket.grant_get(function, prefix)
            for table in self.tables:
                table.grant_upsert(function)
                table.grant_read_write(function)
                table.grant_query_write(function)
                table.grant_batch_get(function)
                table.grant_scan(function)
            for topic in self.topics:
                topic.grant_publish(function)
            for queue in self.queues:
                queue.grant_send(function)

    def _add_triggers(self, inner: Construct) -> None:
        for parent, name in ((self, "a"), (inner, "b")):
            ObjectCreatedRule(
                parent,
                "on-upload",
                ObjectCreatedRuleProps(
                    rule_name=f"{self.name}.{name}",
                    bucket=self.buckets[0],
                    function=self.functions[0],
                    dead_letter_queue=self.dead_letters,
                ),
            )
        # The function's own dead-letter queue gets what a rule cannot deliver, if no other is named.
        ObjectCreatedRule(
            self,
            "on-other-upload",
            ObjectCreatedRuleProps(
                rule_name=f"{self.name}.c", bucket=self.buckets[2], function=self.functions[0]
            ),
        )
        for number, queue in enumerate(self.queues):
            self.functions[1].add_queue_source(f"queue {number}", queue, maximum_concurrency=2)
        group = SchedulerScheduleGroup(self, "group", name=f"{self.name}-group")
        for parent, name, group_name in ((self, "a", group.name), (inner, "b", None)):
            FunctionSchedule(
                parent,
                "every-day",
                FunctionScheduleProps(
                    schedule_name=f"{self.name}.{name}",
                    # The function and the schedule of one name want two roles.
                    role_name=f"{self.name}-{name}-schedule",
                    schedule_group=group_name,
                    expression="rate(1 day)",
                    function=self.functions[0],
                    account=self.account,
                    encryption_key=self.keys[0],
                ),
            )

    def _add_monitoring(self, inner: Construct) -> None:
        for parent, name, topic in zip((self, inner), "ab", self.topics, strict=True):
            errors = aws_metric("Lambda", "Errors", FunctionName=f"{self.name}-{name}")
            spec = AlarmSpec(
                key="any-errors",
                alarm_name=f"{self.name} {name}",
                description="It fails.",
                metrics=(errors,),
                threshold=0,
            )
            Alarms(parent, "alarms", AlarmsProps(topic=topic, specs=(spec,)))
            Dashboard(
                parent,
                "page",
                DashboardProps(
                    dashboard_name=f"{self.name}-{name}",
                    region=self.region,
                    graphs=(Graph(title="Errors", metrics=(errors,)),),
                ),
            )


def packed(folder: Path) -> FunctionPackage:
    """Write a zip with the code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("code.py", CODE)
    (folder / "code.zip").write_bytes(buffer.getvalue())
    digest = base64.b64encode(hashlib.sha256(buffer.getvalue()).digest()).decode()
    return FunctionPackage(path="code.zip", sha256_base64=digest, files={})


def written(folder: Path, cloud: LocalCloud) -> None:
    """Synthesise the stack into a folder, its providers pointed at the local cloud."""
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "some-one.elses")
    AwsProvider(stack, "aws", region="us-east-1")
    other = AwsProvider(stack, "other", region="eu-west-1", alias="other")
    package = packed(folder)
    for id_, region in REGIONS.items():
        half = Half(stack, id_, package)
        if region != "us-east-1":
            cdktf.Aspects.of(half).add(UseProvider(other))
    stack.add_override("terraform.required_providers.aws.version", PROVIDER_VERSIONS)
    document = json.loads(cdktf.Testing.synth(stack))
    for provider in document["provider"]["aws"]:
        provider |= {
            "access_key": cloud.account_id,
            "secret_key": SECRET,
            "skip_credentials_validation": True,
            "s3_use_path_style": True,
            "endpoints": [dict.fromkeys(SERVICES, cloud.endpoint)],
        }
    (folder / "cdk.tf.json").write_text(json.dumps(document))


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, since names here are not those of one test."""
    with LocalCloud(auth=True) as running:
        yield running


@pytest.fixture(scope="module")
def applied(own_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform in the stack's folder, with everything applied."""
    folder = tmp_path_factory.mktemp("twice")
    written(folder, own_cloud)
    terraform = Terraform(folder, variables=own_cloud.variables())
    terraform.init(any_provider=True)
    terraform.apply()
    return terraform


def test_two_of_every_construct_can_be_applied(applied) -> None:
    """Real Terraform and the real provider create all of it, and a second plan is empty."""
    changed, plan = applied.plan()

    assert not changed, plan
    assert len([each for each in applied.addresses() if not each.startswith("data.")]) > 150


def test_two_rules_invoke_one_function(applied, own_cloud) -> None:
    """Each has a statement of its own in the function's policy, and all grants are in one role."""
    seen = own_cloud.client("sqs").get_queue_url(QueueName="half-0-seen")["QueueUrl"]
    own_cloud.client("s3").put_object(Bucket="half-0.a", Key="file", Body=b"x")
    taken: list[dict[str, Any]] = []

    def both() -> list[dict[str, Any]] | None:
        answer = own_cloud.client("sqs").receive_message(
            QueueUrl=seen, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        taken.extend(answer.get("Messages", []))
        return taken if len(taken) >= 2 else None

    messages = wait_for(both, "two invocations", seconds=60)

    assert [each["Body"] for each in messages] == ["file", "file"]
    assert [attributes(each) for each in messages] == [{"rule": "aws.s3"}] * 2
    policy = json.loads(own_cloud.client("lambda").get_policy(FunctionName="half-0-a")["Policy"])
    assert len({each["Sid"] for each in policy["Statement"]}) == 3


def test_what_is_granted_twice_is_one_statement(applied, own_cloud) -> None:
    """A role's policy stays within what IAM takes: 10,240 characters in all of its inline policies."""
    answer = own_cloud.client("iam").get_role_policy(
        RoleName="half-0-a@us-east-1", PolicyName="permissions"
    )
    statements = answer["PolicyDocument"]["Statement"]
    puts = [each for each in statements if each["Action"] == "s3:PutObject"]

    assert len(json.dumps(answer["PolicyDocument"], separators=(",", ":"))) < 10_240
    assert [len(each["Resource"]) for each in puts] == [6]
