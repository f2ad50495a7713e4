"""Two of every construct in one stack, applied: no Sid, id or name of one is in the other's way.

They stand in nested scopes of a stack that is not this project's, under the same ids and with
everything granted twice. One more of each is in another region, by a provider with an alias.
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
from constructs_lib.event_bus import EventBus, EventBusProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.metrics import aws_metric
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.python_function import PythonFunction, PythonFunctionProps
from constructs_lib.queue_event_rule import QueueEventRule, QueueEventRuleProps
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

REGION = "us-east-1"
OTHER_REGION = "eu-west-1"
FUNCTION = f"{REGION}-a-worker"
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


class Site(Construct):
    """One or two of every construct, under ids that want to be trouble."""

    def __init__(
        self, scope: Construct, id_: str, *, count: int, region: str, package: FunctionPackage
    ) -> None:
        super().__init__(scope, id_)
        self.region = region
        self.package = package
        # Twice, as two constructs that do not know of each other would.
        Account.of_provider(self, region)
        self.account = Account.of_provider(self, region)
        scopes = (self, Construct(self, "inner.scope"))[:count]
        self.places = [
            (place, f"{region}-{name}") for place, name in zip(scopes, "ab", strict=False)
        ]
        self.keys = [
            EncryptionKey(
                scope, "the-key", EncryptionKeyProps(key_alias=f"k/{name}", account=self.account)
            )
            for scope, name in self.places
        ]
        for key in self.keys:
            for name in "ab":
                key.grant_use_by_logs(f"/aws/lambda/{region}-{name}")
        self._add_buckets()
        self._add_queues_tables_topics()
        self._add_functions()
        self._grant_twice()
        self._add_triggers()
        self._add_monitoring()

    def _add_buckets(self) -> None:
        logs = [
            AccessLogBucket(
                scope,
                "Access Logs",
                AccessLogBucketProps(
                    # Known to Terraform alone, as in a stack with the account's id in its names.
                    bucket_name=f"{name}-logs-{self.account.account_id}",
                    account=self.account,
                ),
            )
            for scope, name in self.places
        ]
        self.buckets = [
            PrivateBucket(
                place,
                "files",
                PrivateBucketProps(
                    bucket_name=f"{name}.{what}",
                    encryption_key=key,
                    sends_events=True,
                    access_logs=logs[0],
                    days_below={"scratch/": 30},
                ),
            )
            for scope, name in self.places
            for place, what, key in (
                (scope, "plain", None),
                (Construct(scope, "deep"), "encrypted", self.keys[-1]),
            )
        ]

    def _add_queues_tables_topics(self) -> None:
        self.dead_letters = MessageQueue(
            self, "dead-letters", MessageQueueProps(queue_name=f"{self.region}-dead")
        )
        self.seen = MessageQueue(self, "seen", MessageQueueProps(queue_name=f"{self.region}-seen"))
        self.queues = [
            MessageQueue(
                scope,
                "jobs 1",
                MessageQueueProps(
                    queue_name=f"{name}-jobs",
                    visibility_timeout_seconds=60,
                    encryption_key=key,
                    dead_letter_queue=self.dead_letters,
                ),
            )
            for (scope, name), key in zip(self.places, self.keys, strict=True)
        ]
        self.tables = [
            InventoryTable(
                scope,
                "stock",
                InventoryTableProps(
                    table_name=f"{name}.stock",
                    partition_key="k",
                    encryption_key=self.keys[0] if name.endswith("a") else None,
                    deletion_protection=False,
                ),
            )
            for scope, name in self.places
        ]
        self.topics = [
            AlarmTopic(
                scope,
                "topic",
                AlarmTopicProps(
                    topic_name=f"{name}-alarms",
                    encryption_key=key,
                    account=self.account,
                    email="a@b.example",
                ),
            )
            for (scope, name), key in zip(self.places, self.keys, strict=True)
        ]

    def _add_functions(self) -> None:
        self.functions = [
            PythonFunction(
                scope,
                "work-er",
                PythonFunctionProps(
                    function_name=f"{name}-worker",
                    handler="code.handler",
                    package=self.package,
                    dead_letter_queue=self.dead_letters if name.endswith("b") else None,
                    encryption_key=key,
                    timeout_seconds=10,
                    recursive_loop="Allow",
                    environment={
                        "SEEN": self.seen.queue_url,
                        "BUCKET": self.buckets[0].bucket_name,
                    },
                ),
            )
            for (scope, name), key in zip(self.places, self.keys, strict=True)
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

    def _add_triggers(self) -> None:
        function = self.functions[0]
        for scope, name in self.places:
            for id_, queue in (("on-upload", None), ("on upload.2", self.dead_letters)):
                ObjectCreatedRule(
                    scope,
                    id_,
                    ObjectCreatedRuleProps(
                        rule_name=f"{name}.{id_.replace(' ', '_')}",
                        bucket=self.buckets[1],
                        function=function,
                        dead_letter_queue=queue,
                    ),
                )
        group = SchedulerScheduleGroup(self, "group", name=f"{self.region}-group")
        for scope, name in self.places:
            FunctionSchedule(
                scope,
                "every-day",
                FunctionScheduleProps(
                    # Its function has the same name, and the role of either wants one of its own.
                    schedule_name=f"{name}-worker",
                    role_name=f"{name}-worker@every-day",
                    schedule_group=group.name if name.endswith("a") else None,
                    expression="rate(1 day)",
                    function=function,
                    account=self.account,
                    encryption_key=self.keys[0],
                ),
            )
        for (scope, name), queue in zip(self.places, self.queues, strict=True):
            bus = EventBus(scope, "bus", EventBusProps(bus_name=name, account=self.account))
            for each in self.functions:
                bus.grant_put_events(each)
            # Without `grant_rules`: the local cloud keeps another policy of a bus than it is given.
            QueueEventRule(
                scope,
                "to queue",
                QueueEventRuleProps(
                    rule_name=f"{name}.to_queue",
                    bus=bus,
                    queue=queue,
                    dead_letter_queue=self.dead_letters,
                ),
            )
        for number, queue in enumerate(self.queues):
            self.functions[-1].add_queue_source(f"queue {number}", queue, maximum_concurrency=2)

    def _add_monitoring(self) -> None:
        for (scope, name), topic in zip(self.places, self.topics, strict=True):
            errors = aws_metric("Lambda", "Errors", FunctionName=f"{name}-worker")
            spec = AlarmSpec(
                key="any-errors",
                alarm_name=f"errors of {name}",
                description="It fails.",
                metrics=(errors,),
                threshold=0,
            )
            Alarms(scope, "alarms", AlarmsProps(topic=topic, specs=(spec,)))
            Dashboard(
                scope,
                "page",
                DashboardProps(
                    dashboard_name=name,
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
    AwsProvider(stack, "aws", region=REGION)
    other = AwsProvider(stack, "other", region=OTHER_REGION, alias="other")
    package = packed(folder)
    Site(stack, "a-site", count=2, region=REGION, package=package)
    elsewhere = Site(stack, "a site.2", count=1, region=OTHER_REGION, package=package)
    cdktf.Aspects.of(elsewhere).add(UseProvider(other))
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's folder."""
    return tmp_path_factory.mktemp("twice")


@pytest.fixture(scope="module")
def applied(own_cloud: LocalCloud, folder: Path) -> Terraform:
    """Terraform in the stack's folder, with everything applied."""
    written(folder, own_cloud)
    terraform = Terraform(folder, variables=own_cloud.variables())
    terraform.init(any_provider=True)
    terraform.apply()
    return terraform


def test_two_of_every_construct_can_be_applied(applied) -> None:
    """Real Terraform and the real provider create all of it, and a second plan is empty."""
    changed, plan = applied.plan()

    assert not changed, plan
    created = [each for each in applied.addresses() if not each.startswith("data.")]
    assert len(created) > 130


@pytest.mark.usefixtures("applied")
def test_a_provider_with_an_alias_has_constructs_in_its_own_region(folder) -> None:
    """No construct has a provider or a region of its own in mind."""
    state = json.loads((folder / "terraform.tfstate").read_text())
    arns = {
        each["name"]: each["instances"][0]["attributes"]["arn"]
        for each in state["resources"]
        if each["type"] in {"aws_sqs_queue", "aws_lambda_function", "aws_kms_key"}
    }

    assert {arn.split(":")[3] for name, arn in arns.items() if name.startswith("a-site")} == {
        REGION
    }
    assert {arn.split(":")[3] for name, arn in arns.items() if name.startswith("asite2")} == {
        OTHER_REGION
    }


@pytest.mark.usefixtures("applied")
def test_four_rules_invoke_one_function(own_cloud) -> None:
    """Each has a statement of its own in the function's policy, and all grants are in one role."""
    seen = own_cloud.client("sqs").get_queue_url(QueueName=f"{REGION}-seen")["QueueUrl"]
    own_cloud.client("s3").put_object(Bucket=f"{REGION}-a.encrypted", Key="file", Body=b"x")
    taken: list[dict[str, Any]] = []

    def both() -> list[dict[str, Any]] | None:
        answer = own_cloud.client("sqs").receive_message(
            QueueUrl=seen, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        taken.extend(answer.get("Messages", []))
        return taken if len(taken) >= 4 else None

    messages = wait_for(both, "four invocations", seconds=60)

    assert [each["Body"] for each in messages] == ["file"] * 4
    assert [attributes(each) for each in messages] == [{"rule": "aws.s3"}] * 4
    policy = json.loads(own_cloud.client("lambda").get_policy(FunctionName=FUNCTION)["Policy"])
    assert len({each["Sid"] for each in policy["Statement"]}) == 4


@pytest.mark.usefixtures("applied")
def test_what_is_granted_twice_is_one_statement(own_cloud) -> None:
    """A role's policy stays within the 10,240 characters that IAM takes."""
    answer = own_cloud.client("iam").get_role_policy(RoleName=FUNCTION, PolicyName="permissions")
    statements = answer["PolicyDocument"]["Statement"]
    puts = [each for each in statements if "s3:PutObject" in each["Action"]]

    assert len(json.dumps(answer["PolicyDocument"], separators=(",", ":"))) < 10_240
    assert [len(each["Resource"]) for each in puts] == [8]
