"""IAM under AUTH=true: PartiQL and SQS batches as AWS authorises them, loopback taken as TLS.

AWS has no ExecuteStatement permission: each statement needs the action of its verb on its table.
A batch of messages needs the permission of a single one.
The local cloud speaks plain HTTP to this machine alone, so a policy that denies everything but
TLS would deny the functions every call.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from ministack import app
from ministack.core import iam_actions

STATEMENT = re.compile(
    r'^\s*(SELECT|INSERT|UPDATE|DELETE|EXISTS)\b.*?"?(?:FROM|INTO|UPDATE)\s+"?([\w.-]+)"?',
    re.IGNORECASE | re.DOTALL,
)
UPDATE = re.compile(r'^\s*(UPDATE)\s+"?([\w.-]+)"?', re.IGNORECASE)
ACTIONS = {
    "SELECT": "PartiQLSelect",
    "EXISTS": "PartiQLSelect",
    "INSERT": "PartiQLInsert",
    "UPDATE": "PartiQLUpdate",
    "DELETE": "PartiQLDelete",
}
OPERATIONS = {
    "dynamodb:ExecuteStatement": None,
    "dynamodb:BatchExecuteStatement": "Statements",
    "dynamodb:ExecuteTransaction": "TransactStatements",
}

BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

_extract_iam_action = iam_actions.extract_iam_action
_transaction_checks = iam_actions.dynamodb_transaction_checks
_pin_request_origin = app.pin_request_origin


def apply() -> None:
    """Replace the names of actions, DynamoDB's checks per item and the origin of requests."""
    iam_actions.extract_iam_action = iam_action
    iam_actions.dynamodb_transaction_checks = statement_checks
    app.pin_request_origin = pin_request_origin


def iam_action(*request: Any) -> str | None:
    """The action a request needs, by AWS's own name."""
    name: str | None = _extract_iam_action(*request)
    return BATCHES.get(name, name) if name else name


def pin_request_origin(source_ip: str, _secure_transport: bool) -> None:
    """Take every request as made over TLS."""
    _pin_request_origin(source_ip, True)


def statement_checks(
    action: str, body: bytes, region: str, account_id: str
) -> list[tuple[str, str]]:
    """The (action, table ARN) pairs a DynamoDB request needs beyond its own name."""
    if action not in OPERATIONS:
        checks: list[tuple[str, str]] = _transaction_checks(action, body, region, account_id)
        return checks
    request: dict[str, Any] = json.loads(body)
    member = OPERATIONS[action]
    statements = request.get(member, []) if member else [request]
    needed = {_needed(each.get("Statement", ""), region, account_id) for each in statements}
    return sorted(needed)


def _needed(statement: str, region: str, account_id: str) -> tuple[str, str]:
    found = UPDATE.match(statement) or STATEMENT.match(statement)
    if found is None:
        return "dynamodb:PartiQLSelect", "*"
    table = iam_actions._dynamodb_table_arn(found[2], region, account_id)
    return f"dynamodb:{ACTIONS[found[1].upper()]}", table
