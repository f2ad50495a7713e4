"""PartiQL is authorised by verb and table, batches like single messages, as on AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_cloud.patches.permissions import iam_action, statement_checks

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/"


def writer(emulated: EmulatedResources, *actions: str) -> Any:
    """A DynamoDB client of a user that may do these actions on the emulated's table."""
    dynamodb = emulated.cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=emulated.name,
        KeySchema=[{"AttributeName": "sku", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "sku", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    iam = emulated.cloud.client("iam")
    iam.create_user(UserName=emulated.name)
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": TABLE + emulated.name}
    iam.put_user_policy(
        UserName=emulated.name,
        PolicyName="permissions",
        PolicyDocument=json.dumps({"Statement": [allow]}),
    )
    key = iam.create_access_key(UserName=emulated.name)["AccessKey"]
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=emulated.cloud.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def batch(client: Any, *statements: str) -> list[dict[str, Any]]:
    """The answers to a batch of statements."""
    answer = client.batch_execute_statement(Statements=[{"Statement": each} for each in statements])
    return answer["Responses"]


def test_insert_needs_partiql_insert_alone(emulated: EmulatedResources) -> None:
    """A batch of INSERTs passes with PartiQLInsert on the table and nothing else."""
    client = writer(emulated, "dynamodb:PartiQLInsert")

    answers = batch(client, f"INSERT INTO \"{emulated.name}\" VALUE {{'sku': 'a'}}")

    assert [answer.get("Error") for answer in answers] == [None]


def test_fails_update_without_partiql_update(emulated: EmulatedResources) -> None:
    """An UPDATE in the batch is refused by its own action and table."""
    client = writer(emulated, "dynamodb:PartiQLInsert", "dynamodb:BatchExecuteStatement")

    with pytest.raises(ClientError, match="not authorized to perform: dynamodb:PartiQLUpdate"):
        batch(client, f"UPDATE \"{emulated.name}\" SET n = 1 WHERE sku = 'a'")


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ('SELECT * FROM "items" WHERE sku = ?', "PartiQLSelect"),
        ("select sku from items", "PartiQLSelect"),
        ("INSERT INTO \"items\" VALUE {'sku': ?}", "PartiQLInsert"),
        ('UPDATE "items" SET n = ? WHERE sku = ?', "PartiQLUpdate"),
        ("UPDATE items\nSET n = ?", "PartiQLUpdate"),
        ('DELETE FROM "items" WHERE sku = ?', "PartiQLDelete"),
    ],
)
def test_each_verb_needs_its_own_action(statement: str, action: str) -> None:
    """The verb chooses the action, the table the resource."""
    body = json.dumps({"Statement": statement}).encode()

    checks = statement_checks("dynamodb:ExecuteStatement", body, "us-east-1", "000000000000")

    assert checks == [(f"dynamodb:{action}", f"{TABLE}items")]


@pytest.mark.parametrize(
    ("batch_action", "action"),
    [
        ("SendMessageBatch", "sqs:SendMessage"),
        ("DeleteMessageBatch", "sqs:DeleteMessage"),
        ("ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("ReceiveMessage", "sqs:ReceiveMessage"),
    ],
)
def test_batch_of_messages_needs_the_action_of_one(batch_action: str, action: str) -> None:
    """AWS knows no permission for a batch."""
    headers = {"x-amz-target": f"AmazonSQS.{batch_action}"}

    assert iam_action("sqs", "POST", "/", headers, b"{}", {}) == action
