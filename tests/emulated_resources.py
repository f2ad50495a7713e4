"""Makes small AWS resources in a running local cloud, for the tests of the cloud itself."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_cloud.observe import wait_for

if TYPE_CHECKING:
    from local_cloud.server import LocalCloud

CODE = """
import json, os, boto3

def crash(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event))
    raise RuntimeError("no such luck")

def echo(event, context):
    seen = {"event": event, "environment": dict(os.environ)}
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(seen))
"""


@dataclass
class EmulatedResources:
    """Makes resources under one name and reads their queues."""

    cloud: LocalCloud
    name: str

    def queue(self, kind: str, *services: str) -> tuple[str, str]:
        """A queue that the services may send to: its URL and ARN."""
        arn = f"arn:aws:sqs:us-east-1:000000000000:{self.name}-{kind}"
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": list(services)},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        tls = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, tls]})
        url = self.cloud.client("sqs").create_queue(
            QueueName=f"{self.name}-{kind}", Attributes={"Policy": policy} if services else {}
        )["QueueUrl"]
        return url, arn

    def role(self, kind: str, service: str, *statements: tuple[str, str]) -> str:
        """A role that the service may assume and that allows (action, resource) pairs."""
        iam = self.cloud.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        role: str = iam.create_role(
            RoleName=f"{self.name}-{kind}",
            AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}),
        )["Role"]["Arn"]
        allowed = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in statements or [("sts:GetCallerIdentity", "*")]
        ]
        iam.put_role_policy(
            RoleName=f"{self.name}-{kind}",
            PolicyName="permissions",
            PolicyDocument=json.dumps({"Statement": allowed}),
        )
        return role

    def function(self, handler: str, role: str, seen_url: str, **settings: Any) -> str:
        """A function out of CODE: its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("code.py", CODE)
        arn: str = self.cloud.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=role,
            Handler=f"code.{handler}",
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"SEEN": seen_url}},
            **settings,
        )["FunctionArn"]
        return arn

    def rule(self, target: dict[str, Any]) -> str:
        """A rule for events of a source of this name: its ARN."""
        events = self.cloud.client("events")
        pattern = json.dumps({"source": [self.name]})
        arn: str = events.put_rule(Name=self.name, EventPattern=pattern)["RuleArn"]
        events.put_targets(Rule=self.name, Targets=[{"Id": "target", **target}])
        return arn

    def send(self) -> None:
        """Send one event that the rule matches."""
        entry = {"Source": self.name, "DetailType": "test", "Detail": json.dumps({"file": "a+b"})}
        self.cloud.client("events").put_events(Entries=[entry])

    def receive(self, url: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many messages and take them."""
        taken: list[dict[str, Any]] = []

        def look() -> list[dict[str, Any]] | None:
            taken.extend(
                self.cloud.client("sqs")
                .receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
                )
                .get("Messages", [])
            )
            return taken if len(taken) >= count else None

        return wait_for(look, f"{count} messages", seconds=20)


def attributes(message: dict[str, Any]) -> dict[str, str]:
    """A message's attributes as plain text."""
    return {k: v["StringValue"] for k, v in message.get("MessageAttributes", {}).items()}
